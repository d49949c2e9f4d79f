"""Cuts and repeated frames given or vetoed by hand, and the text file they are kept in.

One entry a line; `#` begins a comment:

    84f         a cut right before frame 84 of the file
    12.5        a cut right before the frame that begins nearest to 12.5 s after the first frame
    1:02.5      the same as a timecode
    !84f        no cut there, whatever the detector says
    =84f        frame 84 repeats the one before; counts where repeated frames are left out
    !=84f       it does not, whatever the detector says
    only        use just the cuts of this file; no cuts are detected
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from flavr_core.errors import FlavrError, OutputError, ProblemsError, SettingsError
from flavr_core.timing import FrameTimes, TimePoint, parse_time_point

_MOST_BYTES = 16 * 2**20
_HINT = (
    "One entry a line: 84f, 12.5 or 1:02.5 for a cut, = before it for a repeated frame, ! for none, or only."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOverrides:
    """What the user says about cuts and repeated frames; cuts are named by the first frame after them."""

    cuts: tuple[TimePoint, ...] = ()
    """Cuts there are."""
    vetoes: tuple[TimePoint, ...] = ()
    """Cuts there are not."""
    only: bool = False
    """True when no cuts are to be detected."""
    repeats: tuple[TimePoint, ...] = ()
    """Frames that repeat the one before."""
    kept: tuple[TimePoint, ...] = ()
    """Frames that do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapOverrides:
    """The same for the gaps of one clip: gap i lies between frames i and i + 1 that count."""

    cuts: frozenset[int] = frozenset()
    """Gaps that are cuts."""
    vetoes: frozenset[int] = frozenset()
    """Gaps that are not."""
    only: bool = False
    """True when nothing is to be detected."""

    def decide(self, gap: int, *, detected: bool) -> bool:
        """Whether a gap is a cut, given what the detector says."""
        return gap in self.cuts or (detected and not self.only and gap not in self.vetoes)


def resolve_overrides(
    overrides: CutOverrides, times: FrameTimes, *, source_indices: Sequence[int] | None = None
) -> GapOverrides:
    """Overrides as gaps of a clip. A cut at the first frame says nothing; a dropped frame means the next.

    Raises:
        ProblemsError: with every entry that lies past the clip's end, or is both a cut and none.
    """
    problems: list[FlavrError] = []

    def gaps(points: Iterable[TimePoint]) -> frozenset[int]:
        found = set()
        for point in points:
            first_after = _first_frame_after(point, times, source_indices)
            if first_after is None:
                problems.append(
                    SettingsError(f"The cut at {point} lies past the end of the clip.", "Take it out.")
                )
            else:
                found.add(first_after - 1)
        return frozenset(found - {-1})

    cuts, vetoes = gaps(overrides.cuts), gaps(overrides.vetoes)
    for gap in sorted(cuts & vetoes):
        frame = gap + 1 if source_indices is None else source_indices[gap + 1]
        problems.append(
            SettingsError(f"Frame {frame} is given both as a cut and as none.", "Take one of them out.")
        )
    if problems:
        raise ProblemsError(problems)
    return GapOverrides(cuts=cuts, vetoes=vetoes, only=overrides.only)


def resolve_repeats(
    overrides: CutOverrides, times: FrameTimes, detected: Iterable[int] = ()
) -> tuple[int, ...]:
    """Numbers of the frames that repeat the one before, in order: those detected, and what the user says.

    Raises:
        ProblemsError: with every entry that lies past the clip's end, or is said to be both.
    """
    problems: list[FlavrError] = []

    def frames(points: Iterable[TimePoint]) -> set[int]:
        found = set()
        for point in points:
            frame = _first_frame_after(point, times, None)
            if frame is None:
                words = f"The repeated frame at {point} lies past the end of the clip."
                problems.append(SettingsError(words, "Take it out."))
            else:
                found.add(frame)
        return found

    repeats, kept = frames(overrides.repeats), frames(overrides.kept)
    for frame in sorted(repeats & kept):
        words = f"Frame {frame} is given both as a repeated one and as none."
        problems.append(SettingsError(words, "Take one of them out."))
    if problems:
        raise ProblemsError(problems)
    return tuple(sorted((set(detected) - kept | repeats) - {0}))


def _first_frame_after(
    point: TimePoint, times: FrameTimes, source_indices: Sequence[int] | None
) -> int | None:
    """The entry of `times` right after a cut; None past the end."""
    if point.frame is not None:
        indices: Sequence[int] = range(len(times)) if source_indices is None else source_indices
        entry = bisect_left(indices, point.frame)
        return entry if entry < len(times) else None
    assert point.seconds is not None
    seconds = times.start + point.seconds
    if seconds >= times.end:
        return None
    shown = times.index_at(seconds)
    if shown + 1 < len(times) and times.time(shown + 1) - seconds < seconds - times.time(shown):
        return shown + 1
    return shown


def read_cuts_file(path: Path) -> CutOverrides:
    """Read a file of cuts.

    Raises:
        SettingsError: when it cannot be read.
        ProblemsError: naming every line that is no entry.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise SettingsError(f"'{path}' is too large for a file of cuts.", _HINT)
        text = content.decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(
            f"The file of cuts '{path}' cannot be read: {reason}.", "Check its name."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"'{path}' is not a text file of cuts.", _HINT) from None
    return _parse_cuts(text, str(path))


def _parse_cuts(text: str, name: str) -> CutOverrides:
    cuts: list[TimePoint] = []
    vetoes: list[TimePoint] = []
    repeats: list[TimePoint] = []
    kept: list[TimePoint] = []
    lists = {"": cuts, "!": vetoes, "=": repeats, "!=": kept}
    only = False
    problems: list[FlavrError] = []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        if entry.lower() == "only":
            only = True
            continue
        try:
            place = entry.lstrip("!=")
            lists[entry.removesuffix(place)].append(parse_time_point(place))
        except (SettingsError, KeyError):
            shown = entry if len(entry) <= 40 else entry[:40] + "..."
            problems.append(SettingsError(f"Line {number} of '{name}' is no cut: '{shown}'.", _HINT))
    if problems:
        raise ProblemsError(problems)
    return CutOverrides(
        cuts=tuple(cuts), vetoes=tuple(vetoes), only=only, repeats=tuple(repeats), kept=tuple(kept)
    )


def write_cuts_file(path: Path, overrides: CutOverrides, *, overwrite: bool = False) -> None:
    """Write a file of cuts that `read_cuts_file` reads back as the same overrides.

    Raises:
        OutputError: when the file exists and may not be overwritten, or cannot be written.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"'{path}' exists already.", "Add --overwrite, or choose another name.")
    lines = ["# Cuts: the first frame after each; ! means none there; = a frame that repeats the one before."]
    lines += ["only"] if overrides.only else []
    lines += [_entry(point) for point in overrides.cuts]
    lines += ["!" + _entry(point) for point in overrides.vetoes]
    lines += ["=" + _entry(point) for point in overrides.repeats]
    lines += ["!=" + _entry(point) for point in overrides.kept]
    part = path.with_name(path.name + ".part")
    try:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(f"'{path}' cannot be written: {reason}.", "Choose another place.") from None


def _entry(point: TimePoint) -> str:
    """A place as text: frames exactly, seconds to the microsecond (decimals given are kept)."""
    if point.frame is not None:
        return f"{point.frame}f"
    assert point.seconds is not None
    micro = round(point.seconds * Fraction(10**6))
    return f"{micro // 10**6}.{micro % 10**6:06d}".rstrip("0").rstrip(".")
