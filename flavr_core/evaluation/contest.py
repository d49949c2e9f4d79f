"""Several networks draw the same frames, and are compared with what was filmed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flavr_core.engine.drawing import Drawer
from flavr_core.errors import ModelError, SettingsError
from flavr_core.evaluation import metrics as measures
from flavr_core.evaluation.report import Report, Score
from flavr_core.evaluation.samples import Picture8, Sample, Truth
from flavr_core.model.network import Network
from flavr_core.progress import CancelToken

METRICS: dict[str, Callable[[measures.Picture, measures.Picture], float]] = {
    "psnr": measures.psnr,
    "psnr_8bit": measures.psnr_8bit,
    "ssim_uniform": measures.ssim_uniform,
    "ssim_gaussian": measures.ssim_gaussian,
}
"""All metrics, by name; their protocols are in `metrics.PROTOCOLS`."""

COPIES = "its outer two frames were copies of the inner two where the set has only two frames a sample"
"""Note on four-frame networks measured on two-frame sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One network's answer, handed out for whoever keeps pictures."""

    network: str
    """Its name."""
    sample: Sample
    """The question."""
    truth: Truth
    """What was filmed."""
    made: Picture8
    """What it drew, clamped and rounded."""
    score: Score
    """How good it is."""


def evaluate(
    networks: Sequence[Network],
    samples: Iterable[Sample],
    *,
    metrics: Sequence[str] = tuple(METRICS),
    on_drawing: Callable[[Drawing], None] | None = None,
    token: CancelToken | None = None,
) -> list[Report]:
    """Let every network draw every sample; one report a network, in their order.

    Samples are taken one at a time, each drawn by all networks before the next is read.

    Convention: windows are float32 RGB, the pictures' 8-bit values divided by 255, on the network's
    device. Networks of two inputs get the middle two frames. What they return is measured as floats.

    Raises:
        SettingsError: when there is no sample, no network or no such metric.
        ModelError: when a network cannot draw a sample's position.
        CancelledError: when the token was set.
    """
    if not networks:
        raise SettingsError("There is no network to measure.", "Name at least one with --models.")
    chosen = {name: _metric(name) for name in metrics}
    desks = [_Desk(network, chosen) for network in networks]
    for sample in samples:
        for desk in desks:
            if token is not None:
                token.check()
            for drawing in desk.draw(sample):
                if on_drawing is not None:
                    on_drawing(drawing)
    if not desks[0].scores:
        raise SettingsError(
            "There is nothing to measure: no clip has enough frames.", "Seven frames are needed at least."
        )
    return [desk.report() for desk in desks]


def _metric(name: str) -> Callable[[measures.Picture, measures.Picture], float]:
    if name not in METRICS:
        raise SettingsError(f"There is no metric {name}.", f"Choose from {', '.join(METRICS)}.")
    return METRICS[name]


class _Desk:
    """One network at work: its scores and its clock."""

    def __init__(
        self,
        network: Network,
        metrics: dict[str, Callable[[measures.Picture, measures.Picture], float]],
    ) -> None:
        if network.num_inputs not in (2, 4):
            raise ModelError(
                f"{network.name} looks at {network.num_inputs} frames; samples have two or four."
            )
        self._network = network
        self._metrics = metrics
        self._seconds: list[float] = []
        self._drawer: Drawer | None = None
        self._notes: dict[str, None] = {}
        self.scores: list[Score] = []

    def draw(self, sample: Sample) -> list[Drawing]:
        """Draw all positions of one sample and measure them."""
        pictures = sample.inputs if self._network.num_inputs == 4 else sample.inputs[1:3]
        if sample.outer_copied and self._network.num_inputs == 4:
            self._notes[COPIES] = None
        window = torch.from_numpy(np.stack(pictures)).to(self._network.device)  # (T, H, W, C)
        window = window.permute(0, 3, 1, 2).unsqueeze(0).float().div_(255)  # (1, T, C, H, W)
        positions = self._network.snap([truth.position for truth in sample.truths])
        started = self._now()
        with torch.inference_mode():
            [made] = self._drawer_for(window).draw([window], positions)  # (P, C, H, W)
        self._seconds.append((self._now() - started) / len(sample.truths))
        drawn = made.float().permute(0, 2, 3, 1).cpu().numpy()  # (P, H, W, C)
        return [self._judge(sample, truth, one) for truth, one in zip(sample.truths, drawn, strict=True)]

    def _drawer_for(self, window: Tensor) -> Drawer:
        """Runs the network within the memory there is; made anew when pictures change their size."""
        height, width = window.shape[-2:]
        if self._drawer is None or (self._drawer.height, self._drawer.width) != (height, width):
            self._drawer = Drawer(self._network, width=width, height=height)
            self._drawer.plan()
            self._notes.update(dict.fromkeys(self._drawer.notes))
        return self._drawer

    def _judge(self, sample: Sample, truth: Truth, made: NDArray[np.float32]) -> Drawing:
        filmed = truth.picture.astype(np.float32) / np.float32(255)
        values = {name: metric(made, filmed) for name, metric in self._metrics.items()}
        score = Score(group=sample.group, sample=sample.name, position=truth.position, values=values)
        self.scores.append(score)
        return Drawing(
            network=self._network.name, sample=sample, truth=truth, made=measures.to_8bit(made), score=score
        )

    def _now(self) -> float:
        if self._network.device.type == "cuda":
            torch.cuda.synchronize(self._network.device)
        return time.perf_counter()

    def report(self) -> Report:
        """Everything measured so far."""
        timed = self._seconds[1:] or self._seconds
        return Report(
            network=self._network.name,
            parameters=self._network.num_parameters,
            scores=tuple(self.scores),
            seconds_per_frame=sum(timed) / len(timed),
            notes=tuple(self._notes),
        )
