"""Segments: pixels go through untouched or by one known path, and the same frames give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.color import ColorSpec, Matrix, Range, Siting
from flavr_core.errors import OutputError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.media import EncodingPlan, FrameSink, open_segment, open_source, plan_encoding, probe
from flavr_core.media.encoders import ENCODERS, encoder_state, stored_formats
from flavr_core.media.fitting import Fitter, flatten
from flavr_core.media.pixels import frame_hash, planes_from_av
from flavr_core.settings import ExportSettings, TimingSettings
from flavr_core.timeline import plan_output
from flavr_core.timing import FrameTimes
from tests.export_factory import held_frames, render, write_segments

FFV1 = ExportSettings(container="mkv", codec="ffv1")
LIMITED = ColorSpec(matrix=Matrix.BT709, matrix_code=1, range=Range.LIMITED, primaries=1, transfer=1)
RGB_COLOR = ColorSpec(matrix=Matrix.RGB, matrix_code=0, range=Range.FULL)


def yuv(depth: int = 8, across: int = 1, down: int = 1, *, alpha: bool = False) -> PixelFormat:
    return PixelFormat(
        family=PixelFamily.YUV, depth=depth, log2_chroma_w=across, log2_chroma_h=down, has_alpha=alpha
    )


def rgb(depth: int = 8, *, alpha: bool = False) -> PixelFormat:
    return PixelFormat(family=PixelFamily.RGB, depth=depth, has_alpha=alpha)


def noise(format: PixelFormat, color: ColorSpec, *, size: tuple[int, int] = (64, 48)) -> Frame:
    generator = np.random.default_rng(7)
    planes = tuple(
        generator.integers(0, 2**format.depth, format.plane_shape(n, width=size[0], height=size[1])).astype(
            format.dtype
        )
        for n in range(format.num_planes)
    )
    return Frame(planes=planes, format=format, color=color, time=Fraction(0), index=0)


def plan_for(
    frame: Frame, export: ExportSettings, folder: Path, *, side_data: dict[str, str] | None = None
) -> EncodingPlan:
    info = ClipInfo(
        path=Path("source"),
        kind=ClipKind.SEQUENCE,
        container="images",
        codec="png",
        width=frame.width,
        height=frame.height,
        format=frame.format,
        stored_format="",
        color=frame.color,
        times=FrameTimes(pts=(0, 1), time_base=Fraction(1, 25), end_pts=2),
        rate=Fraction(25),
        hdr_side_data=side_data or {},
    )
    plan = plan_output(info.times, TimingSettings(), rate=info.rate)
    suffix = "" if export.container == "png" else f".{export.container}"
    return plan_encoding(info, plan, export, output=folder / f"output{suffix}")


def fitted(frame: Frame, export: ExportSettings, folder: Path) -> tuple[np.ndarray, ...]:
    encoding = plan_for(frame, export, folder)
    return planes_from_av(Fitter(encoding).fit(frame))


@pytest.mark.parametrize(
    "name",
    ["constant", "ten_bit_422", "twelve_bit_444", "gray", "gray_ten_bit", "rgb", "rgb_sixteen_bit", "alpha",
     "odd_size", "alpha_ten_bit", "full_range"],
)  # fmt: skip
def test_source_frames_come_back_with_their_own_hash(
    tmp_path: Path, clip: Callable[[str], Path], name: str
) -> None:
    rendered = render(clip(name), tmp_path / "output.mkv", FFV1, segment_frames=7)
    with open_source(rendered.info) as source:
        wanted = [frame_hash(frame) for frame in source.frames()]
    with open_source(probe(tmp_path / "output.mkv")) as source:
        found = [frame_hash(frame) for frame in source.frames()]
    assert found[::2] == wanted
    assert found[1::2] == wanted  # held frames are in between


@pytest.mark.parametrize("format", [yuv(d, *s) for d in (9, 14, 16) for s in ((1, 1), (1, 0), (0, 0))] +
                         [yuv(8, 2, 0), yuv(8, 2, 2), yuv(12, 0, 1), yuv(16, 0, 0, alpha=True), rgb(14),
                          rgb(16, alpha=True), rgb(8, alpha=True)], ids=str)  # fmt: skip
def test_unusual_formats_are_lossless_in_ffv1(tmp_path: Path, format: PixelFormat) -> None:
    color = RGB_COLOR if format.family is PixelFamily.RGB else LIMITED
    frame = noise(format, color, size=(36, 24) if format.log2_chroma_w > 1 else (33, 21))
    encoding = plan_for(frame, FFV1, tmp_path)
    (path,) = write_segments(encoding, iter([frame]), tmp_path, segment_frames=1)
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
    for found, wanted in zip(planes_from_av(picture), frame.planes, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_equal_formats_are_not_converted(tmp_path: Path) -> None:
    for range_ in Range:
        frame = noise(yuv(), replace(LIMITED, range=range_))
        for found, wanted in zip(fitted(frame, ExportSettings(), tmp_path), frame.planes, strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("range_", [Range.LIMITED, Range.FULL, Range.UNSPECIFIED])
def test_luma_is_untouched_where_only_chroma_changes(tmp_path: Path, range_: Range) -> None:
    frame = noise(yuv(), replace(LIMITED, range=range_))
    luma = fitted(frame, ExportSettings(chroma="444"), tmp_path)[0]
    np.testing.assert_array_equal(luma, frame.planes[0])
    gray = noise(PixelFormat(family=PixelFamily.GRAY), ColorSpec(range=range_))
    planes = fitted(gray, ExportSettings(), tmp_path)
    np.testing.assert_array_equal(planes[0], gray.planes[0])
    assert (planes[1] == 128).all()


def test_depth_changes_only_by_scale_and_dither(tmp_path: Path) -> None:
    deep = noise(yuv(10), LIMITED)
    for found, wanted in zip(fitted(deep, ExportSettings(depth=8), tmp_path), deep.planes, strict=True):
        error = found.astype(float) - np.minimum(wanted / 4, 255)
        assert np.abs(error).max() < 1
        assert abs(error.mean()) < 0.05
    plain = noise(yuv(8), LIMITED)
    for found, wanted in zip(fitted(plain, ExportSettings(depth=10), tmp_path), plain.planes, strict=True):
        np.testing.assert_array_equal(found, wanted.astype(int) * 4)


def luma_chroma(planes: tuple[np.ndarray, ...], weights: tuple[float, float], depth: int) -> list[np.ndarray]:
    """Limited-range YCbCr of RGB by the book, at 8 bits with decimals."""
    red, green, blue = (plane.astype(float) / (2**depth - 1) for plane in planes)
    kr, kb = weights
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    return [16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr]


@pytest.mark.parametrize(
    ("depth", "stored_depth", "height", "weights"),
    [(8, 8, 48, (0.299, 0.114)), (8, 8, 720, (0.2126, 0.0722)), (16, 10, 720, (0.2126, 0.0722)),
     (8, 10, 48, (0.299, 0.114))],
)  # fmt: skip
def test_rgb_becomes_the_ycbcr_of_the_standard(
    tmp_path: Path, depth: int, stored_depth: int, height: int, weights: tuple[float, float]
) -> None:
    frame = noise(rgb(depth), RGB_COLOR, size=(64, height))
    found = fitted(frame, ExportSettings(chroma="444", depth=stored_depth), tmp_path)
    for plane, wanted in zip(found, luma_chroma(frame.planes, weights, depth), strict=True):
        error = np.abs(plane / 2 ** (stored_depth - 8) - wanted)
        assert error.max() < (1.01 if stored_depth == 8 else 0.13)


def test_deep_ycbcr_becomes_deep_rgb_to_the_last_bit(tmp_path: Path) -> None:
    color = replace(LIMITED, matrix=Matrix.BT2020_NCL, matrix_code=9)
    wanted = noise(rgb(16), RGB_COLOR)
    luma, cb, cr = luma_chroma(wanted.planes, (0.2627, 0.0593), 16)
    planes = tuple(np.rint(plane * 256).astype(np.uint16) for plane in (luma, cb, cr))
    frame = Frame(planes=planes, format=yuv(16, 0, 0), color=color, time=Fraction(0), index=0)
    found = fitted(frame, ExportSettings(container="png", codec="png"), tmp_path)
    for plane, original in zip(found, wanted.planes, strict=True):
        assert np.abs(plane.astype(int) - original).max() <= 3  # what rounding to 16-bit YCbCr costs


def test_transparency_is_laid_over_black_and_opaque_stays_opaque(tmp_path: Path) -> None:
    frame = noise(rgb(alpha=True), RGB_COLOR)
    clear = replace(frame, planes=(*frame.planes[:3], np.zeros_like(frame.planes[3])))
    assert all((plane == 0).all() for plane in flatten(clear, RGB_COLOR).planes)
    solid = replace(frame, planes=(*frame.planes[:3], np.full_like(frame.planes[3], 255)))
    for found, wanted in zip(flatten(solid, RGB_COLOR).planes, frame.planes[:3], strict=True):
        np.testing.assert_array_equal(found, wanted)
    prores = ExportSettings(container="mov", codec="prores")
    assert (fitted(solid, prores, tmp_path)[3] == 1023).all()


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "h264"), ("mp4", "hevc"), ("mp4", "av1"), ("webm", "vp9"), ("mov", "prores"), ("mkv", "ffv1")],
)
def test_the_same_frames_give_the_same_bytes(
    tmp_path: Path, clip: Callable[[str], Path], container: str, codec: str
) -> None:
    hashes = set()
    for attempt in ("one", "two"):
        folder = tmp_path / attempt
        folder.mkdir()
        export = ExportSettings(container=container, codec=codec, speed="fastest")
        output = folder / f"output.{container}"
        render(clip("constant"), output, export)
        hashes.add(hashlib.sha256(output.read_bytes()).hexdigest())
    assert len(hashes) == 1


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "prores"])
def test_tags_are_those_of_the_source(tmp_path: Path, codec: str) -> None:
    color = ColorSpec(
        matrix=Matrix.BT2020_NCL, matrix_code=9, range=Range.LIMITED, primaries=9, transfer=18,
        siting=Siting.TOPLEFT,
    )  # fmt: skip
    frame = noise(yuv(10), color)
    container = {"vp9": "webm", "prores": "mov"}.get(codec, "mp4")
    encoding = plan_for(frame, ExportSettings(container=container, codec=codec, speed="fastest"), tmp_path)
    (path,) = write_segments(encoding, iter([frame]), tmp_path, segment_frames=1)
    with av.open(str(path)) as source:
        context = source.streams.video[0].codec_context
        found = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
    assert found == (9, 18, 9, 1)


def test_an_empty_disk_and_a_missing_folder_are_one_sentence(tmp_path: Path) -> None:
    frame = noise(yuv(), LIMITED, size=(320, 240))
    encoding = plan_for(frame, FFV1, tmp_path)
    with pytest.raises(OutputError, match="The folder is gone"):
        open_segment(encoding, tmp_path / "gone" / "segment.mkv")
    if not Path("/dev/full").exists():
        return
    sink = open_segment(encoding, Path("/dev/full"))
    with pytest.raises(OutputError, match="The disk is full"):
        _write_and_close(sink, frame)


def _write_and_close(sink: FrameSink, frame: Frame) -> None:
    sink.write(frame)
    sink.close()


def test_abort_leaves_nothing_and_frames_out_of_order_are_refused(tmp_path: Path) -> None:
    frame = noise(yuv(), LIMITED)
    encoding = plan_for(frame, FFV1, tmp_path)
    path = tmp_path / "segment.mkv"
    sink = open_segment(encoding, path)
    sink.write(frame)
    with pytest.raises(ValueError, match="output frame 0 where 1 was expected"):
        sink.write(frame)
    sink.abort()
    assert not path.exists()


def test_frames_at_other_times_than_planned_are_refused(tmp_path: Path) -> None:
    frame = noise(yuv(), LIMITED)
    sink = open_segment(plan_for(frame, FFV1, tmp_path), tmp_path / "segment.mkv")
    with pytest.raises(ValueError, match="planned"):
        sink.write(replace(frame, time=Fraction(1, 3)))
    sink.abort()


def test_each_software_encoder_of_this_build_takes_some_format() -> None:
    for encoder in ENCODERS:
        state = encoder_state(encoder)
        assert state.works or state.reason
        if encoder.family == "software" and state.works:
            assert stored_formats(encoder)


def test_a_job_of_one_frame_and_one_of_unequal_segments(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    render(clip("one_frame"), tmp_path / "one.mp4", ExportSettings(speed="fastest"))
    info = probe(clip("two_frames"))
    plan = plan_output(info.times, TimingSettings(), rate=info.rate)
    encoding = plan_encoding(info, plan, ExportSettings(), output=tmp_path / "two.mp4")
    assert len(write_segments(encoding, held_frames(info, plan), tmp_path, segment_frames=3)) == 2


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_hdr_metadata_reaches_the_pictures(tmp_path: Path, codec: str) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    tags = {"mastering_display": display, "content_light_level": "1000,400"}
    frame = noise(
        yuv(10), replace(LIMITED, primaries=9, transfer=16, matrix=Matrix.BT2020_NCL, matrix_code=9)
    )
    encoding = plan_for(frame, ExportSettings(codec=codec, speed="fastest"), tmp_path, side_data=tags)
    (path,) = write_segments(encoding, iter([frame]), tmp_path, segment_frames=1)
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
        light = bytes(picture.side_data.get("CONTENT_LIGHT_LEVEL"))
        mastering = bytes(picture.side_data.get("MASTERING_DISPLAY_METADATA"))
    assert np.frombuffer(light[:8], np.uint32).tolist() == [1000, 400]
    pairs = np.frombuffer(mastering[:80], np.int32).reshape(10, 2)
    red_x, greatest = pairs[0], pairs[9]
    assert red_x[0] / red_x[1] == pytest.approx(0.68, abs=1e-4)
    assert greatest[0] / greatest[1] == pytest.approx(1000)
