"""`main.py train --dataset NAME ...`: the authors' own commands, flags and defaults, for any network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flavr_core.errors import DeviceError, MediaError, OutputError, SettingsError

if TYPE_CHECKING:
    from flavr_core.training.course import CourseSettings
    from flavr_core.training.examples import Examples
    from flavr_core.training.ranks import Rank

JOINS = ("concat", "add", "none")
UP_MODES = ("transpose", "upsample")
LOSSES = "L1, MSE, Huber, Charb, Laplacian, Census, SSIM, VGG22 to VGG54, LPIPS"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe them; each can be spelt with underscores, as the authors do, or with dashes."""
    group = parser.add_argument_group("courses on a data set")

    def flag(name: str, **kwargs: Any) -> None:
        spellings = dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}"))
        group.add_argument(*spellings, dest=name, **kwargs)

    flag("dataset", metavar="NAME", help="vimeo90K_septuplet, vimeo90K_triplet, gopro, or clips (any folder)")
    flag(
        "data_root",
        type=Path,
        action="append",
        metavar="DIR",
        help="where it lies; clips: also several times",
    )
    parser.add_argument("n_outputs", nargs="?", type=int, help="frames that are drawn in a gap (default: 1)")
    flag_outputs = dict.fromkeys(("--n_outputs", "--n-outputs"))
    group.add_argument(
        *flag_outputs, dest="n_outputs_flag", type=int, metavar="N", help="the same as an option"
    )
    flag(
        "model",
        help="unet_18 (default), unet_34, flavr-narrow, adacof, adacof-compressed, cdfi, upr-base, upr-large "
        "or upr-llarge anew, a name of the catalogue, or a file; legs: new ones and fourflow (default)",
    )
    flag("nbr_frame", type=int, choices=(2, 4), default=4, help="frames a new FLAVR looks at (default: 4)")
    flag("joinType", choices=JOINS, default="concat", help="how a new FLAVR's skips join")
    flag("upmode", choices=UP_MODES, default="transpose", help="how a new FLAVR's decoder grows")
    flag("loss", metavar="W*NAME+...", help=f"of {LOSSES} (default: 1*L1, for legs the network's own)")
    flag("beta1", type=float, default=0.9, help="Adam's (default: 0.9)")
    flag("beta2", type=float, default=0.99, help="Adam's (default: 0.99)")
    flag("batch_size", type=int, default=16, metavar="N", help="examples a step on all devices (default: 16)")
    flag("test_batch_size", type=int, default=1, metavar="N", help="held-out examples at once (default: 1)")
    flag("start_epoch", type=int, default=0, metavar="N", help="epoch to count from (default: 0)")
    flag("max_epoch", type=int, default=200, metavar="N", help="passes over the data (default: 200)")
    flag(
        "schedule", choices=("plateau", "cosine", "constant"), default="plateau", help="of the learning rate"
    )
    flag("resume", action="store_true", help="go on from the checkpoint of --exp_name")
    flag("resume_exp", metavar="NAME", help="go on from the checkpoint of another experiment")
    flag("checkpoint_dir", type=Path, default=Path(), metavar="DIR", help="where saved_models_final/ is made")
    flag("load_from", type=Path, metavar="FILE", help="weights to begin with, all of them")
    flag("pretrained", type=Path, metavar="FILE", help="weights to begin with, those of the same shape")
    flag("exp_name", default="exp", metavar="NAME", help="name of the experiment (default: exp)")
    flag(
        "log_iter", type=int, default=60, metavar="STEPS", help="between two lines of the curve (default: 60)"
    )
    flag("val_freq", type=int, default=1, metavar="EPOCHS", help="between two measurements (default: 1)")
    flag("random_seed", type=int, default=12345, metavar="N", help="of everything drawn (default: 12345)")
    flag("num_workers", type=int, default=16, metavar="N", help="processes that read pictures (default: 16)")
    flag("use_tensorboard", action="store_true", help="write TensorBoard's files as well")
    flag("teacher", metavar="MODEL", help="a network whose pictures are learnt from as well")
    flag(
        "teacher_weight", type=float, default=0.1, metavar="W", help="of the distance to them (default: 0.1)"
    )
    flag("no_augment", action="store_true", help="crops alone: no flips, no reversal, no jitter")
    flag(
        "copies",
        type=float,
        metavar="SHARE",
        help="of examples with copied outer frames, as at a clip's ends (default: 0, for legs 0.2)",
    )
    flag(
        "max_norm",
        type=float,
        default=0.0,
        metavar="X",
        help="gradients are shortened to it (default: never)",
    )
    flag("bf16", action="store_true", help="compute products in bfloat16")
    flag(
        "sparsity", type=float, default=0.0, metavar="W", help="thin the weights out, as CDFI does with 1e-4"
    )
    flag("proximal_epochs", type=int, default=10, metavar="N", help="before zeros stay zeros (default: 10)")
    flag("density", type=Path, metavar="FILE", help="say what is left of each layer of a network, and end")
    flag(
        "narrow",
        type=Path,
        metavar="FILE",
        help="begin a narrower network, as a thinned out one's zeros allow",
    )
    flag(
        "width_multiple",
        type=int,
        default=1,
        metavar="N",
        help="of its widths; 8 is quick on GPUs (default: 1)",
    )
    for ignored in (
        "nbr_width",
        "num_gpu",
        "cuda",
    ):  # the authors' programs take them; torchrun counts devices
        flag(ignored, nargs="?", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Train a course, or say how dense a network is."""
    if args.density is not None:
        from flavr_core.model import load
        from flavr_core.training.sparsity import density_report, measure_densities

        print(density_report(measure_densities(load(str(args.density)))))
        return 0
    outputs = _outputs(args)
    _check(args)
    import torch

    from flavr_core.training.ranks import join_ranks

    device_type = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device_type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("There is no usable GPU to train on.", "Use --device cpu, which is slow.")
    folder = args.checkpoint_dir / "saved_models_final" / args.dataset / args.exp_name
    checkpoint = folder / "checkpoint.pth"
    if checkpoint.exists() and not args.resume:
        raise OutputError(f"{checkpoint} exists already.", "Add --resume, or give another --exp_name.")
    rank = join_ranks(device_type)
    try:
        _train(args, _settings(args, folder, outputs), rank, checkpoint)
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    return 0


def _outputs(args: argparse.Namespace) -> int:
    """Frames in a gap, from the bare number or the option."""
    both = [value for value in (args.n_outputs_flag, args.n_outputs) if value is not None]
    if len(set(both)) > 1 or any(not 1 <= value <= 63 for value in both):
        raise SettingsError(
            f"n_outputs cannot be {' and '.join(map(str, both))}.", "Give one number from 1 up."
        )
    return both[0] if both else 1


def _check(args: argparse.Namespace) -> None:
    if not args.data_root:
        raise SettingsError("--data_root is missing.", "Give the folder of the data set.")
    if args.dataset != "clips" and len(args.data_root) > 1:
        raise SettingsError(f"{args.dataset} lies in one folder.", "Give one --data_root.")
    at_least = {"batch_size": 1, "test_batch_size": 1, "max_epoch": 1, "log_iter": 1, "val_freq": 1}
    at_least |= {"width_multiple": 1}
    at_least |= {"num_workers": 0, "start_epoch": 0, "sparsity": 0, "teacher_weight": 0, "copies": 0}
    for name, least in at_least.items():
        if (getattr(args, name) or 0) < least:
            raise SettingsError(f"--{name} cannot be {getattr(args, name)}.", f"Give {least} or more.")


def _settings(args: argparse.Namespace, folder: Path, outputs: int) -> CourseSettings:
    from flavr_core.cli.train import crop_size
    from flavr_core.training.augmentation import JITTER, Augmentation
    from flavr_core.training.clips import default_workers
    from flavr_core.training.course import CourseSettings

    lively = not args.no_augment
    return CourseSettings(
        folder=folder,
        outputs=outputs,
        batch_size=args.batch_size,
        test_batch_size=args.test_batch_size,
        epochs=args.max_epoch,
        max_steps=args.steps,
        learning_rate=args.lr if args.lr is not None else (1e-2 if args.sparsity else 2e-4),
        betas=(args.beta1, args.beta2),
        schedule=args.schedule,
        warmup_steps=args.warmup or 0,
        max_norm=args.max_norm,
        augmentation=Augmentation(
            crop_px=crop_size(args.crop),
            flips=lively,
            reversal=lively,
            jitter=JITTER if lively else 0.0,
            copies=args.copies or 0.0,
        ),
        teacher_weight=args.teacher_weight,
        sparsity=args.sparsity,
        proximal_epochs=args.proximal_epochs,
        ema=args.ema or 0.0,
        bf16=args.bf16,
        compile=args.compile,
        workers=min(args.num_workers, default_workers()),
        seed=args.random_seed,
        log_steps=args.log_iter,
        validate_epochs=args.val_freq,
        board=args.use_tensorboard,
    )


def _train(args: argparse.Namespace, settings: CourseSettings, rank: Rank, checkpoint: Path) -> None:
    import torch

    from flavr_core.cli.train import shift_settings
    from flavr_core.model import load
    from flavr_core.model.flavr_config import Join, UpMode
    from flavr_core.model.uprnet import UprNet
    from flavr_core.training.beginnings import Beginning, begin, is_new_upr
    from flavr_core.training.course import Course, describe
    from flavr_core.training.criteria import parse_loss
    from flavr_core.training.shifts_first import show_shifts
    from flavr_core.training.sparsity import density_report, measure_densities

    torch.manual_seed(settings.seed)
    torch.backends.cudnn.benchmark = True
    beginning = Beginning(
        model=args.model or "unet_18",
        outputs=settings.outputs,
        inputs=args.nbr_frame,
        join=Join(args.joinType),
        up_mode=UpMode(args.upmode),
        weights=args.load_from,
        same_shape=args.pretrained,
        narrow=args.narrow,
        width_multiple=args.width_multiple,
    )
    criterion = parse_loss(args.loss or "1*L1", rank.device)
    train, held_out = _examples(args, settings, rank)
    teacher = load(args.teacher) if args.teacher else None
    network = begin(beginning)
    if is_new_upr(beginning, network) and not checkpoint.exists() and args.resume_exp is None:
        assert isinstance(network, UprNet)
        show_shifts(network, shift_settings(args.shift_steps), None, rank, seed=settings.seed)
    course = Course(network, criterion, settings, rank, teacher=teacher)
    course.epoch = args.start_epoch
    if checkpoint.exists():
        course.load(checkpoint)
    elif args.resume_exp is not None:
        course.load(checkpoint.parent.parent / args.resume_exp / checkpoint.name)
    if rank.leads:
        print(describe(settings, course.network, train, held_out), flush=True)
    course.run(train, held_out)
    if settings.sparsity and rank.leads:
        report = density_report(measure_densities(course.network))
        (settings.folder / "density.txt").write_text(report + "\n", encoding="utf-8")
        print(report)


def _examples(
    args: argparse.Namespace, settings: CourseSettings, rank: Rank
) -> tuple[Examples, Examples | None]:
    """What is trained on and what is held out."""
    from torch import distributed

    from flavr_core.training.examples import ClipExamples, open_examples
    from flavr_core.training.stretches import build_stretches, find_footage

    if args.dataset != "clips":
        root, outputs = args.data_root[0], settings.outputs
        return (
            open_examples(args.dataset, root, outputs=outputs, held_out=False),
            open_examples(args.dataset, root, outputs=outputs, held_out=True),
        )
    bank = args.bank or settings.folder / "footage"
    if rank.leads and not (bank / "bank.json").exists():
        build_stretches(find_footage(args.data_root), bank)
    if rank.count > 1:
        distributed.barrier()
    train = ClipExamples(bank, outputs=settings.outputs, held_out=False)
    try:
        return train, ClipExamples(bank, outputs=settings.outputs, held_out=True)
    except MediaError:
        print("No stretch is long enough to hold a part of it out: nothing is measured.", flush=True)
        return train, None
