"""Networks beside their plain forms: counts, tables and charts. No time is asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from flavr_core.benchmark.layers import REST, STAGES, layer_rows
from flavr_core.benchmark.speed import Contest, flops, smooth_windows
from flavr_core.benchmark.table import Table
from flavr_core.cli import main
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig
from flavr_core.model.flavr_fast_options import FastOptions
from flavr_core.settings import Precision


@pytest.fixture
def narrow(tmp_path: Path) -> Path:
    """A file of a FLAVR that draws in no time."""
    torch.manual_seed(1)
    config = FlavrConfig(stem_width=4, widths=(4, 4, 4, 4), decoder_widths=(4, 4, 4, 4, 4), fuse_width=4)
    file = tmp_path / "narrow.pth"
    torch.save(Flavr(config).state_dict(), file)
    return file


def test_full_size_flavr_has_the_arithmetic_it_is_known_for() -> None:
    """7.483 T at 1280x720 in multiply-adds of two; convolutions alone are counted here, on no data."""
    with torch.device("meta"):
        network = Flavr(FlavrConfig())
    assert flops(network, width=1280, height=720) == pytest.approx(7.483e12, rel=2e-3)


def test_speed_stands_beside_the_plain_form(
    narrow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart, table = tmp_path / "c.png", tmp_path / "t.md"
    command = ["benchmark", "speed", str(narrow), "--size", "32x24", "--runs", "1", "--warm-up", "0",
               "--batch", "2"]  # fmt: skip
    extra = [
        "--device",
        "cpu",
        "--precision",
        "fp32",
        "--json",
        "--chart",
        str(chart),
        "--output",
        str(table),
    ]
    assert main([*command, *extra]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["size"] == "32x24"
    assert row["batch"] == 2
    assert row["made frames/s"] == pytest.approx(2e3 / row["ours ms"])
    assert row["precision"] == "fp32"
    assert row["way"].startswith("fast: ")
    assert row["dB to fp32"] > 90
    assert row["times as fast"] == pytest.approx(row["plain fp32 ms"] / row["ours ms"])
    assert row["times plain alone"] == pytest.approx(row["plain alone ms"] / row["ours ms"])
    assert "| narrow | 32x24 |" in table.read_text(encoding="utf-8")
    with Image.open(chart) as image:
        assert image.format == "PNG"


def test_windows_of_a_stream_bring_one_frame_each(narrow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contest = Contest(str(narrow), device="cpu", precision=Precision.FP32)
    window = smooth_windows(contest.plain, width=24, height=16, batch=2)
    seen: dict[int, torch.Tensor] = {}
    starts = []

    def draw(windows: list[list[torch.Tensor]], known: list[range], _positions: object) -> torch.Tensor:
        for frames, numbers in zip(windows, known, strict=True):
            starts.append(numbers[0])
            for frame, number in zip(frames, numbers, strict=True):
                assert torch.equal(seen.setdefault(number, frame), frame)
        return window

    monkeypatch.setattr(contest, "_shared", draw)
    for _ in range(5):
        contest.draw_ours(window)
    assert starts == list(range(10))
    assert len(seen) == 13
    assert not torch.equal(seen[3], seen[4])


def test_stages_add_up(narrow: Path) -> None:
    contest = Contest(str(narrow), device="cpu", precision=Precision.FP32)
    ways = {"layout": FastOptions(), "six": FastOptions(toom_cook_from=1)}
    rows = layer_rows(contest, ways, width=32, height=24, runs=1, warm_up=0)
    assert [row["stage"] for row in rows] == [*STAGES, REST, "all"]
    for column in ("plain fp32 ms", "layout ms", "six ms"):
        *parts, whole = [float(row[column]) for row in rows]
        assert sum(parts) == pytest.approx(whole)
    for share in ("best: % of matrix product", "best: % of memory's rate"):
        best_ms = [min(float(row["layout ms"]), float(row["six ms"])) for row in rows]
        *parts, whole = [float(row[share]) * ms for row, ms in zip(rows, best_ms, strict=True)]
        assert min(parts) > 0
        assert sum(parts) == pytest.approx(whole)
    assert not any(module._forward_hooks for module in contest.plain.modules())


def test_stages_are_flavrs_alone(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["benchmark", "layers", "fourflow", "--size", "32x24", "--device", "cpu", "--precision", "fp32"]
    assert main(command) != 0
    assert "fourflow is no FLAVR" in capsys.readouterr().err


def test_ways_of_stages_can_be_chosen(narrow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "benchmark",
        "layers",
        str(narrow),
        "--size",
        "32x24",
        "--device",
        "cpu",
        "--precision",
        "fp32",
    ]
    once = [*command, "--runs", "1", "--warm-up", "0", "--json", "--ways"]
    assert main([*once, "skipping"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert [column for column in row if column.endswith(" ms")] == ["plain fp32 ms", "skipping ms"]
    assert main([*once, "columns"]) != 0
    assert "no such way on cpu" in capsys.readouterr().err


def test_scaling_and_pipeline_run(narrow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--device", "cpu", "--precision", "fp32", "--json"]
    sizes = ["--size", "16x16", "24x16", "--batch", "1", "2", "--runs", "1", "--warm-up", "0"]
    assert main(["benchmark", "scaling", str(narrow), *sizes, *common]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["size"], row["batch"]) for row in rows] == [
        ("16x16", 1), ("16x16", 2), ("24x16", 1), ("24x16", 2)
    ]  # fmt: skip
    small = ["--size", "64x48", "--frames", "5", "--rounds", "2"]
    assert main(["benchmark", "pipeline", str(narrow), *small, *common]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["stage"] for row in rows][-2:] == ["end to end", "with joining and checks"]
    assert all(row["frames/s"] > 0 for row in rows)
    assert [row["stage"] for row in rows if row["% of the slowest"]] == ["end to end"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["speed", "blend", "--size", "64"], "is no size"),
        (["speed", "blend", "--runs", "0"], "cannot be measured"),
        (["scaling", "blend", "--batch", "0"], "draws nothing"),
        (["speed", "blend", "--batch", "0"], "draws nothing"),
        (["pipeline", "blend", "--frames", "1"], "too few"),
        (["pipeline", "blend", "--rounds", "0"], "cannot be measured"),
    ],
)
def test_bad_wishes_are_one_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", *words]) != 0
    assert said in capsys.readouterr().err


def test_a_table_tells_nothing_as_a_dash(tmp_path: Path) -> None:
    rows = ({"a": "x", "b": 2.0}, {"a": "y", "b": None})
    table = Table(title="T", machine=("m",), columns=("a", "b"), rows=rows, bars=("b",))
    assert table.as_markdown().splitlines()[-2:] == ["| x | 2 |", "| y | - |"]
    assert table.label(rows[0]) == "x"
    table.save_chart(tmp_path / "t.png")
    with Image.open(tmp_path / "t.png") as image:
        assert image.getpixel((430, 60)) == (0x44, 0x77, 0xAA)
