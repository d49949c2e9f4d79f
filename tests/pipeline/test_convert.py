"""Whole conversions through the command line, in this process."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from flavr_core.cli import main
from flavr_core.media import open_source, probe
from flavr_core.media.pixels import frame_hash
from flavr_core.pipeline.journal import work_folder

MakeClip = Callable[..., Path]


def convert(*arguments: str | Path) -> int:
    return main(["convert", *map(str, arguments), "--model", "blend", "--device", "cpu"])


def hashes(path: Path) -> list[str]:
    with open_source(probe(path)) as source:
        return [frame_hash(frame) for frame in source.frames()]


def test_twice_the_frames_with_sound_and_a_receipt(make_clip: MakeClip, tmp_path: Path) -> None:
    clip, output, receipt = make_clip(), tmp_path / "größer.mp4", tmp_path / "receipt.json"
    assert convert(clip, output, "--rate", "2x", "--receipt", receipt) == 0
    info = probe(output)
    assert len(info.times) == 48
    assert info.rate == 48
    assert [stream.kind for stream in info.streams] == ["audio"]
    facts = json.loads(receipt.read_text())
    assert facts["frames"] == 48
    assert facts["made"] == 23  # the last frame is held
    assert not work_folder(output).exists()


@pytest.mark.parametrize(
    "video",
    [
        ("-c:v", "ffv1", "-pix_fmt", "yuv420p"),
        ("-c:v", "ffv1", "-pix_fmt", "yuv422p10le"),
        ("-c:v", "ffv1", "-pix_fmt", "yuv444p12le"),
        ("-c:v", "ffv1", "-pix_fmt", "gray"),
        ("-c:v", "ffv1", "-pix_fmt", "bgr0"),
        ("-c:v", "ffv1", "-pix_fmt", "gbrp10le"),
        ("-c:v", "ffv1", "-pix_fmt", "bgra"),
    ],
    ids=lambda video: video[-1],
)
def test_lossless_output_holds_the_very_source_frames(
    make_clip: MakeClip, tmp_path: Path, video: tuple[str, ...]
) -> None:
    clip, output = make_clip("source.mkv", video=video), tmp_path / "out.mkv"
    assert convert(clip, output, "--rate", "2x", "--codec", "ffv1") == 0
    assert hashes(output)[::2] == hashes(clip)


def test_segments_do_not_show_in_the_result(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = make_clip()
    one, many = tmp_path / "one.mkv", tmp_path / "many.mkv"
    assert convert(clip, one, "--codec", "ffv1") == 0
    assert convert(clip, many, "--codec", "ffv1", "--segment-frames", "7") == 0
    assert hashes(one) == hashes(many)
    assert probe(one).times == probe(many).times


@pytest.mark.parametrize("seconds", ["0.041", "0.083", "0.125"], ids=["1 frame", "2 frames", "3 frames"])
def test_very_short_clips(make_clip: MakeClip, tmp_path: Path, seconds: str) -> None:
    clip, output = make_clip(seconds=float(seconds), sound=False), tmp_path / "out.mp4"
    assert convert(clip, output) == 0
    assert len(probe(output).times) == 2 * len(probe(clip).times)


def test_what_has_no_use_is_said(
    make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, output = make_clip(seconds=0.5, rate="10"), tmp_path / "out.webp"
    assert convert(clip, output, "--sequence-rate", "30", "--duplicates", "drop") == 0
    said = capsys.readouterr()
    assert "--sequence-rate is for images" in said.err
    assert "repeat the one before as one" in said.out
    assert "left out" not in said.out
    assert "(4 drawn, 1 held)" in said.out


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.apng", "frames"])
def test_animations_and_images(make_clip: MakeClip, tmp_path: Path, name: str) -> None:
    clip, output = make_clip(seconds=0.5, rate="10"), tmp_path / name
    assert convert(clip, output) == 0
    times = probe(output, sequence_rate=Fraction(20)).times
    assert times.duration == Fraction(1, 2)
    # Animated WebP shows the held last frame as one frame of twice the duration.
    assert len(times) == (9 if name.endswith("webp") else 10)


def test_everything_wrong_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing.mp4"
    code = main(
        ["convert", str(missing), str(tmp_path / "no folder" / "out.mp4"), "--model", "no-such-network"]
    )
    said = capsys.readouterr().err
    assert code == 3
    assert said.count("error: ") == 3
    assert "missing.mp4" in said
    assert "no folder" in said
    assert "no-such-network" in said


def test_usage_errors_are_all_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["convert", "a.mp4", "b.xyz", "--rate", "fast", "--slow", "0.5", "--start", "noon"])
    said = capsys.readouterr().err
    assert code == 2
    assert said.count("error: ") == 4


def test_an_existing_output_is_kept(make_clip: MakeClip, tmp_path: Path) -> None:
    clip, output = make_clip(), tmp_path / "precious.mp4"
    output.write_bytes(b"precious")
    assert convert(clip, output) == 6
    assert output.read_bytes() == b"precious"
    assert convert(clip, clip) == 6
    assert convert(clip, output, "--overwrite") == 0
    assert len(probe(output).times) == 48


def test_a_folder_with_other_things_is_never_replaced(
    make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, folder = make_clip(seconds=0.25), tmp_path / "my documents"
    folder.mkdir()
    (folder / "letter.txt").write_text("precious")
    assert convert(clip, folder, "--overwrite") == 6
    assert "letter.txt" in capsys.readouterr().err
    (folder / "letter.txt").rename(tmp_path / "letter.txt")
    assert convert(clip, folder) == 0
    assert convert(clip, folder) == 6
    assert convert(clip, folder, "--overwrite", "--rate", "1x") == 0
    assert len(list(folder.iterdir())) == 6
    # The folder is a source now, and a result must not replace its own source.
    assert convert(folder, folder, "--overwrite") == 6
    assert len(list(folder.iterdir())) == 6


def test_a_receipt_never_replaces_anything_unasked(make_clip: MakeClip, tmp_path: Path) -> None:
    clip, output, receipt = make_clip(seconds=0.25), tmp_path / "out.mp4", tmp_path / "receipt.json"
    content = clip.read_bytes()
    receipt.write_text("precious")
    for bad in (clip, output, receipt, tmp_path, tmp_path / "no folder" / "receipt.json"):
        assert convert(clip, output, "--receipt", bad) == 6
        assert not output.exists()
    assert clip.read_bytes() == content
    assert receipt.read_text() == "precious"
    assert convert(clip, output, "--receipt", receipt, "--overwrite") == 0
    assert json.loads(receipt.read_text())["held"] == 1


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_name_that_is_none_is_refused(make_clip: MakeClip, name: str) -> None:
    assert convert(make_clip(seconds=0.25), name, "--overwrite") == 6


def test_another_size_limit_goes_on_from_what_was_rendered(
    make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, output = make_clip(seconds=0.5), tmp_path / "out.gif"
    assert convert(clip, output, "--max-size", "1kB") == 6
    assert "--resume" in capsys.readouterr().err
    assert convert(clip, output, "--max-size", "1MB", "--resume") == 0
    assert output.stat().st_size <= 1_000_000


def test_dry_run_writes_nothing(
    make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip()
    before = sorted(tmp_path.iterdir())
    assert convert(clip, tmp_path / "out.mp4", "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["event"], plan["frames"]) == ("plan", 48)
    assert sorted(tmp_path.iterdir()) == before


def test_events_are_one_json_object_a_line(
    make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(make_clip(), tmp_path / "out.mp4", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "done"
    assert events[-1]["frames"] == 48
    assert {event["event"] for event in events} <= {"progress", "note", "done"}


def test_a_cancelled_job_leaves_nothing_under_the_final_name(make_clip: MakeClip, tmp_path: Path) -> None:
    from flavr_core.cli import build_parser
    from flavr_core.cli.convert import settings_from
    from flavr_core.errors import CancelledError
    from flavr_core.pipeline import prepare, run_job
    from flavr_core.progress import CancelToken, SilentReporter

    clip, output = make_clip(seconds=20), tmp_path / "out.mp4"
    args = build_parser().parse_args(
        ["convert", str(clip), str(output), "--model", "blend", "--segment-frames", "24", "--device", "cpu"]
    )
    token = CancelToken()
    job = prepare(settings_from(args), reporter=SilentReporter(), token=token)
    threading.Timer(0.4, token.cancel).start()
    with pytest.raises(CancelledError):
        run_job(job, SilentReporter(), token)
    assert not output.exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flavr-")]


@pytest.mark.parametrize("content", [b"", b"not a video", b"<html>", os.urandom(4096)])
def test_nonsense_ends_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content)
    assert convert(clip, tmp_path / "out.mp4") == 3
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "Traceback" not in said


def test_a_truncated_clip_gives_what_is_there_or_a_sentence(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = make_clip("clip.mkv", seconds=2)
    content = clip.read_bytes()
    for part in (0.01, 0.1, 0.5, 0.9):
        broken, output = tmp_path / f"broken{part}.mkv", tmp_path / f"out{part}.mp4"
        broken.write_bytes(content[: int(len(content) * part)])
        code = convert(broken, output)
        assert code in (0, 3)
        assert output.exists() == (code == 0)


def test_repeated_frames_are_redrawn(make_clip: MakeClip, tmp_path: Path) -> None:
    """Animation on twos: testsrc2 at 12 frames a second shown at 24."""
    clip = make_clip(rate="12", sound=False, video=("-r", "24", "-c:v", "ffv1"), name="on twos.mkv")
    output, receipt = tmp_path / "out.mkv", tmp_path / "receipt.json"
    arguments = ("--codec", "ffv1", "--rate", "1x", "--duplicates", "drop", "--receipt", receipt)
    assert convert(clip, output, *arguments) == 0
    facts = json.loads(receipt.read_text())
    assert (facts["source_frames"], facts["frames"]) == (12, 24)
    assert len(set(hashes(clip))) == 12
    assert len(set(hashes(output))) == 23  # only the last frame has no later one to move to


def test_cuts_by_hand_are_checked_before_the_start(
    make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cuts = tmp_path / "cuts.txt"
    cuts.write_text("12f\n500f\n")
    assert convert(make_clip(), tmp_path / "out.mp4", "--cuts", cuts) == 2
    assert "past the end" in capsys.readouterr().err
