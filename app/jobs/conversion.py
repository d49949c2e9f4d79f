"""One job of the queue from start to end, in a background thread; nothing else here runs the pipeline."""

from __future__ import annotations

import time
from dataclasses import asdict, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from app.jobs.libraries import in_a_hurry
from app.jobs.queue_store import Receipt
from app.jobs.reuse import DrawnFrames
from flavr_core.errors import OutputError
from flavr_core.progress import CancelToken, Reporter
from flavr_core.settings import ConvertSettings

if TYPE_CHECKING:
    from flavr_core.pipeline import JobReport

_OWNER_S = 3.0
"""How long a process that works for a program that is gone may take to notice."""
_POLL_S = 0.1


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
    from flavr_core.pipeline import clear_published, foresee, prepare, run_job, unfinished_render

    if start is Start.GO_ON:
        _wait_for_owner(settings.output, token)
        if clear_published(settings.output):
            return None
        settings = replace(settings, resume=unfinished_render(settings.output) is not None)
    elif start is Start.ANEW:
        discard_unfinished(settings.output)
    job = foresee(prepare(settings, reporter=reporter, token=token))
    if drawn is not None and drawn.fits(job):
        job = replace(job, drawn=drawn)
    try:
        token.check()
        return receipt_of(run_job(job, reporter, token), reused=drawn.taken if drawn is not None else 0)
    finally:
        if not token.cancelled:  # else a pass may still be running in it
            job.engine.close()


def _wait_for_owner(output: Path, token: CancelToken) -> None:
    """Let the process of an attempt that was cut off come to its end: it has just been told to."""
    from flavr_core.pipeline.journal import check_not_owned, work_folder

    give_up_s = time.monotonic() + _OWNER_S
    while time.monotonic() < give_up_s:
        token.check()
        try:
            check_not_owned(work_folder(output))
        except OutputError:
            time.sleep(_POLL_S)
        else:
            return


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


def kept_by(output: Path) -> tuple[int, int] | None:
    """Output frames in the closed segments of an unfinished render, and all of them; None without one."""
    with in_a_hurry():
        from flavr_core.pipeline import kept_frames

    return kept_frames(output)


def discard_empty(output: Path) -> None:
    """Remove the unfinished render of an output where nothing of it can be gone on from."""
    from flavr_core.pipeline.journal import is_begun, work_folder

    kept = kept_by(output)
    if not is_begun(work_folder(output)) or (kept is not None and not kept[0]):
        discard_unfinished(output)


def receipt_of(report: JobReport, *, reused: int) -> Receipt:
    """The receipt of a finished job, without what only the engine knows."""
    known = {field.name for field in fields(Receipt)}
    values = {name: value for name, value in asdict(report).items() if name in known}
    return Receipt(**values, reused_frames=reused, verified=report.verification.summary())
