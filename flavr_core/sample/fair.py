"""Second scene of the sample: a big wheel by the water at night. Spokes, lights, fireworks, a reflection.

Lengths are written for a picture of 360 lines and scaled; the camera draws nearer. Convention: see `paint`.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from flavr_core.sample.paint import Color, Picture, Points, color, disc, fill, glow, gradient, stroke

_LAMPS = [color(code) for code in ("ff5d5d", "ffb347", "fff07a", "7dff9b", "6ad7ff", "c58bff")]
_CABINS = [color(code) for code in ("ff6f61", "ffc857", "4fd1c5", "9f7aea")]
_SPOKES = 20
_SHORE = 272.0
_HUB = (322.0, 152.0)
_RADIUS = 104.0
_BURSTS = (
    (0.12, 118.0, 76.0, color("ffd27a"), 3),
    (0.68, 520.0, 70.0, color("8fd3ff"), 4),
    (1.24, 168.0, 104.0, color("ff8fb1"), 5),
)
"""Fireworks: seconds, place, colour, seed."""


def burst_times() -> list[float]:
    """Seconds from the scene's beginning at which fireworks go off."""
    return [burst[0] for burst in _BURSTS]


class Fair:
    """The scene, drawn anew at any time."""

    def __init__(self, *, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.scale = height / 360
        stops = [
            (0, "060a22"),
            (0.30, "14184a"),
            (0.55, "38245f"),
            (0.70, "84477a"),
            (0.76, "c06a6e"),
            (1, "c06a6e"),
        ]
        self._night = gradient(height, width, stops)
        generator = np.random.default_rng(77)
        self._stars = [
            (generator.uniform(-20, 660), generator.uniform(0, 190) ** 1.02, generator.uniform(0.2, 1))
            for _ in range(150)
        ]
        self._town = _build_town(generator)

    def draw(self, time_s: float) -> Picture:
        """The picture (H, W, 3) at `time_s`, without motion blur."""
        zoom = self.scale * (1 + 0.06 * time_s)
        picture = self._night.copy()
        light = np.zeros_like(picture)
        for x, y, bright in self._stars:
            twinkle = bright * (0.7 + 0.3 * np.sin(8 * time_s * bright + x)) * max(0.0, 1 - y / 230)
            fill(
                picture,
                disc(self._place(x, y, self.scale), 0.8 * self.scale),
                color("e8ecff"),
                opacity=twinkle,
            )
        for start_s, x, y, ink, seed in _BURSTS:
            self._draw_burst(light, time_s - start_s, self._place(x, y, zoom), ink, seed)
        self._draw_town(picture, light, zoom)
        self._draw_wheel(picture, light, time_s, zoom)
        picture += light + 0.9 * glow(light, 2.0 * zoom) + 1.3 * glow(light, 10 * zoom)
        self._draw_water(picture, time_s, zoom)
        return np.clip(picture, 0, 1)

    def _place(self, x: float, y: float, zoom: float) -> Points:
        """Where a place of the scene is in the picture when one unit is `zoom` pixels."""
        return np.array([self.width / 2 + (x - 320) * zoom, self.height * 0.66 + (y - 237.6) * zoom])

    def _draw_burst(self, light: Picture, age_s: float, center: Points, ink: Color, seed: int) -> None:
        """Sparks that fly apart, slow down, sink and go out."""
        if not 0 <= age_s < 1.5:
            return
        s = self.scale
        generator = np.random.default_rng(seed)

        def spark(at_s: float, angle: float, speed: float) -> Points:
            reach = speed * (1 - np.exp(-3.2 * at_s)) * 62 * s
            fall = 26 * s * at_s**2
            return np.asarray(center + np.array([np.cos(angle) * reach, np.sin(angle) * reach + fall]))

        fade = float(np.clip(1.35 - age_s, 0, 1)) ** 1.5
        for _ in range(84):
            angle, speed = generator.uniform(0, 2 * np.pi), generator.uniform(0.35, 1.0) ** 0.6
            head, tail = spark(age_s, angle, speed), spark(max(age_s - 0.09, 0), angle, speed)
            fill(light, stroke(tail, head, 0.3 * s, 1.5 * s), ink, opacity=fade * generator.uniform(0.5, 1))
        flash = float(np.exp(-18 * age_s))
        fill(light, disc(center, 7 * s), np.ones(3, np.float32), opacity=flash)

    def _draw_town(self, picture: Picture, light: Picture, zoom: float) -> None:
        for left, right, top, ink, windows in self._town:
            corners = [(left, top), (right, top), (right, _SHORE + 2), (left, _SHORE + 2)]
            fill(picture, np.array([self._place(x, y, zoom) for x, y in corners]), ink)
            for x, y, lamp in windows:
                pane = np.array(
                    [self._place(x + dx, y + dy, zoom) for dx, dy in ((0, 0), (2.1, 0), (2.1, 3), (0, 3))]
                )
                fill(picture, pane, lamp)
                fill(light, pane, lamp, opacity=0.25)

    def _draw_wheel(self, picture: Picture, light: Picture, time_s: float, zoom: float) -> None:
        hub = self._place(*_HUB, zoom)
        steel, pale = color("2a2346"), color("b8a9d9")
        for side in (-1, 1):
            foot = self._place(_HUB[0] + side * 52, _SHORE + 2, zoom)
            fill(picture, stroke(foot, hub, 6 * zoom, 4 * zoom), steel)
        turn = 0.62 * time_s + 0.05
        angles = turn + 2 * np.pi * np.arange(_SPOKES) / _SPOKES
        ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        fill(
            picture, [stroke(hub, hub + way * _RADIUS * zoom, 1.0 * zoom) for way in ways], pale, opacity=0.75
        )
        for radius, width in ((_RADIUS, 2.4), (_RADIUS - 11, 1.4), (34.0, 1.4)):
            rim = turn + np.linspace(0, 2 * np.pi, 121)
            ring = hub + np.stack([np.cos(rim), np.sin(rim)], axis=1) * radius * zoom
            pieces = [stroke(a, b, width * zoom) for a, b in pairwise(ring)]
            fill(picture, pieces, pale, opacity=0.8)
        for number, way in enumerate(ways):
            lamp = _LAMPS[number % len(_LAMPS)]
            for radius in (48.0, 66.0, 84.0, _RADIUS):
                fill(light, disc(hub + way * radius * zoom, 1.5 * zoom), lamp, opacity=0.85)
            if number % 2 == 0:
                axle = hub + way * (_RADIUS + 1) * zoom
                self._draw_cabin(picture, light, axle, number=number // 2, time_s=time_s, zoom=zoom)
        fill(picture, disc(hub, 8 * zoom), steel)
        fill(light, disc(hub, 4.5 * zoom), color("ffd9a0"))

    def _draw_cabin(
        self, picture: Picture, light: Picture, axle: Points, *, number: int, time_s: float, zoom: float
    ) -> None:
        """A cabin that stays upright, swinging a little."""
        swing = 0.10 * np.sin(2.4 * time_s + number)
        turn = np.array([[np.cos(swing), np.sin(swing)], [-np.sin(swing), np.cos(swing)]]) * zoom

        def place(points: list[tuple[float, float]]) -> Points:
            return axle + np.array(points) @ turn

        fill(
            picture,
            place([(-7, 4), (7, 4), (8, 9), (6, 17), (-6, 17), (-8, 9)]),
            _CABINS[number % len(_CABINS)],
        )
        window = place([(-5.4, 6), (5.4, 6), (6, 10.5), (-6, 10.5)])
        fill(picture, window, color("fff1c2"))
        fill(light, window, color("ffcf7a"), opacity=0.25)
        fill(picture, [place([(-0.6, 0), (0.6, 0), (0.6, 5), (-0.6, 5)])], color("b8a9d9"))

    def _draw_water(self, picture: Picture, time_s: float, zoom: float) -> None:
        """What is above the shore, mirrored, darkened and broken by ripples."""
        shore = float(self._place(0, _SHORE, zoom)[1])
        top = max(int(np.floor(shore)), 0)
        y, x = np.mgrid[top : self.height, 0 : self.width].astype(np.float32)
        depth = np.maximum(y + 0.5 - shore, 0)
        near = depth / self.scale
        wave = 2 * np.pi * np.sqrt(near + 2)
        ripple = np.sin(2.1 * wave - 5.0 * time_s) + 0.6 * np.sin(
            3.7 * wave + 0.035 * x / self.scale - 6.3 * time_s
        )
        ripple += 0.5 * np.sin(5.2 * wave - 0.05 * x / self.scale - 4.1 * time_s)
        bend = self.scale * (0.25 + 0.022 * near)
        mirrored = cv2.remap(
            picture,
            x + 2.2 * bend * ripple,
            np.clip(shore - 0.5 - 1.75 * depth + 1.6 * bend * ripple, 0, shore - 1),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        tint = np.clip(0.72 - near / 230, 0.3, 1)[..., None]
        water = mirrored * tint + color("0a1030") * (1 - tint) * 0.8
        water += (0.035 * np.maximum(ripple - 0.8, 0) * np.clip(near / 12, 0, 1))[..., None] * color("ffc9b0")
        share = np.clip(y + 1 - shore, 0, 1)[..., None]
        picture[top:] = picture[top:] * (1 - share) + water * share


def _build_town(
    generator: np.random.Generator,
) -> list[tuple[float, float, float, Color, list[tuple[float, float, Color]]]]:
    """Houses from far to near: left, right, top, colour, and lit windows (x, y, colour)."""
    town: list[tuple[float, float, float, Color, list[tuple[float, float, Color]]]] = []
    glass: list[Color] = [color("ffd58a"), color("ffb45e"), color("fff0c4"), color("9fd8ff")]
    for ink, low, high, lit in (("4b2f68", 30.0, 78.0, 0.10), ("271d4a", 12.0, 52.0, 0.32)):
        x = -30.0
        while x < 670:
            width, tall = generator.uniform(16, 40), generator.uniform(low, high)
            windows = [
                (float(wx), float(wy), glass[int(generator.integers(4))])
                for wx in np.arange(x + 3, x + width - 4, 5.2)
                for wy in np.arange(_SHORE - tall + 4, _SHORE - 6, 6.5)
                if generator.uniform() < lit
            ]
            town.append((x, x + width, _SHORE - tall, color(ink), windows))
            x += width + generator.uniform(-3, 5)
    return town
