"""What a FLAVR is like, read off the names and shapes in its file.

The authors' files, bare or narrowed, and those of mmagic, whose independent FLAVR differs only in names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flavr_core.errors import ModelError
from flavr_core.model.network import Shape

TELLING = (
    "encoder.stem.0.weight",
    "decoder.0.conv.0.weight",
    "feature_fuse.conv.0.weight",
    "outconv.1.weight",
)
"""A file with two of these names is meant to be a FLAVR; any one may be missing from a damaged file."""

OPTIONS = {"join": ("none", "add")}
"""Adding and leaving out skips have the same shapes; concatenation shows in the file."""


class Join(StrEnum):
    """How a decoder stage takes in the encoder's picture of the same size."""

    CONCAT = "concat"
    ADD = "add"
    NONE = "none"


class UpMode(StrEnum):
    """How the decoder doubles its size."""

    TRANSPOSE = "transpose"
    UPSAMPLE = "upsample"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavrConfig:
    """The shape of one FLAVR. The defaults are the authors' 2x network."""

    num_inputs: int = 4
    """Frames it looks at."""
    num_outputs: int = 1
    """Frames it draws, evenly spaced in the gap."""
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    """Residual blocks of encoder layers 1 to 4; (3, 4, 6, 3) in the 34-layer variant."""
    stem_width: int = 64
    """Channels after the stem."""
    widths: tuple[int, int, int, int] = (64, 128, 256, 512)
    """Channels of encoder layers 1 to 4."""
    decoder_widths: tuple[int, int, int, int, int] = (256, 128, 64, 64, 64)
    """Channels of decoder stages 0 to 4."""
    fuse_width: int = 64
    """Channels after the frames' features are merged."""
    join: Join = Join.CONCAT
    """How skips join."""
    up_mode: UpMode = UpMode.TRANSPOSE
    """How the decoder grows."""
    batch_norm: bool = False
    """Whether batch normalisation follows each convolution (each gate, in the decoder)."""
    encoder_bias: bool = False
    """Whether stem and encoder 3x3x3 convolutions have biases; so in the authors' 4x and 8x files."""


def matches(shapes: Mapping[str, Shape]) -> bool:
    """Whether a file with these names is meant to be a FLAVR."""
    return sum(name in shapes for name in TELLING) >= 2


def config_from_shapes(shapes: Mapping[str, Shape], options: Mapping[str, str]) -> FlavrConfig:
    """Everything about the network from {parameter name: shape}.

    Raises:
        ModelError: when a name that tells something is missing, or its shape makes no FLAVR.
    """
    up_mode = UpMode.UPSAMPLE if len(shapes.get("decoder.1.upconv.1.weight", ())) == 5 else UpMode.TRANSPOSE
    grow, out, into = (1, 0, 1) if up_mode is UpMode.UPSAMPLE else (0, 1, 0)
    stages = ("decoder.0.conv.0", f"decoder.1.upconv.{grow}", f"decoder.2.upconv.{grow}",
              "decoder.3.conv.0", f"decoder.4.upconv.{grow}")  # fmt: skip
    outputs_at = (0, out, out, 0, out)
    d0, d1, d2, d3, d4 = (
        _size(shapes, f"{stage}.weight", axis, ndim=5) for stage, axis in zip(stages, outputs_at, strict=True)
    )
    w1, w2, w3, w4 = (
        _size(shapes, f"encoder.layer{layer}.0.conv2.0.weight", 0, ndim=5) for layer in range(1, 5)
    )
    b1, b2, b3, b4 = (_count_blocks(shapes, layer) for layer in range(1, 5))
    join = Join.CONCAT
    if _size(shapes, f"{stages[1]}.weight", into, ndim=5) == d0:
        join = Join(options["join"])
    return FlavrConfig(
        num_inputs=_quotient(shapes, "feature_fuse.conv.0.weight", 1, d4),
        num_outputs=_quotient(shapes, "outconv.1.weight", 0, 3),
        blocks=(b1, b2, b3, b4),
        stem_width=_size(shapes, "encoder.stem.0.weight", 0, ndim=5),
        widths=(w1, w2, w3, w4),
        decoder_widths=(d0, d1, d2, d3, d4),
        fuse_width=_size(shapes, "feature_fuse.conv.0.weight", 0, ndim=4),
        join=join,
        up_mode=up_mode,
        batch_norm="feature_fuse.conv.1.weight" in shapes,
        encoder_bias="encoder.stem.0.bias" in shapes,
    )


def _size(shapes: Mapping[str, Shape], name: str, axis: int, *, ndim: int) -> int:
    shape = shapes.get(name)
    if shape is None:
        raise ModelError(
            f"This looks like a FLAVR, but {name} is missing.", "The file is damaged or incomplete."
        )
    if len(shape) != ndim or min(shape) < 1:
        raise ModelError(
            f"This looks like a FLAVR, but {name} has shape {tuple(shape)}: {ndim} axes are needed.",
            "The file is damaged, or made for another network.",
        )
    return shape[axis]


def _quotient(shapes: Mapping[str, Shape], name: str, axis: int, divisor: int) -> int:
    size = _size(shapes, name, axis, ndim=4)
    if size % divisor:
        raise ModelError(
            f"This looks like a FLAVR, but {name} has shape {tuple(shapes[name])}: "
            f"{size} is no multiple of {divisor}.",
            "The file is damaged, or made for another network.",
        )
    return size // divisor


def _count_blocks(shapes: Mapping[str, Shape], layer: int) -> int:
    pattern = re.compile(rf"encoder\.layer{layer}\.(\d+)\.")
    found = {int(match.group(1)) for match in map(pattern.match, shapes) if match}
    return min(max(found, default=0) + 1, len(shapes))  # a mad number must not build mad networks


MMAGIC_NAMES = (
    (r"encoder\.stem_layer\.conv\.", "encoder.stem.0."),
    (r"encoder\.stem_layer\.bn\.", "encoder.stem.1."),
    (r"(encoder\.layer\d+\.\d+\.(?:conv1|conv2|downsample))\.conv\.", r"\1.0."),
    (r"(encoder\.layer\d+\.\d+\.(?:conv1|conv2|downsample))\.bn\.", r"\1.1."),
    (r"decoder\.layer(\d)\.", r"decoder.\1."),
    (r"feature_fuse\.conv\.(weight|bias)$", r"feature_fuse.conv.0.\1"),
    (r"feature_fuse\.bn\.", "feature_fuse.conv.1."),
    (r"conv_last\.1\.", "outconv.1."),
)
"""mmagic's names of the same parameters; NOTE(https://mmagic.readthedocs.io, FLAVRNet)."""


def names_from_mmagic(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """{name in the file: the authors' name} for a file of mmagic's FLAVR; nothing for any other file."""
    renamed: dict[str, str] = {}
    if not any(name.startswith("encoder.stem_layer.") for name in shapes):
        return renamed
    for name in shapes:
        for pattern, replacement in MMAGIC_NAMES:
            new, count = re.subn(rf"^{pattern}", replacement, name)
            if count:
                renamed[name] = new
                break
    return renamed
