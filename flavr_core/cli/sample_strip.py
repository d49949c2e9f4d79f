"""`render-sample --between`: frames of the sample clip and the ones made between them, in one picture."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from flavr_core.cli.stills import to_samples, write_whole
from flavr_core.engine import create_engine
from flavr_core.frame import Frame, FrameWindow
from flavr_core.media import open_source, probe
from flavr_core.settings import EngineSettings, SceneSettings, TimingSettings
from flavr_core.timeline import iter_windows, needed_frames, plan_output

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample.mp4"
MOMENTS = (Fraction(3, 2), Fraction(9, 2))
"""Seconds of the sample at which the gaps lie, one in each scene."""
TILE_PX = (380, 214)
"""Size of a picture."""
GAP_PX = 4
"""Between two pictures."""
_TITLES = ("frame", "made frame", "frame")
_DARK, _LIGHT = (16, 16, 24), (255, 255, 255)


def render_strip(output: Path, engine: EngineSettings) -> str:
    """Draw a gap of each scene of the bundled sample and write a PNG: a row a scene, what was made
    in the middle.

    Returns:
        Who drew, in one line.

    Raises:
        FlavrError: when the sample cannot be read, or the network not be used.
    """
    info = probe(SAMPLE)
    with create_engine(engine, width=info.width, height=info.height) as drawing:
        rows = [_row(drawing.interpolate(window)[1], window) for window in _windows()]
        who = drawing.describe()
    width, height = TILE_PX
    whole = Image.new("RGB", (3 * width + 2 * GAP_PX, len(rows) * height + (len(rows) - 1) * GAP_PX), _LIGHT)
    for across, down, tile in ((a, d, tile) for d, row in enumerate(rows) for a, tile in enumerate(row)):
        whole.paste(tile, (across * (width + GAP_PX), down * (height + GAP_PX)))
    _write_titles(whole)
    stored = BytesIO()
    whole.save(stored, "PNG", optimize=True)
    write_whole(output, stored.getvalue())
    return who


def _windows() -> Iterator[FrameWindow]:
    """The windows of the gaps, each with its first frame and its middle as outputs."""
    info = probe(SAMPLE)
    plan = plan_output(info.times, TimingSettings(), rate=info.rate)
    with open_source(info) as source:
        for moment in MOMENTS:
            first = 2 * info.times.index_at(moment)
            frames = source.frames(*needed_frames(plan, first, first + 2))
            yield from iter_windows(frames, plan, scenes=SceneSettings(), start=first, stop=first + 2)


def _row(made: Frame, window: FrameWindow) -> list[Image.Image]:
    """Before, made, after, at the size of the tiles."""
    return [
        Image.fromarray(to_samples(frame, depth=8)).resize(TILE_PX, Image.Resampling.LANCZOS)
        for frame in (window.frames[1], made, window.frames[2])
    ]


def _write_titles(whole: Image.Image) -> None:
    """Say in the first row what is what."""
    font, draw = ImageFont.load_default(15), ImageDraw.Draw(whole)
    for number, title in enumerate(_TITLES):
        left, top = number * (TILE_PX[0] + GAP_PX) + 8, 8
        width = draw.textlength(title, font=font)
        draw.rounded_rectangle((left, top, left + width + 14, top + 25), radius=5, fill=_DARK)
        draw.text((left + 7, top + 13), title, fill=_LIGHT, font=font, anchor="lm")
