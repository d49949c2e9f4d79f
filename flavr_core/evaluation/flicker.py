"""Whether made frames are as sharp and as bright as their neighbours: where not, a slow pan flickers."""

from __future__ import annotations

from dataclasses import replace

from flavr_core.evaluation.report import STEADY, Report

LIMIT_PERCENT = 3.0
"""Larger differences from the neighbours can be seen as flicker."""


def judged(report: Report) -> Report:
    """The report with a note for each group, on its extremes and whether they stay within the limit."""
    return replace(report, notes=(*report.notes, *(_note(report, group) for group in report.groups)))


def _note(report: Report, group: str) -> str:
    words, is_steady = [], True
    for metric in STEADY:
        values = [score.values[metric] for score in report.scores if score.group == group]
        words.append(f"{metric} {min(values):.2f} to {max(values):.2f} %")
        is_steady &= max(abs(value - 100) for value in values) <= LIMIT_PERCENT
    verdict = "within" if is_steady else "NOT within"
    name = f"{group}: " if len(report.groups) > 1 else ""
    return f"{name}{', '.join(words)} of the filmed neighbours': {verdict} {LIMIT_PERCENT:g} %"
