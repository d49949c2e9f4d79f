"""One conversion from start to end: checked, run in threads, journalled, verified."""

from flavr_core.pipeline.foresight import find_quicker, foresee
from flavr_core.pipeline.job import Job, prepare
from flavr_core.pipeline.journal import clear_published, kept_frames, unfinished_render
from flavr_core.pipeline.report import JobReport
from flavr_core.pipeline.run import run_job

__all__ = [
    "Job",
    "JobReport",
    "clear_published",
    "find_quicker",
    "foresee",
    "kept_frames",
    "prepare",
    "run_job",
    "unfinished_render",
]
