"""The frame around the panels: tool bar, menus, three columns over the timeline, queue, messages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QSplitter,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.views.actions import Actions
from app.widgets.icons import icon
from app.widgets.message_line import MessageLine
from app.widgets.notice_bar import NoticeBar
from app.widgets.screen_fit import fit_into_screen

SIDE_WIDTHS_PX = (240, 320)
"""Widths of the left and the right column at first."""
TIMELINE_HEIGHT_PX = 190
"""Height of the timeline at first."""
TITLE_PX = 32
"""Height of the bar that the system puts above the window, about."""

MENUS: tuple[tuple[str, ...], ...] = (
    (
        "open", "open-folder", "recent", "reopen", "paste", "sample", "", "export", "export-gif",
        "export-comparison", "add-to-queue", "copy-command", "", "save-frame", "save-comparison", "",
        "remove-clip", "", "quit",
    ),
    (
        "undo", "redo", "", "mark-in", "mark-out", "clear-marks", "toggle-cut", "", "commands", "preferences",
    ),
    (
        "wipe", "side-by-side", "above-below", "flip", "difference", "flow", "swap", "", "fit", "one-to-one",
        "zoom-in", "zoom-out", "magnifier", "labels", "measure", "", "show-clips", "show-settings",
        "show-timeline", "show-queue", "", "full-screen",
    ),
    (
        "play", "slower", "faster", "loop", "mute", "preview", "", "frame-back", "frame-forward",
        "second-back", "second-forward", "previous-cut", "next-cut", "start", "end", "go-in", "go-out",
        "goto",
    ),
    ("queue-start", "queue-pause", "queue-clear", "", "show-queue"),
    ("welcome", "shortcuts", "", "models", "doctor", "log", "", "about"),
)  # fmt: skip
"""Commands of each menu; an empty name is a line."""

EXPORT_MENU = (
    "export", "export-gif", "export-comparison", "", "save-frame", "save-comparison", "", "copy-command",
)  # fmt: skip
"""Commands under the tool bar's Export."""

_HELD = {Qt.Key.Key_1: "a", Qt.Key.Key_2: "b"}
_OWN_KEYS: tuple[tuple[type[QWidget], frozenset[Qt.Key]], ...] = (
    (QAbstractButton, frozenset({Qt.Key.Key_Space})),
    (QComboBox, frozenset({Qt.Key.Key_Space, Qt.Key.Key_Home, Qt.Key.Key_End})),
    (
        QAbstractItemView,
        frozenset({Qt.Key.Key_Space, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Left, Qt.Key.Key_Right}),
    ),
    (
        QAbstractSlider,
        frozenset({Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Left, Qt.Key.Key_Right}),
    ),
)
"""Keys that a control keeps to itself while it was reached by keyboard; otherwise they are the window's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels:
    """What stands in the window."""

    clips: QWidget
    """Left column."""
    viewer: QWidget
    """Centre."""
    timeline: QWidget
    """Under the centre."""
    settings: QWidget
    """Right column."""
    queue: QWidget
    """Drawer below everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where everything stood, to be stored."""

    geometry: str = ""
    """Qt's own record of place and size, base64."""
    state: str = ""
    """Qt's own record of tool bars and docks, base64."""
    columns_px: tuple[int, ...] = ()
    """Widths of the columns."""
    rows_px: tuple[int, ...] = ()
    """Heights of viewer and timeline."""
    hidden: tuple[str, ...] = ()
    """Commands of panels that are switched off."""


class MainWindow(QMainWindow):
    """Holds the panels and the actions; knows nothing of what they do."""

    files_dropped = Signal(list)
    """Paths that were dropped."""
    close_asked = Signal(QCloseEvent)
    """The user closes the window; the event may be ignored."""
    side_held = Signal(object)
    """`a` or `b` while its key is held, then None."""

    def __init__(self, panels: Panels, actions: Actions) -> None:
        super().__init__()
        self._panels, self._actions = panels, actions
        self._clip_name = ""
        self._percent: int | None = None
        self._is_framed = False
        """Whether it was in front once."""
        self._gave_way = False
        """Whether the timeline is hidden for want of room."""
        self._before: tuple[str, ...] | None = None
        """Panels that were shown before the window filled the screen; None while it does not."""
        self.recent_menu = QMenu(self.tr("Open recent"), self)
        self.export_menu = QMenu(self)
        self.setWindowTitle("FLAVR Studio")
        self.setWindowIcon(icon("clip"))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(False)
        self.addActions(list(actions))
        self._build_columns()
        self._build_toolbar()
        self._build_menus()
        self._build_messages()
        self._build_switches()
        self._is_by_keyboard = False
        self._tab_pressed = False
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus_changed)
        self.resize(1360, 840)
        self.set_queue_count(0)

    # -- what the application says ---------------------------------------------------------------

    def set_queue_count(self, count: int) -> None:
        """How many jobs wait or run, for the tool bar."""
        text = self.tr("Queue")
        self._actions["show-queue"].setIconText(f" {text}  {count}" if count else f" {text}")
        self._queue_button.setAccessibleName(f"{text} {count}" if count else text)

    def show_message(self, text: str, hint: str = "", *, is_problem: bool = False) -> None:
        """A sentence at the bottom; problems stay until the next one.

        Args:
            text: what happened.
            hint: what to do.
            is_problem: whether something is wrong.
        """
        self._message.say(f"{text} {hint}".strip(), is_problem=is_problem)

    def show_figures(self, text: str) -> None:
        """What was measured of both sides, at the right of the messages; empty for nothing."""
        self._figures.setText(text)

    def set_clip_title(self, name: str) -> None:
        """The clip that is looked at, for the title bar; empty for none."""
        self._clip_name = name
        self.setWindowFilePath(name)
        self._write_title()

    def set_progress(self, fraction: float | None) -> None:
        """How much of the queue is done, 0 to 1, for the title bar; None while nothing is at work."""
        percent = None if fraction is None else int(fraction * 100)
        if percent != self._percent:
            self._percent = percent
            self._write_title()

    def _write_title(self) -> None:
        parts = [] if self._percent is None else [self.tr("{percent} %").format(percent=self._percent)]
        self.setWindowTitle(" - ".join([*parts, *filter(None, [self._clip_name]), "FLAVR Studio"]))

    def window_layout(self) -> Layout:
        """Where everything stands."""
        return Layout(
            geometry=_text(self.saveGeometry()),
            state=_text(self.saveState()),
            columns_px=tuple(self._columns.sizes()),
            rows_px=tuple(self._rows.sizes()),
            hidden=tuple(name for name in self._switched if name not in self._shown()),
        )

    def restore_layout(self, layout: Layout) -> None:
        """Put everything where it stood; what does not fit any more is left as it is."""
        if layout.geometry:
            self.restoreGeometry(_bytes(layout.geometry))
        if layout.state:
            self.restoreState(_bytes(layout.state))
        if len(layout.columns_px) == 3 and layout.columns_px[1] > 0:
            self._columns.setSizes(list(layout.columns_px))
        if len(layout.rows_px) == 2 and layout.rows_px[0] > 0:
            self._rows.setSizes(list(layout.rows_px))
        for name, widget in self._switched.items():
            if name != "show-queue":  # that is part of Qt's own record
                widget.setVisible(name not in layout.hidden)
        self.fit_screen()

    def fit_screen(self) -> None:
        """Be no larger than the screen."""
        self._share_height()
        fit_into_screen(self)

    def set_full_screen(self, on: bool) -> None:
        """The whole screen for the viewer and the timeline, or the window as it was."""
        if on:
            self.setWindowState(self.windowState() | Qt.WindowState.WindowFullScreen)
        else:
            self.setWindowState(self.windowState() & ~Qt.WindowState.WindowFullScreen)

    def _shown(self) -> tuple[str, ...]:
        """Panels that are shown where the window does not fill the screen, by command."""
        if self._before is not None:
            return self._before
        shown = (name for name, widget in self._switched.items() if not widget.isHidden())
        return (*shown, "show-timeline") if self._gave_way else tuple(shown)

    def _share_height(self) -> None:
        """On a screen too low for both, the timeline makes room for the queue while that is shown."""
        timeline, room = self._panels.timeline, self.screen().availableGeometry().height()
        if self.queue_dock.isHidden():
            timeline.setVisible(self._gave_way or not timeline.isHidden())
            self._gave_way = False
        elif not timeline.isHidden() and self.minimumSizeHint().height() > room - TITLE_PX:
            self._gave_way = True
            timeline.hide()

    def _on_full_screen_changed(self, on: bool) -> None:
        if on:
            self._before = self._shown()
        shown = ("show-timeline",) if on else self._before or ()
        for name, widget in self._switched.items():
            widget.setVisible(name in shown)
        if not on:
            self._before = None
        for bar in (self._bar, self.menuBar(), self.statusBar()):
            bar.setVisible(not on)
        self._actions["full-screen"].setChecked(on)

    # -- building --------------------------------------------------------------------------------

    def _build_columns(self) -> None:
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(self._panels.viewer)
        self._rows.addWidget(self._panels.timeline)
        self._rows.setStretchFactor(0, 1)
        self._rows.setSizes([600, TIMELINE_HEIGHT_PX])
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self._panels.clips, self._rows, self._panels.settings):
            self._columns.addWidget(widget)
        self._columns.setStretchFactor(1, 1)
        left, right = SIDE_WIDTHS_PX
        self._columns.setSizes([left, 1360 - left - right, right])
        for splitter in (self._rows, self._columns):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
        self.notices = NoticeBar()
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notices)
        layout.addWidget(self._columns, 1)
        self.setCentralWidget(centre)
        self.queue_dock = QDockWidget(self.tr("Queue"), self)
        self.queue_dock.setObjectName("queue")
        self.queue_dock.setWidget(self._panels.queue)
        self.queue_dock.setTitleBarWidget(QWidget())  # the panel has its own heading
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.queue_dock)
        self.queue_dock.hide()

    def _build_toolbar(self) -> None:
        self._bar = QToolBar(self.tr("Tool bar"), self)
        self._bar.setObjectName("tools")
        self._bar.setMovable(False)
        self._bar.setIconSize(QSize(18, 18))
        self._bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addToolBar(self._bar)
        self._bar.addAction(self._actions["open"])
        self._bar.addAction(self._actions["add-to-queue"])
        export = QToolButton()
        words = self.tr("Export")
        export.setText(f" {words}")
        export.setIcon(icon("export"))
        export.setToolTip(self.tr("Export the clip, a GIF or the comparison"))
        export.setAccessibleName(words)
        export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        export.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        export.setMenu(self.export_menu)
        for name in (
            "export",
            "export-gif",
            "export-comparison",
            "",
            "save-frame",
            "save-comparison",
            "",
            "copy-command",
        ):
            self._add(self.export_menu, name)
        self._bar.addWidget(export)
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar.addWidget(gap)
        self._bar.addAction(self._actions["show-queue"])
        self._bar.addAction(self._actions["preferences"])
        self._queue_button = self._button("show-queue")
        for name in ("open", "add-to-queue", "preferences"):  # a blank keeps text and icon apart
            text = self._actions[name].text().removesuffix("...")
            self._actions[name].setIconText(f" {text}")
            self._button(name).setAccessibleName(text)

    def _button(self, name: str) -> QToolButton:
        button = self._bar.widgetForAction(self._actions[name])
        assert isinstance(button, QToolButton)
        return button

    def _build_menus(self) -> None:
        bar = self.menuBar()
        titles = (
            self.tr("&File"),
            self.tr("&Edit"),
            self.tr("&View"),
            self.tr("&Playback"),
            self.tr("&Queue"),
            self.tr("&Help"),
        )
        for title, names in zip(titles, MENUS, strict=True):
            menu = bar.addMenu(title)
            for name in names:
                self._add(menu, name)

    def _add(self, menu: QMenu, name: str) -> None:
        if name == "":
            menu.addSeparator()
        elif name == "recent":
            menu.addMenu(self.recent_menu)
        else:
            menu.addAction(self._actions[name])

    def _build_messages(self) -> None:
        self._message = MessageLine(self)
        self.statusBar().addWidget(self._message, 1)
        self._figures = QLabel(self)
        self._figures.setContentsMargins(8, 2, 8, 2)
        self._figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._figures.setAccessibleName(self.tr("PSNR and SSIM of A against B"))
        self.statusBar().addPermanentWidget(self._figures)
        self.statusBar().setSizeGripEnabled(False)

    def _build_switches(self) -> None:
        self._switched: dict[str, QWidget] = {
            "show-clips": self._panels.clips,
            "show-settings": self._panels.settings,
            "show-timeline": self._panels.timeline,
            "show-queue": self.queue_dock,
        }
        for name, widget in self._switched.items():
            self._actions[name].setChecked(not widget.isHidden())
            self._actions.on_toggled(name, widget.setVisible)
            widget.installEventFilter(self)
        self._actions.on_toggled("full-screen", self.set_full_screen)

    def _on_focus_changed(self, _before: QWidget | None, _now: QWidget | None) -> None:
        self._is_by_keyboard, self._tab_pressed = self._tab_pressed, False

    def _keeps(self, event: QKeyEvent) -> bool:
        """Whether the control that has the focus is to have a key rather than a command of the window."""
        widget, key = QApplication.focusWidget(), Qt.Key(event.key())
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if widget is None or not self._is_by_keyboard or modifiers != Qt.KeyboardModifier.NoModifier:
            return False
        return any(isinstance(widget, kind) and key in keys for kind, keys in _OWN_KEYS)

    # -- Qt --------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Leave keys to controls that were reached by keyboard; they would be commands otherwise."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self._tab_pressed = True
            elif self._keeps(event):
                event.accept()
                return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Menus say what is shown, whoever showed or hid it."""
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            for name, widget in self._switched.items():
                if widget is watched:
                    self._actions[name].setChecked(not widget.isHidden())
            if watched is self.queue_dock:
                self._share_height()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show one side alone while its key is held."""
        side = _HELD.get(Qt.Key(event.key()))
        if side is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            if not event.isAutoRepeat():
                self.side_held.emit(side)
        elif event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.set_full_screen(False)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Show both sides again."""
        if Qt.Key(event.key()) in _HELD and not event.isAutoRepeat():
            self.side_held.emit(None)
        else:
            super().keyReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Let go of held keys when another window comes to the front; the whole screen, or not any more."""
        if event.type() == QEvent.Type.WindowStateChange and self.isFullScreen() != (
            self._before is not None
        ):
            self._on_full_screen_changed(self.isFullScreen())
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and not self._is_framed:
            self._is_framed = True
            self.fit_screen()  # only now it is known how large the system's frame around it is
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.side_held.emit(None)
        super().changeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may come."""
        if paths_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Say which files came."""
        paths = paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask before going."""
        self.close_asked.emit(event)


def paths_in(data: QMimeData) -> list[Path]:
    """Files and folders of this computer that were dropped or copied."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", "replace"))
