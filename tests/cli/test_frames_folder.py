"""`frames FOLDER -o FOLDER`: numbering, format, first and last image are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flavr_core.cli import main
from flavr_core.cli.folders import Numbering, numbering_of


def picture(value: float, *, size: tuple[int, int] = (40, 24)) -> Image.Image:
    ramp = np.linspace(20, 120, size[0])[None, :, None] + np.zeros((size[1], 1, 3)) + 100 * value
    return Image.fromarray(ramp.astype(np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images, brighter from one to the next, numbered from 8 across a change of digits."""
    path = tmp_path / "bilder é"
    path.mkdir()
    for number in range(5):
        picture(number / 4).save(path / f"shot_{number + 8:03d}_left.png")
    return path


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(float)


def frames(*arguments: object) -> int:
    return main(["frames", *map(str, arguments), "--model", "blend"])


def test_twice_as_many(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "twice"
    assert frames(folder, "-o", output) == 0
    names = [f"shot_{number:03d}_left.png" for number in range(8, 17)]
    assert sorted(path.name for path in output.iterdir()) == names
    sources = sorted(folder.iterdir())
    for number, name in enumerate(names):
        if number % 2 == 0:
            assert (output / name).read_bytes() == sources[number // 2].read_bytes()
        else:
            mean = (read(sources[number // 2]) + read(sources[number // 2 + 1])) / 2
            assert np.abs(read(output / name) - mean).max() <= 1
    assert "5 images, 4 drawn" in capsys.readouterr().out


def test_more_than_one_between(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "four times"
    output.mkdir()  # an empty folder may be there
    assert frames(folder, "-o", output, "--count", "3") == 0
    assert len(list(output.iterdir())) == 17
    quarter = read(output / "shot_009_left.png")
    assert (
        np.abs(
            quarter - 0.75 * read(output / "shot_008_left.png") - 0.25 * read(output / "shot_012_left.png")
        ).max()
        <= 1
    )


def test_jpeg_stays_jpeg(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(2):
        picture(number / 2).save(source / f"{number:05d}.jpg", quality=95)
    assert frames(source, "-o", output) == 0
    assert [path.name for path in sorted(output.iterdir())] == ["00000.jpg", "00001.jpg", "00002.jpg"]
    with Image.open(output / "00001.jpg") as made:
        assert made.format == "JPEG"


@pytest.mark.parametrize(
    ("name", "numbering"),
    [
        ("a1_b007.png", Numbering(prefix="a1_b", first=7, digits=3, postfix="")),
        ("12.jpg", Numbering(prefix="", first=12, digits=2, postfix="")),
        ("00009x.png", Numbering(prefix="", first=9, digits=5, postfix="x")),
        ("first.png", Numbering(prefix="first_", first=1, digits=4, postfix="")),
    ],
)
def test_numbering(name: str, numbering: Numbering) -> None:
    assert numbering_of(Path(name)) == numbering


def test_nothing_is_left_of_a_failure(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(0, size=(41, 24)).save(folder / "shot_010_left.png")
    assert frames(folder, "-o", tmp_path / "out") != 0
    assert "40x24 and 41x24" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [folder]


def test_what_makes_no_sense_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("precious")
    for arguments, words in (
        (("-o", full), "not empty"),
        (("-o", folder), "is the source itself"),
        (("-o", tmp_path / "none" / "out"), "There is no folder"),
        (("-o", tmp_path / "out.png"), "the name of one image"),
        ((), "no folder for the pictures"),
        (("-o", tmp_path / "out", "--flow", "x.png"), "Flow is written for two images"),
    ):
        assert frames(folder, *arguments) != 0
        assert words in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([folder.name, "full"])
