"""Rendered motion: textured layers that move, with exact frames at any time and exact flow.

A scene is a background and a few layers with alpha (blobs, boxes, fences, thin lines, writing, veils; some
have a front of glass behind and what is mirrored in it before it), each moving by an accelerating affine
motion and a smooth wobble; the topmost may stand still. Time 0 and 1 are the two frames around the gap.
Motion is drawn on the CPU, so that a seed moves alike on every device; textures are noise of several
octaves, drawn on the device, or pictures handed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.training.facades import draw_facades, draw_reflections

SHAPES = ("blob", "box", "fence", "lines", "writing", "veil")
"""What the alpha of a layer can look like."""
SHAPE_WEIGHTS = (4.0, 3.0, 2.5, 1.0, 1.5, 0.4)
"""How often each is drawn."""
HASTY_FENCES = 0.5
"""How many fences move a seventh of the fastest motion and more: often further than from bar to bar."""
STATIC_SHARE = 0.15
"""How many scenes have a topmost layer that stands still."""
FACADE_SHARE = 0.3
"""How many scenes have a front of fine lines as background, and soft light mirrored in it as first layer."""
HASTY_LIGHT = 0.7
"""How often that light moves a seventh of the fastest motion and more. The lines move like any background: by
more than half of what is between them nobody can tell how far."""
FACADE_SEED = 0x5EED
"""Tells their numbers from those of everything else."""
INVERSION_STEPS = 4
"""Of the fixed point that inverts the wobble; each gains a factor of at least 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSettings:
    """What is drawn."""

    height: int = 256
    """Rows, pixels."""
    width: int = 256
    """Columns, pixels."""
    layers: int = 4
    """Moving layers, the background not counted."""
    max_speed_px: float = 48.0
    """Fastest motion over the gap, pixels; speeds are log-uniform from a hundredth of it."""
    shutter_samples: int = 1
    """Moments averaged for motion blur; 1 for none."""
    has_grain: bool = False
    """Whether the layers carry a grain of two to three pixels that moves along with them."""


@dataclass(slots=True)
class Scenes:
    """N scenes ready to be rendered at any time.

    Convention: L = layers + 1, the background first. `pictures` (N, L, 4, H, W): RGB premultiplied by
    alpha, then alpha, float32 in [0, 1]. `center` (N, L, 2): what turns and zooms go around. `path`
    (N, L, 2, 2): velocity and acceleration in pixels a gap; `turn` and `zoom` (N, L, 2): angle (radians)
    and log of the size, rates a gap and a gap squared. `wobble` (N, L, 2, H, W): pixels, times
    sin(`phase`[..., 0] + `phase`[..., 1] * time). `light` (N, 2): brightness is 1 + light[0] * time +
    light[1] * time**2. `bars` (N,): rows of black at top and bottom. `shutter` (N,): exposure as a part
    of the gap.
    """

    pictures: Tensor
    center: Tensor
    path: Tensor
    turn: Tensor
    zoom: Tensor
    wobble: Tensor
    phase: Tensor
    light: Tensor
    bars: Tensor
    shutter: Tensor


@dataclass(slots=True)
class Rendered:
    """Frames and flow.

    Convention: `frames` (N, T, 3, H, W) float32 RGB in [0, 1]; `flow` (N, 4, H, W) float32 pixels: from
    the last of the times to time 0 (x, y), then to time 1, of the topmost layer that covers more than half
    of the pixel.
    """

    frames: Tensor
    flow: Tensor


def octave_noise(
    count: int, channels: int, height: int, width: int, generator: torch.Generator, *, coarsest: int = 4
) -> Tensor:
    """Smooth to fine noise of zero mean and unit deviation: (count, channels, height, width)."""
    device = generator.device
    total = torch.zeros(count, channels, height, width, device=device)
    slope = torch.rand(count, 1, 1, 1, generator=generator, device=device) * 0.7 + 0.35
    cells, weight = coarsest, torch.ones(count, 1, 1, 1, device=device)
    while cells < max(height, width):
        noise = torch.randn(count, channels, cells, cells, generator=generator, device=device)
        mode = "bilinear"
        total += weight * functional.interpolate(noise, size=(height, width), mode=mode, align_corners=False)
        weight, cells = weight * slope, cells * 2
    mean, deviation = total.mean(dim=(2, 3), keepdim=True), total.std(dim=(2, 3), keepdim=True)
    return (total - mean) / (deviation + 1e-4)


def draw_textures(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Coloured noise, partly in flat patches with hard edges: (count, 3, height, width) in [0, 1]."""
    device = generator.device
    noise = octave_noise(count, 3, height, width, generator)
    mix = torch.randn(count, 3, 3, generator=generator, device=device) * 0.15 + 0.12
    base = torch.rand(count, 3, 1, 1, generator=generator, device=device)
    levels = torch.randint(2, 6, (count, 1, 1, 1), generator=generator, device=device).float()
    flat = torch.rand(count, 1, 1, 1, generator=generator, device=device) < 0.4
    noise = torch.where(flat, torch.round(noise * levels / 2) * 2 / levels, noise)
    return (base + torch.einsum("nij,njhw->nihw", mix, noise)).clamp(0, 1)


def draw_grain(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Grey grain of about two pixels or three, from faint to strong: (count, 1, height, width).

    Finer grain would be fainter wherever it is sampled between pixels.
    """
    device = generator.device
    white = torch.randn(count, 1, height + 4, width + 4, generator=generator, device=device)
    fine = functional.avg_pool2d(functional.avg_pool2d(white, 2, 1), 2, 1)
    coarse = functional.avg_pool2d(fine, 3, 1)
    is_coarse = torch.rand(count, 1, 1, 1, generator=generator, device=device) < 0.5
    grain = torch.where(is_coarse, coarse, fine[:, :, 1:-1, 1:-1])
    strength = 0.01 * 8 ** torch.rand(count, 1, 1, 1, generator=generator, device=device)
    return grain / grain.std(dim=(2, 3), keepdim=True) * strength


def _shape_alpha(kinds: Tensor, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Alpha of one layer each: (N, H, W); `kinds` (N,) indexes SHAPES."""
    device = generator.device
    count = kinds.shape[0]

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(count, 1, 1, generator=generator, device=device) * (high - low) + low

    ys = torch.arange(height, device=device, dtype=torch.float32)[None, :, None]
    xs = torch.arange(width, device=device, dtype=torch.float32)[None, None, :]
    size = float(min(height, width))
    angle = uniform(0, 3.1416)
    cx, cy = uniform(0.15, 0.85) * width, uniform(0.15, 0.85) * height
    along = (xs - cx) * torch.cos(angle) + (ys - cy) * torch.sin(angle)
    across = (ys - cy) * torch.cos(angle) - (xs - cx) * torch.sin(angle)
    noise = octave_noise(count, 1, height, width, generator, coarsest=3)[:, 0]
    reach = ((xs - cx) ** 2 + (ys - cy) ** 2).sqrt()
    blob = uniform(0.1, 0.35) * size + noise * uniform(0.02, 0.1) * size - reach
    box = torch.minimum(uniform(0.04, 0.3) * size - along.abs(), uniform(0.04, 0.3) * size - across.abs())
    # Often finer than what moves: of periods from 6 to 40 pixels half are below 15.
    period, share = 6 * (40 / 6) ** uniform(0, 1), uniform(0.15, 0.5)
    fence = share * period / 2 - ((along % period) - period / 2).abs()
    lines = uniform(0.5, 2.5) - ((along + 12 * noise) % (period * 3) - period * 1.5).abs()
    thick, thin = (
        functional.interpolate(
            (torch.rand(count, 1, height // cell, width // cell, generator=generator, device=device) < 0.5)
            * 1.0,
            size=(height, width),
        )[:, 0]
        for cell in (4, 2)
    )
    glyphs = torch.where(uniform(0, 1) < 0.5, thick, thin) * 4 - 2
    gaps = torch.minimum(2.5 - ((xs % 20) - 10).abs() / 3, 8 - ((ys % 28) - 14).abs())
    inside = torch.minimum(
        uniform(0.05, 0.16) * size - (ys - cy).abs(), uniform(0.2, 0.5) * size - (xs - cx).abs()
    )
    writing = torch.minimum(torch.minimum(glyphs, gaps), inside)
    distances = torch.stack((blob, box, fence, lines, writing, blob * 0 + noise * 8), dim=1)
    chosen = distances[torch.arange(count, device=device), kinds]
    alpha = (chosen + 0.5).clamp(0, 1)
    veil = 0.25 + 0.35 * torch.sigmoid(noise)
    return torch.where((kinds == SHAPES.index("veil"))[:, None, None], veil, alpha)


def draw_scenes(
    count: int,
    settings: SceneSettings,
    seed: int,
    device: torch.device,
    textures: Tensor | None = None,
) -> Scenes:
    """N scenes from a seed.

    Convention: textures (N * (layers + 1), 3, H, W) in [0, 1] replace the noise where given, on `device`.
    """
    numbers = torch.Generator().manual_seed(seed)
    pixels = torch.Generator(device=device).manual_seed(seed)
    total = settings.layers + 1
    height, width = settings.height, settings.width

    def draw(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=numbers)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=numbers)

    if textures is None:
        textures = draw_textures(count * total, height, width, pixels)
    if settings.has_grain:
        textures = (textures + draw_grain(count * total, height, width, pixels)).clamp(0, 1)
    kinds = torch.multinomial(
        torch.tensor(SHAPE_WEIGHTS).expand(count, -1), total, replacement=True, generator=numbers
    )
    alpha = _shape_alpha(kinds.flatten().to(device), height, width, pixels).reshape(
        count, total, 1, height, width
    )
    alpha = torch.cat((torch.ones_like(alpha[:, :1]), alpha[:, 1:]), dim=1)
    pictures = torch.cat((textures.reshape(count, total, 3, height, width) * alpha, alpha), dim=2)
    fronts = torch.Generator().manual_seed(seed ^ FACADE_SEED)
    has_facade = (torch.rand(count, generator=fronts) < FACADE_SHARE) & (settings.layers > 0)
    if has_facade.any():
        _put_facades(pictures, has_facade.nonzero().flatten(), pixels)

    speed = settings.max_speed_px * 0.01 ** uniform(total, 1)
    is_hasty = (kinds == SHAPES.index("fence")) & (uniform(total) < HASTY_FENCES)
    speed = torch.where(is_hasty[..., None], settings.max_speed_px * 0.15 ** uniform(total, 1), speed)
    hasty = settings.max_speed_px * 0.15 ** torch.rand(count, 1, 1, generator=fronts)
    is_hasty = has_facade & (torch.rand(count, generator=fronts) < HASTY_LIGHT)
    speed[:, 1:2] = torch.where(is_hasty[:, None, None], hasty, speed[:, 1:2])
    heading = uniform(total, 1) * 6.2832
    velocity = torch.cat((torch.cos(heading), torch.sin(heading)), dim=2) * speed
    velocity[:, 1:] += velocity[:, :1] * (uniform(1, 1) < 0.5)
    acceleration = draw(total, 2) * speed * 0.2 * (uniform(total, 1) < 0.5)
    reach = speed[..., 0] / max(height, width)
    turn = torch.stack((draw(total) * reach, draw(total) * reach * 0.2), dim=2) * (uniform(total, 1) < 0.5)
    zoom = torch.stack((draw(total) * reach * 0.5, draw(total) * reach * 0.1), dim=2) * (
        uniform(total, 1) < 0.5
    )
    path = torch.stack((velocity, acceleration), dim=2)  # (N, L, 2, 2)
    static = (uniform(1) < STATIC_SHARE) & (settings.layers > 0)
    moving = torch.ones(count, total)
    moving[:, -1:] = torch.where(static, 0.0, 1.0)
    cells = draw(total * 2, 5, 5)
    wobble = functional.interpolate(
        cells.to(device), size=(height, width), mode="bicubic", align_corners=True
    )
    amount = torch.minimum(speed * 0.15, torch.tensor(min(height, width) / 60)) * (uniform(total, 1) < 0.4)
    wobble = wobble.reshape(count, total, 2, height, width)
    wobble = wobble * (amount * moving[..., None])[..., None, None].to(device)
    phase = torch.stack((uniform(total) * 6.2832, uniform(total) * 2), dim=2)
    light = draw(2) * torch.tensor([0.08, 0.02]) * (uniform(1) < 0.2)
    bars = torch.where(uniform()[...] < 0.06, (0.04 + 0.1 * uniform()) * height, torch.zeros(count))
    shutter = torch.where(uniform() < 0.5, uniform() * 0.5, torch.zeros(count))
    center = torch.tensor([width / 2, height / 2]) + draw(total, 2) * min(height, width) / 6
    return Scenes(
        pictures=pictures,
        center=center.to(device),
        path=(path * moving[..., None, None]).to(device),
        turn=(turn * moving[..., None]).to(device),
        zoom=(zoom * moving[..., None]).to(device),
        wobble=wobble,
        phase=phase.to(device),
        light=light.to(device),
        bars=bars.to(device),
        shutter=shutter.to(device),
    )


def _put_facades(pictures: Tensor, scenes: Tensor, generator: torch.Generator) -> None:
    """Replace background and first layer of some scenes, in place.

    Convention: pictures as in `Scenes`, with one layer at least; scenes (M,) their numbers, on the CPU.
    """
    height, width = pictures.shape[-2:]
    facades = draw_facades(len(scenes), height, width, generator)
    where = scenes.to(pictures.device)
    pictures[where, 0] = torch.cat((facades, torch.ones_like(facades[:, :1])), dim=1)
    pictures[where, 1] = draw_reflections(len(scenes), height, width, generator)


def _pixel_grid(height: int, width: int, device: torch.device) -> Tensor:
    ys, xs = torch.meshgrid(
        torch.arange(height, device=device, dtype=torch.float32),
        torch.arange(width, device=device, dtype=torch.float32),
        indexing="ij",
    )
    return torch.stack((xs, ys), dim=-1)  # (H, W, 2)


def _affine(scenes: Scenes, layer: int, times: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cosine, sine and size (N, T, 1, 1) and offset (N, T, 1, 1, 2) of a layer at `times` (N, T)."""
    half_square = times * times / 2
    angle = scenes.turn[:, layer, 0, None] * times + scenes.turn[:, layer, 1, None] * half_square
    size = torch.exp(scenes.zoom[:, layer, 0, None] * times + scenes.zoom[:, layer, 1, None] * half_square)
    velocity, acceleration = scenes.path[:, layer, None, 0], scenes.path[:, layer, None, 1]
    offset = velocity * times[..., None] + acceleration * half_square[..., None]  # (N, T, 2)
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    return cosine[..., None, None], sine[..., None, None], size[..., None, None], offset[:, :, None, None]


def _to_layer(scenes: Scenes, layer: int, times: Tensor, places: Tensor) -> Tensor:
    """Undo a layer's affine motion: places of the picture (..., H, W, 2) to (N, T, H, W, 2) in the layer."""
    cosine, sine, size, offset = _affine(scenes, layer, times)
    center = scenes.center[:, layer, None, None, None]
    moved = places - center - offset
    x, y = moved[..., 0], moved[..., 1]
    square = size * size
    return torch.stack(((cosine * x + sine * y) / square, (cosine * y - sine * x) / square), dim=-1) + center


def _from_layer(scenes: Scenes, layer: int, times: Tensor, places: Tensor) -> Tensor:
    """The inverse of `_to_layer`."""
    cosine, sine, _, offset = _affine(scenes, layer, times)
    center = scenes.center[:, layer, None, None, None]
    x, y = (places - center).unbind(dim=-1)
    return torch.stack((cosine * x - sine * y, sine * x + cosine * y), dim=-1) + center + offset


def _sample(picture: Tensor, places: Tensor, padding: str, mode: str = "bilinear") -> Tensor:
    """picture (N, C, H, W) at places (N, T, H', W', 2) in pixels: (N, T, C, H', W')."""
    height, width = picture.shape[-2:]
    scale_x, scale_y = 2 / max(width - 1, 1), 2 / max(height - 1, 1)
    count, moments, rows, columns = places.shape[:4]
    grid = torch.stack((places[..., 0] * scale_x - 1, places[..., 1] * scale_y - 1), dim=-1).reshape(
        count, moments * rows, columns, 2
    )
    out = functional.grid_sample(picture, grid, mode=mode, padding_mode=padding, align_corners=True)
    return out.reshape(count, -1, moments, rows, columns).transpose(1, 2)


def _wobbled(scenes: Scenes, layer: int, times: Tensor, places: Tensor) -> Tensor:
    """Add the wobble at `times` to places in the layer: where the material there is stored."""
    phase = scenes.phase[:, layer]
    swing = torch.sin(phase[:, :1] + phase[:, 1:] * times)[..., None, None, None]  # (N, T, 1, 1, 1)
    shift = _sample(scenes.wobble[:, layer], places, "border")  # (N, T, 2, H, W)
    return places + swing * shift.permute(0, 1, 3, 4, 2)


def _compose(scenes: Scenes, times: Tensor, mode: str) -> Tensor:
    """All layers at `times` (N, T), without light and bars: (N, T, 3, H, W)."""
    height, width = scenes.pictures.shape[-2:]
    places = _pixel_grid(height, width, times.device)
    frames = torch.zeros(1, device=times.device)
    for layer in range(scenes.pictures.shape[1]):
        stored = _wobbled(scenes, layer, times, _to_layer(scenes, layer, times, places))
        drawn = _sample(scenes.pictures[:, layer], stored, "zeros" if layer else "reflection", mode)
        frames = drawn[:, :, :3] + (1 - drawn[:, :, 3:].clamp(0, 1)) * frames if layer else drawn[:, :, :3]
    return frames


def exact_flow(scenes: Scenes, time: Tensor) -> Tensor:
    """Flow from `time` (N,) to times 0 and 1: (N, 4, H, W) pixels. See `Rendered`."""
    height, width = scenes.pictures.shape[-2:]
    here = time[:, None]
    ends = torch.arange(2, device=time.device, dtype=torch.float32).expand(time.shape[0], 2)
    places = _pixel_grid(height, width, time.device)
    flow = torch.zeros(time.shape[0], 2, height, width, 2, device=time.device)
    for layer in range(scenes.pictures.shape[1]):
        stored = _wobbled(scenes, layer, here, _to_layer(scenes, layer, here, places))  # (N, 1, H, W, 2)
        alpha = _sample(scenes.pictures[:, layer, 3:], stored, "zeros" if layer else "reflection")
        wanted = stored.expand(-1, 2, -1, -1, -1)
        guess = wanted
        for _ in range(INVERSION_STEPS):
            guess = guess + wanted - _wobbled(scenes, layer, ends, guess)
        moved = _from_layer(scenes, layer, ends, guess) - places
        flow = torch.where(alpha[:, :, 0, ..., None] > 0.5, moved, flow)
    return flow.permute(0, 1, 4, 2, 3).flatten(1, 2)


def render(
    scenes: Scenes,
    times: Tensor,
    *,
    shutter_samples: int = 1,
    is_sharp: bool = False,
    has_flow: bool = True,
) -> Rendered:
    """Frames at `times` (N, T), in units of the gap, and the flow of the last of them (else zeros).

    Linear sampling softens what lies between pixels, so that fine detail is fainter in some of the frames;
    with `is_sharp` layers are sampled cubically.
    """
    mode = "bicubic" if is_sharp else "bilinear"
    shutter = scenes.shutter[:, None] if shutter_samples > 1 else torch.zeros_like(times[:, :1])
    frames = torch.zeros(1, device=times.device)
    for sample in range(shutter_samples):
        place = (sample + 0.5) / shutter_samples - 0.5
        frames = frames + _compose(scenes, times + shutter * place, mode) / shutter_samples
    gain = 1 + scenes.light[:, :1] * times + scenes.light[:, 1:] * times * times
    frames = (frames * gain[..., None, None, None]).clamp(0, 1)
    rows = torch.arange(frames.shape[-2], device=times.device)
    bars = scenes.bars[:, None]
    open_rows = (rows >= bars) & (rows < frames.shape[-2] - bars)  # (N, H)
    flow = times.new_zeros(len(times), 4, *frames.shape[-2:])
    if has_flow:
        flow = exact_flow(scenes, times[:, -1]) * open_rows[:, None, :, None]
    return Rendered(frames * open_rows[:, None, None, :, None], flow)
