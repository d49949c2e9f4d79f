"""`main.py train` with the authors' flags, and with those of the README."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
import torch

from flavr_core.cli import build_parser, main
from flavr_core.cli.train import batch_sizes, shift_settings
from flavr_core.errors import SettingsError
from flavr_core.model import load
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig
from flavr_core.training.beginnings import Beginning, begin
from tests.small_networks import small_adacof

README = Path(__file__).resolve().parents[2] / "flavr_core/training/README.md"
TINY = FlavrConfig(
    blocks=(1, 1, 1, 1), stem_width=8, widths=(8, 8, 8, 8), decoder_widths=(8, 8, 8, 8, 8), fuse_width=8
)


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Results land in the current folder; steps this small only lose time by being shared out."""
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A file with a tiny FLAVR."""
    torch.manual_seed(0)
    path = tmp_path / "tiny.pth"
    torch.save({"state_dict": Flavr(TINY).state_dict()}, path)
    return path


@pytest.fixture
def septuplets(tmp_path: Path) -> Path:
    root = tmp_path / "vimeo"
    for name in ("0001", "0002", "0003"):
        folder = root / "sequences/00001" / name
        folder.mkdir(parents=True)
        wide = cv2.resize(np.random.default_rng(int(name)).integers(0, 256, (8, 14, 3), np.uint8), (80, 48))
        for number in range(7):
            assert cv2.imwrite(str(folder / f"im{number + 1}.png"), wide[:, 2 * number : 2 * number + 64])
    (root / "sep_trainlist.txt").write_text("00001/0001\n00001/0002\n")
    (root / "sep_testlist.txt").write_text("00001/0003\n\n")
    return root


def train(root: Path, network: Path, *more: str) -> int:
    """The authors' command with the size of a test."""
    return main([
        "train", "--dataset", "vimeo90K_septuplet", "--data_root", str(root), "--loss", "1*L1",
        "--lr", "0.0002", "--batch_size", "2", "--model", str(network), "--crop", "32x32",
        "--num_workers", "0", "--log_iter", "1", "--device", "cpu", *more,
    ])  # fmt: skip


def test_the_authors_command_trains_and_goes_on(septuplets: Path, network: Path) -> None:
    folder = Path("saved_models_final/vimeo90K_septuplet/exp")
    assert train(septuplets, network, "--max_epoch", "1", "--n_outputs", "1") == 0
    assert train(septuplets, network, "--max_epoch", "2", "1") == 6  # nothing is overwritten unasked
    assert train(septuplets, network, "--max_epoch", "2", "--resume", "1") == 0
    lines = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2]
    assert isinstance(load(folder / "checkpoint.pth"), Flavr)
    assert (folder / "model_best.pth").exists()


@pytest.mark.parametrize("build", [lambda: Flavr(TINY), small_adacof], ids=["flavr", "adacof"])
def test_networks_are_thinned_out_described_narrowed_and_trained_again(
    build: Callable[[], torch.nn.Module], septuplets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    big = Path("big.pth")
    torch.save({"state_dict": build().state_dict()}, big)
    root = Path("saved_models_final/vimeo90K_septuplet")
    thin, thinner = root / "thin/checkpoint.pth", ("--sparsity", "20", "--proximal_epochs", "2")
    assert train(septuplets, big, "--max_epoch", "3", "--exp_name", "thin", *thinner) == 0
    capsys.readouterr()
    assert main(["train", "--density", str(thin)]) == 0
    told = capsys.readouterr().out
    assert told == (root / "thin/density.txt").read_text()
    assert float(told.split()[-1]) < 0.9
    small = begin(Beginning(narrow=thin))
    assert small.architecture == load(big).architecture
    assert small.num_parameters < load(big).num_parameters
    again = ("--narrow", str(thin), "--exp_name", "small", "--teacher", str(big))
    assert train(septuplets, big, *again, "--max_epoch", "1") == 0
    trained = load(root / "small/checkpoint.pth")
    assert trained.num_parameters == small.num_parameters
    assert trained(torch.rand(1, trained.num_inputs, 3, 32, 32), [0.5]).isfinite().all()


def test_a_leg_takes_a_teacher_of_any_kind(tmp_path: Path, network: Path) -> None:
    leg = ["train", "--folder", "leg", "--device", "cpu", "--batch", "1", "--crop", "64x32", "--steps", "2"]
    assert main([*leg, "--teacher", str(network), "--teacher_weight", "0.5"]) == 0
    assert (tmp_path / "leg/average.safetensors").exists()
    lines = (tmp_path / "leg/curve.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == 2


def test_any_folder_of_clips_is_a_data_set(tmp_path: Path, network: Path) -> None:
    clips = tmp_path / "my clips"
    clips.mkdir()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-f", "lavfi",
               "-i", "testsrc2=size=64x48:rate=20:duration=2", str(clips / "a.mp4")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    assert main([
        "train", "--dataset", "clips", "--data-root", str(clips), "--model", str(network), "--crop", "32x32",
        "--batch-size", "2", "--num-workers", "0", "--max-epoch", "1", "--device", "cpu", "--copies", "0.5",
    ]) == 0  # fmt: skip
    folder = Path("saved_models_final/clips/exp")
    assert (folder / "footage/bank.json").exists()
    assert "held_out_loss" in (folder / "curve.jsonl").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--folder"),
        (["--dataset", "gopro"], 2, "--data_root"),
        (["--dataset", "nothing", "--data_root", "x"], 2, "no data set"),
        (["--dataset", "gopro", "--data_root", "x", "--n_outputs", "3", "7"], 2, "n_outputs"),
        (["--dataset", "gopro", "--data_root", "x", "--loss", "1*GAN"], 2, "no loss"),
        (["--dataset", "gopro", "--data_root", "x", "--batch_size", "0"], 2, "batch_size"),
        (["--dataset", "gopro", "--data_root", "x", "--crop", "256"], 2, "--crop"),
        (["--dataset", "gopro", "--data_root", "x", "3"], 3, "train"),
        (["--folder", "leg", "--start", "missing.safetensors"], 4, "missing.safetensors"),
        (["--folder", "leg", "--start", "tiny.pth", "--model", "upr-base"], 4, "not of uprnet"),
        (["--folder", "leg", "--model", "unet_18"], 4, "flavr-narrow"),
        (["--folder", "leg", "--loss", "1*L1"], 2, "loss of its own"),
        (["--folder", "leg", "--batch", "64,0"], 2, "--batch"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    arguments: list[str], code: int, words: str, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *arguments, "--device", "cpu"]) == code
    error = capsys.readouterr().err
    assert error.count("error:") == 1
    assert words in error


FOURFLOW = Path("resources/models/fourflow.safetensors")


def test_a_share_needs_what_it_is_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--ship-share", "0.5"]) == 2
    assert "--ship" in capsys.readouterr().err


def test_the_leg_of_the_readme_is_understood() -> None:
    found = re.search(r"main\.py (train \\\n.*?)\n\n", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    args = build_parser("train").parse_args(shlex.split(found[1].replace("\\\n", " ")))
    assert (args.dataset, args.folder, args.batch) == (None, Path("RUN"), "48")
    assert args.crop == "320x256,320x256,416x256"
    assert (args.lr, args.warmup, args.ema, args.start, args.seed) == (3e-4, 300, 0.998, FOURFLOW, 71)
    assert not args.find_cuts
    assert (args.disturbed, args.copies, args.muon) == (0.08, 0.4, True)


def test_the_first_legs_of_the_readme_are_understood() -> None:
    text = README.read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"main\.py (train --model .*--clips.*)", text)
    networks = {}
    for command in commands:
        args = build_parser("train").parse_args(shlex.split(command))
        networks[args.model] = (batch_sizes(args.batch), args.sane_after, args.teacher)
    assert networks == {
        "flavr-narrow": ((32, 64), 3000, "fourflow"),
        "upr-base": ((32, 64), 1500, None),
        "adacof-compressed": ((32, 64), 3000, None),
    }


def test_new_networks_are_the_authors() -> None:
    with torch.device("meta"):
        one, seven, deep = (
            begin(Beginning(model=model, outputs=outputs))
            for model, outputs in (("unet_18", 1), ("unet_18", 7), ("unet_34", 1))
        )
    assert (one.num_parameters, seven.num_parameters) == (42_061_571, 42_121_941)
    assert 72.8e6 < deep.num_parameters < 73e6


def test_weights_of_the_same_shape_are_taken(tmp_path: Path, network: Path) -> None:
    torch.manual_seed(1)
    other = Flavr(TINY)
    other.outconv[1] = torch.nn.Conv2d(8, 21, 7)
    torch.save({"state_dict": other.state_dict()}, tmp_path / "seven.pth")
    fitted = begin(Beginning(model=str(network), same_shape=tmp_path / "seven.pth"))
    whole = begin(Beginning(model=str(network), weights=network))
    own = load(network)
    assert torch.equal(
        fitted.state_dict()["encoder.stem.0.weight"], other.state_dict()["encoder.stem.0.weight"]
    )
    for name, value in own.state_dict().items():
        assert torch.equal(whole.state_dict()[name], value)
        if name.startswith("outconv"):
            assert torch.equal(fitted.state_dict()[name], value)
    assert len(own.state_dict()) > 10


def test_shift_steps_are_two_numbers() -> None:
    found = shift_settings("20,10")
    assert (found.steps, found.whole_steps) == (20, 10)
    for wrong in ("20", "20,", "-1,2", "1,2,3"):
        with pytest.raises(SettingsError, match="--shift-steps"):
            shift_settings(wrong)
