"""`main.py train`: train any network in legs, or on a data set as papers do (`train_course`)."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flavr_core.cli import train_course
from flavr_core.errors import DeviceError, SettingsError

if TYPE_CHECKING:
    from flavr_core.training.shifts_first import ShiftSettings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "train",
        help="train a network",
        description="With --folder: train a network on folders of clips and rendered motion in legs of any "
        "length. With --dataset: train FLAVR or any network as its authors did. With several GPUs: "
        "torchrun --nproc-per-node N -- main.py train ... . See flavr_core/training/README.md.",
    )
    train_course.add_arguments(parser)
    parser.add_argument(
        "--clips", type=Path, nargs="+", default=[], metavar="DIR", help="folders of cut-free clips"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="where checkpoints and the curve of a leg go"
    )
    parser.add_argument(
        "--bank", type=Path, metavar="DIR", help="where decoded clips are kept (default: FOLDER/bank)"
    )
    parser.add_argument(
        "--validation", type=Path, metavar="DIR", help="held-out windows CLIP_WINDOW_FRAME.png"
    )
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights (safetensors) to go on from")
    parser.add_argument(
        "--start-step",
        type=int,
        metavar="N",
        help="steps those weights have seen (default: as the file says)",
    )
    parser.add_argument(
        "--batch",
        default="64",
        metavar="N[,N...]",
        help="samples a step on each device; of several the best is chosen by trying (default: 64)",
    )
    parser.add_argument(
        "--crop",
        default="256x256",
        metavar="WxH[,WxH...]",
        help="size of the crops; several take turns in legs (default: 256x256)",
    )
    parser.add_argument(
        "--synthetic", type=float, default=0.25, metavar="SHARE", help="part that is rendered"
    )
    parser.add_argument(
        "--max-motion", type=float, default=64.0, metavar="PX", help="largest wanted motion over a gap"
    )
    parser.add_argument(
        "--disturbed", type=float, default=0.0, metavar="SHARE", help="part with flash, fade, noise or blocks"
    )
    parser.add_argument(
        "--curriculum", type=int, default=3000, metavar="STEPS", help="over which motion grows"
    )
    parser.add_argument("--lr", type=float, help="learning rate (default: 4e-4, with --dataset 2e-4)")
    parser.add_argument(
        "--muon", action="store_true", help="legs: steps of inner filters by Muon instead of AdamW"
    )
    parser.add_argument(
        "--warmup",
        type=int,
        metavar="STEPS",
        help="over which the rate rises (default: 500, with --dataset 0)",
    )
    parser.add_argument(
        "--ema", type=float, help="of the average of the weights (default: 0.999, with --dataset none)"
    )
    parser.add_argument("--steps", type=int, default=10**9, metavar="N", help="length of the leg")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="length of the leg, the start included"
    )
    parser.add_argument("--fall-seconds", type=float, default=0.0, help="of it, for the rate to fall to zero")
    parser.add_argument("--fall-steps", type=int, default=0, help="the same in steps (with --steps)")
    parser.add_argument(
        "--validate-every", type=int, default=1000, metavar="STEPS", help="between two scores (default: 1000)"
    )
    parser.add_argument(
        "--validate-seconds", type=float, default=float("inf"), help="the same by the clock (default: never)"
    )
    parser.add_argument(
        "--checkpoint-seconds", type=float, default=120.0, help="between two checkpoints (default: 120)"
    )
    parser.add_argument(
        "--sane-after",
        type=int,
        default=0,
        metavar="STEPS",
        help="stop a leg that is below cross-fading then (default: never)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")
    parser.add_argument(
        "--device",
        choices=("cuda", "cpu"),
        help="where it trains (default: cuda, with --dataset what is there)",
    )
    parser.add_argument(
        "--compile", action="store_true", help="compile the step: minutes at the start, then faster"
    )
    parser.add_argument("--eager", action="store_true", help="neither compile nor record the step")
    parser.add_argument(
        "--shift-steps",
        default="1600,600",
        metavar="N,M",
        help="of a new UPR-Net on shifted pictures, one level and all of them (default: 1600,600)",
    )
    parser.add_argument(
        "--find-cuts", action="store_true", help="clips have cuts: find them, and train between them"
    )
    parser.add_argument(
        "--ship",
        type=Path,
        metavar="PATH",
        help="put the weights of a leg (its folder, or a file) among the program's as --model, and end",
    )
    parser.add_argument(
        "--ship-share",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="of them in a mean with the weights that are there now (default: 1, these alone)",
    )
    parser.add_argument(
        "--new-leg", action="store_true", help="count a found checkpoint's steps as a leg done"
    )


def run(args: argparse.Namespace) -> int:
    """Train a course where a data set is named, else one leg."""
    started = time.monotonic()
    if args.ship is not None:
        from flavr_core.training.shipping import ship

        card = ship(args.ship, args.model or "fourflow", share=args.ship_share)
        print(
            f"{card.file}, {card.file_bytes / 1e6:.1f} MB, {card.training['steps']}: write its card's words."
        )
        return 0
    if args.ship_share != 1:
        raise SettingsError("--ship-share is of weights to be shipped.", "Name them with --ship.")
    if args.dataset is not None or args.density is not None:
        return train_course.run(args)
    return _run_leg(args, started)


def batch_sizes(text: str) -> tuple[int, ...]:
    """Sizes of `N,N,...`. Raises SettingsError when one is no number above zero."""
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise SettingsError(f"--batch {text} is no number of samples.", "Write a number, or several: 64,32.")
    return tuple(int(part) for part in parts)


def crop_size(text: str) -> tuple[int, int]:
    """Width and height of `WxH`. Raises SettingsError when it is something else."""
    width, cross, height = text.partition("x")
    if not cross or not (width.isdecimal() and height.isdecimal()) or min(int(width), int(height)) < 1:
        raise SettingsError(f"--crop {text} is no size.", "Write WIDTHxHEIGHT, as in 256x256.")
    return int(width), int(height)


def shift_settings(text: str) -> ShiftSettings:
    """Steps of `N,M`. Raises SettingsError when it is something else."""
    steps = text.split(",")
    if len(steps) != 2 or not all(part.isdecimal() for part in steps):
        raise SettingsError(f"--shift-steps {text} is no pair of numbers.", "Write two: 1600,600.")
    from flavr_core.training.shifts_first import ShiftSettings

    return ShiftSettings(steps=int(steps[0]), whole_steps=int(steps[1]))


def _run_leg(args: argparse.Namespace, started: float) -> int:
    """One leg; goes on from FOLDER/checkpoint.pt when it is there."""
    if args.folder is None:
        raise SettingsError(
            "Neither --folder nor --dataset is given.",
            "Name a folder for a leg, or a data set for a course.",
        )
    import torch

    from flavr_core.training.batches import BatchSettings
    from flavr_core.training.leg import LegFiles, run_leg
    from flavr_core.training.leg_settings import LegSettings

    (width, height), *others = (crop_size(text) for text in args.crop.split(","))
    sizes, shifts = batch_sizes(args.batch), shift_settings(args.shift_steps)
    device_type = args.device or "cuda"
    if device_type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("There is no usable GPU to train on.", "Use --device cpu, which is slow.")
    settings = LegSettings(
        folder=args.folder,
        batch=BatchSettings(
            size=sizes[0],
            synthetic_share=args.synthetic if args.clips else 1.0,
            height=height,
            width=width,
            other_crops=tuple((rows, columns) for columns, rows in others),
            max_motion_px=args.max_motion,
            curriculum_steps=args.curriculum,
            disturbed=args.disturbed,
            copied=BatchSettings().copied if args.copies is None else args.copies,
            seed=args.seed,
        ),
        learning_rate=4e-4 if args.lr is None else args.lr,
        muon=args.muon,
        warmup_steps=500 if args.warmup is None else args.warmup,
        ema=0.999 if args.ema is None else args.ema,
        max_steps=args.steps,
        max_seconds=args.seconds,
        fall_seconds=args.fall_seconds,
        fall_steps=args.fall_steps,
        validate_steps=args.validate_every,
        validate_seconds=args.validate_seconds,
        checkpoint_seconds=args.checkpoint_seconds,
        sane_steps=args.sane_after,
        loss=args.loss,
        teacher_weight=args.teacher_weight,
        compile=args.compile,
        eager=args.eager,
        board=args.use_tensorboard,
        shifts=shifts,
    )
    files = LegFiles(
        clips=tuple(args.clips),
        bank=args.bank or args.folder / "bank",
        validation=args.validation,
        model=args.model,
        start=args.start,
        start_step=args.start_step,
        batch_choices=sizes if len(sizes) > 1 else (),
        new_leg=args.new_leg,
        teacher=args.teacher,
        find_cuts=args.find_cuts,
    )
    run_leg(settings, files, device_type=device_type, started=started)
    return 0
