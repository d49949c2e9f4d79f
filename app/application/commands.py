"""What the window's commands do that no panel does: undo, dialogs, help.

Dialogs are imported when they are asked for: the window should not wait for them at the start.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QPushButton

from app.widgets.screen_fit import fit_into_screen

if TYPE_CHECKING:
    from app.application.studio import Studio
    from app.dialogs.command_palette import CommandPalette
    from app.dialogs.models import ModelsDialog
    from app.viewmodels.doctor import DoctorModel
    from app.viewmodels.gif_preview import GifPreviewModel
    from app.viewmodels.models import ModelsModel

BANNER = Path(__file__).resolve().parents[2] / "resources" / "readme.png"
"""Picture of the welcome."""

_NEEDS_CLIP = (
    "remove-clip", "export", "export-gif", "export-comparison", "add-to-queue", "copy-command", "save-frame",
    "save-comparison", "mark-in", "mark-out", "clear-marks", "toggle-cut", "preview", "measure",
)  # fmt: skip
"""Commands that need a clip that could be read."""

_WITHOUT_DEFAULT = ("shortcuts", "models", "doctor", "log", "about")
"""Dialogs in which Enter presses nothing."""


class Commands(QObject):
    """Connects the actions of the window, and keeps its dialogs."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._window, self._actions = studio.window, studio.actions
        self._dialogs: dict[str, QDialog] = {}
        self._models: ModelsModel | None = None
        self._doctor: DoctorModel | None = None
        self._gif_preview: GifPreviewModel | None = None
        self._connect()
        self._on_undo_changed()
        self._on_recent_changed()
        self._on_clip_changed()
        self._on_offer_changed()

    def close(self) -> None:
        """Close every dialog and what works for it."""
        for dialog in list(self._dialogs.values()):
            dialog.close()
        self._dialogs.clear()
        for model in (self._models, self._doctor, self._gif_preview):
            if model is not None:
                model.close()

    # -- commands --------------------------------------------------------------------------------

    def _connect(self) -> None:
        studio, window, timeline = self._studio, self._window, self._studio.timeline
        for name, slot in {
            "reopen": studio.session.reopen,
            "sample": studio.results.convert_sample,
            "quit": window.close,
            "undo": self.undo,
            "redo": self.redo,
            "mark-in": timeline.mark_in,
            "mark-out": timeline.mark_out,
            "clear-marks": timeline.clear_marks,
            "toggle-cut": timeline.toggle_cut,
            "preferences": self.show_preferences,
            "commands": self.show_palette,
            "shortcuts": self.show_shortcuts,
            "models": self.show_models,
            "doctor": self.show_doctor,
            "log": self.show_log,
            "welcome": self.show_welcome,
            "about": self.show_about,
            "queue-start": studio.queue_model.start_all,
            "queue-pause": studio.queue_model.pause_all,
            "queue-clear": studio.queue_model.clear_ended,
        }.items():
            self._actions.connect_to(name, slot)
        studio.workspace.undo_changed.connect(self._on_undo_changed)
        studio.workspace.current_changed.connect(self._on_clip_changed)
        studio.workspace.clip_changed.connect(self._on_clip_changed)
        studio.workspace.clip_removed.connect(self._on_clip_changed)
        studio.store.recent_changed.connect(self._on_recent_changed)
        studio.session.offer_changed.connect(self._on_offer_changed)
        studio.settings.import_network_requested.connect(self.show_models)
        studio.clips.weights_given.connect(self.bring_network)
        studio.settings_panel.gif_preview_requested.connect(self.show_gif_preview)

    def undo(self) -> None:
        """Take the last edit back, and say which it was."""
        what = self._studio.workspace.undo_text
        self._studio.workspace.undo()
        self._window.show_message(self.tr("Undone: {what}").format(what=what))

    def redo(self) -> None:
        """Do again what was taken back, and say what it was."""
        what = self._studio.workspace.redo_text
        self._studio.workspace.redo()
        self._window.show_message(self.tr("Done again: {what}").format(what=what))

    # -- dialogs ---------------------------------------------------------------------------------

    def show_preferences(self) -> None:
        """The preferences."""
        from app.dialogs.preferences import PreferencesDialog

        self._show("preferences", PreferencesDialog(self._studio.store, self._window))

    def show_shortcuts(self) -> None:
        """All keys."""
        from app.dialogs.shortcuts import ShortcutsDialog

        self._show("shortcuts", ShortcutsDialog(self._studio.store.shortcuts, self._window))

    def bring_network(self, path: Path) -> None:
        """The collection of networks, with a file of weights that is looked at."""
        self.show_models().import_file(path)

    def show_models(self) -> ModelsDialog:
        """The collection of networks."""
        from app.dialogs.models import ModelsDialog
        from app.viewmodels.models import ModelsModel

        if self._models is None:
            self._models = ModelsModel(self)
            self._models.changed.connect(self._studio.settings.reload_networks)
        self._models.read()
        dialog = ModelsDialog(self._models, self._window)
        self._show("models", dialog)
        return dialog

    def show_doctor(self) -> None:
        """What this computer has and lacks."""
        from app.dialogs.doctor import DoctorDialog
        from app.viewmodels.doctor import DoctorModel

        if self._doctor is None:
            self._doctor = DoctorModel(self)
        if not self._doctor.is_looking:
            self._doctor.look()
        self._show("doctor", DoctorDialog(self._doctor, self._window))

    def show_gif_preview(self) -> None:
        """The animation as it will look, and what can be changed of it."""
        from app.dialogs.gif_preview import GifPreviewDialog
        from app.viewmodels.gif_preview import GifPreviewModel

        studio = self._studio
        if self._gif_preview is None:
            self._gif_preview = GifPreviewModel(studio.workspace, lambda: studio.player.position, self)
        self._show("gif-preview", GifPreviewDialog(self._gif_preview, studio.details, self._window))

    def show_log(self) -> None:
        """What was noted."""
        from app.dialogs.log import LogDialog

        self._show("log", LogDialog(self._studio.logs, self._window))

    def show_about(self) -> None:
        """What this program is."""
        from app.dialogs.about import AboutDialog

        self._show("about", AboutDialog(self._window))

    def show_welcome(self) -> None:
        """The first steps."""
        from app.dialogs.welcome import WelcomeDialog

        again = self._studio.store.preferences.show_welcome
        dialog = WelcomeDialog(QPixmap(str(BANNER)), is_shown_again=again, parent=self._window)
        dialog.sample_asked.connect(self._studio.results.convert_sample)
        dialog.open_asked.connect(self._studio.clips_panel.open_files)
        dialog.shown_again_changed.connect(self._on_welcome_shown_again_changed)
        self._show("welcome", dialog)

    def show_palette(self) -> CommandPalette:
        """All commands, to be found by a few letters."""
        from app.dialogs.command_palette import WIDTH_PX, CommandPalette

        available = frozenset(a.objectName() for a in self._actions if a.isEnabled()) - {"commands"}
        palette = CommandPalette(self._studio.store.shortcuts, available, self._window)
        palette.chosen.connect(self._on_command_chosen)
        left = (self._window.width() - WIDTH_PX) // 2
        palette.move(self._window.mapToGlobal(QPoint(left, 64)))
        self._show("commands", palette)
        return palette

    def dialog(self, name: str) -> QDialog | None:
        """A dialog that is open now, by the name of its command."""
        return self._dialogs.get(name)

    def _show(self, name: str, dialog: QDialog) -> None:
        old = self._dialogs.pop(name, None)
        if old is not None:
            old.close()
            old.deleteLater()
        self._dialogs[name] = dialog
        if name in _WITHOUT_DEFAULT:
            for button in dialog.findChildren(QPushButton):
                button.setAutoDefault(False)
                button.setDefault(False)
        dialog.finished.connect(lambda _result: self._forget(name, dialog))
        fit_into_screen(dialog)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _forget(self, name: str, dialog: QDialog) -> None:
        if self._dialogs.get(name) is dialog:
            del self._dialogs[name]
        dialog.deleteLater()

    # -- what happens ----------------------------------------------------------------------------

    def _on_command_chosen(self, name: str) -> None:
        self._actions[name].trigger()

    def _on_welcome_shown_again_changed(self, is_shown: bool) -> None:
        self._studio.store.change(show_welcome=is_shown)

    def _on_undo_changed(self) -> None:
        workspace = self._studio.workspace
        for name, text, what in (
            ("undo", self.tr("Undo"), workspace.undo_text),
            ("redo", self.tr("Redo"), workspace.redo_text),
        ):
            action = self._actions[name]
            action.setText(f"{text}: {what}" if what else text)
            action.setEnabled(bool(what))

    def _on_clip_changed(self) -> None:
        clip = self._studio.workspace.current
        for name in _NEEDS_CLIP:
            self._actions[name].setEnabled(clip is not None and clip.info is not None)
        self._actions["remove-clip"].setEnabled(clip is not None)

    def _on_offer_changed(self) -> None:
        self._actions["reopen"].setEnabled(self._studio.session.offered > 0)

    def _on_recent_changed(self) -> None:
        menu = self._window.recent_menu
        menu.clear()
        for path in self._studio.store.recent:
            action = menu.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(lambda _checked=False, file=path: self._studio.open([file]))
        menu.setToolTipsVisible(True)
        menu.setEnabled(bool(self._studio.store.recent))
        if self._studio.store.recent:
            menu.addSeparator()
            menu.addAction(self.tr("Forget these")).triggered.connect(self._studio.store.clear_recent)
