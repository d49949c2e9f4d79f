"""`main.py doctor`: say what this machine has and lacks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flavr_core.doctor import Finding


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "doctor",
        help="say what this machine has and lacks",
        description="Looks at Python, torch, GPUs, ffmpeg, encoders, disk and models, and says what to do "
        "about what is missing. Exit code 1 when clips cannot be converted.",
    )
    parser.add_argument("--verbose", action="store_true", help="more about each thing")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """Look at everything and print it."""
    from flavr_core.doctor import State, examine

    findings = examine()
    has_problem = any(finding.state is State.PROBLEM for finding in findings)
    if args.json:
        report = {"schema_version": 1, "ok": not has_problem, "findings": [asdict(each) for each in findings]}
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        print_findings(findings, verbose=args.verbose)
    return int(has_problem)


def print_findings(findings: Sequence[Finding], *, verbose: bool) -> None:
    """A line for each finding, and what to do under it."""
    width = max(len(finding.topic) for finding in findings)
    for finding in findings:
        mark = "" if finding.state == "ok" else f"[{finding.state}] "
        print(f"{finding.topic:<{width}}  {mark}{finding.value}")
        for line in (finding.advice, *(finding.details if verbose else ())):
            if line:
                print(f"{'':<{width}}    {line}")
