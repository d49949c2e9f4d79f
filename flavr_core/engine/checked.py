"""A faster program beside the plain way of computing the same, which is what counts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from torch import Tensor

from flavr_core.engine.drawing import is_out_of_memory

_MEAN_SHARE = 0.01
"""Of the largest error that is left to rounding: the mean error that is."""

_log = logging.getLogger(__name__)

Given = TypeVar("Given")


class Checked(Generic[Given]):
    """Computes by the program once it was found to give what the plain way gives, on the first input.

    Where it does not, or does not run, everything is computed plainly. For one thread at a time.
    """

    def __init__(
        self,
        program: Callable[[Given], list[Tensor]],
        plain: Callable[[Given], list[Tensor]],
        *,
        most_error: float,
        name: str,
    ) -> None:
        """Take both ways.

        Args:
            program: the faster one.
            plain: what counts.
            most_error: largest difference that is left to rounding; of the mean one a hundredth of that is.
            name: what they compute, for the log.
        """
        self._program, self._plain = program, plain
        self._most_error, self._name = most_error, name
        self._is_compared = False

    def __call__(self, given: Given) -> list[Tensor]:
        """What the plain way computes, up to rounding."""
        if not self._is_compared:
            self._compare(given)
            self._is_compared = True
        return self._program(given)

    def _compare(self, given: Given) -> None:
        wanted = self._plain(given)
        try:
            made = self._program(given)
            errors = [(a - b).abs() for a, b in zip(made, wanted, strict=True)]
            largest = max(float(error.max()) for error in errors)
            mean = max(float(error.mean()) for error in errors)
            if largest <= self._most_error and mean <= _MEAN_SHARE * self._most_error:
                return
            reason = f"it is {largest:.1e} off at most, {mean:.1e} on average"
        except Exception as error:  # a compiler of kernels may fail in any way
            if is_out_of_memory(error):
                raise
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        _log.warning("%s goes the plain way: %s", self._name, reason)
        self._program = self._plain
