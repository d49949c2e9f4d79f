"""Scenes that are hard to interpolate, drawn at any moment: what in-betweens are looked at with.

Time is counted in gaps: a camera filmed the frames -1, 0, 1 and 2, and what lies between 0 and 1 is asked
for. Every case is drawn from the same wide painting, so that only what is named is hard.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from flavr_core.sample.landscape import Landscape
from flavr_core.sample.paint import Picture, Points, color, disc, fill, stroke

WIDTH, HEIGHT = 448, 256
"""Size of the pictures."""
LOOKS = 8
"""Instants averaged where something is blurred by its motion."""
SHUTTER = 0.3
"""Part of the gap for which such a picture is exposed."""

EDGE_PX = 0.7
"""How far edges are blurred in pans by broken parts of a pixel."""

_MARGIN = 120  # pixels beyond each side of the picture

Moment = Callable[[float], Picture]
"""From a time in gaps to the picture then, (HEIGHT, WIDTH, 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardCase:
    """One scene."""

    name: str
    """What is hard about it, in a few words."""
    draw: Moment
    """What it looks like at a time."""
    is_blurred: bool = False
    """Whether the shutter is open for a part of the gap."""

    def picture(self, time: float) -> NDArray[np.uint8]:
        """The frame of that time: (HEIGHT, WIDTH, 3) uint8 R'G'B'."""
        times = [time + SHUTTER * look / LOOKS for look in range(LOOKS)] if self.is_blurred else [time]
        light = np.mean([self.draw(moment) for moment in times], axis=0, dtype=np.float32)
        return np.rint(np.clip(light, 0, 1) * 255).astype(np.uint8)


@lru_cache(maxsize=3)
def _painting(edge_px: float = 0.0, grain_px: float = 0.0) -> Picture:
    """The wide painting, its edges blurred, with a grain that moves along, blurred or of single pixels."""
    width, height = WIDTH + 2 * _MARGIN, HEIGHT + 2 * _MARGIN
    scene = Landscape(width=width, height=height).draw(1.0)
    grain = np.random.default_rng(5).standard_normal((height, width, 1), np.float32)
    if edge_px:
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), edge_px), np.float32)
    if grain_px:
        blurred = cv2.GaussianBlur(grain, (0, 0), grain_px)[..., None]
        grain = blurred * (grain.std() / blurred.std())
    return np.asarray(scene + 0.02 * grain, np.float32)


def _ground(x_px: float, y_px: float = 0.0) -> Picture:
    """The painting, moved by so many pixels; pans are even, so that half of one blurs nothing."""
    matrix = np.array([[1, 0, _MARGIN - x_px], [0, 1, _MARGIN - y_px]], np.float64)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(_painting(), matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.float32)


def _slid(picture: Picture, shift_px: float, axis: int) -> Picture:
    """Moved by any part of a pixel, its mirror image behind it; nothing of it is lost between pixels."""
    waves = np.fft.rfft(np.concatenate((picture, np.flip(picture, axis)), axis), axis=axis)
    length = 2 * picture.shape[axis]
    turns = np.exp(-2j * np.pi * shift_px / length * np.arange(waves.shape[axis]))
    turned = waves * np.expand_dims(turns, [other for other in range(picture.ndim) if other != axis])
    moved = np.fft.irfft(turned, n=length, axis=axis)
    return np.asarray(np.take(moved, range(picture.shape[axis]), axis), np.float32)


def _panned(painting: Picture, x_px: float, y_px: float = 0.0) -> Picture:
    """A wide painting moved by any part of a pixel."""
    moved = _slid(painting, x_px, 1)[:, _MARGIN : _MARGIN + WIDTH]
    if y_px:
        moved = _slid(moved, y_px, 0)
    return moved[_MARGIN : _MARGIN + HEIGHT]


def _pan(x_px: float, y_px: float = 0.0, *, grain_px: float = 0.0) -> Moment:
    """So many pixels a gap; edges are so soft that they do not ring between pixels."""
    return lambda time: _panned(_painting(EDGE_PX, grain_px), x_px * time, y_px * time)


def _noisy_pan(time: float) -> Picture:
    """Each moment has a noise of its own."""
    numbers = np.random.default_rng(round(1000 * (time + 8)))
    return _pan(-4)(time) + 0.02 * numbers.standard_normal((HEIGHT, WIDTH, 3), np.float32)


def _elsewhere(time: float) -> Picture:
    """Another scene: the painting from the other side, in other colours."""
    return np.asarray(_ground(70 - 6 * time, 40)[:, ::-1, ::-1], np.float32)


def _turned(points: Points, angle: float, center: tuple[float, float]) -> Points:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]) + center, np.float64)


def _place(x: float, y: float) -> Points:
    return np.array([x, y], np.float64)


def _hand(time: float) -> Picture:
    picture = _ground(0)
    angle = -0.7 + 0.5 * time + 0.08 * time * time
    elbow = (WIDTH * 0.5, HEIGHT * 0.95)
    skin, shade = color("d9a27e"), color("b9805f")
    fill(picture, _turned(stroke(_place(0, 0), _place(0, -120), 34, 26), angle, elbow), color("35507d"))
    fill(picture, _turned(disc(_place(0, -138), 20, 24), angle, elbow), skin)
    for finger in range(4):
        lean = (finger - 1.5) * 9
        tip = _place(lean * 1.7, -192 + 5 * abs(finger - 1.5))
        fill(picture, _turned(stroke(_place(lean, -150), tip, 9, 7), angle, elbow), skin)
    fill(picture, _turned(stroke(_place(14, -130), _place(38, -158), 10, 7), angle, elbow), shade)
    return picture


def _fence(time: float) -> Picture:
    picture = _ground(-6 * time)
    for bar in range(-2, 24):
        x = bar * 24 - 10 * time
        fill(picture, stroke(_place(x, -4), _place(x, HEIGHT + 4), 5), color("e8e2d4"))
    for rail in (60, 200):
        fill(picture, stroke(_place(-4, rail), _place(WIDTH + 4, rail), 4), color("cfc7b4"))
    return picture


@lru_cache(maxsize=2)
def _writing(text: str, size_px: int) -> Picture:
    """How much each pixel is covered by the writing, (HEIGHT, WIDTH, 1), at its middle."""
    image = Image.new("L", (WIDTH, HEIGHT))
    font = ImageFont.load_default(size_px)
    ImageDraw.Draw(image).text((WIDTH / 2, HEIGHT / 2), text, fill=255, font=font, anchor="mm")
    return np.asarray(np.asarray(image)[..., None] / 255, np.float32)


def _subtitle(time: float) -> Picture:
    picture = _ground(-18 * time)
    ink = np.roll(_writing("Frames that were never filmed", 22), 96, axis=0)
    outline = cv2.dilate(ink, np.ones((3, 3), np.uint8))[..., None]
    return picture * (1 - outline) + ink


def _wheel(time: float) -> Picture:
    picture = _ground(0)
    center = (WIDTH / 2, HEIGHT / 2)
    fill(picture, disc(_place(*center), 104), color("2b2b30"))
    fill(picture, disc(_place(*center), 92), color("b8bcc4"))
    for spoke in range(9):
        angle = math.radians(40 * spoke + 16 * time)
        paint = color("c23b32") if spoke == 0 else color("3a4452")
        fill(picture, _turned(stroke(_place(0, 0), _place(0, -90), 9, 5), angle, center), paint)
    fill(picture, disc(_place(*center), 14), color("22252b"))
    return picture


def _splash(time: float) -> Picture:
    picture = _ground(0)
    numbers = np.random.default_rng(9)
    age = time + 2
    for _ in range(90):
        side, up, size = numbers.normal(0, 16), numbers.uniform(18, 62), numbers.uniform(1.2, 4.5)
        at = _place(WIDTH / 2 + side * age, HEIGHT * 0.86 - up * age + 9 * age * age)
        fill(picture, disc(at, size, size * 1.3), color("dff1ff"), opacity=0.85)
    fill(picture, disc(_place(WIDTH / 2, HEIGHT * 0.86), 34 * age, 7 * age), color("9cc3dd"), opacity=0.5)
    return picture


def _flash(time: float) -> Picture:
    return _ground(-6 * time) * np.float32(1 + 1.1 * math.exp(-(((time - 0.9) / 0.45) ** 2)))


def _cut_within(time: float) -> Picture:
    return _ground(0) if time <= 0.5 else _elsewhere(time)


def _cut_after(time: float) -> Picture:
    return _ground(-10 * time) if time <= 1 else _elsewhere(time)


def _fade(time: float) -> Picture:
    return _ground(-8 * time) * np.float32(np.clip((2.2 - time) / 3.2, 0, 1))


def _logo(time: float) -> Picture:
    picture = _ground(-22 * time, 6 * time)
    at = _place(WIDTH - 60, 46)
    fill(picture, disc(at, 34), color("ffffff"), opacity=0.35)
    fill(picture, disc(at, 26), color("10223c"), opacity=0.6)
    ink = np.roll(_writing("FS", 26), (46 - HEIGHT // 2, WIDTH // 2 - 60), axis=(0, 1))
    return picture * (1 - ink) + ink * color("ffd75e")


SLOW_PAN = HardCase(name="slow pan", draw=lambda time: _panned(_painting(), -4 * time))
"""Four pixels a gap, half of one an eighth: every frame of it is equally sharp."""

PANS = (
    SLOW_PAN,
    HardCase(name="pan of 1 px", draw=_pan(-1)),
    HardCase(name="pan of 8 px, soft grain", draw=_pan(-8, grain_px=1)),
    HardCase(name="slantwise pan", draw=_pan(-3.3, 1.7)),
    HardCase(name="slantwise pan, soft grain", draw=_pan(-3.3, 1.7, grain_px=1)),
    HardCase(name="noisy pan", draw=_noisy_pan),
)
"""Pans by whole and broken pixels, with grain of single pixels but where it is said to be softer."""

HARD_CASES = (
    HardCase(name="fast hand", draw=_hand, is_blurred=True),
    HardCase(name="fence, pan", draw=_fence),
    HardCase(name="subtitle over a pan", draw=_subtitle),
    HardCase(name="spinning wheel", draw=_wheel),
    HardCase(name="splash", draw=_splash),
    HardCase(name="flashing light", draw=_flash),
    HardCase(name="cut in the gap", draw=_cut_within),
    HardCase(name="cut after the gap", draw=_cut_after),
    HardCase(name="fade, pan", draw=_fade),
    HardCase(name="static logo, pan", draw=_logo),
)
"""All of them. The truth of the cut in the gap is the frame before it, as the program holds it there."""
