"""Networks of the published kinds, small enough to be trained in a test."""

from itertools import pairwise

from flavr_core.model.adacof import DOWN, KERNEL_HEADS, SIDES, UP, AdaCoF, KernelWidths


def small_adacof() -> AdaCoF:
    """AdaCoF of kernel 3 with few channels."""
    wide = (8, 8, 12, 12, 16)
    blocks: dict[str, tuple[int, ...]] = {}
    for name, (before, after) in zip(DOWN, pairwise((6, *wide)), strict=True):
        blocks[name] = (before, after, after, after)
    for name, before, after in zip(UP, (16, 16, 12, 12), (16, 12, 12, 8), strict=True):
        blocks[name] = (before, after, after, after)
        blocks[name.replace("Deconv", "Upsample")] = (after, wide[int(name[-1]) - 1])
    for head in (name + side for side in SIDES for name in KERNEL_HEADS):
        blocks[head] = (8, 8, 8, 8, 9)
    blocks["moduleOcclusion"] = (8, 8, 8, 8, 1)
    return AdaCoF(KernelWidths(blocks=blocks), dilation=1)
