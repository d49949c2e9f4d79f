"""What a conversion will be, in words, before it begins."""

from __future__ import annotations

from typing import Any

from flavr_core.model.catalog import read_catalog
from flavr_core.pipeline import Job, find_quicker
from flavr_core.timing import format_rate, format_time


def plan_lines(job: Job) -> list[str]:
    """The plan in words."""
    info, plan = job.info, job.plan
    rate = f"{format_rate(plan.rate)} fps" if plan.rate else "variable rate"
    error_ms = float(plan.largest_timing_error) * 1000
    lines = [
        f"source   {info.path}: {len(info.times)} frames, {info.width}x{info.height}, {info.format}, "
        f"{'variable rate, about ' if info.is_vfr else ''}{format_rate(info.rate)} fps, "
        f"{format_time(info.times.duration)}",
        f"output   {job.settings.output}: {len(plan)} frames, {rate}, {format_time(plan.duration)}",
        f"network  {job.engine.describe()}",
        f"timing   largest error {error_ms:.2f} ms; {_places(job)}",
        f"storage  {job.encoding.describe()}, about {job.encoding.projected_bytes / 1e6:.1f} MB",
        f"segments {len(job.segments)}",
    ]
    purpose = purpose_words(job.settings.engine.model)
    if purpose:
        lines.append(f"purpose  {purpose}")
    if job.foreseen_s is not None:
        lines.append(f"time     {foreseen_words(job)}")
    lines += [f"stream   {words}" for words in job.encoding.stream_words()]
    return lines + [f"note     {note}" for note in job.notes]


def _places(job: Job) -> str:
    """How the network comes to the places asked for, in words."""
    network = job.engine.network
    if network.positions is None:
        return "any place is drawn"
    parts = len(network.positions) + 1
    if len(getattr(network, "trial_positions", network.positions)) < len(network.positions):
        return f"the middle is drawn, other places by halving, down to 1/{parts}"
    return f"a fixed grid of 1/{parts} is sampled"


def plan_facts(job: Job) -> dict[str, Any]:
    """The plan as plain values."""
    plan = job.plan
    return {
        "source_frames": len(job.info.times),
        "frames": len(plan),
        "rate": str(plan.rate) if plan.rate else None,
        "duration": str(plan.duration),
        "largest_timing_error": str(plan.largest_timing_error),
        "network": job.engine.describe(),
        "storage": job.encoding.describe(),
        "projected_bytes": job.encoding.projected_bytes,
        "segments": len(job.segments),
        "foreseen_s": job.foreseen_s,
        "streams": job.encoding.stream_words(),
        "notes": list(job.notes),
    }


def foreseen_words(job: Job) -> str:
    """How long it takes here, and by a quicker network where it takes long; empty where that is not known."""
    if job.foreseen_s is None:
        return ""
    words = f"about {rough_time(job.foreseen_s)} here"
    quicker = find_quicker(job)
    if quicker is None:
        return words
    return f"{words}; --model {quicker.model} takes about {rough_time(quicker.seconds)}"


def purpose_words(model: str) -> str:
    """What a network that comes along is for where another is the default; empty for others and for files."""
    catalog = read_catalog()
    for entry in catalog.entries:
        card = entry.card
        if card.name.casefold() == model.casefold() and card.name != catalog.default and card.weaknesses:
            return f"{card.name}: {card.purpose}. `models show {card.name}` says what it is weak at."
    return ""


def rough_time(seconds: float) -> str:
    """A time that is foreseen, no finer than it can be: `20 s`, `14 min`, `2 h 10 min`."""
    if seconds < 55:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(round(seconds / 600) * 10, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
