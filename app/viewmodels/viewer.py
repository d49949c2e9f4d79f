"""What the viewer shows of the current clip: which picture stands on which side, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs.background import BackgroundCalls, Call
from app.jobs.decoding import FileSource, FrameCache
from app.jobs.pictures import PictureLabel, PictureSource
from app.jobs.sound import Sound
from app.viewmodels.amounts import decimal
from app.viewmodels.frame_starts import TOGETHER_S
from app.viewmodels.player import LoopMode, Player
from app.viewmodels.player_side import SIDES, SideName, SideState
from app.viewmodels.workspace import Clip, Workspace
from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError
from flavr_core.media import probe
from flavr_core.settings import TimingSettings
from flavr_core.timing import TimePoint, format_time

ORIGINAL = "original"
"""Key of the clip itself."""
RESULT = "result"
"""Key under which the preview is to be registered."""
FLOW = "flow"
"""Key under which pictures of motion are to be registered."""
NOTHING = ""
"""Key of an empty side."""
_FILE = "file:"
_FITS_WITHIN_S = Fraction(1, 10)
"""A file whose length misses what was expected by no more is taken for a result of the clip."""
_FINEST_PART = 32
"""Places in a gap are told to 1/32: containers round times."""
_PARTS = {
    Fraction(1, 2): "½", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔", Fraction(1, 4): "¼", Fraction(3, 4): "¾",
    Fraction(1, 5): "⅕", Fraction(2, 5): "⅖", Fraction(3, 5): "⅗", Fraction(4, 5): "⅘", Fraction(1, 8): "⅛",
    Fraction(3, 8): "⅜", Fraction(5, 8): "⅝", Fraction(7, 8): "⅞", Fraction(1, 6): "⅙", Fraction(5, 6): "⅚",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that can stand on a side."""

    key: str
    """Names it in this program."""
    title: str
    """For the user."""


def _close(source: PictureSource) -> None:
    source.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes pictures of a clip: the preview of the result, or of another network."""

    choice: Choice
    """What it is called."""
    make: Callable[[Clip], PictureSource]
    """Called when it is put on a side; the clip has been probed."""
    release: Callable[[PictureSource], None] = _close
    """Called when it stands on no side any more."""


def position_text(position: Fraction) -> str:
    """A place in a gap as people write it: ½, 3/16."""
    return _PARTS.get(position, f"{position.numerator}/{position.denominator}")


def fitting(info: ClipInfo, clip: ClipInfo, timing: TimingSettings) -> tuple[Fraction, Fraction, bool]:
    """How an exported file lies over its clip, by its length.

    Returns:
        Source seconds of its first frame, source seconds in one of its seconds, and whether its length is
        one that the clip, its marked range or their slow motion have.
    """
    whole = (clip.times.start, clip.times.end)
    start, stop = range_of(clip, timing)
    marked = (whole[0] if start is None else start, whole[1] if stop is None else stop)
    tries = [
        (abs((end - begin) / speed - info.times.duration), begin, speed)
        for begin, end in (marked, whole)
        for speed in (1 / timing.slow, Fraction(1))
    ]
    missed, begin, speed = min(tries, key=lambda one: one[0])
    return (begin, speed, True) if missed <= _FITS_WITHIN_S else (whole[0], Fraction(1), False)


def range_of(clip: ClipInfo, timing: TimingSettings) -> tuple[Fraction | None, Fraction | None]:
    """In and out point in source seconds; None where not marked."""

    def seconds(point: TimePoint | None) -> Fraction | None:
        if point is None:
            return None
        if point.frame is not None:
            return clip.times.time(min(point.frame, len(clip.times)))
        return clip.times.start + (point.seconds or 0)

    return seconds(timing.start), seconds(timing.stop)


class Viewer(QObject):
    """Puts sources of the current clip on the player's sides and says what they are."""

    choices_changed = Signal()
    """What can be chosen, or what is, changed."""
    clip_changed = Signal()
    """Another clip is looked at, or it was probed."""
    notice_changed = Signal()
    """`notice` changed."""
    file_placed = Signal(object)
    """A file that was opened stands on its side now; its Path."""

    def __init__(
        self,
        workspace: Workspace,
        player: Player,
        *,
        sound: Sound | None = None,
        cache: FrameCache | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.player = player
        self.sound = sound
        self._workspace = workspace
        self._cache = cache or FrameCache()
        self._calls = BackgroundCalls(self, name="viewer")
        self._probing: dict[SideName, Call] = {}
        self._makers: dict[str, Maker] = {}
        self._files: dict[int, dict[str, ClipInfo]] = {}
        self._chosen: dict[int, dict[SideName, str]] = {}
        self._before_flow: dict[tuple[int, SideName], str] = {}
        self._positions: dict[int, Fraction] = {}
        self._number = 0
        self._info: ClipInfo | None = None
        self._sources: dict[str, PictureSource] = {}
        self._release: dict[str, Callable[[PictureSource], None]] = {}
        self._notice = ""
        self._typed_problem = ""
        workspace.current_changed.connect(self._on_current_changed)
        workspace.clip_changed.connect(self._on_clip_changed)
        workspace.clip_removed.connect(self._on_clip_removed)
        player.failed.connect(self._say)
        if sound is not None:
            sound.changed.connect(self.notice_changed)
        self._on_current_changed()

    # What can be seen.

    @property
    def clip(self) -> Clip | None:
        """The clip that is looked at."""
        return self._workspace.current

    @property
    def info(self) -> ClipInfo | None:
        """What probing found of it; None until then."""
        return self._info

    @property
    def notice(self) -> str:
        """What should be known now: why pictures or sound are missing, what was repaired; may be empty."""
        said = [self._typed_problem, self._notice]
        if self.sound is not None and self.sound.has_sound:
            said.append(self.sound.problem)
        for source in self._sources.values():
            if isinstance(source, FileSource):
                said += source.notes
        return " ".join(dict.fromkeys(text for text in said if text))

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can stand on a side of the current clip."""
        files = self._files.get(self._number, {})
        return (
            Choice(key=ORIGINAL, title=self.tr("Original")),
            *(maker.choice for maker in self._makers.values()),
            *(Choice(key=key, title=info.path.name) for key, info in files.items()),
        )

    def chosen(self, side: SideName) -> str:
        """Key of what stands on a side."""
        return self._chosen.get(self._number, {}).get(side, self._default(side))

    def title(self, side: SideName) -> str:
        """What stands on a side, for people."""
        key = self.chosen(side)
        return next((choice.title for choice in self.choices if choice.key == key), "")

    def label(self, side: SideName) -> str:
        """What is said of the picture on a side: name, frame, time, original or made."""
        source, shown = self.player.source(side), self.player.shown(side)
        if source is None:
            return ""
        parts = [source.title if self.chosen(side) == FLOW else self.title(side)]
        if shown is not None and shown.motion_px is not None:
            parts.append(f"{shown.gap}→{shown.gap + 1}")
            parts.append(self.tr("full colour: {pixels} pixels").format(pixels=decimal(shown.motion_px)))
        elif shown is not None:
            parts.append(self.tr("frame {number}").format(number=shown.index))
            parts.append(format_time(shown.time - source.times.start))
            if shown.made:
                parts.append(self._made_words(shown))
            elif self.chosen(side) in self._makers:
                parts.append(self.tr("original {number}").format(number=shown.gap))
            elif self.chosen(side) != ORIGINAL and self._info is not None:
                parts.append(self._place_words(source.source_time(shown.index), self._info))
            if shown.stale:
                parts.append(self.tr("earlier settings"))
        if shown is not None and shown.scale != 1:
            size = self.tr("preview at {part} size") if shown.motion_px is None else self.tr("at {part} size")
            parts.append(size.format(part=position_text(shown.scale)))
        if self.player.state(side) is SideState.NEAR:
            wanted = source.index_at(self.player.position)
            parts.append(self.tr("frame {number} is coming").format(number=wanted))
        return "  ·  ".join(parts)

    def _place_words(self, seconds: Fraction, clip: ClipInfo) -> str:
        """Where a frame of a file lies among the clip's frames; what was drawn, a file does not say."""
        times = clip.times
        gap = times.index_at(seconds + TOGETHER_S)
        inside = (seconds - times.time(gap)) / (times.time(gap + 1) - times.time(gap))
        position = max(inside, Fraction(0)).limit_denominator(_FINEST_PART)
        if position == 0:
            return self.tr("at {number}").format(number=gap)
        return self._between(gap, position)

    def _made_words(self, shown: PictureLabel) -> str:
        """`made ½ of 84→85`, or that a frame was made at a source frame's own time."""
        if not shown.position:
            return self.tr("made")
        return self.tr("made {place}").format(place=self._between(shown.gap, shown.position))

    def _between(self, gap: int, position: Fraction) -> str:
        return self.tr("{part} of {before}→{after}").format(
            part=position_text(position), before=gap, after=gap + 1
        )

    def message(self, side: SideName) -> str:
        """What stands in place of a picture that a side does not have; empty where it has one."""
        state, source = self.player.state(side), self.player.source(side)
        if state is SideState.MISSING and self.chosen(side) == FLOW and source is not None:
            return source.problem
        if state is SideState.MISSING and isinstance(source, FileSource):
            return self.tr("No picture of {title} can be shown").format(title=self.title(side))
        if state is SideState.MISSING:
            return self.tr("Not rendered here yet: press Preview")
        if state is SideState.OUTSIDE:
            return self.tr("{title} does not cover this moment").format(title=self.title(side))
        if state is SideState.WAITING:
            return self.tr("The picture is coming")
        if state is SideState.EMPTY:
            return self.tr("Nothing stands on this side")
        return ""

    @property
    def time_text(self) -> str:
        """The position, from the clip's start."""
        position = self.player.position
        if self._info is not None and 0 < position - self._info.times.end <= TOGETHER_S:
            position = self._info.times.end  # a result's end, which its container rounds another way
        return format_time(position - self._origin)

    @property
    def length_text(self) -> str:
        """How long the clip is; empty without one."""
        return format_time(self._info.times.duration) if self._info is not None else ""

    @property
    def playback_texts(self) -> tuple[str, ...]:
        """How playing goes, in ever fewer words: dropped frames, or what it waits for; empty when well."""
        player = self.player
        if player.is_waiting:
            return self.tr("Waiting for pictures"), self.tr("Waiting"), "…"
        if player.dropped:
            dropped, due = player.dropped, player.due
            return (
                self.tr("{dropped} of {due} frames dropped").format(dropped=dropped, due=due),
                self.tr("{dropped} dropped").format(dropped=dropped),
                f"−{dropped}",
            )
        return ("",)

    @property
    def _origin(self) -> Fraction:
        return self._info.times.start if self._info is not None else Fraction(0)

    # What can be done.

    def add_maker(self, maker: Maker) -> None:
        """Offer one more thing to stand on a side, for every clip."""
        self._makers[maker.choice.key] = maker
        self.choices_changed.emit()
        self._fill()

    def remove_maker(self, key: str) -> None:
        """Offer it no more."""
        if self._makers.pop(key, None) is not None:
            self._refill()

    def choose(self, side: SideName, key: str) -> None:
        """Put something on a side, by its key."""
        if self._number:
            self._chosen.setdefault(self._number, {})[side] = key
            self._fill()
            self.choices_changed.emit()

    def toggle_flow(self) -> None:
        """Put the motion between frames on side B, or what stood there before back; it leaves A as well."""
        for side in SIDES:
            if self.chosen(side) == FLOW:
                self.choose(side, self._before_flow.pop((self._number, side), self._default(side)))
                return
        self._before_flow[self._number, "b"] = self.chosen("b")
        self.choose("b", FLOW)

    @property
    def shows_flow(self) -> bool:
        """Whether motion stands on a side."""
        return any(self.chosen(side) == FLOW for side in SIDES)

    def open_file(self, side: SideName, path: Path) -> None:
        """Put a file on a side: an exported result, or any other clip; it is looked at in the background."""
        number = self._number
        if not number:
            return
        if side in self._probing:
            self._probing.pop(side).cancel()
        self._probing[side] = self._calls.submit(
            lambda token: probe(path),
            on_done=lambda info: self._on_file_probed(number, side, info),
            on_error=self._on_file_failed,
        )

    def placed_file(self, key: str) -> tuple[Path, Fraction, Fraction] | None:
        """A file that a key names: its path, source seconds in one of its own, and those before it begins."""
        clip, info = self._workspace.current, self._files.get(self._number, {}).get(key)
        if clip is None or info is None or self._info is None:
            return None
        start, speed, _ = fitting(info, self._info, clip.edits.timing)
        return info.path, speed, start - self._info.times.start

    def go_to(self, text: str) -> bool:
        """Go to a place that was typed; says in `notice` what is wrong with it."""
        problem = ""
        try:
            self.player.go_to(text)
        except FlavrError as error:
            problem = str(error)
        self._set_typed_problem(problem)
        return not problem

    def forget_typed(self) -> None:
        """What was typed is given up, and what was wrong with it."""
        self._set_typed_problem("")

    def next_loop_mode(self) -> None:
        """Off, forward, to and fro, off."""
        modes = list(LoopMode)
        self.player.set_loop(modes[(modes.index(self.player.loop) + 1) % len(modes)])

    def close(self) -> None:
        """Let go of everything; the player stays its owner's."""
        self._calls.close()
        for side in SIDES:
            self.player.set_side(side, None)
        for key in list(self._sources):
            self._let_go(key)

    # How it does it.

    def _default(self, side: SideName) -> str:
        if side == "a":
            return ORIGINAL
        return RESULT if RESULT in self._makers else NOTHING

    def _on_current_changed(self) -> None:
        if self._workspace.clip(self._number) is not None and self._info is not None:
            self._positions[self._number] = self.player.position
        self.player.pause()
        for side in SIDES:
            self.player.set_side(side, None)
        for key in list(self._sources):
            self._let_go(key)
        for call in self._probing.values():
            call.cancel()
        self._probing.clear()
        clip = self._workspace.current
        self._number = clip.number if clip is not None else 0
        self._info = clip.info if clip is not None else None
        self._notice = self._typed_problem = ""
        if self.sound is not None:
            self.sound.set_clip(self._info)
        self._fill()
        if self._info is not None:
            self.player.seek(self._positions.get(self._number, self._info.times.start))
        self.clip_changed.emit()
        self.choices_changed.emit()
        self.notice_changed.emit()

    def _on_clip_changed(self, number: int) -> None:
        if number == self._number:
            self._on_current_changed()

    def _on_clip_removed(self, number: int) -> None:
        for kept in (self._files, self._chosen, self._positions):
            kept.pop(number, None)

    def _fill(self) -> None:
        """Put on both sides what is chosen, and release what stands on none any more."""
        wanted = {side: self.chosen(side) for side in SIDES}
        for side, key in wanted.items():
            self.player.set_side(side, self._source_for(key))
        for key in list(self._sources):
            if key not in wanted.values():
                self._let_go(key)

    def _refill(self) -> None:
        self._fill()
        self.choices_changed.emit()

    def _source_for(self, key: str) -> PictureSource | None:
        clip = self._workspace.current
        if key in self._sources:
            return self._sources[key]
        if clip is None or self._info is None:
            return None
        source: PictureSource | None = None
        if key == ORIGINAL:
            source = FileSource(self._info, self._cache, title=self.tr("Original"))
        elif key in self._makers:
            source = self._makers[key].make(clip)
        elif (info := self._files.get(clip.number, {}).get(key)) is not None:
            start, speed, _ = fitting(info, self._info, clip.edits.timing)
            source = FileSource(info, self._cache, start=start, speed=speed)
        if source is not None:
            self._sources[key] = source
            maker = self._makers.get(key)
            self._release[key] = _close if maker is None else maker.release
        return source

    def _take_off(self, key: str) -> None:
        """Let go of what stands on a side, to make it anew: a file may have been written over."""
        source = self._sources.get(key)
        if source is not None:
            for side in SIDES:
                if self.player.source(side) is source:
                    self.player.set_side(side, None)
            self._let_go(key)

    def _let_go(self, key: str) -> None:
        self._release.pop(key)(self._sources.pop(key))

    def _on_file_probed(self, number: int, side: SideName, info: ClipInfo) -> None:
        self._probing.pop(side, None)
        if number != self._number or self._info is None:
            return
        key = f"{_FILE}{info.path}"
        self._files.setdefault(number, {})
        for files in self._files.values():  # for other clips it may be another file than it was, too
            if key in files or files is self._files[number]:
                files[key] = info
        self._take_off(key)
        clip = self._workspace.current
        fits = clip is not None and fitting(info, self._info, clip.edits.timing)[2]
        self._say(
            ""
            if fits
            else self.tr(
                "'{name}' has another length than the clip and its range; both are shown from the start."
            ).format(name=info.path.name)
        )
        self.choose(side, key)
        self.file_placed.emit(info.path)

    def _on_file_failed(self, error: Exception) -> None:
        self._say(str(error))

    def _set_typed_problem(self, text: str) -> None:
        if text != self._typed_problem:
            self._typed_problem = text
            self.notice_changed.emit()

    def _say(self, text: str) -> None:
        if text != self._notice:
            self._notice = text
            self.notice_changed.emit()
