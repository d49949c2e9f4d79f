"""What the right-hand panel shows and allows: settings of the current clip, and the result in words.

Every change is an edit of the workspace, so undo takes it back and the panel follows. The result is planned
in the background after a short rest (the newest wins), and the time it takes is measured after a longer one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs.estimates import Estimates, Forecast
from app.jobs.libraries import gpu_count
from app.jobs.outlook import Cause, Outlook, Problem, is_free
from app.viewmodels.amounts import decimal
from app.viewmodels.conversion import command_of, store_cuts
from app.viewmodels.durations import duration_words
from app.viewmodels.networks import NetworkEntry, index_of, network_entries
from app.viewmodels.outlook_words import Fact, facts
from app.viewmodels.output_names import OutputNaming, fits, propose_output, suffix_of
from app.viewmodels.plain_words import plain_words
from app.viewmodels.prospect import Prospect
from app.viewmodels.quicker import Quicker
from app.viewmodels.workspace import Clip, ClipEdits, Workspace
from flavr_core.errors import FlavrError, SettingsError
from flavr_core.settings import (
    ConvertSettings,
    CutMode,
    DuplicateMode,
    EndMode,
    ExportSettings,
    Precision,
    RateTarget,
    parse_bytes,
    parse_rate,
    parse_slow,
)
from flavr_core.timeline import CutOverrides

_ALL_GPUS = "cuda:all"
"""The device that is all GPUs at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """A name the user gave a result."""

    path: Path
    may_replace: bool
    """Whether replacing the file there was agreed to."""


class SettingsPanelModel(QObject):
    """The current clip's settings, and what they will give."""

    changed = Signal()
    """Another clip, or its settings are others."""
    outlook_changed = Signal()
    """More or something else is known of the result: plan, problems, time."""
    networks_changed = Signal()
    """The collection of networks was read again."""
    preview_requested = Signal(object)
    """A ConvertSettings: render it for looking at."""
    export_requested = Signal(object)
    """A ConvertSettings: put it into the queue and begin."""
    queue_requested = Signal(object)
    """A ConvertSettings: put it into the queue."""
    import_network_requested = Signal()
    """The user wants to bring in a network."""
    told = Signal(str)
    """A sentence for the status bar: something was done that is not seen."""
    failed = Signal(str, str)
    """A sentence and a hint: what was asked for cannot be done."""

    def __init__(
        self,
        workspace: Workspace,
        estimates: Estimates,
        *,
        naming: OutputNaming | None = None,
        is_reserved: Callable[[Path], bool] = lambda path: False,
        parent: QObject | None = None,
    ) -> None:
        """Show the workspace's current clip.

        Args:
            workspace: what is edited.
            estimates: measures speeds; closed by its owner.
            naming: where results go and what they are called.
            is_reserved: whether a name belongs to a job of the queue already.
            parent: its owner.
        """
        super().__init__(parent)
        self._workspace = workspace
        self._estimates = estimates
        self._naming = naming or OutputNaming()
        self._is_reserved = is_reserved
        self._chosen: dict[int, _Chosen] = {}
        self._typed: dict[str, Problem] = {}
        self._refused: Problem | None = None
        self._networks: tuple[NetworkEntry, ...] = ()
        self._prospect = Prospect(estimates, self)
        self._prospect.wanted.connect(self._plan)
        self._prospect.changed.connect(self.outlook_changed)
        self._prospect.failed.connect(self._on_not_planned)
        workspace.current_changed.connect(self._on_current_changed)
        workspace.clip_changed.connect(self._on_clip_changed)
        workspace.edits_changed.connect(self._on_edits_changed)
        workspace.clip_removed.connect(self._on_clip_removed)
        self.quicker = Quicker(self)
        """A word about the quick network, where the chosen one is slow."""
        self._on_current_changed(0)

    def close(self) -> None:
        """Stop planning."""
        self._prospect.close()

    # What is shown

    @property
    def clip(self) -> Clip | None:
        """The clip whose settings are shown, once it is probed; None for none."""
        clip = self._workspace.current
        return clip if clip is not None and clip.info is not None else None

    @property
    def edits(self) -> ClipEdits:
        """The settings that are shown; those of a new clip where there is none."""
        clip = self._workspace.current
        return clip.edits if clip is not None else self._workspace.defaults

    @property
    def rate_text(self) -> str:
        """The rate as it can be typed: `2x`, `59.94`, `60000/1001`."""
        rate = self.edits.timing.rate
        return f"{_exact(rate.factor)}x" if rate.factor is not None else _exact(rate.fps or Fraction(1))

    @property
    def slow_text(self) -> str:
        """The slow-motion factor as it can be typed: `4x`; `1x` for none."""
        return f"{_exact(self.edits.timing.slow)}x"

    @property
    def memory_text(self) -> str:
        """Most device memory as it can be typed; empty for no limit."""
        limit = self.edits.engine.max_memory_bytes
        if limit is None:
            return ""
        for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
            if limit % size == 0:
                return f"{limit // size} {unit}"
        return str(limit)

    @property
    def can_keep_vfr(self) -> bool:
        """Whether the clip has a variable rate that could be kept (or that was asked for)."""
        clip = self.clip
        is_vfr = clip is not None and clip.info is not None and clip.info.is_vfr
        return is_vfr or self.edits.timing.keep_vfr

    @property
    def cuts_by_hand(self) -> int:
        """Cuts added or vetoed on the timeline."""
        return len(self.edits.cuts.cuts) + len(self.edits.cuts.vetoes)

    @property
    def networks(self) -> tuple[NetworkEntry, ...]:
        """What can be chosen."""
        return self._networks

    @property
    def network_index(self) -> int:
        """Which of them is chosen."""
        return index_of(self._networks, self.edits.engine.model)

    @property
    def network_speed(self) -> str:
        """How fast the chosen network was on this clip, in words; empty before it was measured."""
        speed = self.forecast.speed
        if speed is None or self.outlook is None or not speed.gap_s or self.outlook.workload is None:
            return ""
        drawn = self.outlook.workload.drawn_a_gap / speed.gap_s
        if drawn < 1:
            return self.tr("{time} a frame here").format(time=duration_words(1 / drawn))
        return self.tr("{n} fps here").format(n=decimal(drawn))

    @property
    def devices(self) -> tuple[tuple[str, str], ...]:
        """(EngineSettings.device, words): where frames can be drawn, as far as it is known by now."""
        found = [
            ("auto", self.tr("Automatic")),
            ("cpu", self.tr("Processor")),
            ("cuda", self.tr("NVIDIA GPU")),
        ]
        chosen = self.edits.engine.device
        if gpu_count() > 1 or chosen == _ALL_GPUS:
            found.append((_ALL_GPUS, self.tr("All NVIDIA GPUs")))
        if chosen not in dict(found):
            found.append((chosen, chosen))  # such as `cuda:1`
        return tuple(found)

    @property
    def naming(self) -> OutputNaming:
        """Where results go and what they are called."""
        return self._naming

    def set_naming(self, naming: OutputNaming) -> None:
        """Name results otherwise from now on; names the user chose stay."""
        self._naming = naming
        self._restart()

    # Edits

    def set_rate(self, text: str) -> None:
        """Take a typed rate: `2x`, `2.5x`, `60`, `60000/1001`. What cannot be read is said beside it."""
        with _Typed(self, "rate", Cause.TIME):
            rate = parse_rate(text.replace("×", "x"))
            words = self.tr("Set rate to {rate}").format(rate=rate)
            self._edit_timing(words, rate=rate)

    def set_slow(self, text: str) -> None:
        """Take a typed slow-motion factor; the usual rate goes with it, and back again without."""
        with _Typed(self, "slow", Cause.TIME):
            slow = parse_slow(text.replace("×", "x"))
            timing = self.edits.timing
            usual = {True: RateTarget(factor=Fraction(1)), False: RateTarget(factor=Fraction(2))}
            was_slow, is_slow = timing.slow > 1, slow > 1
            rate = timing.rate
            if was_slow != is_slow and rate == usual[was_slow]:
                rate = usual[is_slow]
            self._edit_timing(self.tr("Set slow motion"), slow=slow, rate=rate)

    def set_end(self, end: EndMode) -> None:
        """Hold the last frame or trim to it."""
        self._edit_timing(self.tr("Change the end"), end=end)

    def set_keep_vfr(self, is_kept: bool) -> None:
        """Keep a variable rate, each gap divided in place."""
        self._edit_timing(self.tr("Keep the variable rate"), keep_vfr=is_kept)

    def set_network(self, model: str) -> None:
        """Choose who draws."""
        engine = replace(self.edits.engine, model=model)
        self._workspace.edit(self.tr("Choose network"), engine=engine)

    def set_cuts(self, mode: CutMode) -> None:
        """Say what is shown at cuts."""
        self._workspace.edit(
            self.tr("Change what is shown at cuts"), scenes=replace(self.edits.scenes, cuts=mode)
        )

    def set_sensitivity(self, sensitivity: float) -> None:
        """Find fewer or more cuts; moves of the handle in a row are one step."""
        scenes = replace(self.edits.scenes, sensitivity=round(sensitivity, 3))
        self._workspace.edit(self.tr("Change cut sensitivity"), merge="sensitivity", scenes=scenes)

    def end_change(self) -> None:
        """The handle was let go: the next move is a step of its own."""
        self._workspace.end_merge()

    def forget_cuts_by_hand(self) -> None:
        """Take all cuts and vetoes of the timeline away."""
        self._workspace.edit(self.tr("Forget cuts by hand"), cuts=CutOverrides())

    def set_duplicates(self, mode: DuplicateMode) -> None:
        """Say what happens to repeated frames."""
        scenes = replace(self.edits.scenes, duplicates=mode)
        self._workspace.edit(self.tr("Change what happens to repeated frames"), scenes=scenes)

    def set_device(self, device: str) -> None:
        """Choose where it is drawn."""
        engine = replace(self.edits.engine, device=device)
        self._workspace.edit(self.tr("Choose device"), engine=engine)

    def set_precision(self, precision: Precision) -> None:
        """Choose the number format."""
        engine = replace(self.edits.engine, precision=precision)
        self._workspace.edit(self.tr("Choose precision"), engine=engine)

    def set_memory(self, text: str) -> None:
        """Take a typed limit of device memory; empty for none."""
        with _Typed(self, "memory", Cause.DEVICE):
            limit = parse_bytes(text) if text.strip() else None
            engine = replace(self.edits.engine, max_memory_bytes=limit)
            self._workspace.edit(self.tr("Limit memory"), engine=engine)

    def forget_typed(self, field: str) -> None:
        """What was typed into a field (`rate`, `slow`) was taken back: what holds is shown again."""
        self._on_typed(field, None)
        self.changed.emit()

    def reload_networks(self) -> None:
        """Look at the collection of networks again: one came or went."""
        self._estimates.forget_failures()
        self._networks = network_entries(self.edits.engine.model)
        self.networks_changed.emit()
        self._restart()

    def _edit_timing(self, text: str, **fields: object) -> None:
        timing = replace(self.edits.timing, **fields)  # type: ignore[arg-type]
        self._workspace.edit(text, timing=timing)

    # The result

    @property
    def outlook(self) -> Outlook | None:
        """What the result will be, as last planned; None without a clip or before it was planned."""
        return self._prospect.outlook

    @property
    def is_planning(self) -> bool:
        """Whether the result is being planned anew."""
        return self.clip is not None and not self._prospect.is_planned

    @property
    def forecast(self) -> Forecast:
        """What is known of the time it takes."""
        return self._prospect.forecast

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The result in words."""
        if self.outlook is None:
            return ()
        return facts(self.outlook, self.forecast, is_held=self._prospect.is_held)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is known to be wrong, each with where it comes from."""
        found = list(self._blocking())
        found += [each for each in (self.forecast.problem, self._refused) if each is not None]
        return tuple(
            replace(problem, message=plain_words(problem.message), hint=plain_words(problem.hint))
            for problem in found
        )

    def _blocking(self) -> tuple[Problem, ...]:
        """What keeps the conversion from starting; a failed measurement does not."""
        planned = self.outlook.problems if self.outlook is not None else ()
        return (*self._typed.values(), *planned)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the result."""
        if self.outlook is None:
            return ()
        info, timing = self.outlook.info, self.outlook.settings.timing
        notes = [*info.notes, *self.outlook.notes]
        if info.is_vfr and timing.rate.factor is not None and not timing.keep_vfr:
            words = self.tr("The clip's rate varies, the result's does not: keep it, or choose 60 fps.")
            notes.insert(0, words)
        return tuple(plain_words(note) for note in notes)

    @property
    def can_start(self) -> bool:
        """Whether there is a clip and nothing known speaks against converting it."""
        return self.clip is not None and not self._blocking()

    @property
    def output(self) -> Path | None:
        """Where the result will go: what the user chose, or the first free name."""
        clip = self._workspace.current
        if clip is None:
            return None
        chosen = self._chosen.get(clip.number)
        if chosen is not None and fits(chosen.path, clip.edits):
            return chosen.path
        return propose_output(clip.path, clip.edits, self._naming, is_free=self._may_propose)

    def choose_output(self, path: Path, *, may_replace: bool = False) -> None:
        """Let the result go elsewhere; an ending that is missing is added.

        Args:
            path: where to.
            may_replace: whether the user agreed that a file there is replaced.
        """
        clip = self._workspace.current
        if clip is None:
            return
        if not fits(path, clip.edits):
            suffix = suffix_of(clip.edits)
            path, may_replace = path.with_name(path.name + suffix if suffix else path.stem), False
        self._chosen[clip.number] = _Chosen(path=path, may_replace=may_replace)
        self._restart()

    def propose_again(self) -> None:
        """Forget the name the user chose."""
        clip = self._workspace.current
        if clip is not None and self._chosen.pop(clip.number, None) is not None:
            self._restart()

    def _may_propose(self, path: Path) -> bool:
        return is_free(path) and not self._is_reserved(path)

    # Starting

    def settings(self) -> ConvertSettings | None:
        """The conversion of the current clip; cuts by hand are written to a file that it names.

        Raises:
            OutputError: when that file cannot be written.
        """
        clip, output = self.clip, self.output
        if clip is None or output is None:
            return None
        chosen = self._chosen.get(clip.number)
        may_replace = chosen is not None and chosen.may_replace and chosen.path == output
        return clip.settings(output, cuts_file=store_cuts(clip), overwrite=may_replace)

    def request_preview(self) -> None:
        """Ask for a preview."""
        self._request(self.preview_requested.emit)

    def request_export(self) -> None:
        """Ask for an export that begins now."""
        self._request(self.export_requested.emit)

    def request_export_as(self, export: ExportSettings, preset: str) -> None:
        """Ask for an export of another format that begins now; the clip's own format stays what it is."""
        format_apart = [each for each in self._blocking() if each.cause not in (Cause.FORMAT, Cause.OUTPUT)]
        clip = self._workspace.current
        if clip is None or not self._may_go_on(format_apart):
            return
        edits = replace(clip.edits, export=export, preset=preset)
        output = propose_output(clip.path, edits, self._naming, is_free=self._may_propose)

        def emit(settings: ConvertSettings) -> None:
            changed = replace(settings, export=export, output=output, overwrite=False)
            self.export_requested.emit(changed)

        self._hand_on(emit)

    def request_queue(self) -> None:
        """Ask for an export in the queue."""
        self._request(self.queue_requested.emit)

    def command(self) -> str:
        """The line that does the same in a shell.

        Raises:
            FlavrError: when there is none.
        """
        settings = self.settings()
        if settings is None:
            raise SettingsError(self.tr("There is no clip."), self.tr("Open one first."))
        return command_of(settings)

    def refuse(self, error: FlavrError) -> None:
        """Say why what was asked for cannot be done, until a setting or the clip changes."""
        message, hint = plain_words(error.message), plain_words(error.hint)
        self._refused = Problem(cause=Cause.OUTPUT, message=message, hint=hint)
        self.failed.emit(message, hint)
        self.outlook_changed.emit()

    def _request(self, emit: Callable[[ConvertSettings], None]) -> None:
        """Hand the conversion on, or say what speaks against it."""
        if self._may_go_on(self._blocking()):
            self._hand_on(emit)

    def _may_go_on(self, problems: Sequence[Problem]) -> bool:
        """Say the first problem, which stands at its place in the panel; False where there is one."""
        for problem in problems:
            self.failed.emit(plain_words(problem.message), plain_words(problem.hint))
            return False
        return True

    def _hand_on(self, emit: Callable[[ConvertSettings], None]) -> None:
        try:
            settings = self.settings()
        except FlavrError as error:
            self.refuse(error)
            return
        if settings is not None:
            emit(settings)
            self._restart()  # the name that was proposed is taken now

    # Following the workspace

    def _on_current_changed(self, _number: int) -> None:
        self._typed.clear()
        self._prospect.forget()
        self._networks = network_entries(self.edits.engine.model)
        self.networks_changed.emit()
        self._restart()

    def _on_clip_changed(self, number: int) -> None:
        if self._workspace.current is not None and self._workspace.current.number == number:
            self._typed.clear()
            self._prospect.forget()
            self._restart()

    def _on_edits_changed(self, number: int) -> None:
        if self._workspace.current is not None and self._workspace.current.number == number:
            self._typed.clear()
            self._restart()

    def _on_clip_removed(self, number: int) -> None:
        self._chosen.pop(number, None)

    def _on_typed(self, field: str, problem: Problem | None) -> None:
        before = dict(self._typed)
        self._typed.pop(field, None)
        if problem is not None:
            self._typed[field] = problem
        if self._typed != before:
            self.outlook_changed.emit()
        if before and not self._typed:
            self.changed.emit()  # what was typed wrongly is not shown any more

    def _restart(self) -> None:
        """Plan anew after a rest."""
        self._refused = None
        self._prospect.restart()
        self.changed.emit()

    def _plan(self) -> None:
        clip, output = self.clip, self.output
        if clip is None or clip.info is None or output is None:
            self._prospect.forget()
            self.outlook_changed.emit()
            return
        chosen = self._chosen.get(clip.number)
        settings = clip.settings(output, overwrite=chosen is not None and chosen.may_replace)
        self._prospect.plan(clip.info, settings, clip.edits.cuts)

    def _on_not_planned(self, reason: str) -> None:
        self.refuse(FlavrError(self.tr("The result cannot be planned: {reason}.").format(reason=reason)))


class _Typed:
    """Turns what a typed text was refused for into a problem beside its field."""

    def __init__(self, model: SettingsPanelModel, field: str, cause: Cause) -> None:
        self._model, self._field, self._cause = model, field, cause

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        problem = None
        if isinstance(error, SettingsError):
            problem = Problem(cause=self._cause, message=error.message, hint=error.hint)
        elif error is not None:
            return False
        self._model._on_typed(self._field, problem)
        return True


def _exact(value: Fraction) -> str:
    """A number as it can be typed again: a decimal where it ends soon, else a fraction."""
    decimal = f"{float(value):.6f}".rstrip("0").rstrip(".")
    return decimal if Fraction(decimal) == value else f"{value.numerator}/{value.denominator}"
