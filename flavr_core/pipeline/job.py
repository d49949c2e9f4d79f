"""A job, checked before it runs: everything that can be known to be wrong is said at once."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from flavr_core import __version__
from flavr_core.clip import ClipInfo
from flavr_core.engine import Engine, create_engine, takes_loading
from flavr_core.errors import FlavrError, OutputError, ProblemsError
from flavr_core.frame import Frame, FrameWindow
from flavr_core.media import EncodingPlan, open_source, plan_encoding, probe, source_files
from flavr_core.media.numbered import is_frame_name
from flavr_core.pipeline.journal import (
    FRAMES,
    Segment,
    check_not_owned,
    is_begun,
    is_ours,
    work_folder,
)
from flavr_core.pipeline.segment_length import segment_length
from flavr_core.pipeline.segment_places import place_segments
from flavr_core.plan import OutputPlan
from flavr_core.progress import CancelToken, Progress, Reporter
from flavr_core.settings import ConvertSettings, DuplicateMode, ExportSettings, GifSettings, format_bytes
from flavr_core.timeline import (
    CutOverrides,
    drop_duplicates,
    find_duplicates,
    plan_output,
    read_cuts_file,
    resolve_overrides,
    resolve_repeats,
)
from flavr_core.timing import format_rate

T = TypeVar("T")


class DrawnBefore(Protocol):
    """Holds frames that the engine of a job would draw in just the same way."""

    def take(self, window: FrameWindow, engine: Engine) -> tuple[Frame, ...] | None:
        """What `engine.interpolate(window)` would return, to the last bit; None where it must be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Who draws a job on other machines."""

    identity: str
    """`Engine.identity()` there."""
    description: str
    """`Engine.describe()` there, and on how many machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One conversion that is ready to run."""

    settings: ConvertSettings
    """What was asked for."""
    info: ClipInfo
    """What the source is."""
    plan: OutputPlan
    """Every output frame."""
    encoding: EncodingPlan
    """How they are stored."""
    engine: Engine
    """Who draws them."""
    overrides: CutOverrides | None
    """Cuts given or vetoed by hand."""
    segments: tuple[Segment, ...]
    """Stretches that are rendered and closed one by one."""
    notes: tuple[str, ...]
    """What the user should know before the start."""
    drawn: DrawnBefore | None = None
    """Frames that need not be drawn again; None for none."""
    foreseen_s: float | None = None
    """Seconds that rendering will take here, see `foresight`; None where that is not known."""
    elsewhere: Elsewhere | None = None
    """Who draws in place of `engine`, which is for planning alone then; None where `engine` draws."""

    def identity(self) -> str:
        """What must be the same for two renders to give the same pixels."""
        return self.elsewhere.identity if self.elsewhere is not None else self.engine.identity()

    def describe_engine(self) -> str:
        """Network, device, precision and how they are used, in one line."""
        return self.elsewhere.description if self.elsewhere is not None else self.engine.describe()

    def fingerprint(self) -> dict[str, Any]:
        """What must be the same for an interrupted render to go on; values are comparable as JSON."""
        settings = self.settings
        cuts_file = settings.scenes.cuts_file
        return {
            "source": _source_identity(self.info),
            "timing settings": _plain(asdict(settings.timing)),
            "treatment of cuts and duplicates": _plain(asdict(settings.scenes)),
            "cuts file": hashlib.sha256(cuts_file.read_bytes()).hexdigest() if cuts_file else "",
            "export settings": _plain(asdict(_segment_export(settings.export))),
            "network, device or precision": self.identity(),
            FRAMES: len(self.plan),
            "segment length": [segment.stop for segment in self.segments],
            "number of processors": dict(self.encoding.options).get("threads", ""),
            "sequence rate": str(settings.sequence_rate),
            "program version": __version__,
        }


class _Problems:
    """Collects errors while going on with what does not depend on them."""

    def __init__(self) -> None:
        self.found: list[FlavrError] = []

    def attempt(self, action: Callable[[], T]) -> T | None:
        try:
            return action()
        except ProblemsError as error:
            self._add(*error.problems)
        except FlavrError as error:
            self._add(error)
        return None

    def _add(self, *errors: FlavrError) -> None:
        """Keep each sentence once: two checks may find the same."""
        said = {error.message for error in self.found}
        self.found += [error for error in errors if error.message not in said]

    def raise_if_any(self) -> None:
        if self.found:
            raise ProblemsError(self.found)


def prepare(settings: ConvertSettings, *, reporter: Reporter, token: CancelToken) -> Job:
    """Check a conversion and plan it, without decoding a frame (but for dropping duplicates).

    Raises:
        ProblemsError: with everything that is wrong: input, settings, model, device, output.
        CancelledError: when stopped while looking for duplicates.
    """
    problems = _Problems()
    info = problems.attempt(lambda: probe(settings.source, sequence_rate=settings.sequence_rate))
    cuts_file = settings.scenes.cuts_file
    overrides = problems.attempt(lambda: read_cuts_file(cuts_file)) if cuts_file else None
    problems.attempt(lambda: check_output(settings))
    if settings.receipt is not None:
        receipt = settings.receipt
        problems.attempt(lambda: check_receipt(receipt, settings))
    width, height = (info.width, info.height) if info else (64, 64)
    if takes_loading(settings.engine):
        reporter.progress(Progress(stage="load", done=0, total=0))
    engine = problems.attempt(lambda: create_engine(settings.engine, width=width, height=height))
    if info is None:
        problems.raise_if_any()
    assert info is not None
    grid = engine.network.positions if engine else None

    def plan_with(times_and_indices: tuple[Any, Any]) -> OutputPlan:
        times, indices = times_and_indices
        return plan_output(
            times, settings.timing, rate=info.rate, is_vfr=info.is_vfr, grid=grid, source_indices=indices
        )

    plan = problems.attempt(lambda: plan_with((info.times, None)))
    encoding = None
    if overrides is not None:
        given = overrides
        problems.attempt(lambda: resolve_overrides(given, info.times))
        problems.attempt(lambda: resolve_repeats(given, info.times))
    if plan is not None:
        first_plan = plan
        encoding = problems.attempt(
            lambda: plan_encoding(info, first_plan, settings.export, output=settings.output)
        )
        if encoding is not None:
            needed = encoding.working_bytes
            problems.attempt(lambda: check_disk(settings.output, needed))
    problems.raise_if_any()
    assert plan is not None
    assert encoding is not None
    assert engine is not None
    notes = [*info.notes, *_timing_notes(info, settings), *encoding.notes, *engine.notes]
    if settings.scenes.duplicates is DuplicateMode.DROP:
        duplicates = _analyse_duplicates(info, reporter, token)
        if overrides is not None:
            duplicates = resolve_repeats(overrides, info.times, duplicates)
        plan = plan_with(drop_duplicates(info.times, duplicates))
        encoding = plan_encoding(info, plan, settings.export, output=settings.output)
        repeats = f"{len(duplicates)} of {len(info.times)} source frames repeat the one before"
        left_out = "; they are left out and in-betweens drawn in their place."
        notes.append(repeats + (left_out if duplicates else "."))
    return Job(
        settings=settings,
        info=info,
        plan=plan,
        encoding=encoding,
        engine=engine,
        overrides=overrides,
        segments=place_segments(
            plan, info, settings.segment_frames or segment_length(engine, plan), overrides=overrides
        ),
        notes=tuple(notes),
    )


def _timing_notes(info: ClipInfo, settings: ConvertSettings) -> list[str]:
    """What a multiple of a variable rate means."""
    timing = settings.timing
    if not info.is_vfr or timing.keep_vfr or timing.rate.factor is None:
        return []
    return [
        f"The clip's rate varies around {format_rate(info.rate)} frames a second; the output has a constant "
        "rate, so few source frames fall on its places. --keep-vfr keeps all of them, --rate 60 gives a "
        "rate that players like."
    ]


def check_output(settings: ConvertSettings) -> None:
    """Raise OutputError when the output is the source, exists, is in use, or cannot be written."""
    output = settings.output
    if output.name in ("", ".."):
        raise OutputError(
            f"'{output}' is no name for an output.", "Give the name of a file, or of a new folder."
        )
    parent = output.resolve().parent
    if not parent.is_dir():
        raise OutputError(f"There is no folder '{parent}' for the output.", "Create it, or choose another.")
    if output.exists() and settings.source.exists() and output.samefile(settings.source):
        raise OutputError(f"The output '{output}' is the source itself.", "Choose another name.")
    if not os.access(parent, os.W_OK):
        raise OutputError(
            f"The folder '{parent}' cannot be written.", "Choose another, or change its permissions."
        )
    if output.exists() and not settings.overwrite and not _is_empty_folder(output):
        raise OutputError(f"'{output}' exists already.", "Add --overwrite, or choose another name.")
    if output.is_dir():
        _check_folder(output, settings)
    folder = work_folder(output)
    if not folder.exists():
        if settings.resume:
            raise OutputError(
                f"There is no unfinished render of '{output}'.", "Leave --resume away to begin it."
            )
        return
    check_not_owned(folder)
    if not is_ours(folder):
        raise OutputError(f"'{folder}' is in the way.", "Move it elsewhere or delete it.")
    if is_begun(folder) and not settings.resume and not settings.overwrite:
        raise OutputError(
            f"There is an unfinished render of '{output.name}'.",
            "Go on with --resume, or begin anew with --overwrite.",
        )


def _check_folder(output: Path, settings: ConvertSettings) -> None:
    """Only a folder that holds nothing but numbered frames may be replaced as a whole."""
    if settings.export.container != "png":
        raise OutputError(f"'{output}' is a folder.", "Give the name of a file.")
    strangers = [path.name for path in output.iterdir() if not is_frame_name(path.name)]
    if strangers:
        raise OutputError(
            f"The folder '{output}' holds other things than numbered frames ('{strangers[0]}'), "
            "and they would be lost.",
            "Choose a new folder.",
        )
    source = settings.source.resolve()
    if source == output.resolve() or output.resolve() in source.parents:
        raise OutputError(f"The source lies in the folder '{output}'.", "Choose a new folder.")


def check_receipt(receipt: Path, settings: ConvertSettings) -> None:
    """Raise OutputError when the receipt cannot be saved, or something would be lost by saving it."""
    folder = receipt.resolve().parent
    for other, title in ((settings.source, "source"), (settings.output, "output")):
        if receipt.resolve() == other.resolve():
            raise OutputError(f"The receipt '{receipt}' is the {title} itself.", "Choose another name.")
    if receipt.is_dir():
        raise OutputError(f"The receipt '{receipt}' is a folder.", "Give the name of a file.")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(f"The folder '{folder}' of the receipt cannot be written.", "Choose another.")
    if receipt.exists() and not settings.overwrite:
        raise OutputError(f"'{receipt}' exists already.", "Add --overwrite, or choose another name.")


def check_disk(output: Path, needed_bytes: int) -> None:
    """Raise OutputError when what is needed meanwhile (segments and result) does not fit on the disk."""
    free = shutil.disk_usage(output.resolve().parent).free
    if needed_bytes > free:
        raise OutputError(
            f"The output needs about {format_bytes(needed_bytes)} while it is made, "
            f"and {format_bytes(free)} are free.",
            "Make room, choose another disk, or a smaller preset.",
        )


def _analyse_duplicates(info: ClipInfo, reporter: Reporter, token: CancelToken) -> tuple[int, ...]:
    """Decode the clip once on small proxies and name the frames that repeat the one before."""
    total = len(info.times)

    def watched() -> Any:
        for done, frame in enumerate(source.frames()):
            token.check()
            if done % 32 == 0:
                reporter.progress(Progress(stage="analyse", done=done, total=total))
            yield frame

    with open_source(info) as source:
        return tuple(find_duplicates(watched(), info.times))


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _segment_export(export: ExportSettings) -> ExportSettings:
    """The part of the export settings that the segments depend on: animated ones are lossless."""
    return replace(export, gif=GifSettings()) if export.container in ("gif", "apng", "webp") else export


def _source_identity(info: ClipInfo) -> list[list[Any]]:
    """Name, size and time of change of every file of the source."""
    stats = [(file.name, file.stat()) for file in source_files(info)]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]


def _plain(value: Any) -> Any:
    """Settings as plain JSON values."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)
