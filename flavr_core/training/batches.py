"""One batch of training samples: real clips and rendered scenes, augmented together."""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass, fields, replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from flavr_core.training.clips import ClipBank, send
from flavr_core.training.disturbances import disturb_some
from flavr_core.training.synthetic import SceneSettings, draw_scenes, render

AHEAD = 2
"""Batches that wait, drawn."""
COPIED_ONE = 0.05
"""Share, on either side, with one copied outer frame: a clip's end, a cut next to the gap."""
GRAINY = 1 / 3
"""Share of the batches whose rendered samples carry fine grain."""
FOREIGN_OUTER = 0.03
"""Share whose outer frames come from another clip: a cut that was not found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """What a batch is made of."""

    size: int = 64
    """Samples on one device."""
    synthetic_share: float = 0.25
    """Part of them that is rendered."""
    height: int = 256
    """Rows of a crop."""
    width: int = 256
    """Columns of a crop."""
    other_crops: tuple[tuple[int, int], ...] = ()
    """Rows and columns of the crops of the steps after one with the first; each of so many samples that the
    pixels are about as many."""
    grid: tuple[Fraction, ...] = ()
    """Positions at which every sample is made; none: one position a sample, any."""
    has_flow: bool = True
    """Whether the flow of rendered samples is wanted."""
    max_motion_px: float = 64.0
    """Largest wanted motion over the gap."""
    curriculum_steps: int = 3000
    """Steps over which the largest motion grows from a quarter."""
    disturbed: float = 0.0
    """Share of samples with a flash, a fade, noise or block compression on top (see `disturbances`)."""
    copied: float = 0.2
    """Share of samples whose outer frames are copies of the inner ones: two-frame input."""
    seed: int = 1
    """Everything that is drawn follows from it, the step and the rank."""

    def at(self, step: int) -> BatchSettings:
        """The settings of one step, with one crop."""
        crops = ((self.height, self.width), *self.other_crops)
        height, width = crops[step % len(crops)]
        size = max(1, self.size * self.height * self.width // (height * width))
        return replace(self, size=size, height=height, width=width, other_crops=())

    def rendered_of(self, size: int) -> int:
        """How many samples of a batch, its first ones, are rendered where there are clips as well."""
        return round(size * self.synthetic_share)


@dataclass(slots=True)
class Batch:
    """Samples on the device.

    Convention: window (N, 4, 3, H, W) and truths (N, P, 3, H, W) float32 RGB; times (N, P), the truths'
    positions, and known (N, P), 1 where there is a truth and 0 where something else stands in its place;
    asked (N,) int64, one of the P that is not known where there is one; flow (N, 4, H, W) from the last
    truth to the frames before and after, pixels, where has_flow (N,) is 1. With a teacher and P = 1: taught
    (N, 3, H, W), what it draws, where has_taught (N,) is 1; else both are None. All float32 but `asked`.
    """

    window: Tensor
    truths: Tensor
    times: Tensor
    known: Tensor
    asked: Tensor
    flow: Tensor
    has_flow: Tensor
    taught: Tensor | None = None
    has_taught: Tensor | None = None

    @property
    def truth(self) -> Tensor:
        """The first truth of each sample, (N, 3, H, W)."""
        return self.truths[:, 0]

    @property
    def t(self) -> Tensor:
        """Its position, (N,)."""
        return self.times[:, 0]

    def parts(self) -> tuple[Tensor, ...]:
        """All tensors, in order."""
        parts = (getattr(self, field.name) for field in fields(self))
        return tuple(part for part in parts if part is not None)


def rendered_samples(
    count: int,
    settings: BatchSettings,
    reach: float,
    bank: ClipBank | None,
    numbers: np.random.Generator,
    *,
    device: torch.device,
) -> tuple[Tensor, Tensor, Tensor]:
    """Frames (N, 4 + P, 3, H, W), the inputs first; positions (N, P); flow (N, 4, H, W)."""
    layers = int(numbers.integers(2, 5))
    samples = 4 if numbers.random() < 0.15 else 1
    scene = SceneSettings(
        height=settings.height,
        width=settings.width,
        layers=layers,
        max_speed_px=reach,
        shutter_samples=samples,
        has_grain=bool(numbers.random() < GRAINY),
    )
    textures = None
    if bank is not None and numbers.random() < 0.75:
        textures = bank.pictures(count * (layers + 1), settings.height, settings.width, numbers)
    scenes = draw_scenes(count, scene, int(numbers.integers(2**62)), device, textures)
    places = np.where(numbers.random(count) < 0.5, 0.5, numbers.integers(1, 8, count) / 8)[:, None]
    if settings.grid:
        places = np.broadcast_to([float(place) for place in settings.grid], (count, len(settings.grid)))
    t = send(places.astype(np.float32), device)
    moments = torch.cat((_input_times(count, device), t), dim=1)
    rendered = render(scenes, moments, shutter_samples=samples, is_sharp=True, has_flow=settings.has_flow)
    return rendered.frames, t, rendered.flow


def _input_times(count: int, device: torch.device) -> Tensor:
    """When the inputs are, in units of the gap: (count, 4)."""
    return (torch.arange(4, device=device) - 1.0).expand(count, 4)


def draw_batch(
    settings: BatchSettings, bank: ClipBank | None, *, step: int, rank: int, device: torch.device
) -> Batch:
    """The batch of one step on one device; the same whenever it is asked for again."""
    settings = settings.at(step)
    numbers = np.random.default_rng([settings.seed, rank, step])
    growth = min(1.0, 0.25 + 0.75 * step / max(settings.curriculum_steps, 1))
    reach = settings.max_motion_px * growth
    rendered = settings.rendered_of(settings.size) if bank is not None else settings.size
    filmed = settings.size - rendered
    frames, positions, flows, known = [], [], [], []
    if rendered:
        made, t, flow = rendered_samples(rendered, settings, reach, bank, numbers, device=device)
        frames.append(made)
        positions.append(t)
        flows.append(flow)
        known.append(torch.ones_like(t))
    if filmed and bank is not None:
        clips = bank.sample(
            filmed, settings.height, settings.width, numbers, max_motion_px=reach, grid=settings.grid
        )
        frames.append(clips.frames)
        positions.append(clips.positions)
        flows.append(torch.zeros(filmed, 4, settings.height, settings.width, device=device))
        known.append(clips.known.float())
    has_flow = torch.zeros(settings.size, device=device)
    has_flow[:rendered] = settings.has_flow
    times, has_truth = torch.cat(positions), torch.cat(known)
    samples = _recolour(torch.cat(frames), numbers)
    # Numbers of their own, so that samples are the same with and without.
    own = np.random.default_rng([settings.seed, rank, step, 1])
    if settings.disturbed:
        moments = torch.cat((_input_times(settings.size, device), times), dim=1)
        samples = disturb_some(samples, moments, settings.disturbed, own)
    wishes = send(own.random(tuple(times.shape)).astype(np.float32), device)
    return Batch(
        window=_disturb_outer(samples[:, :4], numbers, copied=settings.copied),
        truths=samples[:, 4:].contiguous(),
        times=times,
        known=has_truth,
        asked=(wishes - has_truth).argmax(dim=1),
        flow=torch.cat(flows),
        has_flow=has_flow,
    )


def _recolour(samples: Tensor, numbers: np.random.Generator) -> Tensor:
    """Mixed-up channels, gamma and gain, once a sample; sensor noise on some."""
    count, device = samples.shape[0], samples.device
    orders = send(numbers.random((count, 3)).argsort(axis=1), device)
    mixed = torch.gather(samples, 2, orders[:, None, :, None, None].expand_as(samples))
    gamma = np.exp(numbers.normal(0, 0.15, count))
    gain = numbers.uniform(0.7, 1.0, count)
    noise = (numbers.random(count) < 0.1) * numbers.uniform(0, 0.012, count)
    drawn = send(np.stack((gamma, gain, noise)).astype(np.float32), device)[..., None, None, None, None]
    generator = torch.Generator(device=device).manual_seed(int(numbers.integers(2**62)))
    grain = torch.randn(samples.shape, generator=generator, device=device, dtype=samples.dtype)
    coloured = (mixed.clamp(min=1e-4) ** drawn[0]).mul_(drawn[1])
    return coloured.addcmul_(grain, drawn[2]).clamp_(0, 1)


def _disturb_outer(window: Tensor, numbers: np.random.Generator, *, copied: float) -> Tensor:
    """Replace outer frames by copies of the inner ones, or by frames of another sample."""
    count = window.shape[0]
    chance = numbers.random(count)
    is_copy = np.stack((chance < copied + COPIED_ONE, (chance < copied) | (chance > 1 - COPIED_ONE)), axis=1)
    foreign = numbers.random((count, 2)) < FOREIGN_OUTER
    others = np.roll(np.arange(count), 1)[:, None]
    samples = np.where(foreign & ~is_copy, others, np.arange(count)[:, None])
    places = np.where(is_copy, np.array([1, 2]), np.array([0, 3]))
    samples = np.insert(samples, 1, np.arange(count)[:, None].T, axis=1)
    samples = np.insert(samples, 2, np.arange(count)[:, None].T, axis=1)
    places = np.insert(np.insert(places, 1, 1, axis=1), 2, 2, axis=1)
    return window[send(samples, window.device), send(places, window.device)]


class BatchStream:
    """The batches of successive steps, drawn ahead by a thread, on CUDA in a stream of their own."""

    def __init__(
        self,
        settings: BatchSettings,
        bank: ClipBank | None,
        *,
        first_step: int,
        rank: int,
        device: torch.device,
    ) -> None:
        self._settings, self._bank, self._rank, self._device = settings, bank, rank, device
        self._ready: queue.Queue[tuple[Batch, torch.cuda.Event | None] | BaseException] = queue.Queue(AHEAD)
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self._draw_all, args=(first_step,), name="batches", daemon=True
        )
        self._thread.start()

    def take(self) -> Batch:
        """The next batch; raises what went wrong while drawing it."""
        found = self._ready.get()
        if isinstance(found, BaseException):
            raise found
        batch, drawn = found
        if drawn is not None:
            stream = torch.cuda.current_stream(self._device)
            stream.wait_event(drawn)
            for part in batch.parts():
                part.record_stream(stream)
        return batch

    def close(self) -> None:
        """Stop drawing."""
        self._over.set()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._ready.get(timeout=0.05)
        self._thread.join()

    def _draw_all(self, step: int) -> None:
        on_cuda = self._device.type == "cuda"
        stream = torch.cuda.Stream(self._device) if on_cuda else None
        try:
            with torch.cuda.stream(stream) if stream is not None else contextlib.nullcontext():
                while not self._over.is_set():
                    batch = draw_batch(
                        self._settings, self._bank, step=step, rank=self._rank, device=self._device
                    )
                    self._ready.put((batch, stream.record_event() if stream is not None else None))
                    step += 1
        except Exception as error:
            self._ready.put(error)
