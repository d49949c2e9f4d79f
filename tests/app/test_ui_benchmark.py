"""How stalls are counted."""

from __future__ import annotations

import pytest

from app.application.ui_benchmark import LIMITS_MS, stalls_of


def test_a_loop_that_is_in_time_has_no_stalls() -> None:
    stalls = stalls_of([0.004 * n for n in range(101)], probe_s=0.004)
    assert stalls.probes == 100
    assert stalls.longest_ms == pytest.approx(0, abs=1e-6)
    assert stalls.is_within


def test_probes_that_a_stall_swallowed_count_with_what_they_would_have_waited() -> None:
    ticks = [0.0, 0.004, 0.044, 0.048]
    stalls = stalls_of(ticks, probe_s=0.004)
    assert stalls.longest_ms == pytest.approx(36)
    assert stalls.probes == 3 + 9
    waits = sorted([0, 0, *range(0, 37, 4)])
    assert stalls.median_ms == pytest.approx(waits[5], abs=1e-6)


def test_one_long_stall_breaks_the_limit() -> None:
    quiet = [0.004 * n for n in range(100_000)]
    stalls = stalls_of([*quiet, quiet[-1] + 0.3], probe_s=0.004)
    assert stalls.p99_ms < LIMITS_MS[0]
    assert not stalls.is_within
