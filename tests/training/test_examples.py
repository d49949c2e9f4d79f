"""Data sets in their own layout, and one draw of every augmentation for all frames of an example."""

import pickle
import shutil
import subprocess
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest

from flavr_core.errors import MediaError, SettingsError
from flavr_core.training.augmentation import Augmentation, apply, draw
from flavr_core.training.clips import ClipBank
from flavr_core.training.examples import ClipExamples, Example, FileExamples, open_examples
from flavr_core.training.stretches import build_stretches, find_footage

HEIGHT, WIDTH = 40, 56


def write(path: Path, number: int) -> None:
    """A picture whose red says which frame it is, green the column and blue the row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[..., 2], picture[..., 1], picture[..., 0] = (
        5 * number,
        np.arange(WIDTH),
        np.arange(HEIGHT)[:, None],
    )
    assert cv2.imwrite(str(path), picture)


def numbers_of(pictures: np.ndarray) -> list[int]:
    return [int(picture[0, 0, 0]) // 5 for picture in pictures]


def read(examples: FileExamples | ClipExamples, index: int = 0, seed: int = 0) -> tuple[list[int], list[int]]:
    example = examples.read(index, np.random.default_rng(seed))
    return numbers_of(example.inputs), numbers_of(example.truths)


@pytest.fixture
def vimeo(tmp_path: Path) -> Path:
    root = tmp_path / "vimeo set"
    for number in range(1, 8):
        write(root / f"sequences/00001/0001/im{number}.png", number)
        write(root / f"sequences/00002/0007/im{number}.png", 10 + number)
    for kind in ("sep", "tri"):
        (root / f"{kind}_trainlist.txt").write_text("00001/0001\n")
        (root / f"{kind}_testlist.txt").write_text("00002/0007\n\n")
    return root


def test_septuplets_and_triplets_follow_the_lists(vimeo: Path) -> None:
    train = open_examples("vimeo90K_septuplet", vimeo, outputs=1, held_out=False)
    test = open_examples("vimeo90K_septuplet", vimeo, outputs=1, held_out=True)
    triplets = open_examples("vimeo90K_triplet", vimeo, outputs=1, held_out=True)
    assert (len(train), len(test), len(triplets)) == (1, 1, 1)
    assert read(train) == ([1, 3, 5, 7], [4])
    assert read(test) == ([11, 13, 15, 17], [14])
    assert read(triplets) == ([11, 11, 13, 13], [12])


@pytest.mark.parametrize(("outputs", "frames", "sets"), [(3, 13, 1), (3, 17, 2), (7, 25, 1)])
def test_high_rate_folders_are_cut_into_sets(tmp_path: Path, outputs: int, frames: int, sets: int) -> None:
    for number in range(frames):
        write(tmp_path / f"train/GOPR 1/{number:06d}.png", number)
    examples = open_examples("gopro", tmp_path, outputs=outputs, held_out=False)
    step = outputs + 1
    assert len(examples) == sets
    assert read(examples) == ([0, step, 2 * step, 3 * step], list(range(step + 1, 2 * step)))
    assert read(examples, sets - 1)[0][0] == (sets - 1) * step
    with pytest.raises(MediaError, match="test"):
        open_examples("gopro", tmp_path, outputs=outputs, held_out=True)


def test_wrong_sets_are_refused_in_one_sentence(vimeo: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not 7"):
        open_examples("vimeo90K_septuplet", vimeo, outputs=7, held_out=False)
    with pytest.raises(SettingsError, match="no data set"):
        open_examples("imagenet", vimeo, outputs=1, held_out=False)
    with pytest.raises(MediaError, match="sep_trainlist"):
        open_examples("vimeo90K_septuplet", tmp_path, outputs=1, held_out=False)
    (vimeo / "sequences/00001/0001/im4.png").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"im4\.png"):
        read(open_examples("vimeo90K_septuplet", vimeo, outputs=1, held_out=False))


def counting_example(frames: int = 5) -> Example:
    """All frames alike but for red, which counts."""
    pictures = np.zeros((frames, HEIGHT, WIDTH, 3), np.uint8)
    pictures[..., 1], pictures[..., 2] = 4 * np.arange(WIDTH), 6 * np.arange(HEIGHT)[:, None]
    pictures[..., 0] = 40 * np.arange(frames)[:, None, None]
    return Example(pictures[:4], pictures[4:])


def test_all_frames_of_an_example_get_the_same_crop_flip_and_jitter() -> None:
    still = np.random.default_rng(5).integers(0, 256, (1, HEIGHT, WIDTH, 3), np.uint8).repeat(7, 0)
    settings = Augmentation(crop_px=(24, 16))
    seen = set()
    for seed in range(100):
        drawn = draw(settings, HEIGHT, WIDTH, np.random.default_rng(seed))
        inputs, truths = apply(drawn, Example(still[:4], still[4:]))
        assert inputs.shape == (4, 3, 16, 24)
        assert truths.shape == (3, 3, 16, 24)
        assert all(np.array_equal(frame, inputs[0]) for frame in (*inputs, *truths))
        seen.add((drawn.flip_rows, drawn.flip_columns, drawn.reverse))
    assert len(seen) == 8


def test_augmentation_does_what_it_says() -> None:
    example = counting_example()
    for seed in range(20):
        drawn = draw(Augmentation(crop_px=(24, 16), jitter=0), HEIGHT, WIDTH, np.random.default_rng(seed))
        inputs, truths = apply(drawn, example)
        red = np.rint(inputs[:, 0, 0, 0] * 255 / 40).astype(int).tolist()
        assert red == ([3, 2, 1, 0] if drawn.reverse else [0, 1, 2, 3])
        assert np.rint(truths[0, 0, 0, 0] * 255) == 160
        across = np.rint(255 * (inputs[0, 1, 0, 1] - inputs[0, 1, 0, 0]))
        down = np.rint(255 * (inputs[0, 2, 1, 0] - inputs[0, 2, 0, 0]))
        assert (across, down) == (-4 if drawn.flip_columns else 4, -6 if drawn.flip_rows else 6)


def test_jitter_changes_colours_a_little() -> None:
    example = counting_example()
    plain = draw(
        Augmentation(crop_px=None, flips=False, reversal=False, jitter=0),
        HEIGHT,
        WIDTH,
        np.random.default_rng(1),
    )
    coloured = draw(
        Augmentation(crop_px=None, flips=False, reversal=False), HEIGHT, WIDTH, np.random.default_rng(1)
    )
    change = np.abs(apply(plain, example)[0] - apply(coloured, example)[0])
    assert 0.002 < change.mean() < 0.1
    with pytest.raises(MediaError, match="do not fit"):
        draw(Augmentation(crop_px=(64, 64)), HEIGHT, WIDTH, np.random.default_rng(1))


@pytest.fixture(scope="module")
def stretches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with one cut after 20 of 60 frames, and a folder of images, decoded and split."""
    root = tmp_path_factory.mktemp("footage")
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin",
        "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=20:duration=1",
        "-f", "lavfi", "-i", "mandelbrot=size=96x64:rate=20",
        "-filter_complex", "[1:v]trim=duration=2[m];[0:v][m]concat=n=2:v=1[v]", "-map", "[v]",
        "-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", str(root / "two scenes.mp4"),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    for number in range(30):
        write(root / f"images/{number:03d}.png", number)
    (root / "damaged.mp4").write_bytes(b"nothing")
    bank = root / "bank"
    build_stretches(find_footage([root]), bank)
    return bank


def test_stretches_end_at_cuts(stretches: Path) -> None:
    import json

    entries = json.loads((stretches / "bank.json").read_text())
    frames = {entry["name"]: entry["frames"] for entry in entries}
    assert frames == {"images@0-30": 30, "two scenes.mp4@0-20": 20, "two scenes.mp4@20-60": 40}
    assert [(stretches / f"{number}.raw").stat().st_size for number in range(3)] == [
        entry["frames"] * entry["height"] * entry["width"] * 3 for entry in entries
    ]


def test_processes_that_read_get_no_pixels(stretches: Path) -> None:
    examples = ClipExamples(stretches, outputs=1, held_out=False)
    assert len(pickle.dumps(examples)) < 5000


def test_footage_that_is_not_whole_is_said(stretches: Path, tmp_path: Path) -> None:
    shutil.copy(stretches / "bank.json", tmp_path)
    (tmp_path / "0.raw").write_bytes(b"cut off")
    with pytest.raises(MediaError, match=r"0\.raw is missing or not whole"):
        ClipExamples(tmp_path, outputs=1, held_out=False)


def test_legs_read_stretches_as_well(stretches: Path) -> None:
    import torch

    bank = ClipBank(stretches, torch.device("cpu"))
    frames = bank.sample(2, 32, 32, np.random.default_rng(0), max_motion_px=8).frames
    assert frames.shape == (2, 5, 3, 32, 32)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_clips_give_every_output_its_place(stretches: Path, outputs: int) -> None:
    examples = ClipExamples(stretches, outputs=outputs, held_out=False, fraction=0.0)
    strides = set()
    for seed in range(60):
        inputs, truths = read(examples, 0, seed)  # the images, which count
        stride = inputs[1] - inputs[0]
        apart = stride // (outputs + 1)
        assert inputs == [inputs[0] + place * stride for place in range(4)]
        assert truths == [inputs[1] + apart * place for place in range(1, outputs + 1)]
        strides.add(stride)
    assert len(strides) > 1


def test_held_out_frames_are_never_trained_on(stretches: Path) -> None:
    train = ClipExamples(stretches, outputs=1, held_out=False, fraction=0.3)
    test = ClipExamples(stretches, outputs=1, held_out=True, fraction=0.3)
    seen = {number for seed in range(60) for part in read(train, 0, seed) for number in part}
    asked = {number for part in read(test, 0) for number in part}
    assert max(seen) < min(asked)
    assert read(test, 0, 1) == read(test, 0, 2)
