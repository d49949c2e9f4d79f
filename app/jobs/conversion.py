"""One job of the queue from start to end, in a background thread; nothing else here runs the pipeline."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from app.jobs.queue_store import Receipt
from app.jobs.reuse import DrawnFrames
from flavr_core.progress import CancelToken, Reporter
from flavr_core.settings import ConvertSettings

if TYPE_CHECKING:
    from flavr_core.pipeline import JobReport


class Start(StrEnum):
    """How a job deals with what an earlier attempt left."""

    FRESH = "fresh"
    """Nothing is expected; an unfinished render in the way is an error."""
    GO_ON = "go on"
    """Go on with an unfinished render where there is one."""
    ANEW = "anew"
    """Throw an unfinished render away."""


def convert(
    settings: ConvertSettings,
    start: Start,
    reporter: Reporter,
    token: CancelToken,
    drawn: DrawnFrames | None = None,
) -> Receipt | None:
    """Prepare, render, verify; called in a background thread, or in a process apart.

    What was `drawn` already is not drawn again.

    Returns:
        The receipt; None where an earlier attempt was killed just after its verified result got its name.

    Raises:
        FlavrError: what `prepare` and `run_job` raise.
    """
    from flavr_core.pipeline import clear_published, prepare, run_job, unfinished_render

    if start is Start.GO_ON:
        if clear_published(settings.output):
            return None
        settings = replace(settings, resume=unfinished_render(settings.output) is not None)
    elif start is Start.ANEW:
        discard_unfinished(settings.output)
    job = prepare(settings, reporter=reporter, token=token)
    if drawn is not None and drawn.fits(job):
        job = replace(job, drawn=drawn)
    try:
        token.check()
        return receipt_of(run_job(job, reporter, token), reused=drawn.taken if drawn is not None else 0)
    finally:
        if not token.cancelled:  # else a pass may still be running in it
            job.engine.close()


def discard_unfinished(output: Path) -> None:
    """Remove the unfinished render of an output, unless another program is at work on it.

    Raises:
        OutputError: when another program is.
    """
    import shutil

    from flavr_core.pipeline.journal import check_not_owned, is_ours, work_folder

    folder = work_folder(output)
    if folder.exists() and is_ours(folder):
        check_not_owned(folder)
        shutil.rmtree(folder, ignore_errors=True)


def receipt_of(report: JobReport, *, reused: int) -> Receipt:
    """The receipt of a finished job, without what only the engine knows."""
    known = {field.name for field in fields(Receipt)}
    values = {name: value for name, value in asdict(report).items() if name in known}
    return Receipt(**values, reused_frames=reused, verified=report.verification.summary())
