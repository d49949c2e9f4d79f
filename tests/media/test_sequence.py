"""Folders of images, series, patterns and stills."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.color import Matrix, Siting
from flavr_core.errors import MediaError, SettingsError
from flavr_core.frame import PixelFamily, PixelFormat
from flavr_core.media import open_source, probe, read_image, source_files
from tests.clip_factory import pictures

RGB = PixelFormat(family=PixelFamily.RGB)


def pixels(seed: int, *, size: tuple[int, int] = (30, 20), channels: int = 3) -> np.ndarray:
    shape = (size[1], size[0]) if channels == 1 else (size[1], size[0], channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path: Path, seed: int, **options: object) -> Path:
    Image.fromarray(pixels(seed, **options)).save(path)  # type: ignore[arg-type]
    return path


def read_all(info: ClipInfo) -> list[np.ndarray]:
    with open_source(info) as source:
        return [np.stack(frame.planes, axis=2) for frame in source.frames()]


def encode(path: Path, codec: str, pix_fmt: str) -> tuple[np.ndarray, ...]:
    """One testsrc2 picture by libav's encoder; returns its planes."""
    picture = next(pictures(1, size=(30, 20), pix_fmt=pix_fmt))
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt, context.time_base = 30, 20, pix_fmt, Fraction(1, 25)
    path.write_bytes(b"".join(bytes(p) for p in [*context.encode(picture), *context.encode(None)]))
    from flavr_core.media.pixels import planes_from_av

    return planes_from_av(picture)


def test_a_folder_is_a_clip_in_natural_order(tmp_path: Path) -> None:
    order = [1, 2, 9, 10, 11, 100]
    for number in order:
        save(tmp_path / f"shot {number}.png", number)
    info = probe(tmp_path, sequence_rate=Fraction(30000, 1001))
    assert (info.kind, info.container, info.codec) == (ClipKind.SEQUENCE, "images", "png")
    assert (info.rate, len(info.times), info.times.time(1)) == (
        Fraction(30000, 1001), 6, Fraction(1001, 30000))  # fmt: skip
    assert info.times.duration == 6 * Fraction(1001, 30000)
    for found, number in zip(read_all(info), order, strict=True):
        np.testing.assert_array_equal(found, pixels(number))
    assert any("94 numbers are missing" in note and "3 to 8" in note for note in info.notes)
    assert [path.name for path in source_files(info)] == [f"shot {number}.png" for number in order]


def test_any_start_gives_the_same_images(tmp_path: Path) -> None:
    for number in range(12):
        save(tmp_path / f"{number:03}.png", number)
    info = probe(tmp_path)
    with open_source(info) as source:
        for start, stop in ((7, 9), (0, 3), (11, 40), (4, 5)):
            found = list(source.frames(start, stop))
            assert [frame.index for frame in found] == list(range(start, min(stop, 12)))
            for frame in found:
                np.testing.assert_array_equal(np.stack(frame.planes, axis=2), pixels(frame.index))
        run = source.frames()
        next(run)
        run.close()


def test_other_files_are_left_out_and_said(tmp_path: Path) -> None:
    save(tmp_path / "a1.png", 1)
    save(tmp_path / "a2.png", 2)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden.png").write_bytes(b"no image")
    (tmp_path / "folder").mkdir()
    info = probe(tmp_path)
    assert len(info.times) == 2
    assert info.notes == ("1 other files in the folder are left out: notes.txt.",)


def test_one_image_of_a_series_stands_for_all(tmp_path: Path) -> None:
    for number in range(5):
        save(tmp_path / f"b_{number:02}_v2.png", number)
        save(tmp_path / f"b_{number:02}_v3.png", 10 + number)
    save(tmp_path / "c_1.png", 50)
    info = probe(tmp_path / "b_01_v2.png")
    assert len(info.times) == 2  # the last number in the name counts: v2, v3
    assert any("one of 2 numbered images" in note for note in info.notes)
    single = probe(tmp_path / "c_1.png")
    assert (len(single.times), single.notes) == (1, ())


@pytest.mark.parametrize("pattern", ["x%03d.png", "x###.png", "x*.png", "X%d.PNG"])
def test_patterns(tmp_path: Path, pattern: str) -> None:
    for number in range(4):
        save(tmp_path / f"x{number:03}.png", number)
    save(tmp_path / "y000.png", 99)
    info = probe(tmp_path / pattern)
    assert len(info.times) == 4
    assert info.path.exists()
    np.testing.assert_array_equal(read_all(info)[3], pixels(3))


def test_a_pattern_without_files(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="No file is named"):
        probe(tmp_path / "z%04d.png")


def test_a_still_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    path = save(tmp_path / "still.png", 3)
    info = probe(path)
    assert (len(info.times), info.format, info.times.duration) == (1, RGB, Fraction(1, 24))
    np.testing.assert_array_equal(read_all(info)[0], pixels(3))


def test_read_image_takes_one_of_a_series(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.png", number)
    frame = read_image(tmp_path / "1.png")
    np.testing.assert_array_equal(np.stack(frame.planes, axis=2), pixels(1))
    with pytest.raises(MediaError, match="no file"):
        read_image(tmp_path / "7.png")


def test_different_sizes_are_one_clear_error(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    save(tmp_path / "2.png", 2, size=(32, 20))
    save(tmp_path / "3.png", 3)
    with pytest.raises(MediaError, match=r"'1\.png' is 30 x 20, unlike 2\.png \(32 x 20\)"):
        probe(tmp_path)


def test_images_that_vanish_are_noticed(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.png", number)
    info = probe(tmp_path)
    (tmp_path / "1.png").unlink()
    with pytest.raises(MediaError, match="changed"):
        open_source(info)


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    for number in range(3):
        path = save(tmp_path / f"{number}.png", number)
    path.write_bytes(path.read_bytes()[:90] + bytes(400))
    info = probe(tmp_path)
    with open_source(info) as source, pytest.raises(MediaError, match=r"2\.png' cannot be decoded"):
        list(source.frames())


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt", "depth"),
    [
        ("png", "png", "rgb24", 8), ("png", "png", "rgb48be", 16), ("png", "png", "rgba", 8),
        ("png", "png", "rgba64be", 16), ("png", "png", "gray", 8), ("png", "png", "gray16be", 16),
        ("png", "png", "ya8", 8), ("tif", "tiff", "rgb48le", 16), ("tif", "tiff", "rgb24", 8),
        ("bmp", "bmp", "bgr24", 8), ("dpx", "dpx", "rgb48be", 16), ("dpx", "dpx", "gbrp10be", 10),
        ("ppm", "ppm", "rgb24", 8), ("pgm", "pgm", "gray", 8), ("qoi", "qoi", "rgb24", 8),
        ("tga", "targa", "bgr24", 8), ("jp2", "jpeg2000", "yuv420p", 8), ("sgi", "sgi", "rgb24", 8),
        ("exr", "exr", "gbrpf32le", 16),
    ],
)  # fmt: skip
def test_formats_keep_their_pixels(tmp_path: Path, suffix: str, codec: str, pix_fmt: str, depth: int) -> None:
    path = tmp_path / f"one.{suffix}"
    expected = encode(path, codec, pix_fmt)
    info = probe(path)
    assert info.format.depth == depth
    with open_source(info) as source:
        frame = next(source.frames())
    if codec == "jpeg2000":
        return  # a lossy encoder
    for found, plane in zip(frame.planes, expected, strict=True):
        np.testing.assert_array_equal(found, plane)


@pytest.mark.parametrize(("subsampling", "layout"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_jpeg_keeps_its_own_layout(tmp_path: Path, subsampling: int, layout: str) -> None:
    Image.fromarray(pixels(1)).save(tmp_path / "a.jpg", subsampling=subsampling)
    info = probe(tmp_path / "a.jpg")
    assert str(info.format) == f"{layout} 8 bit"
    assert info.color.matrix is Matrix.BT601
    if subsampling:
        assert info.color.siting is Siting.CENTER


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = Image.fromarray(np.kron(pixels(2, size=(4, 3)), np.ones((8, 8, 1), np.uint8)))
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "turned.jpg"
    upright.save(path, exif=exif, subsampling=0, quality=95)
    info = probe(path)
    expected = (24, 32) if orientation >= 5 else (32, 24)
    assert (info.width, info.height) == expected
    from PIL import ImageOps

    shown = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("YCbCr"))
    with open_source(info) as source:
        frame = next(source.frames())
    assert np.abs(frame.planes[0].astype(int) - shown[:, :, 0]).max() <= 2


def test_gray_and_coloured_images_meet_in_rgb(tmp_path: Path) -> None:
    gray = pixels(1, channels=1)
    Image.fromarray(gray).save(tmp_path / "1.png")
    Image.fromarray(pixels(2)).save(tmp_path / "2.png")
    Image.fromarray(pixels(3, channels=4)).save(tmp_path / "3.png")
    Image.fromarray(gray.astype(np.uint16) * 256 + 7).save(tmp_path / "4.png")
    palette = Image.fromarray(pixels(5)).quantize(16)
    palette.save(tmp_path / "5.png")
    info = probe(tmp_path)
    assert info.format == PixelFormat(family=PixelFamily.RGB, depth=16, has_alpha=True)
    found = read_all(info)
    np.testing.assert_array_equal(found[0][:, :, 0], gray.astype(np.uint16) * 257)
    np.testing.assert_array_equal(found[0][:, :, 2], gray.astype(np.uint16) * 257)
    np.testing.assert_array_equal(found[1][:, :, :3], pixels(2).astype(np.uint16) * 257)
    assert (found[1][:, :, 3] == 65535).all()
    np.testing.assert_array_equal(found[2], pixels(3, channels=4).astype(np.uint16) * 257)
    np.testing.assert_array_equal(found[3][:, :, 1], gray.astype(np.uint16) * 256 + 7)
    np.testing.assert_array_equal(
        found[4][:, :, :3], np.asarray(palette.convert("RGB")).astype(np.uint16) * 257
    )


def test_a_palette_without_clear_entries_has_no_alpha(tmp_path: Path) -> None:
    Image.fromarray(pixels(5)).quantize(16).save(tmp_path / "p.png")
    assert probe(tmp_path / "p.png").format == RGB
    assert read_image(tmp_path / "p.png").format == RGB


def test_webp_stills_keep_their_layout(tmp_path: Path) -> None:
    Image.fromarray(pixels(5)).save(tmp_path / "lossy.webp")
    assert str(probe(tmp_path / "lossy.webp").format) == "4:2:0 8 bit"
    Image.fromarray(pixels(5)).save(tmp_path / "exact.webp", lossless=True)
    info = probe(tmp_path / "exact.webp")
    np.testing.assert_array_equal(read_all(info)[0][:, :, :3], pixels(5))


def test_mixed_jpeg_layouts_are_converted_and_said(tmp_path: Path) -> None:
    Image.fromarray(pixels(1)).save(tmp_path / "1.jpg", subsampling=2)
    Image.fromarray(pixels(2)).save(tmp_path / "2.jpg", subsampling=0)
    info = probe(tmp_path)
    with open_source(info) as source:
        assert {frame.format for frame in source.frames()} == {info.format}
        assert any("2.jpg" in note and "converted" in note for note in source.notes)


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-24)])
def test_a_rate_of_nothing_is_refused(tmp_path: Path, rate: Fraction) -> None:
    save(tmp_path / "1.png", 1)
    with pytest.raises(SettingsError):
        probe(tmp_path, sequence_rate=rate)


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(MediaError, match="holds no images"):
        probe(tmp_path)


def test_names_with_spaces_percents_and_other_scripts(tmp_path: Path) -> None:
    folder = tmp_path / "50% done: 写真 ü"
    folder.mkdir()
    save(folder / "100%d 1.png", 1)
    save(folder / "100%d 2.png", 2)
    assert len(probe(folder).times) == 2
    assert len(probe(folder / "100%d 1.png").times) == 2
