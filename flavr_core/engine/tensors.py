"""The part of an engine that works on tensors: a network on a device, and frames on their way there and back.

Frames become RGB tensors, each converted once however many windows it is in. Frames with alpha are drawn
with colours multiplied by alpha, so that what lies under clear pixels never shows; alpha itself is drawn by
the same network as a gray picture where it changes, and kept where it does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

import torch
from torch import Tensor

from flavr_core.engine.alpha import (
    alpha_of,
    blend_straight,
    colours_of,
    divide_by_alpha,
    has_clear_pixels,
)
from flavr_core.engine.device import device_name, keep_freed_memory, limit_cpu_threads, used_bytes
from flavr_core.engine.drawing import Drawer, is_out_of_memory
from flavr_core.engine.pictures import Picture, PictureCache
from flavr_core.engine.precision import PrecisionChoice
from flavr_core.errors import DeviceError
from flavr_core.frame import Frame
from flavr_core.model.network import Network

_BATCH_PIXELS = 1280 * 720
"""Windows are drawn together on a GPU until they hold about this many pixels: more fills no GPU better."""
_MOST_WINDOWS = 8
"""Windows drawn together at most."""


class TensorDrawing:
    """Draws pictures of one size with one network on its device.

    Attributes:
        network: who draws.
        device: where.
        precision: number format and the outcome of its test.
        batch: windows drawn together at most.
        drawer: runs the network within the memory there is.
        pictures: frames on the device.
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
        """Take a network that is on its device already."""
        self.network = network.eval()
        self.device = network.device
        self.precision = precision or PrecisionChoice(precision=network.precision)
        self._size = f"{width}x{height}"
        self._height, self._width = height, width
        self._threads = limit_cpu_threads()
        on_gpu = self.device.type == "cuda"
        if not on_gpu:
            keep_freed_memory()
        self.batch = min(_MOST_WINDOWS, max(1, _BATCH_PIXELS // (width * height))) if on_gpu else 1
        self.drawer = Drawer(
            network, width=width, height=height, batch=self.batch, max_memory_bytes=max_memory_bytes
        )
        self.pictures = PictureCache(self.device, capacity=network.num_inputs + self.batch + 1)

    def plan(self) -> None:
        """Choose the way of drawing that fits the memory, and try it on a GPU.

        Raises:
            DeviceError: when there is not enough memory however it is drawn.
        """
        self.drawer.plan()
        if self.device.type == "cuda":
            self.drawer.rehearse()

    @property
    def notes(self) -> list[str]:
        """What a user should know of the choices made and the memory found short; grows."""
        return [*self.precision.notes, *self.drawer.notes]

    def describe(self) -> str:
        """Network, device, precision and how they are used, in one line."""
        parts = [f"{self.network.name} on {device_name(self.device)}"]
        if self.device.type == "cpu":
            parts.append(f"{self._threads} thread{'s' if self._threads > 1 else ''}")
        precision = str(self.precision.precision)
        if self.precision.psnr_db is not None:
            precision += f" ({self.precision.psnr_db:.1f} dB of fp32)"
        parts.append(precision)
        if self.precision.way:
            parts.append(self.precision.way)
        way = self.drawer.way
        if way.strip_rows is not None or way.tile_px is not None:
            parts.append(str(way))
        return ", ".join(parts)

    def identity(self) -> str:
        """What must be the same for two renders to give the same pixels."""
        return (
            f"{self.network.name} {weights_hash(self.network)} in {self.precision.precision} "
            f"{self.precision.way or 'plain'} on "
            f"{self.device.type} {device_name(self.device)}, torch {torch.__version__}"
        )

    def use_device(self) -> None:
        """Let the calling thread's kernels go to this device: Triton's go to the thread's current one."""
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)

    def memory_bytes(self) -> int:
        """Memory held on the GPU; 0 on a CPU."""
        return used_bytes(self.device)

    def close(self) -> None:
        """Give the device's memory back; nothing can be drawn any more."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # what was begun and is not wanted any more
        self.pictures.clear()
        self.drawer.forget()
        if self.device.type == "cuda":
            self.network.to("cpu")
            torch.cuda.empty_cache()

    def draw(
        self, windows: Sequence[Sequence[Frame]], positions: tuple[Fraction, ...]
    ) -> list[dict[Fraction, Frame]]:
        """Draw the gaps of several windows, several at once where they fit.

        Args:
            windows: for each, the network's frames in order of time, the gap between the middle two.
            positions: places in the gap, the same for all.

        Returns:
            For each window the made frames by position, in the format and colour of the frame before the gap.

        Raises:
            DeviceError: when the device failed, or memory ran out in every way of drawing.
        """
        return self.begin(windows, positions)()

    def begin(
        self, windows: Sequence[Sequence[Frame]], positions: tuple[Fraction, ...]
    ) -> Callable[[], list[dict[Fraction, Frame]]]:
        """The same, without waiting for a GPU; what is returned waits for it, in any thread."""
        begun: list[dict[Fraction, Callable[[], Frame]]] = []
        for start in range(0, len(windows), self.batch):
            with self._shortage_told(), torch.inference_mode():
                begun.extend(self._begin_batch(windows[start : start + self.batch], positions))

        def finish() -> list[dict[Fraction, Frame]]:
            with self._shortage_told():
                return [{position: frame() for position, frame in of.items()} for of in begun]

        return finish

    @contextmanager
    def _shortage_told(self) -> Generator[None, None, None]:
        """Memory that runs out outside the drawer, which steps down by itself: converting frames is left."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise DeviceError(
                    f"{device_name(self.device)} has not enough memory to convert {self._size} pictures.",
                    "Close other programs, or use --device cpu.",
                ) from error
            raise

    def _begin_batch(
        self, windows: Sequence[Sequence[Frame]], positions: tuple[Fraction, ...]
    ) -> list[dict[Fraction, Callable[[], Frame]]]:
        pictures = [[self.pictures.picture(frame) for frame in frames] for frames in windows]
        # Alpha is drawn before colours are done with.
        lent = not any(has_clear_pixels(of) for of in pictures)
        drawn = self.drawer.draw([colours_of(of) for of in pictures], positions, pictures, lent=lent)
        results = []
        for inputs, of, colours in zip(windows, pictures, drawn, strict=True):
            before = inputs[len(inputs) // 2 - 1]
            alphas = self._draw_alpha(of, positions)
            frames = {}
            for number, position in enumerate(positions):
                rgb, alpha = colours[number : number + 1], alphas[number : number + 1]
                if has_clear_pixels(of):
                    rgb = divide_by_alpha(rgb, alpha, straight=blend_straight(of, position))
                frames[position] = self._begin_frame(before, rgb, alpha)
            results.append(frames)
        return results

    def _draw_alpha(self, inputs: list[Picture], positions: tuple[Fraction, ...]) -> Tensor:
        """Alpha of the made frames, (P, 1, H, W) in [0, 1]."""
        if not has_clear_pixels(inputs):
            opaque = torch.ones((1, 1, 1, 1), device=self.device)
            return opaque.expand(len(positions), 1, self._height, self._width)
        alphas = [alpha_of(picture) for picture in inputs]
        middle = len(alphas) // 2
        if torch.equal(alphas[middle - 1], alphas[middle]):
            return alphas[middle].expand(len(positions), -1, -1, -1)
        window = torch.stack([alpha.expand(-1, 3, -1, -1) for alpha in alphas], dim=1)  # (1, T, 3, H, W)
        drawn = self.drawer.draw([window], positions)[0]  # (P, 3, H, W)
        return drawn.mean(dim=1, keepdim=True).clamp_(0, 1)  # (P, 1, H, W)

    @torch.inference_mode()
    def fade(self, before: Frame, after: Frame, positions: tuple[Fraction, ...]) -> dict[Fraction, Frame]:
        """A cross-fade of pictures that let something through, or are not of one kind."""
        pair = [self.pictures.picture(before), self.pictures.picture(after)]
        before_rgb, after_rgb = colours_of(pair)
        alphas = [alpha_of(picture) for picture in pair]
        frames = {}
        for position in positions:
            rgb = torch.lerp(before_rgb, after_rgb, float(position))
            alpha = torch.lerp(alphas[0], alphas[1], float(position))
            if has_clear_pixels(pair):
                rgb = divide_by_alpha(rgb, alpha, straight=blend_straight(pair, position))
            frames[position] = self._begin_frame(before, rgb, alpha)()
        return frames

    def _begin_frame(self, before: Frame, rgb: Tensor, alpha: Tensor) -> Callable[[], Frame]:
        converter = self.pictures.converter(before)
        drawn = converter.from_rgb(rgb, alpha if before.format.has_alpha else None)
        planes = converter.begin_download(drawn)
        return lambda: replace(before, planes=planes(), made=True)


def weights_hash(network: Network) -> str:
    """What tells a network's weights from others': the hash of its file, or of the weights themselves."""
    if network.card is not None and network.card.sha256:
        return network.card.sha256
    digest = hashlib.sha256(network.architecture.encode())
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().data)
    return digest.hexdigest()
