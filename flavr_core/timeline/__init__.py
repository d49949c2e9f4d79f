"""Time: when each output frame is shown, where cuts and repeated frames are, which frames a network sees."""

from flavr_core.timeline.cuts import (
    CutOverrides,
    GapOverrides,
    read_cuts_file,
    resolve_overrides,
    resolve_repeats,
    write_cuts_file,
)
from flavr_core.timeline.duplicates import drop_duplicates, find_duplicates
from flavr_core.timeline.plan import plan_output
from flavr_core.timeline.scenes import CutDetector, find_cuts
from flavr_core.timeline.windows import iter_windows, needed_frames
from flavr_core.timeline.workload import Workload, count_work

__all__ = [
    "CutDetector",
    "CutOverrides",
    "GapOverrides",
    "Workload",
    "count_work",
    "drop_duplicates",
    "find_cuts",
    "find_duplicates",
    "iter_windows",
    "needed_frames",
    "plan_output",
    "read_cuts_file",
    "resolve_overrides",
    "resolve_repeats",
    "write_cuts_file",
]
