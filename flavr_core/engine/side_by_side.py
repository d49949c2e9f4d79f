"""Several engines that draw the windows of one stream at the same time, each on a device of its own.

Windows are dealt in turn: the first to the first engine, the second to the second, and so on. What they draw
comes back in the order of the windows, however long each takes. Few windows are under way at once, so that
memory stays bounded; the first error ends it, and nothing is being drawn any more when the stream is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from flavr_core.frame import Frame, FrameWindow
from flavr_core.settings import CutMode

if TYPE_CHECKING:
    from flavr_core.engine.engine import Engine

Taken = Callable[[FrameWindow], tuple[Frame, ...] | None]
"""Says what need not be drawn: the frames of a window, or None where it must be drawn."""

WINDOWS_EACH = 2
"""Windows under way for each engine: one that it draws, and the next, so that it never waits."""


def draw_side_by_side(
    engines: Sequence[Engine],
    windows: Iterable[FrameWindow],
    *,
    cut_mode: CutMode,
    taken: Taken | None = None,
) -> Generator[tuple[Frame, ...], None, None]:
    """What `Engine.interpolate` gives for each window, in order.

    Args:
        engines: who draws; each is used by one thread.
        windows: read in the calling thread, at most `WINDOWS_EACH` for each engine before one is given.
        cut_mode: what is shown at cuts.
        taken: called in the calling thread.

    Raises:
        FlavrError: the first of the windows' errors, in order; no window after it is given.
    """
    under_way: deque[Future[tuple[Frame, ...]]] = deque()
    with ExitStack() as stack:
        pools = [stack.enter_context(_pool(engine)) for engine in engines]
        # Undone first: what waits is given up, so that leaving the pools waits for running passes alone.
        stack.callback(lambda: [future.cancel() for future in under_way])
        number = 0
        for window in windows:
            known = taken(window) if taken is not None else None
            if known is not None:
                under_way.append(Future())
                under_way[-1].set_result(known)
            else:
                engine, pool = engines[number % len(engines)], pools[number % len(engines)]
                under_way.append(pool.submit(engine.interpolate, window, cut_mode=cut_mode))
                number += 1
            while len(under_way) >= WINDOWS_EACH * len(engines):
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _pool(engine: Engine) -> ThreadPoolExecutor:
    """One thread, whose kernels go to the engine's own device."""
    return ThreadPoolExecutor(1, thread_name_prefix="flavr-draw", initializer=engine.use_device)
