"""assemble: every frame at its exact time, sound in its place to the sample, everything else carried over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.subtitles.subtitle import SubtitleSet

from flavr_core.errors import CancelledError, OutputError
from flavr_core.media import assemble, open_source, probe
from flavr_core.media.sound import _stretched
from flavr_core.progress import CancelToken
from flavr_core.settings import AudioMode, ExportSettings, RateTarget, TimingSettings
from flavr_core.timing import TimePoint
from tests.export_factory import bursts, render, sound_clip

CODEC = {"mp4": "h264", "mkv": "h264", "mov": "h264", "webm": "vp9"}
SOURCES = {
    "aac.mp4": {},
    "aac.mkv": {},
    "stereo.mov": {"channels": 2},
    "late_sound.mp4": {"sound_late": Fraction(1, 8)},
    "late_picture.mp4": {"picture_late": Fraction(1, 5)},
    "late_picture.mkv": {"picture_late": Fraction(1, 5)},
    "opus.webm": {"codec": "libopus"},
    "opus.mp4": {"codec": "libopus"},
    "flac.mkv": {"codec": "flac", "rate": 44100},
    "pcm.mov": {"codec": "pcm_s16le", "rate": 44100, "picture_late": Fraction(1, 7)},
    "mp3.mp4": {"codec": "libmp3lame"},
    "aac.ts": {},
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`sound("aac.mp4")`: a clip of SOURCES; do not change the file."""
    folder = tmp_path_factory.mktemp("sound")

    def get(name: str) -> Path:
        path = folder / name
        return path if path.exists() else sound_clip(path, **SOURCES[name])  # type: ignore[arg-type]

    return get


def export_to(container: str, audio: AudioMode = AudioMode.AUTO) -> ExportSettings:
    return ExportSettings(container=container, codec=CODEC[container], speed="fastest", audio=audio)


def allowed_s(source: str, container: str) -> float:
    """A sample and a half; half a millisecond more where packets are copied into or from Matroska."""
    return 1.5 / 44100 + (0.0006 if container in ("mkv", "webm") or source.endswith("mkv") else 0)


@pytest.mark.parametrize("container", list(CODEC))
@pytest.mark.parametrize("source", list(SOURCES))
def test_sound_keeps_its_place(
    tmp_path: Path, sound: Callable[[str], Path], source: str, container: str
) -> None:
    path = sound(source)
    output = tmp_path / f"output.{container}"
    render(path, output, export_to(container))
    for found, wanted in zip(bursts(output), bursts(path), strict=True):
        assert abs(found - wanted) < allowed_s(source, container)


@pytest.mark.parametrize("source", ["aac.mp4", "aac.mkv", "opus.webm", "flac.mkv", "pcm.mov"])
@pytest.mark.parametrize("container", list(CODEC))
def test_cut_sound_begins_to_the_sample(
    tmp_path: Path, sound: Callable[[str], Path], source: str, container: str
) -> None:
    path = sound(source)
    output = tmp_path / f"output.{container}"
    timing = TimingSettings(start=TimePoint(seconds=Fraction(7, 25)), stop=TimePoint(seconds=Fraction(13, 5)))
    render(path, output, export_to(container), timing)
    expected = [time - 0.28 for time in bursts(path)]
    for found, wanted in zip(bursts(output), expected, strict=True):
        assert abs(found - wanted) < allowed_s(source, container)


def track_seconds(path: Path) -> Fraction:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return sum(
            (f.samples * Fraction(1, f.sample_rate) for f in container.decode(stream)), start=Fraction(0)
        )


@pytest.mark.parametrize("slow", [Fraction(2), Fraction(3), Fraction(4)])
def test_stretched_sound_is_as_long_as_the_picture_and_near_its_place(
    tmp_path: Path, sound: Callable[[str], Path], slow: Fraction
) -> None:
    path = sound("flac.mkv")
    output = tmp_path / "output.mkv"
    timing = TimingSettings(rate=RateTarget(factor=Fraction(1)), slow=slow)
    render(path, output, export_to("mkv"), timing)
    assert track_seconds(output) == 3 * slow
    heard = bursts(output)
    for wanted in bursts(path):
        nearest = min(heard, key=lambda time: abs(time / float(slow) - wanted))
        assert abs(nearest / float(slow) - wanted) < 0.025


@pytest.mark.parametrize("tempo", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 8), Fraction(3, 4)])
def test_stretching_keeps_the_pitch_and_gives_the_exact_length(tempo: Fraction) -> None:
    rate, seconds = 48000, 2
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(rate * seconds) / rate)).astype(np.float32)
    chunks = iter([np.stack([tone, tone])])
    stretched = np.concatenate(list(_stretched(chunks, tempo, rate=rate, layout="stereo")), axis=1)
    assert stretched.shape == (2, round(rate * seconds / tempo))
    middle = stretched[0, rate // 2 : rate // 2 + rate]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(rate)))
    assert abs(int(spectrum.argmax()) - 440) <= 2


def test_sound_may_keep_its_speed_or_be_dropped_in_slow_motion(
    tmp_path: Path, sound: Callable[[str], Path]
) -> None:
    slow = TimingSettings(rate=RateTarget(factor=Fraction(1)), slow=Fraction(2))
    kept = render(sound("aac.mp4"), tmp_path / "kept.mp4", export_to("mp4", AudioMode.KEEP), slow)
    assert kept.encoding.stream_words() == ["audio 1 (aac): copied"]
    assert bursts(kept.output) == pytest.approx(bursts(sound("aac.mp4")), abs=1e-4)
    dropped = render(sound("aac.mp4"), tmp_path / "dropped.mp4", export_to("mp4", AudioMode.DROP), slow)
    assert "dropped, because no sound was asked for" in dropped.encoding.stream_words()[0]


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "prores", "ffv1"])
@pytest.mark.parametrize("name", ["ntsc", "variable"])
def test_every_frame_is_at_its_time_and_segments_join(
    tmp_path: Path, clip: Callable[[str], Path], container: str, codec: str, name: str
) -> None:
    holds = {"mp4": "h264 hevc av1 vp9", "mov": "h264 hevc prores", "webm": "vp9 av1"}
    if codec not in holds.get(container, codec):
        pytest.skip("the container does not hold it")
    export = ExportSettings(container=container, codec=codec, speed="fastest")
    output = tmp_path / f"output.{container}"
    timing = TimingSettings(keep_vfr=name == "variable")
    rendered = render(clip(name), output, export, timing, segment_frames=13)
    with av.open(str(output)) as file:
        stream = file.streams.video[0]
        dts = [packet.dts for packet in file.demux(stream) if packet.dts is not None and packet.size]
    assert all(a < b for a, b in pairwise(dts))
    with av.open(str(output)) as file:
        shown = [frame.pts * frame.time_base for frame in file.decode(video=0)]
    assert len(shown) == len(rendered.plan)
    step = Fraction(1, 2000) if container in ("mkv", "webm") else 0
    for found, planned in zip(shown, rendered.plan.frames(), strict=True):
        assert abs(found - planned.time) <= step
    if codec == "hevc" and container in ("mp4", "mov"):
        with av.open(str(output)) as file:
            assert file.streams.video[0].codec_context.codec_tag == "hvc1"


def rich_clip(path: Path) -> Path:
    """A clip with two sound tracks, subtitles, chapters, tags and an attached font."""
    header = (
        b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
        b"Style: Default,Arial,16\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
        b"MarginV, Effect, Text\n"
    )
    tick = Fraction(1, 1000)
    with av.open(str(path), "w") as output:
        output.metadata.update({"title": "Ein Titel äöü", "artist": "somebody", "odd": "tag"})
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        tracks = [output.add_stream("aac", rate=48000), output.add_stream("ac3", rate=48000)]
        for track, language in zip(tracks, ("eng", "deu"), strict=True):
            track.layout = "mono"
            track.metadata["language"] = language
        text = output.add_stream("srt")
        text.codec_context.subtitle_header = header
        text.codec_context.time_base = text.time_base = tick
        text.codec_context.open()
        output.add_attachment("font.ttf", "application/x-truetype-font", b"font" * 100)
        output.set_chapters(
            [
                {"id": 1, "start": 0, "end": 1000, "time_base": tick, "metadata": {"title": "one"}},
                {"id": 2, "start": 1000, "end": 3000, "time_base": tick, "metadata": {"title": "two"}},
            ]
        )
        packets = []
        for number in range(75):
            gray = np.full((48, 64, 3), number * 3, np.uint8)
            picture = av.VideoFrame.from_ndarray(gray, "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            packets += video.encode(picture)
        packets += video.encode(None)
        for track in tracks:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 144000), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
            packets += track.encode(frame) + track.encode(None)
        for start, end, words in ((500, 900, b"Hello"), (1500, 2500, b"{\\i1}Bye{\\i0}")):
            line = SubtitleSet.create(text=b"0,0,Default,,0,0,0,," + words, start=0, end=end - start)
            packet = text.codec_context.encode_subtitle(line)
            packet.pts = packet.dts = start
            packet.duration, packet.time_base, packet.stream = end - start, tick, text
            packets.append(packet)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)
    return path


def shown_lines(path: Path) -> list[tuple[float, float, bytes]]:
    with av.open(str(path)) as container:
        return [
            (float(p.pts * p.time_base), float(p.duration * p.time_base), bytes(p))
            for p in container.demux(container.streams.subtitles[0])
            if p.size > 2
        ]


@pytest.mark.parametrize("container", list(CODEC))
@pytest.mark.parametrize("slow", [Fraction(1), Fraction(2)])
def test_subtitles_chapters_and_tags_are_carried_over(tmp_path: Path, container: str, slow: Fraction) -> None:
    source = rich_clip(tmp_path / "rich.mkv")
    output = tmp_path / f"output.{container}"
    timing = TimingSettings(rate=RateTarget(factor=Fraction(1)), slow=slow)
    rendered = render(source, output, export_to(container), timing)
    factor = float(slow)
    lines = shown_lines(output)
    assert [line[:2] for line in lines] == [
        pytest.approx((0.5 * factor, 0.4 * factor), abs=0.002),
        pytest.approx((1.5 * factor, 1.0 * factor), abs=0.002),
    ]
    assert b"Hello" in lines[0][2]
    assert b"Bye" in lines[1][2]
    with av.open(str(output)) as container_:
        assert container_.metadata["title"] == "Ein Titel äöü"
        chapters = container_.chapters()
        languages = [stream.language for stream in container_.streams.audio]
        fonts = [stream for stream in container_.streams if stream.type == "attachment"]
    ends = [float(chapter["end"] * chapter["time_base"]) for chapter in chapters]
    assert ends == pytest.approx([1.0 * factor, 3.0 * factor], abs=0.002)
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["one", "two"]
    assert languages == ["eng", "ger" if container == "mov" else "deu"]
    assert len(fonts) == (container == "mkv")
    lost = any("odd" in note.lower() for note in rendered.encoding.notes)
    assert lost == (container in ("mp4", "mov"))


def test_without_subtitles_chapters_stay(tmp_path: Path) -> None:
    output = tmp_path / "output.mkv"
    export = replace(export_to("mkv"), subtitles=False)
    render(rich_clip(tmp_path / "rich.mkv"), output, export, TimingSettings())
    with av.open(str(output)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
        assert len(container.chapters()) == 2


def test_a_cut_moves_and_clips_subtitles_and_chapters(tmp_path: Path) -> None:
    source = rich_clip(tmp_path / "rich.mkv")
    output = tmp_path / "output.mkv"
    render(source, output, export_to("mkv"), TimingSettings(start=TimePoint(seconds=Fraction(18, 25))))
    assert [line[:2] for line in shown_lines(output)] == [
        pytest.approx((0, 0.18), abs=0.002),
        pytest.approx((0.78, 1.0), abs=0.002),
    ]
    with av.open(str(output)) as container:
        starts = [float(c["start"] * c["time_base"]) for c in container.chapters()]
    assert starts == pytest.approx([0, 0.28], abs=0.002)


def test_assembling_stops_when_told_and_leaves_nothing(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    rendered = render(clip("constant"), tmp_path / "first.mp4", export_to("mp4"))
    token = CancelToken()
    output = tmp_path / "second.mp4"
    with pytest.raises(CancelledError):
        assemble(
            rendered.encoding, rendered.segments, output, token=token, on_progress=lambda *_: token.cancel()
        )
    assert not output.exists()


def test_missing_and_foreign_segments_are_refused(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    rendered = render(clip("constant"), tmp_path / "first.mp4", export_to("mp4"))
    output = tmp_path / "second.mp4"
    quiet = {"token": CancelToken(), "on_progress": lambda *_: None}
    with pytest.raises(OutputError, match="hold 40 frames where 48"):
        assemble(rendered.encoding, rendered.segments[:-1], output, **quiet)  # type: ignore[arg-type]
    other = render(
        clip("constant"), tmp_path / "other.mp4", ExportSettings(codec="h264", speed="slow", depth=10)
    )
    mixed = (*rendered.segments[:-1], other.segments[-1])
    with pytest.raises(OutputError, match="another way"):
        assemble(rendered.encoding, mixed, output, **quiet)  # type: ignore[arg-type]
    rendered.segments[0].write_bytes(b"nonsense")
    with pytest.raises(OutputError):
        assemble(rendered.encoding, rendered.segments, output, **quiet)  # type: ignore[arg-type]
    assert not output.exists()


def transparent_images(folder: Path) -> Path:
    """Four RGBA images: opaque, half clear and clear thirds."""
    folder.mkdir()
    pixels = np.full((48, 66, 4), (200, 40, 90, 255), np.uint8)
    pixels[:, 22:44, 3], pixels[:, 44:, 3] = 128, 0
    for number in range(4):
        context = av.CodecContext.create("png", "w")
        context.width, context.height, context.pix_fmt, context.time_base = 66, 48, "rgba", Fraction(1)
        picture = av.VideoFrame.from_ndarray(pixels, "rgba")
        data = [bytes(packet) for packet in [*context.encode(picture), *context.encode(None)]]
        (folder / f"image_{number}.png").write_bytes(b"".join(data))
    return folder


@pytest.mark.parametrize(("container", "codec"), [("webm", "vp9"), ("mov", "prores"), ("mkv", "ffv1")])
def test_transparency_is_kept_where_the_codec_can(tmp_path: Path, container: str, codec: str) -> None:
    images = transparent_images(tmp_path / "images")
    output = tmp_path / f"output.{container}"
    render(images, output, ExportSettings(container=container, codec=codec))
    info = probe(output)
    assert info.format.has_alpha
    with open_source(info) as source:
        alpha = next(source.frames(0, 1)).planes[3] / (2**info.format.depth - 1)
    for column, wanted in ((11, 1), (33, 128 / 255), (55, 0)):
        assert abs(float(alpha[24, column]) - wanted) < 0.02


@pytest.mark.parametrize("layout", ["mono", "2.1", "3.0", "quad", "5.0", "5.1(side)", "6.1", "7.1"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "webm"])
def test_every_channel_keeps_its_place(tmp_path: Path, layout: str, container: str) -> None:
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    time = np.arange(48000 * 2) / 48000
    waves = np.stack([0.3 * np.sin(2 * np.pi * (60 + 20 * place) * time) for place in range(len(names))])
    source, output = tmp_path / "source.mkv", tmp_path / f"output.{container}"
    with av.open(str(source), "w") as file:
        video = file.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = file.add_stream("pcm_s16le", rate=48000)
        audio.layout = layout
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            file.mux(video.encode(picture))
        file.mux(video.encode(None))
        samples = np.ascontiguousarray((waves * 32767).astype(np.int16).T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, "s16", layout)
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        file.mux(audio.encode(frame))
        file.mux(audio.encode(None))
    render(source, output, export_to(container), TimingSettings(stop=TimePoint(seconds=Fraction(8, 5))))
    with av.open(str(output)) as file:
        stream = file.streams.audio[0]
        resampler = av.AudioResampler("flt", None, 48000)
        pieces = [
            piece.to_ndarray().reshape(-1, piece.layout.nb_channels)
            for decoded in file.decode(stream)
            for piece in resampler.resample(decoded)
        ]
    sound = np.concatenate(pieces).T[:, 4800:52800]
    loud = [channel for channel in sound if np.abs(channel).max() > 0.05]
    tones = [int(np.abs(np.fft.rfft(channel)).argmax()) for channel in loud]
    wanted = [60 + 20 * place for place in range(len(names))]
    if container == "webm" and layout == "6.1":
        wanted.insert(5, wanted[4])  # stored as 7.1, the back speaker on both sides
    assert tones == wanted


def test_a_cover_is_carried_over(tmp_path: Path, clip: Callable[[str], Path]) -> None:
    cover = np.zeros((32, 32, 3), np.uint8)
    context = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 32, 32, "rgb24", Fraction(1)
    source = tmp_path / "source.mp4"
    with av.open(str(clip("constant"))) as old, av.open(str(source), "w") as new:
        video = new.add_stream_from_template(old.streams.video[0], opaque=True)
        picture = new.add_stream("png")
        picture.width, picture.height, picture.pix_fmt = 32, 32, "rgb24"
        picture.time_base = Fraction(1, 25)
        picture.disposition = 0x400
        frame = av.VideoFrame.from_ndarray(cover, "rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        packets = [*picture.encode(frame), *picture.encode(None)]
        for packet in packets:
            new.mux(packet)
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                new.mux(packet)
    for container in ("mp4", "mkv"):
        output = tmp_path / f"output.{container}"
        rendered = render(source, output, export_to(container))
        assert rendered.encoding.stream_words() == ["cover 1 (png): copied"]
        with av.open(str(output)) as file:
            kinds = [(s.type, s.codec_context.name) for s in file.streams]
        assert kinds == [("video", "h264"), ("video", "png")]
    webm = render(source, tmp_path / "output.webm", export_to("webm"))
    assert "no place for a cover" in webm.encoding.stream_words()[0]
