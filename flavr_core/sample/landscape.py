"""First scene of the sample: a pan over hills at dusk. Parallax, a windmill, a balloon, birds, a fence.

Lengths are written for a picture of 360 lines and scaled. Convention of pixels: see `paint`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.sample.paint import (
    Picture,
    Points,
    color,
    curve,
    disc,
    fill,
    gradient,
    lay,
    stroke,
    texture,
)

Numbers = NDArray[np.floating[Any]]

_BUILD = 2  # layers are drawn this much larger and shrunk, which makes their edges smooth
_HAZE = "f3b48f"


def _at(x: float, y: float) -> Points:
    return np.array([x, y], np.float64)


class Landscape:
    """The scene, its layers drawn once; `draw` gives it at any time."""

    def __init__(self, *, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.scale = height / 360
        self._sky = self._draw_sky()
        self._clouds = self._draw_clouds()
        self._layers = [
            (0.10, self._draw_mountains(seed=3, base=226, rise=92, wavelength=150, ink="8a6a96", haze=0.55)),
            (0.22, self._draw_mountains(seed=8, base=252, rise=64, wavelength=110, ink="5f4c83", haze=0.32)),
            (0.42, self._draw_forest(seed=5, base=262, ink="3d3d69", tree=25, haze=0.18)),
            (0.70, self._draw_forest(seed=11, base=292, ink="262f52", tree=34, haze=0.05)),
        ]
        self._meadow = self._draw_meadow()
        self._fence = self._draw_fence()
        generator = np.random.default_rng(21)
        self._stalks = np.stack(
            [generator.uniform(0, 1500, 90), generator.uniform(26, 74, 90), generator.uniform(0, 6.3, 90)],
            axis=1,
        )

    def draw(self, time_s: float) -> Picture:
        """The picture (H, W, 3) at `time_s`, without motion blur."""
        s = self.scale
        camera = s * (84 * time_s + 9 * time_s**2)
        rise = s * 2.0 * np.sin(1.1 * time_s)
        picture = self._sky.copy()
        lay(picture, self._clouds, x_px=0.03 * camera + 5 * s * time_s)
        self._draw_balloon(picture, time_s, camera)
        for parallax, layer in self._layers:
            lay(picture, layer, x_px=parallax * camera, y_px=parallax * rise)
            if parallax == 0.22:
                self._draw_birds(picture, time_s, camera)
            if parallax == 0.42:
                self._draw_windmill(picture, time_s, x=s * 486 - 0.70 * camera, y=s * 262 - 0.7 * rise)
        lay(picture, self._meadow, x_px=camera, y_px=rise)
        lay(picture, self._fence, x_px=2.3 * camera, y_px=2.3 * rise)
        self._draw_stalks(picture, time_s, camera)
        return picture

    def _build_size(self, parallax_reach: float) -> tuple[int, int]:
        """(columns, rows) of a layer while it is being drawn: wide enough for the whole pan."""
        return (int(self.width + parallax_reach * self.scale) * _BUILD, (self.height + 8) * _BUILD)

    def _shrink(self, ink: Numbers, mask: Numbers) -> Picture:
        """A layer from its colours and its opacity, at its final size."""
        layer = np.dstack([ink * mask[..., None], mask]).astype(np.float32)
        size = (layer.shape[1] // _BUILD, layer.shape[0] // _BUILD)
        return np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_AREA), np.float32)

    def _below(self, skyline: Numbers, rows: int) -> Picture:
        """Opacity (rows, columns) of what lies under a skyline."""
        depth = np.arange(rows, dtype=np.float32)[:, None] + 0.5 - skyline[None]
        return np.asarray(np.clip(depth + 0.5, 0, 1), np.float32)

    def _draw_sky(self) -> Picture:
        stops = [
            (0, "26305e"),
            (0.25, "6a4c86"),
            (0.45, "c96f85"),
            (0.58, "f0a07c"),
            (0.68, "ffd8a0"),
            (1, "ffe7c0"),
        ]
        sky = gradient(self.height, self.width, stops)
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32) / self.scale
        distance = np.hypot(x - 236, y - 196)
        light = 0.55 * np.exp(-distance / 60) + 0.25 * np.exp(-distance / 170)
        sky += light[..., None] * color("ffe9b8")
        fill(sky, disc(_at(236, 196) * self.scale, 27 * self.scale), color("fffbe6"))
        return np.clip(sky, 0, 1)

    def _draw_clouds(self) -> Picture:
        columns, rows = self._build_size(80)
        generator = np.random.default_rng(1)
        unit = self.scale * _BUILD
        puffs = texture(generator, columns, rows, 46 * unit, stretch=4.5, octaves=5)
        height = np.arange(rows, dtype=np.float32)[:, None] / unit
        band = np.exp(-(((height - 105) / 62) ** 2))
        mask = np.clip((puffs - 0.02) * 1.6, 0, 1) * band * 0.9
        lit = np.clip((height - 40) / 130, 0, 1)[..., None]
        ink = color("a0688f") * (1 - lit) + color("ffc79a") * lit
        return self._shrink(np.broadcast_to(ink, (rows, columns, 3)), mask.astype(np.float32))

    def _draw_mountains(
        self, *, seed: int, base: float, rise: float, wavelength: float, ink: str, haze: float
    ) -> Picture:
        columns, rows = self._build_size(150)
        unit = self.scale * _BUILD
        generator = np.random.default_rng(seed)
        ridge = sum(
            (1 - 2 * np.abs(curve(generator, columns, wavelength * unit / 2**octave))) / 1.9**octave
            for octave in range(6)
        )
        skyline = (base - 16 - rise * 0.5 * np.asarray(ridge, np.float32)) * unit
        relief = texture(generator, columns, rows, 34 * unit, stretch=0.6, octaves=6)
        slope = np.clip(np.gradient(relief, axis=1) * unit * 7, -1, 1)
        depth = (np.arange(rows, dtype=np.float32)[:, None] - skyline[None]) / unit
        fog = np.clip(haze * 0.35 + depth / 95, 0, 0.35 + haze)[..., None]
        rock = color(ink) * (1 + 0.22 * slope[..., None]) + 0.10 * np.maximum(-slope, 0)[..., None] * color(
            "ffb48a"
        )
        return self._shrink(rock * (1 - fog) + color(_HAZE) * fog, self._below(skyline, rows))

    def _draw_forest(self, *, seed: int, base: float, ink: str, tree: float, haze: float) -> Picture:
        columns, rows = self._build_size(330)
        unit = self.scale * _BUILD
        generator = np.random.default_rng(seed)
        hill = 13 * curve(generator, columns, 170 * unit) + 4 * curve(generator, columns, 60 * unit)
        skyline = (base + hill) * unit
        layer = np.zeros((rows, columns, 4), np.float32)
        layer[..., 3] = self._below(skyline, rows)
        x = 0.0
        while x < columns:
            tall = tree * generator.uniform(0.45, 1.15) * unit
            ground = float(skyline[min(int(x), columns - 1)]) + 3 * unit
            fill(layer, _conifer(x, ground, tall, generator), np.zeros(3, np.float32))
            x += tall * generator.uniform(0.16, 0.5)
        depth = (np.arange(rows, dtype=np.float32)[:, None] - skyline[None]) / unit
        fog = np.clip(haze * (0.6 + depth / 42), 0, haze * 2.4)[..., None]
        leaves = 1 + 0.16 * texture(generator, columns, rows, 7 * unit, octaves=3)[..., None]
        return self._shrink(color(ink) * leaves * (1 - fog) + color(_HAZE) * fog, layer[..., 3])

    def _draw_meadow(self) -> Picture:
        columns, rows = self._build_size(360)
        unit = self.scale * _BUILD
        generator = np.random.default_rng(14)
        skyline = (
            316 + 7 * curve(generator, columns, 240 * unit) + 1.6 * curve(generator, columns, 3 * unit)
        ) * unit
        depth = (np.arange(rows, dtype=np.float32)[:, None] - skyline[None]) / unit
        light = np.clip(1 - depth / 30, 0, 1)[..., None] ** 2
        grass = texture(generator, columns, rows, 9 * unit, stretch=0.35, octaves=4)[..., None]
        patches = texture(generator, columns, rows, 60 * unit, stretch=2, octaves=2)[..., None]
        ink = (
            color("233447") * (1 + 0.30 * grass + 0.15 * patches)
            + light * color("a0553f") * (1 + 0.5 * grass) * 0.6
        )
        return self._shrink(np.clip(ink, 0, 1), self._below(skyline, rows))

    def _draw_fence(self) -> Picture:
        """Posts, two rails and two wires, and the grass at their feet: thin things that pass fast."""
        columns, rows = self._build_size(810)
        unit = self.scale * _BUILD
        generator = np.random.default_rng(30)
        layer = np.zeros((rows, columns, 4), np.float32)
        wood, edge = color("12162c"), color("7a4f4a")
        tops = []
        for number in range(int(columns / (96 * unit)) + 2):
            foot = _at((number * 96 + generator.uniform(-6, 6)) * unit, 372 * unit)
            top = foot + _at(generator.uniform(-3, 3), generator.uniform(-92, -84)) * unit
            tops.append(top)
            fill(layer, stroke(foot, top, 10 * unit, 8.5 * unit), wood)
            fill(layer, stroke(foot + _at(4.3 * unit, 0), top + _at(3.6 * unit, 0), 1.4 * unit), edge)
        for first, second in pairwise(tops):
            for drop, thick in ((16.0, 5.5), (42.0, 5.5)):
                sag = _at(0, (drop + generator.uniform(-3, 3)) * unit)
                fill(layer, stroke(first + sag, second + _at(0, drop * unit), thick * unit), wood)
                lift = _at(0, -thick / 2 * unit)
                fill(layer, stroke(first + sag + lift, second + _at(0, drop * unit) + lift, 1.1 * unit), edge)
            for drop in (4.0, 66.0):
                fill(
                    layer,
                    _hanging_wire(
                        first + _at(0, drop * unit), second + _at(0, drop * unit), 3 * unit, 1.0 * unit
                    ),
                    wood,
                )
        for _ in range(int(columns / unit * 1.3)):
            foot = _at(generator.uniform(0, columns), 374 * unit)
            tip = foot + _at(generator.uniform(-9, 9), generator.uniform(-40, -18)) * unit
            fill(
                layer,
                stroke(foot, tip, 3.2 * unit, 0.4 * unit),
                color("10182a") * generator.uniform(0.8, 1.7),
            )
        size = (columns // _BUILD, rows // _BUILD)
        return np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_AREA), np.float32)

    def _draw_balloon(self, picture: Picture, time_s: float, camera: float) -> None:
        s = self.scale
        center = _at(318 + 6 * time_s, 84 - 5 * time_s + 3 * np.sin(1.7 * time_s)) * s - _at(0.06 * camera, 0)
        tilt, spin, radius = 0.06 * np.sin(1.3 * time_s), 0.35 * time_s, 37 * s
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])

        def place(points: Points) -> Points:
            return np.asarray(center + points @ turn)

        down = np.linspace(-1, 1, 25)
        # A sphere that narrows to the basket: width of the envelope at each height.
        girth = np.where(down < 0, np.sqrt(1 - down**2), np.cos(down * 1.25) ** 0.8)
        heights = np.where(down < 0, down, down * 1.28) * radius
        inks = [color("e4483f"), color("fff0d8"), color("f2a33c"), color("2f6f8f")]
        gores = 16
        for gore in range(gores):
            angles = spin + 2 * np.pi * np.array([gore, gore + 1]) / gores
            middle = angles.mean()
            if np.cos(middle) < -0.25:
                continue
            left, right = np.sin(np.clip(_wrap(angles), -np.pi / 2, np.pi / 2)) * radius
            outline = np.concatenate(
                [
                    np.stack([left * girth / 1, heights], axis=1),
                    np.stack([right * girth / 1, heights], axis=1)[::-1],
                ]
            )
            light = 0.62 + 0.38 * np.cos(_wrap(middle) - 0.9)
            fill(picture, place(outline), np.clip(inks[gore % 4] * light, 0, 1))
        bottom = heights[-1]
        for x in (-0.26, -0.09, 0.09, 0.26):
            rope = stroke(_at(x * radius, bottom), _at(x * 0.55 * radius, bottom + 13 * s), 0.8 * s)
            fill(picture, place(rope), color("4a2f3a"))
        basket = np.array([[-6.5, 13], [6.5, 13], [5.2, 22], [-5.2, 22]]) * s + _at(0, bottom)
        fill(picture, place(basket), color("5b3a35"))

    def _draw_birds(self, picture: Picture, time_s: float, camera: float) -> None:
        s = self.scale
        for number, (x, y) in enumerate([(0, 0), (-17, 9), (-15, -11), (-33, 17), (-34, -4), (-52, 6)]):
            body = _at(150 + x + 58 * time_s, 112 + y - 9 * time_s + 2 * np.sin(2 * time_s + number)) * s
            body[0] -= 0.2 * camera
            beat = np.sin(2 * np.pi * (2.6 * time_s + 0.17 * number))
            for side in (-1, 1):
                elbow = body + _at(side * 4.2, -2.2 - 3.0 * beat) * s
                tip = elbow + _at(side * 5.2, 1.4 - 3.6 * beat) * s
                fill(
                    picture,
                    [stroke(body, elbow, 2.0 * s, 1.5 * s), stroke(elbow, tip, 1.5 * s, 0.5 * s)],
                    color("2a2447"),
                )

    def _draw_windmill(self, picture: Picture, time_s: float, *, x: float, y: float) -> None:
        s = self.scale
        hub = _at(x, y - 88 * s)
        tower = np.array([[-17, 30], [-9.5, -88], [9.5, -88], [17, 30]]) * s + _at(x, y)
        fill(picture, tower, color("4b3f66"))
        fill(
            picture, np.array([[-17, 30], [-9.5, -88], [-4, -88], [-6, 30]]) * s + _at(x, y), color("9a6a78")
        )
        cap = np.array([[-12, -86], [-8, -98], [0, -103], [8, -98], [12, -86]]) * s + _at(x, y)
        fill(picture, cap, color("2c2748"))
        for row, glow_ink in ((-60, "ffcf7a"), (-28, "ffb866")):
            fill(
                picture,
                np.array([[-3, row], [3, row], [3, row + 9], [-3, row + 9]]) * s + _at(x, y),
                color(glow_ink),
            )
        for blade in range(4):
            angle = 1.15 * time_s + 0.4 + blade * np.pi / 2
            along, across = _at(np.cos(angle), np.sin(angle)), _at(-np.sin(angle), np.cos(angle))
            fill(picture, stroke(hub, hub + along * 66 * s, 3.0 * s, 1.8 * s), color("241f3d"))
            sail = np.array(
                [hub + along * a * s + across * b * s for a, b in ((16, 1), (64, 1), (64, 14), (16, 11))]
            )
            fill(picture, sail, color("f6dcc0"), opacity=0.55)
            bars = [
                stroke(hub + along * a * s, hub + (along * a + across * 13.5) * s, 1.1 * s)
                for a in range(16, 70, 8)
            ]
            rails = [
                stroke(
                    hub + (along * 16 + across * b) * s, hub + (along * 64 + across * b * 1.2) * s, 1.1 * s
                )
                for b in (5.5, 11)
            ]
            fill(picture, [*bars, *rails], color("352c50"))
        fill(picture, disc(hub, 3.6 * s), color("1d1934"))

    def _draw_stalks(self, picture: Picture, time_s: float, camera: float) -> None:
        """Tall grass in front of everything, bending in the wind."""
        s = self.scale
        for x, tall, phase in self._stalks:
            foot = _at(x * s - 2.9 * camera, self.height + 4 * s)
            if not -60 * s < foot[0] < self.width + 60 * s:
                continue
            bend = 0.16 * np.sin(2.2 * time_s + phase + x * 0.013) + 0.10
            middle = foot + _at(np.sin(bend * 0.5), -np.cos(bend * 0.5)) * tall * 0.55 * s
            tip = middle + _at(np.sin(bend * 1.8), -np.cos(bend * 1.8)) * tall * 0.5 * s
            fill(
                picture,
                [stroke(foot, middle, 2.4 * s, 1.7 * s), stroke(middle, tip, 1.7 * s, 0.7 * s)],
                color("0c1022"),
            )
            fill(picture, disc(tip, 1.7 * s, 4.6 * s), color("1c1a30"))


def _wrap(angle: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The same angle between -pi and pi."""
    return np.asarray((np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi)


def _conifer(x: float, ground: float, tall: float, generator: np.random.Generator) -> Points:
    """The outline of a fir tree."""
    tiers = 5
    right = [_at(0, -tall)]
    for tier in range(1, tiers + 1):
        reach = 0.24 * tall * tier / tiers * generator.uniform(0.8, 1.15)
        right.append(_at(reach, -tall * (1 - tier / (tiers + 0.5))))
        right.append(_at(reach * 0.45, -tall * (1 - (tier + 0.12) / (tiers + 0.5))))
    right.append(_at(0.03 * tall, 0))
    half = np.array(right)
    return np.asarray(np.concatenate([half, (half * (-1, 1))[::-1]]) + _at(x, ground))


def _hanging_wire(start: Points, end: Points, sag_px: float, width_px: float) -> Points:
    """The outline of a wire that hangs between two places."""
    places = np.linspace(0, 1, 13)
    middle = (
        start
        + (end - start) * places[:, None]
        + np.stack([0 * places, 4 * sag_px * places * (1 - places)], axis=1)
    )
    half = np.array([0, width_px / 2])
    return np.concatenate([middle - half, (middle + half)[::-1]])
