"""The engine: windows in, frames out.

    position 0            the source frame's own planes, untouched
    a cut                 held, or cross-faded
    two equal frames      that frame, exactly
    everything else       drawn by the network

On a CPU, networks that draw in the clip's own format (`PlaneInterpolator`) are handed the frames; all
others get RGB tensors (`tensors`). torch is imported with the first thing that needs tensors, which with a
`PlaneNetwork` is a frame with alpha or a fade between frames of two kinds, and mostly never.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING

import cv2
import numpy as np

from flavr_core.engine.idle_threads import end_idle_threads
from flavr_core.engine.processor import cpu_name, usable_cpus
from flavr_core.engine.side_by_side import Taken, begin_group, draw_side_by_side, in_groups
from flavr_core.errors import MediaError
from flavr_core.frame import Frame, FrameWindow, Plane, PlannedFrame
from flavr_core.model.planes import BlendPlanes, PlaneInterpolator, PlaneNetwork
from flavr_core.settings import CutMode

if TYPE_CHECKING:
    from flavr_core.engine.precision import PrecisionChoice
    from flavr_core.engine.tensors import TensorDrawing
    from flavr_core.model.network import Network

_HALF = Fraction(1, 2)


class Engine:
    """Draws the frames of a clip with one network, used by one thread at a time.

    It works on one device. With fellows, which have the same network on other devices, windows of a stream
    are spread over all (`interpolate_each`); single windows are drawn here.

    Attributes:
        network: who draws.
        width: columns of the clip's frames.
        height: rows of the clip's frames.
    """

    def __init__(
        self,
        network: Network | PlaneNetwork,
        *,
        width: int,
        height: int,
        precision: PrecisionChoice | None = None,
        max_memory_bytes: int | None = None,
        fellows: Sequence[Engine] = (),
    ) -> None:
        """Take a network that is on its device already, for pictures of one size, and fellows for the same.

        Raises:
            DeviceError: when there is not enough memory however it is drawn.
        """
        self.network = network
        self.width = width
        self.height = height
        # On the small pictures in which cuts are looked for OpenCV's threads mostly wait, and busily.
        cv2.setNumThreads(usable_cpus() if network.uses_opencv_threads else 1)
        self._fellows = tuple(fellows)
        self._tensors: TensorDrawing | None = None
        if not isinstance(network, PlaneNetwork):
            from flavr_core.engine.tensors import TensorDrawing

            self._tensors = TensorDrawing(
                network, width=width, height=height, precision=precision, max_memory_bytes=max_memory_bytes
            )
            if not self.draws_planes:
                self._tensors.plan()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def tensors(self) -> TensorDrawing:
        """The part that works on tensors; made now where nothing needed it before."""
        if self._tensors is None:
            from flavr_core.engine.tensors import TensorDrawing
            from flavr_core.model.loading import load

            self._tensors = TensorDrawing(load(self.network.name), width=self.width, height=self.height)
        return self._tensors

    @property
    def draws_planes(self) -> bool:
        """Whether frames are drawn in their own format on the CPU, without tensors."""
        on_cpu = self._tensors is None or self._tensors.device.type == "cpu"
        return on_cpu and isinstance(self.network, PlaneInterpolator)

    @property
    def notes(self) -> list[str]:
        """What a user should know of the choices made and the memory found short; grows."""
        own = [] if self._tensors is None else self._tensors.notes
        return list(dict.fromkeys([*own, *(note for fellow in self._fellows for note in fellow.notes)]))

    def describe(self) -> str:
        """Network, device, precision and how they are used, in one line."""
        if not isinstance(self.network, PlaneNetwork):
            count = 1 + len(self._fellows)
            return self.tensors.describe() + (f", on {count} devices side by side" if count > 1 else "")
        threads = cv2.getNumThreads()
        return f"{self.network.name} on {cpu_name()}, {threads} thread{'s' if threads > 1 else ''}"

    def identity(self) -> str:
        """What must be the same for two renders to give the same pixels."""
        if not isinstance(self.network, PlaneNetwork):
            # Where the devices are alike, their number changes no pixel.
            return " and ".join(
                sorted({self.tensors.identity(), *(fellow.identity() for fellow in self._fellows)})
            )
        return f"{self.network.name} on {cpu_name()}, OpenCV {cv2.__version__}"

    def memory_bytes(self) -> int:
        """Memory held on all GPUs; 0 on a CPU."""
        own = 0 if self._tensors is None else self._tensors.memory_bytes()
        return own + sum(fellow.memory_bytes() for fellow in self._fellows)

    def close(self) -> None:
        """Give the device's memory back; the engine cannot be used any more."""
        if self._tensors is not None:
            self._tensors.close()
        for fellow in self._fellows:
            fellow.close()

    @property
    def together(self) -> int:
        """Windows of a stream that are drawn as one batch."""
        if self._tensors is None or isinstance(self.network, PlaneNetwork):
            return 1
        if not self.network.draws_together:
            return 1
        return self._tensors.drawer.way.batch

    def use_device(self) -> None:
        """Let the calling thread's kernels go to this engine's device."""
        if self._tensors is not None:
            self._tensors.use_device()

    def interpolate_each(
        self,
        windows: Iterable[FrameWindow],
        *,
        cut_mode: CutMode = CutMode.HOLD,
        taken: Taken | None = None,
    ) -> Generator[tuple[Frame, ...], None, None]:
        """`interpolate` for a stream of windows, in order, on all devices.

        Whoever leaves it early closes it: only then is nothing being drawn any more.

        Args:
            windows: read a few ahead of what is taken out where GPUs draw.
            cut_mode: what is shown at cuts.
            taken: gives the frames of windows that need not be drawn; None for none.

        Raises:
            DeviceError: as `interpolate`.
            MediaError: likewise.
        """
        draws_on_gpu = self._tensors is not None and self._tensors.device.type == "cuda"
        if self._fellows or draws_on_gpu:
            yield from draw_side_by_side((self, *self._fellows), windows, cut_mode=cut_mode, taken=taken)
            return
        for group in in_groups(windows, self.together, taken):
            yield from begin_group(self, group, cut_mode)()

    def interpolate(self, window: FrameWindow, *, cut_mode: CutMode = CutMode.HOLD) -> tuple[Frame, ...]:
        """One frame for each of the window's outputs, in order.

        Source frames (position 0) keep their planes; made frames have the format and colour of the
        frame before the gap.

        Raises:
            DeviceError: when the device failed, or memory ran out in every way of drawing.
            MediaError: when the frames differ in size.
        """
        try:
            return self.interpolate_many([window], cut_mode=cut_mode)[0]
        finally:
            end_idle_threads()  # while this thread looks at it, others may draw

    def interpolate_many(
        self, windows: Sequence[FrameWindow], *, cut_mode: CutMode = CutMode.HOLD
    ) -> list[tuple[Frame, ...]]:
        """The same for several windows; small pictures are then drawn together, which keeps a GPU busy."""
        return self.begin(windows, cut_mode=cut_mode)()

    def begin(
        self, windows: Sequence[FrameWindow], *, cut_mode: CutMode = CutMode.HOLD
    ) -> Callable[[], list[tuple[Frame, ...]]]:
        """The same, without waiting for a GPU.

        Returns:
            What waits for the frames and gives them, once, in any thread.
        """
        drawn: list[dict[Fraction, Frame]] = [{} for _ in windows]
        waiting: dict[tuple[Fraction, ...], list[int]] = {}
        for number, window in enumerate(windows):
            before, after = window.frames[1], window.frames[2]
            positions = tuple(sorted({planned.position for planned in window.outputs if planned.position}))
            drawn[number][Fraction(0)] = before
            if not positions:
                continue
            _check_sizes(window)
            if window.is_cut and cut_mode is not CutMode.IGNORE:
                drawn[number] |= self._cross(window, positions, cut_mode)
            elif same_pixels(before, after):
                drawn[number] |= dict.fromkeys(positions, before)
            elif self._fits_planes(window):
                drawn[number] |= self._draw_planes(window, positions)
            else:
                waiting.setdefault(positions, []).append(number)
        begun = [
            (numbers, self.tensors.begin([self._inputs(windows[number]) for number in numbers], positions))
            for positions, numbers in waiting.items()
        ]

        def finish() -> list[tuple[Frame, ...]]:
            for numbers, wait in begun:
                for number, frames in zip(numbers, wait(), strict=True):
                    drawn[number] |= frames
            return [
                tuple(_timed(frames[planned.position], planned) for planned in window.outputs)
                for window, frames in zip(windows, drawn, strict=True)
            ]

        return finish

    def _inputs(self, window: FrameWindow) -> list[Frame]:
        """The network's frames: the middle ones of the window, or its outer ones repeated."""
        more = (self.network.num_inputs - len(window.frames)) // 2
        if more <= 0:
            return list(window.frames[-more : len(window.frames) + more])
        return [window.frames[0]] * more + list(window.frames) + [window.frames[-1]] * more

    def _cross(
        self, window: FrameWindow, positions: tuple[Fraction, ...], mode: CutMode
    ) -> dict[Fraction, Frame]:
        """What a cut shows: the frame before, then the frame after; or the one fading into the other."""
        before, after = window.frames[1], window.frames[2]
        if mode is CutMode.HOLD:
            return {position: before if position < _HALF else after for position in positions}
        if before.format.has_alpha or before.format != after.format or before.color != after.color:
            return self.tensors.fade(before, after, positions)
        return _made(before, positions, BlendPlanes().interpolate_frames([before, after], positions))

    def _fits_planes(self, window: FrameWindow) -> bool:
        """Whether the network can be handed the frames as they are."""
        first = window.frames[1]
        return (
            self.draws_planes
            and not first.format.has_alpha
            and all(frame.format == first.format and frame.color == first.color for frame in window.frames)
        )

    def _draw_planes(self, window: FrameWindow, positions: tuple[Fraction, ...]) -> dict[Fraction, Frame]:
        assert isinstance(self.network, PlaneInterpolator)
        planes = self.network.interpolate_frames(self._inputs(window), positions)
        return _made(window.frames[1], positions, planes)


def _made(
    before: Frame, positions: tuple[Fraction, ...], planes: Sequence[tuple[Plane, ...]]
) -> dict[Fraction, Frame]:
    """Frames like the one before the gap, with the planes that were drawn."""
    return {p: replace(before, planes=of, made=True) for p, of in zip(positions, planes, strict=True)}


def _check_sizes(window: FrameWindow) -> None:
    first = window.frames[1]
    for frame in window.frames:
        if (frame.width, frame.height) != (first.width, first.height):
            raise MediaError(
                f"Frame {frame.index} has {frame.width}x{frame.height} pixels, "
                f"frame {first.index} {first.width}x{first.height}; nothing can be drawn between them.",
                "Bring all pictures to one size first.",
            )


def _timed(frame: Frame, planned: PlannedFrame) -> Frame:
    """The same pixels at their place in the output."""
    return replace(frame, time=planned.time, index=planned.index)


def same_pixels(first: Frame, second: Frame) -> bool:
    """Whether two frames look the same to the last bit."""
    if first.planes is second.planes:
        return True
    return (
        first.format == second.format
        and first.color == second.color
        and all(
            a is b or (a.shape == b.shape and np.array_equal(a[::8], b[::8]) and np.array_equal(a, b))
            for a, b in zip(first.planes, second.planes, strict=True)
        )
    )
