"""The timeline's panel: the widget, and a row of buttons above it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.jobs.thumbnails import Thumbnail, Thumbnails
from app.viewmodels.clip_words import clock
from app.viewmodels.marks import MarkKind
from app.viewmodels.timeline import TimelineModel
from app.widgets.fitting_label import FittingLabel
from app.widgets.icons import icon
from app.widgets.timeline import Timeline
from app.widgets.timeline_tiles import ThumbnailWish

_ZOOM_STEP = 1.6
_ICON_PX, _PROGRESS_PX = 18, 88
_RANGE_PX = 96
"""Room for the range in words beside buttons that have words."""


class TimelineView(QWidget):
    """Binds the timeline's widget to its view model."""

    def __init__(
        self, model: TimelineModel, *, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model, self._thumbnails = model, thumbnails
        self.timeline = Timeline()
        self._buttons: list[QToolButton] = []
        self._bar = QWidget()
        self._bar.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self._bar)
        self._row.setContentsMargins(8, 4, 8, 0)
        self._row.setSpacing(4)
        self._build_row()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        layout.addWidget(self.timeline, 1)
        self._connect_widget()
        self._connect_model()
        self._on_clip_changed()
        self._roomy_px = 0
        self._measure()

    # What stands in the row.

    def _build_row(self) -> None:
        model, timeline = self._model, self.timeline
        self._in = self._button("mark-in", self.tr("Set in point"), "I", model.mark_in)
        self._out = self._button("mark-out", self.tr("Set out point"), "O", model.mark_out)
        self._clear = self._button("clear", self.tr("Clear in and out points"), "", model.clear_marks)
        self._range = FittingLabel()
        self._row.addWidget(self._range, 1)
        self._cut = self._button("cut", self.tr("Add or remove a cut here"), "N", model.toggle_cut)
        self._find = self._button(
            "search", self.tr("Find cuts and duplicates"), "", self._on_find_clicked, self.tr("Find cuts")
        )
        self._row.addWidget(self._line())
        words = self.tr("Leave frames out, let the network draw them again, and see where it does well")
        self._check = self._button("measure", words, "", self._on_check_clicked, self.tr("Check quality"))
        self._worst = self._button("worst", self.tr("Go to the worst gap"), "", model.go_to_worst)
        self._progress = QProgressBar()
        self._progress.setRange(0, 1000)
        self._progress.setTextVisible(False)
        self._progress.setFixedWidth(_PROGRESS_PX)
        self._progress.setMaximumHeight(8)
        self._progress.setAccessibleName(self.tr("Progress of the analysis"))
        policy = self._progress.sizePolicy()
        policy.setRetainSizeWhenHidden(False)
        self._progress.setSizePolicy(policy)
        self._row.addWidget(self._progress)
        self._row.addWidget(self._line())
        self._less = self._button(
            "zoom-out", self.tr("Zoom out"), "Ctrl+wheel", lambda: timeline.zoom(1 / _ZOOM_STEP)
        )
        self._more = self._button(
            "zoom-in", self.tr("Zoom in"), "Ctrl+wheel", lambda: timeline.zoom(_ZOOM_STEP)
        )
        self._fit = self._button("fit", self.tr("Show the whole clip"), self.tr("double click"), timeline.fit)

    def _button(
        self, name: str, words: str, keys: str, slot: Callable[[], object], text: str = ""
    ) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIcon(icon(name))
        button.setIconSize(QSize(_ICON_PX, _ICON_PX))
        button.setToolTip(f"{words} ({keys})" if keys else words)
        button.setAccessibleName(words)
        if text:
            button.setText(text)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(lambda _checked=False: slot())
        self._row.addWidget(button)
        self._buttons.append(button)
        return button

    def _line(self) -> QFrame:
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        line.setFixedHeight(_ICON_PX)
        line.setEnabled(False)
        return line

    # What goes from the widget to the view model, and back.

    def _connect_widget(self) -> None:
        timeline, model = self.timeline, self._model
        timeline.seek_requested.connect(model.player.seek)
        timeline.scrubbed.connect(model.player.scrub)
        timeline.scrub_ended.connect(model.player.end_scrub)
        timeline.start_moved.connect(lambda time: model.set_start(time, is_dragged=True))
        timeline.stop_moved.connect(lambda time: model.set_stop(time, is_dragged=True))
        timeline.handle_dropped.connect(model.end_drag)
        timeline.range_cleared.connect(model.clear_marks)
        timeline.marker_added.connect(lambda kind, frame: model.add_mark(MarkKind(kind), frame))
        timeline.marker_removed.connect(lambda kind, frame: model.remove_mark(MarkKind(kind), frame))
        timeline.marker_moved.connect(lambda kind, frame, to: model.move_mark(MarkKind(kind), frame, to))
        timeline.worst_requested.connect(model.go_to_worst)
        timeline.thumbnails_wanted.connect(self._on_thumbnails_wanted)
        timeline.hover_wanted.connect(self._on_hover_wanted)
        timeline.view_changed.connect(self._on_view_changed)

    def _connect_model(self) -> None:
        model = self._model
        model.clip_changed.connect(self._on_clip_changed)
        model.position_changed.connect(self._on_position_changed)
        model.marks_changed.connect(self._on_marks_changed)
        model.markers_changed.connect(self._on_markers_changed)
        model.ranges_changed.connect(lambda: self.timeline.set_bands(model.ranges()))
        model.scores_changed.connect(self._on_scores_changed)
        model.work_changed.connect(self._on_work_changed)

    def _on_clip_changed(self) -> None:
        info = self._model.info
        self._thumbnails.forget("strip")
        self._thumbnails.forget("hover")
        aspect = float(Fraction(info.width, info.height) * info.pixel_aspect) if info is not None else 16 / 9
        self.timeline.set_clip(info.times if info is not None else None, aspect=aspect)
        for button in self._buttons:
            button.setEnabled(info is not None)
        self._on_view_changed()
        self._on_marks_changed()
        self._on_markers_changed()
        self._on_scores_changed()
        self._on_work_changed()
        self._on_position_changed()
        self.timeline.set_bands(self._model.ranges())

    def _on_position_changed(self) -> None:
        model = self._model
        self.timeline.set_playhead(model.asked, model.shown, is_playing=model.player.is_playing)

    def _on_marks_changed(self) -> None:
        model = self._model
        self.timeline.set_range(model.start, model.stop)
        is_marked = model.start is not None or model.stop is not None
        self._clear.setEnabled(is_marked)
        self._range.set_texts(self._range_words())

    def _range_words(self) -> tuple[str, ...]:
        """What is marked, the longest first."""
        model = self._model
        if model.times is None:
            return ("",)
        start = model.times.start if model.start is None else model.start
        stop = model.times.end if model.stop is None else model.stop
        if model.start is None and model.stop is None:
            return (self.tr("{length} in all").format(length=clock(stop - start)), clock(stop - start))
        begin, length = model.times.start, clock(stop - start)
        words = self.tr("{start} to {stop}: {length}").format(
            start=clock(start - begin), stop=clock(stop - begin), length=length
        )
        return words, length

    def _on_markers_changed(self) -> None:
        for kind in MarkKind:
            marks = self._model.marks(kind)
            self.timeline.set_markers(
                kind, marks.frames, ghosts=marks.taken_away, is_active=self._model.counts(kind)
            )
        self._on_work_changed()

    def _on_scores_changed(self) -> None:
        scores = self._model.scores
        self.timeline.set_scores([(one.start, one.stop, one.time, one.psnr_db) for one in scores])
        self._worst.setVisible(bool(scores))

    def _on_work_changed(self) -> None:
        model = self._model
        analysis, check = model.analysis_part, model.check_part
        part = check if check is not None else analysis
        self._progress.setVisible(part is not None)
        if part is not None:
            self._progress.setValue(round(part * 1000))
            waits = self.tr("It goes on when playing stops") if model.player.is_playing else ""
            self._progress.setToolTip(waits)
        self._find.setVisible(analysis is not None or not model.is_analysed)
        self._find.setText(self.tr("Stop finding") if analysis is not None else self.tr("Find cuts"))
        self._find.setIcon(icon("cancel" if analysis is not None else "search"))
        self._check.setText(self.tr("Stop checking") if check is not None else self.tr("Check quality"))
        self._check.setIcon(icon("cancel" if check is not None else "measure"))

    def _on_find_clicked(self) -> None:
        if self._model.analysis_part is not None:
            self._model.cancel_analysis()
        else:
            self._model.analyse()

    def _on_check_clicked(self) -> None:
        if self._model.check_part is not None:
            self._model.cancel_check()
        else:
            self._model.check()

    def _on_view_changed(self) -> None:
        self._less.setEnabled(not self.timeline.scale.is_fit)
        self._fit.setEnabled(not self.timeline.scale.is_fit)

    def _on_thumbnails_wanted(self, wish: ThumbnailWish) -> None:
        info = self._model.info
        if info is None:
            return

        def take(thumbnail: Thumbnail) -> None:
            if self._model.info is info:
                self.timeline.set_thumbnail(thumbnail.asked, thumbnail.image)

        self._thumbnails.want(
            "strip", info, wish.times, height_px=wish.height_px, tolerance=wish.tolerance, on_ready=take
        )

    def _on_hover_wanted(self, time: Fraction, height_px: int) -> None:
        info = self._model.info
        if info is None:
            return

        def take(thumbnail: Thumbnail) -> None:
            self.timeline.set_hover_picture(thumbnail.asked, thumbnail.image)

        self._thumbnails.want("hover", info, [time], height_px=height_px, on_ready=take, urgent=True)

    def _measure(self) -> None:
        """Find out how much room the row needs at least, and how much with words."""
        widths = []
        for is_narrow in (True, False):
            self._set_narrow(is_narrow=is_narrow)
            self._row.invalidate()
            progress = self._progress.width() if self._progress.isHidden() else 0
            widths.append(self._row.minimumSize().width() + progress)
        self._bar.setMinimumWidth(widths[0])
        self._roomy_px = widths[1] + _RANGE_PX
        self._set_narrow(is_narrow=self.width() < self._roomy_px)

    def _set_narrow(self, *, is_narrow: bool) -> None:
        """Words go where there is no room for them."""
        styles = Qt.ToolButtonStyle
        for button in (self._find, self._check):
            button.setToolButtonStyle(
                styles.ToolButtonIconOnly if is_narrow else styles.ToolButtonTextBesideIcon
            )
        self._progress.setFixedWidth(_PROGRESS_PX // 2 if is_narrow else _PROGRESS_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer words."""
        super().resizeEvent(event)
        self._set_narrow(is_narrow=event.size().width() < self._roomy_px)

    def changeEvent(self, event: QEvent) -> None:
        """Text of another size needs other room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._measure()
