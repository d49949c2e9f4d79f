"""Every stored pixel format is brought to a planar one without a bit changed."""

from __future__ import annotations

import gc
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.format import names as known_names

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.errors import MediaError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.media.layouts import PLANAR_NAMES, layout_of, pixel_format_from_name, pixel_format_name
from flavr_core.media.pixels import frame_from_av, frame_hash, frame_to_av

ON_DEVICES = {
    "amf", "cuda", "d3d11", "d3d11va_vld", "d3d12", "drm_prime", "dxva2_vld", "mediacodec", "mmal", "ohcodec",
    "opencl", "qsv", "vaapi", "vdpau", "videotoolbox_vld", "vulkan",
}  # fmt: skip
FEW_BITS = [name for name in known_names if name[:4] in ("rgb4", "rgb5", "rgb8", "bgr4", "bgr5", "bgr8")
            and name not in ("rgb4", "bgr4", "rgb48le", "rgb48be", "bgr48le", "bgr48be")]  # fmt: skip
UNKNOWN_TO_SWSCALE = {"v30xbe", "x2bgr10be", "x2rgb10be", "xv30be", "y210be", "y212be", "y216be"}
ROUNDED_BY_SWSCALE = {"ya16be", "ya16le", "gbrp10msbbe", "gbrp10msble", "gbrp12msbbe", "gbrp12msble"}


def layouts() -> list[str]:
    return sorted(set(known_names) - ON_DEVICES - {"rgb4", "bgr4"})


PLAIN = [name for name in layouts() if not layout_of(name).special]
BY_SWSCALE = [name for name in PLAIN if not name.startswith("yuvj") and name not in FEW_BITS
              and name not in UNKNOWN_TO_SWSCALE | ROUNDED_BY_SWSCALE]  # fmt: skip


def random_frame(format_: PixelFormat, *, width: int = 38, height: int = 22, seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    planes = [
        rng.integers(0, 1 << format_.depth, format_.plane_shape(number, width=width, height=height)).astype(
            format_.dtype
        )
        for number in range(format_.num_planes)
    ]
    return Frame(planes=tuple(planes), format=format_, color=ColorSpec(), time=Fraction(0), index=0)


def read(picture: av.VideoFrame) -> Frame:
    return frame_from_av(picture, index=0, time=Fraction(0))


def write_rows(picture: av.VideoFrame, number: int, rows: np.ndarray) -> None:
    """Rows of raw bytes into a plane."""
    plane = picture.planes[number]
    buffer = np.frombuffer(memoryview(plane).cast("B"), dtype=np.uint8).reshape(-1, plane.line_size)
    target = np.ndarray(buffer.shape, np.uint8, buffer=plane)
    target[: rows.shape[0], : rows.shape[1]] = rows


def assert_same(a: Frame, b: Frame) -> None:
    assert a.format == b.format
    for number, (one, other) in enumerate(zip(a.planes, b.planes, strict=True)):
        np.testing.assert_array_equal(one, other, err_msg=f"plane {number}")


def test_every_format_is_known() -> None:
    assert len(layouts()) > 200
    for name in layouts():
        assert layout_of(name).format.depth >= 8


@pytest.mark.parametrize("name", sorted(ON_DEVICES | {"no_such_format"}))
def test_formats_on_devices_are_refused(name: str) -> None:
    with pytest.raises(MediaError, match=name):
        layout_of(name)


@pytest.mark.parametrize("name", sorted(PLANAR_NAMES))
def test_planar_names_go_there_and_back(name: str) -> None:
    assert pixel_format_name(pixel_format_from_name(name)) == name
    assert name in known_names


def test_formats_that_ffmpeg_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="11 bit"):
        pixel_format_name(PixelFormat(family=PixelFamily.GRAY, depth=11))
    with pytest.raises(ValueError, match="alpha"):
        pixel_format_name(PixelFormat(family=PixelFamily.GRAY, has_alpha=True))


@pytest.mark.parametrize("name", BY_SWSCALE)
def test_stored_by_swscale_and_read_by_us(name: str) -> None:
    """swscale packs planar pixels (a mere re-layout, which it does exactly); we take them apart again."""
    frame = random_frame(layout_of(name).format)
    if name.startswith("ya"):
        frame = Frame(
            planes=(frame.planes[0],) * 3 + frame.planes[3:], format=frame.format, color=frame.color,
            time=frame.time, index=0,
        )  # fmt: skip
    assert_same(read(frame_to_av(frame).reformat(format=name, threads=1)), frame)


@pytest.mark.parametrize("name", sorted(UNKNOWN_TO_SWSCALE))
def test_big_endian_words_are_little_endian_ones_swapped(name: str) -> None:
    word = layout_of(name).word_bytes
    frame = random_frame(layout_of(name).format)
    little = frame_to_av(frame).reformat(format=name[:-2] + "le", threads=1)
    big = av.VideoFrame(little.width, little.height, name)
    used = little.width * 4
    rows = np.ndarray((little.height, used), np.uint8, buffer=little.planes[0],
                      strides=(little.planes[0].line_size, 1))  # fmt: skip
    swapped = rows.reshape(little.height, -1, word)[:, :, ::-1].reshape(little.height, used)
    write_rows(big, 0, swapped)
    assert_same(read(big), frame)


@pytest.mark.parametrize("name", sorted(ROUNDED_BY_SWSCALE))
def test_samples_in_the_top_bits(name: str) -> None:
    frame = random_frame(layout_of(name).format)
    order = ">u2" if name.endswith("be") else "<u2"
    picture = av.VideoFrame(frame.width, frame.height, name)
    if name.startswith("ya"):
        gray, alpha = frame.planes[0], frame.planes[3]
        pairs = np.stack([gray, alpha], axis=2).reshape(frame.height, -1)
        write_rows(picture, 0, pairs.astype(order).view(np.uint8))
        np.testing.assert_array_equal(read(picture).planes[1], gray)
        np.testing.assert_array_equal(read(picture).planes[3], alpha)
        return
    for plane, rgb in enumerate((1, 2, 0)):
        shifted = frame.planes[rgb].astype(np.uint32) << (16 - frame.format.depth)
        write_rows(picture, plane, shifted.astype(order).view(np.uint8))
    assert_same(read(picture), frame)


@pytest.mark.parametrize("name", sorted(FEW_BITS))
def test_few_bits_are_stretched_to_eight(name: str) -> None:
    """Black stays black, white white, and all levels stay apart; swscale agrees to its own rounding."""
    picture = av.VideoFrame(256, 2, name)
    word = layout_of(name).word_bytes
    words = np.arange(512, dtype=np.uint32).reshape(2, 256) * (127 if word == 2 else 1)
    words &= (1 << sum(part.bits for part in layout_of(name).components)) - 1  # filler bits are zero
    order = f"{'>' if name.endswith('be') else '<'}u{word}"
    write_rows(picture, 0, words.astype(order).view(np.uint8))
    ours, theirs = read(picture), read(picture.reformat(format="gbrp", threads=1))
    for component, plane, other in zip(layout_of(name).components, ours.planes, theirs.planes, strict=True):
        levels = (words >> component.shift) & ((1 << component.bits) - 1)
        np.testing.assert_array_equal(plane, np.round(levels * 255 / ((1 << component.bits) - 1)))
        assert np.abs(plane.astype(int) - other).max() <= 256 >> component.bits


@pytest.mark.parametrize("name", ["yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p"])
def test_the_j_formats_are_full_range(name: str) -> None:
    picture = av.VideoFrame(38, 22, name)
    for number in range(3):
        write_rows(picture, number, np.full((1, 4), 7 + number, np.uint8))
    frame = read(picture)
    assert [int(plane[0, 0]) for plane in frame.planes] == [7, 8, 9]
    assert frame.color.range is Range.FULL
    assert str(frame.format)[:5] == {"420": "4:2:0", "422": "4:2:2", "444": "4:4:4", "440": "4:4:0",
                                     "411": "4:1:1"}[name[4:7]]  # fmt: skip


def test_a_palette_gives_its_colours_and_alpha() -> None:
    picture = av.VideoFrame(256, 1, "pal8")
    write_rows(picture, 0, np.arange(256, dtype=np.uint8)[None])
    entries = np.random.default_rng(0).integers(0, 1 << 32, 256, dtype=np.uint32)
    np.ndarray(256, np.uint32, buffer=picture.planes[1])[:] = entries
    frame = read(picture)
    assert frame.format == PixelFormat(family=PixelFamily.RGB, has_alpha=True)
    for plane, shift in zip(frame.planes, (16, 8, 0, 24), strict=True):
        np.testing.assert_array_equal(plane[0], (entries >> shift) & 255)


@pytest.mark.parametrize(("name", "inverted"), [("monob", 0), ("monow", 1)])
def test_one_bit_pictures(name: str, inverted: int) -> None:
    bits = np.random.default_rng(0).integers(0, 2, (5, 21), dtype=np.uint8)
    picture = av.VideoFrame(21, 5, name)
    write_rows(picture, 0, np.packbits(bits, axis=1))
    frame = read(picture)
    assert frame.format == PixelFormat(family=PixelFamily.GRAY)
    np.testing.assert_array_equal(frame.planes[0], (bits ^ inverted) * 255)


def test_uyyvyy411() -> None:
    picture = av.VideoFrame(8, 1, "uyyvyy411")
    write_rows(picture, 0, np.array([[10, 1, 2, 20, 3, 4, 11, 5, 6, 21, 7, 8]], np.uint8))
    luma, blue, red = read(picture).planes
    assert luma.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert (blue.tolist(), red.tolist()) == ([[10, 11]], [[20, 21]])


@pytest.mark.parametrize(
    "name", ["gbrpf32le", "gbrapf32be", "rgbf32le", "rgbaf32be", "grayf32le", "gbrpf16le", "rgbaf16be",
             "yaf32le", "gbrap32le", "rgb96be", "rgba128le", "gray32be"]
)  # fmt: skip
def test_wide_samples_are_rounded_to_sixteen_bits(name: str) -> None:
    layout = layout_of(name)
    kind = "f" if layout.is_float else "u"
    dtype = np.dtype(f"{'>' if layout.big_endian else '<'}{kind}{layout.word_bytes}")
    picture = av.VideoFrame(6, 2, name)
    channels = 1 if name.startswith("gb") else len({part.offset_bytes for part in layout.components})
    levels = np.array([0.0, 0.25, 0.5, 1.0, 2.0, np.nan]) if layout.is_float else np.array(
        [0, 2**31, 65537, 65537 * 65535, 65537 * 7 + 3, 30000], np.float64)  # fmt: skip
    row = np.repeat(levels, channels).astype(dtype)
    for number in range(len({part.plane for part in layout.components})):
        write_rows(picture, number, row.view(np.uint8)[None])
    expected = [0, 16384, 32768, 65535, 65535, 0] if layout.is_float else [0, 32768, 1, 65535, 7, 0]
    for plane in read(picture).planes:
        assert plane.dtype == np.uint16
        assert plane[0].tolist() == expected
    assert layout.note


@pytest.mark.parametrize("name", ["bayer_rggb8", "bayer_bggr16le", "xyz12le"])
def test_sensor_patterns_become_rgb_with_a_note(name: str) -> None:
    frame = read(av.VideoFrame(16, 8, name))
    assert frame.format.family is PixelFamily.RGB
    assert layout_of(name).note


@pytest.mark.parametrize("name", sorted(PLANAR_NAMES))
def test_a_frame_goes_to_libav_and_back(name: str) -> None:
    color = ColorSpec(matrix=Matrix.BT709, range=Range.FULL, primaries=9, transfer=16, matrix_code=1)
    frame = random_frame(pixel_format_from_name(name), width=33, height=17)
    frame = Frame(planes=frame.planes, format=frame.format, color=color, time=frame.time, index=0)
    picture = frame_to_av(frame)
    assert (picture.format.name, picture.width, picture.height) == (name, 33, 17)
    back = read(picture)
    assert_same(back, frame)
    assert frame_hash(back) == frame_hash(frame)
    assert (back.color.primaries, back.color.transfer, back.color.range) == (9, 16, Range.FULL)


def test_planar_pictures_are_not_copied_and_live_as_long_as_their_frames() -> None:
    picture = frame_to_av(random_frame(pixel_format_from_name("yuv420p10le")))
    frame = read(picture)
    assert not frame.planes[0].flags.owndata
    address = frame.planes[0].__array_interface__["data"][0]
    assert address == picture.planes[0].buffer_ptr
    before = frame_hash(frame)
    del picture
    gc.collect()
    junk = [frame_to_av(random_frame(frame.format, seed=number)) for number in range(8)]
    assert frame_hash(frame) == before
    assert len(junk) == 8


def test_pictures_stored_bottom_up_are_read_top_down() -> None:
    frame = random_frame(pixel_format_from_name("gray"))
    picture = frame_to_av(frame)
    graph = av.filter.Graph()
    source = graph.add_buffer(width=38, height=22, format="gray", time_base=Fraction(1, 25))
    graph.link_nodes(source, graph.add("vflip"), graph.add("buffersink")).configure()
    graph.vpush(picture)
    flipped = graph.vpull()
    assert flipped.planes[0].line_size < 0
    np.testing.assert_array_equal(read(flipped).planes[0], frame.planes[0][::-1])


def test_the_hash_sees_every_plane_and_the_size() -> None:
    frame = random_frame(pixel_format_from_name("yuva420p"))
    hashes = {frame_hash(frame)}
    for number in range(4):
        planes = [plane.copy() for plane in frame.planes]
        planes[number][-1, -1] ^= 1
        hashes.add(frame_hash(Frame(planes=tuple(planes), format=frame.format, color=frame.color,
                                    time=frame.time, index=9)))  # fmt: skip
    assert len(hashes) == 5
    flat = random_frame(pixel_format_from_name("gray"), width=4, height=2)
    other = Frame(planes=(flat.planes[0].reshape(4, 2),), format=flat.format, color=flat.color,
                  time=flat.time, index=0)  # fmt: skip
    assert frame_hash(flat) != frame_hash(other)
