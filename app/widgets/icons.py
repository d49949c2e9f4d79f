"""The program's icons by plain words, in the colours of the theme that is on.

Drawn from the Phosphor font that comes with qtawesome. The colour is looked up in the palette while
painting, so icons follow a change of theme without being made anew.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QImage,
    QPainter,
    QPalette,
    QPixmap,
    QPixmapCache,
)

from app.widgets.theme import signal_color

_FONT_FILE, _NAMES_FILE = "phosphor-1.3.0.ttf", "phosphor-charmap-1.3.0.json"

NAMES = {
    "about": "info",
    "above-below": "rows",
    "add": "plus",
    "amplify": "lightning",
    "audio": "speaker-high",
    "back": "arrow-left",
    "cancel": "x",
    "clear": "x",
    "clip": "film-strip",
    "clips": "film-strip",
    "close": "x",
    "command": "command",
    "compare": "square-half",
    "copy": "copy",
    "crop": "crop",
    "cut": "scissors",
    "delete": "trash",
    "device": "cpu",
    "difference": "plus-minus",
    "disk": "hard-drive",
    "doctor": "heartbeat",
    "done": "check-circle-fill",
    "down": "caret-down",
    "duplicate": "copy-simple",
    "edit": "pencil-simple",
    "error": "warning-circle-fill",
    "export": "export",
    "failed": "warning-circle-fill",
    "first": "skip-back-fill",
    "fit": "corners-out",
    "flip": "swap",
    "flow": "wind",
    "folder": "folder-open",
    "full-screen": "arrows-out",
    "gif": "gif",
    "goto": "target",
    "help": "question",
    "import": "download-simple",
    "info": "info",
    "keyboard": "keyboard",
    "last": "skip-forward-fill",
    "left": "caret-left",
    "log": "article",
    "loop": "repeat",
    "magnifier": "magnifying-glass",
    "mark-in": "arrow-line-right",
    "mark-out": "arrow-line-left",
    "measure": "chart-line",
    "menu": "dots-three",
    "model": "brain",
    "models": "brain",
    "more": "dots-three",
    "mute": "speaker-slash",
    "new": "plus",
    "next": "caret-right-fill",
    "next-cut": "caret-double-right",
    "note": "info",
    "ok": "check",
    "open": "folder-open",
    "pause": "pause-fill",
    "ping-pong": "arrows-left-right",
    "play": "play-fill",
    "preferences": "gear-six",
    "preset": "sliders-horizontal",
    "presets": "sliders-horizontal",
    "preview": "magic-wand",
    "previous": "caret-left-fill",
    "previous-cut": "caret-double-left",
    "problem": "warning-circle-fill",
    "queue": "stack",
    "receipt": "receipt",
    "redo": "arrow-bend-up-right",
    "remove": "x",
    "rename": "pencil-simple",
    "reset": "arrow-counter-clockwise",
    "resume": "play-fill",
    "retry": "arrow-clockwise",
    "reveal": "folder-open",
    "right": "caret-right",
    "running": "spinner-gap",
    "save": "floppy-disk",
    "search": "magnifying-glass",
    "settings": "sliders-horizontal",
    "side-by-side": "columns",
    "single": "square",
    "slow-motion": "timer",
    "sound": "speaker-high",
    "speed": "gauge",
    "split": "columns",
    "star": "star",
    "step-back": "caret-left-fill",
    "step-forward": "caret-right-fill",
    "stop": "stop-fill",
    "swap": "arrows-left-right",
    "theme": "circle-half",
    "time": "clock",
    "undo": "arrow-bend-up-left",
    "up": "caret-up",
    "verify": "shield-check",
    "view": "eye",
    "waiting": "clock",
    "warning": "warning-fill",
    "wipe": "square-half",
    "worst": "crosshair",
    "zoom": "magnifying-glass-plus",
    "zoom-in": "magnifying-glass-plus",
    "zoom-out": "magnifying-glass-minus",
}
"""{the word used in the program: the glyph's name in the font}."""


@cache
def _folder() -> Path:
    """Where qtawesome keeps its fonts. It is not imported: that would take a fifth of the start."""
    spec = importlib.util.find_spec("qtawesome")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("qtawesome is not installed")
    return Path(spec.submodule_search_locations[0]) / "fonts"


@cache
def _characters() -> dict[str, str]:
    """{glyph's name: its character}."""
    names: dict[str, str] = json.loads((_folder() / _NAMES_FILE).read_text(encoding="utf-8"))
    return {name: chr(int(code, 16)) for name, code in names.items()}


@cache
def _family() -> str:
    """The font's family, once it is loaded into the application."""
    number = QFontDatabase.addApplicationFont(str(_folder() / _FONT_FILE))
    return QFontDatabase.applicationFontFamilies(number)[0]


def _font(size_px: int) -> QFont:
    font = QFont(_family())
    font.setPixelSize(size_px)
    return font


def _glyph(name: str) -> str:
    """The character of an icon; the font's own names are taken too."""
    found = _characters().get(NAMES.get(name, name))
    if found is None:
        raise KeyError(f"there is no icon {name!r}")
    return found


class _GlyphEngine(QIconEngine):
    """Paints one character of the font in a colour of the palette."""

    def __init__(self, glyph: str, color: QPalette.ColorRole | Callable[[], QColor]) -> None:
        super().__init__()
        self._glyph, self._color = glyph, color

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._glyph, self._color)

    def _color_of(self, mode: QIcon.Mode) -> QColor:
        palette = QGuiApplication.palette()
        disabled = mode == QIcon.Mode.Disabled
        group = QPalette.ColorGroup.Disabled if disabled else QPalette.ColorGroup.Active
        role = self._color if isinstance(self._color, QPalette.ColorRole) else QPalette.ColorRole.ButtonText
        if mode == QIcon.Mode.Selected:
            role = QPalette.ColorRole.HighlightedText
        color = palette.color(group, role)
        if callable(self._color) and mode in (QIcon.Mode.Normal, QIcon.Mode.Active):
            color = self._color()
        return color

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._color_of(mode))
        painter.setFont(_font(max(1, min(rect.width(), rect.height()))))
        painter.drawText(QRectF(rect), int(Qt.AlignmentFlag.AlignCenter), self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        # Kept, for a window that is resized asks for all of them again and again.
        key = f"icon {self._glyph} {size.width()}x{size.height()} {self._color_of(mode).rgba():08x}"
        kept = QPixmap()
        if QPixmapCache.find(key, kept):
            return kept
        image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        kept = QPixmap.fromImage(image)
        QPixmapCache.insert(key, kept)
        return kept


def icon(name: str, *, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText, meaning: str = "") -> QIcon:
    """An icon that follows the theme.

    Args:
        name: a plain word of NAMES, or a name of the Phosphor font.
        role: colour of the palette that it is drawn in.
        meaning: `good`, `warning` or `bad` for the theme's colour of that meaning instead.

    Raises:
        KeyError: when there is none of this name; a mistake of the caller.
    """
    return QIcon(_GlyphEngine(_glyph(name), partial(signal_color, meaning) if meaning else role))
