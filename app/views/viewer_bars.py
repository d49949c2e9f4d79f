"""The two bars of the viewer: what stands on the sides and how they are shown, and the transport."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QFont, QFontDatabase, QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
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
from app.widgets.elided_combo import ElidedCombo
from app.widgets.fitting_label import FittingLabel
from app.widgets.giving_row import GivingRow
from app.widgets.icons import icon

_ICON = QSize(18, 18)
_VOLUME_PX = 72
_ARROW_PX = 30
"""Beside a menu button's words: its arrow and the room around both."""
_CHOOSER_PX = (96, 240)
"""Least and most width of what chooses a side's pictures; a text that is longer is shortened."""
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


class MenuButton(QToolButton):
    """A button that opens a menu and shows what is chosen in it; as wide as its words in any size of text."""

    def __init__(self, menu: QMenu, name: str, widest: str = "") -> None:
        """Make it.

        Args:
            menu: what it opens.
            name: what is chosen, for screen readers and the tooltip.
            widest: the longest of its usual words: it is never narrower.
        """
        super().__init__()
        self._widest = widest
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self.setToolTip(name)

    def sizeHint(self) -> QSize:
        """Words and arrow; the style's own hint leaves the arrow out."""
        words = max(self.fontMetrics().horizontalAdvance(text) for text in (self.text(), self._widest))
        return QSize(words + _ARROW_PX, super().sizeHint().height())


def speed_text(speed: Fraction) -> str:
    """A speed as people write it: 2×, ¼×."""
    return f"{position_text(speed)}×" if speed.denominator != 1 else f"{speed.numerator}×"


class SourceChooser(ElidedCombo):
    """What stands on one side."""

    _OPEN = object()

    def __init__(self, viewer: Viewer, side: SideName, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._side = viewer, side
        self.setMinimumContentsLength(9)
        self.setMinimumWidth(_CHOOSER_PX[0])
        self.setMaximumWidth(_CHOOSER_PX[1])
        self.setAccessibleName(self.tr("Side {side}").format(side=side.upper()))
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
        what = self.tr("What stands on side {side}").format(side=self._side.upper())
        self.setToolTip(f"{what}: {self.currentText()}")
        self.setEnabled(self._viewer.info is not None)
        self.updateGeometry()

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

    def sizeHint(self) -> QSize:
        """Room for the text that is shown; where there is none, the row shortens it."""
        least, letter = super().sizeHint(), self.fontMetrics().horizontalAdvance("X")
        around = least.width() - letter * self.minimumContentsLength()
        words = self.fontMetrics().horizontalAdvance(self.currentText())
        return QSize(max(least.width(), words + around), least.height())


class CompareBar(GivingRow):
    """Above the picture: A, how both are shown, B."""

    def __init__(self, viewer: Viewer, view: CompareView, actions: Actions) -> None:
        super().__init__()
        self._view, self._actions = view, actions
        self._modes = QActionGroup(self)
        for name in _MODES:
            self._modes.addAction(actions[name])
        buttons = {name: tool(actions, name) for name in _MODES}
        self._difference = MenuButton(self._difference_menu(), self.tr("How a difference is shown"))
        letters = []
        choosers = []
        for side in SIDES:
            chooser = SourceChooser(viewer, side, self)
            letter = QLabel(side.upper())
            letter.setBuddy(chooser)
            letters.append(letter)
            choosers.append(chooser)
        flow, swap = tool(actions, "flow"), tool(actions, "swap")
        middle = (*buttons.values(), self._difference, flow, swap)
        self.set_widgets(
            (letters[0], choosers[0], None, *middle, None, letters[1], choosers[1]),
            gives=(flow, swap, buttons["above-below"], buttons["flip"], buttons["side-by-side"]),
        )
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

    def _short_difference_text(self, kind: DifferenceKind, gain: float) -> str:
        """The same for the button, whose menu and tooltip have the words."""
        return ("±" if kind is DifferenceKind.SIGNED else "") + f"{gain:g}×"

    def _show_difference(self, kind: DifferenceKind, gain: float) -> None:
        self._view.set_difference(kind, gain)
        self._on_mode_changed(self._view.mode)

    def _on_mode_changed(self, mode: ViewMode) -> None:
        for name, one in _MODES.items():
            self._actions[name].setChecked(one is mode)
        kind, gain = self._view.difference_kind, self._view.difference_gain
        self._difference.setText(self._short_difference_text(kind, gain))
        name = self._difference.accessibleName()
        self._difference.setToolTip(f"{name}: {self._difference_text(kind, gain)}")
        self.set_present(self._difference, is_present=mode is ViewMode.DIFFERENCE)


class TimeField(QLineEdit):
    """The position; what is typed into it is gone to."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        digits = QFont()  # its size follows the window's, only the digits are all of one width
        digits.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
        self.setFont(digits)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName(self.tr("Position"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._fit()
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

    def _fit(self) -> None:
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0:00:00.000") + 24)

    def changeEvent(self, event: QEvent) -> None:
        """As wide as a time in another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

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


class TransportBar(GivingRow):
    """Below the picture: go, play, time, speed, loop, sound, zoom."""

    zoom_chosen = Signal(float)
    """Pixels of the screen a pixel of the picture; 0 to fit."""

    def __init__(self, viewer: Viewer, actions: Actions) -> None:
        super().__init__()
        self._viewer, self._actions = viewer, actions
        self._play_shown: tuple[bool, bool, str] | None = None
        self.time_field = TimeField(viewer)
        self._length = QLabel()
        self._length.setProperty("muted", True)
        self._status = FittingLabel()
        self._status.setProperty("muted", True)
        self._status.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._speed = self._speed_button()
        self._loop = tool(actions, "loop")
        self._mute = tool(actions, "mute")
        self._volume = self._volume_slider()
        self._zoom = self._zoom_button()
        ways = {name: tool(actions, name) for name in ("start", "frame-back", "play", "frame-forward", "end")}
        magnifier = tool(actions, "magnifier")
        places = (*ways.values(), self.time_field, self._length, self._status)
        self._reserve()
        self.set_widgets(
            (*places, self._speed, self._loop, self._mute, self._volume, magnifier, self._zoom),
            gives=(
                self._volume,
                self._length,
                magnifier,
                self._zoom,
                ways["start"],
                ways["end"],
                self._speed,
            ),
        )
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
        """Show where the player is, and what playing would do there."""
        self.time_field.show_position()
        self._write_play()

    def show_zoom(self, zoom: float, *, is_fitted: bool) -> None:
        """Show how large the picture is."""
        percent = f"{zoom * 100:.0f} %"
        self._zoom.setText(self.tr("Fit") if is_fitted else percent)
        self._zoom.setToolTip(self.tr("Zoom: {percent}").format(percent=percent))

    def show_status(self) -> None:
        """Show how playing goes."""
        self._status.set_texts(self._viewer.playback_texts)

    def _speed_button(self) -> QToolButton:
        menu = QMenu(self)
        self._speeds = QActionGroup(menu)
        for speed in SPEEDS:
            action = menu.addAction(speed_text(speed))
            action.setCheckable(True)
            action.setData(speed)
            action.triggered.connect(partial(self._viewer.player.set_speed, speed))
            self._speeds.addAction(action)
        return MenuButton(menu, self.tr("Speed"), "0.00×")

    def _zoom_button(self) -> QToolButton:
        menu = QMenu(self)
        menu.addAction(self._actions["fit"])
        menu.addSeparator()
        for zoom in _ZOOMS:
            menu.addAction(f"{zoom * 100:.0f} %").triggered.connect(partial(self.zoom_chosen.emit, zoom))
        return MenuButton(menu, self.tr("Zoom"), "3200 %")

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
        self._write_play()
        sign = "−" if player.is_backward and player.is_playing else ""
        self._speed.setText(sign + speed_text(player.speed))
        for action in self._speeds.actions():
            action.setChecked(action.data() == player.speed)
        self.show_status()

    def _write_play(self) -> None:
        """At the end it begins again, which the button says beforehand."""
        player, action = self._viewer.player, self._actions["play"]
        keys = self._actions.all_keys_text("play")
        shown = (player.is_playing, player.is_over, keys)
        if shown == self._play_shown:
            return
        self._play_shown = shown
        if player.is_playing:
            name, words = "pause", self.tr("Pause")
        elif player.is_over:
            name, words = "reset", self.tr("Play again from the start")
        else:
            name, words = "play", self.tr("Play; at the end it begins again")
        action.setIcon(icon(name))
        self._say("play", words)

    def _reserve(self) -> None:
        """The middle has room for a short word on dropped frames at least, so that nothing moves for it."""
        self._status.setMinimumWidth(self.fontMetrics().horizontalAdvance("−00000"))

    def changeEvent(self, event: QEvent) -> None:
        """Words take other room in another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._reserve()

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
        self._say("loop", names[mode])

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
        self._say("mute", sound.problem or self.tr("Mute"))

    def _say(self, name: str, words: str) -> None:
        """What a command's button and menu entry say of it now, with its keys."""
        keys = self._actions.all_keys_text(name)
        self._actions[name].setToolTip(f"{words} ({keys})" if keys else words)
