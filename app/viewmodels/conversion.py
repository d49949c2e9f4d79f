"""From a clip's edits to a conversion that can wait, run elsewhere, and be said as a command."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.jobs.places import state_dir
from app.viewmodels.workspace import Clip
from flavr_core.cli.command_line import command_text, convert_arguments
from flavr_core.errors import OutputError
from flavr_core.model.catalog import find
from flavr_core.settings import ConvertSettings
from flavr_core.timeline import write_cuts_file

_MAIN = Path(__file__).resolve().parents[2] / "main.py"


def store_cuts(clip: Clip) -> Path | None:
    """Keep a clip's cuts by hand in a file that is named by what it holds; None where there are none.

    The same cuts are the same file, so that a job that waits in the queue, or was interrupted, finds them.

    Raises:
        OutputError: when it cannot be written.
    """
    cuts = clip.edits.cuts
    if not (cuts.cuts or cuts.vetoes or cuts.only):
        return None
    digest = hashlib.sha256(repr(cuts).encode()).hexdigest()[:12]
    path = state_dir() / "cuts" / f"{digest}.cuts.txt"
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"'{path.parent}' cannot be made ({error.strerror}).") from error
        write_cuts_file(path, cuts, overwrite=True)
    return path


def command_of(settings: ConvertSettings) -> str:
    """The line that does the same in a shell of this system, in whatever folder it is pasted.

    Raises:
        SettingsError: when there is none.
    """
    engine = settings.engine
    if Path(engine.model).is_file() and find(engine.model) is None:
        engine = replace(engine, model=str(Path(engine.model).absolute()))
    anywhere = replace(
        settings,
        source=settings.source.absolute(),
        output=settings.output.absolute(),
        scenes=replace(settings.scenes, cuts_file=_absolute(settings.scenes.cuts_file)),
        receipt=_absolute(settings.receipt),
        engine=engine,
    )
    return command_text(convert_arguments(anywhere), program=_program(), windows=os.name == "nt")


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


def _program() -> Sequence[str]:
    """What runs a command: the packaged program, or this very Python with main.py."""
    if getattr(sys, "frozen", False):
        return (sys.executable,)
    python = Path(sys.executable)
    with_console = python.with_name(python.name.lower().replace("pythonw", "python"))
    if python.name.lower().startswith("pythonw") and with_console.is_file():
        python = with_console  # what it says would not be seen
    return (str(python), str(_MAIN))
