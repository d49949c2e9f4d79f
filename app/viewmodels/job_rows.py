"""What the queue's list shows of one job, in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.jobs.queue_store import JobState, QueuedJob
from app.viewmodels.amounts import decimal, size_words
from app.viewmodels.durations import duration_words
from app.viewmodels.networks import in_words
from app.viewmodels.plain_words import plain_words
from flavr_core.errors import FlavrError
from flavr_core.media.containers import CODEC_TITLES, CONTAINERS
from flavr_core.model.catalog import find, user_dir
from flavr_core.settings import ConvertSettings
from flavr_core.timing import format_rate

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """What the list shows of one job."""

    number: int
    """The job."""
    state: JobState
    """Where it is."""
    title: str
    """Name of the output."""
    what: str
    """What becomes of what: source, rate, network, format."""
    state_text: str
    """Where it is, in a word or two."""
    detail: str
    """How far it is, why it failed, or what came out; one line."""
    fraction: float | None
    """Length of the bar, 0 to 1; None for a bar without an end, where the end is unknown."""
    has_bar: bool
    """Whether a bar is shown."""

    @property
    def spoken(self) -> str:
        """All of it, for screen readers."""
        return ", ".join(text for text in (self.title, self.state_text, self.detail, self.what) if text)


def job_row(job: QueuedJob, *, is_held: bool) -> JobRow:
    """What the list shows of a job; `is_held` where waiting jobs do not start by themselves."""
    is_cut_off = job.state is JobState.INTERRUPTED
    is_open_ended = job.state is JobState.PREPARING or (
        job.state is JobState.RUNNING and job.stage == "verify"
    )
    return JobRow(
        number=job.number,
        state=job.state,
        title=job.settings.output.name,
        what=what_becomes(job.settings),
        state_text=_state_text(job),
        detail=_detail(job, is_held=is_held),
        fraction=None if is_open_ended else kept_fraction(job) if is_cut_off else job.fraction,
        has_bar=job.state.is_active or (is_cut_off and job.kept > 0),
    )


def kept_fraction(job: QueuedJob) -> float:
    """Part of the output that a job can go on from, 0 to 1."""
    return job.kept / job.frames if job.frames else 0.0


def kept_text(job: QueuedJob) -> str:
    """`312 of 480 frames are there`; empty where nothing is."""
    if not job.kept:
        return ""
    return translate("QueueModel", "{kept} of %n frames are there", "", job.frames).format(kept=job.kept)


def error_text(job: QueuedJob) -> str:
    """Why a job failed and what can be done, one problem a line; empty where it did not."""
    return plain_words("\n".join(text for text in (job.error, job.hint) if text))


def what_becomes(settings: ConvertSettings) -> str:
    """Source, rate, network and format of a conversion, in one line."""
    timing, export = settings.timing, settings.export
    words = [settings.source.name]
    rate = str(timing.rate)
    if timing.slow != 1:
        rate += ", " + translate("QueueModel", "{factor}x slower").format(factor=format_rate(timing.slow))
    if timing.start is not None or timing.stop is not None:
        rate += ", " + translate("QueueModel", "a part")
    words.append(rate)
    words.append(_network_title(settings.engine.model))
    container = CONTAINERS.get(export.container)
    codec = CODEC_TITLES.get(export.codec, export.codec)
    stored = container.title if container is not None else export.container
    words.append(stored if codec.lower() == stored.lower() else f"{stored} {codec}")
    return "  ·  ".join(words)


def _state_text(job: QueuedJob) -> str:
    if job.state is JobState.RUNNING:
        return translate("QueueModel", "{percent} %").format(percent=int(job.fraction * 100))
    return {
        JobState.WAITING: translate("QueueModel", "Waiting"),
        JobState.PREPARING: translate("QueueModel", "Preparing"),
        JobState.PAUSED: translate("QueueModel", "Paused"),
        JobState.DONE: translate("QueueModel", "Done"),
        JobState.FAILED: translate("QueueModel", "Failed"),
        JobState.CANCELLED: translate("QueueModel", "Cancelled"),
        JobState.INTERRUPTED: translate("QueueModel", "Interrupted"),
    }[job.state]


def _detail(job: QueuedJob, *, is_held: bool) -> str:
    if job.state is JobState.RUNNING:
        return _running_detail(job)
    if job.state is JobState.DONE:
        return _done_detail(job)
    if job.state is JobState.FAILED:
        return " ".join(error_text(job).split())
    if job.state is JobState.PREPARING:
        return translate("QueueModel", "Checking the clip and loading the network")
    if job.state is JobState.PAUSED:
        return translate("QueueModel", "Held at frame {done} of {total}").format(
            done=job.done, total=job.total
        )
    if job.state is JobState.INTERRUPTED:
        return kept_text(job) or translate("QueueModel", "Nothing of it was kept; it begins anew")
    if job.state is JobState.CANCELLED:
        return kept_text(job)
    if job.state is JobState.WAITING and is_held:
        return translate("QueueModel", "Waits for the queue to be started")
    return ""


def _running_detail(job: QueuedJob) -> str:
    stages = {
        "analyse": translate("QueueModel", "Looking for repeated frames, {done} of {total}"),
        "convert": translate("QueueModel", "Frame {done} of {total}"),
        "assemble": translate("QueueModel", "Putting the file together"),
        "verify": translate("QueueModel", "Reading the result back"),
    }
    words = [stages[job.stage].format(done=job.done, total=job.total)]
    if job.rate:
        words.append(translate("QueueModel", "{rate} frames/s").format(rate=decimal(job.rate)))
    if job.remaining_s is not None and job.stage == "convert":
        words.append(translate("QueueModel", "{time} left").format(time=duration_words(job.remaining_s)))
    return "  ·  ".join(words)


def _done_detail(job: QueuedJob) -> str:
    receipt = job.receipt
    if receipt is None:
        return translate("QueueModel", "Finished and verified just before the program ended")
    words = [
        size_words(receipt.output_bytes),
        translate("QueueModel", "%n frames", "", receipt.stored_frames or receipt.frames),
        translate("QueueModel", "verified"),
        translate("QueueModel", "took {time}").format(time=duration_words(receipt.elapsed_s)),
    ]
    return "  ·  ".join(words)


def _network_title(model: str) -> str:
    """A network's title; the list asks at every painting, so files are read only when some came or went."""
    try:
        changed_ns = user_dir().stat().st_mtime_ns
    except OSError:
        changed_ns = 0
    return _title_then(model, changed_ns)


@lru_cache(maxsize=64)
def _title_then(model: str, _changed_ns: int) -> str:
    try:
        entry = find(model)
    except FlavrError:
        entry = None
    return in_words(entry.card, "title") if entry is not None else Path(model).name
