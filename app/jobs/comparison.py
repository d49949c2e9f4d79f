"""Writing the comparison itself to a file, in the background: progress, cancel, a sentence when it fails."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs.worker import Mailbox, Worker, error_words
from flavr_core.comparison.settings import ComparisonSettings
from flavr_core.errors import CancelledError
from flavr_core.progress import CancelToken

_POLL_MS = 100


class ComparisonExport(QObject):
    """One comparison at a time. Everything is called from the window's thread."""

    progressed = Signal(object)
    """The newest Progress, ten times a second."""
    noted = Signal(str)
    """Something the user should know: tone mapping, sound left out."""
    finished = Signal(object)
    """The ComparisonReport of the file, which has its name now."""
    failed = Signal(str, str)
    """What went wrong, and what can be done about it."""
    cancelled = Signal()
    """It was stopped; nothing is left of it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: Worker[object] | None = None
        self._mailbox = Mailbox()
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._on_look)

    @property
    def is_running(self) -> bool:
        """Whether one is being written."""
        return self._worker is not None

    def start(self, settings: ComparisonSettings) -> None:
        """Begin; `finished`, `failed` or `cancelled` follows.

        Raises:
            RuntimeError: while another one is being written.
        """
        if self._worker is not None:
            raise RuntimeError("a comparison is being written already")
        token, mailbox = CancelToken(), Mailbox()

        def work() -> object:
            from flavr_core.comparison.render import render_comparison

            return render_comparison(settings, mailbox, token)

        self._mailbox = mailbox
        self._worker = Worker(work, token, name="flavr-comparison")
        self._worker.finished.connect(self._on_finished)
        self._worker.start()
        self._timer.start()

    def cancel(self) -> None:
        """Stop it within about a second."""
        if self._worker is not None:
            self._worker.cancel()

    def close(self) -> None:
        """Stop it and wait; nothing is said any more."""
        self._timer.stop()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.finished.disconnect(self._on_finished)
            worker.close()

    def _on_look(self) -> None:
        for text in self._mailbox.take_notes():
            self.noted.emit(text)
        if self._mailbox.latest is not None:
            self.progressed.emit(self._mailbox.latest)

    def _on_finished(self) -> None:
        worker, self._worker = self._worker, None
        self._timer.stop()
        if worker is None:
            return
        self._on_look()
        if worker.error is None:
            self.finished.emit(worker.answer)
        elif isinstance(worker.error, CancelledError):
            self.cancelled.emit()
        else:
            self.failed.emit(*error_words(worker.error))
