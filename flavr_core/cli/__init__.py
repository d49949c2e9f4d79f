"""The command line: `python main.py COMMAND ...`, one module a command.

Each command module has `add_parser(commands)`, which describes its arguments (importing nothing
heavy), and `run(args) -> int`, which returns the exit code. Errors are raised as FlavrError and
printed here, once, as a sentence and a hint.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Sequence

from flavr_core import __version__
from flavr_core.cli.arguments import check_no_empty
from flavr_core.errors import CancelledError, FlavrError, ProblemsError

COMMANDS = {
    "convert": "make a clip smoother or slower",
    "compare": "show two clips in one: wiped, side by side, or their difference",
    "frames": "draw the pictures between still images",
    "probe": "say all that is known of a clip, and what would happen to it",
    "cuts": "find the cuts and repeated frames of a clip, to be edited by hand",
    "presets": "list, show, export and import ways to store the result",
    "models": "list, import, verify and remove networks",
    "evaluate": "measure networks against frames that were held out",
    "train": "train a network",
    "benchmark": "measure speed and memory",
    "render-sample": "render the sample clip",
    "doctor": "say what this machine has and lacks",
}


def module_name(command: str) -> str:
    """Module of a command: `render-sample` lives in flavr_core.cli.render_sample."""
    return f"flavr_core.cli.{command.replace('-', '_')}"


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser of everything, or with only `command`'s arguments filled in."""
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Makes video smoother or slower by drawing the frames that were never filmed.",
        epilog="Without a command the window opens, with the files that are named; `-- FILE` where a file is "
        "called like a command. `benchmark ui` and `screenshots` measure and picture the window.",
    )
    parser.add_argument("--version", action="version", version=f"FLAVR Studio {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        if command in (None, name) and importlib.util.find_spec(module_name(name)) is not None:
            importlib.import_module(module_name(name)).add_parser(commands)
        elif importlib.util.find_spec(module_name(name)) is not None:
            commands.add_parser(name, help=summary)
    return parser


def print_error(error: FlavrError) -> None:
    """One line a problem on stderr: `error: sentence`, then the hint."""
    problems = error.problems if isinstance(error, ProblemsError) else (error,)
    for problem in problems:
        print(f"error: {problem.message}", file=sys.stderr)
        if problem.hint:
            print(f"       {problem.hint}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Never lets a FlavrError out."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    named = arguments[0] if arguments and arguments[0] in COMMANDS else None
    try:
        check_no_empty(arguments)
        args = build_parser(named).parse_args(arguments)
        code = importlib.import_module(module_name(args.command)).run(args)
        return int(code)
    except FlavrError as error:
        print_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        print_error(CancelledError())
        return CancelledError.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as fault:
        print_error(_saved_fault(fault))
        return FlavrError.exit_code


def _saved_fault(fault: Exception) -> FlavrError:
    """A sentence for an error that nobody foresaw; what happened goes into a temporary file."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="flavr-studio-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(fault, file=file)
    return FlavrError(
        f"The program failed: {fault or type(fault).__name__}.",
        f"This is a fault of the program; please report it with '{file.name}'.",
    )
