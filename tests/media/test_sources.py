"""Frames of video files: exactly those of a plain decode, from any frame number on."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flavr_core.clip import ClipInfo
from flavr_core.color import Siting
from flavr_core.errors import MediaError
from flavr_core.frame import Frame
from flavr_core.media import open_source, packets, probe, video
from flavr_core.media.pixels import frame_from_av, frame_hash
from tests import clip_factory
from tests.field_coded import field_coded_h264

Clip = Callable[[str], Path]

TURNED = ["rotated", "rotated_422", "mirrored", "upside_down", "odd_size_rotated"]
INTERLACED = ["interlaced", "interlaced_h264"]
STRAIGHT = [name for name in clip_factory.RECIPES if name not in [*TURNED, *INTERLACED, "alpha_webm"]]
REPAIRED = ["avi_without_times", "raw_h264", "raw_hevc"]


def plain_decode(path: Path) -> list[tuple[int | None, Frame]]:
    """What libav gives without any of our code between: (pts, picture)."""
    with av.open(str(path)) as container:
        return [
            (picture.pts, frame_from_av(picture, index=number, time=Fraction(number)))
            for number, picture in enumerate(container.decode(video=0))
        ]


def hashes(info: ClipInfo, start: int = 0, stop: int | None = None) -> list[tuple[int, str]]:
    with open_source(info) as source:
        return [(frame.index, frame_hash(frame)) for frame in source.frames(start, stop)]


@pytest.mark.parametrize("name", STRAIGHT)
def test_all_frames_are_those_of_a_plain_decode(clip: Clip, name: str) -> None:
    path = clip(name)
    info = probe(path)
    expected = plain_decode(path)
    assert hashes(info) == [(number, frame_hash(frame)) for number, (_, frame) in enumerate(expected)]
    if name not in REPAIRED:
        assert [pts for pts, _ in expected] == list(info.times.pts)


@pytest.mark.parametrize("name", STRAIGHT)
def test_the_count_is_that_of_the_recipe(clip: Clip, name: str) -> None:
    count = clip_factory.RECIPES[name][1].get("frames", 24)
    expected = {"edit_list": 50, "cut_open": 40}.get(name, count)
    info = probe(clip(name))
    assert len(info.times) == expected
    assert all(a < b for a, b in itertools.pairwise((*info.times.pts, info.times.end_pts)))


@pytest.mark.parametrize("name", [*clip_factory.RECIPES])
def test_any_start_gives_the_same_frames(clip: Clip, name: str) -> None:
    info = probe(clip(name))
    everything = hashes(info)
    rng = random.Random(name)
    with open_source(info) as source:
        for _ in range(12):
            start = rng.randrange(len(everything))
            stop = start + rng.randint(1, 9)
            found = [(frame.index, frame_hash(frame)) for frame in source.frames(start, stop)]
            assert found == everything[start:stop]
        assert source.notes == []


@pytest.mark.parametrize("name", ["variable", "long_gop", "ten_bit", "edit_list"])
def test_times_and_colours_are_those_of_the_clip(clip: Clip, name: str) -> None:
    info = probe(clip(name))
    with open_source(info) as source:
        for frame in source.frames():
            assert frame.time == info.times.time(frame.index)
            assert (frame.color, frame.format) == (info.color, info.format)
            assert (frame.width, frame.height) == (info.width, info.height)
            assert not frame.made


def test_going_on_needs_no_jump(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frame by frame through one long group of pictures: each is decoded once."""
    decoded = []
    monkeypatch.setattr(
        video, "decode_packet", lambda *args: decoded.append(1) or packets.decode_packet(*args)
    )
    info = probe(clip("long_gop"))
    everything = hashes(info)
    decoded.clear()
    with open_source(info) as source:
        stepped = [frame_hash(next(source.frames(number))) for number in range(96)]
    assert stepped == [text for _, text in everything]
    assert len(decoded) <= 97


def test_webm_alpha_is_read(clip: Clip) -> None:
    info = probe(clip("alpha_webm"))
    assert str(info.format) == "4:2:0 8 bit with alpha"
    everything = hashes(info)
    assert len(set(everything)) == 24
    assert hashes(info, 13, 15) == everything[13:15]


def test_two_runs_at_once_do_not_disturb_each_other(clip: Clip) -> None:
    info = probe(clip("long_gop"))
    everything = hashes(info)
    with open_source(info) as source:
        first, second = source.frames(10, 30), source.frames(50, 70)
        pairs = [(frame_hash(a), frame_hash(b)) for a, b in zip(first, second, strict=True)]
    assert [a for a, _ in pairs] == [text for _, text in everything[10:30]]
    assert [b for _, b in pairs] == [text for _, text in everything[50:70]]


def test_a_run_may_be_left_early_and_the_source_closed(clip: Clip) -> None:
    info = probe(clip("constant"))
    source = open_source(info)
    run = source.frames()
    kept = next(run)
    before = frame_hash(kept)
    source.close()
    assert frame_hash(kept) == before
    with pytest.raises(ValueError, match="closed"):
        next(source.frames())
    run.close()


def test_ranges_outside_the_clip_are_cut_to_it(clip: Clip) -> None:
    info = probe(clip("constant"))
    with open_source(info) as source:
        assert [frame.index for frame in source.frames(22, 99)] == [22, 23]
        assert [frame.index for frame in source.frames(-3, 2)] == [0, 1]
        assert list(source.frames(24)) == list(source.frames(5, 5)) == []


@pytest.mark.parametrize("name", TURNED)
def test_pictures_stand_upright(clip: Clip, name: str) -> None:
    path = clip(name)
    info = probe(path)
    _, stored = plain_decode(path)[3]
    with open_source(info) as source:
        frame = next(source.frames(3, 4))
    turn = {
        "rotated": lambda plane: np.rot90(plane, -1),
        "rotated_422": lambda plane: np.rot90(plane, 1),
        "mirrored": np.fliplr,
        "upside_down": lambda plane: np.rot90(plane, 2),
        "odd_size_rotated": lambda plane: np.rot90(plane, -1),
    }[name]
    for found, plane in zip(frame.planes, stored.planes, strict=True):
        np.testing.assert_array_equal(found, turn(plane))
    assert (frame.width, frame.height) == (info.width, info.height)
    for number, plane in enumerate(frame.planes):
        assert plane.shape == frame.format.plane_shape(number, width=info.width, height=info.height)


def test_what_a_quarter_turn_does_to_the_description(clip: Clip) -> None:
    info = probe(clip("rotated_422"))
    assert (info.width, info.height, info.rotation) == (40, 64, 270)
    assert str(info.format) == "4:4:0 8 bit"
    assert info.color.siting is Siting.BOTTOM
    assert probe(clip("rotated")).rotation == 90
    assert probe(clip("upside_down")).rotation == 180
    mirrored = probe(clip("mirrored"))
    assert mirrored.rotation == 0
    assert any("mirrored" in note for note in mirrored.notes)


@pytest.mark.parametrize("name", INTERLACED)
def test_interlaced_clips_are_deinterlaced_by_bwdif(clip: Clip, name: str) -> None:
    """The same pictures as libav's own graph over the whole clip gives."""
    path = clip(name)
    info = probe(path)
    assert info.interlaced
    assert any("bwdif" in note for note in info.notes)
    expected = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        source = graph.add_buffer(template=stream)
        bwdif = graph.add("bwdif", "mode=send_frame:deint=interlaced")
        graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        for picture in itertools.chain(container.decode(stream), [None]):
            graph.vpush(picture)
            while True:
                try:
                    made = graph.vpull()
                except (BlockingIOError, EOFError):
                    break
                expected.append(frame_hash(frame_from_av(made, index=0, time=Fraction(0))))
    assert [text for _, text in hashes(info)] == expected
    combed = [frame_hash(frame) for _, frame in plain_decode(path)]
    assert not set(combed) & set(expected)


def test_interlaced_frames_late_in_a_clip_are_said(tmp_path: Path) -> None:
    parts = []
    for number, filters in enumerate(((), clip_factory.INTERLACE)):
        flags = {"flags": "+ildct"} if filters else {}
        parts.append(clip_factory.make_clip(
            tmp_path / f"{number}.h264", frames=16, filters=filters, options={**flags, "bf": "0"},
        ))  # fmt: skip
    path = tmp_path / "both.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    info = probe(path)
    assert not info.interlaced
    with open_source(info) as source:
        assert len(list(source.frames())) == 32
        assert any("16 frames (the first is frame 16) are interlaced" in note for note in source.notes)


def test_an_opaque_palette_has_no_alpha(tmp_path: Path) -> None:
    path = clip_factory.make_clip(tmp_path / "palette.mov", frames=5, codec="png", pix_fmt="pal8")
    info = probe(path)
    assert (info.stored_format, str(info.format)) == ("pal8", "RGB 8 bit")
    with open_source(info) as source:
        assert {frame.format for frame in source.frames()} == {info.format}


def test_a_hole_in_the_file_is_held_and_said(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "hole.ts"
    path.write_bytes(clip("open_gop").read_bytes())
    whole = dict(hashes(probe(clip("open_gop"))))
    clip_factory.damage(path, zero=(0.45, 0.55))
    info = probe(path)
    with open_source(info) as source:
        found = [(frame.index, frame.time, frame_hash(frame)) for frame in source.frames()]
        notes = source.notes
    assert [index for index, _, _ in found] == list(range(len(info.times)))
    # What comes long after the hole is right again, at its own time: nothing shifted.
    known = {probe(clip("open_gop")).times.time(index): text for index, text in whole.items()}
    tail = [known[time] == text for _, time, text in found[-12:]]
    assert all(tail)
    assert notes or info.notes or len(info.times) < len(whole)


def test_a_cut_off_file_gives_what_is_there_and_says_so(tmp_path: Path) -> None:
    path = clip_factory.make_clip(
        tmp_path / "cut.mp4", frames=60, options=clip_factory.LONG_GOP,
        container_options={"movflags": "+faststart"},
    )  # fmt: skip
    whole = dict(hashes(probe(path)))
    clip_factory.damage(path, keep=0.6)
    info = probe(path)
    count = len(info.times)
    assert 20 < count < 60
    assert any("names 60 frames" in note for note in info.notes)
    found = dict(hashes(info))
    assert len(found) == count
    assert all(found[number] == whole[number] for number in range(15))


def test_two_recordings_in_one_file_are_joined(clip: Clip, tmp_path: Path) -> None:
    """The clock goes back by ten seconds in the middle; time goes on all the same."""
    path = tmp_path / "joined.ts"
    parts = [clip("late_start_ts"), clip("open_gop")]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    info = probe(path)
    assert (len(info.times), info.rate, info.is_vfr) == (96, 25, False)
    assert any("clock jumps" in note for note in info.notes)
    expected = [text for part in parts for _, text in hashes(probe(part))]
    everything = hashes(info)
    assert [text for _, text in everything] == expected
    assert hashes(info, 60, 64) == everything[60:64]


def test_repeated_times_are_spread_and_said(tmp_path: Path) -> None:
    path = tmp_path / "repeated.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number, picture in enumerate(clip_factory.pictures(12)):
            picture.pts, picture.time_base = number, Fraction(1, 25)
            for packet in stream.encode(picture):
                packet.time_base, packet.pts = Fraction(1, 1000), {5: 160, 6: 160}.get(number, 40 * number)
                packet.dts = packet.pts
                output.mux(packet)
    info = probe(path)
    assert [float(info.times.time(n)) for n in range(4, 8)] == pytest.approx([0.16, 0.2, 0.24, 0.28])
    assert any("repeated" in note for note in info.notes)
    expected = [frame_hash(frame) for _, frame in plain_decode(path)]
    assert [text for _, text in hashes(info)] == expected
    assert hashes(info, 6, 8) == [(6, expected[6]), (7, expected[7])]


def test_missing_pictures_are_held_from_any_start(tmp_path: Path) -> None:
    """Undecodable packets inside: the frame before is shown, whether one starts there or before."""
    path = tmp_path / "holes.mov"
    # Every frame is a key frame, so that damage stays where it is.
    source_path = clip_factory.make_clip(tmp_path / "whole.mov", codec="png", pix_fmt="rgb24")
    with av.open(str(source_path)) as original, av.open(str(path), "w") as copy:
        stream = original.streams.video[0]
        target = copy.add_stream_from_template(stream)
        for number, packet in enumerate(original.demux(stream)):
            if packet.dts is None:
                continue
            if number in (5, 6, 20):
                packet.update(bytes(packet.size))
            packet.stream = target
            copy.mux(packet)
    whole = dict(hashes(probe(source_path)))
    info = probe(path)
    assert len(info.times) == len(whole)
    everything = dict(hashes(info))
    for index, shown in {4: 4, 5: 4, 6: 4, 7: 7, 19: 19, 20: 19, 21: 21}.items():
        assert everything[index] == whole[shown]
        assert dict(hashes(info, index, index + 1)) == {index: whole[shown]}
    with open_source(info) as source:
        assert len(list(source.frames())) == len(whole)
        assert source.notes == [
            "3 of 24 frames could not be decoded (the first is frame 5 at 0:00:00.200); the one before is"
            " shown instead."
        ]


def test_damaged_pictures_that_are_shown_all_the_same_are_said(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp4"
    data = bytearray(clip("long_gop").read_bytes())
    for place in range(len(data) // 3, len(data) // 2, 97):
        data[place] ^= 0x55
    path.write_bytes(data)
    info = probe(path)
    with open_source(info) as source:
        assert len(list(source.frames())) == len(info.times)
        assert any("damaged" in note for note in source.notes)


def test_a_file_that_changed_since_probing_is_refused(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "changing.mkv"
    path.write_bytes(clip("odd_size").read_bytes())
    info = probe(path)
    path.write_bytes(clip("two_frames").read_bytes())
    with pytest.raises(MediaError, match="changed"):
        open_source(info)
    path.unlink()
    with pytest.raises(MediaError, match="no file"):
        open_source(info)


def test_a_change_of_size_inside_a_stream_is_scaled_and_said(tmp_path: Path) -> None:
    parts = [clip_factory.make_clip(tmp_path / f"{width}.h264", frames=10, size=(width, 48))
             for width in (64, 96)]  # fmt: skip
    path = tmp_path / "both.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    info = probe(path)
    assert (info.width, len(info.times)) == (64, 20)
    with open_source(info) as source:
        assert {(frame.width, frame.height) for frame in source.frames()} == {(64, 48)}
        assert any("changes at frame 10" in note for note in source.notes)


@pytest.mark.parametrize("suffix", ["h264", "ts", "mp4", "mkv", "avi"])
def test_two_fields_in_two_packets_are_one_frame(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    stored = [rng.integers(16, 236, (32, 32), dtype=np.uint8) for _ in range(10)]
    raw = tmp_path / "fields.h264"
    raw.write_bytes(field_coded_h264(stored))
    path = tmp_path / f"copy.{suffix}"
    if suffix == "h264":
        path = raw
    else:
        with av.open(str(raw)) as original, av.open(str(path), "w") as copy:
            stream = original.streams.video[0]
            target = copy.add_stream_from_template(stream)
            for number, packet in enumerate(original.demux(stream)):
                if packet.size:
                    packet.stream = target
                    packet.pts = packet.dts = number * packet.duration
                    copy.mux(packet)
    info = probe(path)
    assert (len(info.times), info.interlaced, info.is_vfr) == (10, True, False)
    assert info.times.duration == 10 / info.rate
    everything = hashes(info)
    assert len(set(everything)) == 10
    for start in (7, 2, 9, 0, 5):
        assert hashes(info, start, start + 2) == everything[start : start + 2]


def test_hidden_vp8_frames_are_not_counted(clip: Clip, tmp_path: Path) -> None:
    """A packet without its show_frame bit changes references and shows nothing."""
    path = tmp_path / "hidden.webm"
    with av.open(str(clip("vp8_hidden"))) as original, av.open(str(path), "w") as copy:
        stream = original.streams.video[0]
        target = copy.add_stream_from_template(stream)
        for number, packet in enumerate(original.demux(stream)):
            if packet.dts is None:
                continue
            if number % 10 == 7:
                data = bytearray(bytes(packet))
                data[0] &= ~0x10
                packet.update(bytes(data))
            packet.stream = target
            copy.mux(packet)
    info = probe(path)
    assert len(info.times) == 54
    assert hashes(info) == [(n, frame_hash(frame)) for n, (_, frame) in enumerate(plain_decode(path))]
    with open_source(info) as source:
        list(source.frames())
        assert source.notes == []
