"""How a clip's row is painted: thumbnail with its length, name, details, badges or what is wrong."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QIcon,
    QImage,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from app.viewmodels.clip_words import Badge
from app.viewmodels.clips import ClipRole
from app.widgets.icons import icon
from app.widgets.theme import signal_color

_Index = QModelIndex | QPersistentModelIndex

_PAD_PX, _GAP_PX = 8, 10
_WIDE_PX = 300
"""From this width on thumbnails are large."""
_NARROW_PX = 225
"""Below this width they are tiny."""
_LARGE, _SMALL, _TINY = QSize(112, 63), QSize(80, 45), QSize(64, 36)
_RADIUS_PX = 4
_SMALL_FONT = 0.86


class ClipDelegate(QStyledItemDelegate):
    """Paints the rows of a ClipsModel."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._film = icon("clip", role=QPalette.ColorRole.PlaceholderText)
        self._problem = icon("problem", role=QPalette.ColorRole.PlaceholderText)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """One row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter, option, index)
        picture, words = _places(option.rect)
        self._paint_picture(painter, picture, option, index)
        self._paint_words(painter, words, option, index)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Room for the thumbnail and three lines."""
        lines = 2 * QFontMetrics(option.font).height() + QFontMetrics(small(option.font)).height() + 10
        picture = _picture_size(option.rect.width() or _width_of(option))
        return QSize(160, max(picture.height(), lines) + 2 * _PAD_PX)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        """Everything that is known, in full."""
        if event.type() == QEvent.Type.ToolTip and index.isValid():
            QToolTip.showText(event.globalPos(), index.data(Qt.ItemDataRole.ToolTipRole), view)
            return True
        return super().helpEvent(event, view, option, index)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        is_over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        palette = option.palette
        ground = QRectF(option.rect).adjusted(4, 1, -4, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if is_selected:
            color = QColor(palette.color(QPalette.ColorRole.Highlight))
            color.setAlphaF(0.28)
            painter.setBrush(color)
            painter.drawRoundedRect(ground, 6, 6)
        elif is_over:
            painter.setBrush(palette.color(QPalette.ColorRole.Midlight))
            painter.drawRoundedRect(ground, 6, 6)
        view = option.widget
        if isinstance(view, QAbstractItemView) and view.currentIndex() == index:
            painter.setBrush(palette.color(QPalette.ColorRole.Accent))
            painter.drawRoundedRect(
                QRectF(ground.left(), ground.top() + 8, 3, ground.height() - 16), 1.5, 1.5
            )
            if view.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 1))
                painter.drawRoundedRect(ground.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _paint_picture(
        self, painter: QPainter, place: QRect, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        palette = option.palette
        path = QPainterPath()
        path.addRoundedRect(QRectF(place), _RADIUS_PX, _RADIUS_PX)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(place, palette.color(QPalette.ColorRole.Midlight))
        image: QImage | None = index.data(ClipRole.THUMBNAIL)
        if image is not None:
            size = image.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            at = QRect(QPoint(0, 0), size)
            at.moveCenter(place.center())
            painter.drawImage(at, image)
        else:
            symbol = self._problem if index.data(ClipRole.PROBLEM) else self._film
            _paint_icon(painter, symbol, place, 22)
        painter.restore()
        length = index.data(ClipRole.LENGTH)
        if length:
            _paint_length(painter, place, length, small(option.font))

    def _paint_words(
        self, painter: QPainter, place: QRect, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        palette, metrics = option.palette, QFontMetrics(option.font)
        line = QRect(place.left(), place.top(), place.width(), metrics.height())
        painter.setFont(option.font)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        painter.drawText(
            line, Qt.AlignmentFlag.AlignVCenter, elided_in_the_middle(name, metrics, line.width())
        )
        line.translate(0, metrics.height() + 2)
        font = small(option.font)
        painter.setFont(font)
        problem = index.data(ClipRole.PROBLEM)
        if problem:
            painter.setPen(signal_color("bad"))
            rest = QRect(line.left(), line.top(), line.width(), place.bottom() - line.top() + 1)
            _paint_wrapped(painter, rest, problem, QFontMetrics(font))
            return
        details = self.tr("Reading ...") if index.data(ClipRole.IS_BUSY) else index.data(ClipRole.DETAILS)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        elided = _fitting(details, QFontMetrics(font), line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, elided)
        line.translate(0, metrics.height() + 2)
        _paint_badges(painter, line, index.data(ClipRole.BADGES), palette, QFontMetrics(font))


def small(font: QFont) -> QFont:
    """The font of details."""
    found = QFont(font)
    if font.pointSizeF() > 0:
        found.setPointSizeF(font.pointSizeF() * _SMALL_FONT)
    else:
        found.setPixelSize(round(font.pixelSize() * _SMALL_FONT))
    return found


def elided_in_the_middle(name: str, metrics: QFontMetrics, width: int) -> str:
    """A name with its beginning and its suffix."""
    return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width)


def _fitting(details: str, metrics: QFontMetrics, width: int) -> str:
    """As many of the parts as fit; the first ones matter most."""
    parts = details.split(" · ")
    while len(parts) > 1 and metrics.horizontalAdvance(" · ".join(parts)) > width:
        parts.pop()
    return metrics.elidedText(" · ".join(parts), Qt.TextElideMode.ElideRight, width)


def _width_of(option: QStyleOptionViewItem) -> int:
    view = option.widget
    return view.viewport().width() if isinstance(view, QAbstractItemView) else 0


def _picture_size(width: int) -> QSize:
    return _LARGE if width >= _WIDE_PX else _SMALL if width >= _NARROW_PX else _TINY


def _places(row: QRect) -> tuple[QRect, QRect]:
    """Where the thumbnail and the words of a row are."""
    size = _picture_size(row.width())
    inner = row.adjusted(_PAD_PX + 6, _PAD_PX, -_PAD_PX - 4, -_PAD_PX)
    picture = QRect(QPoint(inner.left(), inner.center().y() - size.height() // 2), size)
    return picture, inner.adjusted(size.width() + _GAP_PX, 0, 0, 0)


def _paint_icon(painter: QPainter, symbol: QIcon, place: QRect, size_px: int) -> None:
    at = QRect(0, 0, size_px, size_px)
    at.moveCenter(place.center())
    symbol.paint(painter, at)


def _paint_length(painter: QPainter, place: QRect, text: str, font: QFont) -> None:
    """A dark pill on the thumbnail, legible on any picture."""
    metrics = QFontMetrics(font)
    width, height = metrics.horizontalAdvance(text) + 8, metrics.height()
    pill = QRect(place.right() - width - 2, place.bottom() - height - 2, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 176))
    painter.drawRoundedRect(pill, 3, 3)
    painter.setPen(QColor(Qt.GlobalColor.white))
    painter.setFont(font)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


def _paint_wrapped(painter: QPainter, place: QRect, text: str, metrics: QFontMetrics) -> None:
    """As many lines as fit, the last one cut off."""
    lines = max(1, place.height() // metrics.lineSpacing())
    words, top = text.split(), place.top()
    for number in range(lines):
        count = len(words)
        while (
            number < lines - 1
            and count > 1
            and metrics.horizontalAdvance(" ".join(words[:count])) > place.width()
        ):
            count -= 1
        line = " ".join(words[:count])
        words = words[count:]
        line = metrics.elidedText(line, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(
            QRect(place.left(), top, place.width(), metrics.height()), Qt.AlignmentFlag.AlignVCenter, line
        )
        top += metrics.lineSpacing()
        if not words:
            return


def _paint_badges(
    painter: QPainter, place: QRect, badges: tuple[Badge, ...], palette: QPalette, metrics: QFontMetrics
) -> None:
    """As many as fit; how many more there are in the last one."""
    left = place.left()
    # What is wrong comes first, so that it is never the one that does not fit.
    ordered = sorted(badges, key=lambda badge: not badge.is_warning)
    for number, badge in enumerate(ordered):
        rest = len(ordered) - number
        text = badge.text
        reserve = metrics.horizontalAdvance(f"+{rest}") + 16 if rest > 1 else 0
        width = metrics.horizontalAdvance(text) + 12
        is_last = left + width + reserve > place.right()
        if (is_last and left + width > place.right()) or (is_last and rest > 1):
            text = f"+{rest}"
            width = metrics.horizontalAdvance(text) + 12
        color = (
            signal_color("warning") if badge.is_warning else palette.color(QPalette.ColorRole.PlaceholderText)
        )
        ground = QColor(color)
        ground.setAlphaF(0.18)
        chip = QRect(left, place.center().y() - metrics.height() // 2 - 1, width, metrics.height() + 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(color)
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
        if text is not badge.text:
            return
        left += width + 4
