"""Frames to RGB tensors on the device, and back to the same pixel format.

There is one way there and one way back for every matrix, range, siting and depth, each the exact inverse
of the other (in float32; coefficients are derived in float64): pixels that nobody changed come back as
they were. RGB is not clamped: headroom, footroom and YCbCr outside the RGB cube survive the trip, and the
networks see their slight excursions beyond [0, 1] as they are. Only the last step, to whole code values,
clips, to 0 ... 2**depth - 1. PQ and HLG pixels are carried as they are: what lies between two frames is
drawn in the clip's own transfer characteristic.

On a GPU programs of our own do the same in three passes over memory (`conversion_triton`); they are compared
with the way that is written here on the first frame.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.engine.checked import Checked
from flavr_core.engine.chroma import chroma_axis, siting_places
from flavr_core.frame import Frame, PixelFamily, PixelFormat, Plane
from flavr_core.model.fused import may_be_fused

if TYPE_CHECKING:
    from flavr_core.engine.conversion_triton import YuvPrograms

_LUMA_WEIGHTS = {
    Matrix.BT601: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020_NCL: (0.2627, 0.0593),
    Matrix.BT2020_CL: (0.2627, 0.0593),
    Matrix.SMPTE240M: (0.212, 0.087),
    Matrix.FCC: (0.30, 0.11),
}
"""Kr and Kb of ITU-T H.273, table 4."""


def _matrix_from_rgb(matrix: Matrix) -> NDArray[np.float64]:
    """R'G'B' in [0, 1] to Y' in [0, 1] and two differences in [-0.5, 0.5]; (3, 3)."""
    if matrix is Matrix.YCGCO:
        return np.array([[0.25, 0.5, 0.25], [-0.25, 0.5, -0.25], [0.5, 0.0, -0.5]])
    if matrix is Matrix.RGB:
        return np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    kr, kb = _LUMA_WEIGHTS[matrix]
    luma = np.array([kr, 1 - kr - kb, kb])
    blue = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - kb))
    red = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - kr))
    return np.stack([luma, blue, red])


def resolved_color(format_: PixelFormat, color: ColorSpec, *, height: int) -> ColorSpec:
    """What the pixels are taken for where the file leaves it open.

    As `ColorSpec.resolved`, save that gray and RGB pictures of unspecified range are full range, as their
    still-image and animation formats have it (and ffmpeg takes them).
    """
    spec = color.resolved(height=height)
    if format_.family is not PixelFamily.YUV and color.range is Range.UNSPECIFIED:
        return ColorSpec(matrix=spec.matrix, range=Range.FULL, siting=spec.siting)
    return ColorSpec(matrix=spec.matrix, range=spec.range, siting=spec.siting)


def _swing(depth: int, range_: Range) -> tuple[float, float, float, float]:
    """Luma scale, luma offset, chroma scale, chroma offset in code values (H.273, 8.3)."""
    if range_ is Range.FULL:
        return float(2**depth - 1), 0.0, float(2**depth - 1), float(2 ** (depth - 1))
    unit = float(2 ** (depth - 8))
    return 219 * unit, 16 * unit, 224 * unit, 128 * unit


@lru_cache(maxsize=64)
def code_matrix(
    family: PixelFamily, depth: int, matrix: Matrix, range_: Range
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The affine map from RGB in [0, 1] to code values: codes = map @ rgb + offset.

    Returns:
        The map (planes, 3) and the offset (planes,); planes is 1 for gray, else 3.
    """
    luma, black, chroma, zero = _swing(depth, range_)
    if family is PixelFamily.GRAY:
        return np.full((1, 3), luma / 3), np.array([black])
    if family is PixelFamily.RGB:
        return np.eye(3) * luma, np.full(3, black)
    if matrix is Matrix.RGB:
        return _matrix_from_rgb(matrix) * luma, np.full(3, black)
    return _matrix_from_rgb(matrix) * np.array([[luma], [chroma], [chroma]]), np.array([black, zero, zero])


def _affine(planes: list[Tensor], weights: NDArray[np.float64], offset: NDArray[np.float64]) -> list[Tensor]:
    """weights @ planes + offset without a matrix product, which would round to TF32 on some devices."""
    results = []
    for row, constant in zip(weights.tolist(), offset.tolist(), strict=True):
        result: Tensor | None = None
        for plane, weight in zip(planes, row, strict=True):
            if weight == 0:
                continue
            result = plane * weight + constant if result is None else result.add_(plane, alpha=weight)
        assert result is not None
        results.append(result)
    return results


class FrameConverter:
    """Converts frames of one format, colour and size on one device.

    Convention: RGB is (1, 3, H, W) float32, R G B, nominally [0, 1] and not clamped, in the frame's own
    transfer characteristic and primaries; alpha is (1, 1, H, W) float32 in [0, 1], straight. Chroma is
    brought to full size by siting-aware linear interpolation and back by its left inverse (`chroma`).
    Follows ITU-T H.273 (matrix coefficients, code points, chroma sample location).
    """

    def __init__(
        self, format_: PixelFormat, color: ColorSpec, *, width: int, height: int, device: torch.device
    ) -> None:
        self.format = format_
        self.color = color
        self.width = width
        self.height = height
        self.device = device
        spec = resolved_color(format_, color, height=height)
        forward, offset = code_matrix(format_.family, format_.depth, spec.matrix, spec.range)
        self._from_rgb = forward, offset
        if format_.family is PixelFamily.GRAY:
            inverse = np.full((3, 1), 1 / forward.sum())
        else:
            inverse = np.linalg.inv(forward)
            inverse[np.abs(inverse) < 1e-12 * np.abs(inverse).max()] = 0
        self._to_rgb = inverse, -inverse @ offset
        across, down = siting_places(spec.siting)
        self._across = chroma_axis(
            width, ratio=1 << format_.log2_chroma_w, place=across, axis=-1, device=device
        )
        self._down = chroma_axis(height, ratio=1 << format_.log2_chroma_h, place=down, axis=-2, device=device)
        self._rgb_of, self._codes_of = self._ways()

    def _ways(self) -> tuple[Callable[[list[Tensor]], list[Tensor]], Callable[[Tensor], list[Tensor]]]:
        """How colour planes become RGB, one tensor (3, H, W), and that becomes planes of whole values."""
        if self.format.family is not PixelFamily.YUV or not may_be_fused(self.device):
            return self._rgb_plainly, self._codes_plainly
        return (
            Checked(self._rgb_by_programs, self._rgb_plainly, most_error=1e-4, name="YUV to RGB"),
            Checked(self._codes_by_programs, self._codes_plainly, most_error=1, name="RGB to YUV"),
        )

    def _rgb_by_programs(self, colour: list[Tensor]) -> list[Tensor]:
        return self._programs.to_rgb(colour)

    def _codes_by_programs(self, rgb: Tensor) -> list[Tensor]:
        return self._programs.from_rgb(rgb)

    @cached_property
    def _programs(self) -> YuvPrograms:
        """Made when they are compared, which also finds a Triton that cannot be imported."""
        from flavr_core.engine.conversion_triton import YuvPrograms

        return YuvPrograms(
            down=self._down,
            across=self._across,
            rgb_from=self._to_rgb,
            codes_from=self._from_rgb,
            largest=2**self.format.depth - 1,
        )

    def matches(self, frame: Frame) -> bool:
        """Whether `frame` is of this converter's format, colour and size."""
        return (
            frame.format == self.format
            and frame.color == self.color
            and frame.width == self.width
            and frame.height == self.height
        )

    def upload(self, frame: Frame) -> list[Tensor]:
        """Planes of a frame as they are, on the device: float32 code values, each (rows, columns)."""
        return [self._upload_plane(plane) for plane in frame.planes]

    def _upload_plane(self, plane: Plane) -> Tensor:
        if self.device.type != "cuda":
            return torch.from_numpy(plane.astype(np.float32))
        # A pinned copy lets the transfer run behind the work that is queued already.
        pinned = torch.empty(
            plane.shape, dtype=torch.uint8 if plane.itemsize == 1 else torch.int16, pin_memory=True
        )
        np.copyto(pinned.numpy(), plane.view(np.uint8 if plane.itemsize == 1 else np.int16))
        codes = pinned.to(self.device, non_blocking=True)
        if plane.itemsize == 1:
            return codes.float()
        return codes.int().bitwise_and_(0xFFFF).float()

    def to_rgb(self, planes: list[Tensor]) -> Tensor:
        """Colour planes of code values, alpha left out or ignored, to RGB (1, 3, H, W)."""
        colour = planes[:1] if self.format.family is PixelFamily.GRAY else planes[:3]
        return self._rgb_of(colour)[0].unsqueeze(0)  # (1, 3, H, W)

    def _rgb_plainly(self, colour: list[Tensor]) -> list[Tensor]:
        if self.format.family is PixelFamily.YUV:
            colour = [
                colour[0],
                *(self._across.up(self._down.up(chroma)) for chroma in colour[1:]),
            ]
        return [torch.stack(_affine(colour, *self._to_rgb))]

    def to_alpha(self, planes: list[Tensor]) -> Tensor:
        """The alpha plane as (1, 1, H, W) in [0, 1]."""
        return planes[-1].div(2**self.format.depth - 1)[None, None]

    def from_rgb(self, rgb: Tensor, alpha: Tensor | None = None) -> list[Tensor]:
        """RGB (1, 3, H, W) and, where the format has it, alpha (1, 1, H, W) to code values.

        Returns:
            float32 planes of whole numbers in 0 ... 2**depth - 1, on the device, each (rows, columns).
        """
        planes = self._codes_of(rgb[0].float())
        if self.format.has_alpha:
            assert alpha is not None
            planes.append(self._whole(alpha[0, 0].float() * (2**self.format.depth - 1)))
        return planes

    def _codes_plainly(self, rgb: Tensor) -> list[Tensor]:
        planes = _affine(list(rgb.unbind(0)), *self._from_rgb)
        if self.format.family is PixelFamily.YUV:
            planes = [planes[0], *(self._down.down(self._across.down(chroma)) for chroma in planes[1:])]
        return [self._whole(plane) for plane in planes]

    def _whole(self, plane: Tensor) -> Tensor:
        return plane.round_().clamp_(0, 2**self.format.depth - 1)

    def download(self, planes: list[Tensor]) -> tuple[Plane, ...]:
        """Code values on the device to planes in main memory; waits for the device once."""
        return self.begin_download(planes)()

    def begin_download(self, planes: list[Tensor]) -> Callable[[], tuple[Plane, ...]]:
        """The same behind the work that is queued already; what is returned waits for it, in any thread."""
        if self.device.type != "cuda":
            there = tuple(cast(Plane, plane.numpy().astype(self.format.dtype)) for plane in planes)
            return lambda: there
        pinned = []
        for plane in planes:
            codes = plane.to(torch.uint8 if self.format.depth == 8 else torch.int32)
            codes = codes if self.format.depth == 8 else codes.to(torch.int16)
            host = torch.empty(codes.shape, dtype=codes.dtype, pin_memory=True)
            pinned.append(host.copy_(codes, non_blocking=True))
        is_there = torch.cuda.Event(blocking=True)  # who waits leaves the processor to the encoder
        is_there.record(torch.cuda.current_stream(self.device))

        def finish() -> tuple[Plane, ...]:
            is_there.synchronize()
            # Copied out, so that few pinned pages are held however many frames wait to be written.
            return tuple(cast(Plane, host.numpy().view(self.format.dtype).copy()) for host in pinned)

        return finish
