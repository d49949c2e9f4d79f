"""GIF, APNG and animated WebP: their own delays, what is painted over what, alpha and loops."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from flavr_core.clip import ClipKind
from flavr_core.errors import MediaError
from flavr_core.media import open_source, probe
from flavr_core.media.animation import kind_of_animation, read_animation
from flavr_core.media.pixels import frame_hash

DELAYS_MS = [40, 100, 30, 500, 70, 20]


def drawn(*, alpha: bool) -> list[Image.Image]:
    """A few flat shapes that move: pictures that optimisers store as small patches."""
    found = []
    for number in range(len(DELAYS_MS)):
        image = Image.new("RGBA" if alpha else "RGB", (50, 40), (0, 0, 0, 0) if alpha else (30, 60, 90))
        image.paste((250, 10 * number, 0), (5 * number, 4, 5 * number + 12, 20))
        image.paste((0, 200, 30 * number), (20, 3 * number, 30, 3 * number + 9))
        found.append(image)
    return found


def save(path: Path, *, alpha: bool, delays: list[int] | None = None, **options: object) -> Path:
    images = drawn(alpha=alpha)
    images[0].save(path, save_all=True, append_images=images[1:], duration=delays or DELAYS_MS, **options)  # type: ignore[arg-type]
    return path


def shown(path: Path, mode: str) -> list[np.ndarray]:
    """What Pillow shows."""
    with Image.open(path) as image:
        return [np.asarray(one.convert(mode)) for one in ImageSequence.Iterator(image)]


CASES = [
    ("a.gif", False, {}), ("clear.gif", True, {"disposal": 2}), ("kept.gif", True, {"disposal": 1}),
    ("back.gif", False, {"disposal": [1, 3, 1, 3, 1, 1]}), ("a.png", False, {}),
    ("clear.png", True, {"disposal": 1}),
    ("over.png", True, {"blend": 1}),
    ("a.webp", False, {"lossless": True}), ("clear.webp", True, {"lossless": True}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "alpha", "options"), CASES)
def test_pictures_delays_and_alpha(
    tmp_path: Path, name: str, alpha: bool, options: dict[str, object]
) -> None:
    path = save(tmp_path / name, alpha=alpha, **options)
    info = probe(path)
    assert info.kind is ClipKind.ANIMATION
    assert info.format.has_alpha == alpha
    times = [info.times.time(number) for number in range(len(DELAYS_MS) + 1)]
    assert times == [Fraction(sum(DELAYS_MS[:number]), 1000) for number in range(len(DELAYS_MS) + 1)]
    assert info.is_vfr
    expected = shown(path, "RGBA" if alpha else "RGB")
    with open_source(info) as source:
        found = [np.stack(frame.planes, axis=2) for frame in source.frames()]
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        if alpha:  # the colour of a clear pixel has no meaning
            ours, theirs = (np.where(one[:, :, 3:] > 0, one, 0) for one in (ours, theirs))  # noqa: PLW2901
        np.testing.assert_array_equal(ours, theirs)


def test_apng_goes_back_to_the_picture_before(tmp_path: Path) -> None:
    """Dispose to previous: what the second picture painted is gone in the third."""
    images = [Image.new("RGBA", (8, 8), (10, 20, 30, 255)) for _ in range(3)]
    images[1].paste((200, 0, 0, 255), (0, 0, 3, 3))
    images[2].paste((0, 200, 0, 255), (5, 5, 8, 8))
    path = tmp_path / "back.png"
    images[0].save(path, save_all=True, append_images=images[1:], duration=50, disposal=[0, 2, 0], blend=1)
    with open_source(probe(path)) as source:
        found = [np.stack(frame.planes, axis=2)[1, 1].tolist() for frame in source.frames()]
    assert found == [[10, 20, 30], [200, 0, 0], [10, 20, 30]]


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_any_start_gives_the_same_pictures(tmp_path: Path, name: str) -> None:
    info = probe(save(tmp_path / name, alpha=True))
    with open_source(info) as source:
        everything = [frame_hash(frame) for frame in source.frames()]
        for start, stop in ((3, 5), (1, 2), (0, 6), (5, 9)):
            found = [(frame.index, frame_hash(frame)) for frame in source.frames(start, stop)]
            assert found == list(enumerate(everything))[start:stop]


@pytest.mark.parametrize(("name", "stored", "plays"), [
    ("a.gif", 0, 0), ("a.gif", 3, 4), ("a.png", 0, 0), ("a.png", 3, 3), ("a.webp", 0, 0), ("a.webp", 3, 3),
])  # fmt: skip
def test_how_often_it_plays(tmp_path: Path, name: str, stored: int, plays: int) -> None:
    """GIF counts repeats, the others plays."""
    assert probe(save(tmp_path / name, alpha=False, loop=stored)).loop == plays


def test_a_gif_without_a_loop_plays_once(tmp_path: Path) -> None:
    assert probe(save(tmp_path / "a.gif", alpha=False)).loop == 1


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_next_to_no_delay_is_a_tenth_of_a_second(tmp_path: Path, name: str) -> None:
    info = probe(save(tmp_path / name, alpha=False, delays=[0, 10, 20, 40, 40, 40]))
    assert [float(info.times.time(number)) for number in range(4)] == [0, 0.1, 0.2, 0.22]
    assert any("2 pictures ask for next to no delay" in note for note in info.notes)


def test_apng_delays_are_exact_fractions(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", alpha=False, delays=[1000] * 6)
    data = bytearray(path.read_bytes())
    place = -1
    while (place := data.find(b"fcTL", place + 1)) > 0:
        data[place + 24 : place + 28] = (1001).to_bytes(2, "big") + (30000).to_bytes(2, "big")
        import zlib

        data[place + 30 : place + 34] = zlib.crc32(data[place : place + 30]).to_bytes(4, "big")
    path.write_bytes(data)
    info = probe(path)
    assert (info.rate, info.is_vfr) == (Fraction(30000, 1001), False)
    assert info.times.duration == 6 * Fraction(1001, 30000)


def test_a_png_without_animation_is_a_still(tmp_path: Path) -> None:
    drawn(alpha=False)[0].save(tmp_path / "one.png")
    assert kind_of_animation(tmp_path / "one.png") is None
    assert probe(tmp_path / "one.png").kind is ClipKind.SEQUENCE


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_cut_off_files_show_what_is_there(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, alpha=False)
    whole = path.read_bytes()
    with open_source(probe(path)) as source:
        first = frame_hash(next(source.frames()))
    for keep in (0.5, 0.7, 0.95):
        path.write_bytes(whole[: int(len(whole) * keep)])
        try:
            info = probe(path)
        except MediaError:
            continue
        with open_source(info) as source:
            found = [frame_hash(frame) for frame in source.frames()]
        assert len(found) == len(info.times)
        assert found[0] == first


def test_headers_are_read_without_pillow_or_libav(tmp_path: Path) -> None:
    animation = read_animation(save(tmp_path / "a.webp", alpha=True, loop=2))
    assert (animation.width, animation.height, animation.loop, animation.has_alpha) == (50, 40, 2, True)
    assert animation.delays == tuple(Fraction(delay, 1000) for delay in DELAYS_MS)
