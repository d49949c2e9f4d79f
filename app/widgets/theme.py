"""Light, dark or as the system has it: one palette and one stylesheet, from resources/themes.

A theme is a file of colours. Those named like roles of QPalette make the palette, the others
(`border`, `hover`, `good` ...) stand in the stylesheet as `@border@`, and `signal_color` hands out the
three that carry a meaning.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QLabel

THEMES_DIR = Path(__file__).resolve().parents[2] / "resources" / "themes"
"""Colours and the stylesheet."""

SYSTEM = "system"
"""The choice that follows the system."""

_ROLES = {
    "window": QPalette.ColorRole.Window,
    "window-text": QPalette.ColorRole.WindowText,
    "base": QPalette.ColorRole.Base,
    "alternate-base": QPalette.ColorRole.AlternateBase,
    "text": QPalette.ColorRole.Text,
    "placeholder-text": QPalette.ColorRole.PlaceholderText,
    "button": QPalette.ColorRole.Button,
    "button-text": QPalette.ColorRole.ButtonText,
    "bright-text": QPalette.ColorRole.BrightText,
    "highlight": QPalette.ColorRole.Highlight,
    "highlighted-text": QPalette.ColorRole.HighlightedText,
    "accent": QPalette.ColorRole.Accent,
    "link": QPalette.ColorRole.Link,
    "link-visited": QPalette.ColorRole.LinkVisited,
    "tool-tip-base": QPalette.ColorRole.ToolTipBase,
    "tool-tip-text": QPalette.ColorRole.ToolTipText,
    "light": QPalette.ColorRole.Light,
    "midlight": QPalette.ColorRole.Midlight,
    "mid": QPalette.ColorRole.Mid,
    "dark": QPalette.ColorRole.Dark,
    "shadow": QPalette.ColorRole.Shadow,
}
_PALER = ("window-text", "text", "button-text", "placeholder-text")
_SIGNALS = ("good", "warning", "bad")
_PLACE = re.compile(r"@([a-z-]+)@")


@cache
def read_colors(name: str) -> dict[str, str]:
    """The colours of a theme: {name: #rrggbb}.

    Args:
        name: `light` or `dark`.
    """
    colors: dict[str, str] = json.loads((THEMES_DIR / f"{name}.json").read_text(encoding="utf-8"))
    return colors


def palette_of(name: str) -> QPalette:
    """The palette of a theme."""
    colors = read_colors(name)
    palette = QPalette()
    for word, role in _ROLES.items():
        palette.setColor(role, QColor(colors[word]))
    for word in _PALER:
        palette.setColor(QPalette.ColorGroup.Disabled, _ROLES[word], QColor(colors["disabled-text"]))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor(colors["mid"]))
    return palette


def stylesheet_of(name: str) -> str:
    """The stylesheet in the colours of a theme."""
    colors = {**read_colors(name), "theme": name, "folder": THEMES_DIR.as_posix()}
    sheet = (THEMES_DIR / "studio.qss").read_text(encoding="utf-8")
    return _PLACE.sub(lambda match: colors[match[1]], sheet)


def is_dark() -> bool:
    """Whether the window is dark now."""
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def signal_color(meaning: str) -> QColor:
    """A colour that says something, legible on the window and on lists.

    Args:
        meaning: `good`, `warning` or `bad`.
    """
    if meaning not in _SIGNALS:
        raise ValueError(f"no colour stands for {meaning!r}")
    return QColor(read_colors("dark" if is_dark() else "light")[meaning])


def _color_links(app: QApplication) -> None:
    """Labels keep the colour that links had when their text was set: set it anew."""
    for label in app.allWidgets():
        if isinstance(label, QLabel) and "<a " in label.text():
            text = label.text()
            label.setText("")
            label.setText(text)


class Theme(QObject):
    """Dresses the application and follows the system's changes."""

    changed = Signal()
    """Palette, stylesheet or font are new."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._choice = SYSTEM
        self._font = QFont(app.font())
        self._scale = 1.0
        self._on = ""
        app.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    @property
    def name(self) -> str:
        """`light` or `dark`, whichever is on."""
        return self._on

    def apply(self, choice: str, *, font_scale: float = 1.0) -> None:
        """Put a theme on.

        Args:
            choice: `light`, `dark`, or `system` for as the system has it, now and when it changes.
            font_scale: size of all text over the system's.
        """
        self._choice = choice
        hints = self._app.styleHints()
        wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        if choice in wanted:
            hints.setColorScheme(wanted[choice])
        else:
            hints.unsetColorScheme()
        name = choice
        if choice not in wanted:
            name = "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"
        if (name, font_scale) == (self._on, self._scale):
            return
        self._on, self._scale = name, font_scale
        font = QFont(self._font)
        font.setPointSizeF(max(4.0, self._font.pointSizeF() * font_scale))
        self._app.setFont(font)
        self._app.setPalette(palette_of(name))
        self._app.setStyleSheet(stylesheet_of(name))
        _color_links(self._app)
        self.changed.emit()

    def _on_system_changed(self) -> None:
        if self._choice == SYSTEM:
            self.apply(self._choice, font_scale=self._scale)
