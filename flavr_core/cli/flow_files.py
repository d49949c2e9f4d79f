"""Files of optical flow for `frames --flow`: colour wheel or .flo, by the name's ending."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flavr_core.errors import SettingsError

if TYPE_CHECKING:
    from flavr_core.model.flow_pictures import Flow

FLOW_SUFFIXES = (".png", ".flo")
"""Endings of names of flow files."""


def check_flow_name(path: Path) -> None:
    """See that a name is one for flow.

    Raises:
        SettingsError: when it is not.
    """
    if path.suffix.lower() not in FLOW_SUFFIXES:
        raise SettingsError(
            f"'{path.name}' does not end in a format for flow.",
            "End it in .png for a picture, or .flo for numbers.",
        )


def store_flow(flow: Flow, output: Path, *, scale_px: float | None) -> str:
    """Write flow under its name, whole or not at all; returns a line on what was written.

    Raises:
        OutputError: when it cannot be written.
    """
    import io

    from PIL import Image

    from flavr_core.cli.stills import write_whole
    from flavr_core.media.writing import output_errors
    from flavr_core.model.flow_pictures import flo_bytes, flow_picture, largest_motion

    largest = largest_motion(flow)
    if output.suffix.lower() == ".flo":
        data = flo_bytes(flow)
        words = "numbers"
    else:
        buffer = io.BytesIO()
        Image.fromarray(flow_picture(flow, scale_px=scale_px)).save(buffer, format="PNG")
        data = buffer.getvalue()
        words = f"full colour at {largest if scale_px is None else scale_px:.1f} pixels"
    with output_errors(output):
        write_whole(output, data)
    return f"{output}: flow, up to {largest:.1f} pixels, {words}"
