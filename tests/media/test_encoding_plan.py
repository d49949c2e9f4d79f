"""plan_encoding: what is chosen, what is noted, and that everything wrong is said at once."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.errors import ProblemsError
from flavr_core.frame import PixelFamily, PixelFormat, PlannedFrame
from flavr_core.media import EncodingPlan, plan_encoding, probe
from flavr_core.plan import OutputPlan
from flavr_core.settings import ExportSettings, OddSize, RateTarget, TimingSettings
from flavr_core.timeline import plan_output
from flavr_core.timing import FrameTimes

YUV420 = PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1)
YUV420_10 = replace(YUV420, depth=10)
RGB = PixelFormat(family=PixelFamily.RGB)
TAGGED = ColorSpec(matrix=Matrix.BT709, matrix_code=1, range=Range.LIMITED, primaries=1, transfer=1)


def clip_info(
    format: PixelFormat = YUV420,
    *,
    size: tuple[int, int] = (64, 48),
    color: ColorSpec = TAGGED,
    pixel_aspect: Fraction = Fraction(1),
    path: Path = Path("source.mp4"),
) -> ClipInfo:
    return ClipInfo(
        path=path,
        kind=ClipKind.SEQUENCE,
        container="images",
        codec="png",
        width=size[0],
        height=size[1],
        format=format,
        stored_format="",
        color=color,
        pixel_aspect=pixel_aspect,
        times=FrameTimes(pts=tuple(range(10)), time_base=Fraction(1, 25), end_pts=10),
        rate=Fraction(25),
    )


def plan_for(
    folder: Path, export: ExportSettings, info: ClipInfo | None = None, *, name: str | None = None
) -> EncodingPlan:
    info = info or clip_info()
    plan = plan_output(info.times, TimingSettings(), rate=info.rate)
    suffix = {"apng": ".apng", "png": ""}.get(export.container, f".{export.container}")
    return plan_encoding(info, plan, export, output=folder / (name or f"output{suffix}"))


def problems_of(action: Callable[[], object]) -> str:
    with pytest.raises(ProblemsError) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize(
    ("export", "format", "stored"),
    [
        (ExportSettings(), YUV420, "yuv420p"),
        (ExportSettings(), YUV420_10, "yuv420p10le"),
        (ExportSettings(depth=8), YUV420_10, "yuv420p"),
        (ExportSettings(), RGB, "yuv420p"),
        (ExportSettings(chroma="444"), RGB, "yuv444p"),
        (ExportSettings(codec="av1"), replace(YUV420, depth=12), "yuv420p10le"),
        (ExportSettings(container="mov", codec="prores"), YUV420, "yuv422p10le"),
        (ExportSettings(container="mov", codec="prores"), replace(RGB, has_alpha=True), "yuva444p10le"),
        (ExportSettings(container="mkv", codec="ffv1"), RGB, "bgr0"),
        (ExportSettings(container="mkv", codec="ffv1"), replace(RGB, depth=16), "gbrp16le"),
        (ExportSettings(container="mkv", codec="ffv1"), PixelFormat(family=PixelFamily.GRAY), "gray"),
        (ExportSettings(container="png", codec="png"), YUV420_10, "gbrp16le"),
        (ExportSettings(container="gif", codec="gif"), YUV420_10, "bgr0"),
    ],
)
def test_the_stored_format_keeps_what_the_codec_can(
    tmp_path: Path, export: ExportSettings, format: PixelFormat, stored: str
) -> None:
    assert plan_for(tmp_path, export, clip_info(format)).pixel_format == stored


def test_rgb_becomes_limited_ycbcr_with_a_tag_and_ycbcr_keeps_its_tags(tmp_path: Path) -> None:
    rgb = clip_info(RGB, color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL))
    small = plan_for(tmp_path, ExportSettings(), rgb)
    large = plan_for(tmp_path, ExportSettings(), replace(rgb, height=720))
    assert (small.color.matrix_code, large.color.matrix_code) == (6, 1)
    assert small.color.range is Range.LIMITED
    untagged = plan_for(tmp_path, ExportSettings(), clip_info(color=ColorSpec()))
    assert untagged.color == ColorSpec()


def test_an_untagged_picture_scaled_below_720_lines_gets_the_tag_it_was_read_with(tmp_path: Path) -> None:
    info = clip_info(size=(1280, 720), color=ColorSpec())
    assert plan_for(tmp_path, ExportSettings(max_width=640), info).color.matrix is Matrix.BT709


def test_odd_sizes_are_padded_or_cropped_with_a_word(tmp_path: Path) -> None:
    info = clip_info(size=(63, 47))
    padded = plan_for(tmp_path, ExportSettings(), info)
    cropped = plan_for(tmp_path, ExportSettings(odd_size=OddSize.CROP), info)
    free = plan_for(tmp_path, ExportSettings(container="webm", codec="vp9"), info)
    assert (padded.width, padded.height) == (64, 48)
    assert (cropped.width, cropped.height) == (62, 46)
    assert (free.width, free.height) == (63, 47)
    assert any("padded to 64x48" in note for note in padded.notes)
    assert any("cropped to 62x46" in note for note in cropped.notes)


def test_chroma_of_every_fourth_sample_needs_sizes_of_fours(tmp_path: Path) -> None:
    quarter = replace(YUV420, log2_chroma_w=2, log2_chroma_h=2)
    info = clip_info(quarter, size=(66, 49))
    encoding = plan_for(tmp_path, ExportSettings(container="mkv", codec="ffv1"), info)
    assert (encoding.width, encoding.height) == (68, 52)


def test_images_get_square_pixels_and_video_keeps_its_aspect(tmp_path: Path) -> None:
    info = clip_info(pixel_aspect=Fraction(4, 3))
    assert plan_for(tmp_path, ExportSettings(), info).pixel_aspect == Fraction(4, 3)
    gif = plan_for(tmp_path, ExportSettings(container="gif", codec="gif"), info)
    assert (gif.width, gif.height, gif.pixel_aspect) == (85, 48, Fraction(1))


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    export = ExportSettings(depth=12, crf=99, chroma="999", speed="warp", max_width=2)
    text = problems_of(lambda: plan_for(tmp_path / "missing", export, name="output.gif"))
    for part in (
        "does not end in .mp4",
        "no folder",
        "12 bits",
        "crf of 99",
        "'999'",
        "'warp'",
        "width of 2",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("export", "part"),
    [
        (ExportSettings(container="avi"), "no container 'avi'"),
        (ExportSettings(codec="prores"), "MP4 cannot hold ProRes"),
        (ExportSettings(codec="divx"), "no codec 'divx'"),
        (ExportSettings(container="mkv", codec="av1", chroma="444"), "AV1 (libsvtav1) cannot store 444"),
        (ExportSettings(container="webp", codec="webp", crf=200), "outside WebP's 0 to 100"),
        (ExportSettings(hardware="videotoolbox"), "no h264_videotoolbox"),
        (ExportSettings(hardware="toaster"), "toaster has no encoder"),
    ],
)
def test_impossible_settings_are_refused(tmp_path: Path, export: ExportSettings, part: str) -> None:
    container = export.container if export.container != "avi" else "mp4"
    assert part in problems_of(lambda: plan_for(tmp_path, export, name=f"output.{container}"))


def test_the_output_may_not_be_the_source_nor_lie_in_its_folder(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"x")
    info = clip_info(path=source)
    assert "source itself" in problems_of(
        lambda: plan_for(tmp_path, ExportSettings(), info, name="../" + tmp_path.name + "/clip.mp4")
    )
    folder = clip_info(path=tmp_path)
    assert "folder of images" in problems_of(lambda: plan_for(tmp_path, ExportSettings(), folder))


def test_a_folder_in_the_way_and_an_image_name_for_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "output.mp4").mkdir()
    assert "is a folder" in problems_of(lambda: plan_for(tmp_path, ExportSettings()))
    png = ExportSettings(container="png", codec="png")
    assert "need a folder" in problems_of(lambda: plan_for(tmp_path, png, name="output.mp4"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "cannot be written" in problems_of(lambda: plan_for(tmp_path, ExportSettings()))
    finally:
        tmp_path.chmod(0o700)


def test_equal_plans_hash_equal_and_streams_are_said_in_words(
    tmp_path: Path, clip: Callable[[str], Path]
) -> None:
    info = probe(clip("constant"))
    first = plan_for(tmp_path, ExportSettings(), info)
    assert first == plan_for(tmp_path, ExportSettings(), info)
    assert hash(first) == hash(plan_for(tmp_path, ExportSettings(), info))
    assert first.stream_words() == ["audio 1 (aac): copied"]
    assert "H.264 (libx264), yuv420p, 64x48" in first.describe()
    assert first.projected_bytes > 0


def test_a_gif_faster_than_fifty_leaves_frames_out_with_a_word(tmp_path: Path) -> None:
    info = clip_info()
    plan = plan_output(info.times, TimingSettings(rate=RateTarget(fps=Fraction(60))), rate=info.rate)
    gif = ExportSettings(container="gif", codec="gif")
    encoding = plan_encoding(info, plan, gif, output=tmp_path / "output.gif")
    assert encoding.animation is not None
    assert encoding.animation.kept is not None
    assert len(plan) == 24
    assert len(encoding.animation.kept) == 20
    assert any("50 frames a second" in note for note in encoding.notes)


@pytest.mark.parametrize("fps", [Fraction(60), Fraction(60000, 1001), Fraction(54), Fraction(120)])
def test_a_gif_faster_than_fifty_shows_fifty(tmp_path: Path, fps: Fraction) -> None:
    info = replace(
        clip_info(), times=FrameTimes(pts=tuple(range(250)), time_base=Fraction(1, 25), end_pts=250)
    )
    plan = plan_output(info.times, TimingSettings(rate=RateTarget(fps=fps)), rate=info.rate)
    gif = ExportSettings(container="gif", codec="gif")
    animation = plan_encoding(info, plan, gif, output=tmp_path / "output.gif").animation
    assert animation is not None
    assert animation.kept is not None
    assert len(animation.kept) >= 495  # of 500 that ten seconds can hold
    times = [frame.time for frame in plan.frames()]
    places = zip(animation.kept, animation.ticks[:-1], strict=True)
    assert all(abs(tick * animation.tick - times[number]) <= Fraction(1, 100) for number, tick in places)
    delays = [b - a for a, b in itertools.pairwise(animation.ticks)]
    assert min(delays) >= 2


@pytest.mark.parametrize(
    "fps", [Fraction(50), Fraction(24000, 1001), Fraction(30), Fraction(48), Fraction(7)]
)
def test_gif_times_are_never_off_by_more_than_half_a_centisecond(tmp_path: Path, fps: Fraction) -> None:
    info = replace(
        clip_info(), times=FrameTimes(pts=tuple(range(200)), time_base=Fraction(1, 25), end_pts=200)
    )
    plan = plan_output(info.times, TimingSettings(rate=RateTarget(fps=fps)), rate=info.rate)
    gif = ExportSettings(container="gif", codec="gif")
    animation = plan_encoding(info, plan, gif, output=tmp_path / "output.gif").animation
    assert animation is not None
    assert animation.kept is None
    times = [frame.time for frame in plan.frames()] + [plan.duration]
    errors = [abs(tick * animation.tick - time) for tick, time in zip(animation.ticks, times, strict=True)]
    assert max(errors) <= Fraction(1, 200)


@pytest.mark.parametrize("container", ["gif", "webp", "apng"])
@pytest.mark.parametrize("keep_vfr", [False, True])
def test_an_hour_of_animation_is_planned_from_its_times_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, container: str, keep_vfr: bool
) -> None:
    """Where each frame lies in its gap would take a quarter of a minute to work out, and nobody asks."""
    pts = tuple(number * 2 + number % 2 for number in range(2000))
    info = replace(
        clip_info(),
        times=FrameTimes(pts=pts, time_base=Fraction(1, 60), end_pts=4000),
        is_vfr=keep_vfr,
    )
    timing = TimingSettings(keep_vfr=keep_vfr)
    plan = plan_output(info.times, timing, rate=Fraction(30), is_vfr=keep_vfr)
    asked: list[int] = []
    place_of = type(plan).__getitem__

    def watched(self: OutputPlan, index: int) -> PlannedFrame:
        asked.append(index)
        return place_of(self, index)

    monkeypatch.setattr(type(plan), "__getitem__", watched)
    encoding = plan_encoding(
        info, plan, ExportSettings(container=container, codec=container), output=tmp_path / f"o.{container}"
    )
    assert encoding.animation is not None
    assert len(encoding.animation.ticks) > 3000
    assert len(asked) < 10
