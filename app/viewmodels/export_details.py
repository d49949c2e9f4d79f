"""The form of all export settings: what each is called, what it can be, and why some things cannot be.

Made from `ExportSettings` and what the containers and encoders say of themselves, so that nothing can be
chosen that `plan_encoding` would refuse whatever the clip.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.viewmodels.presets import PresetsModel
from app.viewmodels.workspace import Workspace
from flavr_core.frame import PixelFamily, PixelFormat
from flavr_core.media.containers import CODEC_TITLES, CONTAINERS
from flavr_core.media.encoders import ENCODERS, HARDWARE_FAMILIES, Encoder, is_built_in, stored_formats
from flavr_core.settings import AudioMode, ExportSettings, GifSettings, OddSize

_CHROMA_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}
_ANIMATED = ("gif", "apng", "webp")
_DEEP_IMAGES = ("apng", "png")


class FieldKind(StrEnum):
    """How a field is edited."""

    CHOICE = "choice"
    """One of `choices`."""
    NUMBER = "number"
    """A number between `low` and `high`, or None."""
    BYTES = "bytes"
    """A number of bytes written as `8 MB`, or None."""
    SWITCH = "switch"
    """Yes or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing a field can be."""

    value: Any
    """As in the settings."""
    label: str
    """For people."""
    problem: str = ""
    """Why it cannot be chosen; empty when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One line of the form."""

    name: str
    """Field of ExportSettings, or `gif.` and a field of GifSettings."""
    label: str
    """What it is called."""
    help: str
    """What it does, one or two sentences."""
    kind: FieldKind
    """How it is edited."""
    value: Any
    """As in the settings."""
    choices: tuple[Choice, ...] = ()
    """What it can be, where it is a choice."""
    low: float = 0
    """Smallest number."""
    high: float = 0
    """Largest number."""
    unset: str = ""
    """What None means, for people; empty where it cannot be None."""


class ExportDetails(QObject):
    """The current clip's export settings as a form."""

    changed = Signal()
    """Another clip, other settings, or more is known of what works here."""

    def __init__(self, workspace: Workspace, presets: PresetsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._presets = presets
        workspace.current_changed.connect(self.changed)
        workspace.edits_changed.connect(self.changed)
        presets.changed.connect(self.changed)

    @property
    def export(self) -> ExportSettings:
        """The settings that are shown; those of a new clip where there is none."""
        clip = self._workspace.current
        return (clip.edits if clip is not None else self._workspace.defaults).export

    @property
    def fields(self) -> tuple[FormField, ...]:
        """What can be set for this format, in the order of `ExportSettings`."""
        return tuple(field for field in self._all_fields() if not self.reason_against(field.name))

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """(label, reason) of what has no meaning for this format."""
        pairs = ((field.label, self.reason_against(field.name)) for field in self._all_fields())
        return tuple((label, reason) for label, reason in pairs if reason)

    def set_value(self, name: str, value: Any) -> None:
        """Change one field; what it makes impossible goes back to its default in the same step."""
        label = next(field.label for field in self._all_fields() if field.name == name)
        text = self.tr("Change {setting}").format(setting=label)
        self._workspace.edit(text, merge=f"export {name}", export=with_value(self.export, name, value))

    def end_change(self) -> None:
        """The next change is a step of its own."""
        self._workspace.end_merge()

    def reason_against(self, name: str) -> str:
        """Why a field has no meaning for the format; empty when it has one."""
        container = CONTAINERS[self.export.container]
        title = container.title
        if name in ("hardware", "speed", "odd_size") and not container.is_video:
            return self.tr("{format} is not made by a video encoder.").format(format=title)
        if name in ("audio", "subtitles") and not container.is_video:
            return self.tr("{format} has neither sound nor subtitles.").format(format=title)
        if name == "codec" and len(container.codecs) == 1:
            return self.tr("{format} has only one way to store pictures.").format(format=title)
        if name == "crf" and _crf_range(self.export) is None:
            codec = CODEC_TITLES[self.export.codec]
            return self.tr("{codec} has no quality to choose.").format(codec=codec)
        if name in ("depth", "chroma") and container.name in ("gif", "webp"):
            return self.tr("{format} holds 8 bits a colour and no more.").format(format=title)
        if name in ("gif.colors", "gif.dither") and container.name != "gif":
            return self.tr("Only a GIF has a palette.")
        if name in ("gif.loop", "gif.max_bytes") and container.name not in _ANIMATED:
            return self.tr("This is for animated images.")
        return ""

    def _all_fields(self) -> tuple[FormField, ...]:
        return (*self._format_fields(), *self._picture_fields(), *self._gif_fields())

    def _format_fields(self) -> Iterable[FormField]:
        export = self.export
        yield FormField(
            name="container", label=self.tr("File format"), kind=FieldKind.CHOICE, value=export.container,
            help=self.tr("MP4 plays everywhere; GIF, APNG and WebP move in web pages and chats."),
            choices=tuple(Choice(value=c.name, label=_capital(c.title)) for c in CONTAINERS.values()),
        )  # fmt: skip
        yield FormField(
            name="codec", label=self.tr("Codec"), kind=FieldKind.CHOICE, value=export.codec,
            help=self.tr("H.264 plays everywhere, H.265 and AV1 are smaller, ProRes is for editing."),
            choices=tuple(self._codec_choices()),
        )  # fmt: skip
        yield FormField(
            name="hardware", label=self.tr("Encoder chip"), kind=FieldKind.CHOICE, value=export.hardware,
            help=self.tr("A chip encodes faster; the processor makes better pictures in smaller files."),
            choices=tuple(self._chip_choices()),
        )  # fmt: skip
        low, high = _crf_range(export) or (0, 0)
        yield FormField(
            name="crf", label=self.tr("Quality"), kind=FieldKind.NUMBER, value=export.crf, low=low, high=high,
            help=self.tr("Constant quality (CRF): smaller numbers look better and make larger files."),
            unset=self.tr("{number} (usual)").format(number=f"{_usual_crf(export):g}"),
        )  # fmt: skip
        yield FormField(
            name="speed", label=self.tr("Effort"), kind=FieldKind.CHOICE, value=export.speed,
            help=self.tr("How long the encoder may look for a smaller file of the same quality."),
            choices=(
                Choice(value="fastest", label=self.tr("Fastest")),
                Choice(value="fast", label=self.tr("Fast")),
                Choice(value="medium", label=self.tr("Medium")),
                Choice(value="slow", label=self.tr("Slow, smaller")),
                Choice(value="slowest", label=self.tr("Slowest, smallest")),
            ),
        )  # fmt: skip

    def _picture_fields(self) -> Iterable[FormField]:
        export = self.export
        yield FormField(
            name="depth", label=self.tr("Colour depth"), kind=FieldKind.CHOICE, value=export.depth,
            help=self.tr("Bits for each colour. 10 bits keep skies smooth; 8 bits play everywhere."),
            choices=tuple(self._depth_choices()),
        )  # fmt: skip
        yield FormField(
            name="chroma", label=self.tr("Colour detail"), kind=FieldKind.CHOICE, value=export.chroma,
            help=self.tr("How finely colour is stored beside brightness. 4:2:0 plays everywhere."),
            choices=tuple(self._chroma_choices()),
        )  # fmt: skip
        yield FormField(
            name="odd_size", label=self.tr("Odd sizes"), kind=FieldKind.CHOICE, value=export.odd_size,
            help=self.tr("Most codecs need even sizes: the last row or column is repeated or cut off."),
            choices=(
                Choice(value=OddSize.PAD, label=self.tr("Repeat the edge")),
                Choice(value=OddSize.CROP, label=self.tr("Cut the edge off")),
            ),
        )  # fmt: skip
        yield FormField(
            name="max_width", label=self.tr("Largest width"), kind=FieldKind.NUMBER, value=export.max_width,
            low=16, high=16384, unset=self.tr("No limit"),
            help=self.tr("Pictures wider than this (in pixels) are made smaller; their shape stays."),
        )  # fmt: skip
        yield FormField(
            name="audio", label=self.tr("Sound"), kind=FieldKind.CHOICE, value=export.audio,
            help=self.tr("Slow motion can stretch it at the same pitch, or leave its speed alone."),
            choices=(
                Choice(value=AudioMode.AUTO, label=self.tr("Keep, in step")),
                Choice(value=AudioMode.STRETCH, label=self.tr("Stretch with the picture")),
                Choice(value=AudioMode.KEEP, label=self.tr("Keep its own speed")),
                Choice(value=AudioMode.DROP, label=self.tr("No sound")),
            ),
        )  # fmt: skip
        yield FormField(
            name="subtitles", label=self.tr("Subtitles"), kind=FieldKind.SWITCH, value=export.subtitles,
            help=self.tr("Carry subtitles and their fonts over."),
        )  # fmt: skip

    def _gif_fields(self) -> Iterable[FormField]:
        gif = self.export.gif
        yield FormField(
            name="gif.colors", label=self.tr("Colours"), kind=FieldKind.NUMBER, value=gif.colors,
            low=2, high=256, help=self.tr("Entries of the palette. Fewer make a smaller file with bands."),
        )  # fmt: skip
        yield FormField(
            name="gif.dither", label=self.tr("Dithering"), kind=FieldKind.CHOICE, value=gif.dither,
            help=self.tr("How colours that the palette lacks are mixed from those it has."),
            choices=(
                Choice(value="none", label=self.tr("None (bands)")),
                Choice(value="bayer", label=self.tr("Bayer (small files)")),
                Choice(value="floyd_steinberg", label="Floyd-Steinberg"),
                Choice(value="sierra2", label="Sierra-2"),
                Choice(value="sierra2_4a", label=self.tr("Sierra-2-4A (usual)")),
                Choice(value="heckbert", label="Heckbert"),
            ),
        )  # fmt: skip
        yield FormField(
            name="gif.loop", label=self.tr("Plays"), kind=FieldKind.NUMBER, value=gif.loop or None,
            low=1, high=65535, unset=self.tr("For ever"), help=self.tr("How often the animation plays."),
        )  # fmt: skip
        yield FormField(
            name="gif.max_bytes", label=self.tr("Size limit"), kind=FieldKind.BYTES, value=gif.max_bytes,
            unset=self.tr("None"),
            help=self.tr("Colours or quality, then size, then frames are given up until the file fits."),
        )  # fmt: skip

    def _codec_choices(self) -> Iterable[Choice]:
        container = CONTAINERS[self.export.container]
        for codec, title in CODEC_TITLES.items():
            homes = [c for c in CONTAINERS.values() if codec in c.codecs]
            if codec not in container.codecs and not any(home.is_video for home in homes):
                continue
            problem = ""
            if codec not in container.codecs:
                names = ", ".join(home.title for home in homes)
                problem = self.tr("{format} cannot hold {codec}; it goes into {others}.").format(
                    format=container.title, codec=title, others=names
                )
            yield Choice(value=codec, label=title, problem=problem)

    def _chip_choices(self) -> Iterable[Choice]:
        codec = self.export.codec
        yield Choice(value="none", label=self.tr("None"))
        yield Choice(value="auto", label=self.tr("Automatic"))
        titles = {
            "nvenc": "NVIDIA NVENC", "qsv": "Intel Quick Sync", "amf": "AMD AMF",
            "videotoolbox": "Apple VideoToolbox", "vaapi": "VAAPI",
        }  # fmt: skip
        for family in HARDWARE_FAMILIES:
            known = any(e.codec == codec and e.family == family for e in ENCODERS)
            title = titles[family]
            problem = self._presets.chip_problem(codec, family)
            if not known:
                problem = self.tr("{chip} does not make {codec}.").format(
                    chip=title, codec=CODEC_TITLES[codec]
                )
            yield Choice(value=family, label=title, problem=problem)

    def _depth_choices(self) -> Iterable[Choice]:
        yield Choice(value=None, label=self.tr("As the clip"))
        for depth in (8, 10, 12, 16):
            can = _can_store(self.export, depth=depth, chroma=self.export.chroma)
            problem = "" if can else self._cannot(self.tr("%n bits", "", depth))
            yield Choice(value=depth, label=self.tr("%n bits", "", depth), problem=problem)

    def _chroma_choices(self) -> Iterable[Choice]:
        yield Choice(value=None, label=self.tr("As the clip"))
        for value, label in (
            ("420", "4:2:0"), ("422", "4:2:2"), ("444", "4:4:4"), ("rgb", "RGB"), ("gray", self.tr("Gray")),
        ):  # fmt: skip
            can = _can_store(self.export, depth=self.export.depth, chroma=value)
            yield Choice(value=value, label=label, problem="" if can else self._cannot(label))

    def _cannot(self, what: str) -> str:
        return self.tr("{codec} cannot store {what} here.").format(
            codec=CODEC_TITLES[self.export.codec], what=what
        )


def with_value(export: ExportSettings, name: str, value: Any) -> ExportSettings:
    """The settings with one field changed, and what that makes impossible back at its default."""
    if name.startswith("gif."):
        field = name.removeprefix("gif.")
        value = value or 0 if field == "loop" else value
        return replace(export, gif=replace(export.gif, **{field: value}))
    changed = replace(export, **{name: value})
    if name == "container":
        return _fit_container(changed)
    return _fit_codec(changed) if name in ("codec", "hardware") else changed


def _fit_container(export: ExportSettings) -> ExportSettings:
    container = CONTAINERS[export.container]
    if export.codec not in container.codecs:
        export = replace(export, codec=container.codecs[0], crf=None)
    if not container.is_video:
        plain = ExportSettings()
        export = replace(export, hardware="none", speed=plain.speed, odd_size=plain.odd_size)
    if container.name not in _ANIMATED:
        export = replace(export, gif=replace(export.gif, max_bytes=GifSettings().max_bytes))
    return _fit_codec(export)


def _fit_codec(export: ExportSettings) -> ExportSettings:
    """Quality, chip, depth and chroma back to their defaults where the codec cannot have them."""
    if export.hardware not in ("none", "auto") and _encoder(export) is None:
        export = replace(export, hardware="none")
    bounds = _crf_range(export)
    if export.crf is not None and (bounds is None or not bounds[0] <= export.crf <= bounds[1]):
        export = replace(export, crf=None)
    if not _can_store(export, depth=export.depth, chroma=None):
        export = replace(export, depth=None)
    if not _can_store(export, depth=export.depth, chroma=export.chroma):
        export = replace(export, chroma=None)
    return export


def _encoder(export: ExportSettings) -> Encoder | None:
    """The encoder that would be used, as far as it is known without trying; software for `auto`."""
    family = "software" if export.hardware in ("none", "auto") else export.hardware
    fitting = [e for e in ENCODERS if e.codec == export.codec and e.family == family and is_built_in(e.name)]
    return fitting[0] if fitting else None


def _formats(export: ExportSettings) -> tuple[PixelFormat, ...]:
    """Pixel formats that the codec can store."""
    container = CONTAINERS[export.container]
    if not container.is_video:
        depths = (8, 16) if container.name in _DEEP_IMAGES else (8,)
        families = (PixelFamily.RGB, PixelFamily.GRAY) if len(depths) > 1 else (PixelFamily.RGB,)
        return tuple(PixelFormat(family=family, depth=depth) for family in families for depth in depths)
    encoder = _encoder(export)
    found = [] if encoder is None else [format for _, format in stored_formats(encoder)]
    rgb = next((e for e in ENCODERS if e.name == "libx264rgb" and e.codec == export.codec), None)
    if rgb is not None and export.hardware in ("none", "auto") and is_built_in(rgb.name):
        found += [format for _, format in stored_formats(rgb)]
    return tuple(found)


def _can_store(export: ExportSettings, *, depth: int | None, chroma: str | None) -> bool:
    """Whether the codec has a format of this depth and chroma together; None for any."""
    return any(
        depth in (None, format.depth) and (chroma is None or _is_chroma(format, chroma))
        for format in _formats(export)
    )


def _is_chroma(format: PixelFormat, chroma: str) -> bool:
    if chroma in _CHROMA_SHIFTS:
        shifts = (format.log2_chroma_w, format.log2_chroma_h)
        return format.family is PixelFamily.YUV and shifts == _CHROMA_SHIFTS[chroma]
    return format.family.value == chroma


def _crf_range(export: ExportSettings) -> tuple[float, float] | None:
    if export.container == "webp":
        return 0, 100
    encoder = _encoder(export)
    return None if encoder is None else encoder.crf_range


def _usual_crf(export: ExportSettings) -> float:
    encoder = _encoder(export)
    return 20 if encoder is None else encoder.default_crf


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
