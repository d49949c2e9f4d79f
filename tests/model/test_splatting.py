"""Average splatting and the cost volume against sums written out in Python, and their gradients."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from flavr_core.model.cost_volume import cost_volume, cost_volume_plainly
from flavr_core.model.splatting import splat, splat_plainly, splat_together


def random(*shape: int, seed: int = 5) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def written_out(values: Tensor, flow: Tensor) -> Tensor:
    """Average splatting by its definition, one pixel after the other."""
    count, _, rows, columns = values.shape
    total = torch.zeros_like(values)
    weight = torch.zeros(count, 1, rows, columns, dtype=values.dtype)
    for n in range(count):
        for i in range(rows):
            for j in range(columns):
                x, y = j + float(flow[n, 0, i, j]), i + float(flow[n, 1, i, j])
                for row in (math.floor(y), math.floor(y) + 1):
                    for column in (math.floor(x), math.floor(x) + 1):
                        if 0 <= row < rows and 0 <= column < columns:
                            share = (1 - abs(y - row)) * (1 - abs(x - column))
                            total[n, :, row, column] += share * values[n, :, i, j]
                            weight[n, 0, row, column] += share
    return total / torch.where(weight == 0, 1, weight)


def test_splatting_is_the_sum_written_out() -> None:
    values, flow = random(2, 3, 7, 9), 3 * random(2, 2, 7, 9, seed=6)
    torch.testing.assert_close(splat(values, flow), written_out(values, flow))


def test_values_that_travel_together_are_splatted_like_each_alone() -> None:
    flow = 3 * random(2, 2, 7, 9, seed=6)
    parts = [random(2, channels, 7, 9, seed=channels) for channels in (3, 1, 5)]
    for values, carried in zip(parts, splat_together(parts, flow), strict=True):
        torch.testing.assert_close(carried, splat(values, flow))
    with pytest.raises(ValueError, match="cannot carry"):
        splat_together([parts[0], parts[1][:, :, 1:]], flow)


def test_no_flow_changes_nothing() -> None:
    values = torch.rand(2, 5, 6, 7)
    assert torch.equal(splat(values, torch.zeros(2, 2, 6, 7)), values)


def test_a_shift_leaves_holes() -> None:
    values = 1 + torch.rand(1, 1, 4, 6)
    flow = torch.zeros(1, 2, 4, 6)
    flow[:, 0] = 2  # to the right
    moved = splat(values, flow)
    assert torch.equal(moved[..., 2:], values[..., :-2])
    assert not moved[..., :2].any()


def test_flow_without_numbers_is_left_out() -> None:
    values, flow = torch.ones(1, 1, 3, 3), torch.zeros(1, 2, 3, 3)
    flow[0, 0, 0, 0], flow[0, 1, 1, 1], flow[0, 0, 2, 2] = math.nan, math.inf, 1e30
    moved = splat(values, flow)
    assert moved.isfinite().all()
    assert moved.sum() == 6


def test_gradients_of_splatting() -> None:
    values, flow = random(2, 3, 3, 4).requires_grad_(), (2 * random(2, 2, 3, 4, seed=6)).requires_grad_()
    assert torch.autograd.gradcheck(splat, (values, flow))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_sums_in_full(dtype: torch.dtype) -> None:
    values, flow = random(1, 4, 8, 8).to(dtype), 2 * random(1, 2, 8, 8).float()
    assert torch.equal(splat(values, flow), splat(values.float(), flow).to(dtype))
    first, second = random(1, 40, 5, 6).to(dtype), random(1, 40, 5, 6, seed=6).to(dtype)
    assert torch.equal(cost_volume(first, second), cost_volume(first.float(), second.float()).to(dtype))


@pytest.mark.parametrize("radius", [1, 4])
def test_the_cost_volume_is_the_mean_of_products(radius: int) -> None:
    first, second = random(2, 6, 5, 7), random(2, 6, 5, 7, seed=6)
    costs = cost_volume(first, second, radius=radius)
    side = 2 * radius + 1
    assert costs.shape == (2, side * side, 5, 7)
    for number in range(side * side):
        down, across = number // side - radius, number % side - radius
        for i in range(5):
            for j in range(7):
                wanted = torch.zeros(2, dtype=torch.float64)
                if 0 <= i + down < 5 and 0 <= j + across < 7:
                    wanted = (first[:, :, i, j] * second[:, :, i + down, j + across]).mean(1)
                torch.testing.assert_close(costs[:, number, i, j], wanted)


def test_gradients_of_the_cost_volume() -> None:
    pair = (random(1, 3, 3, 4).requires_grad_(), random(1, 3, 3, 4, seed=6).requires_grad_())
    assert torch.autograd.gradcheck(lambda first, second: cost_volume(first, second, radius=2), pair)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="flow"):
        splat(torch.zeros(1, 3, 4, 4), torch.zeros(1, 2, 4, 5))
    with pytest.raises(ValueError, match="compared"):
        cost_volume(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 5))


@pytest.mark.parametrize("channels", [1, 5])
def test_the_ways_for_training_are_the_others(channels: int) -> None:
    flow, values = 3 * random(2, 2, 7, 9, seed=6), random(2, channels, 7, 9)
    flow[0, 0, 0, 0], flow[1, 1, 1, 1], flow[0, 0, 2, 2] = math.nan, math.inf, 1e30
    other = random(2, channels, 7, 9, seed=8)
    counts = random(2, 25, 7, 9, seed=9)
    plain = [tensor.clone().requires_grad_() for tensor in (flow, values, other)]
    trained = [tensor.clone().requires_grad_() for tensor in (flow, values, other)]
    results = []
    for leaves, ways in (
        (plain, (splat_plainly, cost_volume_plainly)),
        (trained, (splat, cost_volume)),
    ):
        carried, costs = ways[0](leaves[1], leaves[0]), ways[1](leaves[1], leaves[2], radius=2)
        gradients = torch.autograd.grad(
            (carried * counts[:, :channels]).sum() + (costs * counts).sum(), leaves
        )
        results.append((carried.detach(), costs.detach(), *gradients))
    for wanted, given in zip(*results, strict=True):
        torch.testing.assert_close(given, wanted)
