"""The two bars of the viewer: what stands on the sides and how they are shown, and the transport."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QFontDatabase, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from app.viewmodels.player import SPEEDS, LoopMode
from app.viewmodels.player_side import SIDES, SideName
from app.viewmodels.viewer import NOTHING, Viewer, position_text
from app.views.actions import Actions
from app.widgets.compare_view import CompareView, DifferenceKind, ViewMode
from app.widgets.icons import icon

_ICON = QSize(18, 18)
_GAP_PX = 4
_VOLUME_PX = 72
_MODES = {
    "wipe": ViewMode.WIPE,
    "side-by-side": ViewMode.SIDE,
    "above-below": ViewMode.ABOVE,
    "flip": ViewMode.FLIP,
    "difference": ViewMode.DIFFERENCE,
}
"""Ways of showing both sides, by command."""
_GAINS = (2.0, 4.0, 8.0, 16.0, 32.0)
_SIGNED_GAINS = (1.0, 2.0, 4.0, 8.0)
_ZOOMS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def tool(actions: Actions, name: str) -> QToolButton:
    """A button of one command, with its icon, keys and state."""
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setIconSize(_ICON)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(actions[name].text())
    return button


def spaced(*widgets: QWidget | None) -> QHBoxLayout:
    """Widgets in a row, a stretch where None stands."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(_GAP_PX)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return row


def menu_button(menu: QMenu, name: str, widest: str = "") -> QToolButton:
    """A button that opens a menu and shows what is chosen in it."""
    button = QToolButton()
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(name)
    button.setToolTip(name)
    button.setMinimumWidth(button.fontMetrics().horizontalAdvance(widest) + 32 if widest else 0)
    return button


def speed_text(speed: Fraction) -> str:
    """A speed as people write it: 2×, ¼×."""
    return f"{position_text(speed)}×" if speed.denominator != 1 else f"{speed.numerator}×"


class SourceChooser(QComboBox):
    """What stands on one side."""

    _OPEN = object()

    def __init__(self, viewer: Viewer, side: SideName, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._side = viewer, side
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(9)
        self.setMaximumWidth(240)
        self.setAccessibleName(self.tr("Side {side}").format(side=side.upper()))
        self.setToolTip(self.tr("What stands on side {side}").format(side=side.upper()))
        self.activated.connect(self._on_activated)
        viewer.choices_changed.connect(self._on_choices_changed)
        viewer.clip_changed.connect(self._on_choices_changed)
        self._on_choices_changed()

    def _on_choices_changed(self) -> None:
        self.clear()
        for choice in self._viewer.choices:
            self.addItem(choice.title, choice.key)
        self.addItem(self.tr("Nothing"), NOTHING)
        self.insertSeparator(self.count())
        self.addItem(self.tr("Open a file..."), self._OPEN)
        place = self.findData(self._viewer.chosen(self._side))
        self.setCurrentIndex(place)
        self.setEnabled(self._viewer.info is not None)

    def _on_activated(self, place: int) -> None:
        key = self.itemData(place)
        if key is not self._OPEN:
            self._viewer.choose(self._side, key)
            return
        self.setCurrentIndex(self.findData(self._viewer.chosen(self._side)))
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("A file to stand on side {side}").format(side=self._side.upper())
        )
        if name:
            self._viewer.open_file(self._side, Path(name))


class CompareBar(QWidget):
    """Above the picture: A, how both are shown, B."""

    def __init__(self, viewer: Viewer, view: CompareView, actions: Actions) -> None:
        super().__init__()
        self._view, self._actions = view, actions
        self._modes = QActionGroup(self)
        for name in _MODES:
            self._modes.addAction(actions[name])
        buttons = [tool(actions, name) for name in _MODES]
        self._difference = menu_button(self._difference_menu(), self.tr("How a difference is shown"))
        letters = []
        choosers = []
        for side in SIDES:
            chooser = SourceChooser(viewer, side, self)
            letter = QLabel(side.upper())
            letter.setBuddy(chooser)
            letters.append(letter)
            choosers.append(chooser)
        middle = (*buttons, self._difference, tool(actions, "swap"))
        row = spaced(letters[0], choosers[0], None, *middle, None, letters[1], choosers[1])
        row.setContentsMargins(8, 4, 8, 4)
        self.setLayout(row)
        for name, mode in _MODES.items():
            actions.connect_to(name, partial(view.set_mode, mode))
        actions.connect_to("swap", view.swap)
        view.mode_changed.connect(self._on_mode_changed)
        self._on_mode_changed(view.mode)

    def _difference_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        kinds = [(DifferenceKind.LINEAR, 1.0)]
        kinds += [(DifferenceKind.AMPLIFIED, gain) for gain in _GAINS]
        kinds += [(DifferenceKind.SIGNED, gain) for gain in _SIGNED_GAINS]
        for kind, gain in kinds:
            action = menu.addAction(self._difference_text(kind, gain))
            action.setCheckable(True)
            action.setChecked(kind is self._view.difference_kind and gain == self._view.difference_gain)
            action.triggered.connect(partial(self._show_difference, kind, gain))
            group.addAction(action)
        return menu

    def _difference_text(self, kind: DifferenceKind, gain: float) -> str:
        texts = {
            DifferenceKind.LINEAR: self.tr("As it is"),
            DifferenceKind.AMPLIFIED: self.tr("Amplified {gain}×"),
            DifferenceKind.SIGNED: self.tr("Signed {gain}×"),
        }
        return texts[kind].format(gain=f"{gain:g}")

    def _show_difference(self, kind: DifferenceKind, gain: float) -> None:
        self._view.set_difference(kind, gain)
        self._on_mode_changed(self._view.mode)

    def _on_mode_changed(self, mode: ViewMode) -> None:
        for name, one in _MODES.items():
            self._actions[name].setChecked(one is mode)
        self._difference.setVisible(mode is ViewMode.DIFFERENCE)
        self._difference.setText(
            self._difference_text(self._view.difference_kind, self._view.difference_gain)
        )


class TimeField(QLineEdit):
    """The position; what is typed into it is gone to."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName(self.tr("Position"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0:00:00.000") + 24)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.returnPressed.connect(self._on_return_pressed)

    def show_position(self) -> None:
        """Show where the player is, unless something is being typed."""
        if not (self.hasFocus() and self.isModified()) and self.text() != self._viewer.time_text:
            self.setText(self._viewer.time_text)

    def ask(self) -> None:
        """Have a time typed."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def _on_return_pressed(self) -> None:
        if self._viewer.go_to(self.text()):
            self._leave()
        else:
            self.selectAll()

    def _leave(self) -> None:
        self.setModified(False)
        self._viewer.forget_typed()
        self.clearFocus()
        self.show_position()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back to the position."""
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)


class ElidedLabel(QLabel):
    """One line that is shortened where there is no room for it."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("muted", True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def set_whole(self, text: str) -> None:
        """Show this, or as much of it as there is room for."""
        if text != self._whole:
            self._whole = text
            self.setToolTip(text)
            self._fit()

    def _fit(self) -> None:
        room = max(0, self.width() - 2)
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: object) -> None:
        """As much as there is room for."""
        self._fit()


class TransportBar(QWidget):
    """Below the picture: go, play, time, speed, loop, sound, zoom."""

    zoom_chosen = Signal(float)
    """Pixels of the screen a pixel of the picture; 0 to fit."""

    def __init__(self, viewer: Viewer, actions: Actions) -> None:
        super().__init__()
        self._viewer, self._actions = viewer, actions
        self.time_field = TimeField(viewer)
        self._length = QLabel()
        self._length.setProperty("muted", True)
        self._status = ElidedLabel()
        self._speed = self._speed_button()
        self._loop = tool(actions, "loop")
        self._mute = tool(actions, "mute")
        self._volume = self._volume_slider()
        self._zoom = self._zoom_button()
        ways = ("start", "frame-back", "play", "frame-forward", "end")
        row = spaced(
            *(tool(actions, name) for name in ways),
            self.time_field,
            self._length,
            self._status,
            self._speed,
            self._loop,
            self._mute,
            self._volume,
            tool(actions, "magnifier"),
            self._zoom,
        )
        row.setStretch(row.indexOf(self._status), 1)
        row.setContentsMargins(8, 4, 8, 4)
        self.setLayout(row)
        player = viewer.player
        player.playing_changed.connect(self._on_playing_changed)
        player.loop_changed.connect(self._on_loop_changed)
        player.dropped_changed.connect(self.show_status)
        viewer.clip_changed.connect(self._on_clip_changed)
        if viewer.sound is not None:
            viewer.sound.changed.connect(self._on_sound_changed)
        self._on_clip_changed()
        self._on_playing_changed()
        self._on_loop_changed()
        self._on_sound_changed()

    def show_position(self) -> None:
        """Show where the player is."""
        self.time_field.show_position()

    def show_zoom(self, zoom: float, *, is_fitted: bool) -> None:
        """Show how large the picture is."""
        percent = f"{zoom * 100:.0f} %"
        self._zoom.setText(self.tr("Fit") if is_fitted else percent)
        self._zoom.setToolTip(self.tr("Zoom: {percent}").format(percent=percent))

    def show_status(self) -> None:
        """Show how playing goes."""
        self._status.set_whole(self._viewer.playback_text)

    def _speed_button(self) -> QToolButton:
        menu = QMenu(self)
        self._speeds = QActionGroup(menu)
        for speed in SPEEDS:
            action = menu.addAction(speed_text(speed))
            action.setCheckable(True)
            action.setData(speed)
            action.triggered.connect(partial(self._viewer.player.set_speed, speed))
            self._speeds.addAction(action)
        return menu_button(menu, self.tr("Speed"), "0.00×")

    def _zoom_button(self) -> QToolButton:
        menu = QMenu(self)
        menu.addAction(self._actions["fit"])
        menu.addSeparator()
        for zoom in _ZOOMS:
            menu.addAction(f"{zoom * 100:.0f} %").triggered.connect(partial(self.zoom_chosen.emit, zoom))
        return menu_button(menu, self.tr("Zoom"), "3200 %")

    def _volume_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setFixedWidth(_VOLUME_PX)
        slider.setAccessibleName(self.tr("Volume"))
        slider.setToolTip(self.tr("Volume"))
        slider.valueChanged.connect(self._on_volume_moved)
        return slider

    def _on_volume_moved(self, value: int) -> None:
        if self._viewer.sound is not None:
            self._viewer.sound.set_volume(value / 100)

    def _on_clip_changed(self) -> None:
        length = self._viewer.length_text
        self._length.setText(f"/ {length}" if length else "")
        self.time_field.setEnabled(bool(length))
        keys = self._actions.keys_text("goto")
        self.time_field.setToolTip(
            self.tr("Position ({keys} to type): 12.5, 1:02.5, 84f, +10, -3f").format(keys=keys)
        )
        for name in ("start", "frame-back", "play", "frame-forward", "end", "loop"):
            self._actions[name].setEnabled(bool(length))
        self.show_position()
        self.show_status()

    def _on_playing_changed(self) -> None:
        player = self._viewer.player
        self._actions["play"].setIcon(icon("pause" if player.is_playing else "play"))
        sign = "−" if player.is_backward and player.is_playing else ""
        self._speed.setText(sign + speed_text(player.speed))
        for action in self._speeds.actions():
            action.setChecked(action.data() == player.speed)
        self.show_status()

    def _on_loop_changed(self) -> None:
        mode = self._viewer.player.loop
        names = {
            LoopMode.OFF: self.tr("Loop: off"),
            LoopMode.FORWARD: self.tr("Loop: from the start again"),
            LoopMode.TO_AND_FRO: self.tr("Loop: to and fro"),
        }
        action = self._actions["loop"]
        action.setIcon(icon("ping-pong" if mode is LoopMode.TO_AND_FRO else "loop"))
        action.setChecked(mode is not LoopMode.OFF)
        keys = self._actions.keys_text("loop")
        self._loop.setToolTip(f"{names[mode]} ({keys})" if keys else names[mode])

    def _on_sound_changed(self) -> None:
        sound = self._viewer.sound
        action = self._actions["mute"]
        action.setEnabled(sound is not None and sound.has_sound)
        self._volume.setEnabled(action.isEnabled())
        if sound is None:
            return
        self._volume.setValue(round(sound.volume * 100))
        action.setChecked(sound.is_muted)
        action.setIcon(icon("mute" if sound.is_muted or not sound.volume else "sound"))
        self._mute.setToolTip(sound.problem or action.toolTip())
