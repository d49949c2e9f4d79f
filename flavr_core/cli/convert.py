"""`convert SOURCE OUTPUT`: make a clip smoother or slower."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from flavr_core.cli.arguments import parsed
from flavr_core.errors import CancelledError, FlavrError, ProblemsError, SettingsError
from flavr_core.progress import CancelToken
from flavr_core.settings import (
    AudioMode,
    ConvertSettings,
    CutMode,
    DuplicateMode,
    EndMode,
    EngineSettings,
    ExportSettings,
    GifSettings,
    OddSize,
    Precision,
    RateTarget,
    SceneSettings,
    TimingSettings,
    parse_bytes,
    parse_rate,
    parse_slow,
)
from flavr_core.timing import parse_fraction, parse_time_point

if TYPE_CHECKING:
    from flavr_core.cli.reporters import JsonReporter, TerminalReporter
    from flavr_core.pipeline import Job, JobReport

PRESET_BY_SUFFIX = {
    ".mp4": ("mp4", "h264"),
    ".m4v": ("mp4", "h264"),
    ".mov": ("mov", "h264"),
    ".mkv": ("mkv", "h264"),
    ".webm": ("webm", "vp9"),
    ".gif": ("gif", "gif"),
    ".apng": ("apng", "apng"),
    ".png": ("apng", "apng"),
    ".webp": ("webp", "webp"),
    "": ("png", "png"),
}
"""Container and codec for an output's name where no preset is given; a name without an ending is a folder."""


_VIDEO = ("mp4", "mov", "mkv", "webm")
_ANIMATED = ("gif", "apng", "webp")
CONTAINERS_OF_OPTION = {
    "colors": ("gif",),
    "dither": ("gif",),
    "loop": _ANIMATED,
    "max_size": _ANIMATED,
    "crf": (*_VIDEO, "webp"),
    "speed": _VIDEO,
    "odd_size": _VIDEO,
}
"""Options that matter to some formats only, and to which."""


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "convert",
        help="make a clip smoother or slower",
        description="Make a clip smoother (more frames a second) or slower (more frames, same rate).",
        epilog="Exit codes: 0 done, 2 usage, 3 input, 4 model, 5 device, 6 output, 130 cancelled.",
    )
    parser.add_argument("source", type=Path, help="a video, an animation, or a folder of images")
    parser.add_argument("output", type=Path, help="the file to write; its ending chooses the format")
    _add_timing(parser.add_argument_group("time"))
    _add_scenes(parser.add_argument_group("cuts and duplicates"))
    _add_engine(parser.add_argument_group("network"))
    _add_export(parser.add_argument_group("output"))
    job = parser.add_argument_group("job")
    job.add_argument(
        "--overwrite", action="store_true", help="replace an existing output once the new one is verified"
    )
    job.add_argument("--resume", action="store_true", help="go on with an interrupted render")
    job.add_argument(
        "--segment-frames",
        type=int,
        metavar="N",
        help="output frames in one closed segment, from which --resume goes on (default: 480; blend: 1920)",
    )
    job.add_argument(
        "--cluster",
        metavar="WHERE",
        help="render segments on the machines of a Ray cluster (an extra to be installed): auto (one that "
        "runs, else this machine), local, or its address, HOST:PORT; all need the clip under the same name",
    )
    job.add_argument(
        "--cluster-workers",
        type=int,
        metavar="N",
        help="workers at the same time (default: one for each GPU, without GPUs one for each machine)",
    )
    job.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    job.add_argument("--json", action="store_true", help="one JSON event a line on standard output")
    job.add_argument("--receipt", type=Path, metavar="FILE", help="save the receipt as JSON")
    job.add_argument("--quiet", action="store_true", help="print errors only")


def _add_timing(group: Any) -> None:
    group.add_argument(
        "--rate", metavar="R", help="2x, 2.5x, 60 or 60000/1001 (default 2x, or 1x with --slow)"
    )
    group.add_argument("--slow", metavar="F", default="1", help="times longer: 4x (default: 1x)")
    group.add_argument("--start", metavar="T", help="seconds (12.5), timecode (1:02.5) or frame (84f)")
    group.add_argument("--stop", metavar="T", help="likewise, exclusive")
    group.add_argument(
        "--end",
        choices=[*map(str, EndMode)],
        default=EndMode.HOLD,
        help="hold the last frame for its time (default), or trim to it",
    )
    group.add_argument(
        "--keep-vfr", action="store_true", help="subdivide each gap of a variable-rate clip in place"
    )
    group.add_argument(
        "--sequence-rate", metavar="R", help="frames a second of a folder of images (default: 24)"
    )


def _add_scenes(group: Any) -> None:
    group.add_argument(
        "--at-cuts",
        choices=[*map(str, CutMode)],
        default=CutMode.HOLD,
        help="hold (default) shows the frame before for the first half of the gap and the frame after "
        "for the second; blend fades from one to the other; ignore looks for no cuts and draws across them",
    )
    group.add_argument(
        "--cut-sensitivity",
        type=float,
        default=0.5,
        metavar="0..1",
        help="0 finds only the hardest cuts, 1 every doubtful one (default: 0.5)",
    )
    group.add_argument(
        "--cuts", type=Path, metavar="FILE", help="cuts and repeated frames by hand, one a line"
    )
    group.add_argument(
        "--duplicates",
        choices=[*map(str, DuplicateMode)],
        default=DuplicateMode.KEEP,
        help="frames that repeat the one before: keep them (default), or drop them and draw in their time",
    )


def _add_engine(group: Any) -> None:
    group.add_argument(
        "--model", default="default", help="name in the catalogue (see `models list`) or a file"
    )
    group.add_argument(
        "--device",
        default="auto",
        help="auto, cpu, cuda, cuda:N, or several that draw side by side: cuda:all or cuda:0,1",
    )
    group.add_argument(
        "--precision",
        choices=[*map(str, Precision)],
        default=Precision.AUTO,
        help="number format; auto (default) is the fastest that computes rightly on the device",
    )
    group.add_argument("--max-memory", metavar="SIZE", help="most device memory to use, e.g. 2GB")


def _add_export(group: Any) -> None:
    group.add_argument("--preset", metavar="NAME", help="see `presets list`; the options below change it")
    group.add_argument(
        "--codec",
        choices=["h264", "hevc", "av1", "vp9", "prores", "ffv1"],
        help="default: VP9 in WebM, else H.264",
    )
    group.add_argument(
        "--hardware",
        choices=["none", "auto", "nvenc", "qsv", "amf", "videotoolbox", "vaapi"],
        help="encode on a chip: none (default) is the processor, auto the first chip that works",
    )
    group.add_argument(
        "--crf",
        type=float,
        metavar="N",
        help="constant quality, smaller is better and larger (default: h264 18, hevc 20, av1 and vp9 26, "
        "WebP 20; nvenc and other chips have their own)",
    )
    group.add_argument(
        "--speed",
        choices=["fastest", "fast", "medium", "slow", "slowest"],
        help="of the encoder: slower makes smaller files (default: medium)",
    )
    group.add_argument(
        "--depth",
        type=int,
        choices=[8, 10, 12, 16],
        help="bits a sample (default: the source's, or the nearest that the codec holds)",
    )
    group.add_argument(
        "--chroma",
        choices=["420", "422", "444", "rgb", "gray"],
        help="colour samples: at a quarter, half or all of the places, RGB, or none (default: the source's; "
        "420 for RGB and gray sources)",
    )
    group.add_argument(
        "--odd-size",
        choices=[*map(str, OddSize)],
        help="where the codec needs even sizes: repeat the edge (pad, default) or cut it off (crop)",
    )
    group.add_argument("--max-width", type=int, metavar="PX", help="scale wider pictures down")
    group.add_argument(
        "--audio",
        choices=[*map(str, AudioMode)],
        help="auto (default) keeps sound as it is, and with --slow stretches it at the same pitch, as "
        "stretch does; keep leaves its speed alone even then; drop leaves it out",
    )
    group.add_argument(
        "--no-subtitles", action="store_true", help="leave subtitles and their fonts (attachments) out"
    )
    group.add_argument("--colors", type=int, metavar="N", help="palette of a GIF, 2 to 256 (default: 256)")
    group.add_argument(
        "--dither",
        choices=["none", "bayer", "floyd_steinberg", "sierra2", "sierra2_4a", "heckbert"],
        help="how a GIF mixes colours that its palette lacks (default: sierra2_4a); bayer makes small files",
    )
    group.add_argument(
        "--loop", type=int, metavar="N", help="how often an animation plays, 0 for ever (default)"
    )
    group.add_argument("--max-size", metavar="SIZE", help="limit of an animation's size, e.g. 8MB")


def run(args: argparse.Namespace) -> int:
    """Convert, and return the exit code."""
    from flavr_core.cli.reporters import JsonReporter, TerminalReporter

    reporter = JsonReporter() if args.json else TerminalReporter(quiet=args.quiet)
    token = CancelToken()
    previous = _handle_signals(_interrupt)
    try:
        with reporter:
            return _convert(args, reporter, token)
    except (FlavrError, KeyboardInterrupt) as caught:
        error = caught if isinstance(caught, FlavrError) else CancelledError()
        if isinstance(reporter, JsonReporter):
            problems = error.problems if isinstance(error, ProblemsError) else (error,)
            for problem in problems:
                reporter.event(
                    "error", message=problem.message, hint=problem.hint, exit_code=problem.exit_code
                )
        if isinstance(error, CancelledError):
            _leave_at_once(error)
        raise error from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _convert(args: argparse.Namespace, reporter: JsonReporter | TerminalReporter, token: CancelToken) -> int:
    settings = settings_from(args)
    from flavr_core.cli.plan_words import foreseen_words, plan_facts, plan_lines, purpose_words
    from flavr_core.clip import ClipKind
    from flavr_core.pipeline import clear_published, foresee, prepare, run_job

    if settings.resume and clear_published(settings.output):
        reporter.note(f"'{settings.output}' was finished already; there is nothing to resume.")
        return 0
    if args.cluster:
        from flavr_core.cluster import prepare_planning
        from flavr_core.cluster.ray_workers import check_address, check_ray

        check_ray()
        check_address(args.cluster)
        job = prepare_planning(settings, reporter, token)
    else:
        job = foresee(prepare(settings, reporter=reporter, token=token))
    if args.sequence_rate and job.info.kind is not ClipKind.SEQUENCE:
        reporter.note("--sequence-rate is for images; this clip has times of its own, which are kept.")
    _handle_signals(_canceller(token))
    if args.dry_run:
        print(_event("plan", plan_facts(job)) if args.json else "\n".join(plan_lines(job)))
        return 0
    time_words = foreseen_words(job)
    if "--model" in time_words:
        reporter.note(f"This takes {time_words}.")
    purpose = purpose_words(settings.engine.model)
    if purpose:
        reporter.note(purpose)
    try:
        report = (
            _on_cluster(args, job, settings, reporter, token)
            if args.cluster
            else run_job(job, reporter, token)
        )
    except FlavrError:
        _say_what_waits(settings.output, reporter)
        raise
    if settings.receipt:
        report.save(settings.receipt)
    if args.json:
        print(_event("done", report.as_json()), flush=True)
    elif not args.quiet:
        print("\n".join(report.lines()))
    return 0


def _on_cluster(
    args: argparse.Namespace,
    job: Job,
    settings: ConvertSettings,
    reporter: JsonReporter | TerminalReporter,
    token: CancelToken,
) -> JobReport:
    from flavr_core.cluster import run_on_cluster
    from flavr_core.cluster.ray_workers import RayWorkers, connect_ray

    def connect() -> RayWorkers:
        reporter.note(f"Connecting to the cluster ({args.cluster}).")
        try:
            return connect_ray(job, settings.engine, address=args.cluster, wanted=args.cluster_workers)
        finally:
            _handle_signals(_canceller(token))  # Ray has taken SIGTERM

    return run_on_cluster(job, settings.engine, connect, reporter, token)


def _say_what_waits(output: Path, reporter: JsonReporter | TerminalReporter) -> None:
    """Tell of the segments of a stopped or failed render that `--resume` can go on from."""
    from flavr_core.pipeline import unfinished_render

    folder = unfinished_render(output)
    if folder is not None:
        reporter.note(f"What was rendered waits in '{folder}': go on with --resume, or delete it.")


def settings_from(args: argparse.Namespace) -> ConvertSettings:
    """The job that the arguments describe.

    Raises:
        ProblemsError: naming every argument that cannot be used.
    """
    problems: list[FlavrError] = []

    def attempt(build: Any, *values: Any) -> Any:
        try:
            return build(*values)
        except ProblemsError as error:
            problems.extend(error.problems)
        except FlavrError as error:
            problems.append(error)
        return None

    slow = attempt(parsed, "--slow", parse_slow, args.slow)
    default_rate = RateTarget(factor=Fraction(1 if slow is not None and slow > 1 else 2))
    rate = attempt(parsed, "--rate", parse_rate, args.rate) if args.rate else default_rate
    start = attempt(parsed, "--start", parse_time_point, args.start) if args.start else None
    stop = attempt(parsed, "--stop", parse_time_point, args.stop) if args.stop else None
    sequence_rate = attempt(parsed, "--sequence-rate", parse_fraction, args.sequence_rate or "24")
    max_memory = None
    if args.max_memory:
        max_memory = attempt(parsed, "--max-memory", parse_bytes, args.max_memory)
    export = attempt(export_from, args)
    scenes = attempt(
        lambda: SceneSettings(
            cuts=CutMode(args.at_cuts),
            sensitivity=args.cut_sensitivity,
            cuts_file=args.cuts,
            duplicates=DuplicateMode(args.duplicates),
        )
    )
    if args.segment_frames is not None and args.segment_frames < 1:
        problems.append(SettingsError("A segment needs at least one frame.", "Use --segment-frames 480."))
    if args.cluster_workers is not None and not args.cluster:
        problems.append(
            SettingsError("--cluster-workers is for a cluster.", "Add --cluster, or leave it away.")
        )
    elif args.cluster_workers is not None and args.cluster_workers < 1:
        problems.append(SettingsError("A cluster needs at least one worker.", "Use --cluster-workers 1."))
    if problems:
        raise ProblemsError(problems)
    return ConvertSettings(
        source=args.source,
        output=args.output,
        timing=TimingSettings(
            rate=rate, slow=slow, start=start, stop=stop, end=EndMode(args.end), keep_vfr=args.keep_vfr
        ),
        scenes=scenes,
        engine=EngineSettings(
            model=args.model,
            device=args.device,
            precision=Precision(args.precision),
            max_memory_bytes=max_memory,
        ),
        export=export,
        sequence_rate=sequence_rate,
        overwrite=args.overwrite,
        resume=args.resume,
        receipt=args.receipt,
        segment_frames=args.segment_frames,
    )


def export_from(args: argparse.Namespace) -> ExportSettings:
    """The preset, or what the output's ending says, with the options of the command line on top.

    Raises:
        SettingsError: when the ending says nothing, or an option cannot be used.
        ProblemsError: naming every option that the format has no use for.
    """
    if str(args.output) == "-":
        raise SettingsError("A clip cannot be written to standard output.", "Give the name of a file.")
    suffix = args.output.suffix.lower()
    if args.preset:
        from flavr_core.media.presets import load_preset

        export = load_preset(args.preset)
    elif suffix in PRESET_BY_SUFFIX:
        container, codec = PRESET_BY_SUFFIX[suffix]
        export = ExportSettings(container=container, codec=codec)
    else:
        raise SettingsError(
            f"'{args.output.name}' does not end in a format that can be written.",
            f"End it in {', '.join(name for name in PRESET_BY_SUFFIX if name)}, or give --preset.",
        )
    _check_of_use(args, export.container)
    chosen = {
        name: getattr(args, name)
        for name in ("codec", "hardware", "crf", "speed", "depth", "chroma", "max_width")
        if getattr(args, name) is not None
    }
    if args.odd_size:
        chosen["odd_size"] = OddSize(args.odd_size)
    if args.audio:
        chosen["audio"] = AudioMode(args.audio)
    if args.no_subtitles:
        chosen["subtitles"] = False
    return replace(export, gif=_gif_from(args, export.gif), **chosen)


def _check_of_use(args: argparse.Namespace, container: str) -> None:
    """Raise ProblemsError for options that would change nothing in this format: a limit is not ignored."""
    problems = [
        SettingsError(
            f"--{name.replace('_', '-')} has no meaning for {container}.",
            f"Leave it away; it is for {', '.join(containers)}.",
        )
        for name, containers in CONTAINERS_OF_OPTION.items()
        if getattr(args, name) is not None and container not in containers
    ]
    if problems:
        raise ProblemsError(problems)


def _gif_from(args: argparse.Namespace, gif: GifSettings) -> GifSettings:
    chosen = {
        name: getattr(args, name) for name in ("colors", "dither", "loop") if getattr(args, name) is not None
    }
    if args.max_size:
        chosen["max_bytes"] = parsed("--max-size", parse_bytes, args.max_size)
    return replace(gif, **chosen)


def _event(name: str, facts: dict[str, Any]) -> str:
    import json

    return json.dumps({"event": name, **facts}, ensure_ascii=False)


def _handle_signals(handler: Callable[[int, FrameType | None], None]) -> dict[signal.Signals, Any]:
    """Give Ctrl-C and SIGTERM to `handler`; returns the old handlers."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    numbers = [signal.SIGINT, signal.SIGTERM]
    return {number: signal.signal(number, handler) for number in numbers}


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Stop at once: before the job runs there is nothing to put in order."""
    raise KeyboardInterrupt


def _canceller(token: CancelToken) -> Callable[[int, FrameType | None], None]:
    """A handler that stops the job the first time, and the process the second."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if token.cancelled:
            os._exit(CancelledError.exit_code)
        token.cancel()

    return on_signal


def _leave_at_once(error: CancelledError) -> None:
    """End the process where a stage is still in the middle of a long pass that nothing can interrupt.

    Its files have temporary names only, and the journal is valid at any moment.
    """
    if any(thread.name.startswith("flavr-") for thread in threading.enumerate()):
        print(f"error: {error.message}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(error.exit_code)
