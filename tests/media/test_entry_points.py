"""Frames at which decoding can begin."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from flavr_core.media import entry_points, open_source, probe
from tests import clip_factory


@pytest.mark.parametrize(
    ("name", "least"),
    [("constant", 1), ("variable", 2), ("long_gop", 1), ("open_gop", 5), ("ten_bit", 3), ("edit_list", 2)],
)
def test_decoding_begins_at_entry_points(tmp_path: Path, name: str, least: int) -> None:
    info = probe(clip_factory.make(name, tmp_path))
    entries = entry_points(info)
    assert entries[0] == 0
    assert entries[-1] < len(info.times)
    assert len(entries) >= least
    assert all(a < b for a, b in itertools.pairwise(entries))
    with open_source(info) as source:
        for entry in reversed(entries):
            assert next(iter(source.frames(entry))).index == entry


def test_every_image_is_one_and_an_animation_has_its_first(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    images = [picture.to_image() for picture in clip_factory.pictures(4, pix_fmt="rgb24")]
    for number, image in enumerate(images):
        image.save(folder / f"{number}.png")
    images[0].save(tmp_path / "a.webp", save_all=True, append_images=images[1:], duration=40, lossless=True)
    assert list(entry_points(probe(folder))) == [0, 1, 2, 3]
    assert list(entry_points(probe(tmp_path / "a.webp"))) == [0]
