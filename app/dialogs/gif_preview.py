"""Palette, dithering, size and limit of an animated image, with a few real frames of it moving."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.export_form import ExportForm
from app.jobs.animation_sample import WrittenSample
from app.viewmodels.export_details import ExportDetails
from app.viewmodels.gif_preview import GifPreviewModel
from app.widgets.icons import icon
from app.widgets.notice import Notice
from app.widgets.wrapped_label import WrappedLabel

_FIELDS = ("gif.colors", "gif.dither", "crf", "max_width", "gif.loop", "gif.max_bytes")
_SQUARE_PX = 8
_POLL_MS = 200
_SIDE_EMS = 20
"""Width of the settings in widths of the letter m."""


class AnimationStage(QWidget):
    """Plays pictures for their own delays, whole, never larger than they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("The animation"))
        self._images: list[QImage] = []
        self._delays_ms: tuple[int, ...] = ()
        self._number = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_next)
        self._is_playing = True

    @property
    def number(self) -> int:
        """Which picture is shown."""
        return self._number

    @property
    def is_playing(self) -> bool:
        """Whether it moves."""
        return self._is_playing

    def show_sample(self, sample: WrittenSample | None) -> None:
        """Show other pictures, from the place that was shown on where there are as many."""
        if sample is None:
            self._images, self._delays_ms = [], ()
        else:
            self._images = [
                QImage(p.data, p.shape[1], p.shape[0], p.strides[0], QImage.Format.Format_RGBA8888).copy()
                for p in sample.pictures
            ]
            self._delays_ms = sample.delays_ms
        if self._number >= len(self._images):
            self._number = 0
        self._go_on()
        self.update()

    def set_playing(self, is_playing: bool) -> None:
        """Move or stand still."""
        self._is_playing = is_playing
        self._go_on()

    def step(self, by: int) -> None:
        """Stand still at the next picture, or the one before."""
        self.set_playing(False)
        if self._images:
            self._number = (self._number + by) % len(self._images)
            self.update()

    def _go_on(self) -> None:
        self._timer.stop()
        if self._is_playing and len(self._images) > 1:
            self._timer.start(self._delays_ms[self._number])

    def _on_next(self) -> None:
        self._number = (self._number + 1) % len(self._images)
        self.update()
        self._go_on()

    def _place(self, size: QSize) -> QRectF:
        """Where a picture is painted: a pixel of it on one of the screen, or shrunk to fit."""
        ratio = self.devicePixelRatioF()
        width, height = size.width() / ratio, size.height() / ratio
        scale = min(1.0, self.width() / width, self.height() / height)
        width, height = width * scale, height * scale
        left, top = (self.width() - width) / 2, (self.height() - height) / 2
        return QRectF(round(left * ratio) / ratio, round(top * ratio) / ratio, width, height)

    def sizeHint(self) -> QSize:
        """Room for a usual animation."""
        return QSize(520, 360)

    def minimumSizeHint(self) -> QSize:
        """Enough to see something."""
        return QSize(240, 160)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture that is due, over squares where it is see-through."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.AlternateBase))
        if not self._images:
            return
        image = self._images[self._number]
        place = self._place(image.size())
        painter.fillRect(place, _squares(self.palette()))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, image)


class GifPreviewDialog(QDialog):
    """The animation beside what can be changed of it; changes apply at once and can be undone."""

    def __init__(self, model: GifPreviewModel, details: ExportDetails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setWindowTitle(self.tr("Palette and size"))
        self.resize(920, 520)
        self.stage = AnimationStage(self)
        self.play = QPushButton(self)
        self.play.setCheckable(True)
        self.play.setToolTip(self.tr("Play or pause (Space)"))
        self.play.setShortcut(Qt.Key.Key_Space)
        self.play.toggled.connect(self._on_play_toggled)
        self.again = QPushButton(icon("retry"), self.tr("Sample at the playhead"), self)
        self.again.setToolTip(self.tr("Draw the frames around the playhead's new place"))
        self.again.clicked.connect(model.draw_again)
        for button in (self.play, self.again):
            button.setAutoDefault(False)
        self.state = WrappedLabel(muted=True, parent=self)
        self.size_label = WrappedLabel(parent=self)
        self.limit = Notice(icon("info"), parent=self)
        self.problem = Notice(icon("problem"), signal="bad", parent=self)
        self.form = ExportForm(details, only=_FIELDS, parent=self)
        self._lay_out()
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._refresh_words)
        model.changed.connect(self._refresh)
        self.finished.connect(self._on_finished)
        self.play.setChecked(True)
        model.start()
        self._refresh()

    def _lay_out(self) -> None:
        under = QHBoxLayout()
        under.setSpacing(8)
        under.addWidget(self.play)
        under.addStretch(1)
        under.addWidget(self.again)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.stage, stretch=1)
        left.addWidget(self.state)
        left.addLayout(under)
        words = self.tr("The palette here is made for these frames; the export makes it for all.")
        self.hint = WrappedLabel(words, muted=True, parent=self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        side = QWidget(self)
        side.setFixedWidth(round(_SIDE_EMS * self.fontMetrics().horizontalAdvance("m")))
        right = QVBoxLayout(side)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(8)
        for widget in (self.form, self.size_label, self.limit, self.problem):
            right.addWidget(widget)
        right.addStretch(1)
        right.addWidget(self.hint)
        right.addWidget(buttons)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(12, 12, 12, 12)
        whole.setSpacing(16)
        whole.addLayout(left, stretch=1)
        whole.addWidget(side)

    def _refresh(self) -> None:
        self.stage.show_sample(self._model.shown)
        self._refresh_words()
        if self._model.is_working:
            self._poll.start()
        else:
            self._poll.stop()

    def _refresh_words(self) -> None:
        model = self._model
        self.state.setText(model.state_words)
        self.size_label.setText(model.size_words)
        self.limit.set_text(model.limit_words)
        self.problem.set_text(model.problem)
        self.size_label.setEnabled(not model.is_working)
        self.hint.setVisible(self.form.control("gif.colors") is not None)

    def _on_play_toggled(self, is_playing: bool) -> None:
        self.play.setIcon(icon("pause" if is_playing else "play"))
        self.play.setAccessibleName(self.tr("Pause") if is_playing else self.tr("Play"))
        self.stage.set_playing(is_playing)

    def _on_finished(self) -> None:
        """Stop working in the background."""
        self._poll.stop()
        self.stage.set_playing(False)
        self._model.stop()


def _squares(palette: QPalette) -> QBrush:
    """What shows through where a picture is clear."""
    tile = QPixmap(2 * _SQUARE_PX, 2 * _SQUARE_PX)
    light: QColor = palette.color(QPalette.ColorRole.Midlight)
    tile.fill(palette.color(QPalette.ColorRole.Base))
    painter = QPainter(tile)
    painter.fillRect(0, 0, _SQUARE_PX, _SQUARE_PX, light)
    painter.fillRect(_SQUARE_PX, _SQUARE_PX, _SQUARE_PX, _SQUARE_PX, light)
    painter.end()
    return QBrush(tile)
