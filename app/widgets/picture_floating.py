"""What the compare view says over its pictures, and where: painted from a snapshot of the view."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QPointF, QRect, QRectF
from PySide6.QtGui import QFont, QFontInfo, QPainter, QPalette

from app.widgets.picture_geometry import Layer, Shown, visible_part
from app.widgets.picture_overlay import (
    Label,
    LensSide,
    draw_grid,
    draw_label,
    draw_lens,
    draw_message,
    draw_wipe,
)
from flavr_core.comparison.views import DifferenceKind, ViewMode
from flavr_core.frame import Frame


@dataclass(slots=True)
class SideState:
    """What stands on one side."""

    frame: Frame | None = None
    """The picture on the screen; None where there has been none."""
    label: str = ""
    """Words in its corner."""
    message: str = ""
    """Why there is no (other) picture."""
    late: bool = False
    """Whether the frame is not the one asked for."""
    marked: bool = False
    """Whether that has lasted so long that it is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """Where the magnifier looks."""

    place: tuple[float, float]
    """On the picture, 0 to 1 across and down."""
    cursor: QPointF
    """On the widget, beside which it floats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingScene:
    """All that is said over the pictures at one moment."""

    mode: ViewMode
    """How both are shown."""
    layers: list[Layer]
    """What is drawn where, in pixels of the screen."""
    sides: dict[Shown, SideState]
    """A and B."""
    order: tuple[Shown, Shown]
    """Which stands first."""
    kind: DifferenceKind
    """How the difference is shown."""
    gain: float
    """By how much it is amplified."""
    empty_text: str
    """What is said where there is nothing."""
    has_grid: bool
    """Whether lines between pixels may be drawn."""
    has_labels: bool
    """Whether it is said of the pictures what they are."""
    is_grabbed: bool
    """Whether the wipe's line is being dragged."""
    lens: Lens | None
    """The magnifier; None where it is off or off the picture."""
    area: QRectF
    """The widget, in device-independent pixels."""
    ratio: float
    """Pixels of the screen in one of those."""
    palette: QPalette
    """Colours."""
    font: QFont
    """Of all words."""


def paint_floating(painter: QPainter, scene: FloatingScene) -> None:
    """Grid, line, labels, messages, magnifier; the painter counts in device-independent pixels."""
    if not any(side.frame or side.message for side in scene.sides.values()):
        font = QFont(scene.font)
        font.setPixelSize(round(QFontInfo(font).pixelSize() * 1.4))
        draw_message(painter, scene.palette, font, scene.area, scene.empty_text)
        return
    if scene.has_grid:
        _paint_grid(painter, scene)
    if scene.mode is ViewMode.WIPE:
        _paint_wipe(painter, scene)
    for number, layer in enumerate(scene.layers):
        if layer.shown is Shown.DIFFERENCE:
            _paint_difference_words(painter, scene, _logical(layer.clip, scene.ratio))
        else:
            _paint_side_words(painter, scene, layer, at_right=scene.mode is ViewMode.WIPE and number == 1)
    if scene.lens is not None:
        _paint_lens(painter, scene, scene.lens)


def _logical(rect: QRect, ratio: float) -> QRectF:
    return QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)


def _paint_grid(painter: QPainter, scene: FloatingScene) -> None:
    painter.save()
    painter.scale(1 / scene.ratio, 1 / scene.ratio)
    for layer in scene.layers:
        shown = tuple(scene.sides) if layer.shown is Shown.DIFFERENCE else (layer.shown,)
        frames = [frame for one in shown if (frame := scene.sides[one].frame) is not None]
        if frames:
            seen = visible_part(layer.target, layer.clip)
            columns, rows = min(frame.width for frame in frames), min(frame.height for frame in frames)
            draw_grid(painter, scene.palette, layer.target, seen, columns, rows)
    painter.restore()


def _paint_wipe(painter: QPainter, scene: FloatingScene) -> None:
    left, right = scene.layers
    seen = visible_part(left.target, left.clip.united(right.clip))
    if not seen.isEmpty():
        line = right.clip.x() / scene.ratio
        draw_wipe(painter, scene.palette, line, _logical(seen, scene.ratio), grabbed=scene.is_grabbed)


def _label(scene: FloatingScene, shown: Shown) -> Label:
    side = scene.sides[shown]
    return Label(letter=shown.value.upper(), text=side.label, waiting=side.marked)


def _paint_side_words(painter: QPainter, scene: FloatingScene, layer: Layer, *, at_right: bool) -> None:
    side, area = scene.sides[layer.shown], _logical(layer.clip, scene.ratio)
    if side.frame is None or side.message:
        missing = QCoreApplication.translate("CompareView", "No picture on side {side} yet")
        text = side.message or missing.format(side=layer.shown.value.upper())
        draw_message(painter, scene.palette, scene.font, area, text, plate=side.frame is not None)
    if scene.has_labels:
        draw_label(painter, scene.palette, scene.font, _label(scene, layer.shown), area, at_right=at_right)


def _paint_difference_words(painter: QPainter, scene: FloatingScene, area: QRectF) -> None:
    half = area.width() / 2
    left, right = QRectF(area.x(), area.y(), half, area.height()), area.adjusted(half, 0, 0, 0)
    for shown, part in zip(scene.order, (left, right), strict=True) if scene.has_labels else ():
        label = _label(scene, shown)
        draw_label(painter, scene.palette, scene.font, label, part, at_right=part is right)
    missing = [shown.value.upper() for shown, side in scene.sides.items() if side.frame is None]
    if missing:
        words = QCoreApplication.translate(
            "CompareView", "A difference needs both sides; {side} has no picture yet"
        )
        reasons = [side.message for side in scene.sides.values() if side.frame is None and side.message]
        text = "\n".join([words.format(side=" + ".join(missing)), *dict.fromkeys(reasons)])
        draw_message(painter, scene.palette, scene.font, area, text)
        return
    if scene.has_labels:
        label = Label(letter="", text=difference_words(scene))
        draw_label(painter, scene.palette, scene.font, label, area, at_right=False, bottom=True)


def difference_words(scene: FloatingScene) -> str:
    """What is said of the difference: how it is shown, and at which size where the sides have two."""
    names = {
        DifferenceKind.LINEAR: QCoreApplication.translate("CompareView", "Difference"),
        DifferenceKind.AMPLIFIED: QCoreApplication.translate("CompareView", "Difference × {gain}"),
        DifferenceKind.SIGNED: QCoreApplication.translate("CompareView", "B − A, signed × {gain}"),
    }
    words = names[scene.kind].format(gain=f"{scene.gain:g}")
    sizes = [(side.frame.width, side.frame.height) for side in scene.sides.values() if side.frame]
    if len(set(sizes)) > 1:
        at = QCoreApplication.translate("CompareView", "both at {width} × {height}")
        words += "  ·  " + at.format(width=min(w for w, _ in sizes), height=min(h for _, h in sizes))
    return words


def _paint_lens(painter: QPainter, scene: FloatingScene, lens: Lens) -> None:
    sides = [
        LensSide(letter=shown.value.upper(), frame=frame)
        for shown in sorted(scene.sides, reverse=scene.order[0] is Shown.B and scene.mode is not ViewMode.B)
        if (frame := scene.sides[shown].frame) is not None
    ]
    draw_lens(painter, scene.palette, scene.font, sides, lens.place, lens.cursor, scene.area)
