"""What probe says of a clip, and how it refuses what is none."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from flavr_core.cli import main
from flavr_core.cli.probe import clip_record, describe
from flavr_core.clip import ClipKind
from flavr_core.color import Matrix, Range, Siting
from flavr_core.errors import MediaError
from flavr_core.media import open_source, probe
from tests import clip_factory

Clip = Callable[[str], Path]


def test_rates_and_times(clip: Clip) -> None:
    ntsc = probe(clip("ntsc"))
    assert (ntsc.rate, ntsc.is_vfr, ntsc.times.time(1)) == (
        Fraction(30000, 1001),
        False,
        Fraction(1001, 30000),
    )
    assert ntsc.times.duration == 24 * Fraction(1001, 30000)
    rounded = probe(clip("ntsc_mkv"))
    assert (rounded.rate, rounded.is_vfr, rounded.times.pts[:3]) == (
        Fraction(24000, 1001),
        False,
        (0, 42, 83),
    )
    varying = probe(clip("variable"))
    assert varying.is_vfr
    assert [varying.times.time(n) for n in range(40)] == [Fraction(t, 1000) for t in clip_factory.VARIABLE]


def test_late_starts_keep_the_files_clock(clip: Clip) -> None:
    info = probe(clip("late_start"))
    assert (info.times.start, info.times.end) == (5, 5 + Fraction(24, 25))
    assert probe(clip("late_start_ts")).times.start == 10


def test_edit_lists_hide_frames(clip: Clip) -> None:
    info = probe(clip("edit_list"))
    assert (len(info.times), info.times.start, info.times.duration) == (50, 0, 2)


def test_frames_whose_references_were_cut_off_are_left_out(clip: Clip) -> None:
    info = probe(clip("cut_open"))
    assert info.times.start == Fraction(4, 5)
    assert info.notes == ("The first 13 frames cannot be decoded, for what they refer to was cut off.",)


def test_a_matroska_file_that_is_cut_off_says_so(clip: Clip, tmp_path: Path) -> None:
    whole = clip("ntsc_mkv")
    assert not probe(whole).notes
    copy = tmp_path / "cut.mkv"
    copy.write_bytes(whole.read_bytes())
    info = probe(clip_factory.damage(copy, keep=0.6))
    assert 0 < len(info.times) < len(probe(whole).times)
    assert any("cut off: its header names 0:00:02.0" in note for note in info.notes)


def test_files_without_times_are_decoded_once_and_said(clip: Clip) -> None:
    for name, rate in (("raw_h264", 25), ("avi_without_times", 25)):
        info = probe(clip(name))
        assert (info.rate, info.is_vfr) == (rate, False)
        assert any("decoded once" in note for note in info.notes)


def test_colours_and_pixels(clip: Clip) -> None:
    tagged = probe(clip("tagged")).color
    assert (tagged.matrix, tagged.range, tagged.primaries, tagged.transfer, tagged.matrix_code) == (
        Matrix.BT709, Range.LIMITED, 1, 1, 1)  # fmt: skip
    deep = probe(clip("ten_bit"))
    assert (deep.color.matrix, deep.color.transfer, deep.format.depth) == (Matrix.BT2020_NCL, 16, 10)
    jpeg = probe(clip("full_range"))
    assert (jpeg.color.range, jpeg.color.siting) == (Range.FULL, Siting.CENTER)
    rgb = probe(clip("rgb"))
    assert (rgb.color.matrix, rgb.color.range, str(rgb.format)) == (Matrix.RGB, Range.FULL, "RGB 8 bit")
    assert str(probe(clip("alpha")).format) == "RGB 8 bit with alpha"
    assert probe(clip("gray_ten_bit")).format.num_planes == 1


def test_pixel_aspect_is_kept_and_turned(clip: Clip, tmp_path: Path) -> None:
    assert probe(clip("wide_pixels")).pixel_aspect == Fraction(16, 11)
    path = clip_factory.make_clip(tmp_path / "a.mp4", frames=3, pixel_aspect=Fraction(4, 3),
                                  rotation=(-90, False, False))  # fmt: skip
    assert probe(path).pixel_aspect == Fraction(3, 4)


def test_hdr_metadata_in_the_words_of_encoders(tmp_path: Path) -> None:
    master = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    parameters = f"log-level=none:hdr10=1:master-display={master}:max-cll=1000,400"
    path = clip_factory.make_clip(
        tmp_path / "hdr.mkv", frames=4, codec="libx265", pix_fmt="yuv420p10le", color=(9, 16, 9, 1),
        options={"x265-params": parameters},
    )  # fmt: skip
    assert probe(path).hdr_side_data == {"mastering_display": master, "content_light_level": "1000,400"}


def test_everything_beside_the_video_is_listed(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "full ü.mkv"
    (tmp_path / "a.srt").write_text("1\n00:00:00,100 --> 00:00:00,600\nHello\n")
    with (
        av.open(str(clip("tagged"))) as original, av.open(str(tmp_path / "a.srt")) as words,
        av.open(str(path), "w") as copy,
    ):  # fmt: skip
        copy.set_chapters([
            {"id": 1, "start": 0, "end": 400, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}},
            {"id": 2, "start": 400, "end": 960, "time_base": Fraction(1, 1000), "metadata": {}},
        ])  # fmt: skip
        copy.metadata["title"] = "A title"
        streams = {one.index: copy.add_stream_from_template(one) for one in original.streams}
        streams[1].metadata.update(language="deu", title="Kommentar")
        cover = copy.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        subtitles = copy.add_stream_from_template(words.streams[0])
        packets = [*cover.encode(next(clip_factory.pictures(1, size=(32, 32), pix_fmt="yuvj420p"))),
                   *cover.encode(None)]  # fmt: skip
        for packet in [*packets, *words.demux(), *original.demux()]:
            if packet.dts is None:
                continue
            if packet.stream.container is original:
                packet.stream = streams[packet.stream.index]
            elif packet.stream.container is words:
                packet.stream = subtitles
            copy.mux(packet)
    info = probe(path)
    kinds = {stream.kind: stream for stream in info.streams}
    assert set(kinds) == {"audio", "video", "subtitle"} or set(kinds) == {"audio", "attachment", "subtitle"}
    sound = kinds["audio"]
    assert (sound.codec, sound.sample_rate, sound.channels) == ("aac", 48000, 2)
    assert (sound.language, sound.title) == ("deu", "Kommentar")
    assert kinds["subtitle"].codec == "subrip"
    assert [(one.start, one.end, one.title) for one in info.chapters] == [
        (0, Fraction(2, 5), "One"), (Fraction(2, 5), Fraction(24, 25), "")]  # fmt: skip
    assert info.metadata["title"] == "A title"
    assert (info.width, info.codec) == (64, "h264")


def test_of_several_videos_the_default_one_is_taken(clip: Clip, tmp_path: Path) -> None:
    for default in (0, 1):
        path = tmp_path / f"two{default}.mkv"
        with av.open(str(path), "w") as output:
            streams = [output.add_stream("ffv1", rate=25) for _ in range(2)]
            for number, stream in enumerate(streams):
                stream.width, stream.height, stream.pix_fmt = 32 + 16 * number, 32, "yuv420p"
                stream.disposition = av.stream.Disposition.default if number == default else 0
            for number, stream in enumerate(streams):
                for picture in clip_factory.pictures(3, size=(32 + 16 * number, 32)):
                    output.mux(stream.encode(picture))
                output.mux(stream.encode(None))
        info = probe(path)
        assert info.width == 32 + 16 * default
        assert [(one.kind, one.index) for one in info.streams] == [("video", 1 - default)]
        with open_source(info) as source:
            assert {frame.width for frame in source.frames()} == {info.width}


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as output:
        tone = clip_factory._add_tone(output, path)
        clip_factory._write_tone(output, tone, seconds=0.2)
    with pytest.raises(MediaError, match="no video stream"):
        probe(path)


@pytest.mark.parametrize("name", ["moved.jpg", "moved.txt", "moved", "a: b %d #.gif"])
def test_content_counts_not_the_name(clip: Clip, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clip("constant").read_bytes())
    assert (probe(path).kind, probe(path).codec) == (ClipKind.VIDEO, "h264")
    Image.new("RGB", (20, 10)).save(tmp_path / "image.mp4", format="PNG")
    assert probe(tmp_path / "image.mp4").kind is ClipKind.SEQUENCE


def refuse(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


def test_what_cannot_be_a_clip(tmp_path: Path) -> None:
    assert "no file" in refuse(tmp_path / "missing.mp4").message
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refuse(tmp_path / "empty.mp4").message
    (tmp_path / "text.mp4").write_text("These are words, and no film at all.\n" * 400)
    refuse(tmp_path / "text.mp4")
    (tmp_path / "text.txt").write_text("These are words, and no film at all.\n" * 400)
    refuse(tmp_path / "text.txt")
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    refuse(tmp_path / "list.ffconcat")
    (tmp_path / "web.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    refuse(tmp_path / "web.m3u8")
    (tmp_path / "folder").mkdir()
    assert "no images" in refuse(tmp_path / "folder").message
    refuse(Path("bad\0name.mp4"))
    refuse(tmp_path / ("x" * 300 + ".mp4"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_devices_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "no file" in refuse(tmp_path / "pipe.mp4").message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "locked.mp4"
    path.write_bytes(clip("constant").read_bytes())
    path.chmod(0)
    assert "may not be read" in refuse(path).message


def test_an_absurd_size_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (40_000, 10)).save(path)
    assert "40000 x 10" in refuse(path).message


def test_a_recording_that_was_never_finished(clip: Clip, tmp_path: Path) -> None:
    data = clip("constant").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: data.index(b"moov") - 4])
    error = refuse(path)
    assert "index" in str(error)


FUZZED = ["constant", "variable_mkv", "open_gop", "avi_mpeg4", "vp8_hidden", "flv", "mpeg2_ps", "raw_h264",
          "av1", "alpha", "ten_bit_422", "edit_list"]  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One of: cut off, header bytes changed, bits flipped, a stretch lost or zeroed, plain noise."""
    broken = bytearray(data)
    match rng.randrange(5):
        case 0:
            del broken[rng.randrange(len(broken)) :]
        case 1:
            for _ in range(rng.randint(1, 20)):
                broken[rng.randrange(min(len(broken), 2000))] = rng.randrange(256)
        case 2:
            for _ in range(rng.randint(1, 200)):
                broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        case 3:
            start = rng.randrange(len(broken))
            stop = min(len(broken), start + rng.randint(1, 4000))
            broken[start:stop] = bytes(stop - start) if rng.random() < 0.5 else b""
        case 4:
            broken = bytearray(rng.randbytes(rng.randint(1, 20_000)))
    return bytes(broken)


@pytest.mark.parametrize("name", [*FUZZED, "gif", "apng", "webp", "folder"])
def test_damage_ends_in_one_sentence_or_in_a_whole_clip(clip: Clip, tmp_path: Path, name: str) -> None:
    """Whatever is read has exactly the frames, sizes and formats that probe promised."""
    rng = random.Random(name)
    if name in ("gif", "apng", "webp", "folder"):
        images = [Image.fromarray(np.random.default_rng(n).integers(0, 255, (20, 30, 3), dtype=np.uint8))
                  for n in range(5)]  # fmt: skip
        path = tmp_path / {"gif": "a.gif", "apng": "a.png", "webp": "a.webp", "folder": "one.png"}[name]
        images[0].save(path, save_all=name != "folder", append_images=images[1:], duration=50)
    else:
        path = clip(name)
    whole = path.read_bytes()
    target = tmp_path / f"broken{path.suffix}"
    refusals: list[MediaError] = []
    for _ in range(25):
        target.write_bytes(damaged(whole, rng))
        try:
            info = probe(target)
            with open_source(info) as source:
                frames = [(f.index, f.width, f.height, f.format) for f in source.frames(0, 200)]
                middle = len(info.times) // 2
                assert [frame.index for frame in source.frames(middle, middle + 1)] == [middle]
        except MediaError as error:
            refusals.append(error)
            continue
        count = min(len(info.times), 200)
        assert frames == [(number, info.width, info.height, info.format) for number in range(count)]
    assert all(error.hint and "\n" not in str(error) for error in refusals)


def test_the_command_says_it_in_words(clip: Clip, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", str(clip("tagged"))]) == 0
    said = capsys.readouterr().out
    for words in ("24, 25 a second", "64 x 48", "4:2:0 8 bit", "matrix bt709", "1: audio, aac, 48000 Hz",
                  "title: A title", "to mp4", "audio 1 (aac"):  # fmt: skip
        assert words in said
    assert "\x1b" not in said


def test_the_command_says_it_in_json(clip: Clip, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", str(clip("ntsc")), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["rate"], record["frames"], record["times"]["pts"][1]) == ("30000/1001", 24, 1001)
    assert record["conversion"]["container"] == "mp4"
    assert record["conversion"]["streams"]


def test_the_command_fails_with_a_sentence_and_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", str(tmp_path / "missing.mp4")]) == 3
    caught = capsys.readouterr()
    assert caught.err.startswith("error: There is no file")
    assert caught.out == ""


@pytest.mark.parametrize("name", ["variable", "rotated", "interlaced", "late_start", "ten_bit"])
def test_every_kind_of_clip_can_be_described(clip: Clip, name: str) -> None:
    info = probe(clip(name))
    assert json.dumps(clip_record(info))
    text = "\n".join(words for _, words in describe(info))
    wanted = {"variable": "on average, variable", "rotated": "turned by 90", "interlaced": "deinterlaced",
              "late_start": "from 0:00:05.000", "ten_bit": "PQ (HDR)"}  # fmt: skip
    assert wanted[name] in text
