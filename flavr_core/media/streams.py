"""What becomes of the streams beside the video: sound, subtitles, covers, attachments, chapters and tags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer

from flavr_core.clip import Chapter, ClipInfo, ClipKind, StreamInfo
from flavr_core.media.containers import COVER_FILES, IMAGE_SUBTITLES, LOSSLESS_AUDIO, Container
from flavr_core.media.encoding import StreamAction, StreamPlan
from flavr_core.plan import OutputPlan
from flavr_core.settings import AudioMode, ExportSettings

_ATTACHED_PICTURE = 0x400
_OWN_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration"}
"""Global tags that speak of the source file itself, not of what is in it."""
_TEXT_SUBTITLES = {"subrip", "ass", "ssa", "webvtt", "mov_text", "text"}
_LEAD_WORTH_A_WORD_S = Fraction(1, 20)
"""Shorter leads are what audio codecs begin with."""
_MOV_LANGUAGES = {
    "deu": "ger", "nld": "dut", "ell": "gre", "isl": "ice", "zho": "chi", "sqi": "alb", "mkd": "mac",
}  # fmt: skip
"""ISO 639-2 codes for which ffmpeg's list of QuickTime languages has the other of the two."""
_EARLY_MS = 35
"""By how much of source time stretching moves a click at most, measured at 2/3 to 1/8 of the speed."""
_MOST_CHANNELS = 8
_OPUS_RATES = (48000, 24000, 16000, 12000, 8000)
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What ClipInfo does not hold of a stream."""

    is_cover: bool = False
    """Whether a video stream is an attached picture."""
    sound_start: Fraction | None = None
    """Seconds on the source file's clock of the first audible sample; None where none can be decoded."""
    packet_start: Fraction | None = None
    """Seconds on the source file's clock of the first packet, which may hold priming; None likewise."""
    is_matroska: bool = False
    """Whether the source file is Matroska or WebM."""
    channels: int = 0
    """Audio channels."""
    sample_rate: int = 0
    """Audio samples a second."""


def first_sound(container: InputContainer, stream: AudioStream) -> tuple[Fraction | None, Fraction | None]:
    """When the first packet begins and when the first audible sample is heard, on the file's clock.

    They differ by the priming that decoders leave out. None where nothing decodes. The container must stand
    at its start and is left further on.
    """
    begins: Fraction | None = None
    try:
        for packet in container.demux(stream):
            if begins is None and packet.pts is not None:
                begins = packet.pts * packet.time_base
            for frame in packet.decode():
                if frame.pts is not None and frame.time_base is not None and frame.samples:
                    return begins, frame.pts * frame.time_base
    except av.error.FFmpegError:
        return None, None
    return None, None


def look_at_streams(info: ClipInfo) -> dict[int, _Facts]:
    """Open the source and see what ClipInfo does not say; empty for sequences and animations."""
    if info.kind is not ClipKind.VIDEO:
        return {}
    facts: dict[int, _Facts] = {}
    with av.open(str(info.path), metadata_errors="replace") as container:
        for stream in container.streams:
            if stream.type == "video":
                facts[stream.index] = _Facts(is_cover=bool(int(stream.disposition) & _ATTACHED_PICTURE))
        audio = [s.index for s in container.streams.audio]
    for index in audio:
        with av.open(str(info.path), metadata_errors="replace") as container:
            stream = container.streams[index]
            assert isinstance(stream, AudioStream)
            context = stream.codec_context
            begins, heard = first_sound(container, stream)
            facts[index] = _Facts(
                sound_start=heard,
                packet_start=begins,
                is_matroska="matroska" in info.container,
                channels=context.channels,
                sample_rate=context.sample_rate,
            )
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class SideStreams:
    """Everything beside the video, planned."""

    streams: tuple[StreamPlan, ...] = ()
    """One for each stream of the source but the video."""
    lead: Fraction = Fraction(0)
    """Seconds by which copied sound begins before the first picture."""
    chapters: tuple[Chapter, ...] = ()
    """On the output file's clock."""
    metadata: tuple[tuple[str, str], ...] = ()
    """Global tags."""
    video_metadata: tuple[tuple[str, str], ...] = ()
    """Tags of the video stream."""
    notes: tuple[str, ...] = ()
    """What a user should know."""


def plan_side_streams(
    info: ClipInfo, plan: OutputPlan, export: ExportSettings, container: Container
) -> SideStreams:
    """Decide on every stream, chapter and tag of the source."""
    facts = look_at_streams(info) if container.is_video else {}
    streams = [
        _plan_stream(stream, plan, export, container, facts.get(stream.index, _Facts()))
        for stream in info.streams
    ]
    lead = _lead(streams, plan, container, facts)
    streams = [_with_start(stream, plan, container, facts, lead) for stream in streams]
    chapters, dropped_chapters = _plan_chapters(info, plan, export, container, lead)
    metadata, lost = _plan_tags(info, container)
    notes = []
    if lead >= _LEAD_WORTH_A_WORD_S:
        ms = round(lead * 1000)
        notes.append(f"{ms} ms of sound come before the first picture, as in the source.")
    notes += dropped_chapters
    if lost:
        notes.append(f"{container.title} has no place for the tags {', '.join(lost)}; they are left out.")
    return SideStreams(
        streams=tuple(streams),
        lead=lead,
        chapters=chapters,
        metadata=metadata,
        video_metadata=_video_tags(info, container),
        notes=tuple(notes),
    )


def _lead(
    streams: list[StreamPlan], plan: OutputPlan, container: Container, facts: dict[int, _Facts]
) -> Fraction:
    """By how much sound with a clock of its own begins before the picture, in whole steps of its times."""
    starts = [
        start - plan.source_start
        for stream in streams
        if stream.kind == "audio" and _keeps_own_clock(stream, plan)
        for start in (_start_in(container, stream, facts[stream.index]),)
        if start is not None
    ]
    lead = max([Fraction(0), *(-start for start in starts)])
    step = Fraction(1, container.time_base_den) if container.time_base_den else plan.time_base
    return ceil(lead / step) * step


def _start_in(container: Container, stream: StreamPlan, fact: _Facts) -> Fraction | None:
    """When a stream's first sample is heard in the output, on the source's clock.

    Matroska says of Opus alone how much of the start is priming; what other codecs prime with becomes sound
    there (silence in all but name), unless the source is Matroska itself and said so.
    """
    is_matroska = container.muxer in ("matroska", "webm")
    if stream.action is StreamAction.COPY and is_matroska and stream.codec != "opus" and not fact.is_matroska:
        return fact.packet_start
    return fact.sound_start


def _keeps_own_clock(stream: StreamPlan, plan: OutputPlan) -> bool:
    """Whether sound before the first picture is kept."""
    return stream.action is not StreamAction.DROP and not plan.is_trimmed and stream.tempo == 1


def _with_start(
    stream: StreamPlan, plan: OutputPlan, container: Container, facts: dict[int, _Facts], lead: Fraction
) -> StreamPlan:
    """The stream with the expected time of its first sample."""
    if stream.kind != "audio" or stream.action is StreamAction.DROP:
        return stream
    if stream.action is StreamAction.CONVERT:
        # Converted sound is laid out from the file's very start, with silence where there was none.
        return replace(stream, start=Fraction(0))
    heard = _start_in(container, stream, facts[stream.index])
    return stream if heard is None else replace(stream, start=heard - plan.source_start + lead)


def _plan_stream(
    stream: StreamInfo, plan: OutputPlan, export: ExportSettings, container: Container, fact: _Facts
) -> StreamPlan:
    kind = "cover" if stream.kind == "video" and fact.is_cover else stream.kind
    base = StreamPlan(
        index=stream.index,
        kind=kind,
        codec=stream.codec,
        language=stream.language,
        action=StreamAction.COPY,
        sample_rate=stream.sample_rate,
        channels=stream.channels,
    )
    reason = _reason_to_drop(base, export, container)
    if reason:
        return replace(base, action=StreamAction.DROP, reason=reason)
    if kind == "audio":
        return _plan_audio(base, plan, export, container, fact)
    if kind == "subtitle" and base.codec not in container.subtitles:
        reason = f"{container.title} holds no {base.codec}"
        return replace(base, action=StreamAction.CONVERT, encoder=container.subtitle_encoder, reason=reason)
    return base


def _reason_to_drop(stream: StreamPlan, export: ExportSettings, container: Container) -> str:
    """Why a stream cannot or shall not be in the output; empty when it can."""
    title = container.title
    if not container.is_video:
        return f"{title} has pictures only"
    if stream.kind == "audio":
        return "no sound was asked for" if export.audio is AudioMode.DROP else ""
    if stream.kind == "video":
        return "only the main video is converted"
    if stream.kind == "data" and stream.codec == "bin_data":
        return "it lists chapters, which are written anew"
    if stream.kind not in ("subtitle", "attachment", "cover"):
        return "data beside picture and sound is tied to the source's own frames"
    if stream.kind == "cover":
        holds = container.covers and stream.codec in COVER_FILES
        return "" if holds else f"{title} has no place for a cover in {stream.codec}"
    if not export.subtitles:
        return "none were asked for"
    if stream.kind == "attachment":
        return "" if container.attachments else f"{title} has no place for attached files"
    if stream.codec in container.subtitles:
        return ""
    if stream.codec in IMAGE_SUBTITLES:
        return f"{title} holds no subtitles that are pictures"
    if stream.codec not in _TEXT_SUBTITLES or not container.subtitle_encoder:
        return f"{title} holds no {stream.codec} and it cannot be converted"
    return ""


def _plan_audio(
    base: StreamPlan, plan: OutputPlan, export: ExportSettings, container: Container, fact: _Facts
) -> StreamPlan:
    if fact.sound_start is None or not fact.sample_rate:
        return replace(base, action=StreamAction.DROP, reason="nothing in it can be decoded")
    if fact.channels > _MOST_CHANNELS:
        reason = f"its {fact.channels} channels are more than {_MOST_CHANNELS}"
        return replace(base, action=StreamAction.DROP, reason=reason)
    keeps_speed = plan.speed == 1 or export.audio is AudioMode.KEEP
    holds = base.codec in container.audio
    base = replace(base, sample_rate=fact.sample_rate, channels=fact.channels)
    if holds and keeps_speed and not plan.is_trimmed:
        return base
    if not keeps_speed:
        early_ms = round(_EARLY_MS / plan.speed)
        reason = f"it is stretched with the picture; sharp sounds may come up to {early_ms} ms early"
    elif plan.is_trimmed:
        reason = "it is cut to the sample"
    else:
        reason = f"{container.title} holds no {base.codec}"
    encoder = _audio_encoder(base.codec, container, channels=fact.channels)
    return replace(
        base,
        action=StreamAction.CONVERT,
        encoder=encoder,
        reason=reason,
        sample_rate=_sample_rate_for(encoder, fact.sample_rate),
        tempo=Fraction(1) if keeps_speed else plan.speed,
    )


def _audio_encoder(codec: str, container: Container, *, channels: int) -> str:
    if codec in LOSSLESS_AUDIO and container.lossless_audio_encoder and channels <= 8:
        short = codec in ("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be")
        return "pcm_s16le" if short and container.name == "mov" else container.lossless_audio_encoder
    if codec == "alac" and "alac" in container.audio:
        return "alac"
    if codec in ("opus", "vorbis") and "opus" in container.audio:
        return "libopus"
    return container.audio_encoder


def _sample_rate_for(encoder: str, rate: int) -> int:
    """The encoder's rate that keeps most: the lowest that is not below, else its highest."""
    rates = {"libopus": _OPUS_RATES, "aac": _AAC_RATES}.get(encoder)
    if rates is None or rate in rates:
        return rate
    return min((r for r in rates if r >= rate), default=rates[0])


def carried_tags(metadata: dict[str, str], container: Container) -> dict[str, str]:
    """Language and title of a stream. MP4 and MOV call a title a name; MOV has its own list of languages."""
    tags = {key: value for key, value in metadata.items() if key in ("language", "title")}
    if metadata.get("name"):
        tags.setdefault("title", metadata["name"])
    if container.name == "mov" and "language" in tags:
        tags["language"] = _MOV_LANGUAGES.get(tags["language"], tags["language"])
    return tags


def output_time(seconds: Fraction, plan: OutputPlan, lead: Fraction) -> Fraction:
    """A place on the source file's clock on the output file's clock."""
    return (seconds - plan.source_start) / plan.speed + lead


def _plan_chapters(
    info: ClipInfo, plan: OutputPlan, export: ExportSettings, container: Container, lead: Fraction
) -> tuple[tuple[Chapter, ...], list[str]]:
    if not info.chapters:
        return (), []
    if not container.chapters:
        return (), [f"{container.title} has no chapters; {len(info.chapters)} are left out."]
    end = plan.duration + lead
    moved = (
        Chapter(
            start=max(output_time(chapter.start, plan, lead), Fraction(0)),
            end=min(output_time(chapter.end, plan, lead), end),
            title=chapter.title,
        )
        for chapter in info.chapters
    )
    return tuple(chapter for chapter in moved if chapter.end > chapter.start), []


def _plan_tags(info: ClipInfo, container: Container) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Global tags to write, and the names of those the container has no place for."""
    tags = {key: value for key, value in info.metadata.items() if key.lower() not in _OWN_TAGS}
    if not container.is_video:
        return (), []
    if container.tags is None:
        kept = tags
    else:
        kept = {key: value for key, value in tags.items() if key.lower() in container.tags}
    return tuple(sorted(kept.items())), sorted(set(tags) - set(kept))


def _video_tags(info: ClipInfo, container: Container) -> tuple[tuple[str, str], ...]:
    """Tags of the video stream; a start timecode would be wrong at another rate and is not among them."""
    if not container.is_video:
        return ()
    kept = {key: value for key, value in info.video_metadata.items() if key.lower() in ("language", "title")}
    return tuple(sorted(kept.items()))
