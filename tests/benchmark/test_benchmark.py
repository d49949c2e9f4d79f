"""The benchmark commands measure what they say, on tiny clips. No time is asserted."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from flavr_core.benchmark.machine import BenchmarkError, ffmpeg_command, machine_lines, run_process
from flavr_core.cli import main


def test_networks_are_measured_where_there_is_no_ffmpeg(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)  # importing it fails
    for name in [name for name in sys.modules if name.startswith("flavr_core.benchmark")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["benchmark", "network", "blend", "--size", "32x32", "--runs", "1"]) == 0
    capsys.readouterr()
    assert main(["benchmark", "memory", "--seconds", "1", "--size", "32x32"]) == 1
    assert "The ffmpeg program that is measured beside ours is missing." in capsys.readouterr().err


def test_memory_of_a_process_is_seen() -> None:
    script = "import time; block = bytearray(200_000_000); time.sleep(0.3)"
    figures = run_process([sys.executable, "-c", script])
    assert 200e6 < figures.peak_bytes < 500e6
    assert figures.wall_s >= 0.3


def test_a_failing_command_is_one_sentence() -> None:
    with pytest.raises(BenchmarkError, match=r"failed with code 1: .*nonsense"):
        run_process([sys.executable, "-c", "raise SystemExit('nonsense')"])


def test_text_is_split_and_paths_are_not() -> None:
    assert ffmpeg_command("-i", Path("a clip.mp4"), "-t 3")[-4:] == ["-i", "a clip.mp4", "-t", "3"]


def test_machine_lines_name_the_versions() -> None:
    assert "torch" in machine_lines()[1]


def test_reference_stands_beside_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "a clip.mp4"
    run_process(ffmpeg_command("-f lavfi -i testsrc2=size=128x96:rate=24 -t 1 -pix_fmt yuv420p", clip))
    assert (
        main(
            [
                "benchmark",
                "reference",
                str(clip),
                "--network",
                "blend",
                "--runs",
                "1",
                "--warm-up",
                "0",
                "--json",
            ]
        )
        == 0
    )
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["name"].split()[0] for row in rows] == ["FLAVR", "ffmpeg"]
    for row in rows:
        assert math.isfinite(row["psnr_db"])
        assert row["figures"]["wall_s"] > 0
    # Both average the same two frames, so they must agree to a rounding.
    assert abs(rows[0]["psnr_db"] - rows[1]["psnr_db"]) < 0.3


def test_a_network_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["benchmark", "network", "blend", "motion", "--size", "96x64", "--runs", "2", "--warm-up", "1"]
    assert main([*command, "--device", "cpu", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["network"], row["width"], row["height"]) for row in rows] == [
        ("blend", 96, 64),
        ("motion", 96, 64),
    ]
    assert all(row["frame_ms"] > 0 and row["draw_ms"] is None for row in rows)


def test_a_network_on_tensors_is_timed_alone_too(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["benchmark", "network", "fourflow", "--size", "64x64", "--runs", "1", "--warm-up", "0"]
    assert main([*command, "--device", "cpu", "--precision", "fp32"]) == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last[1] == "64x64"
    assert float(last[2]) > 0
    assert last[4] == "-"  # no GPU, no memory of one


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "big"], "is no size"),
        (["--position", "1"], "does not lie in the gap"),
        (["--runs", "0"], "cannot be measured"),
        (["no-such-network"], "no model no-such-network"),
    ],
)
def test_what_cannot_be_timed_is_said(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "network", "blend", *arguments]) != 0
    assert words in capsys.readouterr().err


def test_plain_ways_are_timed_where_there_are_no_kernels(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["benchmark", "fused", "--device", "cpu", "--width", "48", "--height", "32", "--runs", "1"]
    assert main([*command, "--networks", "adacof-compressed", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["way"] for row in rows} == {"plain"}
    assert {row["what"].split(",")[0] for row in rows} == {
        "sampling 5x5",
        "sampling 11x11",
        "splatting",
        "cost volume 9x9",
        "adacof-compressed",
    }
    assert all(row["ms"] > 0 and row["peak_bytes"] is None for row in rows)
    assert main([*command, "--networks", "no-such-network"]) == 4
    assert "no published network no-such-network" in capsys.readouterr().err
    assert main([*command[:4], "--width", "2"]) == 2
