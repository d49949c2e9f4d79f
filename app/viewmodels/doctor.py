"""What this computer has and lacks, looked at in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.jobs.background import BackgroundCalls
from app.jobs.libraries import in_a_hurry
from flavr_core.doctor import Finding, State, examine
from flavr_core.progress import CancelToken


class DoctorModel(QObject):
    """The findings, once they are there."""

    changed = Signal()
    """Findings came, or looking began."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = BackgroundCalls(self, name="doctor")
        self.findings: tuple[Finding, ...] = ()
        """What was found; empty while it is looked at."""
        self.problem = ""
        """Why nothing was found; empty usually."""
        self.is_looking = False
        """Whether it is being looked at."""

    def look(self) -> None:
        """Look at everything again; takes some seconds."""
        self.findings, self.problem, self.is_looking = (), "", True
        self.changed.emit()
        self._calls.submit(_examine, on_done=self._on_found, on_error=self._on_error)

    def summary(self) -> str:
        """How it stands, one sentence."""
        if self.is_looking:
            return self.tr("Looking at this computer...")
        if self.problem:
            return self.problem
        problems = sum(finding.state is State.PROBLEM for finding in self.findings)
        notes = sum(finding.state is State.NOTE for finding in self.findings)
        if problems:
            return self.tr("%n problems keep clips from being converted.", "", problems)
        if notes:
            return self.tr("Everything works; %n things could be better.", "", notes)
        return self.tr("Everything works.")

    def as_text(self) -> str:
        """All findings, to be pasted into a report."""
        lines = []
        for finding in self.findings:
            lines.append(f"{finding.state:8} {finding.topic}: {finding.value}")
            lines += [f"         {line}" for line in (finding.advice, *finding.details) if line]
        return "\n".join(lines)

    def close(self) -> None:
        """Wait for the end of looking. May be called twice."""
        self._calls.close()

    def _on_found(self, findings: tuple[Finding, ...]) -> None:
        self.findings, self.is_looking = findings, False
        self.changed.emit()

    def _on_error(self, error: Exception) -> None:
        self.problem, self.is_looking = str(error) or type(error).__name__, False
        self.changed.emit()


def _examine(_token: CancelToken) -> tuple[Finding, ...]:
    with in_a_hurry():  # torch is loaded for it, also while something plays
        return examine()
