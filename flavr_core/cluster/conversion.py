"""A conversion on a cluster, from settings to a verified result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flavr_core.cluster.driver import ClusterRendering, Team
from flavr_core.cluster.messages import Ready
from flavr_core.cluster.ticket import Ticket, mark_of
from flavr_core.cluster.workers import Workers
from flavr_core.pipeline.job import Elsewhere, Job, prepare
from flavr_core.pipeline.report import JobReport
from flavr_core.pipeline.run import run_job
from flavr_core.pipeline.segment_places import place_segments
from flavr_core.progress import CancelToken, Reporter
from flavr_core.settings import ConvertSettings, EngineSettings, Precision


def prepare_planning(settings: ConvertSettings, reporter: Reporter, token: CancelToken) -> Job:
    """Check and plan a job that others will draw; there need be no GPU here. Raises as `prepare`."""
    planning = replace(settings.engine, device="cpu", precision=Precision.FP32, max_memory_bytes=None)
    return prepare(replace(settings, engine=planning), reporter=reporter, token=token)


def run_on_cluster(
    job: Job,
    engine: EngineSettings,
    connect: Callable[[], Workers],
    reporter: Reporter,
    token: CancelToken,
) -> JobReport:
    """Convert on a cluster. The result is, byte for byte, what one machine of the cluster makes alone.

    Args:
        job: from `prepare_planning`.
        engine: what each worker draws with.
        connect: connects to the cluster; what it gives is closed at the end.
        reporter: as for `run_job`.
        token: likewise.

    Raises:
        CancelledError: when stopped.
        FlavrError: what went wrong on the cluster; `--resume` goes on after it.
    """
    workers = connect()
    try:
        for note in workers.notes:
            reporter.note(note)
        team = Team(workers, ticket_of(job, engine, workers), on_note=reporter.note)
        job = drawn_by(job, team.gather(token), count=len(team.members))
        return run_job(job, reporter, token, rendering=ClusterRendering(team, token))
    finally:
        workers.close()


def ticket_of(job: Job, engine: EngineSettings, workers: Workers) -> Ticket:
    """What workers are told. Paths become absolute; a network's name stays one."""
    source = job.settings.source.absolute()
    model = str(Path(engine.model).absolute()) if Path(engine.model).is_file() else engine.model
    return Ticket(
        settings=replace(
            job.settings, source=source, engine=replace(engine, model=model, device=workers.device)
        ),
        info=replace(job.info, path=job.info.path.absolute()),
        plan=job.plan,
        encoding=job.encoding,
        overrides=job.overrides,
        source_mark=mark_of(job.info),
        threads=workers.threads,
    )


def drawn_by(job: Job, ready: Ready, *, count: int) -> Job:
    """The job as the workers draw it: their network's notes, their segments, their identity."""
    planning_notes = set(job.engine.notes)
    notes = (*(note for note in job.notes if note not in planning_notes), *ready.notes)
    on = f" on {count} workers of a cluster" if count > 1 else " on a worker of a cluster"
    return replace(
        job,
        notes=notes,
        segments=place_segments(
            job.plan,
            job.info,
            job.settings.segment_frames or ready.segment_frames,
            overrides=job.overrides,
        ),
        elsewhere=Elsewhere(identity=ready.identity, description=ready.description + on),
    )
