"""Every data set in its official layout, tiny, with a number in each picture's pixels."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flavr_core.cli import main
from flavr_core.errors import MediaError, SettingsError
from flavr_core.evaluation.datasets import limited, open_dataset
from flavr_core.evaluation.pictures import centre_crop, dataset_samples
from flavr_core.evaluation.protocols import PROTOCOLS
from flavr_core.evaluation.published_figures import FIGURES, published

HALF = Fraction(1, 2)


def _picture(path: Path, value: int, *, rows: int = 16, columns: int = 24) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((rows, columns, 3), value, np.uint8)).save(path)


def _seen(name: str, root: Path, **more):
    """Per sample: group, name, the inputs' numbers, {position: the truth's number}, whether copied."""
    return [
        (
            sample.group,
            sample.name,
            [int(picture[0, 0, 0]) for picture in sample.inputs],
            {truth.position: int(truth.picture[0, 0, 0]) for truth in sample.truths},
            sample.outer_copied,
        )
        for sample in dataset_samples(open_dataset(name, root, **more))
    ]


def test_vimeo_septuplets_and_a_list_with_every_oddity(tmp_path):
    for number in range(1, 8):
        _picture(tmp_path / f"sequences/00001/0266/im{number}.png", number)
        _picture(tmp_path / f"sequences/00002/0001/im{number}.png", 10 + number)
    (tmp_path / "sep_testlist.txt").write_bytes(b"\xef\xbb\xbf00001/0266\r\n\r\n 00002\\0001 \r\n\r\n")
    name = "vimeo90k-septuplet"
    assert _seen(name, tmp_path) == [
        (name, "00001/0266", [1, 3, 5, 7], {HALF: 4}, False),
        (name, "00002/0001", [11, 13, 15, 17], {HALF: 14}, False),
    ]
    assert _seen("vimeo90K_septuplet", tmp_path) == _seen(name, tmp_path)
    own = tmp_path / "own.txt"
    own.write_text("00002/0001\n")
    assert [sample[1] for sample in _seen(name, tmp_path, list_file=own)] == ["00002/0001"]
    assert "own.txt" in open_dataset(name, tmp_path, list_file=own).protocol


@pytest.mark.parametrize(("inputs", "target"), [("sequences", "sequences"), ("input", "target")])
def test_vimeo_triplets_are_pairs_with_copied_outer_frames(tmp_path, inputs, target):
    for number, folder in ((1, inputs), (2, target), (3, inputs)):
        _picture(tmp_path / folder / f"00001/0389/im{number}.png", number)
    (tmp_path / "tri_testlist.txt").write_text("00001/0389\n\n")
    expected = [("vimeo90k-triplet", "00001/0389", [1, 1, 3, 3], {HALF: 2}, True)]
    assert _seen("vimeo90k-triplet", tmp_path) == expected


def test_ucf101_triplets_in_the_order_of_their_numbers(tmp_path):
    for folder in (1, 11, 2):
        for place, file in enumerate(("frame_00", "frame_01_gt", "frame_02")):
            _picture(tmp_path / f"{folder}/{file}.png", 10 * folder + place)
    (tmp_path / "readme").mkdir()
    assert _seen("ucf101", tmp_path) == [
        ("ucf101", str(folder), [10 * folder] * 2 + [10 * folder + 2] * 2, {HALF: 10 * folder + 1}, True)
        for folder in (1, 2, 11)
    ]


def test_ucf101_of_five_frames_is_known_by_its_files_and_cropped(tmp_path):
    for place, file in enumerate(("frame0", "frame1", "framet", "frame2", "frame3")):
        _picture(tmp_path / f"v_Surf/{file}.png", place, rows=240, columns=320)
    assert _seen("ucf101", tmp_path) == [("ucf101-five", "v_Surf", [0, 1, 3, 4], {HALF: 2}, False)]
    [sample] = dataset_samples(open_dataset("ucf101-five", tmp_path))
    assert {sample.inputs[0].shape, sample.truths[0].picture.shape} == {(224, 224, 3)}


@pytest.mark.parametrize(("inputs", "truths"), [("input", "gt"), ("other-data", "other-gt-interp")])
def test_middlebury_other_has_a_row_a_picture(tmp_path, inputs, truths):
    for base, picture in enumerate(("Venus", "Beanbags")):
        _picture(tmp_path / inputs / picture / "frame10.png", 10 * base)
        _picture(tmp_path / inputs / picture / "frame11.png", 10 * base + 2)
        _picture(tmp_path / truths / picture / "frame10i11.png", 10 * base + 1)
    assert _seen("middlebury-other", tmp_path) == [
        ("Beanbags", "frame10i11", [10, 10, 12, 12], {HALF: 11}, True),
        ("Venus", "frame10i11", [0, 0, 2, 2], {HALF: 1}, True),
    ]


def test_snu_film_lists_name_pictures_from_elsewhere(tmp_path):
    folder = tmp_path / "test/GOPRO_test/GOPR0384_11_00"
    for number in range(1, 6):
        _picture(folder / f"{number:06d}.png", number)
    for distance, level in ((1, "easy"), (2, "medium"), (1, "hard"), (2, "extreme")):
        words = [f"data/SNU-FILM/test/GOPRO_test/{folder.name}/{n:06d}.png" for n in (1, 1 + distance)]
        words.append(f"data/SNU-FILM/test/GOPRO_test/{folder.name}/{1 + 2 * distance:06d}.png")
        path = tmp_path / f"eval_modes/test-{level}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(" ".join(words) + "\n\n")
    seen = _seen("snu-film", tmp_path)
    assert [(sample[0], sample[2], sample[3][HALF]) for sample in seen] == [
        ("easy", [1, 1, 3, 3], 2),
        ("medium", [1, 1, 5, 5], 3),
        ("hard", [1, 1, 3, 3], 2),
        ("extreme", [1, 1, 5, 5], 3),
    ]
    (tmp_path / "eval_modes/test-hard.txt").write_text("one two\n")
    with pytest.raises(MediaError, match="Sample 1 of the list for hard"):
        open_dataset("snu-film", tmp_path)


@pytest.mark.parametrize("parent", ["test/Type1", "Type2"])
def test_x_test_asks_for_seven_of_thirty_two(tmp_path, parent):
    for number in range(33):
        _picture(tmp_path / parent / f"TEST01_003_f0433/{number:04d}.png", number)
    [(_, scene, inputs, truths, is_copied)] = _seen("x-test", tmp_path)
    assert (scene, inputs, is_copied) == ("TEST01_003_f0433", [0, 0, 32, 32], True)
    assert truths == {Fraction(number, 8): 4 * number for number in range(1, 8)}


@pytest.mark.parametrize("parent", [".", "JPEGImages/480p"])
def test_davis_starts_at_every_second_frame(tmp_path, parent):
    for number in range(10):
        _picture(tmp_path / parent / f"bear/{number:05d}.png", number, rows=480, columns=854)
    for number in range(6):
        _picture(tmp_path / parent / f"short/{number:05d}.png", number)
    assert _seen("davis", tmp_path) == [
        ("davis", "bear-00000", [0, 2, 4, 6], {HALF: 3}, False),
        ("davis", "bear-00002", [2, 4, 6, 8], {HALF: 5}, False),
    ]
    sample = next(dataset_samples(open_dataset("davis", tmp_path)))
    assert sample.inputs[0].shape == (480, 840, 3)
    names = tmp_path / "clips.txt"
    names.write_text("bear\nwolf\n")
    with pytest.raises(MediaError, match=r"1 of 2 listed clips are not in .*: wolf"):
        open_dataset("davis", tmp_path, list_file=names)


@pytest.mark.parametrize("factor", [4, 8])
@pytest.mark.parametrize(("name", "below"), [("gopro", "test/CLIP/sharp"), ("adobe", "CLIP")])
def test_high_rate_sets_hold_back_all_frames_of_the_middle_gap(tmp_path, factor, name, below):
    first = 40
    for number in range(4 * factor + 1):
        _picture(tmp_path / below / f"{first + number:06d}.png", number)
    seen = _seen(f"{name}-{factor}x", tmp_path)
    assert [sample[1] for sample in seen] == ["CLIP-00000", f"CLIP-{factor:05d}"]
    assert seen[1][2] == [factor, 2 * factor, 3 * factor, 4 * factor]
    assert seen[1][3] == {Fraction(place, factor): 2 * factor + place for place in range(1, factor)}


def test_missing_files_are_all_named_before_the_first_picture(tmp_path, capsys):
    for number in range(12):
        if number not in (4, 7):
            _picture(tmp_path / f"bear/{number:05d}.png", number)
    with pytest.raises(MediaError, match=r"2 of the 9 files .* bear/00004\.png, bear/00007\.png") as caught:
        open_dataset("davis", tmp_path)
    assert "--list" in caught.value.hint
    (tmp_path / "1").mkdir()
    _picture(tmp_path / "1/frame_02.png", 0)
    arguments = ["evaluate", "--dataset", "ucf101", "--data-root", str(tmp_path), "--models", "blend"]
    assert main(arguments) == 3
    output = capsys.readouterr()
    assert "1/frame_00.png, 1/frame_01_gt.png" in output.err
    assert not output.out


def test_a_set_that_is_not_there_is_said(tmp_path):
    with pytest.raises(MediaError, match="no folder"):
        open_dataset("davis", tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="no data set imagenet"):
        open_dataset("imagenet", tmp_path)
    for name in PROTOCOLS:
        with pytest.raises(MediaError):
            open_dataset(name, tmp_path)
    (tmp_path / "tri_testlist.txt").write_text("../../secrets\n")
    with pytest.raises(MediaError, match="not inside"):
        open_dataset("vimeo90k-triplet", tmp_path)


def test_pictures_that_cannot_be_used_are_said(tmp_path):
    for file in ("frame_00", "frame_01_gt", "frame_02"):
        _picture(tmp_path / f"1/{file}.png", 0)
    _picture(tmp_path / "1/frame_02.png", 0, rows=20)
    dataset = open_dataset("ucf101", tmp_path)
    with pytest.raises(MediaError, match="different sizes: 24x16, 24x20"):
        list(dataset_samples(dataset))
    (tmp_path / "1/frame_02.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(MediaError, match=r"frame_02\.png' cannot be read"):
        list(dataset_samples(dataset))
    Image.fromarray(np.zeros((16, 24), np.uint16)).save(tmp_path / "1/frame_02.png")
    with pytest.raises(MediaError, match="more than 8 bits"):
        list(dataset_samples(dataset))


def test_crops_are_about_the_centre():
    columns = np.broadcast_to(np.arange(10, dtype=np.uint8)[None, :, None], (4, 10, 3))
    assert centre_crop(columns, 8, 6)[0, :, 0].tolist() == [2, 3, 4, 5, 6, 7]
    assert centre_crop(columns, 8, 6).shape == (4, 6, 3)
    assert centre_crop(columns, 4, 7)[0, :, 0].tolist() == [2, 3, 4, 5, 6, 7, 8]


def test_a_part_of_a_set_is_spread_over_it_and_said(tmp_path):
    for number in range(26):
        _picture(tmp_path / f"bear/{number}.png", number)
    part = limited(open_dataset("davis", tmp_path), 2)
    assert [entry.name for entry in part.entries] == ["bear-00000", "bear-00010"]
    assert "2 of 10 samples" in part.protocol


def test_the_command_measures_a_set_and_keeps_tables(tmp_path, capsys):
    root = tmp_path / "set"
    for file, value in (("frame_00", 0), ("frame_01_gt", 60), ("frame_02", 100)):
        _picture(root / f"1/{file}.png", value)
    arguments = ["evaluate", "--dataset", "ucf101", "--data_root", str(root), "--models", "blend", "motion"]
    kept = [str(tmp_path / f"table.{ending}") for ending in ("txt", "md", "csv", "json")]
    assert main([*arguments, "--save", *kept]) == 0
    record = json.loads((tmp_path / "table.json").read_text())
    blend, motion = record["networks"]
    assert blend["mean"]["psnr_8bit"] == pytest.approx(20 * np.log10(25.5), abs=1e-3)
    assert not blend["notes"]
    assert "copies of the inner two" in motion["notes"][0]
    assert "frame_01_gt" in record["data"]
    text = capsys.readouterr().out
    assert text == (tmp_path / "table.txt").read_text()
    assert "data: ucf101: inputs frame_00" in text
    assert "CDFI 35.21 (CDFI, arXiv 2103.10559)" in text
    assert "35.21" in record["beside"][0]
    assert main([*arguments, "--save", kept[0]]) == 6
    assert main([*arguments, "--save", str(tmp_path / "table.docx")]) == 2
    assert main(["evaluate", "--dataset", "ucf101"]) == 2


def test_middlebury_pictures_to_hand_in_are_written_and_never_overwritten(tmp_path, capsys):
    for number in (9, 10, 11, 12):
        _picture(tmp_path / f"eval-data/Urban/frame{number:02d}.png", 10 * number)
    for number in (10, 11):
        _picture(tmp_path / f"eval-data/Teddy/frame{number}.png", 10 * number)
    arguments = ["evaluate", "--dataset", "middlebury-eval", "--data-root", str(tmp_path)]
    assert main([*arguments, "--models", "blend"]) == 2
    out = tmp_path / "out"
    assert main([*arguments, "--models", "blend", "motion", "--output", str(out)]) == 0
    assert "copies of the inner two" in capsys.readouterr().out
    for picture in ("Urban", "Teddy"):
        made = np.asarray(Image.open(out / "blend" / picture / "frame10i11.png"))
        assert made.shape == (16, 24, 3)
        assert (made == 105).all()
    assert main([*arguments, "--models", "blend", "--output", str(out)]) == 6
    assert "Teddy/frame10i11.png" in capsys.readouterr().err


def test_the_authors_flags_name_the_same_sets(tmp_path, capsys):
    for number in range(13):
        _picture(tmp_path / f"test/CLIP/{number:06d}.png", 10 * number)
    weights = ["--load_from", "blend", "--json"]
    command = ["evaluate", "--dataset", "gopro", "--n_outputs", "3", "--data_root", str(tmp_path), *weights]
    assert main(command) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["data"].startswith("gopro-4x: of every 13 frames")
    assert [score["position"] for score in record["networks"][0]["scores"]] == ["1/4", "1/2", "3/4"]


def test_figures_are_of_sets_that_can_be_measured():
    assert set(FIGURES) <= set(PROTOCOLS)
    assert published("davis") == ""
