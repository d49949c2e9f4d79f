"""What a conversion will give, known before it starts and without torch: the facts behind the words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError, ModelError, OutputError, ProblemsError, SettingsError
from flavr_core.media import EncodingPlan, plan_encoding
from flavr_core.media.containers import CONTAINERS
from flavr_core.media.encoders import choose_encoder
from flavr_core.model.catalog import find
from flavr_core.plan import OutputPlan
from flavr_core.progress import CancelToken
from flavr_core.settings import ConvertSettings, ExportSettings, format_bytes
from flavr_core.timeline import CutOverrides, Workload, count_work, plan_output, resolve_overrides

T = TypeVar("T")


class Cause(StrEnum):
    """Which part of the settings a problem comes from: it is said there."""

    TIME = "time"
    CUTS = "cuts"
    NETWORK = "network"
    DEVICE = "device"
    FORMAT = "format"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that keeps a conversion from starting."""

    cause: Cause
    """Where it comes from."""
    message: str
    """What is wrong, one sentence."""
    hint: str = ""
    """What to do about it, one sentence; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a conversion will give, as far as it can be known, and all that speaks against it."""

    settings: ConvertSettings
    """Of what."""
    info: ClipInfo
    """The source."""
    plan: OutputPlan | None
    """Every output frame; None where the times cannot be planned."""
    encoding: EncodingPlan | None
    """How they are stored; None where that cannot be planned."""
    workload: Workload | None
    """How much is to be drawn; None without a plan."""
    source_frames: int
    """Frames of the source that the output covers."""
    free_bytes: int | None
    """Room on the output's disk; None where that cannot be asked."""
    problems: tuple[Problem, ...]
    """What keeps it from starting, in the order of the panel; empty when it can start."""
    notes: tuple[str, ...]
    """What the user should know."""

    @property
    def shown_frames(self) -> int:
        """Frames that the file shows: all that are made, but for a GIF of more than 50 a second."""
        animation = self.encoding.animation if self.encoding is not None else None
        made = len(self.plan) if self.plan is not None else 0
        return made if animation is None or animation.kept is None else len(animation.kept)

    @property
    def clock_error(self) -> Fraction:
        """Seconds by which frames may be shown beside their times, because the format counts in steps."""
        animation = self.encoding.animation if self.encoding is not None else None
        if animation is None or self.plan is None:
            return Fraction(0)
        if animation.kept is not None:
            return animation.tick
        is_on_grid = (self.plan.time_base / animation.tick).denominator == 1
        return Fraction(0) if is_on_grid else animation.tick / 2


def look_ahead(
    info: ClipInfo, settings: ConvertSettings, cuts: CutOverrides, *, token: CancelToken
) -> Outlook:
    """Plan a conversion and name everything that is wrong with it.

    Args:
        info: the source.
        settings: what is wanted.
        cuts: cuts by hand.
        token: looked at between the steps.
    """
    found = _Problems()
    grid = found.attempt(Cause.NETWORK, lambda: grid_of(settings.engine.model)) or ()
    if cuts.cuts or cuts.vetoes:
        found.attempt(Cause.CUTS, lambda: resolve_overrides(cuts, info.times))
    plan = found.attempt(
        Cause.TIME,
        lambda: plan_output(
            info.times, settings.timing, rate=info.rate, is_vfr=info.is_vfr, grid=grid or None
        ),
    )
    token.check()
    encoding, free, workload = None, free_bytes(settings.output), None
    if plan is not None:
        planned = plan
        found.attempt(Cause.FORMAT, lambda: _check_encoder(settings.export))
        encoding = found.attempt(
            Cause.FORMAT, lambda: plan_encoding(info, planned, settings.export, output=settings.output)
        )
        token.check()
        workload = count_work(plan)
    if not settings.overwrite and settings.output.exists():
        found.add(
            Cause.OUTPUT, OutputError(f"'{settings.output.name}' exists already.", "Choose another name.")
        )
    if encoding is not None and free is not None and encoding.working_bytes > free:
        found.add(Cause.OUTPUT, _no_room(encoding.working_bytes, free))
    return Outlook(
        settings=settings,
        info=info,
        plan=plan,
        encoding=encoding,
        workload=workload,
        source_frames=_covered(info, plan),
        free_bytes=free,
        problems=tuple(sorted(found.problems, key=lambda problem: list(Cause).index(problem.cause))),
        notes=encoding.notes if encoding is not None else (),
    )


def grid_of(model: str) -> tuple[Fraction, ...] | None:
    """The fixed places a network can draw, by its card; None for any, and for a file that has no card.

    Raises:
        ModelError: when there is no such network.
    """
    entry = find(model)
    if entry is None:
        if not Path(model).is_file():
            raise ModelError(f"There is no file of weights '{model}'.", "Choose another network.")
        return None
    positions = entry.card.positions
    return None if positions is None else tuple(Fraction(position) for position in positions)


def free_bytes(output: Path) -> int | None:
    """Room where the output is to lie; None when that cannot be asked."""
    try:
        return shutil.disk_usage(output.parent).free
    except OSError:
        return None


def is_free(output: Path) -> bool:
    """Whether nothing lies at an output's name, finished or under way."""
    # The folder of an unfinished render is named so; importing the pipeline would import torch.
    return not os.path.lexists(output) and not os.path.lexists(f"{output}.part")


def _covered(info: ClipInfo, plan: OutputPlan | None) -> int:
    if plan is None or not plan.is_trimmed:
        return len(info.times)
    return plan[len(plan) - 1].gap - plan[0].gap + 1


def _check_encoder(export: ExportSettings) -> None:
    """Raise SettingsError when nothing here writes the codec: `plan_encoding` would blame the output."""
    container = CONTAINERS.get(export.container)
    if container is None or not container.is_video or export.codec not in container.codecs:
        return
    rgb = export.chroma == "rgb" and export.codec != "ffv1"
    choice = choose_encoder(export.codec, hardware=export.hardware, rgb=rgb)
    if choice.problem:
        raise SettingsError(choice.problem, "Choose another codec, or no encoder chip.")


def _no_room(needed: int, free: int) -> OutputError:
    return OutputError(
        f"About {format_bytes(needed)} are needed while it is made, and {format_bytes(free)} are free.",
        "Make room, choose another disk, or a smaller format.",
    )


class _Problems:
    """Gathers problems by cause and goes on with what does not depend on them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def attempt(self, cause: Cause, action: Callable[[], T]) -> T | None:
        try:
            return action()
        except ProblemsError as error:
            self.add(cause, *error.problems)
        except FlavrError as error:
            self.add(cause, error)
        return None

    def add(self, cause: Cause, *errors: FlavrError) -> None:
        """Keep each sentence once; what concerns the file itself is said at its name."""
        said = {problem.message for problem in self.problems}
        for error in errors:
            place = Cause.OUTPUT if isinstance(error, OutputError) and cause is Cause.FORMAT else cause
            if error.message not in said:
                self.problems.append(Problem(cause=place, message=error.message, hint=error.hint))
