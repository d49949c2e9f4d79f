"""The queue's panel: jobs in a list, what can be done with them, log and receipt of the chosen one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.receipt import ReceiptView
from app.jobs.queue_store import JobState, WhenDone
from app.viewmodels.queue import JobAction, QueueModel
from app.views.queue_rows import JobDelegate, is_animated
from app.widgets.icons import icon

ANIMATION_MS = 40
"""How often bars without an end move on."""
NARROW_PX = 720
"""Below this width log and receipt stand under the list."""

_KEYS = {
    (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier): JobAction.REMOVE,
    (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier): JobAction.UP,
    (Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier): JobAction.DOWN,
}


class JobList(QListView):
    """The list; keys that the window has other uses for work on jobs while it has the focus."""

    def __init__(self, panel: QueuePanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Jobs"))
        self.setItemDelegate(JobDelegate(self))

    def _takes(self, event: QKeyEvent) -> bool:
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if (Qt.Key(key), modifiers) in _KEYS:
            return True
        return modifiers == Qt.KeyboardModifier.NoModifier and key in (
            Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Home, Qt.Key.Key_End,
        )  # fmt: skip

    # Qt's own names.

    def event(self, event: QEvent) -> bool:
        """Keep the window's shortcuts off the keys that work on jobs."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._takes(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes, Alt+arrows move, Space pauses and resumes, Return opens log and receipt."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        action = _KEYS.get((Qt.Key(event.key()), modifiers))
        if action is not None:
            self._panel.run(action)
        elif modifiers == Qt.KeyboardModifier.NoModifier and event.key() == Qt.Key.Key_Space:
            self._panel.toggle_pause()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._panel.toggle_details()
        else:
            super().keyPressEvent(event)


class QueuePanel(QWidget):
    """The whole panel over a QueueModel."""

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._actions: dict[JobAction, QAction] = {}
        self.setAccessibleName(self.tr("Queue"))
        self.list = JobList(self)
        self.list.setModel(model)
        self._build_actions()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._build_bar())
        layout.addWidget(self._build_banner())
        layout.addWidget(self._build_pages(), 1)
        self._connect()
        self._update_all()

    # What the window may ask for.

    @property
    def selected(self) -> list[int]:
        """The chosen jobs, in order."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [self._model.number_at(row) for row in rows]

    def select(self, number: int) -> None:
        """Choose one job."""
        row = self._model.row_of(number)
        if row >= 0:  # setCurrentIndex() of the list would look at the keys that are held down
            self.list.selectionModel().setCurrentIndex(
                self._model.index(row), QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.list.scrollTo(self._model.index(row))

    def run(self, action: JobAction) -> None:
        """Do something with the chosen jobs; asks before work is lost."""
        numbers = self.selected
        if action not in self._model.possible(numbers):
            return
        loses = action in (JobAction.REMOVE, JobAction.START_OVER) and self._model.loses_work(numbers)
        if not loses or self._confirm(action, numbers):
            self._model.run(action, numbers)

    def toggle_pause(self) -> None:
        """Pause the chosen jobs that run, or let the paused and interrupted ones go on."""
        possible = self._model.possible(self.selected)
        self.run(JobAction.PAUSE if JobAction.PAUSE in possible else JobAction.RESUME)

    def toggle_details(self) -> None:
        """Show or hide log and receipt."""
        self._details_button.toggle()

    # How it is built.

    def _build_actions(self) -> None:
        entries = (
            (JobAction.PAUSE, "pause", self.tr("Pause"), self.tr("Space")),
            (JobAction.RESUME, "resume", self.tr("Go on"), self.tr("Space")),
            (JobAction.CANCEL, "stop", self.tr("Cancel"), ""),
            (JobAction.RETRY, "retry", self.tr("Try again"), ""),
            (JobAction.START_OVER, "reset", self.tr("Start over"), ""),
            (JobAction.UP, "up", self.tr("Move up"), self.tr("Alt+Up")),
            (JobAction.DOWN, "down", self.tr("Move down"), self.tr("Alt+Down")),
            (JobAction.PLAY, "play", self.tr("Play the result"), ""),
            (JobAction.REVEAL, "reveal", self.tr("Show in its folder"), ""),
            (JobAction.RECEIPT, "receipt", self.tr("Receipt..."), ""),
            (JobAction.REMOVE, "delete", self.tr("Remove from the list"), self.tr("Delete")),
        )
        for name, picture, text, keys in entries:
            action = QAction(icon(picture), text, self)
            action.setToolTip(f"{text.removesuffix('...')} ({keys})" if keys else text.removesuffix("..."))
            action.triggered.connect(partial(self._on_action, name))
            self._actions[name] = action

    def _build_bar(self) -> QWidget:
        bar = QFrame()
        layout = QHBoxLayout(bar)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(4)
        heading = QLabel(self.tr("Queue"))
        heading.setProperty("heading", True)
        self._totals = QLabel()
        self._totals.setProperty("muted", True)
        self._totals.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._start = QPushButton(self.tr("Start the queue"))
        self._start.setIcon(icon("play"))
        self._start.clicked.connect(self._model.start_all)
        layout.addWidget(heading)
        layout.addSpacing(8)
        layout.addWidget(self._totals, 1)
        layout.addWidget(self._start)
        layout.addSpacing(8)
        self._buttons = {}
        groups = (
            (JobAction.PAUSE, JobAction.RESUME, JobAction.CANCEL, JobAction.RETRY),
            (JobAction.UP, JobAction.DOWN),
            (JobAction.PLAY, JobAction.REVEAL, JobAction.RECEIPT, JobAction.REMOVE),
        )
        for number, group in enumerate(groups):
            if number:
                layout.addSpacing(8)
            for name in group:
                self._buttons[name] = self._tool_button(self._actions[name])
                layout.addWidget(self._buttons[name])
        layout.addSpacing(8)
        self._details_button = QToolButton()
        self._details_button.setIcon(icon("log"))
        self._details_button.setCheckable(True)
        self._details_button.setToolTip(self.tr("Log and receipt (Return)"))
        self._details_button.setAccessibleName(self.tr("Log and receipt"))
        layout.addWidget(self._details_button)
        self._when_done = self._build_when_done()
        layout.addSpacing(12)
        layout.addWidget(self._when_done)
        return bar

    def _tool_button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(action.text().removesuffix("..."))
        return button

    def _build_when_done(self) -> QComboBox:
        box = QComboBox()
        entries = (
            (WhenDone.NOTHING, self.tr("When done: nothing")),
            (WhenDone.NOTIFY, self.tr("When done: notify me")),
            (WhenDone.SLEEP, self.tr("When done: sleep")),
            (WhenDone.QUIT, self.tr("When done: quit")),
        )
        for when_done, text in entries:
            box.addItem(text, when_done)
        box.setToolTip(self.tr("What happens when the last job has ended"))
        box.setAccessibleName(self.tr("When all jobs are done"))
        return box

    def _build_banner(self) -> QWidget:
        self._banner = QFrame()
        self._banner.setAutoFillBackground(True)
        layout = QHBoxLayout(self._banner)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        self._banner_text = QLabel()
        self._banner_text.setWordWrap(True)
        self._banner_text.setProperty("signal", "warning")
        self._go_on = QPushButton(self.tr("Go on"))
        self._go_on.setProperty("primary", True)
        self._go_on.clicked.connect(self._model.start_all)
        self._not_now = QPushButton(self.tr("Not now"))
        self._not_now.clicked.connect(self._model.dismiss_banner)
        layout.addWidget(self._banner_text, 1)
        layout.addWidget(self._go_on)
        layout.addWidget(self._not_now)
        return self._banner

    def _build_pages(self) -> QWidget:
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.list)
        self._splitter.addWidget(self._build_details())
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        empty = QLabel(
            self.tr("No jobs yet") + "\n" + self.tr("Export a clip, or add it to the queue with Ctrl+Return.")
        )
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setProperty("muted", True)
        empty.setWordWrap(True)
        empty.setContentsMargins(24, 24, 24, 24)
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(self._splitter)
        return self._pages

    def _build_details(self) -> QWidget:
        self._details = QWidget()
        layout = QVBoxLayout(self._details)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._what = QLabel()
        self._what.setWordWrap(True)
        self._what.setProperty("muted", True)
        self._what.setContentsMargins(12, 8, 12, 4)
        self._error = QLabel()
        self._error.setWordWrap(True)
        self._error.setProperty("signal", "bad")
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        self._error.setContentsMargins(12, 0, 12, 4)
        self._error.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._log = QPlainTextEdit()
        self._log.setReadOnly(True)
        self._log.setFrameShape(QFrame.Shape.NoFrame)
        self._log.setAccessibleName(self.tr("Log"))
        self._log.document().setDocumentMargin(8)
        self._receipt = ReceiptView()
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self._log, self.tr("Log"))
        self._tabs.addTab(self._receipt, self.tr("Receipt"))
        layout.addWidget(self._what)
        layout.addWidget(self._error)
        layout.addWidget(self._tabs, 1)
        self._details.hide()
        return self._details

    def _connect(self) -> None:
        model = self._model
        model.banner_changed.connect(self._update_banner)
        model.totals_changed.connect(self._update_totals)
        model.job_changed.connect(self._on_job_changed)
        model.rowsInserted.connect(self._on_rows_inserted)
        model.rowsRemoved.connect(self._update_all)
        model.layoutChanged.connect(self._update_actions)
        self.list.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.list.customContextMenuRequested.connect(self._on_menu_wanted)
        self.list.doubleClicked.connect(lambda _: self.toggle_details())
        self._details_button.toggled.connect(self._on_details_toggled)
        self._when_done.activated.connect(self._on_when_done_chosen)
        self._animation = QTimer(self)
        self._animation.setInterval(ANIMATION_MS)
        self._animation.timeout.connect(self._on_animation)

    # What is shown.

    def _update_all(self) -> None:
        self._pages.setCurrentIndex(1 if self._model.rowCount() else 0)
        self._update_banner()
        self._update_totals()
        self._update_actions()
        self._update_details()

    def _update_banner(self) -> None:
        text = self._model.banner
        self._banner.setVisible(bool(text))
        self._banner_text.setText(text)
        self._go_on.setVisible(self._model.can_go_on)
        self._start.setVisible(self._model.can_start and not self._model.can_go_on)
        self._not_now.setText(self.tr("Not now") if self._model.can_go_on else self.tr("Close"))

    def _update_totals(self) -> None:
        self._totals.setText(self._model.totals_text)
        self._start.setVisible(self._model.can_start and not self._model.can_go_on)
        place = self._when_done.findData(self._model.queue.when_done)
        if place != self._when_done.currentIndex():
            self._when_done.setCurrentIndex(place)

    def _update_actions(self) -> None:
        possible = self._model.possible(self.selected)
        for name, action in self._actions.items():
            if action.isEnabled() != (name in possible):
                action.setEnabled(name in possible)
        is_resumable = JobAction.RESUME in possible and JobAction.PAUSE not in possible
        self._buttons[JobAction.PAUSE].setVisible(not is_resumable)
        self._buttons[JobAction.RESUME].setVisible(is_resumable)

    def _update_details(self) -> None:
        if self._details.isHidden():
            return
        number = self.selected[0] if self.selected else 0
        row, job = self._model.job_row(number), self._model.queue.job(number)
        error = self._model.error_text(number)
        self._what.setText(row.what if row is not None else self.tr("No job is chosen."))
        self._error.setText(error)
        self._error.setVisible(bool(error))
        text = self._model.log_text(number)
        if text != self._log.toPlainText():
            bar = self._log.verticalScrollBar()
            was_at_end = bar.value() == bar.maximum()
            self._log.setPlainText(text)
            if was_at_end:
                bar.setValue(bar.maximum())
        self._receipt.show_receipt(job.receipt if job is not None else None)

    # What happens.

    def _on_action(self, action: JobAction, _checked: bool = False) -> None:
        self.run(action)

    def _on_selection_changed(self) -> None:
        self._update_actions()
        self._update_details()

    def _on_job_changed(self, number: int) -> None:
        if number in self.selected:
            self._update_actions()
            self._update_details()
        row = self._model.job_row(number)
        moves = row is not None and row.has_bar and row.fraction is None and is_animated()
        if moves and not self._animation.isActive() and self.isVisible():
            self._animation.start()

    def _on_animation(self) -> None:
        rows = [self._model.job_row(job.number) for job in self._model.queue.jobs if job.state.is_active]
        if not self.isVisible() or not any(row and row.has_bar and row.fraction is None for row in rows):
            self._animation.stop()
        for row in rows:
            if row is not None:
                self.list.update(self._model.index(self._model.row_of(row.number)))

    def _on_rows_inserted(self) -> None:
        self._update_all()
        if not self.selected:
            last = self._model.index(self._model.rowCount() - 1)
            self.list.selectionModel().setCurrentIndex(last, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _on_details_toggled(self, shown: bool) -> None:
        self._details.setVisible(shown)
        self._update_details()
        if shown and self.selected:
            job = self._model.queue.job(self.selected[0])
            is_done = job is not None and job.state is JobState.DONE
            self._tabs.setCurrentWidget(self._receipt if is_done else self._log)

    def _on_when_done_chosen(self, place: int) -> None:
        self._model.set_when_done(WhenDone(self._when_done.itemData(place)))

    def _on_menu_wanted(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        possible = self._model.possible(self.selected)
        groups = (
            (JobAction.PAUSE, JobAction.RESUME, JobAction.CANCEL, JobAction.RETRY, JobAction.START_OVER),
            (JobAction.PLAY, JobAction.REVEAL, JobAction.RECEIPT),
            (JobAction.UP, JobAction.DOWN),
            (JobAction.REMOVE,),
        )
        for group in groups:
            menu.addSeparator()
            for name in group:
                if name in possible:
                    menu.addAction(self._actions[name])
        menu.addSeparator()
        clear = menu.addAction(icon("clear"), self.tr("Remove what is done"))
        clear.triggered.connect(self._model.clear_ended)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _confirm(self, action: JobAction, numbers: list[int]) -> bool:
        job = self._model.queue.job(numbers[0])
        name = job.settings.output.name if job is not None and len(numbers) == 1 else ""
        is_removal = action is JobAction.REMOVE
        if is_removal:
            question = (
                self.tr("Remove '{name}' from the queue?").format(name=name)
                if name
                else self.tr("Remove %n job(s) from the queue?", "", len(numbers))
            )
        else:
            question = self.tr("Start from the first frame?")
        box = QMessageBox(QMessageBox.Icon.Question, self.tr("Queue"), question, parent=self)
        box.setInformativeText(self.tr("What was rendered so far is thrown away."))
        text = self.tr("Remove") if is_removal else self.tr("Start over")
        do_it = box.addButton(text, QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.exec()
        return box.clickedButton() is do_it

    # Qt's own names.

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Log and receipt stand under the list where the panel is narrow."""
        super().resizeEvent(event)
        is_narrow = event.size().width() < NARROW_PX
        wanted = Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal
        if self._splitter.orientation() is not wanted:
            self._splitter.setOrientation(wanted)
