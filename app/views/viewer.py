"""The centre panel: the picture, what stands on its sides, the transport, and what should be known."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from app.jobs.background import after
from app.viewmodels.player_side import SIDES, SideName, SideState
from app.viewmodels.viewer import FLOW, Viewer
from app.views.actions import Actions
from app.views.viewer_bars import CompareBar, TransportBar
from app.widgets.compare_view import CompareView, ViewMode
from app.widgets.icons import icon
from app.widgets.notice import Notice
from flavr_core.frame import Frame

_TEXTS_MS = 50
"""Time and dropped frames are written this often while playing: nobody reads them faster."""
_ONE_PICTURE = (ViewMode.WIPE, ViewMode.FLIP)
"""Ways in which both sides share a place: a side without a picture leaves it to the other."""
_MENU = (
    "wipe", "side-by-side", "above-below", "flip", "difference", "flow", "swap", "", "fit", "one-to-one",
    "magnifier", "labels", "measure", "", "save-frame", "save-comparison", "export-comparison",
)  # fmt: skip


class ViewerPanel(QWidget):
    """Shows the player's sides; calls the commands of viewing and playback."""

    picture_area_changed = Signal(int, int)
    """Width and height of the picture's place, pixels of the screen: what a preview is rendered for."""

    def __init__(self, viewer: Viewer, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._player, self._actions = viewer, viewer.player, actions
        self._held: SideName | None = None
        self._given: dict[SideName, tuple[Frame | None, str, SideState]] = {}
        self.view = CompareView(self)
        self.view.set_empty_text(self.tr("Drop a clip here, or open one"))
        self.transport = TransportBar(viewer, actions)
        self._compare_bar = CompareBar(viewer, self.view, actions)
        self._notice = Notice(icon("info"))
        self._notice.setContentsMargins(12, 0, 12, 6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self._compare_bar, self.view, self.transport, self._notice):
            column.addWidget(widget)
        column.setStretchFactor(self.view, 1)
        self._texts = after(_TEXTS_MS, self._write_texts, self)
        self._connect_viewer()
        self._connect_actions()
        self._on_clip_changed()
        self._on_choices_changed()
        self._on_notice_changed()

    def hold_side(self, side: SideName | None) -> None:
        """Show one side alone while a key is held."""
        self._held = side
        self._show_alone()

    def _connect_viewer(self) -> None:
        player, view = self._player, self.view
        self._viewer.clip_changed.connect(self._on_clip_changed)
        self._viewer.choices_changed.connect(self._on_choices_changed)
        self._viewer.notice_changed.connect(self._on_notice_changed)
        player.shown_changed.connect(self._on_shown_changed)
        player.sides_changed.connect(self._on_shown_changed)
        player.position_changed.connect(self._on_position_changed)
        player.playing_changed.connect(self._write_texts)
        view.mode_changed.connect(self._show_alone)
        view.zoom_changed.connect(self._on_zoom_changed)
        view.notice_changed.connect(self._on_notice_changed)
        view.magnifier_changed.connect(self._actions["magnifier"].setChecked)
        view.swapped_changed.connect(self._actions["swap"].setChecked)
        view.menu_asked.connect(self._on_menu_asked)
        view.double_clicked.connect(self._actions["full-screen"].trigger)
        self.transport.zoom_chosen.connect(view.set_zoom)

    def _connect_actions(self) -> None:
        player, view = self._player, self.view
        slots = {
            "play": player.toggle,
            "slower": lambda: player.shuttle(-1),
            "faster": lambda: player.shuttle(1),
            "frame-back": lambda: player.step(-1),
            "frame-forward": lambda: player.step(1),
            "second-back": lambda: player.seek(player.position - 1),
            "second-forward": lambda: player.seek(player.position + 1),
            "previous-cut": lambda: player.jump(-1),
            "next-cut": lambda: player.jump(1),
            "start": lambda: player.seek(player.bounds[0]),
            "end": lambda: player.seek(player.bounds[1]),
            "go-in": lambda: self._go_mark(0),
            "go-out": lambda: self._go_mark(1),
            "loop": self._viewer.next_loop_mode,
            "flow": self._viewer.toggle_flow,
            "goto": self.transport.time_field.ask,
            "fit": view.fit,
            "one-to-one": view.one_to_one,
            "zoom-in": view.zoom_in,
            "zoom-out": view.zoom_out,
        }
        for name, slot in slots.items():
            self._actions.connect_to(name, slot)
        self._actions.on_toggled("magnifier", view.set_magnifier)
        self._actions.on_toggled("labels", view.set_labels)
        self._actions["labels"].setChecked(view.has_labels)
        if self._viewer.sound is not None:
            self._actions.on_toggled("mute", self._viewer.sound.set_muted)

    def _go_mark(self, which: int) -> None:
        mark: Fraction | None = self._player.range[which]
        if mark is not None:
            self._player.seek(mark)

    def _on_clip_changed(self) -> None:
        info = self._viewer.info
        self.view.clear()
        self._given.clear()
        if info is not None:
            self.view.set_pixel_aspect(info.pixel_aspect)
            self.view.fit()
        clip = self._viewer.clip
        if clip is None:
            self.view.set_empty_text(self.tr("Drop a clip here, or open one"))
        else:
            self.view.set_empty_text(clip.problem or self.tr("Reading the clip"))
        self._compare_bar.setEnabled(info is not None)
        self._on_shown_changed()
        self._write_texts()

    def _on_choices_changed(self) -> None:
        flow = self._actions["flow"]
        is_offered = any(choice.key == FLOW for choice in self._viewer.choices)
        flow.setEnabled(is_offered and self._viewer.info is not None)
        flow.setChecked(self._viewer.shows_flow)
        self._on_shown_changed()

    def _on_shown_changed(self) -> None:
        for side in SIDES:
            frame, state = self._player.picture(side), self._player.state(side)
            given = (frame, self._viewer.label(side), state)
            if self._given.get(side) == given:
                continue
            before = self._given.get(side)
            self._given[side] = given
            if frame is not None:
                self.view.set_picture(side, frame, given[1])
            elif state is SideState.WAITING and before is not None and before[0] is not None:
                self.view.set_picture(side, None, given[1])
            else:
                self.view.clear(side)
                both_empty = all(self._player.state(one) is SideState.EMPTY for one in SIDES)
                self.view.set_side_message(side, "" if both_empty else self._viewer.message(side))
        self._show_alone()

    def _show_alone(self) -> None:
        """Leave the place to one side where the other has no picture, or while a key is held."""
        alone = self._held
        if alone is None and self.view.mode in _ONE_PICTURE:
            have = [side for side in SIDES if self._player.picture(side) is not None]
            alone = have[0] if len(have) == 1 else None
        self.view.hold_side(alone)
        self._on_notice_changed()

    def _on_position_changed(self) -> None:
        if not self._texts.isActive():
            self._texts.start()

    def _write_texts(self) -> None:
        self.transport.show_position()
        self.transport.show_status()

    def _on_notice_changed(self) -> None:
        said = [self._viewer.notice, self.view.notice]
        if self.view.mode in _ONE_PICTURE:
            # What the side without a picture would say in its own place.
            said += [
                self._viewer.message(side)
                for side in SIDES
                if self._player.state(side) in (SideState.MISSING, SideState.OUTSIDE)
            ]
        text = " ".join(one for one in said if one)
        if text != self._notice.text:
            self._notice.set_text(text)

    def _on_zoom_changed(self, zoom: float) -> None:
        self.transport.show_zoom(zoom, is_fitted=self.view.is_fitted)

    def _on_menu_asked(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in _MENU:
            if name:
                menu.addAction(self._actions[name])
            else:
                menu.addSeparator()
        menu.addSeparator()
        menu.addMenu(self._steps_menu(menu))
        menu.popup(place)

    def _steps_menu(self, parent: QMenu) -> QMenu:
        """Whose frames the keys step over, where the sides have different rates."""
        menu = QMenu(self.tr("Steps go over"), parent)
        group = QActionGroup(menu)
        texts: dict[SideName | None, str] = {
            None: self.tr("the frames of both sides"),
            "a": self.tr("the frames of A"),
            "b": self.tr("the frames of B"),
        }
        for side, text in texts.items():
            action = group.addAction(text)
            action.setCheckable(True)
            action.setChecked(self._player.steps_over == side)
            action.triggered.connect(partial(setattr, self._player, "steps_over", side))
        menu.addActions(group.actions())
        return menu

    def showEvent(self, event: QShowEvent) -> None:
        """The screen says what can be shown a second."""
        self._player.set_refresh_rate(self.screen().refreshRate())
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A preview is rendered for the place there is."""
        super().resizeEvent(event)
        ratio = self.devicePixelRatioF()
        self.picture_area_changed.emit(round(self.view.width() * ratio), round(self.view.height() * ratio))
