"""The card above the mouse on the timeline: the time, the frame, its picture."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QHideEvent, QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from app.widgets.timeline_state import Score, TimelineState

_PICTURE_PX = 96
"""Height of the picture."""
_PAD_PX = 8
_ABOVE_PX = 8


class HoverCard(QWidget):
    """A small window that takes no input."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.ToolTip | Qt.WindowType.WindowTransparentForInput)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._picture: QImage | None = None
        self._lines: tuple[str, ...] = ()
        self._wanted: Fraction | None = None

    def rows_px(self) -> int:
        """Height of the picture in pixels of the screen."""
        return round(_PICTURE_PX * self.devicePixelRatioF())

    def time_text(self, time: Fraction) -> str:
        """A time to the millisecond: `0:03.360`, `1:02:03.000`."""
        total_ms = round(time * 1000)
        minutes, ms = divmod(total_ms, 60_000)
        hours, minutes = divmod(minutes, 60)
        start = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
        return f"{start}:{ms // 1000:02d}.{ms % 1000:03d}"

    def show_at(self, place: QPoint, time: Fraction, state: TimelineState, score: Score | None) -> None:
        """Show it above a place of the screen, for a time."""
        times = state.times
        if times is None:
            return
        frame = times.index_at(time)
        words = self.tr("{time}   frame {frame}")
        lines = [words.format(time=self.time_text(time - times.start), frame=frame)]
        lines += [text for kind, text in self._kinds().items() if frame in _near(state, kind, frame)]
        if score is not None:
            lines.append(self.tr("rebuilt with {decibels} dB").format(decibels=f"{score[3]:.1f}"))
        self._lines = tuple(lines)
        self._wanted = time
        self._place(place)
        self.show()
        self.update()

    def set_picture(self, time: Fraction, image: QImage) -> None:
        """The picture for the time that was asked last; others come too late."""
        if time == self._wanted and self.isVisible():
            self._picture = image
            bottom, middle = self.geometry().bottom() + 1, self.geometry().center().x()
            self._place(QPoint(middle, bottom + _ABOVE_PX))
            self.update()

    def _kinds(self) -> dict[str, str]:
        return {"cut": self.tr("cut"), "duplicate": self.tr("repeats the frame before")}

    def _picture_size(self) -> QSize:
        if self._picture is None:
            return QSize()
        width = round(self._picture.width() * _PICTURE_PX / max(1, self._picture.height()))
        return QSize(min(width, 2 * _PICTURE_PX), _PICTURE_PX)

    def _place(self, place: QPoint) -> None:
        metrics = self.fontMetrics()
        picture = self._picture_size()
        text = max(metrics.horizontalAdvance(line) for line in self._lines)
        width = max(picture.width(), text + 2 * _PAD_PX)
        height = picture.height() + _PAD_PX + len(self._lines) * metrics.lineSpacing()
        left, top = place.x() - width // 2, place.y() - height - _ABOVE_PX
        screen = self.screen().availableGeometry()
        left = min(max(left, screen.left()), screen.right() - width)
        self.setGeometry(QRect(left, max(top, screen.top()), width, height))

    def hideEvent(self, event: QHideEvent) -> None:
        """The next one begins without a picture."""
        self._picture = self._wanted = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture with the words below."""
        painter = QPainter(self)
        palette, metrics = self.palette(), self.fontMetrics()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.ToolTipBase))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        picture = self._picture_size()
        if self._picture is not None:
            at = QRect(QPoint((self.width() - picture.width()) // 2, 0), picture)
            painter.drawImage(at, self._picture)
        painter.setPen(palette.color(QPalette.ColorRole.ToolTipText))
        top = picture.height() + _PAD_PX // 2
        for line in self._lines:
            box = QRect(0, top, self.width(), metrics.lineSpacing())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, line)
            top += metrics.lineSpacing()
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


def _near(state: TimelineState, kind: str, frame: int) -> tuple[int, ...]:
    """The marker at a frame, if there is one, without looking at all of them."""
    frames = state.lane(kind).frames
    place = bisect_left(frames, frame)
    return frames[place : place + 1]
