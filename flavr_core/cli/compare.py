"""`compare A [B] -o OUTPUT`: show two clips in one."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

from flavr_core.cli.arguments import parsed
from flavr_core.errors import FlavrError, ProblemsError, SettingsError
from flavr_core.progress import CancelToken
from flavr_core.settings import ConvertSettings, EngineSettings, TimingSettings, parse_rate
from flavr_core.timing import parse_fraction, parse_time_point

_VIEWS = ("wipe", "side", "above", "flip", "difference", "a", "b")
_KINDS = ("linear", "amplified", "signed")


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "compare",
        help="show two clips in one: wiped, side by side, or their difference",
        description="Show two clips in one video, animation or picture. Frames stand together that are shown "
        "at the same moment; a result in slow motion is told by its length. Without B, it is drawn.",
    )
    parser.add_argument("a", type=Path, help="the original: a video, an animation, or a folder of images")
    parser.add_argument("b", type=Path, nargs="?", help="the result; left away, --model draws it from A")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file to write; its ending chooses the format: .mp4, .gif, .webm, ...; .png for one picture",
    )
    _add_view(parser.add_argument_group("view"))
    _add_time(parser.add_argument_group("time, on A's clock"))
    drawn = parser.add_argument_group("without B")
    drawn.add_argument("--model", metavar="NAME", help="who draws B: see `models list` (default: default)")
    drawn.add_argument("--rate", metavar="R", help="frames of B: 2x (default), 60 or 60000/1001")
    job = parser.add_argument_group("job")
    job.add_argument(
        "--overwrite", action="store_true", help="replace an existing output once it is verified"
    )
    job.add_argument("--json", action="store_true", help="one JSON event a line on standard output")
    job.add_argument("--quiet", action="store_true", help="print errors only")


def _add_view(group: Any) -> None:
    group.add_argument("--view", choices=_VIEWS, default="wipe", help="how both are shown (default: wipe)")
    group.add_argument("--difference", choices=_KINDS, help="how a difference is shown (default: amplified)")
    group.add_argument(
        "--gain", type=float, metavar="N", help="by how much a difference is amplified, 1 to 64 (default: 8)"
    )
    group.add_argument(
        "--wipe", type=float, metavar="0..1", help="place of the wipe's line, 0 is left (default: 0.5)"
    )
    group.add_argument("--sweep", metavar="S", help="let the line go across and back in so many seconds")
    group.add_argument(
        "--flip-every", metavar="S", help="seconds for which --view flip shows a side (default: 0.7)"
    )
    group.add_argument("--swap", action="store_true", help="B left (or above), A right")
    group.add_argument(
        "--labels", nargs=2, metavar=("A", "B"), help="names on the picture (default: the files')"
    )
    group.add_argument("--no-labels", action="store_true", help="write nothing on the picture")
    group.add_argument("--max-width", type=int, metavar="PX", help="scale wider results down")


def _add_time(group: Any) -> None:
    group.add_argument("--at", metavar="T", help="moment of a .png: seconds, timecode or frame (84f)")
    group.add_argument("--start", metavar="T", help="where it begins (default: where both have pictures)")
    group.add_argument("--stop", metavar="T", help="where it ends, exclusive")
    group.add_argument("--slow", metavar="F", help="how many times longer B lasts (default: found out)")
    group.add_argument("--offset", metavar="S", help="seconds of A before B's first frame (default: 0)")
    group.add_argument(
        "--sequence-rate", metavar="R", default="24", help="frames a second of images (default: 24)"
    )


def run(args: argparse.Namespace) -> int:
    """Compare, and return the exit code."""
    from flavr_core.cli.reporters import JsonReporter, TerminalReporter
    from flavr_core.comparison.render import render_comparison

    settings = settings_from(args)
    token = CancelToken()
    reporter = JsonReporter() if args.json else TerminalReporter(quiet=args.quiet)
    previous = _cancel_on_signals(token)
    try:
        with reporter:
            report = render_comparison(settings, reporter, token)
    except FlavrError as error:
        if isinstance(reporter, JsonReporter):
            for problem in error.problems if isinstance(error, ProblemsError) else (error,):
                reporter.event(
                    "error", message=problem.message, hint=problem.hint, exit_code=problem.exit_code
                )
        raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if args.json:
        facts = {
            "event": "done",
            "output": str(report.output),
            "frames": report.frames,
            "width": report.width,
            "height": report.height,
            "seconds": str(report.seconds),
            "notes": list(report.notes),
        }
        print(json.dumps(facts, ensure_ascii=False), flush=True)
    elif not args.quiet:
        size = report.output.stat().st_size
        what = f"{report.frames} frames" if report.frames > 1 else "one picture"
        print(f"{report.output}: {what}, {report.width}x{report.height}, {size / 1000:.0f} kB")
    return 0


def settings_from(args: argparse.Namespace) -> Any:
    """The comparison that the arguments describe (a ComparisonSettings).

    Raises:
        ProblemsError: naming every argument that cannot be used.
    """
    from flavr_core.comparison.settings import ComparisonSettings
    from flavr_core.comparison.views import DifferenceKind, ViewMode

    problems: list[FlavrError] = list(_without_use(args))

    def attempt(build: Any, *values: Any) -> Any:
        try:
            return build(*values)
        except FlavrError as error:
            problems.append(error)
        return None

    chosen: dict[str, Any] = {}
    for option, name, parse in (
        ("--at", "at", parse_time_point),
        ("--start", "start", parse_time_point),
        ("--stop", "stop", parse_time_point),
        ("--slow", "slow", _parse_slow),
        ("--offset", "offset", _parse_seconds),
        ("--sweep", "sweep_s", parse_fraction),
        ("--flip-every", "flip_s", parse_fraction),
        ("--sequence-rate", "sequence_rate", parse_fraction),
    ):
        text = getattr(args, option[2:].replace("-", "_"))
        if text is not None:
            chosen[name] = attempt(parsed, option, parse, text)
    for name in ("gain", "wipe", "max_width"):
        if getattr(args, name) is not None:
            chosen[name] = getattr(args, name)
    if args.labels:
        chosen["labels"] = tuple(args.labels)
    b = args.b if args.b is not None else attempt(_drawn, args)
    settings = None
    if not problems:
        settings = attempt(
            lambda: ComparisonSettings(
                a=args.a,
                b=b,
                output=args.output,
                view=ViewMode(args.view),
                difference=DifferenceKind(args.difference or "amplified"),
                swap=args.swap,
                show_labels=not args.no_labels,
                overwrite=args.overwrite,
                **chosen,
            )
        )
    if problems:
        raise ProblemsError(problems)
    return settings


def _drawn(args: argparse.Namespace) -> ConvertSettings:
    """B as a conversion of A; its output is never written."""
    return ConvertSettings(
        source=args.a,
        output=args.output,
        timing=TimingSettings(rate=parsed("--rate", parse_rate, args.rate or "2x")),
        engine=EngineSettings(model=args.model or "default"),
        sequence_rate=parsed("--sequence-rate", parse_fraction, args.sequence_rate),
    )


def _parse_slow(text: str) -> Fraction:
    return parse_fraction(text.strip().lower().removesuffix("x"))


def _parse_seconds(text: str) -> Fraction:
    seconds = parse_time_point(text).seconds
    if seconds is None:
        raise SettingsError(f"'{text}' is not a number of seconds.", "Write 12.5 or 1:02.5.")
    return seconds


def _without_use(args: argparse.Namespace) -> list[FlavrError]:
    """An error for every option that would change nothing here."""
    is_still = args.output.suffix.lower() == ".png"
    wanted = {
        "difference": (args.view == "difference", "--view difference"),
        "gain": (
            args.view == "difference" and args.difference != "linear",
            "an amplified or signed difference",
        ),
        "wipe": (args.view == "wipe", "--view wipe"),
        "sweep": (args.view == "wipe" and not is_still, "--view wipe of a clip"),
        "flip_every": (args.view == "flip" and not is_still, "--view flip of a clip"),
        "at": (is_still, "a single picture (.png)"),
        "start": (not is_still, "a clip"),
        "stop": (not is_still, "a clip"),
        "model": (args.b is None, "a B that is drawn"),
        "rate": (args.b is None, "a B that is drawn"),
        "slow": (args.b is not None, "a B that is a file"),
        "offset": (args.b is not None, "a B that is a file"),
    }
    problems: list[FlavrError] = [
        SettingsError(f"--{name.replace('_', '-')} has no meaning here.", f"Leave it away; it is for {use}.")
        for name, (has_use, use) in wanted.items()
        if getattr(args, name) is not None and not has_use
    ]
    if args.labels and args.no_labels:
        problems.append(SettingsError("--labels and --no-labels exclude each other.", "Give one of them."))
    return problems


def _cancel_on_signals(token: CancelToken) -> dict[signal.Signals, Any]:
    """Let Ctrl-C and SIGTERM stop the work in order; returns the old handlers."""
    if threading.current_thread() is not threading.main_thread():
        return {}

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if token.cancelled:
            raise KeyboardInterrupt
        token.cancel()

    return {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
