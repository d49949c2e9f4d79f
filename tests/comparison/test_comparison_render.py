"""Comparisons as files: the right frames in the right places, and nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from flavr_core.cli import main
from flavr_core.comparison.labels import draw_label
from flavr_core.comparison.render import render_comparison
from flavr_core.comparison.settings import ComparisonSettings
from flavr_core.comparison.views import DifferenceKind, ViewMode
from flavr_core.errors import CancelledError, FlavrError
from flavr_core.progress import CancelToken, Progress, SilentReporter
from flavr_core.settings import ConvertSettings, EngineSettings, RateTarget, TimingSettings
from flavr_core.timing import TimePoint

WIDTH, HEIGHT = 64, 48


def make_gray(path: Path, codes: list[int], *, rate: int, sound: bool = False) -> Path:
    """A lossless clip of flat pictures: frame k is as gray as codes[k] says."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=rate, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        tone = output.add_stream("aac", rate=48000) if sound else None
        if tone is not None:
            tone.layout = "mono"
        for number, code in enumerate(codes):
            picture = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane, value in zip(picture.planes, (code, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            picture.pts, picture.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if tone is not None:
            for start in range(0, 48000 * len(codes) // rate, 1024):
                wave = np.zeros((1, 1024), np.float32)
                piece = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = 48000, start, Fraction(1, 48000)
                output.mux(tone.encode(piece))
            output.mux(tone.encode(None))
    return path


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [picture.to_ndarray(format="rgb24").astype(int) for picture in container.decode(video=0)]


def level(code: int) -> float:
    """Gray on the screen of a luma code of limited range."""
    return (code - 16) * 255 / 219


@pytest.fixture
def clips(tmp_path: Path) -> tuple[Path, Path]:
    """A: 8 frames; B: twice the rate, its frames brighter by 4."""
    a = [60 + 10 * number for number in range(8)]
    b = [64 + 5 * number for number in range(16)]
    return make_gray(tmp_path / "a clip.mp4", a, rate=10, sound=True), make_gray(
        tmp_path / "b.mp4", b, rate=20, sound=True
    )


def render(a: Path, b: Path, output: Path, **options: object) -> object:
    settings = ComparisonSettings(a=a, b=b, output=output, **options)  # type: ignore[arg-type]
    return render_comparison(settings, SilentReporter(), CancelToken())


def test_wipe_shows_each_side_on_its_own(clips: tuple[Path, Path], tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    render(*clips, output, show_labels=False, wipe=0.25)
    pictures = decoded(output)
    assert len(pictures) == 16
    for number, picture in enumerate(pictures):
        assert abs(picture[8:40, 2:10].mean() - level(60 + 10 * (number // 2))) < 3
        assert abs(picture[8:40, 26:60].mean() - level(64 + 5 * number)) < 3
    with av.open(str(output)) as container:
        assert container.streams.video[0].average_rate == 20
        assert len(container.streams.audio) == 1


@pytest.mark.parametrize(("view", "size"), [(ViewMode.SIDE, (132, 48)), (ViewMode.ABOVE, (64, 100))])
def test_two_panes(clips: tuple[Path, Path], tmp_path: Path, view: ViewMode, size: tuple[int, int]) -> None:
    output = tmp_path / "out.mkv"
    render(*clips, output, view=view, show_labels=False, swap=True)
    picture = decoded(output)[6]
    assert picture.shape[1::-1] == size
    first, second = picture[4:44, 4:60], picture[-44:-4, -60:-4]
    assert abs(first.mean() - level(64 + 5 * 6)) < 3
    assert abs(second.mean() - level(60 + 10 * 3)) < 3


def test_difference_and_flip(clips: tuple[Path, Path], tmp_path: Path) -> None:
    render(
        *clips,
        tmp_path / "d.mp4",
        view=ViewMode.DIFFERENCE,
        difference=DifferenceKind.AMPLIFIED,
        gain=4,
        show_labels=False,
    )
    for number, picture in enumerate(decoded(tmp_path / "d.mp4")):
        apart = abs(level(64 + 5 * number) - level(60 + 10 * (number // 2)))
        assert abs(picture.mean() - 4 * apart) < 8
    render(*clips, tmp_path / "f.mp4", view=ViewMode.FLIP, flip_s=Fraction(1, 5), show_labels=False)
    for number, picture in enumerate(decoded(tmp_path / "f.mp4")):
        is_b = number // 4 % 2
        wanted = level(64 + 5 * number) if is_b else level(60 + 10 * (number // 2))
        assert abs(picture.mean() - wanted) < 3


def test_sweep_moves_the_line(clips: tuple[Path, Path], tmp_path: Path) -> None:
    report = render(
        *clips, tmp_path / "s.gif", sweep_s=Fraction(4, 5), wipe=0.0, max_width=64, show_labels=False
    )
    assert report.frames == 16  # type: ignore[attr-defined]
    with Image.open(tmp_path / "s.gif") as image:
        assert image.n_frames == 16
        image.seek(8)  # half of the way: the line is at the right
        last = np.asarray(image.convert("RGB"))
    assert abs(last[:, :50].mean() - level(60 + 10 * 4)) < 12


def test_slow_motion_by_its_length(tmp_path: Path) -> None:
    a = make_gray(tmp_path / "a.mp4", [60, 100, 140, 180], rate=10)
    b = make_gray(tmp_path / "b.mp4", [60 + 10 * number for number in range(16)], rate=10)
    reporter = SilentReporter()
    settings = ComparisonSettings(a=a, b=b, output=tmp_path / "o.mp4", view=ViewMode.SIDE, show_labels=False)
    render_comparison(settings, reporter, CancelToken())
    pictures = decoded(tmp_path / "o.mp4")
    assert len(pictures) == 16
    for number, picture in enumerate(pictures):
        assert abs(picture[4:44, 4:60].mean() - level(60 + 40 * (number // 4))) < 3
        assert abs(picture[4:44, -60:-4].mean() - level(60 + 10 * number)) < 3
    assert any("slow motion" in note for note in reporter.notes)


def test_one_picture_with_labels(clips: tuple[Path, Path], tmp_path: Path) -> None:
    output = tmp_path / "o.png"
    render(*clips, output, at=TimePoint(seconds=Fraction(3, 10)), view=ViewMode.SIDE, show_labels=False)
    with Image.open(output) as image:
        picture = np.asarray(image).astype(int)
    assert abs(picture[:, :60].mean() - level(90)) < 2
    assert abs(picture[:, -60:].mean() - level(94)) < 2
    render(
        *clips, tmp_path / "l.png", at=TimePoint(seconds=Fraction(3, 10)), view=ViewMode.A, labels=("X", "Y")
    )
    with Image.open(tmp_path / "l.png") as image:
        assert np.asarray(image).astype(int)[:24].std() > 10


def test_b_is_drawn_where_it_is_a_conversion(clips: tuple[Path, Path], tmp_path: Path) -> None:
    drawn = ConvertSettings(source=clips[0], output=tmp_path / "no.mp4", engine=EngineSettings(model="blend"))
    settings = ComparisonSettings(
        a=clips[0], b=drawn, output=tmp_path / "o.mp4", view=ViewMode.B, show_labels=False
    )
    render_comparison(settings, SilentReporter(), CancelToken())
    levels = [picture.mean() for picture in decoded(tmp_path / "o.mp4")]
    wanted = [level(60 + 5 * min(number, 14)) for number in range(16)]
    assert np.abs(np.array(levels) - wanted).max() < 3
    assert not (tmp_path / "no.mp4").exists()
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert len(container.streams.audio) == 1


def test_drawn_slow_motion_of_a_stretch(clips: tuple[Path, Path], tmp_path: Path) -> None:
    timing = TimingSettings(rate=RateTarget(factor=Fraction(1)), slow=Fraction(2), start=TimePoint(frame=2))
    drawn = ConvertSettings(
        source=clips[0], output=tmp_path / "no.mp4", timing=timing, engine=EngineSettings(model="blend")
    )
    settings = ComparisonSettings(
        a=clips[0], b=drawn, output=tmp_path / "o.mp4", view=ViewMode.SIDE, show_labels=False
    )
    reporter = SilentReporter()
    render_comparison(settings, reporter, CancelToken())
    pictures = decoded(tmp_path / "o.mp4")
    assert len(pictures) == 12
    for number, picture in enumerate(pictures):
        assert abs(picture[4:44, 4:60].mean() - level(60 + 10 * (2 + number // 2))) < 3
        assert abs(picture[4:44, -60:-4].mean() - level(60 + 10 * min(2 + number / 2, 7))) < 3
    assert any("no sound" in note for note in reporter.notes)


def test_a_picture_of_another_size_and_shape_of_pixels_fits(clips: tuple[Path, Path], tmp_path: Path) -> None:
    Image.new("RGB", (31, 23), (200, 10, 10)).save(tmp_path / "frame_0001.png")
    Image.new("RGB", (31, 23), (10, 200, 10)).save(tmp_path / "frame_0002.png")
    folder = tmp_path / "images"
    folder.mkdir()
    for number in (1, 2):
        (tmp_path / f"frame_000{number}.png").rename(folder / f"frame_000{number}.png")
    report = render(clips[0], folder, tmp_path / "o.mp4", sequence_rate=Fraction(2), view=ViewMode.SIDE)
    assert (report.width, report.height) == (132, 48)  # type: ignore[attr-defined]


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", ["mp4", "gif", "png"])
def test_stopping_leaves_nothing(clips: tuple[Path, Path], tmp_path: Path, suffix: str) -> None:
    before = left(tmp_path)
    token = CancelToken()

    class Stopper(SilentReporter):
        def progress(self, progress: Progress) -> None:
            token.cancel()

    if suffix == "png":
        token.cancel()
    settings = ComparisonSettings(a=clips[0], b=clips[1], output=tmp_path / f"o.{suffix}")
    with pytest.raises(CancelledError):
        render_comparison(settings, Stopper(), token)
    assert left(tmp_path) == before


def test_an_old_file_stays_when_it_fails(
    clips: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "o.mp4"
    output.write_bytes(b"precious")
    with pytest.raises(FlavrError, match="exists already"):
        render(*clips, output)

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flavr_core.comparison.compose.Composer.compose", full)
    with pytest.raises(OSError, match="No space"):
        render(*clips, output, overwrite=True)
    assert output.read_bytes() == b"precious"
    assert left(tmp_path) == {"a clip.mp4", "b.mp4", "o.mp4"}


def test_what_a_killed_program_left_is_removed(clips: tuple[Path, Path], tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f".o.png.{gone.pid}-x.compare", f".o.png.{os.getpid()}-x.compare", ".o.png.mine"):
        (tmp_path / name).mkdir()
    render(*clips, tmp_path / "o.png")
    hidden = {name for name in left(tmp_path) if name.startswith(".")}
    assert hidden == {f".o.png.{os.getpid()}-x.compare", ".o.png.mine"}


def test_bad_input_is_one_sentence(clips: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(FlavrError, match="does not end in a format"):
        render(*clips, tmp_path / "o.xyz")
    with pytest.raises(FlavrError, match="is one of the clips"):
        render(*clips, clips[0], overwrite=True)
    with pytest.raises(FlavrError):
        render(clips[0], tmp_path / "missing.mp4", tmp_path / "o.mp4")
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(FlavrError):
        render(clips[0], tmp_path / "empty.mp4", tmp_path / "o.mp4")
    assert left(tmp_path) == {"a clip.mp4", "b.mp4", "empty.mp4"}


def test_command_line(clips: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "o.gif"
    arguments = ["compare", *map(str, clips), "-o", str(output), "--view", "side", "--stop", "4f", "--json"]
    assert main(arguments) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["frames"], last["width"]) == ("done", 8, 132)
    assert main([*arguments[:3], "-o", str(output)]) == 6
    assert "exists already" in capsys.readouterr().err
    assert main(["compare", *map(str, clips), "-o", str(tmp_path / "p.mp4"), "--at", "1", "--gain", "3"]) == 2
    errors = capsys.readouterr().err
    assert "--at has no meaning" in errors
    assert "--gain has no meaning" in errors


def test_labels_are_cut_short_and_keep_to_their_room() -> None:
    picture = np.full((40, 120, 3), 128, np.uint8)
    draw_label(picture, "A", "a name that is far too long for the room it has", x=4, y=4, width=80, size=14)
    touched = np.nonzero((picture != 128).any(axis=(0, 2)))[0]
    assert touched.min() == 4
    assert touched.max() < 84
    blank = np.full((10, 10, 3), 128, np.uint8)
    draw_label(blank, "A", "no room", x=0, y=0, width=10, size=14)
    assert np.all(blank == 128)


@pytest.mark.skipif(sys.platform == "win32", reason="fonts differ")
def test_letters_beyond_english_are_written() -> None:
    pictures = []
    for text in ("Größe", "Gr\uffff\uffffe"):
        picture = np.zeros((40, 120, 3), np.uint8)
        draw_label(picture, "", text, x=0, y=0, width=120, size=16)
        pictures.append(picture)
    assert not np.array_equal(*pictures)
