"""A network's fast form, tested against the network itself on this device before it draws anything.

The test is that of number formats (`precision`): one small natural-looking window, drawn by the plain network
in fp32 and by the fast form. The first form that agrees is taken; where none does, or a device cannot run
it, the plain network draws and a note says so. No time is measured, so the same machine always decides the
same. `FLAVR_FAST=0` keeps to the plain network.

On Hopper GPUs a FLAVR in fp16 is drawn by programs of our own (`flavr_columns`), whose coarse layers multiply
8-bit floats where fp8 is asked for and agrees to 50 dB. `FLAVR_FAST=windows` keeps to the library's
convolutions.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace

import torch

from flavr_core.engine.drawing import is_out_of_memory
from flavr_core.engine.precision import LEAST_PSNR_DB, PrecisionChoice, agreement_db, draw_test_picture
from flavr_core.model.adacof import MiddleNetwork
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_form import ColumnFlavr, fast_form
from flavr_core.model.flavr_columns import has_programs
from flavr_core.model.flavr_fast import can_be_fast
from flavr_core.model.flavr_fast_options import FastOptions, has_fast_int8
from flavr_core.model.fourflow import FourFlow
from flavr_core.model.fourflow_filters import filters_to_try
from flavr_core.model.fused import may_be_fused
from flavr_core.model.network import DTYPES, Network
from flavr_core.model.whole_vectors import with_whole_vectors
from flavr_core.settings import Precision

SWITCH = "FLAVR_FAST"
"""Environment variable: `0` keeps to the plain network, `windows` to the library's convolutions."""
LEAST_GPU_DB = {Precision.FP32: 90.0, Precision.FP16: 60.0, Precision.BF16: 50.0}
"""Agreement with the plain network in fp32 that a fast form must reach on a GPU."""
_CODED = FastOptions(columns=True, fp8=True)
"""Coarse layers multiply 8-bit floats."""
_LEAST_CODED_DB = 50.0
"""Agreement that these must reach."""
_CACHED_ROWS = 64
"""Rows of the last stage at a time on a CPU: a band of usual width stays in its caches."""
_GPU_ROWS = 256
"""The same on a GPU, which a band of so many rows still fills: half the memory at 1920x1080 by count."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastForm:
    """One way to be fast, and how near it must come."""

    options: FastOptions
    """The steps."""
    least_db: float
    """Agreement with the plain network in fp32 that it must reach on the test window."""


def forms_to_try(device: torch.device, precision: Precision, *, wanted: Precision) -> list[FastForm]:
    """Fast forms of a FLAVR, the fastest first.

    Integers and six products in bf16 are tried for `auto` alone: who asks for a format by name gets its
    exactness. On a GPU only what was found faster is on.
    """
    if device.type != "cpu":
        least_db = LEAST_GPU_DB[precision]
        ways = [FastOptions(windows=True, band_rows=_GPU_ROWS), FastOptions(band_rows=_GPU_ROWS)]
        forms = [FastForm(options=options, least_db=least_db) for options in ways]
        if has_programs(device, DTYPES[precision]):
            forms = [*_column_forms(least_db, wanted), *forms]
        return forms
    if precision is Precision.FP32:
        options = FastOptions(toom_cook_from=64, band_rows=_CACHED_ROWS)
        return [FastForm(options=options, least_db=90)]
    forms = []
    if wanted is Precision.AUTO and precision is Precision.BF16:
        halves = FastOptions(toom_cook_from=128, band_rows=_CACHED_ROWS)
        if has_fast_int8():
            # What six products lose is a few tenths of what the integers at 1/2 and 1/4 do: none without.
            coded = [replace(halves, int8_from=scale, int8_six=True) for scale in (2, 4, 8)]
            forms += [FastForm(options=options, least_db=60) for options in coded]
        forms.append(FastForm(options=halves, least_db=55))
    forms.append(FastForm(options=FastOptions(band_rows=_CACHED_ROWS), least_db=50))
    return forms


def _column_forms(least_db: float, wanted: Precision) -> list[FastForm]:
    """Those by our programs for Hopper GPUs."""
    if os.environ.get(SWITCH) == "windows":
        return []
    forms = [FastForm(options=FastOptions(columns=True), least_db=least_db)]
    if wanted is Precision.FP8:
        forms.insert(0, FastForm(options=_CODED, least_db=_LEAST_CODED_DB))
    return forms


_outcomes: dict[tuple[str, str, Precision, Precision], tuple[FastOptions | None, PrecisionChoice]] = {}
"""Outcomes in this process by network, device, format and wish: the test runs once."""


def speed_up(
    plain: Network, converted: Network, choice: PrecisionChoice, *, wanted: Precision, identity: str | None
) -> tuple[Network, PrecisionChoice]:
    """The fast form of a network in the chosen format, where there is one that agrees.

    Args:
        plain: float32, on its device.
        converted: the same in the chosen format.
        choice: the format and the outcome of its test.
        wanted: the format that was asked for.
        identity: what tells this network's weights from others'; None to test anew each time.

    Returns:
        The network to draw with, and the choice with its way and agreement.
    """
    network, choice = _sped_up(plain, converted, choice, wanted=wanted, identity=identity)
    if wanted is Precision.FP8 and choice.way != str(_CODED) and plain.num_parameters:
        note = f"{plain.name} computes in fp16: 8-bit floats are for full-size FLAVR on a Hopper GPU."
        choice = replace(choice, notes=(*choice.notes, note))
    return network, choice


def _sped_up(
    plain: Network, converted: Network, choice: PrecisionChoice, *, wanted: Precision, identity: str | None
) -> tuple[Network, PrecisionChoice]:
    if os.environ.get(SWITCH) == "0":
        return converted, choice
    if isinstance(plain, MiddleNetwork):
        return _in_whole_vectors(plain, converted, choice)
    if isinstance(plain, FourFlow) and plain.partner is None and may_be_fused(plain.device):
        return _by_kernels(plain, converted, choice)
    if not isinstance(plain, Flavr) or not can_be_fast(plain):
        return converted, choice
    dtype = DTYPES[choice.precision]
    key = (identity or "", str(plain.device), choice.precision, wanted)
    if identity is not None and key in _outcomes:
        options, outcome = _outcomes[key]
        if options is None:
            return converted, outcome
        return fast_form(plain, dtype=dtype, options=options), outcome
    forms = forms_to_try(plain.device, choice.precision, wanted=wanted)
    fast, options, outcome = _first_that_agrees(plain, choice, forms)
    if identity is not None:
        _outcomes[key] = options, outcome
    return converted if fast is None else fast, outcome


def _in_whole_vectors(
    plain: MiddleNetwork, converted: Network, choice: PrecisionChoice
) -> tuple[Network, PrecisionChoice]:
    """AdaCoF or CDFI filled up for a GPU's halves, where that agrees as well as the format alone."""
    if plain.device.type == "cpu" or choice.precision is Precision.FP32:
        return converted, choice
    filled = with_whole_vectors(plain).to(DTYPES[choice.precision])
    psnr_db = agreement_db(draw_test_picture(filled), draw_test_picture(plain))
    least_db = LEAST_PSNR_DB[choice.precision]
    if psnr_db >= min(least_db, (choice.psnr_db or least_db) - 1):
        return filled, replace(choice, psnr_db=psnr_db, way="fast: whole vectors")
    _log.info("%s in whole vectors agrees to %.1f dB only", plain.name, psnr_db)
    return converted, choice


def _by_kernels(
    plain: FourFlow, converted: Network, choice: PrecisionChoice
) -> tuple[Network, PrecisionChoice]:
    """FourFlow by kernels of its own on a GPU, where these run and agree as well as the format must."""
    least_db = LEAST_GPU_DB[choice.precision]
    if choice.psnr_db is not None:  # no worse than the format alone is enough
        least_db = min(least_db, choice.psnr_db - 1)
    reference = draw_test_picture(plain)
    dtype = DTYPES[choice.precision]
    for filters in filters_to_try(plain.device, dtype):
        try:
            from flavr_core.model.fourflow_fast import FastFourFlow

            fast = FastFourFlow(plain, dtype=dtype, filters=filters).eval()
            fast.build_kernels()
            psnr_db = agreement_db(draw_test_picture(fast), reference)
        except Exception as error:  # a compiler of kernels may fail in any way
            _log.warning("The kernels of %s do not run: %s", plain.name, _why(error))
            continue
        if psnr_db >= least_db:
            return fast, replace(choice, psnr_db=psnr_db, way=f"fast: own kernels, filters by {filters}")
        _log.warning("%s by kernels agrees to %.1f dB, %.0f are asked for", plain.name, psnr_db, least_db)
    return converted, _with_note(plain, choice)


def _why(error: Exception) -> str:
    """What an error says first. Raises it when memory ran out, which a slower way would not mend."""
    if is_out_of_memory(error):
        raise error
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _with_note(plain: Network, choice: PrecisionChoice) -> PrecisionChoice:
    note = f"{plain.name} is drawn in the plain, slower way: no faster one agrees with it on this device."
    return replace(choice, notes=(*choice.notes, note))


def _first_that_agrees(
    plain: Flavr, choice: PrecisionChoice, forms: list[FastForm]
) -> tuple[Network | None, FastOptions | None, PrecisionChoice]:
    reference = draw_test_picture(plain)
    for form in forms:
        try:
            fast = fast_form(plain, dtype=DTYPES[choice.precision], options=form.options)
            if isinstance(fast, ColumnFlavr) and has_programs(plain.device, DTYPES[choice.precision]):
                fast.build_kernels()
            psnr_db = agreement_db(draw_test_picture(fast), reference)
        except Exception as error:  # a compiler of kernels may fail in any way
            _log.info("%s does not run: %s", form.options, _why(error))
            continue
        if psnr_db >= form.least_db:
            return fast, form.options, replace(choice, psnr_db=psnr_db, way=str(form.options))
        _log.info("%s agrees to %.1f dB only, %.0f are asked for", form.options, psnr_db, form.least_db)
    return None, None, _with_note(plain, choice)
