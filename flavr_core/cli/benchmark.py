"""`benchmark`: speed and memory, measured, with a reference beside ours in the same run."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any


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
    for kind in (reference, memory):
        kind.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    return _run_reference(args) if args.kind == "reference" else _run_memory(args)


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
