"""A conversion as the `convert` command that does it: arguments, and one line for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from flavr_core.cli.convert import CONTAINERS_OF_OPTION, PRESET_BY_SUFFIX
from flavr_core.errors import SettingsError
from flavr_core.settings import (
    ConvertSettings,
    EngineSettings,
    ExportSettings,
    RateTarget,
    SceneSettings,
    TimingSettings,
)
from flavr_core.timing import TimePoint

_MOST_DIGITS = 12
"""Decimals of a time that has no end in decimals; a picosecond moves no frame."""
_PLAIN_ON_WINDOWS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\\/:._-+")


def convert_arguments(settings: ConvertSettings) -> list[str]:
    """`convert`, its files, and an option for all that differs from the command's defaults.

    Parsed again they give the same settings; what has no meaning for the container (the colours of an
    MP4) is left out, and a time without an end in decimals is rounded to the picosecond.

    Raises:
        SettingsError: when the output's ending stands for another container, which no option can say.
    """
    arguments = ["convert", _file(settings.source), _file(settings.output)]
    for option, value in _options(settings):
        if value is True:
            arguments.append(option)
        elif (text := str(value)).startswith("-"):
            arguments.append(f"{option}={text}")
        else:
            arguments += [option, text]
    return arguments


def command_text(arguments: Sequence[str], *, program: Sequence[str], windows: bool) -> str:
    """One line to be pasted into a shell.

    Args:
        arguments: as `convert_arguments` gives.
        program: what runs them: `python main.py`, or the packaged program.
        windows: whether it is quoted for cmd and PowerShell, not for a POSIX shell.
    """
    words = [*program, *arguments]
    return " ".join(map(_quoted_for_windows, words)) if windows else shlex.join(words)


def _options(settings: ConvertSettings) -> Iterator[tuple[str, Any]]:
    """(option, value), True for a switch; nothing where the value is the default."""
    yield from _timing(settings.timing)
    if settings.sequence_rate != Fraction(24):
        yield "--sequence-rate", _number(settings.sequence_rate)
    scenes, plain_scenes = settings.scenes, SceneSettings()
    if scenes.cuts is not plain_scenes.cuts:
        yield "--at-cuts", scenes.cuts
    if scenes.sensitivity != plain_scenes.sensitivity:
        yield "--cut-sensitivity", repr(float(scenes.sensitivity))
    if scenes.cuts_file is not None:
        yield "--cuts", _file(scenes.cuts_file)
    if scenes.duplicates is not plain_scenes.duplicates:
        yield "--duplicates", scenes.duplicates
    engine, plain_engine = settings.engine, EngineSettings()
    for option, field in (("--model", "model"), ("--device", "device"), ("--precision", "precision")):
        if getattr(engine, field) != getattr(plain_engine, field):
            yield option, getattr(engine, field)
    if engine.max_memory_bytes is not None:
        yield "--max-memory", engine.max_memory_bytes
    yield from _export(settings.export, settings.output)
    if settings.segment_frames is not None:
        yield "--segment-frames", settings.segment_frames
    if settings.receipt is not None:
        yield "--receipt", _file(settings.receipt)
    if settings.overwrite:
        yield "--overwrite", True
    if settings.resume:
        yield "--resume", True


def _timing(timing: TimingSettings) -> Iterator[tuple[str, Any]]:
    usual = RateTarget(factor=Fraction(1 if timing.slow > 1 else 2))
    if timing.rate != usual:
        rate = timing.rate
        yield "--rate", f"{_number(rate.factor)}x" if rate.factor is not None else _number(rate.fps or 0)
    if timing.slow != 1:
        yield "--slow", f"{_number(timing.slow)}x"
    for option, point in (("--start", timing.start), ("--stop", timing.stop)):
        if point is not None:
            yield option, _place(point)
    if timing.end is not TimingSettings().end:
        yield "--end", timing.end
    if timing.keep_vfr:
        yield "--keep-vfr", True


def _export(export: ExportSettings, output: Path) -> Iterator[tuple[str, Any]]:
    container, codec = PRESET_BY_SUFFIX.get(output.suffix.lower(), ("", ""))
    if container != export.container:
        raise SettingsError(
            f"The name '{output.name}' does not stand for {export.container}, so no command can be given.",
            "Change the ending of the output's name.",
        )
    basis = ExportSettings(container=container, codec=codec)
    values: dict[str, tuple[Any, Any]] = {
        name: (getattr(export, name), getattr(basis, name))
        for name in (
            "codec",
            "hardware",
            "crf",
            "speed",
            "depth",
            "chroma",
            "odd_size",
            "max_width",
            "audio",
        )
    } | {name: (getattr(export.gif, name), getattr(basis.gif, name)) for name in ("colors", "dither", "loop")}
    values["max_size"] = export.gif.max_bytes, None
    for name, (value, usual) in values.items():
        if value == usual or container not in CONTAINERS_OF_OPTION.get(name, (container,)):
            continue
        yield f"--{name.replace('_', '-')}", _crf(value) if name == "crf" else value
    if not export.subtitles:
        yield "--no-subtitles", True


def _crf(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _number(value: Fraction | int) -> str:
    """A number exactly, as a decimal where it ends as one."""
    exact = Fraction(value)
    decimals = _decimal(exact, digits=6)
    return decimals if Fraction(decimals) == exact else f"{exact.numerator}/{exact.denominator}"


def _place(point: TimePoint) -> str:
    if point.frame is not None:
        return f"{point.frame}f"
    return _decimal(point.seconds or Fraction(0), digits=_MOST_DIGITS)


def _decimal(value: Fraction, *, digits: int) -> str:
    units = round(value * 10**digits)
    return f"{units // 10**digits}.{units % 10**digits:0{digits}d}".rstrip("0").rstrip(".")


def _file(path: Path) -> str:
    """A path that is neither taken for an option nor for nothing."""
    text = str(path)
    return f"./{text}" if text.startswith("-") or not text.strip() else text


def _quoted_for_windows(word: str) -> str:
    """In double quotes where needed, which cmd and PowerShell both understand; file names hold none."""
    if word and set(word) <= _PLAIN_ON_WINDOWS:
        return word
    # A backslash before the closing quote would hide it.
    return f'"{word}{_trailing_backslashes(word)}"'


def _trailing_backslashes(word: str) -> str:
    return word[len(word.rstrip("\\")) :]
