"""Every kind of network in a leg: it learns, goes on with the same numbers, or is stopped."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from flavr_core.errors import DeviceError, ModelError, SettingsError
from flavr_core.model import load
from flavr_core.model.blend import Blend
from flavr_core.model.cards import card_from_json, card_to_json
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig
from flavr_core.model.fourflow import FourFlow
from flavr_core.model.network import Network
from flavr_core.model.published import new_network
from flavr_core.model.store import hash_file
from flavr_core.model.uprnet import UprNet, UprWidths
from flavr_core.training import probing
from flavr_core.training.batches import BatchSettings, draw_batch
from flavr_core.training.beginnings import begin_anew
from flavr_core.training.cross_fade_start import start_as_cross_fade
from flavr_core.training.fresh_weights import keep_signals_alive
from flavr_core.training.kept_weights import read_progress
from flavr_core.training.leg import LegFiles, run_leg
from flavr_core.training.leg_settings import LegSettings
from flavr_core.training.lessons import lesson_for
from flavr_core.training.loop import Trainer
from flavr_core.training.losses import KNOWN_WEIGHT, guide_loss
from flavr_core.training.ranks import Rank
from flavr_core.training.shifts_first import ShiftSettings
from flavr_core.training.shipping import ship
from flavr_core.training.teacher import fill_from_teacher
from tests.small_networks import small_adacof

CPU = torch.device("cpu")
FEW = ShiftSettings(steps=1, whole_steps=1, size=2, side=64, report_steps=2)
ALONE = Rank(0, 1, CPU)
BATCH = BatchSettings(size=2, height=32, width=32, synthetic_share=1.0, max_motion_px=6.0, seed=3)
EIGHTHS = tuple(Fraction(step, 8) for step in range(1, 8))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Steps this small only lose time by sharing them out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def small_flavr() -> Flavr:
    """Seven outputs, eight channels."""
    return Flavr(
        FlavrConfig(
            num_outputs=7, blocks=(1, 1, 1, 1), stem_width=8, widths=(8, 8, 8, 8),
            decoder_widths=(8, 8, 8, 8, 8), fuse_width=8,
        )
    )  # fmt: skip


def small_upr() -> UprNet:
    return UprNet(UprWidths(features=(4, 4, 8), motion=(8, 8, 8, 8, 8), synthesis=(4, 8, 8)))


KINDS = pytest.mark.parametrize(
    "build", [small_flavr, small_upr, small_adacof], ids=["flavr", "upr", "adacof"]
)


def trainer(folder: Path, build: Callable[[], Network], **changes: Any) -> Trainer:
    torch.manual_seed(0)
    settings = LegSettings(folder=folder, batch=BATCH, learning_rate=2e-3, warmup_steps=2)
    return Trainer(build(), replace(settings, **changes), ALONE)


@KINDS
def test_each_kind_learns_and_goes_on_with_the_same_numbers(
    build: Callable[[], Network], tmp_path: Path
) -> None:
    training = trainer(tmp_path, build)
    seen = [draw_batch(training.batch_settings, None, step=step, rank=0, device=CPU) for step in range(2)]
    losses = [training.train_step(seen[step % 2], 1.0)[0].item() for step in range(24)]
    assert sum(losses[-4:]) < 0.93 * sum(losses[:4])
    training.keep()
    expected = [training.train_step(seen[0], 1.0)[0].item() for _ in range(3)]
    resumed = trainer(tmp_path, build)
    resumed.load(tmp_path / "checkpoint.pt")
    assert [resumed.train_step(seen[0], 1.0)[0].item() for _ in range(3)] == expected
    assert read_progress(tmp_path / "average.safetensors") == (24, 48)
    assert load(str(tmp_path / "average.safetensors")).architecture == training.network.architecture


def test_what_each_kind_is_shown() -> None:
    lessons = {network.architecture: lesson_for(network, None, CPU) for network in (
        small_flavr(), small_upr(), small_adacof(), FourFlow(),
    )}  # fmt: skip
    assert {name: lesson.grid for name, lesson in lessons.items()} == {
        "flavr": EIGHTHS, "uprnet": (), "adacof": (Fraction(1, 2),), "fourflow": ()
    }  # fmt: skip
    assert [name for name, lesson in lessons.items() if lesson.has_flow] == ["uprnet", "fourflow"]
    with pytest.raises(SettingsError, match="cannot be trained"):
        lesson_for(Blend(), None, CPU)


def test_truths_that_are_missing_teach_nothing() -> None:
    torch.manual_seed(0)
    network = small_flavr()
    lesson = lesson_for(network, "1*L1", CPU)
    batch = draw_batch(replace(BATCH, grid=lesson.grid), None, step=0, rank=0, device=CPU)
    batch.known[:, ::2] = 0
    before = lesson(batch)
    batch.truths[:, ::2] = torch.rand(2, 4, 3, 32, 32)
    after = lesson(batch)
    assert torch.allclose(before.loss, after.loss)
    assert torch.allclose(before.errors, after.errors)
    made, truths = before.images[:, 1::2], batch.truths[:, 1::2]
    assert torch.allclose(before.loss, (made - truths).abs().mean(), rtol=1e-4)
    assert torch.allclose(before.errors, ((made.clamp(0, 1) - truths) ** 2).mean(dim=(1, 2, 3, 4)), rtol=1e-4)


def test_a_teacher_draws_a_truth_that_is_missing() -> None:
    batch = draw_batch(replace(BATCH, grid=EIGHTHS), None, step=0, rank=0, device=CPU)
    batch.known[0, [0, 4]] = 0
    batch.asked[0] = 4
    filled = fill_from_teacher(Blend(), batch)
    wanted = batch.window[0, 1] * 3 / 8 + batch.window[0, 2] * 5 / 8
    assert torch.allclose(filled.truths[0, 4], wanted, atol=1e-6)
    assert filled.known[0].tolist() == [0, 1, 1, 1, 1, 1, 1]
    kept = torch.ones(7, dtype=torch.bool)
    kept[4] = False
    assert torch.equal(filled.truths[0, kept], batch.truths[0, kept])
    assert torch.equal(filled.truths[1], batch.truths[1])
    assert batch.known[0].tolist() == [0, 1, 1, 1, 0, 1, 1]  # the batch itself is as it was


def test_upr_draws_each_sample_at_its_own_position() -> None:
    torch.manual_seed(0)
    network = small_upr().eval()
    window, t = torch.rand(2, 2, 3, 32, 48), torch.tensor([0.25, 0.5])
    with torch.no_grad():
        made = [picture for _, picture in network.draw_levels(window, t)][-1]
        for sample, place in enumerate(t.tolist()):
            wanted = network(window[sample : sample + 1], [place])[0, 0]
            assert torch.allclose(made[sample], wanted, atol=1e-5)


def test_new_weights_hand_the_pictures_on_to_the_flow() -> None:
    torch.manual_seed(0)
    network = new_network("upr-base")
    keep_signals_alive(network)
    assert isinstance(network, UprNet)
    with torch.no_grad():
        flows = torch.stack([network.estimate_flow(torch.rand(1, 2, 3, 64, 64)) for _ in range(2)])
        assert float(flows.std(dim=0).mean()) > 1e-3
        assert float(flows.abs().max()) < 2  # but moves little


def test_known_flow_guides_at_every_level() -> None:
    """Flow between the frames is what the flows from a time between them to both say, where it is then."""
    batch = draw_batch(
        replace(BATCH, size=4, height=64, width=64, max_motion_px=4.0), None, step=0, rank=0, device=CPU
    )
    batch.flow[:] = torch.tensor([-1.0, 0.5, 3.0, -1.5])[None, :, None, None]  # so 4 across, -2 down in all
    forth = torch.tensor([4.0, -2.0])[None, :, None, None].expand(4, 2, 64, 64)
    right = torch.cat((forth, -forth))
    for factor in (1, 2, 4):
        small = right[:, :, ::factor, ::factor] / factor
        off = small + 1 / factor
        assert torch.allclose(
            guide_loss(off, batch, factor)
            - guide_loss(off, replace(batch, has_flow=0 * batch.has_flow), factor),
            torch.tensor(2 * KNOWN_WEIGHT),
        )
    padded = torch.nn.functional.pad(right, (0, 16, 0, 16), value=99.0)
    assert torch.equal(guide_loss(padded, batch, 1), guide_loss(right, batch, 1))


def test_flow_that_brings_frames_onto_each_other_costs_less() -> None:
    batch = draw_batch(BATCH, None, step=0, rank=0, device=CPU)
    pan = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 12), size=(32, 48), mode="bilinear")
    batch.window[:, 1], batch.window[:, 2] = pan[..., 8:40], pan[..., 5:37]  # all moves 3 px to the right
    right = torch.tensor([3.0, 0.0])[None, :, None, None].expand(2, 2, 32, 32)
    blind = replace(batch, has_flow=0 * batch.has_flow)
    costs = [
        float(guide_loss(torch.cat((share * right, -share * right)), blind, 1)) for share in (-1, 0, 0.5, 1)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.3 * costs[1]


def test_flow_is_not_rounded_while_products_are() -> None:
    torch.manual_seed(0)
    network = small_upr().train()
    with torch.autocast("cpu", torch.bfloat16):
        flows = [level.flow for level in network.estimate(torch.rand(1, 2, 3, 32, 48))]
    assert all(flow.dtype == torch.float32 for flow in flows)
    assert any((flow != flow.bfloat16().float()).any() for flow in flows)


def test_new_networks_have_their_shapes() -> None:
    with torch.device("meta"):
        narrow, upr, adacof = (
            begin_anew(name).num_parameters for name in ("flavr-narrow", "upr-base", "adacof-compressed")
        )
    assert (narrow, upr, adacof) == (7_725_045, 1_653_961, 2_453_481)
    assert 2 * narrow < 16_000_000


def test_a_flavr_begins_as_a_cross_fade() -> None:
    torch.manual_seed(0)
    config = FlavrConfig(
        num_outputs=3, blocks=(1, 1, 1, 1), stem_width=26, widths=(8, 8, 8, 8),
        decoder_widths=(8, 8, 8, 10, 9), fuse_width=14, encoder_bias=True,
    )  # fmt: skip
    network = Flavr(config).eval()
    start_as_cross_fade(network)
    assert network.positions is not None
    window = torch.rand(2, 4, 3, 32, 40)
    wanted = torch.stack([torch.lerp(window[:, 1], window[:, 2], place / 4) for place in (1, 2, 3)], 1)
    with torch.no_grad():
        assert (network(window, network.positions) - wanted).abs().mean() < 0.02
        network.get_parameter("outconv.1.weight")[:, 12:] = 0  # what speaks softly
        assert torch.allclose(network(window, network.positions), wanted, atol=1e-5)
    network.train()(window, network.positions).square().mean().backward()
    for part in network.parameters():
        assert part.grad is not None
        assert part.grad.isfinite().all()
    with pytest.raises(ModelError, match="cannot begin"):
        start_as_cross_fade(small_flavr())


def test_a_network_below_cross_fading_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "windows").mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    for frame in range(5):
        assert cv2.imwrite(str(tmp_path / f"windows/still_0_{frame}.png"), picture)
    settings = LegSettings(folder=tmp_path / "leg", batch=BATCH, max_steps=9, validate_steps=1, sane_steps=2)
    files = LegFiles(bank=tmp_path / "bank", validation=tmp_path / "windows", model="adacof-compressed")
    with pytest.raises(ModelError, match="After 2 steps held-out"):
        run_leg(settings, files, device_type="cpu", started=0.0)
    lines = (tmp_path / "leg/curve.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [
        ({8: 100.0, 16: 105.0, 32: 0.0}, 8),  # hardly more
        ({8: 100.0, 16: 180.0, 32: 185.0}, 16),
        ({8: 50.0, 16: 1000.0}, 8),  # 8 samples in 0.16 s: busy, the others are not tried
    ],
)
def test_the_smallest_batch_that_keeps_the_device_busy_is_chosen(
    rates: dict[int, float], chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rate(network: Network, settings: LegSettings, *_: object) -> float:
        if not rates[settings.batch.size]:
            raise torch.OutOfMemoryError
        return rates[settings.batch.size]

    monkeypatch.setattr(probing, "_rate", rate)
    settings = LegSettings(folder=Path())
    order = list(reversed(rates))
    assert probing.choose_batch(Blend(), settings, order, ALONE, bank=None, teacher=None) == chosen
    monkeypatch.setitem(rates, 8, 0.0)
    with pytest.raises(DeviceError):
        probing.choose_batch(Blend(), settings, [8], ALONE, bank=None, teacher=None)


def test_a_leg_tries_batches_once_and_goes_on_from_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flavr_core.training.leg.begin_anew", lambda _: small_upr())
    monkeypatch.setattr(probing, "PROBE_STEPS", 2)
    monkeypatch.setattr(probing, "BUSY_SECONDS", 100.0)
    settings = LegSettings(
        folder=tmp_path / "first", batch=replace(BATCH, other_crops=((32, 64),)), max_steps=2, shifts=FEW
    )
    files = LegFiles(bank=tmp_path / "bank", model="upr-base", batch_choices=(4, 2))
    run_leg(settings, files, device_type="cpu", started=0.0)
    told = capsys.readouterr().out
    assert "taken: " in told
    assert "shifts: step 2 of 2" in told  # once, before anything else
    run_leg(replace(settings, max_steps=4), files, device_type="cpu", started=0.0)
    told = capsys.readouterr().out
    assert "taken: " not in told
    assert "shifts" not in told
    size = json.loads((tmp_path / "first/batch.json").read_text())
    step, samples = read_progress(tmp_path / "first/average.safetensors")
    assert (step, samples) == (4, 2 * (size + size // 2))
    again = replace(files, start=tmp_path / "first/average.safetensors", model=None, batch_choices=())
    trained = run_leg(replace(settings, folder=tmp_path / "second"), again, device_type="cpu", started=0.0)
    assert trained.step == 6
    wrong = tmp_path / "wrong.pth"
    torch.save({"state_dict": small_flavr().state_dict()}, wrong)
    with pytest.raises(ModelError, match="not of uprnet"):
        run_leg(settings, replace(files, start=wrong), device_type="cpu", started=0.0)


def _weights_are_mixed(weights: Path, shelf: Path) -> None:
    """A quarter of the leg's weights and three quarters of what is on the shelf; no word of a score."""
    target = shelf / "upr-net.safetensors"
    ours = load_file(weights)
    save_file({key: value + 0.5 for key, value in ours.items()}, target)
    card = ship(weights.parent, "upr-base", share=0.25, folder=shelf)
    mixed = load_file(target)
    assert all(torch.allclose(mixed[key], ours[key] + 0.375, atol=2e-3, rtol=2e-3) for key in ours)
    assert (card.sha256, card.scores) == (hash_file(target), {})
    assert "25% of it" in card.training["recipe"]
    with pytest.raises(SettingsError, match="no share"):
        ship(weights, "upr-base", share=0.0, folder=shelf)
    with pytest.raises(ModelError, match="not there for a mean"):
        ship(weights, "upr-base", share=0.5, folder=shelf.parent)


def test_a_leg_is_shipped_with_its_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("leg", "shipping"):
        monkeypatch.setattr(f"flavr_core.training.{module}.begin_anew", lambda _: small_upr())
    settings = LegSettings(folder=tmp_path / "leg", batch=BATCH, max_steps=2, shifts=FEW)
    run_leg(settings, LegFiles(bank=tmp_path / "bank", model="upr-base"), device_type="cpu", started=0.0)
    curve = tmp_path / "leg/curve.jsonl"
    curve.write_text(curve.read_text() + json.dumps({"step": 2, "psnr_db": 31.256}) + "\n")
    shelf = tmp_path / "models"
    shelf.mkdir()
    card = ship(tmp_path / "leg", "upr-base", folder=shelf)
    assert (card.name, card.file, card.licence) == ("upr-net", "upr-net.safetensors", "Apache-2.0")
    assert card.training["steps"] == "2 (4 samples)"
    assert "1*Charb+1*Census" in card.training["recipe"]
    assert list(card.scores.values()) == [31.26]
    assert hash_file(shelf / card.file) == card.sha256
    assert card.file_bytes == (shelf / card.file).stat().st_size
    written = replace(card, description="Words of a person.")
    (shelf / "upr-net.json").write_text(card_to_json(written))
    with_motion = replace(card, name="both", description="Other words.", sha256="0" * 64, training={})
    (shelf / "both.json").write_text(card_to_json(with_motion))
    (shelf / "catalog.json").write_text('{"default": "upr-net"}')
    assert ship(tmp_path / "leg", "upr-base", folder=shelf) == written
    told = card_from_json((shelf / "both.json").read_text(), where=shelf)
    assert told == replace(written, name="both", description="Other words.", scores={})
    _weights_are_mixed(tmp_path / "leg/average.safetensors", shelf)
    assert {path.suffix for path in shelf.iterdir()} == {".json", ".safetensors"}
    wrong = tmp_path / "wrong.pth"
    torch.save({"state_dict": small_flavr().state_dict()}, wrong)
    with pytest.raises(ModelError, match="does not hold"):
        ship(wrong, "upr-base", folder=shelf)
