"""Adaptive sampling against sums written out in Python, and its gradients."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model import adacof_sampling, fused
from flavr_core.model.adacof_sampling import sample_adaptively

ROOT = Path(__file__).parents[2]


def inputs(
    *,
    count: int = 2,
    channels: int = 3,
    size: tuple[int, int] = (5, 6),
    kernel: int = 3,
    margin: int = 0,
    reach: float = 3,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Image, weights and offsets."""
    generator = torch.Generator().manual_seed(3)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    image = random(count, channels, size[0] + 2 * margin, size[1] + 2 * margin)
    fields = [random(count, kernel**2, *size) for _ in range(3)]
    return image, fields[0], fields[1] * reach, fields[2] * reach


def written_out(
    image: Tensor, weights: Tensor, down: Tensor, across: Tensor, *, dilation: int, margin: int
) -> Tensor:
    """The operator's definition, one sample after the other."""
    count, channels, high, wide = image.shape
    taps, rows, columns = weights.shape[1:]
    kernel = math.isqrt(taps)
    result = torch.zeros(count, channels, rows, columns, dtype=image.dtype)

    def at(n: int, y: int, x: int) -> Tensor:
        return image[n, :, min(max(y, 0), high - 1), min(max(x, 0), wide - 1)]

    for n in range(count):
        for i in range(rows):
            for j in range(columns):
                for tap in range(taps):
                    k, m = tap // kernel - kernel // 2, tap % kernel - kernel // 2
                    a, b = float(down[n, tap, i, j]), float(across[n, tap, i, j])
                    y, x = i + margin + dilation * k + int(a), j + margin + dilation * m + int(b)
                    fy, fx = a - int(a), b - int(b)  # int() truncates toward zero
                    sample = (1 - fy) * ((1 - fx) * at(n, y, x) + fx * at(n, y, x + 1)) + fy * (
                        (1 - fx) * at(n, y + 1, x) + fx * at(n, y + 1, x + 1)
                    )
                    result[n, :, i, j] += weights[n, tap, i, j] * sample
    return result


@pytest.mark.parametrize(
    ("kernel", "dilation", "margin"), [(1, 1, 0), (3, 1, 0), (3, 2, 0), (3, 2, 2), (5, 1, 1)]
)
def test_it_is_the_sum_written_out(kernel: int, dilation: int, margin: int) -> None:
    given = inputs(kernel=kernel, margin=margin)
    ours = sample_adaptively(*given, dilation=dilation, margin=margin)
    torch.testing.assert_close(ours, written_out(*given, dilation=dilation, margin=margin))


def test_pieces_and_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    image, *fields = inputs(size=(9, 7))
    whole = sample_adaptively(image, *fields, dilation=2)
    monkeypatch.setattr(adacof_sampling, "PIECE_TAPS", 9 * 13)  # thirteen pixels at a time
    torch.testing.assert_close(sample_adaptively(image, *fields, dilation=2), whole, rtol=0, atol=0)
    strips = [
        sample_adaptively(image, *(field[:, :, top : top + 4] for field in fields), dilation=2, top=top)
        for top in (0, 4, 8)
    ]
    torch.testing.assert_close(torch.cat(strips, 2), whole, rtol=0, atol=0)


def test_a_whole_offset_copies() -> None:
    image = torch.rand(1, 2, 8, 9)
    weights, down, across = (
        torch.ones(1, 1, 8, 9),
        torch.full((1, 1, 8, 9), -2.0),
        torch.full((1, 1, 8, 9), 3.0),
    )
    moved = sample_adaptively(image, weights, down, across, dilation=1)
    torch.testing.assert_close(moved[:, :, 2:, :6], image[:, :, :6, 3:])
    torch.testing.assert_close(moved[:, :, :2, :6], image[:, :, :1, 3:].expand(-1, -1, 2, -1))  # the border


def test_negative_offsets_extrapolate() -> None:
    """Truncation, not flooring: at -0.5 the sample lies half beyond the next pixel's other side."""
    image = torch.tensor([0.0, 1.0, 4.0, 9.0]).view(1, 1, 1, 4)
    one, none = torch.ones(1, 1, 1, 4), torch.zeros(1, 1, 1, 4)
    moved = sample_adaptively(image, one, none, -0.5 * one, dilation=1)
    torch.testing.assert_close(moved[0, 0, 0, 1], torch.tensor(1.5 * 1 - 0.5 * 4))


def test_mad_offsets_stay_inside() -> None:
    image, weights, down, across = inputs()
    down[0, 0, 0, 0], down[0, 0, 0, 1], across[0, 0, 1, 0] = 1e30, -1e30, float("inf")
    drawn = sample_adaptively(image, weights, down, across, dilation=1)
    assert drawn[1].isfinite().all()
    assert drawn[0, :, 0, :2].isfinite().all()
    down[0, 0, 0, 0] = float("nan")
    assert sample_adaptively(image, weights, down, across, dilation=1)[:, :, 2:].isfinite().all()


@pytest.mark.parametrize(("kernel", "dilation", "margin"), [(3, 1, 0), (3, 2, 2)])
def test_gradients_in_all_inputs(kernel: int, dilation: int, margin: int) -> None:
    given = [
        x.requires_grad_() for x in inputs(count=1, channels=4, size=(3, 4), kernel=kernel, margin=margin)
    ]
    assert torch.autograd.gradcheck(
        lambda *some: sample_adaptively(*some, dilation=dilation, margin=margin), given
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sums_are_wide(dtype: torch.dtype) -> None:
    given = [x.to(dtype) for x in inputs(kernel=5, size=(9, 9))]
    ours = sample_adaptively(*given, dilation=1)
    assert ours.dtype == dtype
    wide = sample_adaptively(*(x.float() for x in given), dilation=1)
    torch.testing.assert_close(ours, wide.to(dtype), rtol=0, atol=0)


def test_shapes_that_do_not_fit() -> None:
    image, weights, down, across = inputs()
    for wrong in (
        (image, weights[:, :8], down[:, :8], across[:, :8]),
        (image, weights[:, :4], down[:, :4], across[:, :4]),
        (image[:1], weights, down, across),
        (image, weights, down[:, :, :3], across),
    ):
        with pytest.raises(ValueError, match=r"taps|fit"):
            sample_adaptively(*wrong, dilation=1)


def test_a_large_table_is_not_copied_for_every_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time would grow with the square of the picture."""
    tables = []
    whole = functional.embedding_bag

    def noting(places: Tensor, table: Tensor, **options: object) -> Tensor:
        tables.append(table)
        return whole(places, table, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(functional, "embedding_bag", noting)
    monkeypatch.setattr(adacof_sampling, "PIECE_TAPS", 90)
    image, weights, down, across = inputs()
    channels = image.shape[1]
    wide = torch.cat((image, image), 1).contiguous(memory_format=torch.channels_last)
    given = sample_adaptively(wide[:, :channels], weights, down, across, dilation=1)
    assert len(tables) > 2 * len(image)
    assert all(table.is_contiguous() for table in tables)
    torch.testing.assert_close(given, sample_adaptively(image, weights, down, across, dilation=1))


def test_no_kernel_is_used_on_a_cpu() -> None:
    assert not fused.use_fused(torch.zeros(1))


@pytest.mark.slow
def test_kernels_give_the_same_in_tritons_interpreter() -> None:
    """The kernels' own text, run by Triton's interpreter on the CPU, gradients included."""
    if not fused.has_triton():
        pytest.skip("needs Triton")
    code = """
import torch
from flavr_core.model.fused_check import find_faults
print(find_faults(torch.device("cpu")))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


COMPILED = """
import torch
from kernel_compiler import compiled, recorded_launches
from flavr_core.model.adacof_sampling_triton import sample_softly_fused

last = torch.channels_last
fields = [torch.zeros(1, 128, 8, 8).half().contiguous(memory_format=last)[:, :121] for _ in range(3)]
table = torch.zeros(1, 64, 28, 28).half().contiguous(memory_format=last)
with recorded_launches() as launches:
    sample_softly_fused(table, *fields, dilation=2, first=(0, 0))
(launch,) = launches
code = compiled(launch).asm["ptx"]
print(code.count("shfl.sync.idx"), code.count("ld.global.v4.b32"), code.count(".local"))
"""


@pytest.mark.slow
def test_threads_share_taps_in_the_code_for_hopper() -> None:
    """Of four taps three numbers each pass between threads, and no number passes through memory."""
    if not fused.has_triton():
        pytest.skip("needs Triton")
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], env={**os.environ, "PYTHONPATH": path}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    shared, whole_vectors, spilled = map(int, done.stdout.split())
    assert shared == 12
    assert whole_vectors >= 32
    assert spilled == 0


@pytest.mark.cuda
def test_kernels_give_the_same_on_cuda() -> None:
    pytest.importorskip("triton")
    from flavr_core.model.fused_check import find_faults

    assert find_faults(torch.device("cuda", 0)) == []
    assert fused.use_fused(torch.zeros(1, device="cuda"))
