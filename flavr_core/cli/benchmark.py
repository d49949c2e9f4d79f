"""`benchmark`: speed and memory, measured, with a reference beside ours in the same run."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from flavr_core.cli import benchmark_fused, benchmark_speed
from flavr_core.cli.arguments import parsed
from flavr_core.cli.benchmark_speed import check_runs, parse_size
from flavr_core.errors import SettingsError
from flavr_core.settings import EngineSettings, Precision
from flavr_core.timing import parse_fraction


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "benchmark",
        help="measure speed and memory",
        description="Measure whole conversions as a user runs them, each in a process of its own.",
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    reference = kinds.add_parser(
        "reference",
        help="whole conversions beside ffmpeg's minterpolate",
        description="Double the rate of clips with our networks and with ffmpeg's minterpolate in turn: "
        "time, memory, and PSNR of frames that were held out.",
    )
    reference.add_argument("source", type=Path, nargs="+", help="clips of constant rate")
    reference.add_argument(
        "--network",
        choices=["blend", "motion"],
        nargs="+",
        default=["blend", "motion"],
        help="networks to measure (default: both)",
    )
    reference.add_argument(
        "--device", default="cpu", help="auto, cpu (default), cuda or cuda:N; ffmpeg's filter runs on the CPU"
    )
    reference.add_argument(
        "--runs", type=int, default=3, help="counted runs; the median is printed (default: 3)"
    )
    reference.add_argument("--warm-up", type=int, default=1, help="runs that are not counted (default: 1)")
    memory = kinds.add_parser(
        "memory",
        help="peak memory as the clip gets longer",
        description="Convert made clips of several lengths and print each one's peak memory.",
    )
    memory.add_argument(
        "--seconds", type=int, nargs="+", default=[10, 60, 180], help="lengths (default: 10 60 180)"
    )
    memory.add_argument("--network", default="motion", help="name in the catalogue (default: motion)")
    memory.add_argument("--size", default="1920x1080", metavar="WxH", help="picture (default: 1920x1080)")
    memory.add_argument(
        "--rate", type=Fraction, default=Fraction(24), help="frames a second of the clip (default: 24)"
    )
    network = kinds.add_parser(
        "network",
        help="one network's time for a picture",
        description="Draw one in-between of made pictures again and again with each network: median time "
        "of the network alone and from frame to frame, and on a GPU the memory it held.",
    )
    network.add_argument("network", nargs="+", metavar="NAME|FILE", help="networks, see `models list`")
    network.add_argument(
        "--size",
        nargs="+",
        default=["448x256", "1280x720"],
        metavar="WxH",
        help="pictures (default: 448x256 1280x720)",
    )
    network.add_argument("--position", default="1/2", metavar="P", help="place in the gap (default: 1/2)")
    network.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    network.add_argument(
        "--precision", choices=[*map(str, Precision)], default=Precision.AUTO, help="number format"
    )
    network.add_argument("--runs", type=int, default=10, help="counted runs (default: 10)")
    network.add_argument("--warm-up", type=int, default=2, help="runs that are not counted (default: 2)")
    for kind in (reference, memory, network, benchmark_fused.add_parser(kinds)):
        kind.add_argument("--json", action="store_true", help="print one JSON object")
    benchmark_speed.add_parsers(kinds)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    runs = {"reference": _run_reference, "memory": _run_memory, "network": _run_network}
    runs |= {"fused": benchmark_fused.run, **benchmark_speed.RUNS}
    return runs[args.kind](args)


def _run_reference(args: argparse.Namespace) -> int:
    from flavr_core.benchmark.machine import machine_lines
    from flavr_core.benchmark.reference import X264, compare

    settings = f"2x, x264 {X264}, {args.runs} runs after {args.warm_up} warm-up, in turn; medians"
    if not args.json:
        print("\n".join([*machine_lines(), f"settings  {settings}", ""]))
        print(f"{'clip':24} {'converter':58} {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'PSNR-Y dB':>9}")
    results = []
    for source in args.source:
        for network in args.network:
            rows = compare(source, network=network, runs=args.runs, warm_up=args.warm_up, device=args.device)
            results += [{"clip": source.name, **asdict(row)} for row in rows]
            for row in () if args.json else rows:
                figures = row.figures
                print(
                    f"{source.name:24} {row.name:58} {figures.wall_s:8.2f} {figures.cpu_s:8.2f} "
                    f"{figures.peak_bytes / 1e6:8.0f} {row.psnr_db:9.2f}",
                    flush=True,
                )
    if args.json:
        print(json.dumps({"machine": machine_lines(), "settings": settings, "rows": results}, indent=1))
    return 0


def _run_network(args: argparse.Namespace) -> int:
    from flavr_core.benchmark.machine import machine_lines
    from flavr_core.benchmark.network import time_network

    check_runs(args)
    sizes = [parse_size(text) for text in args.size]
    position = parsed("--position", parse_fraction, args.position)
    if not 0 < position < 1:
        raise SettingsError(f"{position} does not lie in the gap.", "Use a position like 1/2 or 0.25.")
    if not args.json:
        print("\n".join([*machine_lines(), f"settings  {args.runs} runs after {args.warm_up}; medians", ""]))
        print(f"{'network':24} {'size':>10} {'alone ms':>9} {'frame ms':>9} {'GPU MB':>8}  drawn by")
    rows = []
    for name in args.network:
        settings = EngineSettings(model=name, device=args.device, precision=Precision(args.precision))
        for width, height in sizes:
            row = time_network(
                settings, width=width, height=height, position=position, runs=args.runs, warm_up=args.warm_up
            )
            rows.append(asdict(row))
            if not args.json:
                alone = "-" if row.draw_ms is None else f"{row.draw_ms:.1f}"
                held = "-" if row.device_bytes is None else f"{row.device_bytes / 1e6:.0f}"
                size = f"{width}x{height}"
                print(
                    f"{row.network:24} {size:>10} {alone:>9} {row.frame_ms:9.1f} {held:>8}  {row.drawn_by}",
                    flush=True,
                )
    if args.json:
        print(json.dumps({"machine": machine_lines(), "rows": rows}, indent=1))
    return 0


def _run_memory(args: argparse.Namespace) -> int:
    from flavr_core.benchmark.machine import machine_lines
    from flavr_core.benchmark.memory import grow

    rows = grow(args.seconds, network=args.network, size=args.size, rate=args.rate)
    if args.json:
        print(json.dumps({"machine": machine_lines(), "rows": [asdict(row) for row in rows]}, indent=1))
        return 0
    print("\n".join([*machine_lines(), f"settings  {args.size} at {args.rate} fps, 2x, {args.network}", ""]))
    print(f"{'clip s':>8} {'wall s':>8} {'peak MB':>8}")
    for row in rows:
        print(f"{row.seconds:8} {row.figures.wall_s:8.1f} {row.figures.peak_bytes / 1e6:8.0f}")
    return 0
