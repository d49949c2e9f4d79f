"""`benchmark fused`: the fused kernels of the two-frame networks beside the plain ways, on one device."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from flavr_core.errors import SettingsError


def add_parser(kinds: Any) -> argparse.ArgumentParser:
    """Describe the command's arguments."""
    parser: argparse.ArgumentParser = kinds.add_parser(
        "fused",
        help="fused kernels beside the plain ways",
        description="Compute every operator that has a fused kernel, and whole networks with new weights, in "
        "each way in float32 and float16: time, memory, and agreement with the first way in float32. "
        "Without a GPU the plain ways are measured alone.",
    )
    parser.add_argument("--width", type=int, default=1280, help="columns of the pictures (default: 1280)")
    parser.add_argument("--height", type=int, default=720, help="rows of the pictures (default: 720)")
    parser.add_argument(
        "--networks",
        nargs="*",
        default=["adacof", "adacof-compressed-plus", "cdfi", "upr-base", "upr-llarge"],
        metavar="NAME",
        help="published networks; none for the operators alone",
    )
    parser.add_argument(
        "--ways",
        nargs="+",
        choices=["plain", "fused", "engine"],
        default=["plain", "fused", "engine"],
        help="by PyTorch's operations, by the kernels, or as the engine draws (default: all)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--runs", type=int, default=10, help="counted runs (default: 10)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.runs < 1 or min(args.width, args.height) < 16:
        raise SettingsError(
            f"{args.runs} runs of {args.width}x{args.height} pixels cannot be measured.",
            "Use at least one run and 16 x 16 pixels.",
        )
    from flavr_core.benchmark.fused import compare_ways
    from flavr_core.benchmark.machine import machine_lines
    from flavr_core.engine.device import choose_device, device_name

    device = choose_device(args.device)
    if not args.json:
        print("\n".join(machine_lines()))
        print(f"settings  {args.width}x{args.height} on {device_name(device)}, {args.runs} runs, medians\n")
        print(f"{'what':32} {'type':>9} {'way':>6} {'ms':>10} {'MB':>8} {'dB':>7}")
    rows = []
    for row in compare_ways(
        device,
        width=args.width,
        height=args.height,
        networks=args.networks,
        runs=args.runs,
        ways=args.ways,
    ):
        rows.append(asdict(row))
        if not args.json:
            held = "-" if row.peak_bytes is None else f"{row.peak_bytes / 1e6:.0f}"
            print(
                f"{row.what:32} {row.dtype:>9} {row.way:>6} {row.ms:10.2f} {held:>8} {row.psnr_db:7.1f}",
                flush=True,
            )
    if args.json:
        print(json.dumps({"machine": machine_lines(), "device": device_name(device), "rows": rows}, indent=1))
    return 0
