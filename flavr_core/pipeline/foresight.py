"""How long a job will take on this machine, and whether a quicker network is worth a word."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flavr_core.engine import Engine, create_engine
from flavr_core.engine.foresight import foreseen_gap_s
from flavr_core.model.catalog import LONG_S, QUICK, is_quick_worth_a_word
from flavr_core.pipeline.job import Job
from flavr_core.pipeline.segment_length import store_s
from flavr_core.plan import OutputPlan
from flavr_core.settings import EngineSettings
from flavr_core.timeline import count_work


@dataclass(frozen=True, slots=True, kw_only=True)
class Quicker:
    """A network that would be done sooner."""

    model: str
    """Its name in the catalogue."""
    seconds: float
    """Time for the same job."""


def foresee(job: Job) -> Job:
    """The job with the time it will take here; as it is on a GPU, and where frames come at once."""
    return job if job.engine.draws_planes else replace(job, foreseen_s=foreseen_s(job.engine, job.plan))


def foreseen_s(engine: Engine, plan: OutputPlan) -> float | None:
    """Seconds for rendering a whole output; None where they cannot be told, as on a GPU."""
    work = count_work(plan)
    gap_s = foreseen_gap_s(engine, work.usual_positions)
    if gap_s is None:
        return None
    return work.gaps * gap_s + len(plan) * store_s(engine)


def find_quicker(job: Job) -> Quicker | None:
    """The built-in quick network where the job is foreseen to take long and that one is much quicker."""
    if job.foreseen_s is None or job.foreseen_s < LONG_S:
        return None
    settings = EngineSettings(model=QUICK, device="cpu")
    with create_engine(settings, width=job.engine.width, height=job.engine.height) as engine:
        seconds = foreseen_s(engine, job.plan)
    if seconds is None or not is_quick_worth_a_word(job.foreseen_s, seconds):
        return None
    return Quicker(model=QUICK, seconds=seconds)
