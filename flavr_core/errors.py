"""Every error a user can meet: one sentence, one hint, one exit code a family.

Exit codes of the command line: 0 done, 2 usage, 3 input, 4 model, 5 device, 6 output, 130 cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class FlavrError(Exception):
    """Root of all errors the program raises on purpose.

    Attributes:
        message: what is wrong, one sentence, with the facts (path, time, shape).
        hint: what the user can do about it, one sentence; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.hint)


class SettingsError(FlavrError):
    """A setting or a command-line argument that cannot be used."""

    exit_code = 2


class MediaError(FlavrError):
    """An input that cannot be read, or is not what its name says."""

    exit_code = 3


class ModelError(FlavrError):
    """A network or a file of weights that is missing, wrong or damaged."""

    exit_code = 4


class DeviceError(FlavrError):
    """The device (CPU or GPU) is missing, too small, or computes wrongly."""

    exit_code = 5


class OutputError(FlavrError):
    """The result cannot be written, or what was written is not what was promised."""

    exit_code = 6


class CancelledError(FlavrError):
    """The user stopped the work. Nothing is left under the final name."""

    exit_code = 130

    def __init__(self, message: str = "Cancelled.", hint: str = "") -> None:
        super().__init__(message, hint)


class ProblemsError(FlavrError):
    """All that can be known to be wrong with a job, said at once, before its first frame.

    The exit code is that of the first problem.
    """

    def __init__(self, problems: Sequence[FlavrError]) -> None:
        if not problems:
            raise ValueError("ProblemsError needs at least one problem")
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.exit_code = problems[0].exit_code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)
