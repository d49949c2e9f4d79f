"""What a conversion will give, planned and measured in the background: the newest question wins."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.jobs.background import BackgroundCalls, Call, after
from app.jobs.estimates import Estimates, Forecast
from app.jobs.outlook import Outlook, look_ahead
from flavr_core.clip import ClipInfo
from flavr_core.settings import ConvertSettings
from flavr_core.timeline import CutOverrides

PLAN_AFTER_MS = 120
"""Rest after the last change before the result is planned."""
MEASURE_AFTER_MS = 1200
"""Rest after planning before the speed is measured."""


class Prospect(QObject):
    """Plans a conversion after a short rest, and measures its speed after a longer one."""

    wanted = Signal()
    """The rest is over: `plan` should be called now."""
    changed = Signal()
    """More or something else is known."""
    failed = Signal(str)
    """Why planning broke off; a fault of the program."""

    def __init__(self, estimates: Estimates, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._estimates = estimates
        self._outlook: Outlook | None = None
        self._is_planned = False
        self._call: Call | None = None
        self._calls = BackgroundCalls(self, name="outlook")
        self._rest = after(PLAN_AFTER_MS, self.wanted.emit, self)
        self._longer_rest = after(MEASURE_AFTER_MS, self._measure, self)
        estimates.changed.connect(self._on_estimates_changed)

    def close(self) -> None:
        """Stop planning and measuring."""
        self._rest.stop()
        self._longer_rest.stop()
        self._calls.close()

    @property
    def outlook(self) -> Outlook | None:
        """As last planned; None before, or when forgotten."""
        return self._outlook

    @property
    def is_planned(self) -> bool:
        """Whether `outlook` is of what is asked now."""
        return self._is_planned

    @property
    def is_held(self) -> bool:
        """Whether measuring waits for the machine."""
        return self._estimates.is_held

    @property
    def forecast(self) -> Forecast:
        """What is known of the time it takes."""
        if self._outlook is None:
            return Forecast()
        found = self._estimates.forecast(self._outlook)
        will_measure = self._longer_rest.isActive() and not self._estimates.is_held
        return replace(found, is_measuring=True) if will_measure and found.seconds is None else found

    def forget(self) -> None:
        """What was known is of something else."""
        self._outlook = None

    def restart(self) -> None:
        """Something changed: plan anew after a rest."""
        self._is_planned = False
        self._longer_rest.stop()
        self._estimates.forget_question()
        if self._call is not None:
            self._call.cancel()
        self._rest.start()
        self.changed.emit()

    def plan(self, info: ClipInfo, settings: ConvertSettings, cuts: CutOverrides) -> None:
        """Plan a conversion in the background; `changed` follows."""
        self._call = self._calls.submit(
            lambda token: look_ahead(info, settings, cuts, token=token),
            on_done=self._on_planned,
            on_error=self._on_not_planned,
        )

    def _on_planned(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._is_planned = True
        if self._can_measure():
            self._longer_rest.start()
        self.changed.emit()

    def _on_not_planned(self, error: Exception) -> None:
        self._is_planned = True
        self._outlook = None
        self.failed.emit(str(error) or type(error).__name__)

    def _on_estimates_changed(self) -> None:
        known = self.forecast
        is_open = known.seconds is None and known.problem is None and not known.is_measuring
        if is_open and self._can_measure() and not self._estimates.is_held:
            self._longer_rest.start()  # the machine is free again
        self.changed.emit()

    def _can_measure(self) -> bool:
        return self._is_planned and self._outlook is not None and not self._outlook.problems

    def _measure(self) -> None:
        if self._outlook is not None and self._is_planned:
            self._estimates.measure(self._outlook)
