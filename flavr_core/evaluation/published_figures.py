"""What papers say of networks on the sets of the literature, to be read beside what was measured here.

Nothing here was measured by this program: authors' training, rounding and averaging may differ.
"""

from __future__ import annotations

from dataclasses import dataclass

_CDFI = "CDFI, arXiv 2103.10559"
_UPR = "UPR-Net, arXiv 2211.03456"
_FLAVR = "FLAVR, arXiv 2012.08512"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published mean."""

    network: str
    """As the paper calls it."""
    psnr_db: float
    """RGB PSNR."""
    source: str
    """The paper whose table it stands in."""


def _figures(source: str, **psnr_db: float) -> tuple[Figure, ...]:
    names = {"adacof": "AdaCoF", "cdfi": "CDFI", "rife": "RIFE", "upr": "UPR-Net base", "flavr": "FLAVR"}
    return tuple(Figure(network=names[name], psnr_db=value, source=source) for name, value in psnr_db.items())


FIGURES: dict[str, tuple[Figure, ...]] = {
    "middlebury-other": _figures(_CDFI, adacof=35.72, cdfi=37.14),
    "ucf101": (*_figures(_CDFI, adacof=35.16, cdfi=35.21), *_figures(_UPR, rife=35.28, upr=35.41)),
    "vimeo90k-triplet": (*_figures(_CDFI, cdfi=35.17), *_figures(_UPR, rife=35.61, upr=36.03)),
    "vimeo90k-septuplet": _figures(_FLAVR, flavr=36.3),
}
"""{data set of `protocols.PROTOCOLS`: means over all of it}."""


def published(dataset: str) -> str:
    """One footnote with the figures on a set; empty where none is known."""
    figures = FIGURES.get(dataset, ())
    if not figures:
        return ""
    told = ", ".join(f"{figure.network} {figure.psnr_db:g} ({figure.source})" for figure in figures)
    return f"published PSNR on the whole set, not measured here: {told}"
