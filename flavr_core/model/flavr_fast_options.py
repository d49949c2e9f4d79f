"""Which of the ways to save work a fast FLAVR uses; each can be switched by itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from flavr_core.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class FastOptions:
    """The steps of `FastFlavr`, all off by default: half precision and layout are the caller's."""

    toom_cook_from: int | None = None
    """Layers of at least so many channels use six products along time instead of ten or twelve: of input and
    output channels, or of input channels where the layer doubles the size."""
    skip_padding: bool = False
    """Whether taps that would multiply time padding are left out, where the library does not do so itself."""
    int8_from: int | None = None
    """Layers between stem and fuse whose input is at 1/8 of the picture's size when this is 8, at 1/4 as well
    when it is 4, at 1/2 as well when it is 2, are computed in 8-bit integers."""
    int8_six: bool = False
    """Whether integers at 1/8 of the size take six products along time instead of ten."""
    band_rows: int | None = None
    """Output rows at a time of the last decoder stage, which then stays in the caches; None for all."""

    windows: bool = False
    """Whether layers that double the size are computed as windows of 2x2 taps that give four pixels each,
    which GPUs' libraries are better at than at transposed convolutions."""
    columns: bool = False
    """Whether four frames are computed together by programs of our own, see `flavr_columns`; then none of
    the other steps applies."""
    fp8: bool = False
    """Whether the coarse layers of `columns` multiply 8-bit floats, see `flavr_columns_fp8`."""

    def __post_init__(self) -> None:
        if self.fp8 and not self.columns:
            raise SettingsError("8-bit floats are for columns alone.")
        for name in ("toom_cook_from", "int8_from", "band_rows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingsError(f"{name} is {value}: 1 or more is needed.")

    def __str__(self) -> str:
        if self.columns:
            return "fast: four frames at once" + (", coarse layers in 8-bit floats" if self.fp8 else "")
        words = []
        if self.toom_cook_from is not None:
            words.append(f"six products from {self.toom_cook_from} channels")
        if self.skip_padding:
            words.append("no padding taps")
        if self.int8_from is not None:
            six = ", six products at 1/8" if self.int8_six else ""
            words.append(f"8-bit integers from 1/{self.int8_from} of the size{six}")
        if self.windows:
            words.append("windows")
        if self.band_rows is not None:
            words.append(f"bands of {self.band_rows} rows")
        return "fast: " + (", ".join(words) or "layout alone")


def has_fast_int8() -> bool:
    """Whether this processor multiplies 8-bit integers by instructions of its own, without saturating."""
    try:
        known = torch.cpu.get_capabilities()
    except (AttributeError, RuntimeError):
        return False
    has_instructions = any(known.get(name, False) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))
    return has_instructions and torch.backends.mkldnn.is_available() and _has_operator()


def _has_operator() -> bool:
    return hasattr(torch.ops.onednn, "qconv_pointwise") and hasattr(torch.ops.onednn, "qconv_prepack")
