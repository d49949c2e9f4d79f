"""A timeline: ruler, what is rendered, markers, thumbnails, scores, playhead, in and out.

Knows only times and frames; what it is told it shows, what the user does it tells. Times are seconds as
`Fraction` on the clip's own clock; in and out and markers lie where frames begin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.widgets.still_layer import StillLayer, whole_pixels
from app.widgets.timeline_hover import HoverCard
from app.widgets.timeline_keys import press_key, wants_key
from app.widgets.timeline_look import Look
from app.widgets.timeline_menu import timeline_menu
from app.widgets.timeline_mouse import TimelineMouse
from app.widgets.timeline_paint import paint_moving, paint_still
from app.widgets.timeline_scale import MARGIN_PX, TimeScale
from app.widgets.timeline_state import Band, Lanes, Score, TimelineState
from app.widgets.timeline_tiles import ThumbnailWish, TilePictures, tile_seconds, tiles
from flavr_core.timing import FrameTimes

REST_MS = 300
"""How long the view rests before thumbnails are asked for."""
_HOVER_MS = 120
_MOVING_MS = 50
_ZOOM_STEP = 1.25
_WHEEL_PARTS = 60
"""A notch of the wheel seeks by this part of what is seen, by a frame at least."""
_NOTCH = 120


class Timeline(QWidget):
    """The widget. All signals tell of what the user did; nothing changes until it is told to."""

    seek_requested = Signal(object)
    """A time (Fraction) to go to."""
    scrubbed = Signal(object)
    """A time under the mouse that is held."""
    scrub_ended = Signal()
    """The mouse was let go."""
    start_moved = Signal(object)
    """The in point is dragged to a time; None for the clip's start."""
    stop_moved = Signal(object)
    """The out point is dragged to a time; None for the clip's end."""
    handle_dropped = Signal()
    """In or out was let go."""
    range_cleared = Signal()
    """In and out are to be taken away."""
    marker_added = Signal(str, int)
    """(kind, frame)."""
    marker_removed = Signal(str, int)
    """(kind, frame)."""
    marker_moved = Signal(str, int, int)
    """(kind, from, to)."""
    worst_requested = Signal()
    """Go to the worst score."""
    thumbnails_wanted = Signal(object)
    """A ThumbnailWish, in place of the one before."""
    hover_wanted = Signal(object, int)
    """(time, rows in pixels of the screen): a picture for the card at the mouse."""
    view_changed = Signal()
    """Another part of the clip is seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = TimelineState()
        self.scale = TimeScale()
        self.is_motion_reduced = False
        self._aspect = 16 / 9
        self._pictures = TilePictures()
        self._asked_for: ThumbnailWish | None = None
        self._mouse = TimelineMouse(self)
        self._card = HoverCard(self)
        self._phase = 0.0
        self._still = StillLayer(self)
        self._wheel = 0
        self._rest = self._timer(REST_MS, self._on_rested)
        self._hover = self._timer(_HOVER_MS, self._on_hover_rested)
        self._moving = self._timer(_MOVING_MS, self._on_moving)
        self._moving.setSingleShot(False)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(self.tr("Timeline"))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # What is shown.

    def set_clip(self, times: FrameTimes | None, *, aspect: float = 16 / 9) -> None:
        """Show another clip, all of it; everything else is told anew.

        Args:
            times: when its frames are shown; None for no clip.
            aspect: width over height of its pictures as displayed.
        """
        self._mouse.cancel()
        self.state = TimelineState(times=times, asked=times.start if times is not None else Fraction(0))
        self.scale.set_times(times)
        self.scale.set_width(self.width())
        self._aspect = min(max(aspect, 0.25), 4.0)
        self._pictures.clear()
        self._asked_for = None
        self._card.hide()
        self._moving.stop()
        self._on_view_changed()

    def set_playhead(
        self, asked: Fraction, shown: Fraction | None = None, *, is_playing: bool = False
    ) -> None:
        """Put the playhead at a time.

        Args:
            asked: where it stands.
            shown: what is still shown instead, while the picture is being got; None when it is there.
            is_playing: the view follows only when the playhead leaves it.
        """
        state = self.state
        if state.times is None or (asked, shown) == (state.asked, state.shown):
            return
        before = state.asked
        was_seen = self.scale.start <= before <= self.scale.stop
        for time in (state.asked, state.shown):
            self._update_at(time)
        state.asked, state.shown = asked, shown
        for time in (asked, shown):
            self._update_at(time)
        is_followed = was_seen or not is_playing
        if asked != before and is_followed and not self._mouse.is_dragging and self.scale.show(asked):
            self._on_view_changed()
        self.setAccessibleDescription(self.describe_place())

    def set_range(self, start: Fraction | None, stop: Fraction | None) -> None:
        """In and out; None where not marked."""
        self.state.start, self.state.stop = start, stop
        self._still.spoil()

    def set_markers(
        self, kind: str, frames: Sequence[int], *, ghosts: Sequence[int] = (), is_active: bool = True
    ) -> None:
        """Markers at frames.

        Args:
            kind: `cut` or `duplicate`.
            frames: frames that are marked, rising.
            ghosts: frames whose mark was taken away and can be had back, rising.
            is_active: whether they change anything; pale where not.
        """
        if self.state.times is not None:
            self.state.set_markers(kind, frames, ghosts, is_active=is_active)
            self._still.spoil()

    def set_bands(self, bands: Sequence[Band]) -> None:
        """What is rendered, by time, none overlapping."""
        self.state.bands = tuple(bands)
        is_moving = any(band[2] == "rendering" for band in self.state.bands)
        if is_moving and not self.is_motion_reduced:
            if not self._moving.isActive():
                self._moving.start()
        else:
            self._moving.stop()
        self._still.spoil(self.lanes.bar)

    def set_scores(self, scores: Sequence[Score]) -> None:
        """How well gaps are rebuilt, by time; an empty one takes the strip away."""
        had_scores = bool(self.state.scores)
        self.state.set_scores(scores)
        self._still.spoil()
        if had_scores is not bool(scores):
            self.updateGeometry()
            self._rest.start()

    def set_thumbnail(self, time: Fraction, image: QImage) -> None:
        """A picture that was wished for, by the time that was asked."""
        self._pictures.put(time, image)
        x = self.scale.x(time)
        strip = self.lanes.strip
        self._still.spoil(QRectF(x - 1, strip.top(), 2 * self.thumbnail_px, strip.height()))

    def set_hover_picture(self, time: Fraction, image: QImage) -> None:
        """A picture for the card at the mouse, by the time that was asked."""
        self._card.set_picture(time, image)

    def set_motion_reduced(self, is_reduced: bool) -> None:
        """Whether nothing moves by itself."""
        self.is_motion_reduced = is_reduced
        self.set_bands(self.state.bands)

    # What is seen.

    @property
    def lanes(self) -> Lanes:
        """Where everything lies."""
        return Lanes.of(self.width(), self.height(), has_scores=bool(self.state.scores))

    @property
    def thumbnail_px(self) -> float:
        """Width of a thumbnail."""
        return self.lanes.strip.height() * self._aspect

    def fit(self) -> None:
        """See the whole clip."""
        self.scale.fit()
        self._on_view_changed()

    def fit_range(self) -> None:
        """See what lies between in and out."""
        if self.state.times is not None:
            self.scale.fit_to(self.state.range_start, self.state.range_stop)
            self._on_view_changed()

    def zoom(self, factor: float, *, at: float | None = None) -> None:
        """See less (factor > 1) or more; the time at a place stays there, or else the playhead's."""
        if at is None:
            x = self.scale.x(self.state.asked)
            at = x if MARGIN_PX <= x <= self.width() - MARGIN_PX else self.width() / 2
        self.scale.zoom(factor, at=at)
        self._on_view_changed()

    def pan(self, pixels: float) -> None:
        """Move what is seen."""
        self.scale.pan(Fraction(round(pixels)) * self.scale.span / max(1, round(self.scale.width_px)))
        self._on_view_changed()

    def see_from(self, start: Fraction) -> None:
        """See what begins at a time."""
        self.scale.see_from(start)
        self._on_view_changed()

    def score_at(self, time: Fraction) -> Score | None:
        """The score that stands for a time."""
        return next((score for score in self.state.scores if score[0] <= time < score[1]), None)

    def select(self, item: tuple[str, int] | None) -> None:
        """Choose what keys act on: a marker, `start` or `stop`."""
        if item != self.state.selected:
            self.state.selected = item
            self.setAccessibleDescription(self.describe_place())
            self._still.spoil()

    def set_dragged(self, dragged: tuple[str, int, int] | None) -> None:
        """Show a marker at another place while it is dragged."""
        self.state.dragged = dragged
        self._still.spoil()

    def describe_place(self) -> str:
        """Where the playhead is and what is chosen, in words."""
        times = self.state.times
        if times is None:
            return self.tr("No clip")
        words = self.tr("{time}, frame {frame} of {count}").format(
            time=self._card.time_text(self.state.asked - times.start),
            frame=times.index_at(self.state.asked),
            count=len(times),
        )
        if self.state.selected is not None:
            kind, frame = self.state.selected
            names = {
                "start": self.tr("in point"),
                "stop": self.tr("out point"),
                "cut": self.tr("cut at frame {frame}"),
                "duplicate": self.tr("duplicate at frame {frame}"),
            }
            words += ", " + names[kind].format(frame=frame)
        return words

    # How it is done.

    def _timer(self, milliseconds: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        return timer

    def _look(self) -> Look:
        return Look(
            scale=self.scale,
            lanes=self.lanes,
            palette=self.palette(),
            font=self.font(),
            pictures=self._pictures,
            thumbnail_px=self.thumbnail_px,
            phase=self._phase,
            has_focus=self.hasFocus(),
            pixel_ratio=self.devicePixelRatioF(),
        )

    def _update_at(self, time: Fraction | None) -> None:
        """Show what the playhead covered, or covers now; in the overview, too."""
        if time is not None:
            self.update(round(self.scale.x(time)) - 9, 0, 18, self.height())
            self.update(whole_pixels(self.lanes.overview))

    def _on_view_changed(self) -> None:
        self._still.spoil()
        self._rest.start()
        self.view_changed.emit()

    def _on_rested(self) -> None:
        """Ask for the pictures of the tiles that are seen and not at hand."""
        if self.state.times is None or not self.isVisible():
            return
        rows = round(self.lanes.strip.height() * self.devicePixelRatioF())
        seconds = tile_seconds(self.scale, self.thumbnail_px)
        times = tuple(
            tile.time
            for tile in tiles(self.scale, 0, self.width(), thumbnail_px=self.thumbnail_px)
            if self._pictures.rows(tile.time) < rows
        )
        wish = ThumbnailWish(
            times=times, tolerance=Fraction(0) if seconds is None else seconds / 2, height_px=rows
        )
        if wish != self._asked_for:
            self._asked_for = wish
            self.thumbnails_wanted.emit(wish)

    def _on_hover_rested(self) -> None:
        x = self.state.hover_x
        if x is not None and self.state.times is not None and not self._mouse.is_dragging:
            time = self.scale.time_at(x)
            self.hover_wanted.emit(time, self._card.rows_px())

    def show_hover(self, position: QPointF | None) -> None:
        """The card and the line at the mouse; None for none."""
        before = self.state.hover_x
        inside = position is not None and self.state.times is not None
        inside = inside and position is not None and position.y() < self.lanes.overview.top()
        self.state.hover_x = position.x() if inside and position is not None else None
        for x in (before, self.state.hover_x):
            if x is not None:
                self.update(round(x) - 2, 0, 4, self.height())
        if self.state.hover_x is None:
            self._hover.stop()
            self._card.hide()
            return
        time = self.scale.time_at(self.state.hover_x)
        self._card.show_at(
            self.mapToGlobal(QPoint(round(self.state.hover_x), 0)), time, self.state, self.score_at(time)
        )
        self._hover.start()

    def _on_moving(self) -> None:
        self._phase = (self._phase + 0.6) % 1000
        self._still.spoil(self.lanes.bar)

    def sizeHint(self) -> QSize:
        """Room for a strip that shows something."""
        return QSize(640, 150)

    def minimumSizeHint(self) -> QSize:
        """The lowest strip."""
        return QSize(160, 112)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is exposed."""
        painter = QPainter(self)
        if self.state.times is None:
            painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Window))
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("The clip's timeline appears here.")
            )
        else:
            look = self._look()

            def paint(on: QPainter, exposed: QRectF) -> None:
                on.fillRect(exposed, look.color(QPalette.ColorRole.Window))
                paint_still(on, exposed, self.state, look)

            painter.drawPixmap(0, 0, self._still.picture(paint))
            paint_moving(painter, self.state, look)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The view keeps its times."""
        self.scale.set_width(self.width())
        self._on_view_changed()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to scrub or drag."""
        self.show_hover(None)
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, drag or hover."""
        self._mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """See the whole clip."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._mouse.cancel()
            self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        """No card any more."""
        self.show_hover(None)

    def hideEvent(self, event: QHideEvent) -> None:
        """No card any more."""
        self.show_hover(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Seek; with Ctrl zoom at the mouse; with Shift, or sideways, pan."""
        delta, mods = event.angleDelta(), event.modifiers()
        event.accept()
        if self.state.times is None:
            return
        if mods & Qt.KeyboardModifier.ControlModifier:
            self.zoom(_ZOOM_STEP ** (delta.y() / _NOTCH), at=event.position().x())
        elif delta.x() or mods & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier):
            self.pan(-(delta.x() or delta.y()))
        else:
            self._seek_by_wheel(delta.y())

    def _seek_by_wheel(self, delta: int) -> None:
        """Whole notches only, so that a touchpad's small steps add up to frames."""
        times = self.state.times
        assert times is not None
        self._wheel += delta
        notches = int(self._wheel / _NOTCH)
        self._wheel -= notches * _NOTCH
        if notches:
            frames = max(1, round(self.scale.span / _WHEEL_PARTS / self.scale.frame_s))
            frame = times.index_at(self.state.asked) - notches * frames
            self.seek_requested.emit(times.time(min(max(frame, 0), len(times) - 1)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Everything the mouse can do."""
        if not press_key(self, event):
            super().keyPressEvent(event)

    def item_at(self, place: QPointF) -> tuple[str, int] | None:
        """(kind, frame) of the marker at a place, or (`start` or `stop`, 0) of a handle; None for none."""
        return self._mouse.item_at(place)

    def cancel_drag(self) -> bool:
        """Put back what is being dragged; False where nothing is."""
        return self._mouse.cancel()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done here."""
        if self.state.times is not None:
            self.show_hover(None)
            x = (
                event.pos().x()
                if event.reason() == QContextMenuEvent.Reason.Mouse
                else self.scale.x(self.state.asked)
            )
            timeline_menu(self, x).exec(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The playhead shows it."""
        self._still.spoil()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Nothing is chosen any more."""
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.select(None)
        self._still.spoil()
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Other colours, another font."""
        super().changeEvent(event)
        self._still.spoil()

    def event(self, event: QEvent) -> bool:
        """Keys that mean something here are kept from the window's shortcuts."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and wants_key(self, event)
        ):
            event.accept()
            return True
        return super().event(event)
