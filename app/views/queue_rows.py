"""How the queue's list paints a job: icon, name, a word on its state, one line on how far it is, a bar."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from app.jobs.queue_store import JobState
from app.viewmodels.job_rows import JobRow
from app.viewmodels.queue import ROW_ROLE
from app.widgets.icons import icon
from app.widgets.theme import signal_color

MARGIN_PX, GAP_PX, ICON_PX, BAR_PX = 12, 4, 20, 4
RADIUS_PX, CHOSEN_ALPHA = 6, 0.28
SWEEP_S = 1.6
"""How long the piece of a bar without an end takes from left to right."""

_ICONS = {
    JobState.WAITING: "waiting",
    JobState.PREPARING: "running",
    JobState.RUNNING: "running",
    JobState.PAUSED: "pause",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancel",
    JobState.INTERRUPTED: "warning",
}
_SIGNALS = {JobState.DONE: "good", JobState.FAILED: "bad", JobState.INTERRUPTED: "warning"}


IconOf = Callable[[JobRow, QColor, float], QPixmap]
"""Paints a row's icon in a colour, for a screen of so many pixels a unit."""


class JobDelegate(QStyledItemDelegate):
    """Paints a JobRow in two lines, and a bar under what is at work."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pixmaps: dict[tuple[str, int, float], QPixmap] = {}

    # Qt's own names.

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Two lines of text and room for the bar."""
        del index
        line = QFontMetrics(option.font).height()
        return QSize(240, 2 * line + BAR_PX + 2 * GAP_PX + 2 * 8)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """One job."""
        row: JobRow | None = index.data(ROW_ROLE)
        if row is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_ground(painter, option, index)
        _Row(painter, option, row, self._icon).paint()
        painter.restore()

    def _icon(self, row: JobRow, color: QColor, ratio: float) -> QPixmap:
        """The state's icon in a colour; kept, because rows are painted ten times a second."""
        key = (row.state.value, color.rgba(), ratio)
        if key not in self._pixmaps:
            size = round(ICON_PX * ratio)
            pixmap = icon(_ICONS[row.state]).pixmap(QSize(size, size), 1.0, QIcon.Mode.Normal)
            painter = QPainter(pixmap)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
            painter.fillRect(pixmap.rect(), color)
            painter.end()
            pixmap.setDevicePixelRatio(ratio)
            self._pixmaps[key] = pixmap
        return self._pixmaps[key]


class _Row:
    """One job being painted."""

    def __init__(self, painter: QPainter, option: QStyleOptionViewItem, row: JobRow, icon_of: IconOf) -> None:
        self._painter, self._row, self._icon_of = painter, row, icon_of
        self._option = option
        self._palette: QPalette = option.palette
        self._area = QRect(option.rect).adjusted(MARGIN_PX, 8, -MARGIN_PX, -8)

    def paint(self) -> None:
        row, painter = self._row, self._painter
        font: QFont = QFont(self._option.font)
        bold = QFont(font)
        bold.setWeight(QFont.Weight.DemiBold)
        line = QFontMetrics(font).height()
        text_height = 2 * line + GAP_PX + (BAR_PX + GAP_PX if row.has_bar else 0)
        top = self._area.top() + (self._area.height() - text_height) // 2
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(
            self._area.left(),
            self._area.top() + (self._area.height() - ICON_PX) // 2,
            self._icon_of(row, self._signal(), ratio),
        )
        left = self._area.left() + ICON_PX + MARGIN_PX
        width = self._area.right() - left + 1
        state_width = QFontMetrics(font).horizontalAdvance(row.state_text)
        self._text(
            QRect(left, top, max(0, width - state_width - MARGIN_PX), line),
            row.title, bold, self._strong(), Qt.TextElideMode.ElideMiddle,
        )  # fmt: skip
        self._text(
            QRect(left + width - state_width, top, state_width + 1, line),
            row.state_text, font, self._signal(), Qt.TextElideMode.ElideNone,
        )  # fmt: skip
        self._text(
            QRect(left, top + line + GAP_PX, width, line),
            row.detail or row.what, font, self._muted(), Qt.TextElideMode.ElideRight,
        )  # fmt: skip
        if row.has_bar:
            self._bar(QRectF(left, top + 2 * line + 2 * GAP_PX, width, BAR_PX))

    def _text(self, area: QRect, text: str, font: QFont, color: QColor, elide: Qt.TextElideMode) -> None:
        painter = self._painter
        painter.setFont(font)
        painter.setPen(color)
        shown = QFontMetrics(font).elidedText(text, elide, area.width())
        painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)

    def _bar(self, area: QRectF) -> None:
        row, painter = self._row, self._painter
        groove = QColor(self._strong())
        groove.setAlphaF(0.16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(groove)
        painter.drawRoundedRect(area, BAR_PX / 2, BAR_PX / 2)
        is_held = row.state in (JobState.PAUSED, JobState.INTERRUPTED)
        accent = self._palette.color(QPalette.ColorRole.Accent)
        painter.setBrush(signal_color("warning") if is_held else accent)
        painter.drawRoundedRect(self._filled(area), BAR_PX / 2, BAR_PX / 2)

    def _filled(self, area: QRectF) -> QRectF:
        if self._row.fraction is not None:
            return QRectF(area.left(), area.top(), max(BAR_PX, area.width() * self._row.fraction), BAR_PX)
        piece = area.width() / 4
        if not is_animated():
            return QRectF(area.center().x() - piece / 2, area.top(), piece, BAR_PX)
        place = time.monotonic() % SWEEP_S / SWEEP_S
        left = area.left() - piece + place * (area.width() + piece)
        right = min(left + piece, area.right())
        left = max(left, area.left())
        return QRectF(left, area.top(), max(0.0, right - left), BAR_PX)

    def _strong(self) -> QColor:
        return self._palette.color(QPalette.ColorRole.Text)

    def _muted(self) -> QColor:
        if self._row.state is JobState.FAILED:
            return signal_color("bad")
        return self._palette.color(QPalette.ColorRole.PlaceholderText)

    def _signal(self) -> QColor:
        """The colour of the state: of a meaning, of work, or of nothing special."""
        if self._row.state in _SIGNALS:
            return signal_color(_SIGNALS[self._row.state])
        if self._row.state in (JobState.RUNNING, JobState.PREPARING):
            return self._palette.color(QPalette.ColorRole.Accent)
        return self._palette.color(QPalette.ColorRole.PlaceholderText)


def _paint_ground(
    painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
) -> None:
    """What lies under a row: chosen, under the pointer, and the one that keys work on."""
    ground = QRectF(option.rect).adjusted(4, 1, -4, -1)
    painter.setPen(Qt.PenStyle.NoPen)
    if option.state & QStyle.StateFlag.State_Selected:
        color = QColor(option.palette.color(QPalette.ColorRole.Highlight))
        color.setAlphaF(CHOSEN_ALPHA)
        painter.setBrush(color)
        painter.drawRoundedRect(ground, RADIUS_PX, RADIUS_PX)
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.setBrush(option.palette.color(QPalette.ColorRole.Midlight))
        painter.drawRoundedRect(ground, RADIUS_PX, RADIUS_PX)
    view = option.widget
    if isinstance(view, QAbstractItemView) and view.currentIndex() == index and view.hasFocus():
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(option.palette.color(QPalette.ColorRole.Accent), 1))
        painter.drawRoundedRect(ground.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)


def is_animated() -> bool:
    """Whether things may move; not where the user asks for less motion."""
    return QApplication.isEffectEnabled(Qt.UIEffect.UI_AnimateMenu)
