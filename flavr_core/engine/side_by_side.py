"""One engine or several that draw the windows of one stream while it is read and written, each on a device.

Windows are dealt in turn, one or a group that is drawn together: the first to the first engine, the second to
the second, and so on. An engine's thread brings frames to its device and tells it what to do without waiting
for it: that is left to the thread that reads the stream, which fetches what was drawn. So a GPU always has a
window to go on with. What is drawn comes back in the order of the windows, however long each takes. Few
windows are under way at once, so that memory stays bounded; the first error ends it, and nothing is begun
any more when the stream is over.
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

Finish = Callable[[], list[tuple[Frame, ...]]]
"""Waits for what was begun and gives it."""

GROUPS_EACH = 3
"""Groups of windows under way for each engine: one that it draws, the next, so that it never waits, and one
that is read or fetched."""

Group = list[tuple[FrameWindow, tuple[Frame, ...] | None]]
"""Windows in order, each with its frames where these are known."""


def in_groups(windows: Iterable[FrameWindow], size: int, taken: Taken | None) -> Generator[Group, None, None]:
    """Windows of a stream with what is known of them, `size` that must be drawn together at most."""
    group: Group = []
    for window in windows:
        group.append((window, None if taken is None else taken(window)))
        unknown = sum(known is None for _, known in group)
        if unknown in (0, size) or len(group) >= 2 * size:
            yield group
            group = []
    if group:
        yield group


def begin_group(engine: Engine, group: Group, cut_mode: CutMode) -> Finish:
    """Begin what `Engine.interpolate` gives for each window of a group."""
    wait = engine.begin([window for window, known in group if known is None], cut_mode=cut_mode)

    def finish() -> list[tuple[Frame, ...]]:
        made = iter(wait())
        return [next(made) if known is None else known for _, known in group]

    return finish


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
        windows: read in the calling thread, at most `GROUPS_EACH` groups for each engine before one is given.
        cut_mode: what is shown at cuts.
        taken: called in the calling thread.

    Raises:
        FlavrError: the first of the windows' errors, in order; no window after it is given.
    """
    under_way: deque[Future[Finish]] = deque()
    with ExitStack() as stack:
        pools = [stack.enter_context(_pool(engine)) for engine in engines]
        # Undone first: what waits is given up, so that leaving the pools waits for running passes alone.
        stack.callback(lambda: [future.cancel() for future in under_way])
        number = 0
        for group in in_groups(windows, min(engine.together for engine in engines), taken):
            if any(known is None for _, known in group):
                engine, pool = engines[number % len(engines)], pools[number % len(engines)]
                under_way.append(pool.submit(begin_group, engine, group, cut_mode))
                number += 1
            else:
                under_way.append(Future())
                under_way[-1].set_result(begin_group(engines[0], group, cut_mode))
            while len(under_way) >= GROUPS_EACH * len(engines):
                yield from under_way.popleft().result()()
        while under_way:
            yield from under_way.popleft().result()()


def _pool(engine: Engine) -> ThreadPoolExecutor:
    """One thread, whose kernels go to the engine's own device."""
    return ThreadPoolExecutor(1, thread_name_prefix="flavr-draw", initializer=engine.use_device)
