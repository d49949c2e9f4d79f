"""The `frames` command: still images in, the pictures between them out."""

import io
import struct
import zlib
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image

from flavr_core.cli import main
from flavr_core.cli.frames import nearest_place, output_names, wanted_positions
from flavr_core.cli.stills import with_png_profile
from flavr_core.errors import SettingsError


def picture(value, *, depth=8, channels=3, width=40, height=24):
    """A smooth ramp, brighter for larger `value` (0 to 1)."""
    top = 2**depth - 1
    ramp = np.linspace(0.1, 0.5, width)[None, :, None] + np.zeros((height, 1, channels)) + 0.4 * value
    samples = np.round(ramp * top).astype(np.uint8 if depth == 8 else np.uint16)
    if channels in (2, 4):
        samples[..., -1] = top
    return samples[..., 0] if channels == 1 else samples


def icc_profile():
    """The header of an RGB display profile and no tags: enough to be carried along."""
    size = 132
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    return (header + bytes(12) + b"acsp").ljust(size, b"\0")


@pytest.fixture
def images(tmp_path):
    """`images("png", depth=16)`: two files, the second brighter."""

    def write(suffix="png", *, values=(0.0, 1.0), **options):
        paths = []
        for number, value in enumerate(values):
            path = tmp_path / f"bild {number} é.{suffix}"
            samples = picture(value, **options)
            if samples.ndim == 3:
                samples = samples[..., [2, 1, 0, *range(3, samples.shape[2])]]
            path.write_bytes(bytes(cv2.imencode(f".{suffix}", samples)[1]))
            paths.append(str(path))
        return paths

    return write


def read(path):
    data = np.frombuffer(path.read_bytes(), np.uint8)
    samples = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    return samples if samples.ndim == 2 else samples[..., [2, 1, 0, *range(3, samples.shape[2])]]


def frames(*arguments):
    return main(["frames", *map(str, arguments)])


@pytest.mark.parametrize(("depth", "channels"), [(8, 3), (16, 3), (8, 4), (16, 4), (8, 1), (16, 1)])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_the_middle_of_two_images(images, tmp_path, depth, channels, suffix):
    output = tmp_path / f"between.{suffix}"
    code = frames(*images(depth=depth, channels=channels), "--model", "blend", "-o", output)
    assert code == 0
    made = read(output)
    expected = (
        picture(0, depth=depth, channels=channels).astype(float) + picture(1, depth=depth, channels=channels)
    ) / 2
    assert made.dtype == (np.uint8 if depth == 8 else np.uint16)
    assert made.shape == expected.shape
    assert np.abs(made - expected).max() <= 1


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp"])
def test_other_formats(images, tmp_path, suffix, capsys):
    output = tmp_path / f"between.{suffix}"
    assert frames(*images(suffix, channels=3), "--model", "motion", "-o", output) == 0
    assert read(output).shape == (24, 40, 3)
    assert "motion on " in capsys.readouterr().err


def test_deep_images_lose_bits_in_jpeg_with_a_word(images, tmp_path, capsys):
    output = tmp_path / "between.jpg"
    assert frames(*images(depth=16), "--model", "blend", "-o", output) == 0
    assert "8 bits" in capsys.readouterr().err
    assert read(output).dtype == np.uint8


def test_four_images_and_several_positions(images, tmp_path):
    four = images(values=(0, 0.25, 0.75, 1))
    pattern = tmp_path / "out_%02d.png"
    code = frames(
        *four, "--model", "blend", "--position", "1/4", "--position", "0.5", "-o", pattern, "--quiet"
    )
    assert code == 0
    for name, value in (("out_01.png", 0.375), ("out_02.png", 0.5)):
        assert np.abs(read(tmp_path / name).astype(float) - picture(value)).max() <= 1


def test_a_count_goes_to_a_new_folder(images, tmp_path):
    folder = tmp_path / "new folder"
    assert frames(*images(), "--model", "blend", "--count", "3", "-o", folder) == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "frame_001.png",
        "frame_002.png",
        "frame_003.png",
    ]
    assert np.abs(read(folder / "frame_003.png").astype(float) - picture(0.75)).max() <= 1


def test_images_of_different_kinds_meet_in_rgb(tmp_path):
    gray, deep = tmp_path / "gray.png", tmp_path / "deep.png"
    gray.write_bytes(bytes(cv2.imencode(".png", picture(0, channels=1))[1]))
    deep.write_bytes(bytes(cv2.imencode(".png", picture(1, depth=16, channels=4))[1]))
    output = tmp_path / "out.png"
    assert frames(gray, deep, "--model", "blend", "-o", output) == 0
    made = read(output)
    assert made.shape == (24, 40, 4)
    assert made.dtype == np.uint16
    assert np.abs(made / 65535 - picture(0.5, depth=16, channels=4) / 65535).max() < 2 / 255


def test_transparency_fades(tmp_path):
    clear, opaque = picture(0, channels=4), picture(0, channels=4)
    clear[..., 3] = 0
    paths = [tmp_path / "clear.png", tmp_path / "opaque.png"]
    for path, samples in zip(paths, (clear, opaque), strict=True):
        Image.fromarray(samples).save(path)
    assert frames(*paths, "--model", "blend", "-o", tmp_path / "half.png") == 0
    made = read(tmp_path / "half.png")
    assert np.all(made[..., 3] == 128)
    assert np.abs(made[..., :3].astype(int) - opaque[..., :3]).max() <= 1
    assert frames(*paths, "--model", "blend", "-o", tmp_path / "half.jpg") == 2


def test_nothing_is_overwritten_unasked(images, tmp_path, capsys):
    two = images()
    output = tmp_path / "out.png"
    output.write_bytes(b"precious")
    assert frames(*two, "--model", "blend", "-o", output) == 6
    assert output.read_bytes() == b"precious"
    assert "--overwrite" in capsys.readouterr().err
    assert frames(*two, "--model", "blend", "-o", output, "--overwrite") == 0
    assert read(output).shape == (24, 40, 3)
    assert frames(*two, "--model", "blend", "-o", two[1], "--overwrite") == 6
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


def test_what_is_wrong_is_said_at_once(images, tmp_path, capsys):
    one = images()[0]
    code = frames(one, "--position", "3/2", "-o", tmp_path / "x.png", "--max-memory", "lots")
    errors = capsys.readouterr().err
    assert code == 2
    assert "1 images were given" in errors
    assert "3/2 does not lie between" in errors
    assert errors.count("error:") == 3


def test_images_of_two_sizes_are_refused(tmp_path, capsys):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    Image.fromarray(picture(0)).save(paths[0])
    Image.fromarray(picture(0, width=42)).save(paths[1])
    assert frames(*paths, "--model", "blend", "-o", tmp_path / "out.png") == 3
    assert "42x24" in capsys.readouterr().err


def test_missing_and_broken_images_are_refused_together(tmp_path, capsys):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    assert frames(tmp_path / "none.png", broken, "--model", "blend", "-o", tmp_path / "out.png") == 3
    errors = capsys.readouterr().err
    assert "none.png" in errors
    assert "broken.png" in errors
    assert not (tmp_path / "out.png").exists()


def test_unwritable_places_are_said(images, tmp_path, capsys):
    assert frames(*images(), "--model", "blend", "-o", tmp_path / "no" / "such" / "out.png") == 6
    assert "could not be written" in capsys.readouterr().err


def test_the_colour_profile_is_kept(tmp_path):
    profile = icc_profile()
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, value in zip(paths, (0, 1), strict=True):
        Image.fromarray(picture(value)).save(path, icc_profile=profile)
    for name in ("out.png", "out.jpg", "out.tif", "out.webp"):
        assert frames(*paths, "--model", "blend", "-o", tmp_path / name) == 0
        with Image.open(tmp_path / name) as made:
            assert made.info["icc_profile"] == profile


def test_a_profile_is_put_into_deep_png():
    profile = icc_profile()
    png = bytes(cv2.imencode(".png", picture(0, depth=16))[1])
    with Image.open(io.BytesIO(with_png_profile(png, profile))) as image:
        image.load()
        assert image.info["icc_profile"] == profile
    (length,) = struct.unpack(">I", with_png_profile(png, profile)[33:37])
    assert zlib.decompress(with_png_profile(png, profile)[41 + 13 : 41 + length]) == profile


def test_positions():
    assert wanted_positions(None, None) == [Fraction(1, 2)]
    assert wanted_positions(None, 3) == [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]
    assert wanted_positions(["1/3", "0.25"], None) == [Fraction(1, 3), Fraction(1, 4)]
    for texts, count in ((["1"], None), (["0"], None), (["x"], None), (None, 0), (["1/2"], 2)):
        with pytest.raises(SettingsError):
            wanted_positions(texts, count)
    grid = [Fraction(step, 8) for step in range(1, 8)]
    assert nearest_place(grid, Fraction(1, 3)) == Fraction(3, 8)


def test_names(tmp_path):
    assert output_names(tmp_path / "a.png", 1) == [tmp_path / "a.png"]
    assert output_names(tmp_path / "a_%d.png", 2) == [tmp_path / "a_1.png", tmp_path / "a_2.png"]
    assert output_names(tmp_path / "a_%03d.jpg", 1) == [tmp_path / "a_001.jpg"]
    assert output_names(tmp_path, 2) == [tmp_path / "frame_001.png", tmp_path / "frame_002.png"]
    for name, count in (("a.png", 2), ("a.xyz", 1), ("a%d_%d.png", 2)):
        with pytest.raises(SettingsError):
            output_names(tmp_path / name, count)
