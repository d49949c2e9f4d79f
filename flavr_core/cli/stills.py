"""Still images of the `frames` command: brought to one kind of pixels, and stored."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from flavr_core.cli.still_formats import StillFormat, check_suffix
from flavr_core.color import Matrix, Range
from flavr_core.engine.conversion import FrameConverter
from flavr_core.engine.pictures import is_opaque
from flavr_core.errors import SettingsError
from flavr_core.frame import Frame, PixelFamily, PixelFormat, Plane
from flavr_core.media.writing import output_errors

Samples = NDArray[np.uint8] | NDArray[np.uint16]
"""A picture as image libraries take it: (H, W) gray or (H, W, 3 or 4) RGB, alpha last."""

_CPU = torch.device("cpu")


def matching(frames: Sequence[Frame]) -> list[Frame]:
    """The frames with one kind of pixels for all: as they are where they agree, else full-range RGB."""
    first = frames[0]
    if all(frame.format == first.format and frame.color == first.color for frame in frames):
        return list(frames)
    format_ = PixelFormat(
        family=PixelFamily.RGB,
        depth=8 if all(frame.format.depth == 8 for frame in frames) else 16,
        has_alpha=any(frame.format.has_alpha for frame in frames),
    )
    color = replace(first.color, matrix=Matrix.RGB, range=Range.FULL)
    matched = []
    for frame in frames:
        samples = to_samples(frame, depth=format_.depth)
        channels = [samples] * 3 if samples.ndim == 2 else np.moveaxis(samples, -1, 0)
        planes = [np.ascontiguousarray(channel) for channel in channels]
        if format_.has_alpha and len(planes) == 3:
            planes.append(np.full_like(planes[0], 2**format_.depth - 1))
        matched.append(replace(frame, planes=tuple(cast(list[Plane], planes)), format=format_, color=color))
    return matched


def to_samples(frame: Frame, *, depth: int) -> Samples:
    """The frame as full-range RGB (or gray, when it is gray and has no alpha) of 8 or 16 bits."""
    converter = FrameConverter(frame.format, frame.color, width=frame.width, height=frame.height, device=_CPU)
    planes = converter.upload(frame)
    rgb = converter.to_rgb(planes)[0]  # (3, H, W)
    if frame.format.has_alpha:
        rgb = torch.cat([rgb, converter.to_alpha(planes)[0]])  # (4, H, W)
    elif frame.format.family is PixelFamily.GRAY:
        rgb = rgb[:1]
    top = 2**depth - 1
    codes = rgb.double().mul_(top).round_().clamp_(0, top).permute(1, 2, 0).numpy()
    samples = codes.astype(np.uint8 if depth == 8 else np.uint16)
    return cast(Samples, samples[..., 0] if samples.shape[2] == 1 else samples)


def check_pixels(frame: Frame, output: Path) -> None:
    """See that the output's format can hold pixels like these.

    Raises:
        SettingsError: when it would lose their transparency.
    """
    if not is_opaque(frame) and not check_suffix(output).has_alpha:
        raise SettingsError(
            f"{check_suffix(output).name} holds no transparency, which the images have.",
            "Write PNG, TIFF or WebP.",
        )


def picture_profile(images: Sequence[Path]) -> tuple[bytes | None, str]:
    """The colour profile (ICC) of the image before the gap, and a word where the one after has another."""
    middle = len(images) // 2
    before, after = (_profile(path) for path in images[middle - 1 : middle + 1])
    if before == after:
        return before, ""
    return before, f"The images have different colour profiles; that of '{images[middle - 1].name}' is kept."


def _profile(path: Path) -> bytes | None:
    try:
        with Image.open(path) as image:
            profile = image.info.get("icc_profile")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return profile if isinstance(profile, bytes) else None


def store(frame: Frame, output: Path, *, profile: bytes | None) -> list[str]:
    """Write one picture under its name, whole or not at all; returns what was lost on the way.

    Raises:
        OutputError: when it cannot be written.
    """
    format_ = check_suffix(output)
    notes = []
    depth = 8 if frame.format.depth == 8 else 16
    if depth > format_.most_bits:
        notes.append(f"{format_.name} holds 8 bits; those beyond were rounded away.")
        depth = 8
    if not format_.has_alpha and frame.format.has_alpha:
        frame = _without_alpha(frame)
    samples = to_samples(frame, depth=depth)
    if depth == 16 and format_.name == "TIFF" and profile is not None:
        notes.append("The colour profile could not be stored in a 16-bit TIFF; write PNG to keep it.")
    if profile is not None and profile[16:20] != (b"GRAY" if samples.ndim == 2 else b"RGB "):
        profile = None  # it describes the file's colours (CMYK, say), not those that were decoded
    with output_errors(output):
        write_whole(output, _encode(samples, format_, profile))
    return notes


def _without_alpha(frame: Frame) -> Frame:
    return replace(frame, planes=frame.planes[:-1], format=replace(frame.format, has_alpha=False))


def _encode(samples: Samples, format_: StillFormat, profile: bytes | None) -> bytes:
    if samples.dtype == np.uint16:
        return _encode_deep(samples, format_, profile)
    buffer = io.BytesIO()
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True, "exact": True},
    }
    extra = dict(options.get(format_.name, {}))
    if profile is not None and format_.name != "BMP":
        extra["icc_profile"] = profile
    Image.fromarray(samples).save(buffer, format=format_.name, **extra)
    return buffer.getvalue()


def _encode_deep(samples: Samples, format_: StillFormat, profile: bytes | None) -> bytes:
    """16 bits, which Pillow cannot write in colour."""
    if samples.ndim == 3:
        samples = samples[..., [2, 1, 0, *range(3, samples.shape[2])]]  # OpenCV takes B, G, R
    done, encoded = cv2.imencode(".png" if format_.name == "PNG" else ".tif", samples)
    if not done:
        raise OSError(f"the picture could not be stored as {format_.name}")
    data = bytes(encoded)
    return with_png_profile(data, profile) if profile is not None and format_.name == "PNG" else data


def with_png_profile(png: bytes, profile: bytes) -> bytes:
    """The file with a colour profile after its header (chunk iCCP, 11.3.2.3 of the PNG specification)."""
    after_header = 8 + 12 + 13  # signature; length, type and checksum; the header's 13 bytes
    body = b"iCCP" + b"ICC profile\0\0" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:after_header] + chunk + png[after_header:]


def write_whole(path: Path, data: bytes) -> None:
    """Write by way of a temporary file beside it, so that the name is only ever given to a whole file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp keeps others out; a picture gets the rights any new file gets.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
