"""`benchmark speed | layers | pipeline | scaling`: networks beside their plain forms, tables, charts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from flavr_core.errors import SettingsError
from flavr_core.settings import EngineSettings, Precision

LAYER_WAYS = ("layout", "skipping", "six-products", "integers", "six-integers", "windows", "columns")
"""Our ways to draw a FLAVR whose stages are timed: integers on processors, the last two on GPUs."""


def add_parsers(kinds: Any) -> None:
    """Describe the four commands."""
    speed = kinds.add_parser(
        "speed",
        help="networks beside their plain forms: time, TFLOP/s, memory, error",
        description="Time networks as the engine draws with them and, in the same run, their plain forms in "
        "eager float32 (with TF32 convolutions on a GPU).",
    )
    speed.add_argument("network", nargs="+", metavar="NAME|FILE", help="networks, see `models list`")
    _add_sizes(speed, ["448x256", "1280x720"])
    speed.add_argument(
        "--precision",
        nargs="+",
        choices=[*map(str, Precision)],
        default=[Precision.AUTO],
        help="number formats (default: auto)",
    )
    _add_batches(speed)
    layers = kinds.add_parser(
        "layers",
        help="FLAVR stage by stage beside the plain network",
        description="Time each stage of a FLAVR, waiting for the device at its start and end: the plain "
        "network and each way of our fast form.",
    )
    layers.add_argument("network", metavar="NAME|FILE", help="a FLAVR")
    _add_sizes(layers, ["1280x720"])
    layers.add_argument(
        "--precision", choices=[*map(str, Precision)], default=Precision.AUTO, help="number format"
    )
    layers.add_argument(
        "--ways",
        nargs="+",
        choices=LAYER_WAYS,
        default=LAYER_WAYS,
        help="of ours that there are (default: all)",
    )
    scaling = kinds.add_parser(
        "scaling",
        help="a network as pictures and batches grow",
        description="Time a network at many sizes and numbers of windows at once, without its plain form.",
    )
    scaling.add_argument("network", metavar="NAME|FILE", help="network, see `models list`")
    _add_sizes(scaling, ["256x256", "448x256", "640x360", "1280x720", "1920x1080", "3840x2160"])
    _add_batches(scaling)
    scaling.add_argument(
        "--precision", choices=[*map(str, Precision)], default=Precision.AUTO, help="number format"
    )
    pipeline = kinds.add_parser(
        "pipeline",
        help="a conversion stage by stage and end to end",
        description="Decode, draw and encode a made clip, each alone, then convert it from end to end; "
        "ffmpeg's own decoding and encoding beside.",
    )
    pipeline.add_argument("network", metavar="NAME|FILE", help="network, see `models list`")
    pipeline.add_argument("--size", default="1280x720", metavar="WxH", help="picture (default: 1280x720)")
    pipeline.add_argument("--frames", type=int, default=48, help="frames of the clip (default: 48)")
    pipeline.add_argument(
        "--precision", choices=[*map(str, Precision)], default=Precision.AUTO, help="number format"
    )
    pipeline.add_argument("--rounds", type=int, default=3, help="of all stages; medians (default: 3)")
    for kind in (speed, layers, scaling):
        kind.add_argument("--runs", type=int, default=5, help="counted runs (default: 5)")
        kind.add_argument("--warm-up", type=int, default=2, help="runs that are not counted (default: 2)")
    for kind in (speed, layers, scaling, pipeline):
        kind.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
        kind.add_argument("--json", action="store_true", help="print one JSON object")
        kind.add_argument("--output", type=Path, metavar="FILE.md", help="write the table as Markdown too")
        kind.add_argument("--chart", type=Path, metavar="FILE.png", help="draw bars as well")


def _add_sizes(kind: argparse.ArgumentParser, sizes: Sequence[str]) -> None:
    told = f"pictures (default: {' '.join(sizes)})"
    kind.add_argument("--size", nargs="+", default=list(sizes), metavar="WxH", help=told)


def _add_batches(kind: argparse.ArgumentParser) -> None:
    kind.add_argument("--batch", type=int, nargs="+", default=[1], help="windows at once (default: 1)")


def parse_size(text: str) -> tuple[int, int]:
    """Columns and rows of `WxH`.

    Raises:
        SettingsError: when it is no size.
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise SettingsError(f"--size {text!r} is no size.", "Write it like 1280x720.")
    return int(width), int(height)


def check_runs(args: argparse.Namespace) -> None:
    """See that something can be measured.

    Raises:
        SettingsError: when not.
    """
    if args.runs < 1 or args.warm_up < 0:
        raise SettingsError(
            f"{args.runs} runs after {args.warm_up} cannot be measured.", "Use --runs 1 or more."
        )


def _check_batches(args: argparse.Namespace) -> None:
    if min(args.batch) < 1:
        raise SettingsError(f"--batch {min(args.batch)} draws nothing.", "Use 1 or more.")


def run_speed(args: argparse.Namespace) -> int:
    """Networks, precisions, sizes and windows at once, each beside its plain form."""
    from flavr_core.benchmark.speed import Contest, speed_row

    check_runs(args)
    _check_batches(args)
    sizes = [parse_size(text) for text in args.size]
    rows = []
    for name in args.network:
        for precision in args.precision:
            contest = Contest(name, device=args.device, precision=Precision(precision))
            for (width, height), batch in product(sizes, args.batch):
                row = speed_row(
                    contest, width=width, height=height, batch=batch, runs=args.runs, warm_up=args.warm_up
                )
                rows.append(row)
                _tell(args, row)
    return _finish(args, "Networks beside their plain forms", rows, bars=("plain fp32 ms", "ours ms"))


def run_layers(args: argparse.Namespace) -> int:
    """One FLAVR's stages."""
    from flavr_core.benchmark.layers import layer_rows
    from flavr_core.benchmark.speed import Contest
    from flavr_core.model.flavr_columns import has_programs
    from flavr_core.model.flavr_fast_options import FastOptions, has_fast_int8
    from flavr_core.model.network import DTYPES

    check_runs(args)
    contest = Contest(args.network, device=args.device, precision=Precision(args.precision))
    bands = 256 if contest.device.type == "cuda" else 64
    ways = {
        "layout": FastOptions(band_rows=bands),
        "skipping": FastOptions(band_rows=bands, skip_padding=True),
        "six-products": FastOptions(band_rows=bands, toom_cook_from=128),
    }
    if contest.device.type == "cuda":
        ways["windows"] = FastOptions(band_rows=bands, windows=True)
    elif contest.choice.precision is Precision.BF16 and has_fast_int8():
        integers = replace(ways["six-products"], int8_from=2)
        ways |= {"integers": integers, "six-integers": replace(integers, int8_six=True)}
    if has_programs(contest.device, DTYPES[contest.choice.precision]):
        ways["columns"] = FastOptions(columns=True)
    ways = {name: options for name, options in ways.items() if name in args.ways}
    if not ways:
        raise SettingsError(
            f"There is no such way on {contest.device}.", "Leave out --ways for all there are."
        )
    rows: list[dict[str, Any]] = []
    for width, height in [parse_size(text) for text in args.size]:
        of_size = layer_rows(contest, ways, width=width, height=height, runs=args.runs, warm_up=args.warm_up)
        rows += [{"size": f"{width}x{height}", **row} for row in of_size]
    title = f"Stages of {contest.plain.name}, ours in {contest.choice.precision}"
    return _finish(args, title, rows, bars=("plain fp32 ms", *(f"{way} ms" for way in ways)))


def run_scaling(args: argparse.Namespace) -> int:
    """One network at many sizes and batches."""
    from flavr_core.benchmark.speed import Contest, speed_row
    from flavr_core.engine.drawing import is_out_of_memory

    check_runs(args)
    _check_batches(args)
    contest = Contest(args.network, device=args.device, precision=Precision(args.precision))
    rows = []
    for width, height in [parse_size(text) for text in args.size]:
        for batch in args.batch:
            try:
                row = speed_row(
                    contest, width=width, height=height, batch=batch, runs=args.runs, warm_up=args.warm_up,
                    with_plain=False,
                )  # fmt: skip
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                size = f"{width}x{height}"
                row = {"network": args.network, "size": size, "batch": batch, "way": "no memory"}
            rows.append(row)
            _tell(args, row)
    return _finish(args, "Scaling", rows, bars=("made frames/s",))


def run_pipeline(args: argparse.Namespace) -> int:
    """One conversion, stage by stage and whole."""
    from flavr_core.benchmark.pipeline import pipeline_rows

    parse_size(args.size)
    if args.frames < 4:
        raise SettingsError(f"{args.frames} frames are too few.", "Use --frames 4 or more.")
    if args.rounds < 1:
        raise SettingsError(f"{args.rounds} rounds cannot be measured.", "Use --rounds 1 or more.")
    settings = EngineSettings(model=args.network, device=args.device, precision=Precision(args.precision))
    rows = pipeline_rows(settings, size=args.size, frames=args.frames, rounds=args.rounds)
    title = f"Conversion of {args.size} at 2x with {args.network}"
    return _finish(args, title, rows, bars=("frames/s",))


RUNS: dict[str, Callable[[argparse.Namespace], int]] = {
    "speed": run_speed, "layers": run_layers, "scaling": run_scaling, "pipeline": run_pipeline,
}  # fmt: skip
"""What each of the four kinds does."""


def _tell(args: argparse.Namespace, row: dict[str, Any]) -> None:
    """A line as soon as it is known: large sizes take long."""
    if args.json:
        return
    known = {name: value for name, value in row.items() if value is not None}
    words = [f"{name} {of:.4g}" if isinstance(of, float) else f"{of}" for name, of in known.items()]
    print(", ".join(words), flush=True)


def _finish(
    args: argparse.Namespace, title: str, rows: list[dict[str, Any]], *, bars: tuple[str, ...]
) -> int:
    """Print the table, and write what was asked for."""
    from flavr_core.benchmark.machine import device_lines, machine_lines
    from flavr_core.benchmark.table import Table

    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    machine = (*machine_lines(), *device_lines(), *_settings_lines(args))
    table = Table(title=title, machine=machine, columns=columns, rows=tuple(rows), bars=bars)
    print(json.dumps(table.as_json(), indent=1) if args.json else table.as_markdown())
    if args.output is not None:
        _save(args.output, lambda: args.output.write_text(table.as_markdown(), encoding="utf-8"))
    if args.chart is not None:
        _save(args.chart, lambda: table.save_chart(args.chart))
    return 0


def _settings_lines(args: argparse.Namespace) -> list[str]:
    if hasattr(args, "rounds"):
        return [f"settings  {args.frames} frames; medians of {args.rounds} rounds of all stages"]
    return [f"settings  {args.runs} runs after {args.warm_up}, in turn; medians"]


def _save(path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"{path} cannot be written: {reason}.", "Name another file.") from error
