"""Two pictures to compare: wipe, side by side, above and below, flip, difference, one alone.

The view keeps what is shown and turns events into it; `picture_geometry` says where things lie,
`picture_software` or `picture_gpu` draws the pictures, `picture_floating` what is said over them.
It is one piece because all of it is one widget's state and Qt's events for it.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets import picture_geometry as geometry
from app.widgets.picture_floating import FloatingScene, Lens, SideState, paint_floating
from app.widgets.picture_geometry import Layer, Place, Shown
from app.widgets.picture_gpu import GpuPictures, Renderer, chosen_renderer
from app.widgets.picture_overlay import near_wipe
from app.widgets.picture_software import PictureState, SoftwarePainter
from flavr_core.comparison.sizes import alike
from flavr_core.comparison.tone import notice as tone_notice
from flavr_core.comparison.views import LARGEST_GAIN, DifferenceKind, ViewMode
from flavr_core.frame import Frame

__all__ = ["CompareView", "DifferenceKind", "Renderer", "Side", "ViewMode"]

Side = Literal["a", "b"]

_log = logging.getLogger(__name__)

FLIP_INTERVAL_MS = 700
WAIT_BEFORE_MARK_MS = 150
"""How late a picture may be before the old one is marked: less would flicker while scrubbing."""
SMOOTH_BELOW_ZOOM = 4.0
"""Enlarged pixels run into each other below it, and are rectangles from it on."""
DRAG_PX = 4
"""What a press must move by to be a drag and no click."""
KEY_PAN_PX = 48
KEY_WIPE = 0.02


class _Floating(QWidget):
    """What floats above pictures that the GPU paints."""

    def __init__(self, view: CompareView) -> None:
        super().__init__(view)
        self._view = view
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Labels, line, grid, magnifier."""
        painter = QPainter(self)
        paint_floating(painter, self._view.floating_scene())
        painter.end()


class CompareView(QWidget):
    """Shows one frame of each side; both share zoom and place.

    Mouse: the wheel zooms at the cursor, middle or right drag pans (left drag too, where there is no line to
    move), the wipe's line is grabbed or follows the mouse while Alt is held, a click in ViewMode.FLIP turns
    over. Keys: + and - zoom, 0 fits, Shift+arrows pan, Alt+Left and Alt+Right move the wipe.
    """

    mode_changed = Signal(object)
    """The ViewMode."""
    zoom_changed = Signal(float)
    """Pixels of the screen a pixel of the picture."""
    wipe_changed = Signal(float)
    """Place of the wipe's line, 0 left to 1 right."""
    swapped_changed = Signal(bool)
    """Whether B stands where A belongs."""
    magnifier_changed = Signal(bool)
    """Whether the magnifier is shown."""
    notice_changed = Signal(str)
    """One sentence on how colours are shown (HDR brought to the screen's range), or empty."""
    clicked = Signal()
    """The picture was clicked, not dragged."""
    double_clicked = Signal()
    """The picture was clicked twice."""
    menu_asked = Signal(QPoint)
    """A context menu is wanted at this place of the screen."""

    def __init__(self, parent: QWidget | None = None, *, renderer: Renderer = Renderer.AUTO) -> None:
        super().__init__(parent)
        self._sides: dict[Side, SideState] = {"a": SideState(), "b": SideState()}
        self._empty_text = self.tr("Nothing to show yet")
        self._pixel_aspect = Fraction(1)
        self._mode = ViewMode.WIPE
        self._kind, self._gain = DifferenceKind.AMPLIFIED, 8.0
        self._wipe = 0.5
        self._swapped = self._flipped = self._magnifier = False
        self._has_labels = True
        self._held: Side | None = None
        self._place = Place()
        self._notice = ""
        self._cursor: QPointF | None = None
        self._pressed: tuple[Qt.MouseButton, QPointF, QPointF] | None = None
        self._drags = ""
        self._painter = SoftwarePainter()
        self._compared: tuple[Frame, Frame, tuple[Frame, Frame]] | None = None
        self._flip_timer = QTimer(self)
        self._flip_timer.setInterval(FLIP_INTERVAL_MS)
        self._flip_timer.timeout.connect(self._on_flip_due)
        self._late_timer = QTimer(self)
        self._late_timer.setSingleShot(True)
        self._late_timer.setInterval(WAIT_BEFORE_MARK_MS)
        self._late_timer.timeout.connect(self._on_late)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(self.tr("Picture"))
        self._describe()
        self._gpu: GpuPictures | None = None
        self._floating: _Floating | None = None
        if chosen_renderer(renderer) is Renderer.GPU:
            self._use_gpu(only_fast=renderer is Renderer.AUTO)

    # What is shown

    def set_picture(self, side: Side, frame: Frame | None, label: str) -> None:
        """Show a frame; None keeps the last one and marks it as not the one asked for."""
        state = self._sides[side]
        state.label = label
        if frame is None:
            state.late = True
            if not state.marked and not self._late_timer.isActive():
                self._late_timer.start()
        else:
            resized = self._size_of(state.frame) != self._size_of(frame)
            state.frame, state.late, state.marked, state.message = frame, False, False, ""
            if not any(other.late for other in self._sides.values()):
                self._late_timer.stop()
            self._on_pictures_changed(resized=resized)
        self._refresh()

    def clear(self, side: Side | None = None) -> None:
        """Take a side's picture away; None for both."""
        for name in ("a", "b") if side is None else (side,):
            self._sides[name] = SideState()
        self._painter.clear()
        self._compared = None
        self._on_pictures_changed(resized=True)
        self._refresh()

    def frame(self, side: Side) -> Frame | None:
        """The frame that is on the screen for a side."""
        return self._sides[side].frame

    def set_empty_text(self, text: str) -> None:
        """What is said where there is no picture at all."""
        self._empty_text = text
        self._refresh()

    def set_side_message(self, side: Side, text: str) -> None:
        """Why a side has no picture; shown instead of (or over) it until the next picture."""
        self._sides[side].message = text
        self._refresh()

    def set_pixel_aspect(self, aspect: Fraction) -> None:
        """Width of a pixel over its height, of both sides."""
        if aspect != self._pixel_aspect and aspect > 0:
            self._pixel_aspect = aspect
            self._move(self._place)

    @property
    def notice(self) -> str:
        """As in notice_changed."""
        return self._notice

    # How it is shown

    @property
    def mode(self) -> ViewMode:
        """How both are shown."""
        return self._mode

    def set_mode(self, mode: ViewMode) -> None:
        """Show both in another way; ViewMode.FLIP asked for again turns over."""
        if mode is self._mode:
            if mode is ViewMode.FLIP:
                self.flip()
            return
        self._mode, self._flipped = mode, False
        self._run_flip_timer()
        self._move(self._place)
        self._describe()
        self.mode_changed.emit(mode)

    @property
    def difference_kind(self) -> DifferenceKind:
        """How ViewMode.DIFFERENCE is shown."""
        return self._kind

    @property
    def difference_gain(self) -> float:
        """By how much it is amplified."""
        return self._gain

    def set_difference(self, kind: DifferenceKind, gain: float = 8) -> None:
        """How ViewMode.DIFFERENCE is shown; the gain counts for amplified and signed."""
        self._kind, self._gain = kind, min(max(gain, 1.0), float(LARGEST_GAIN))
        self._refresh()

    @property
    def wipe(self) -> float:
        """Place of the wipe's line, 0 left to 1 right."""
        return self._wipe

    def set_wipe(self, place: float) -> None:
        """Move the wipe's line, 0 left to 1 right."""
        place = min(max(place, 0.0), 1.0)
        if place != self._wipe:
            self._wipe = place
            self._refresh()
            self.wipe_changed.emit(place)

    @property
    def is_swapped(self) -> bool:
        """Whether A and B have changed places."""
        return self._swapped

    def swap(self) -> None:
        """Let A and B change places."""
        self.set_swapped(not self._swapped)

    def set_swapped(self, swapped: bool) -> None:
        """Whether A and B have changed places."""
        if swapped != self._swapped:
            self._swapped = swapped
            self._refresh()
            self.swapped_changed.emit(swapped)

    def hold_side(self, side: Side | None) -> None:
        """Show one side alone while a key is held; None goes back."""
        if side != self._held:
            self._held = side
            self._run_flip_timer()
            self._refresh()

    def flip(self) -> None:
        """Turn over to the other side (ViewMode.FLIP)."""
        self._flipped = not self._flipped
        self._run_flip_timer()
        self._refresh()

    def set_flip_interval_ms(self, interval_ms: int) -> None:
        """How long a side is shown before it turns over by itself; 0 for never (reduced motion)."""
        self._flip_timer.setInterval(max(0, interval_ms))
        self._run_flip_timer()

    @property
    def has_magnifier(self) -> bool:
        """Whether the magnifier is shown."""
        return self._magnifier

    def set_magnifier(self, shown: bool) -> None:
        """Show what is under the cursor enlarged, both sides."""
        if shown != self._magnifier:
            self._magnifier = shown
            self._refresh()
            self.magnifier_changed.emit(shown)

    @property
    def has_labels(self) -> bool:
        """Whether it is said over the pictures what they are."""
        return self._has_labels

    def set_labels(self, shown: bool) -> None:
        """Whether it is said over the pictures what they are."""
        if shown != self._has_labels:
            self._has_labels = shown
            self._refresh()

    # Where it is looked at

    @property
    def zoom(self) -> float:
        """Pixels of the screen a pixel of the picture."""
        return geometry.zoom_of(self._place, self._pane(), self._picture_size())

    @property
    def is_fitted(self) -> bool:
        """Whether the whole picture is shown at any size of the widget."""
        return self._place.zoom is None

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom, keeping the place `at` (in the widget; None for its middle) where it is."""
        size, pane = self._picture_size(), self._pane_at(at)
        point = QPointF(pane.center()) if at is None else at * self.devicePixelRatioF()
        self._move(geometry.zoomed(self._place, zoom, point, pane, size))

    def zoom_in(self) -> None:
        """One step nearer."""
        self.set_zoom(self.zoom * geometry.ZOOM_STEP)

    def zoom_out(self) -> None:
        """One step further."""
        self.set_zoom(self.zoom / geometry.ZOOM_STEP)

    def fit(self) -> None:
        """The whole picture, however large the widget is."""
        self._move(Place())

    def one_to_one(self) -> None:
        """A pixel of the picture is a pixel of the screen."""
        at = self._cursor if self._cursor is not None and self.underMouse() else None
        self.set_zoom(1.0, at)

    def grab_comparison(self) -> QImage:
        """The view at the screen's pixels as it is, labels and line included, borders left out."""
        ratio = self.devicePixelRatioF()
        image = QImage(self._device_size(), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(self._background())
        painter = QPainter(image)
        self._paint_pictures(painter)
        paint_floating(painter, replace(self.floating_scene(), lens=None, is_grabbed=False))
        painter.end()
        seen = QRect()
        for layer in self._layers():
            seen = seen.united(geometry.visible_part(layer.target, layer.clip))
        cut = image.copy(seen) if not seen.isEmpty() else image
        cut.setDevicePixelRatio(1)
        return cut

    @property
    def renderer(self) -> Renderer:
        """Who paints the pictures: GPU or SOFTWARE."""
        return Renderer.SOFTWARE if self._gpu is None else Renderer.GPU

    # Inside

    def _use_gpu(self, *, only_fast: bool) -> None:
        self._gpu = GpuPictures(self, self._scene, only_fast=only_fast)
        self._gpu.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._gpu.renderFailed.connect(self._on_gpu_failed, Qt.ConnectionType.QueuedConnection)
        self._floating = _Floating(self)
        self._gpu.setGeometry(self.rect())
        self._floating.setGeometry(self.rect())

    def _on_gpu_failed(self) -> None:
        """Go on without it: the software path shows the same."""
        gpu, floating = self._gpu, self._floating
        self._gpu = self._floating = None
        for widget in (gpu, floating):
            if widget is not None:
                widget.hide()
                widget.setParent(None)
        if gpu is not None:
            _log.info("pictures are painted without the GPU")
        self._refresh()

    def _refresh(self) -> None:
        self.update()
        if self._gpu is not None and self._floating is not None:
            self._gpu.update()
            self._floating.update()

    def _scene(self) -> tuple[list[Layer], PictureState, QColor]:
        return self._layers(), self._state(), self._background()

    @staticmethod
    def _size_of(frame: Frame | None) -> tuple[int, int]:
        return (frame.width, frame.height) if frame is not None else (0, 0)

    def _frames(self) -> list[Frame]:
        return [state.frame for state in self._sides.values() if state.frame is not None]

    def _picture_size(self) -> QSizeF:
        """Size at zoom 1: of the larger picture, so that a small preview lies where its original does."""
        frames = self._frames()
        if not frames:
            return QSizeF(0, 0)
        largest = max(frames, key=lambda frame: frame.width * frame.height)
        return geometry.shown_size(largest.width, largest.height, self._pixel_aspect)

    def _device_size(self) -> QSize:
        ratio = self.devicePixelRatioF()
        return QSize(round(self.width() * ratio), round(self.height() * ratio))

    def _only_side(self) -> Side | None:
        """The side that is seen alone: held, or the only one of which anything is known."""
        if self._held is not None:
            return self._held
        if self._mode in (ViewMode.WIPE, ViewMode.FLIP):
            known = [
                name for name, state in self._sides.items() if state.frame or state.message or state.late
            ]
            if len(known) == 1:
                return known[0]
        return None

    def _effective_mode(self) -> ViewMode:
        only = self._only_side()
        if only is None:
            return self._mode
        return ViewMode.A if only == "a" else ViewMode.B

    def _order(self) -> tuple[Shown, Shown]:
        """Which side stands first; the one that is seen where one is seen alone."""
        mode = self._effective_mode()
        if self._only_side() is not None:
            first_is_b = mode is ViewMode.B
        elif mode in (ViewMode.A, ViewMode.B):
            first_is_b = (mode is ViewMode.B) != self._swapped
        else:
            first_is_b = self._swapped != (mode is ViewMode.FLIP and self._flipped)
        return (Shown.B, Shown.A) if first_is_b else (Shown.A, Shown.B)

    def _layers(self) -> list[Layer]:
        return geometry.layers(
            self._effective_mode(),
            self._device_size(),
            self._place,
            self._picture_size(),
            wipe=self._wipe,
            order=self._order(),
        )

    def _pane(self) -> QRect:
        return geometry.panes(self._effective_mode(), self._device_size())[0]

    def _pane_at(self, point: QPointF | None) -> QRect:
        """The pane under a point of the widget, else the first."""
        rects = geometry.panes(self._effective_mode(), self._device_size())
        if point is not None:
            device = (point * self.devicePixelRatioF()).toPoint()
            for rect in rects:
                if rect.contains(device):
                    return rect
        return rects[0]

    def _move(self, place: Place) -> None:
        before = self.zoom
        size = self._picture_size()
        self._place = geometry.clamped(place, self._pane(), size) if not size.isEmpty() else place
        self._refresh()
        if self.zoom != before:
            self.zoom_changed.emit(self.zoom)

    def _on_pictures_changed(self, *, resized: bool) -> None:
        if resized:
            self._move(self._place)
            self.zoom_changed.emit(self.zoom)
        notice = next((text for text in (tone_notice(frame.color) for frame in self._frames()) if text), "")
        if notice != self._notice:
            self._notice = notice
            self.notice_changed.emit(notice)

    def _run_flip_timer(self) -> None:
        wanted = self._mode is ViewMode.FLIP and self._held is None and self._flip_timer.interval() > 0
        if wanted and self.isVisible():
            self._flip_timer.start()
        else:
            self._flip_timer.stop()

    def _on_flip_due(self) -> None:
        self._flipped = not self._flipped
        self._refresh()

    def _on_late(self) -> None:
        for state in self._sides.values():
            state.marked = state.late
        self._refresh()

    def _describe(self) -> None:
        names = {
            ViewMode.WIPE: self.tr("Wipe: A on the left of the line, B on its right"),
            ViewMode.SIDE: self.tr("A and B side by side"),
            ViewMode.ABOVE: self.tr("A above B"),
            ViewMode.FLIP: self.tr("A and B in turn"),
            ViewMode.DIFFERENCE: self.tr("Difference of A and B"),
            ViewMode.A: self.tr("A alone"),
            ViewMode.B: self.tr("B alone"),
        }
        self.setAccessibleDescription(names[self._mode])

    def _pictures(self) -> tuple[Frame | None, Frame | None]:
        """What is drawn of both sides: for a difference both at the smaller one's size, like with like."""
        a, b = self._sides["a"].frame, self._sides["b"].frame
        if self._effective_mode() is not ViewMode.DIFFERENCE or a is None or b is None:
            return a, b
        if self._compared is None or self._compared[0] is not a or self._compared[1] is not b:
            self._compared = (a, b, alike(a, b))
        return self._compared[2]

    def _state(self) -> PictureState:
        a, b = self._pictures()
        widest = max((frame.width for frame in (a, b) if frame is not None), default=1)
        return PictureState(
            a=a,
            b=b,
            kind=self._kind,
            gain=self._gain,
            smooth=self.is_fitted or self.zoom * self._picture_size().width() / widest < SMOOTH_BELOW_ZOOM,
        )

    # Painting

    def _background(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Window).darker(112)

    def _paint_pictures(self, painter: QPainter) -> None:
        """Pictures, in pixels of the screen."""
        ratio = self.devicePixelRatioF()
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        state = self._state()
        # Made whole while the line moves; and where a part of a smaller picture would be rounded otherwise.
        is_whole = self._drags == "wipe" or self.zoom < 1
        keep = self._pane() if self._effective_mode() is ViewMode.WIPE and is_whole else None
        for layer in self._layers():
            self._painter.draw(painter, layer, state, keep=keep)
        painter.restore()

    def _lens(self) -> Lens | None:
        if not self._magnifier or self._cursor is None:
            return None
        point = self._cursor * self.devicePixelRatioF()
        pane = self._pane_at(self._cursor)
        target = geometry.target_of(self._place, pane, self._picture_size())
        if target.isEmpty() or not target.contains(point) or not pane.contains(point.toPoint()):
            return None
        place = ((point.x() - target.x()) / target.width(), (point.y() - target.y()) / target.height())
        return Lens(place=place, cursor=self._cursor)

    def floating_scene(self) -> FloatingScene:
        """Everything but the pictures; also for the widget that lies over the GPU's."""
        return FloatingScene(
            mode=self._effective_mode(),
            layers=self._layers(),
            sides={Shown.A: self._sides["a"], Shown.B: self._sides["b"]},
            order=self._order(),
            kind=self._kind,
            gain=self._gain,
            empty_text=self._empty_text,
            has_grid=not self.is_fitted,
            has_labels=self._has_labels,
            is_grabbed=self._drags == "wipe",
            lens=self._lens(),
            area=QRectF(self.rect()),
            ratio=self.devicePixelRatioF(),
            palette=self.palette(),
            font=self.font(),
        )

    # Events

    def _wipe_x(self) -> float:
        """Column of the line in the widget; far away where there is none."""
        if self._effective_mode() is not ViewMode.WIPE or not self._frames():
            return -math.inf
        return self._layers()[1].clip.x() / self.devicePixelRatioF()

    def _drag_wipe(self, x: float) -> None:
        pane = self._pane()
        target = geometry.target_of(self._place, pane, self._picture_size())
        self.set_wipe(geometry.wipe_at(target, pane, x * self.devicePixelRatioF()))

    def _choose_drag(self, button: Qt.MouseButton, at: QPointF) -> str:
        if button is Qt.MouseButton.LeftButton and self._effective_mode() is ViewMode.WIPE:
            return "wipe"
        return "pan"

    def _set_cursor_shape(self, at: QPointF) -> None:
        if self._drags == "pan":
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._drags == "wipe" or near_wipe(self._wipe_x(), at):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        else:
            self.unsetCursor()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Pictures first, then what floats above them."""
        if self._gpu is not None:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._background())
        self._paint_pictures(painter)
        paint_floating(painter, self.floating_scene())
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press may become a click or a drag."""
        if self._pressed is None:
            self._pressed = (event.button(), event.position(), event.position())
            if event.button() is Qt.MouseButton.LeftButton and near_wipe(self._wipe_x(), event.position()):
                self._drags = "wipe"
                self._refresh()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags, follows with Alt, moves the magnifier."""
        at = event.position()
        self._cursor = at
        if self._pressed is not None:
            button, start, last = self._pressed
            if not self._drags and (at - start).manhattanLength() >= DRAG_PX:
                self._drags = self._choose_drag(button, start)
            if self._drags == "pan":
                step = (at - last) * self.devicePixelRatioF()
                self._move(
                    geometry.panned(self._place, step.x(), step.y(), self._pane(), self._picture_size())
                )
            elif self._drags == "wipe":
                self._drag_wipe(at.x())
            self._pressed = (button, start, at)
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier and self._frames():
            self._drag_wipe(at.x())
        if self._magnifier:
            self._refresh()
        self._set_cursor_shape(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """What was no drag was a click."""
        if self._pressed is None or event.button() is not self._pressed[0]:
            return
        was_click = not self._drags
        self._pressed, self._drags = None, ""
        self._set_cursor_shape(event.position())
        self._refresh()
        if not was_click:
            return
        if event.button() is Qt.MouseButton.LeftButton:
            if self._mode is ViewMode.FLIP:
                self.flip()
            self.clicked.emit()
        elif event.button() is Qt.MouseButton.RightButton:
            self.menu_asked.emit(event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Told to whoever listens."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key's; the mouse's comes with the button's release, for it also pans."""
        if event.reason() is not QContextMenuEvent.Reason.Mouse:
            self.menu_asked.emit(event.globalPos())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the cursor."""
        notches = event.angleDelta().y() / 120 if event.pixelDelta().isNull() else event.pixelDelta().y() / 80
        if notches and self._frames():
            self.set_zoom(self.zoom * geometry.ZOOM_STEP**notches, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the class's description."""
        key, modifiers = event.key(), event.modifiers()
        steps = {
            Qt.Key.Key_Left: (1, 0),
            Qt.Key.Key_Right: (-1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        step = steps.get(Qt.Key(key))
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0 and not modifiers:
            self.fit()
        elif step and modifiers & Qt.KeyboardModifier.ShiftModifier:
            far = KEY_PAN_PX * self.devicePixelRatioF()
            self._move(
                geometry.panned(self._place, step[0] * far, step[1] * far, self._pane(), self._picture_size())
            )
        elif step and step[0] and modifiers & Qt.KeyboardModifier.AltModifier:
            self.set_wipe(self._wipe - step[0] * KEY_WIPE)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Pinching, and moves to a screen of another density."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture and self._frames():
                self.set_zoom(self.zoom * (1 + event.value()), event.position())
                return True
        elif event.type() is QEvent.Type.DevicePixelRatioChange:
            self._move(self._place)
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:
        """The magnifier goes with the cursor."""
        self._cursor = None
        if self._magnifier:
            self._refresh()
        super().leaveEvent(event)

    def resizeEvent(self, event: QEvent) -> None:
        """The place stays in bounds."""
        if self._gpu is not None and self._floating is not None:
            self._gpu.setGeometry(self.rect())
            self._floating.setGeometry(self.rect())
        self._move(self._place)
        if self.is_fitted and self._frames():
            self.zoom_changed.emit(self.zoom)

    def showEvent(self, event: QEvent) -> None:
        """Turning over goes on."""
        self._run_flip_timer()

    def hideEvent(self, event: QEvent) -> None:
        """Turning over rests."""
        self._run_flip_timer()

    def changeEvent(self, event: QEvent) -> None:
        """Colours and fonts are the palette's."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._refresh()
        super().changeEvent(event)
