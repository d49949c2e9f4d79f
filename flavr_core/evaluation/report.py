"""What an evaluation found, as numbers and as tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import fmean

from flavr_core.evaluation.metrics import PROTOCOLS

STEADY = ("sharpness", "brightness")
"""Metrics in percent."""
MEAN = "mean"
"""Name of the row that holds the mean over the groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One drawn picture against the filmed one."""

    group: str
    """The clip, or the set."""
    sample: str
    """Which sample of the group."""
    position: Fraction
    """Place in the gap."""
    values: dict[str, float]
    """Each metric's number, by its name in `metrics.PROTOCOLS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One network's results."""

    network: str
    """Its name."""
    parameters: int
    """Numbers it learnt."""
    scores: tuple[Score, ...]
    """Every picture drawn."""
    seconds_per_frame: float
    """Mean time to draw one picture once the first sample is done (it warms up), conversion left out."""
    notes: tuple[str, ...] = field(default=())
    """What a reader of the numbers should know."""
    protocol: str = ""
    """Where the samples come from, in words."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Metrics that were asked for and could not be had, with the reason in words."""
    beside: tuple[str, ...] = ()
    """What was not measured here: others' figures, networks without weights."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups in the order they were met."""
        return tuple(dict.fromkeys(score.group for score in self.scores))

    def mean(self, metric: str, group: str | None = None) -> float:
        """Mean over a group's pictures; without a group the mean of the groups' means."""
        if group is None:
            return fmean(self.mean(metric, name) for name in self.groups)
        return fmean(score.values[metric] for score in self.scores if score.group == group)


def as_rows(reports: Sequence[Report]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of one table: a row for each group and network, then the means.

    Columns: clip, frames, network, each metric, seconds a frame (in the rows of means), parameters.
    """
    metrics = _metrics(reports)
    header = ["clip", "frames", "network", *metrics, "s/frame", "parameters"]
    rows: list[list[str]] = []
    for group in (*reports[0].groups, None):
        for report in reports:
            count = sum(score.group == group or group is None for score in report.scores)
            numbers = [_number(report.mean(metric, group), metric) for metric in metrics]
            tail = ["", ""] if group else [f"{report.seconds_per_frame:.3f}", str(report.parameters)]
            rows.append([group or MEAN, str(count), report.network, *numbers, *tail])
    return header, rows


def as_text(reports: Sequence[Report]) -> str:
    """The table in aligned columns, then the protocol of each metric and the notes."""
    header, rows = as_rows(reports)
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if column in (0, 2) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, "", *_footnotes(reports)]) + "\n"


def as_markdown(reports: Sequence[Report]) -> str:
    """The same as a Markdown table."""
    header, rows = as_rows(reports)
    rule = ["---" if column in (0, 2) else "---:" for column in range(len(header))]
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in (header, rule, *rows))
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    return "\n".join([*lines, "", *(f"* {note}" for note in _footnotes(reports))]) + "\n"


def as_csv(reports: Sequence[Report]) -> str:
    """Every single score as comma-separated values, for other programs."""
    metrics = _metrics(reports)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clip", "sample", "position", "network", *metrics])
    for report in reports:
        for score in report.scores:
            values = [f"{score.values[metric]:.6f}" for metric in metrics]
            writer.writerow([score.group, score.sample, str(score.position), report.network, *values])
    return text.getvalue()


def as_json(reports: Sequence[Report]) -> str:
    """Means, single scores, protocols and notes as JSON."""
    metrics = _metrics(reports)
    return (
        json.dumps(
            {
                "data": reports[0].protocol,
                "protocols": {metric: PROTOCOLS[metric] for metric in metrics},
                "not_measured": dict(reports[0].missing),
                "beside": list(reports[0].beside),
                "networks": [_report_record(report, metrics) for report in reports],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def _report_record(report: Report, metrics: Sequence[str]) -> dict[str, object]:
    return {
        "network": report.network,
        "parameters": report.parameters,
        "seconds_per_frame": report.seconds_per_frame,
        "mean": {metric: report.mean(metric) for metric in metrics},
        "clips": {
            group: {metric: report.mean(metric, group) for metric in metrics} for group in report.groups
        },
        "notes": list(report.notes),
        "scores": [
            {"clip": score.group, "sample": score.sample, "position": str(score.position), **score.values}
            for score in report.scores
        ],
    }


def _metrics(reports: Sequence[Report]) -> list[str]:
    return list(reports[0].scores[0].values)


def _number(value: float, metric: str) -> str:
    return f"{value:.2f}" if metric.startswith(("psnr", "vmaf", *STEADY)) else f"{value:.4f}"


def _footnotes(reports: Sequence[Report]) -> list[str]:
    data = [f"data: {reports[0].protocol}."] if reports[0].protocol else []
    protocols = [f"{metric}: {PROTOCOLS[metric]}." for metric in _metrics(reports)]
    missing = [f"{metric}: not measured, {reason}." for metric, reason in reports[0].missing.items()]
    mean = "the mean of the clips' means" if len(reports[0].groups) > 1 else "the mean over the pictures"
    notes = [f"{report.network}: {note.rstrip('.')}." for report in reports for note in report.notes]
    beside = [f"{words}." for words in reports[0].beside]
    return [*data, *protocols, *missing, f"{MEAN}: {mean}.", *notes, *beside]
