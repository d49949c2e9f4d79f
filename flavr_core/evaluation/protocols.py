"""The data sets of the literature: what is drawn from what, on which part of the picture.

For all of them: pictures are read as 8-bit RGB (by Pillow, JPEG included, as the papers' own scripts do; no
turning by EXIF) and given to networks as they are; networks pad inside and crop back. A crop is cut about the
centre, a side shorter than the crop stays whole. Positions lie in the gap between the middle two inputs.
Networks of two inputs get those two. Where a set has two frames a sample, networks of four inputs get each
of them twice (1, 1, 2, 2), and the table says so. The mean is over
the pictures drawn, except where a protocol names groups: then over the groups' means. Nothing is resized.

This module imports nothing heavy, so that the command line can print it at once.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How one data set is measured."""

    words: str
    """Inputs, truth, crop and list, as the table's footnote says them."""
    layout: str
    """Files under `--data-root`."""
    takes_list: str = ""
    """What a file given with `--list` holds, one a line; empty when there is nothing to list."""


_CLIPS = "names of clips"
_HIGH_RATE = (
    "of every {span} frames in a row, starting {factor} frames apart, inputs 0, {factor}, {two}, {three}; "
    "truths the {made} frames between the middle two"
)


def _high_rate(factor: int, *, crop: str, layout: str) -> Protocol:
    words = _HIGH_RATE.format(
        span=3 * factor + 1, factor=factor, two=2 * factor, three=3 * factor, made=factor - 1
    )
    return Protocol(words=f"{words}; {crop}", layout=layout, takes_list=_CLIPS)


_GOPRO = {"crop": "CenterCrop 512", "layout": "[test/]CLIP/[sharp/]*.png"}
_ADOBE = {"crop": "whole pictures", "layout": "[test/]CLIP/*.png"}

PROTOCOLS = {
    "vimeo90k-septuplet": Protocol(
        words="inputs im1, im3, im5, im7, truth im4; sep_testlist.txt",
        layout="sequences/00001/0001/im1.png ... im7.png, sep_testlist.txt",
        takes_list="folders under sequences/, such as 00001/0266",
    ),
    "vimeo90k-triplet": Protocol(
        words="inputs im1, im3, truth im2; tri_testlist.txt",
        layout="sequences/00001/0001/im1.png ... im3.png (or input/... and target/...), tri_testlist.txt",
        takes_list="folders under sequences/, such as 00001/0389",
    ),
    "ucf101": Protocol(
        words="inputs frame_00, frame_02, truth frame_01_gt (the 379 triplets of DVF), whole pictures",
        layout="1/frame_00.png, frame_01_gt.png, frame_02.png; 11/...",
        takes_list="names of folders",
    ),
    "ucf101-five": Protocol(
        words="inputs frame0 ... frame3, truth framet (the five-frame set of QVI); CenterCrop 224",
        layout="NAME/frame0.png ... frame3.png, framet.png",
        takes_list="names of folders",
    ),
    "middlebury-other": Protocol(
        words="inputs frame10, frame11, truth frame10i11; one row a picture",
        layout="input/NAME/frame10.png, frame11.png; gt/NAME/frame10i11.png "
        "(or other-data/..., other-gt-interp/...)",
        takes_list="names of pictures",
    ),
    "middlebury-eval": Protocol(
        words="inputs frame09 ... frame12, where there are but two frame10, frame10, frame11, "
        "frame11 (Teddy); no truth is published: pictures to hand in are written, time alone is measured",
        layout="[eval-data/]NAME/frame09.png ... frame12.png",
        takes_list="names of pictures",
    ),
    "snu-film": Protocol(
        words="triplets of the four lists (easy, medium, hard, extreme), first and last in, the middle the "
        "truth; groups are the lists",
        layout="test/GOPRO_test/..., test/YouTube_test/..., [eval_modes/]test-easy.txt ... test-extreme.txt",
        takes_list="three paths of pictures",
    ),
    "x-test": Protocol(
        words="4K1000FPS (XVFI) at 8x: inputs 0000, 0032, truths 0004, 0008 ... 0028, whole pictures",
        layout="[test/]Type1/SCENE/0000.png ... 0032.png",
        takes_list="names of scenes",
    ),
    "davis": Protocol(
        words="starts s = 0, 2, 4 ...: inputs s, s+2, s+4, s+6, truth s+3; CenterCrop 480x840 "
        "(rows x columns)",
        layout="[JPEGImages/480p/]CLIP/00000.jpg ..., any names that sort by number",
        takes_list=_CLIPS,
    ),
    "gopro-4x": _high_rate(4, **_GOPRO),
    "gopro-8x": _high_rate(8, **_GOPRO),
    "adobe-4x": _high_rate(4, **_ADOBE),
    "adobe-8x": _high_rate(8, **_ADOBE),
}
"""Every data set that `datasets.open_dataset` reads, by name."""

ALIASES = {"vimeo90K_septuplet": "vimeo90k-septuplet", "vimeo90k": "vimeo90k-triplet"}
"""Names that the authors' scripts use."""

HOLDOUT = "every second frame of a clip is hidden: inputs s, s+2, s+4, s+6, truth s+3; groups are the clips"
"""The protocol for any clip."""


def explained() -> str:
    """All protocols as the help of the command shows them."""
    lines = ["data sets (files are under --data-root):"]
    for name, protocol in PROTOCOLS.items():
        lines.append(f"  {name}")
        for text in (protocol.words, f"files: {protocol.layout}"):
            lines += textwrap.wrap(text, 100, initial_indent=" " * 6, subsequent_indent=" " * 8)
    return "\n".join(lines)
