"""YUV to RGB and back by programs: what the plain way gives, on a GPU and step by step on the CPU."""

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from flavr_core.color import ColorSpec, Matrix, Range, Siting
from flavr_core.engine import conversion
from flavr_core.engine.checked import Checked
from flavr_core.engine.conversion import FrameConverter
from flavr_core.engine.device import choose_device
from flavr_core.frame import PixelFamily, PixelFormat

ROOT = Path(__file__).parents[2]
SUBSAMPLINGS = [(0, 0), (1, 0), (1, 1), (0, 1), (2, 0), (2, 2)]
SITINGS = [Siting.LEFT, Siting.CENTER, Siting.BOTTOM]


def differences(converter, seed):
    """Largest differences: of RGB, and of code values drawn anew, with the share of these that differ."""
    programs = converter._programs
    generator = torch.Generator().manual_seed(seed)
    shapes = [
        converter.format.plane_shape(plane, width=converter.width, height=converter.height)
        for plane in range(3)
    ]
    planes = [
        torch.randint(2**converter.format.depth, shape, generator=generator).float().to(converter.device)
        for shape in shapes
    ]
    rgb = torch.rand((3, converter.height, converter.width), generator=generator).to(converter.device)
    rgb = rgb * 1.4 - 0.2
    (made,), (wanted,) = programs.to_rgb(planes), converter._rgb_plainly(planes)
    assert made.shape == wanted.shape
    far = float((made - wanted).abs().max())
    back = programs.from_rgb(made)
    assert all(torch.equal(a, b) for a, b in zip(back, planes, strict=True))
    off = [
        (a - b).abs()
        for a, b in zip(programs.from_rgb(rgb), converter._codes_plainly(rgb), strict=True)
    ]  # fmt: skip
    return far, max(float(x.max()) for x in off), sum(float((x > 0).sum()) for x in off) / rgb.numel()


def assert_agrees(subsampling, siting, depth, size, device):
    format_ = PixelFormat(
        family=PixelFamily.YUV, depth=depth, log2_chroma_w=subsampling[0], log2_chroma_h=subsampling[1]
    )
    color = ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED, siting=siting)
    width, height = size
    converter = FrameConverter(format_, color, width=width, height=height, device=device)
    far, most, share = differences(converter, seed=width)
    assert far < 2e-5, (subsampling, siting, depth, size)
    assert most <= 1
    assert share < 0.002 * 2 ** (depth - 8)


def assert_all_agree(sizes, device, every=1):
    kinds = itertools.product(SUBSAMPLINGS, SITINGS)
    for number, (subsampling, siting) in enumerate(itertools.islice(kinds, 0, None, every)):
        assert_agrees(subsampling, siting, (8, 10, 12)[number % 3], sizes[number % len(sizes)], device)


def test_steps_on_the_cpu():
    """In Triton's interpreter, which has to be chosen before it is imported."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("needs Triton")
    code = (
        "import torch, tests.engine.test_conversion_programs as t; "
        "t.assert_all_agree([(37, 9), (300, 3), (1, 1), (2, 3)], torch.device('cpu'), every=2)"
    )
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, timeout=120)


@pytest.mark.cuda
@pytest.mark.parametrize("size", [(1920, 1080), (333, 217), (16, 16), (1, 1)])
def test_programs_agree_on_a_gpu(size):
    if importlib.util.find_spec("triton") is None:
        pytest.skip("needs Triton")
    assert_all_agree([size], choose_device("cuda"))


@pytest.mark.cuda
def test_a_gpu_converts_by_programs(kit, caplog):
    if importlib.util.find_spec("triton") is None:
        pytest.skip("needs Triton")
    converter = FrameConverter(
        kit.YUV420, kit.frame(0, width=64, height=48).color, width=64, height=48, device=choose_device("cuda")
    )
    frame = kit.frame(0, width=64, height=48)
    planes = converter.download(converter.from_rgb(converter.to_rgb(converter.upload(frame))))
    assert all((a == b).all() for a, b in zip(planes, frame.planes, strict=True))
    assert not caplog.records


def test_a_program_that_gives_something_else_is_not_used(caplog):
    given = torch.arange(12.0)

    def plain(x):
        return [x + 1]

    for program in (lambda x: [x + 2], lambda x: [x * torch.nan], lambda x: 1 / 0, lambda x: [x[:3]]):
        checked = Checked(program, plain, most_error=0.5, name="Adding")
        caplog.clear()
        assert all(torch.equal(checked(given)[0], given + 1) for _ in range(2))
        assert len(caplog.records) == 1
        assert "Adding goes the plain way" in caplog.text
    right = Checked(lambda x: [x + 1.001], plain, most_error=0.5, name="Adding")
    assert torch.equal(right(given)[0], given + 1.001)
    assert torch.equal(right(given)[0], given + 1.001)


def test_triton_that_cannot_be_imported_costs_nothing(kit, monkeypatch, caplog):
    monkeypatch.setattr(conversion, "may_be_fused", lambda device: True)
    monkeypatch.setitem(sys.modules, "flavr_core.engine.conversion_triton", None)
    frame = kit.frame(0, width=12, height=8)
    converter = FrameConverter(frame.format, frame.color, width=12, height=8, device=torch.device("cpu"))
    planes = converter.download(converter.from_rgb(converter.to_rgb(converter.upload(frame))))
    assert all((a == b).all() for a, b in zip(planes, frame.planes, strict=True))
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2


def test_a_cpu_converts_plainly():
    format_ = PixelFormat(family=PixelFamily.YUV)
    converter = FrameConverter(format_, ColorSpec(), width=4, height=4, device=torch.device("cpu"))
    assert converter._rgb_of == converter._rgb_plainly
    assert conversion.may_be_fused(converter.device) is False
