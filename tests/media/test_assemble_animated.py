"""GIF, APNG, animated WebP and numbered images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flavr_core.errors import CancelledError, OutputError
from flavr_core.media import assemble, open_source, probe
from flavr_core.media.pixels import frame_hash
from flavr_core.progress import CancelToken
from flavr_core.settings import ExportSettings, GifSettings, RateTarget, TimingSettings
from tests.export_factory import render

ANIMATED = ["gif", "apng", "webp"]
NATIVE = TimingSettings(rate=RateTarget(factor=Fraction(1)))


def export_to(container: str, **values: object) -> ExportSettings:
    return ExportSettings(container=container, codec=container, **values)  # type: ignore[arg-type]


def at_rate(fps: int) -> TimingSettings:
    return TimingSettings(rate=RateTarget(fps=Fraction(fps)))


@pytest.mark.parametrize("container", ANIMATED)
@pytest.mark.parametrize("fps", [25, 30, 48])
def test_animations_read_back_with_their_times(
    tmp_path: Path, clip: Callable[[str], Path], container: str, fps: int
) -> None:
    output = tmp_path / f"output.{container}"
    rendered = render(clip("constant"), output, export_to(container), at_rate(fps))
    info = probe(output)
    assert info.times.duration == pytest.approx(rendered.plan.duration, abs=0.005)
    assert info.loop == 0
    assert rendered.encoding.stream_words()[0].endswith("has pictures only")
    if container == "apng":
        times = [info.times.time(number) for number in range(len(info.times))]
        assert times == [frame.time for frame in rendered.plan.frames()]


@pytest.mark.parametrize("container", ANIMATED)
def test_the_same_frames_give_the_same_bytes(
    tmp_path: Path, clip: Callable[[str], Path], container: str
) -> None:
    hashes = set()
    for name in ("one", "two"):
        output = tmp_path / f"{name}.{container}"
        render(clip("constant"), output, export_to(container), segment_frames=11 if name == "one" else 20)
        hashes.add(hashlib.sha256(output.read_bytes()).hexdigest())
    assert len(hashes) == 1


@pytest.mark.parametrize("loop", [0, 1, 3])
@pytest.mark.parametrize("container", ANIMATED)
def test_loops_are_what_was_asked_for(
    tmp_path: Path, clip: Callable[[str], Path], container: str, loop: int
) -> None:
    output = tmp_path / f"output.{container}"
    render(clip("constant"), output, export_to(container, gif=GifSettings(loop=loop)), NATIVE)
    assert probe(output).loop == loop


def test_sixty_a_second_becomes_fifty_in_a_gif(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    rendered = render(clip("constant"), tmp_path / "output.gif", export_to("gif"), at_rate(60))
    info = probe(rendered.output)
    assert len(rendered.plan) == 58
    delays = [info.times.time(n + 1) - info.times.time(n) for n in range(len(info.times))]
    assert len(delays) == rendered.verification.frames < 58
    assert min(delays) >= Fraction(1, 50)
    assert info.times.duration == pytest.approx(rendered.plan.duration, abs=0.0151)


@pytest.mark.parametrize(("colors", "dither"), [(256, "sierra2_4a"), (16, "none"), (2, "bayer")])
def test_a_gif_has_no_more_colors_than_asked_for(
    tmp_path: Path, clip: Callable[[str], Path], colors: int, dither: str
) -> None:
    export = export_to("gif", gif=GifSettings(colors=colors, dither=dither))
    render(clip("constant"), tmp_path / "output.gif", export, NATIVE)
    seen: set[tuple[int, ...]] = set()
    with av.open(str(tmp_path / "output.gif")) as container:
        for picture in container.decode(video=0):
            pixels = picture.reformat(format="rgb24").to_ndarray().reshape(-1, 3)
            seen |= {tuple(pixel) for pixel in np.unique(pixels, axis=0)}
    assert len(seen) <= colors


def test_a_gif_resembles_its_clip(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    render(clip("constant"), tmp_path / "output.gif", export_to("gif"), NATIVE)
    render(clip("constant"), tmp_path / "frames", export_to("png"), NATIVE)
    with av.open(str(tmp_path / "output.gif")) as container:
        found = [p.reformat(format="rgb24").to_ndarray().astype(float) for p in container.decode(video=0)]
    for number, picture in enumerate(found):
        with av.open(str(tmp_path / "frames" / f"frame_{number + 1:06d}.png")) as image:
            wanted = next(image.decode(video=0)).to_ndarray(format="rgb24").astype(float)
        error = ((picture - wanted) ** 2).mean()
        assert 10 * np.log10(255**2 / error) > 25


def transparent_images(folder: Path) -> Path:
    """Four RGBA images whose right part gets clearer."""
    folder.mkdir()
    for number in range(4):
        pixels = np.full((24, 32, 4), (200, 30 * number, 90, 255), np.uint8)
        pixels[:, 16:, 3] = np.arange(0, 256, 16)
        (folder / f"image_{number}.png").write_bytes(png_of(pixels))
    return folder


def png_of(pixels: np.ndarray) -> bytes:
    context = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = pixels.shape[1], pixels.shape[0], "rgba"
    context.time_base = Fraction(1)
    picture = av.VideoFrame.from_ndarray(pixels, "rgba")
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])


@pytest.mark.parametrize("container", ANIMATED)
def test_transparency_is_kept(tmp_path: Path, container: str) -> None:
    images = transparent_images(tmp_path / "images")
    source = probe(images)
    rendered = render(images, tmp_path / f"output.{container}", export_to(container), NATIVE)
    with open_source(source) as opened:
        wanted = next(opened.frames(0, 1)).planes[3]
    with open_source(probe(rendered.output)) as opened:
        found = next(opened.frames(0, 1)).planes[3]
    if container == "gif":
        np.testing.assert_array_equal(found > 127, wanted >= 128)
    else:
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("container", ANIMATED)
def test_a_size_limit_is_met_and_what_it_cost_is_said(
    tmp_path: Path, clip: Callable[[str], Path], container: str
) -> None:
    free = tmp_path / f"free.{container}"
    render(clip("constant"), free, export_to(container))
    limit = max(1000, free.stat().st_size // 4)
    rendered = render(
        clip("constant"), tmp_path / f"small.{container}",
        export_to(container, gif=GifSettings(max_bytes=limit)),
    )  # fmt: skip
    assert rendered.output.stat().st_size <= limit
    assert f"To stay within {limit:,} bytes" in rendered.words[0]


def test_an_impossible_size_limit_is_one_sentence(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    export = export_to("gif", gif=GifSettings(max_bytes=1000))
    with pytest.raises(OutputError, match="No GIF of this clip fits into 1,000 bytes"):
        render(clip("long_gop"), tmp_path / "output.gif", export)
    assert not (tmp_path / "output.gif").exists()


@pytest.mark.parametrize(
    ("name", "container"),
    [("rgb", "png"), ("rgb", "apng"), ("rgb_sixteen_bit", "png"), ("rgb_sixteen_bit", "apng"),
     ("alpha", "png")],
)  # fmt: skip
def test_rgb_frames_are_kept_bit_by_bit(
    tmp_path: Path, clip: Callable[[str], Path], name: str, container: str
) -> None:
    output = tmp_path / ("frames" if container == "png" else "output.apng")
    rendered = render(clip(name), output, export_to(container), NATIVE)
    with open_source(rendered.info) as source:
        wanted = [frame_hash(frame) for frame in source.frames()]
    with open_source(probe(output)) as source:
        assert [frame_hash(frame) for frame in source.frames()] == wanted


def test_images_do_not_mix_with_what_is_in_a_folder(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    rendered = render(clip("constant"), tmp_path / "frames", export_to("png"), NATIVE)
    assert sorted(path.name for path in rendered.output.iterdir())[0] == "frame_000001.png"
    with pytest.raises(OutputError, match="is not empty"):
        assemble(
            rendered.encoding, rendered.segments, rendered.output, token=CancelToken(),
            on_progress=lambda *_: None,
        )  # fmt: skip
    assert len(list(rendered.output.iterdir())) == len(rendered.plan)


@pytest.mark.parametrize("container", [*ANIMATED, "png"])
def test_stopping_leaves_nothing(tmp_path: Path, clip: Callable[[str], Path], container: str) -> None:
    suffix = "" if container == "png" else f".{container}"
    rendered = render(clip("constant"), tmp_path / f"first{suffix}", export_to(container), NATIVE)
    token = CancelToken()
    output = tmp_path / f"second{suffix}"
    with pytest.raises(CancelledError):
        assemble(
            rendered.encoding, rendered.segments, output, token=token, on_progress=lambda *_: token.cancel()
        )
    assert not output.exists()


def test_a_webp_is_lossless_when_asked_for(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    rendered = render(clip("rgb"), tmp_path / "output.webp", export_to("webp", crf=0.0), NATIVE)
    with open_source(rendered.info) as source:
        wanted = next(source.frames(0, 1))
    with open_source(probe(rendered.output)) as source:
        found = next(source.frames(0, 1))
    for plane, original in zip(found.planes[:3], wanted.planes, strict=True):
        np.testing.assert_array_equal(plane, original)
