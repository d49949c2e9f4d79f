"""UPR-Net learns to match on shifted pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from flavr_core.model.cost_volume import cost_volume
from flavr_core.model.uprnet import RADIUS, UprNet, UprWidths
from flavr_core.training.beginnings import Beginning, begin, is_new_upr
from flavr_core.training.matching_start import start_as_matcher
from flavr_core.training.shifts_first import ShiftSettings, learn_shifts, shifted_pairs

CPU = torch.device("cpu")
SETTINGS = ShiftSettings(steps=24, whole_steps=2, size=4, side=64, report_steps=13)


class Textures:
    """Smooth noise: as good as pictures to be matched."""

    def __init__(self) -> None:
        self.numbers = torch.Generator().manual_seed(3)

    def __call__(self, count: int, height: int, width: int) -> Tensor:
        noise = torch.rand(count, 3, height // 2 + 1, width // 2 + 1, generator=self.numbers)
        return torch.nn.functional.interpolate(noise, scale_factor=2.0)[:, :, :height, :width]


def matcher() -> UprNet:
    torch.manual_seed(0)
    network = UprNet(UprWidths(features=(8, 12, 24), motion=(32, 24, 24, 24, 16), synthesis=(4, 8, 8)))
    start_as_matcher(network)
    return network


def test_flow_leads_from_each_frame_to_the_other() -> None:
    numbers = torch.Generator().manual_seed(1)
    before, after, forth, back = shifted_pairs(Textures(), SETTINGS, 6, numbers, CPU)
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    for one, other, flow in ((before, after, forth), (after, before, back)):
        for sample in range(4):
            x, y = columns + flow[sample, 0].long(), rows + flow[sample, 1].long()
            is_inside = (x >= 0) & (x < 64) & (y >= 0) & (y < 64)
            found = other[sample][:, y.clamp(0, 63), x.clamp(0, 63)]
            same = (found == one[sample]).all(0) & is_inside
            # The rest is covered by the rectangle in the other frame.
            assert float(same.sum() / is_inside.sum()) > 0.6
        assert len(flow[0].flatten(1).unique(dim=1).T) == 2  # the ground's and the rectangle's
    assert not torch.equal(before, after)


def test_new_features_already_tell_what_matches() -> None:
    network = matcher()
    pictures = Textures()(4, 80, 96)
    with torch.no_grad():
        before, after = (
            network.feat_pyramid(part)[2] for part in (pictures[..., 16:80], pictures[..., 8:72])
        )  # all moves 8 px to the right
        best = cost_volume(before, after, radius=RADIUS)[:, :, 4:-4, 4:-4].argmax(1)
    side = 2 * RADIUS + 1
    assert float((best == RADIUS * side + RADIUS + 2).float().mean()) > 0.5


def test_shifts_are_learnt(capsys: pytest.CaptureFixture[str]) -> None:
    missed = learn_shifts(matcher(), Textures(), SETTINGS, seed=1, device=CPU)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "shifts: step 13 of 26", "shifts: step 26 of 26"
    ]  # fmt: skip
    assert 0 < missed < 1.5
    again = learn_shifts(matcher(), Textures(), SETTINGS, seed=1, device=CPU)
    assert again == missed  # from its seed


def test_only_a_new_upr_net_begins_with_shifts(tmp_path: Path) -> None:
    new, other = Beginning(model="upr-large"), Beginning(model="adacof")
    assert is_new_upr(new, begin(new))
    assert not is_new_upr(other, begin(other))
    kept = tmp_path / "kept.pth"
    torch.save({"state_dict": begin(new).state_dict()}, kept)
    from_file = replace(new, weights=kept)
    assert not is_new_upr(from_file, begin(from_file))
