"""A FLAVR in columns on the CPU by its GPU programs: run with TRITON_INTERPRET=1.

Arguments: height, width, windows, outputs, `full` for the authors' widths, `fp8` for such layers. Triton's
interpreter runs the passes. The convolutions are in Gluon, which has none: here each is followed step by step
on the descriptors, grid and numbers that it is launched with; these are held to the copy engine's rules.
Memory that was not written holds no numbers. Prints the agreement with the plain network in dB, its own
spread standing for the picture's, and the bytes that were alive at once, as a share of those foreseen.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes
from triton.runtime import interpreter

from flavr_core.engine.memory import _LiveBytes, activation_bytes
from flavr_core.model import flavr_column_ends, flavr_columns, flavr_columns_fp8, flavr_columns_triton
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_form import ColumnFlavr
from flavr_core.model.flavr_config import FlavrConfig


def check(descriptor: Any) -> None:
    """What the driver asks of a map of the copy engine: it refuses all else, or worse."""
    base, size = descriptor.base, descriptor.base.element_size()
    assert base.data_ptr() % 16 == 0
    assert len(descriptor.shape) == len(descriptor.strides) == len(descriptor.block_shape) <= 5
    assert descriptor.strides[-1] == 1
    assert all(step * size % 16 == 0 and 0 < step * size < 2**40 for step in descriptor.strides[:-1])
    assert all(0 < count < 2**31 for count in descriptor.shape)
    assert all(0 < count <= 256 for count in descriptor.block_shape)
    assert descriptor.block_shape[-1] * size == descriptor.layout.swizzle_byte_width
    reach = sum((count - 1) * step for count, step in zip(descriptor.shape, descriptor.strides, strict=True))
    assert (base.storage_offset() + reach) * size < base.untyped_storage().nbytes()


def fetched(descriptor: Any, at: tuple[int, ...]) -> Tensor:
    """What the copy engine would bring: zeros outside."""
    view = torch.as_strided(
        descriptor.base, descriptor.shape, descriptor.strides, descriptor.base.storage_offset()
    )
    block = torch.zeros(descriptor.block_shape)
    inside, target = [], []
    for start, size, count in zip(at, descriptor.block_shape, descriptor.shape, strict=True):
        first, after = max(start, 0), min(start + size, count)
        if after <= first:
            return block
        inside.append(slice(first, after))
        target.append(slice(first - start, after - start))
    block[tuple(target)] = view[tuple(inside)].float()
    return block


def stored(descriptor: Any, at: tuple[int, ...], block: Tensor) -> None:
    """What the copy engine writes: nothing outside."""
    view = torch.as_strided(
        descriptor.base, descriptor.shape, descriptor.strides, descriptor.base.storage_offset()
    )
    assert all(start >= 0 for start in at)
    target = tuple(
        slice(start, min(start + size, count))
        for start, size, count in zip(at, descriptor.block_shape, descriptor.shape, strict=True)
    )
    given = view[target]
    assert given.isnan().all()
    given.copy_(block[tuple(slice(0, size) for size in given.shape)])


class Followed:
    """Stands for the program: `Followed()[grid](...)` as it is launched."""

    def __getitem__(self, grid: tuple[int]) -> Any:
        def run(*args: Any, **constants: Any) -> None:
            with _disable_current_modes():  # what following takes is not the network's
                for descriptor in args[:5]:
                    check(descriptor)
                for tile in range(grid[0]):
                    follow(tile, *args, **constants)

        return run


def follow(
    tile, pictures, joined, weights, merging, made, out, factors, bias, sums, tiles_x, tiles_y, blocks,
    phase_blocks, chunks, own_chunks, sample_rows, x_step, rows, columns, frame_step, row_step,
    column_step, **constants,
):  # fmt: skip
    """One program, in the order of the text of `flavr_columns_triton`."""
    kw, grows = constants["KW"], constants["GROWS"]
    tile_rows, tile_columns = constants["TH"], constants["TW"]
    places, step = tile_rows * tile_columns, pictures.block_shape[-1]
    block, place = tile % blocks, tile // blocks
    left = place % tiles_x * tile_columns
    top = place // tiles_x % tiles_y * tile_rows
    sample = place // (tiles_x * tiles_y)
    phase = block // phase_blocks if grows else 0
    channel = (block % phase_blocks if grows else block) * 64
    taps = constants["KH"] * kw
    early, late = torch.zeros(places, 128), torch.zeros(places, 128)  # frames 0 and 1, 2 and 3
    y1, y2 = torch.zeros(places, 64), torch.zeros(places, 64)
    for tap in range(taps):
        down = tap // kw - constants["ABOVE"] + phase // 2
        across = tap % kw - constants["BESIDE"] + phase % 2
        y, odd, x, first = top + down, 0, left + across, 0
        if constants["STRIDE"] == 2:
            y, odd, x, first = top + (down >> 1), down & 1, left + (across >> 1), (across & 1) * x_step
        for chunk in range(0, step * chunks, step):
            row = sample * sample_rows + (block * taps + tap) * 192
            held = torch.cat([fetched(weights, (row + 64 * k, chunk)) for k in (2, 1, 0)])
            source, own = pictures, step * own_chunks
            if constants["JOINS"] and chunk >= own:
                source, channels = joined, chunk - own
            else:
                channels = first + chunk
            frames = fetched(source, (4 * sample, y, odd, x, channels)).reshape(4, places, step)
            early += frames[0] @ held[64:].T + frames[1] @ held[:128].T
            late += frames[2] @ held[64:].T + frames[3] @ held[:128].T
            y2 += frames[1] @ held[128:].T
            y1 += frames[2] @ held[:64].T
    drawn = torch.stack([early[:, :64], early[:, 64:] + y1, late[:, :64] + y2, late[:, 64:]])
    if constants["HAS_FACTORS"]:
        drawn *= factors[channel : channel + 64]
    if constants["HAS_BIAS"]:
        drawn += bias[channel : channel + 64]
    m = torch.arange(places)
    y, x = top + m // tile_columns, left + m % tile_columns
    is_inside = (y < rows) & (x < columns)
    if constants["HAS_SUMS"]:
        sums[tile] = drawn[:, is_inside].sum((0, 1))
    if grows:
        y, x = 2 * y + phase // 2, 2 * x + phase % 2
    at = ((y * row_step + x * column_step)[:, None] + channel + torch.arange(64))[is_inside]
    halves = rectified(drawn, constants["ACTIVATION"]).half()[:, is_inside]
    values = torch.as_strided(
        out, (out.untyped_storage().nbytes() // 2 - out.storage_offset(),), (1,), out.storage_offset()
    )
    if constants["MERGES"]:
        merged = sum(halves[f].float() @ fetched(merging, (256 * sample + 64 * f, 0)).T for f in range(4))
        write(values, sample * frame_step + at, rectified(merged, 2).half())
        return
    if constants["BY_COPY"]:
        block = rectified(drawn, constants["ACTIVATION"]).half().view(4, tile_rows, 1, tile_columns, 64)
        stored(made, (4 * sample, top, 0, left, channel), block)
        return
    for frame in range(4):
        write(values, (4 * sample + frame) * frame_step + at, halves[frame])


def write(values: Tensor, at: Tensor, given: Tensor) -> None:
    """Once each."""
    assert values[at].isnan().all()
    values[at] = given


def rectified(values: Tensor, activation: int) -> Tensor:
    """As `flavr_columns.activated`."""
    return flavr_columns.activated(values, flavr_columns.Activation(activation))


def measure(
    height: int, width: int, count: int, outputs: int, *, is_full: bool = False, fp8: bool = False
) -> tuple[float, float]:
    """Agreement of `count` windows, all programs in use, and the share of foreseen memory that was used."""
    flavr_columns_triton._column = Followed()
    torch.manual_seed(3)
    small = FlavrConfig(
        widths=(64, 64, 256 if fp8 else 128, 64),
        decoder_widths=(128, 64, 64, 64, 64),
        encoder_bias=True,
        num_outputs=outputs,
    )
    network = Flavr(FlavrConfig(num_outputs=outputs) if is_full else small).eval().requires_grad_(False)
    window = torch.rand(count, 4, 3, height, width)
    columns = ColumnFlavr(network, dtype=torch.float16, fp8=fp8)
    counter = _LiveBytes()
    with torch.inference_mode():
        wanted = network(window, network.positions)
        foreseen = activation_bytes(
            columns, batch=count, width=width, height=height, positions=network.positions
        )
        for module in (flavr_columns, flavr_column_ends, flavr_columns_fp8):
            module.is_programmed = lambda frames: frames.dtype == torch.float16 and not frames.is_meta
        torch.use_deterministic_algorithms(True)  # fills new memory with what are no numbers
        from output_emulator import followed  # which has the copy engine's rules from here

        with counter, followed():
            given = columns(window, network.positions)
    agreement = -10 * torch.log10(((given - wanted) / wanted.std()).square().mean())
    return float(agreement), counter.peak_bytes / (foreseen or 1)


def without_modes(run: Any) -> Any:
    """The interpreter copies what it is given."""

    def quietly(*args: Any, **options: Any) -> Any:
        with _disable_current_modes():
            result = run(*args, **options)
            gc.collect()  # it keeps its arguments in circles
            return result

    return quietly


if __name__ == "__main__":
    interpreter.GridExecutor.__call__ = without_modes(interpreter.GridExecutor.__call__)
    numbers, words = map(int, sys.argv[1:5]), sys.argv[5:]
    print(*measure(*numbers, is_full="full" in words, fp8="fp8" in words))
