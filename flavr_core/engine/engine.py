"""The engine: windows in, frames out.

    position 0            the source frame's own planes, untouched
    a cut                 held, or cross-faded
    two equal frames      that frame, exactly
    everything else       drawn by the network

On a CPU, networks that draw in the clip's own format (`PlaneInterpolator`) are handed the frames; all
others get RGB tensors, converted once for each source frame. Frames with alpha are drawn with colours
multiplied by alpha, so that what lies under clear pixels never shows; alpha itself is drawn by the same
network as a gray picture where it changes, and kept where it does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from types import TracebackType

import numpy as np
import torch
from torch import Tensor

from flavr_core.engine.alpha import (
    alpha_of,
    blend_straight,
    divide_by_alpha,
    has_clear_pixels,
    stack_colour,
)
from flavr_core.engine.conversion import FrameConverter
from flavr_core.engine.device import device_name, limit_cpu_threads, used_bytes
from flavr_core.engine.drawing import Drawer, is_out_of_memory
from flavr_core.engine.pictures import Picture, PictureCache
from flavr_core.engine.precision import PrecisionChoice
from flavr_core.errors import DeviceError, MediaError
from flavr_core.frame import Frame, FrameWindow, PlannedFrame
from flavr_core.model import load
from flavr_core.model.network import Network, PlaneInterpolator
from flavr_core.settings import CutMode, Precision

_BATCH_PIXELS = 1280 * 720
"""Windows are drawn together on a GPU until they hold about this many pixels: more fills no GPU better."""
_MOST_WINDOWS = 8
"""Windows drawn together at most."""

_HALF = Fraction(1, 2)


class Engine:
    """Draws the frames of a clip with one network on one device. Used by one thread at a time.

    Attributes:
        network: who draws.
        device: where.
        precision: number format and the outcome of its test.
    """

    def __init__(
        self,
        network: Network,
        *,
        width: int,
        height: int,
        precision: PrecisionChoice | None = None,
        max_memory_bytes: int | None = None,
    ) -> None:
        """Take a network that is on its device already, for pictures of one size.

        Raises:
            DeviceError: when there is not enough memory however it is drawn.
        """
        self.network = network.eval()
        self.device = network.device
        self.precision = precision or PrecisionChoice(precision=network.precision)
        self.width = width
        self.height = height
        self._threads = limit_cpu_threads()
        on_gpu = self.device.type == "cuda"
        self._batch = min(_MOST_WINDOWS, max(1, _BATCH_PIXELS // (width * height))) if on_gpu else 1
        self._drawer = Drawer(
            network, width=width, height=height, batch=self._batch, max_memory_bytes=max_memory_bytes
        )
        self._pictures = PictureCache(self.device, capacity=network.num_inputs + self._batch + 1)
        self._blender: PlaneInterpolator | None = None
        if not self.draws_planes:
            self._drawer.plan()
            if on_gpu:
                self._drawer.rehearse()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def draws_planes(self) -> bool:
        """Whether frames are drawn in their own format on the CPU, without tensors."""
        return self.device.type == "cpu" and isinstance(self.network, PlaneInterpolator)

    @property
    def notes(self) -> list[str]:
        """What a user should know of the choices made and the memory found short; grows."""
        return [*self.precision.notes, *self._drawer.notes]

    def describe(self) -> str:
        """Network, device, precision and how they are used, in one line."""
        parts = [f"{self.network.name} on {device_name(self.device)}"]
        if self.device.type == "cpu":
            parts.append(f"{self._threads} thread{'s' if self._threads > 1 else ''}")
        precision = str(self.precision.precision)
        if self.precision.psnr_db is not None:
            precision += f" ({self.precision.psnr_db:.1f} dB of fp32)"
        parts.append(precision)
        way = self._drawer.way
        if way.strip_rows is not None or way.tile_px is not None:
            parts.append(str(way))
        return ", ".join(parts)

    def identity(self) -> str:
        """What must be the same for two renders to give the same pixels."""
        return (
            f"{self.network.name} {weights_hash(self.network)} in {self.precision.precision} on "
            f"{self.device.type} {device_name(self.device)}, torch {torch.__version__}"
        )

    def memory_bytes(self) -> int:
        """Memory held on the GPU; 0 on a CPU."""
        return used_bytes(self.device)

    def close(self) -> None:
        """Give the device's memory back; the engine cannot be used any more."""
        self._pictures.clear()
        if self.device.type == "cuda":
            self.network.to("cpu")
            torch.cuda.empty_cache()

    def interpolate(self, window: FrameWindow, *, cut_mode: CutMode = CutMode.HOLD) -> tuple[Frame, ...]:
        """One frame for each of the window's outputs, in order.

        Source frames (position 0) keep their planes; made frames have the format and colour of the
        frame before the gap.

        Raises:
            DeviceError: when the device failed, or memory ran out in every way of drawing.
            MediaError: when the frames differ in size.
        """
        return self.interpolate_many([window], cut_mode=cut_mode)[0]

    def interpolate_many(
        self, windows: Sequence[FrameWindow], *, cut_mode: CutMode = CutMode.HOLD
    ) -> list[tuple[Frame, ...]]:
        """The same for several windows; small pictures are then drawn together, which keeps a GPU busy."""
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
        for positions, numbers in waiting.items():
            some = [windows[number] for number in numbers]
            for number, frames in zip(numbers, self._draw_pictures(some, positions), strict=True):
                drawn[number] |= frames
        return [
            tuple(_timed(frames[planned.position], planned) for planned in window.outputs)
            for window, frames in zip(windows, drawn, strict=True)
        ]

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
            return self._fade(before, after, positions)
        if self._blender is None:
            blender = load("blend", device="cpu", precision=Precision.FP32)
            assert isinstance(blender, PlaneInterpolator)
            self._blender = blender
        planes = self._blender.interpolate_frames([before, after], positions)
        return {p: replace(before, planes=of, made=True) for p, of in zip(positions, planes, strict=True)}

    @torch.inference_mode()
    def _fade(self, before: Frame, after: Frame, positions: tuple[Fraction, ...]) -> dict[Fraction, Frame]:
        """A cross-fade of pictures that let something through, or are not of one kind."""
        pair = [self._pictures.picture(before), self._pictures.picture(after)]
        colours = stack_colour(pair)  # (1, 2, 3, H, W)
        alphas = [alpha_of(picture) for picture in pair]
        frames = {}
        for position in positions:
            rgb = torch.lerp(colours[:, 0], colours[:, 1], float(position))
            alpha = torch.lerp(alphas[0], alphas[1], float(position))
            if has_clear_pixels(pair):
                rgb = divide_by_alpha(rgb, alpha, straight=blend_straight(pair, position))
            frames[position] = self._frame(before, rgb, alpha)
        return frames

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
        before = window.frames[1]
        return {p: replace(before, planes=of, made=True) for p, of in zip(positions, planes, strict=True)}

    def _draw_pictures(
        self, windows: Sequence[FrameWindow], positions: tuple[Fraction, ...]
    ) -> list[dict[Fraction, Frame]]:
        """Draw by way of RGB tensors, several windows at once where they fit."""
        results: list[dict[Fraction, Frame]] = []
        for start in range(0, len(windows), self._batch):
            some = windows[start : start + self._batch]
            try:
                with torch.inference_mode():
                    results.extend(self._draw_batch(some, positions))
            except (RuntimeError, MemoryError) as error:
                # The drawer steps down by itself; what is left is converting frames.
                if is_out_of_memory(error):
                    raise DeviceError(
                        f"{device_name(self.device)} has not enough memory to convert "
                        f"{self.width}x{self.height} pictures.",
                        "Close other programs, or use --device cpu.",
                    ) from error
                raise
        return results

    def _draw_batch(
        self, windows: Sequence[FrameWindow], positions: tuple[Fraction, ...]
    ) -> list[dict[Fraction, Frame]]:
        pictures = [[self._pictures.picture(frame) for frame in self._inputs(window)] for window in windows]
        drawn = self._drawer.draw([stack_colour(of) for of in pictures], positions)
        results = []
        for window, inputs, colours in zip(windows, pictures, drawn, strict=True):
            before = window.frames[1]
            alphas = self._draw_alpha(inputs, positions)
            frames = {}
            for number, position in enumerate(positions):
                rgb, alpha = colours[number : number + 1], alphas[number : number + 1]
                if has_clear_pixels(inputs):
                    rgb = divide_by_alpha(rgb, alpha, straight=blend_straight(inputs, position))
                frames[position] = self._frame(before, rgb, alpha)
            results.append(frames)
        return results

    def _frame(self, before: Frame, rgb: Tensor, alpha: Tensor) -> Frame:
        converter: FrameConverter = self._pictures.converter(before)
        planes = converter.download(converter.from_rgb(rgb, alpha if before.format.has_alpha else None))
        return replace(before, planes=planes, made=True)

    def _draw_alpha(self, inputs: list[Picture], positions: tuple[Fraction, ...]) -> Tensor:
        """Alpha of the made frames, (P, 1, H, W) in [0, 1]."""
        if not has_clear_pixels(inputs):
            opaque = torch.ones((1, 1, 1, 1), device=self.device)
            return opaque.expand(len(positions), 1, self.height, self.width)
        alphas = [alpha_of(picture) for picture in inputs]
        middle = len(alphas) // 2
        if torch.equal(alphas[middle - 1], alphas[middle]):
            return alphas[middle].expand(len(positions), -1, -1, -1)
        window = torch.stack([alpha.expand(-1, 3, -1, -1) for alpha in alphas], dim=1)  # (1, T, 3, H, W)
        drawn = self._drawer.draw([window], positions)[0]  # (P, 3, H, W)
        return drawn.mean(dim=1, keepdim=True).clamp_(0, 1)  # (P, 1, H, W)


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


def weights_hash(network: Network) -> str:
    """What tells a network's weights from others': the hash of its file, or of the weights themselves."""
    if network.card is not None and network.card.sha256:
        return network.card.sha256
    digest = hashlib.sha256(network.architecture.encode())
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().data)
    return digest.hexdigest()
