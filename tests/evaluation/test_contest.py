import csv
import io
import json
from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from flavr_core.cli import main
from flavr_core.errors import CancelledError, ModelError, OutputError, SettingsError
from flavr_core.evaluation.contest import COPIES, evaluate
from flavr_core.evaluation.ledger import Ledger, fingerprint
from flavr_core.evaluation.report import as_csv, as_json, as_markdown, as_text
from flavr_core.evaluation.samples import Sample, Truth
from flavr_core.evaluation.strips import WorstCases
from flavr_core.model import catalog, load
from flavr_core.progress import CancelToken


def _flat(value: int) -> np.ndarray:
    return np.full((24, 32, 3), value, np.uint8)


def _sample(group: str, name: str, *, truth: int, outer_copied: bool = False) -> Sample:
    """Inputs 0, 100, 200, 255: blending answers 150."""
    return Sample(
        group=group,
        name=name,
        inputs=(_flat(0), _flat(100), _flat(200), _flat(255)),
        truths=(Truth(position=Fraction(1, 2), picture=_flat(truth)),),
        outer_copied=outer_copied,
    )


SAMPLES = (
    _sample("one", "00000", truth=150),
    _sample("one", "00008", truth=160),
    _sample("two", "00000", truth=170),
)


def test_scores_are_those_of_the_drawn_pictures():
    [report] = evaluate([load("blend")], SAMPLES)
    values = [score.values["psnr"] for score in report.scores]
    assert values[0] == pytest.approx(80, abs=1e-3)
    assert values[1] == pytest.approx(20 * np.log10(25.5), abs=1e-3)
    assert values[2] == pytest.approx(20 * np.log10(12.75), abs=1e-3)
    assert report.seconds_per_frame > 0


def test_mean_is_over_a_clip_first_and_then_over_clips():
    [report] = evaluate([load("blend")], SAMPLES, metrics=["psnr"])
    first, second, third = (score.values["psnr"] for score in report.scores)
    assert report.mean("psnr", "one") == pytest.approx((first + second) / 2)
    assert report.mean("psnr") == pytest.approx(((first + second) / 2 + third) / 2)


def test_several_positions_of_one_gap_are_drawn_and_measured_each():
    sample = Sample(
        group="four",
        name="0",
        inputs=SAMPLES[0].inputs,
        truths=tuple(
            Truth(position=Fraction(eighth, 8), picture=_flat(round(100 + 12.5 * eighth)))
            for eighth in (2, 4, 6)
        ),
    )
    [report] = evaluate([load("blend")], [sample], metrics=["psnr_8bit"])
    assert [score.position for score in report.scores] == [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]
    assert all(score.values["psnr_8bit"] > 48 for score in report.scores)


def test_several_networks_see_the_same_samples_once():
    taken = []

    def stream():
        for sample in SAMPLES:
            taken.append(sample.name)
            yield sample

    reports = evaluate([load("blend"), load("motion")], stream(), metrics=["psnr"])
    assert [report.network for report in reports] == ["blend", "motion"]
    assert len(taken) == 3


def test_copied_outer_frames_are_told_of_four_frame_networks_only():
    samples = [_sample("pair", "0", truth=150, outer_copied=True)]
    blend, motion = evaluate([load("blend"), load("motion")], samples)
    assert blend.notes == ()
    assert motion.notes == (COPIES,)


def test_what_cannot_be_measured_is_said():
    with pytest.raises(SettingsError, match="nothing to measure"):
        evaluate([load("blend")], [])
    with pytest.raises(SettingsError, match="no metric beauty"):
        evaluate([load("blend")], SAMPLES, metrics=["beauty"])
    with pytest.raises(SettingsError, match="no network"):
        evaluate([], SAMPLES)
    network = load("blend")
    network.positions = (Fraction(1, 4),)
    with pytest.raises(ModelError, match="position 1/2"):
        evaluate([network], SAMPLES)


def test_it_stops_when_told():
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        evaluate([load("blend")], SAMPLES, token=token)


def test_tables_hold_every_clip_network_and_protocol():
    reports = evaluate([load("blend"), load("motion")], SAMPLES)
    text, markdown = as_text(reports), as_markdown(reports)
    for table in (text, markdown):
        assert "ssim_gaussian: SSIM as" in table
        assert "psnr: PSNR in dB" in table
    rows = [line.split() for line in text.splitlines() if line.startswith(("one", "two", "mean "))]
    assert [row[:3] for row in rows] == [
        ["one", "2", "blend"],
        ["one", "2", "motion"],
        ["two", "1", "blend"],
        ["two", "1", "motion"],
        ["mean", "3", "blend"],
        ["mean", "3", "motion"],
    ]
    assert float(rows[4][3]) == pytest.approx(reports[0].mean("psnr"), abs=0.005)
    assert markdown.count("\n| ") == 7


def test_csv_and_json_hold_every_single_score():
    reports = evaluate([load("blend")], SAMPLES)
    rows = list(csv.DictReader(io.StringIO(as_csv(reports))))
    assert [(row["clip"], row["sample"]) for row in rows] == [
        (sample.group, sample.name) for sample in SAMPLES
    ]
    assert float(rows[2]["psnr"]) == pytest.approx(reports[0].scores[2].values["psnr"], abs=1e-5)
    record = json.loads(as_json(reports))
    assert record["networks"][0]["clips"]["two"]["psnr"] == pytest.approx(reports[0].mean("psnr", "two"))
    assert record["protocols"]["psnr_8bit"]
    assert len(record["networks"][0]["scores"]) == 3


def test_the_worst_of_each_clip_is_kept_as_a_strip(tmp_path):
    worst = WorstCases(keep=1, metrics=["psnr"])
    evaluate([load("blend")], SAMPLES, metrics=["psnr"], on_drawing=worst.add)
    paths = worst.save(tmp_path / "pictures")
    assert sorted(path.name for path in paths) == ["one-00008-blend-28.13.png", "two-00000-blend-22.11.png"]
    strip = np.asarray(Image.open(paths[0]))
    assert strip.shape == (24, 5 * 32, 3)
    assert strip[0, ::32, 0].tolist() == [100, 200, 150, 160, 40]


def test_pictures_that_cannot_be_saved_are_said(tmp_path):
    (tmp_path / "file").write_text("here")
    worst = WorstCases(keep=1, metrics=["psnr"])
    evaluate([load("blend")], SAMPLES[:1], metrics=["psnr"], on_drawing=worst.add)
    with pytest.raises(OutputError, match="cannot be written"):
        worst.save(tmp_path / "file")


def test_strips_of_several_positions_keep_apart(tmp_path):
    truths = tuple(Truth(position=Fraction(n, 4), picture=_flat(round(110 + 25 * n))) for n in (1, 2, 3))
    sample = Sample(group="four", name="0", inputs=SAMPLES[0].inputs, truths=truths)
    worst = WorstCases(keep=3, metrics=["psnr"])
    evaluate([load("blend")], [sample], metrics=["psnr"], on_drawing=worst.add)
    names = sorted(path.name for path in worst.save(tmp_path))
    assert names == [f"four-0-{place}-blend-28.13.png" for place in ("1of2", "1of4", "3of4")]


class Counting:
    """A contestant without weights that counts what it is asked."""

    name, parameters, num_inputs = "counting", 0, 2

    def __init__(self):
        self.notes, self.asked = [], 0

    def draw(self, inputs, positions):
        self.asked += 1
        return np.stack([inputs[0] / np.float32(255)] * len(positions)), 2.5


def test_a_table_that_was_stopped_goes_on_where_it_was(tmp_path):
    path, token = tmp_path / "scores.jsonl", CancelToken()

    def stopping():
        yield SAMPLES[0]
        yield SAMPLES[1]
        token.cancel()
        yield SAMPLES[2]

    def ledger(metrics=("psnr",)):
        return Ledger(path, protocol="three", metrics=list(metrics))

    counting = Counting()
    with pytest.raises(CancelledError):
        evaluate([counting], stopping(), metrics=["psnr"], ledger=ledger(), token=token)
    with path.open("a") as file:
        file.write('{"network": "coun')  # killed while it wrote
    assert counting.asked == 2
    [report] = evaluate([counting], SAMPLES, metrics=["psnr"], ledger=ledger())
    assert counting.asked == 3
    [plain] = evaluate([Counting()], SAMPLES, metrics=["psnr"])
    assert report == plain
    with pytest.raises(SettingsError, match="another evaluation"):
        ledger(["psnr", "ssim_uniform"])
    path.write_text("something else")
    with pytest.raises(SettingsError, match="no scores"):
        ledger()
    assert path.read_text() == "something else"


def test_other_weights_of_one_name_are_measured_anew(tmp_path):
    first, second = load("fourflow"), load("fourflow")
    assert fingerprint(first) == fingerprint(second) != ""
    with torch.no_grad():
        next(second.parameters()).add_(1)
    assert fingerprint(first) != fingerprint(second)
    assert fingerprint(Counting()) == ""


def test_kept_scores_make_the_same_table_on_the_command_line(tmp_path, capsys):
    command = ["evaluate", "--hard-cases", "--models", "blend", "--metrics", "psnr", "--format", "csv"]
    command += ["--keep", str(tmp_path / "kept.jsonl")]
    assert main(command) == 0
    first = capsys.readouterr()
    assert main(command) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "holds 10 samples" in again.err
    assert main([*command, "--sheet", str(tmp_path / "sheet.png")]) == 2
    assert "--sheet" in capsys.readouterr().err


def test_all_is_the_catalogue_and_who_has_no_weights_is_said(capsys, monkeypatch):
    shipped = [entry for entry in catalog.read_catalog().entries if entry.origin != "imported"]
    known = catalog.Catalog(entries=tuple(shipped[:2]), problems={}, default="motion")
    monkeypatch.setattr(catalog, "read_catalog", lambda: known)
    command = ["evaluate", "--hard-cases", "--models", "all", "--metrics", "psnr", "--json"]
    assert main(command) == 0
    record = json.loads(capsys.readouterr().out)
    assert [one["network"] for one in record["networks"]] == ["blend", "motion"]
    absent = [note.partition(":")[0] for note in record["beside"]]
    assert absent == ["flavr", "fourflow", "adacof", "cdfi", "uprnet"]
    assert all("no weights here" in note for note in record["beside"])
