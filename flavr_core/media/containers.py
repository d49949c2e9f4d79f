"""What each output container can hold, and what a stream is turned into where it cannot.

Lists are of codecs that players of the container are known to play, not of all that a muxer lets pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

_PCM = (
    "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be",
    "pcm_f32le", "pcm_f64le",
)  # fmt: skip
LOSSLESS_AUDIO = frozenset(
    {*_PCM, "pcm_f32be", "pcm_s8", "flac", "alac", "truehd", "mlp", "wavpack", "tta", "ape", "pcm_bluray"}
)
"""Sound that loses something when it is stored as AAC or Opus."""
IMAGE_SUBTITLES = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
"""Subtitles that are pictures: they can be copied, never turned into text."""

COVER_FILES = {"png": ("png", "image/png"), "mjpeg": ("jpg", "image/jpeg")}
"""Codecs of covers that can be carried over: file ending and MIME type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One of the file formats that can be written."""

    name: str
    """As in ExportSettings.container."""
    title: str
    """For people."""
    muxer: str
    """ffmpeg's name of the format; empty for numbered images."""
    suffixes: tuple[str, ...]
    """File name endings, the usual one first; empty for a folder."""
    codecs: tuple[str, ...]
    """Video codecs, the usual one first."""
    audio: frozenset[str] = frozenset()
    """Audio codecs that can be copied into it."""
    audio_encoder: str = ""
    """Encoder for sound that cannot be copied; empty where there is no sound."""
    lossless_audio_encoder: str = ""
    """The same for lossless sound; empty for no lossless one."""
    subtitles: frozenset[str] = frozenset()
    """Subtitle codecs that can be copied into it."""
    subtitle_encoder: str = ""
    """Encoder for text subtitles that cannot be copied; empty where there are no subtitles."""
    chapters: bool = False
    """Whether it has chapters."""
    attachments: bool = False
    """Whether it carries attached files (fonts)."""
    covers: bool = False
    """Whether it carries a cover picture."""
    tags: frozenset[str] | None = frozenset()
    """Global tags it has a place for, lower case; None for any."""
    time_base_den: int | None = None
    """Units a second of all its timestamps; None where each stream has its own exact ones."""
    pixel_aspect: bool = False
    """Whether it can say that pixels are not square."""

    @property
    def is_video(self) -> bool:
        """Whether it is a video container, not an animated image or images."""
        return bool(self.audio)


_MP4_TAGS = frozenset(
    {"title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright",
     "grouping", "lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords",
     "creation_time", "encoder"}
)  # fmt: skip
_MOV_TAGS = _MP4_TAGS | {"location", "make", "model", "director", "performer"}
_MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
_MKV_AUDIO = frozenset(
    {"aac", "mp3", "mp2", "ac3", "eac3", "dts", "truehd", "mlp", "opus", "vorbis", "flac", "alac", "tta",
     "wavpack", *_PCM}
)  # fmt: skip

CONTAINERS: dict[str, Container] = {
    container.name: container
    for container in (
        Container(
            name="mp4",
            title="MP4",
            muxer="mp4",
            suffixes=(".mp4", ".m4v"),
            codecs=("h264", "hevc", "av1", "vp9"),
            audio=_MP4_AUDIO,
            audio_encoder="aac",
            subtitles=frozenset({"mov_text"}),
            subtitle_encoder="mov_text",
            chapters=True,
            covers=True,
            tags=_MP4_TAGS,
            pixel_aspect=True,
        ),
        Container(
            name="mov",
            title="MOV",
            muxer="mov",
            suffixes=(".mov", ".qt"),
            codecs=("h264", "hevc", "prores"),
            audio=frozenset({"aac", "mp3", "ac3", "eac3", "alac", *_PCM} - {"pcm_u8"}),
            audio_encoder="aac",
            lossless_audio_encoder="pcm_s24le",
            subtitles=frozenset({"mov_text"}),
            subtitle_encoder="mov_text",
            chapters=True,
            tags=_MOV_TAGS,
            pixel_aspect=True,
        ),
        Container(
            name="mkv",
            title="MKV",
            muxer="matroska",
            suffixes=(".mkv",),
            codecs=("h264", "hevc", "av1", "vp9", "prores", "ffv1"),
            audio=_MKV_AUDIO,
            audio_encoder="aac",
            lossless_audio_encoder="flac",
            subtitles=frozenset(
                {"subrip", "ass", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}
            ),
            subtitle_encoder="subrip",
            chapters=True,
            attachments=True,
            covers=True,
            tags=None,
            time_base_den=1000,
            pixel_aspect=True,
        ),
        Container(
            name="webm",
            title="WebM",
            muxer="webm",
            suffixes=(".webm",),
            codecs=("vp9", "av1"),
            audio=frozenset({"opus", "vorbis"}),
            audio_encoder="libopus",
            subtitles=frozenset({"webvtt"}),
            subtitle_encoder="webvtt",
            chapters=True,
            tags=None,
            time_base_den=1000,
            pixel_aspect=True,
        ),
        Container(
            name="gif", title="GIF", muxer="gif", suffixes=(".gif",), codecs=("gif",), time_base_den=100
        ),
        Container(name="apng", title="APNG", muxer="apng", suffixes=(".apng", ".png"), codecs=("apng",)),
        Container(
            name="webp",
            title="animated WebP",
            muxer="webp",
            suffixes=(".webp",),
            codecs=("webp",),
            time_base_den=1000,
        ),
        Container(name="png", title="PNG sequence", muxer="", suffixes=(), codecs=("png",)),
    )
}
"""Every container, by the name that settings use."""

CODEC_TITLES = {
    "h264": "H.264", "hevc": "H.265", "av1": "AV1", "vp9": "VP9", "prores": "ProRes", "ffv1": "FFV1",
    "gif": "GIF", "apng": "APNG", "webp": "WebP", "png": "PNG",
}  # fmt: skip
"""Video codecs for people."""


def container_of_name(path: PurePath) -> Container | None:
    """The container that a file name's ending stands for; None for a folder or an unknown ending."""
    suffix = path.suffix.lower()
    return next((found for found in CONTAINERS.values() if suffix and suffix in found.suffixes), None)
