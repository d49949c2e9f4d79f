"""What is known of the licences of weights that users bring along. No torch here.

Of a file nobody can see who trained it, so these are the terms of the authors' own files, said as that.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsLicence:
    """The terms of the authors' weights of one architecture."""

    name: str
    """A few words for a list."""
    terms: str
    """What they mean, in sentences for the user."""


UNKNOWN = WeightsLicence(name="unknown", terms="")
"""Where nothing is known."""

_NONE_GIVEN = WeightsLicence(
    name="none (authors' files)",
    terms="The authors publish their weights without a licence, which reserves all rights: look at their "
    "results, and ask them before you publish or sell what you make with them.",
)

_LICENCES = {
    "adacof": _NONE_GIVEN,
    "cdfi": _NONE_GIVEN,
    "uprnet": WeightsLicence(
        name="CC-BY-NC-ND-4.0 (authors' files)",
        terms="The authors' weights are under CC BY-NC-ND 4.0: name them, use them for nothing commercial, "
        "and pass on no changed copies.",
    ),
}


def licence_of(architecture: str) -> WeightsLicence:
    """The terms of the authors' weights of this architecture."""
    return _LICENCES.get(architecture, UNKNOWN)
