"""The right-hand panel: what is to be done with the clip, and below it what that gives."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette, QShowEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.export_form import ExportForm
from app.jobs.outlook import Cause
from app.viewmodels.export_details import ExportDetails
from app.viewmodels.presets import PresetsModel
from app.viewmodels.settings_panel import SettingsPanelModel
from app.viewmodels.workspace import Workspace
from app.views.presets import PresetChooser
from app.views.result import ResultView
from app.widgets.elided_combo import ElidedCombo
from app.widgets.form import Form
from app.widgets.icons import icon
from app.widgets.notice import Notice
from app.widgets.section import Section
from app.widgets.segmented import Segmented
from app.widgets.wheel_guard import WheelGuard
from app.widgets.wrapped_label import WrappedLabel
from flavr_core.settings import CutMode, DuplicateMode, EndMode, Precision

_ANIMATED = ("gif", "apng", "webp")
_SLOW = ("1x", "2x", "4x", "8x")
_CARD_LETTERS = 100
"""Of a longer card the rest is shown when asked for."""
_MARGIN_PX = 12
_LEAST_WIDTH_PX = 280
_LEAST_LINES = 7
"""Of the settings, in lines, where the window is low: what is said of the result gives way before."""


class SettingsPanel(QWidget):
    """Settings in a page that scrolls, the result and the buttons under it."""

    gif_preview_requested = Signal()
    """The user wants to see palette and dithering of the animation."""

    def __init__(
        self,
        model: SettingsPanelModel,
        presets: PresetsModel,
        details: ExportDetails,
        workspace: Workspace,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._notices: dict[Cause, Notice] = {}
        self._guard = WheelGuard(self)
        self.page = QWidget(self)
        column = QVBoxLayout(self.page)
        column.setContentsMargins(_MARGIN_PX, _MARGIN_PX, _MARGIN_PX, _MARGIN_PX)
        column.setSpacing(8)
        self._add_time(column)
        self._add_network(column)
        self._add_format(column, presets, details, workspace)
        self._add_scenes(column)
        self._add_advanced(column)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.page)
        scroll.setMinimumHeight(_LEAST_LINES * self.fontMetrics().lineSpacing())
        self.result = ResultView(model, self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, stretch=1)
        whole.addWidget(_rule(self))
        whole.addWidget(self.result)
        self._guard.guard(self.page)
        model.changed.connect(self._refresh)
        model.networks_changed.connect(self._refresh_networks)
        model.outlook_changed.connect(self._refresh_problems)
        model.outlook_changed.connect(self._show_network)
        model.outlook_changed.connect(self._show_device)
        self._refresh_networks()
        self._refresh()
        self._refresh_problems()

    def _fit_width(self) -> None:
        """Never narrower than its controls: large text needs more."""
        page_px = self.page.minimumSizeHint().width() + self.style().pixelMetric(
            QStyle.PixelMetric.PM_ScrollBarExtent
        )
        self.setMinimumWidth(max(_LEAST_WIDTH_PX, self.result.buttons_width_px(), page_px))

    # The page

    def _add_time(self, column: QVBoxLayout) -> None:
        column.addWidget(_heading(self.tr("Frame rate"), self))
        factors = [
            (f"{n}x", f"{n}×", self.tr("{n} frames for each of the clip's").format(n=n)) for n in (2, 4, 8)
        ]
        factors.insert(0, ("1x", "1×", self.tr("The clip's own rate; for slow motion")))
        self.rate = Segmented(factors, name=self.tr("Frame rate"), parent=self)
        self.rate.chosen.connect(self._model.set_rate)
        self.rate_text = QLineEdit(self)
        self.rate_text.setAccessibleName(self.tr("Frame rate, any"))
        self.rate_text.setPlaceholderText(self.tr("any fps"))
        self.rate_text.setToolTip(
            self.tr("Any rate: a multiple (2.5x) or frames a second (60, 59.94, 60000/1001)")
        )
        self.rate_text.setMinimumWidth(64)
        self.rate_text.setMaximumWidth(96)
        self.rate_text.editingFinished.connect(
            lambda: self._take(self.rate_text, self._model.set_rate, "rate")
        )
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.rate, stretch=3)
        row.addWidget(self.rate_text, stretch=2)
        column.addLayout(row)
        form = Form(self)
        self.slow = QComboBox(self)
        self.slow.setEditable(True)
        self.slow.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for text in _SLOW:
            self.slow.addItem(self.tr("off") if text == "1x" else text.replace("x", "×"), text)
        self.slow.activated.connect(lambda row: self._model.set_slow(self.slow.itemData(row)))
        line = self.slow.lineEdit()
        assert line is not None
        line.editingFinished.connect(self._on_slow_typed)
        form.add(self.tr("Slow motion"), self.slow, self.tr("How many times longer it lasts: 4× or 2.5×"))
        column.addWidget(form)
        self.keep_vfr = QCheckBox(self.tr("Keep the variable rate"), self)
        self.keep_vfr.setToolTip(self.tr("Divide each gap in place: every frame of the clip stays."))
        self.keep_vfr.toggled.connect(self._model.set_keep_vfr)
        column.addWidget(self.keep_vfr)
        self._add_notice(column, Cause.TIME)

    def _add_network(self, column: QVBoxLayout) -> None:
        column.addSpacing(8)
        column.addWidget(_heading(self.tr("Network"), self))
        self.network = _box([])
        self.network.setAccessibleName(self.tr("Network"))
        self.network.activated.connect(self._on_network_chosen)
        column.addWidget(self.network)
        self.network_facts = WrappedLabel(muted=True, parent=self)
        self.network_card = WrappedLabel(muted=True, parent=self)
        self.network_card.setTextFormat(Qt.TextFormat.RichText)
        self.network_card.linkActivated.connect(self._on_more_of_card)
        self._is_card_whole = False
        self.network_remark = Notice(icon("info"), parent=self)
        for widget in (self.network_card, self.network_facts, self.network_remark):
            column.addWidget(widget)
        self._add_notice(column, Cause.NETWORK)

    def _add_scenes(self, column: QVBoxLayout) -> None:
        column.addSpacing(8)
        column.addWidget(_heading(self.tr("Cuts"), self))
        self.cuts = Segmented(
            [
                (
                    CutMode.HOLD,
                    self.tr("Hold"),
                    self.tr("The frame before, then the frame after: nothing is drawn."),
                ),
                (CutMode.BLEND, self.tr("Blend"), self.tr("One fades into the other over the one gap.")),
                (CutMode.IGNORE, self.tr("Off"), self.tr("No cuts are looked for; it draws across them.")),
            ],
            name=self.tr("At cuts"),
            parent=self,
        )
        self.cuts.chosen.connect(self._model.set_cuts)
        column.addWidget(self.cuts)
        form = Form(self)
        self.sensitivity = QSlider(Qt.Orientation.Horizontal, self)
        self.sensitivity.setRange(0, 100)
        self.sensitivity.setPageStep(10)
        self.sensitivity.valueChanged.connect(lambda value: self._model.set_sensitivity(value / 100))
        self.sensitivity.sliderReleased.connect(self._model.end_change)
        self.sensitivity_text = QLabel(self)
        self.sensitivity_text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.sensitivity_text.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        row = QHBoxLayout()
        row.addWidget(self.sensitivity, stretch=1)
        row.addWidget(self.sensitivity_text)
        tip = self.tr("Low finds only the hardest cuts, high every doubtful one.")
        form.add(self.tr("Sensitivity"), self.sensitivity, tip, layout=row)
        self.duplicates = _box(
            [(DuplicateMode.KEEP, self.tr("Keep")), (DuplicateMode.DROP, self.tr("Drop and draw anew"))]
        )
        self.duplicates.activated.connect(
            lambda row: self._model.set_duplicates(self.duplicates.itemData(row))
        )
        tip = self.tr("Frames that repeat the one before, as in animation and film on video.")
        form.add(self.tr("Repeated frames"), self.duplicates, tip)
        column.addWidget(form)
        self.by_hand = QLabel(self)
        self.by_hand.setProperty("muted", True)
        self.by_hand.setTextFormat(Qt.TextFormat.RichText)
        self.by_hand.linkActivated.connect(self._model.forget_cuts_by_hand)
        column.addWidget(self.by_hand)
        self._add_notice(column, Cause.CUTS)

    def _add_format(
        self, column: QVBoxLayout, presets: PresetsModel, details: ExportDetails, workspace: Workspace
    ) -> None:
        column.addSpacing(8)
        column.addWidget(_heading(self.tr("Format"), self))
        self.preset = PresetChooser(presets, workspace, self)
        column.addWidget(self.preset)
        self.gif = QPushButton(icon("gif"), self.tr("Palette and size…"), self)
        self.gif.setToolTip(self.tr("See colours, dithering and size of the animation, and change them"))
        self.gif.clicked.connect(self.gif_preview_requested)
        column.addWidget(self.gif)
        self.details = Section(self.tr("Details"), ExportForm(details, parent=self), parent=self)
        self._add_notice(column, Cause.FORMAT)
        column.addWidget(self.details)

    def _add_advanced(self, column: QVBoxLayout) -> None:
        form = Form(self)
        self.end = _box([(EndMode.HOLD, self.tr("Hold last frame")), (EndMode.TRIM, self.tr("Trim to it"))])
        self.end.activated.connect(lambda row: self._model.set_end(self.end.itemData(row)))
        form.add(
            self.tr("At the end"),
            self.end,
            self.tr("Hold keeps the length; trim ends with the last frame."),
        )
        self.device = _box([])
        self.device.activated.connect(lambda row: self._model.set_device(self.device.itemData(row)))
        form.add(self.tr("Device"), self.device, self.tr("Where frames are drawn"))
        self.precision = _box(
            [
                (Precision.AUTO, self.tr("Automatic")),
                (Precision.FP32, self.tr("32 bits (exact)")),
                (Precision.FP16, self.tr("16 bits (fp16)")),
                (Precision.BF16, self.tr("16 bits (bf16)")),
                (Precision.FP8, self.tr("8 bits where coarse (fp8)")),
            ]
        )
        self.precision.activated.connect(lambda row: self._model.set_precision(self.precision.itemData(row)))
        tip = self.tr("Number format of the arithmetic; automatic is the fastest that computes rightly here.")
        form.add(self.tr("Precision"), self.precision, tip)
        self.memory = QLineEdit(self)
        self.memory.setPlaceholderText(self.tr("what is free"))
        self.memory.editingFinished.connect(lambda: self._take(self.memory, self._model.set_memory, "memory"))
        form.add(
            self.tr("Most memory"),
            self.memory,
            self.tr("Of the device: 2GB or 800MB; empty for what is free"),
        )
        self.advanced = Section(self.tr("Advanced"), form, parent=self)
        column.addWidget(self.advanced)
        self._add_notice(column, Cause.DEVICE)

    def _add_notice(self, column: QVBoxLayout, cause: Cause) -> None:
        notice = Notice(icon("problem"), signal="bad", parent=self)
        self._notices[cause] = notice
        column.addWidget(notice)

    # Showing

    def _refresh(self) -> None:
        model = self._model
        edits, timing = model.edits, model.edits.timing
        self.page.setEnabled(model.clip is not None)
        rate = model.rate_text
        self.rate.set_value(rate)
        _show_text(self.rate_text, "" if self.rate.value else rate)
        self._show_slow()
        _show_box(self.end, timing.end)
        with QSignalBlocker(self.keep_vfr):
            self.keep_vfr.setChecked(timing.keep_vfr)
        self.keep_vfr.setVisible(model.can_keep_vfr)
        self._show_network()
        self.cuts.set_value(edits.scenes.cuts)
        with QSignalBlocker(self.sensitivity):
            self.sensitivity.setValue(round(edits.scenes.sensitivity * 100))
        self.sensitivity_text.setText(self.tr("{n} %").format(n=round(edits.scenes.sensitivity * 100)))
        self.sensitivity.setEnabled(edits.scenes.cuts is not CutMode.IGNORE)
        _show_box(self.duplicates, edits.scenes.duplicates)
        self._show_by_hand()
        self._show_device()
        _show_box(self.precision, edits.engine.precision)
        _show_text(self.memory, model.memory_text)
        self.gif.setVisible(edits.export.container in _ANIMATED)

    def _show_slow(self) -> None:
        text = self._model.slow_text
        shown = self.tr("off") if text == "1x" else text.replace("x", "×")
        with QSignalBlocker(self.slow):
            self.slow.setCurrentIndex(_SLOW.index(text) if text in _SLOW else -1)
            self.slow.setEditText(shown)

    def _show_device(self) -> None:
        devices, box = self._model.devices, self.device
        with QSignalBlocker(box):
            if [box.itemData(row) for row in range(box.count())] != [value for value, _ in devices]:
                box.clear()
                for value, text in devices:
                    box.addItem(text, value)
            box.setCurrentIndex(box.findData(self._model.edits.engine.device))

    def _show_network(self) -> None:
        entries, row = self._model.networks, self._model.network_index
        with QSignalBlocker(self.network):
            self.network.setCurrentIndex(row)
        if row >= len(entries):
            return
        entry, has_clip = entries[row], self._model.clip is not None
        self.network.setToolTip(entry.title)
        self.network_card.setText(self._card_words(entry.card))
        self.network_card.setToolTip(entry.card)
        self.network_card.setVisible(bool(entry.card) and has_clip)
        self.network_facts.setText(" · ".join(filter(None, (entry.facts, self._model.network_speed))))
        self.network_facts.setVisible(bool(entry.facts) and has_clip)
        self.network_remark.set_text(entry.problem or entry.remark)

    def _card_words(self, card: str) -> str:
        """What the card says; of a long one the beginning, and a link to the rest."""
        if len(card) <= _CARD_LETTERS:
            return escape(card)
        less, more = self.tr("less"), self.tr("more")
        if self._is_card_whole:
            return f'{escape(card)} <a href="less">{less}</a>'
        begin = card[:_CARD_LETTERS].rsplit(" ", 1)[0]
        return f'{escape(begin)}… <a href="more">{more}</a>'

    def _show_by_hand(self) -> None:
        count = self._model.cuts_by_hand
        words, forget = self.tr("%n set by hand", "", count), self.tr("forget")
        self.by_hand.setText(f'{words} · <a href="forget">{forget}</a>')
        self.by_hand.setVisible(bool(count))

    def _refresh_networks(self) -> None:
        with QSignalBlocker(self.network):
            self.network.clear()
            for entry in self._model.networks:
                self.network.addItem(entry.title, entry.model)
            self.network.insertSeparator(self.network.count())
            self.network.addItem(icon("import"), self.tr("Import…"), None)
        items = self.network.model()
        assert isinstance(items, QStandardItemModel)
        for row, entry in enumerate(self._model.networks):
            items.item(row).setEnabled(not entry.problem or entry.is_missing)
            if entry.is_missing:
                muted = self.palette().brush(QPalette.ColorRole.PlaceholderText)
                items.item(row).setForeground(muted)
            items.item(row).setToolTip(entry.problem or entry.card)
        self._show_network()

    def _refresh_problems(self) -> None:
        problems = self._model.problems
        for cause, notice in self._notices.items():
            said = [f"{p.message} {p.hint}".rstrip() for p in problems if p.cause is cause]
            notice.set_lines(said)
        for cause, section in ((Cause.DEVICE, self.advanced), (Cause.FORMAT, self.details)):
            if any(problem.cause is cause for problem in problems):
                section.set_open(True)

    # What the user does

    def _on_network_chosen(self, row: int) -> None:
        model, entries = self.network.itemData(row), self._model.networks
        if model is None or (row < len(entries) and entries[row].is_missing):
            self._show_network()
            self._model.import_network_requested.emit()
        else:
            self._model.set_network(model)

    def _on_more_of_card(self, link: str) -> None:
        self._is_card_whole = link == "more"
        self._show_network()

    def _on_slow_typed(self) -> None:
        text = self.slow.currentText().strip()
        shown = self._model.slow_text
        off = text.lower() in ("", self.tr("off").lower())
        wanted = "1x" if off else text
        if wanted.replace("×", "x") != shown:
            self._model.set_slow(wanted)
        else:
            self._model.forget_typed("slow")

    def _take(self, line: QLineEdit, take: Callable[[str], None], field: str) -> None:
        """Hand over what was typed, once: leaving the field is no second edit."""
        if line.isModified():
            line.setModified(False)
            if line.text().strip() or line is self.memory:
                take(line.text())
            else:
                self._model.forget_typed(field)

    def showEvent(self, event: QShowEvent) -> None:
        """Take the width that the buttons need."""
        super().showEvent(event)
        self._fit_width()

    def changeEvent(self, event: QEvent) -> None:
        """Take another width for larger or smaller text."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self.isVisible():
            self._fit_width()


def _heading(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setProperty("heading", True)
    return label


def _box(choices: list[tuple[object, str]]) -> ElidedCombo:
    box = ElidedCombo()
    for value, text in choices:
        box.addItem(text, value)
    return box


def _rule(parent: QWidget) -> QWidget:
    rule = QWidget(parent)
    rule.setBackgroundRole(QPalette.ColorRole.Mid)
    rule.setAutoFillBackground(True)
    rule.setFixedHeight(1)
    return rule


def _show_box(box: QComboBox, value: object) -> None:
    with QSignalBlocker(box):
        box.setCurrentIndex(box.findData(value))


def _show_text(line: QLineEdit, text: str) -> None:
    """Show a text, but never under the fingers of somebody who types."""
    if not (line.hasFocus() and line.isModified()):
        line.setText(text)
