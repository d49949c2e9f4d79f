"""What each kind of still image can hold, by the ending of its name. Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flavr_core.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class StillFormat:
    """One format of still images."""

    name: str
    """Pillow's name of it."""
    has_alpha: bool
    """Whether it holds transparency."""
    most_bits: int
    """Bits a sample at most: 8 or 16."""


_PNG = StillFormat(name="PNG", has_alpha=True, most_bits=16)
_TIFF = StillFormat(name="TIFF", has_alpha=True, most_bits=16)
_JPEG = StillFormat(name="JPEG", has_alpha=False, most_bits=8)
STILL_FORMATS = {
    ".png": _PNG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": StillFormat(name="WEBP", has_alpha=True, most_bits=8),
    ".bmp": StillFormat(name="BMP", has_alpha=False, most_bits=8),
}
"""By the ending of the name, in small letters."""


def check_suffix(path: Path) -> StillFormat:
    """The format of a name.

    Raises:
        SettingsError: when images of this kind cannot be written.
    """
    try:
        return STILL_FORMATS[path.suffix.lower()]
    except KeyError:
        raise SettingsError(
            f"'{path.name}' does not end in a format that can be written.",
            f"End it in {', '.join(STILL_FORMATS)}.",
        ) from None
