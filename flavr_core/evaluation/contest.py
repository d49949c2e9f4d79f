"""Several contestants draw the same frames, and are compared with what was filmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from flavr_core.errors import SettingsError
from flavr_core.evaluation import metrics as measures
from flavr_core.evaluation import reference_ffmpeg
from flavr_core.evaluation.contestants import Contestant, Drawn, NetworkContestant
from flavr_core.evaluation.ledger import Kept, Ledger, fingerprint
from flavr_core.evaluation.perceptual import UnmeasurableError, lpips
from flavr_core.evaluation.report import Report, Score
from flavr_core.evaluation.samples import Picture8, Sample, Truth
from flavr_core.model.network import Network
from flavr_core.progress import CancelToken

Metric = Callable[[measures.Picture, measures.Picture], float]
"""From a made picture and its truth to a number."""

METRICS: dict[str, Metric] = {
    "psnr": measures.psnr,
    "psnr_8bit": measures.psnr_8bit,
    "ssim_uniform": measures.ssim_uniform,
    "ssim_gaussian": measures.ssim_gaussian,
}
"""The metrics that are measured unasked, by name; their protocols are in `metrics.PROTOCOLS`."""

STEADINESS: dict[str, Metric] = {"sharpness": measures.sharpness, "brightness": measures.brightness}
"""What flickers when it changes from frame to frame, against the two frames around; when asked for."""

EXTRA_METRICS = ("vmaf", "lpips")
"""Metrics that need another program or package, and are measured when asked for."""

COPIES = (
    "the set has two frames a sample: of its four inputs the outer two were copies of the inner two, "
    "so it saw nothing of the motion before and after"
)
"""Note on four-frame networks measured on two-frame sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One contestant's answer, handed out for whoever keeps pictures."""

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
    networks: Sequence[Network | Contestant],
    samples: Iterable[Sample],
    *,
    metrics: Sequence[str] = tuple(METRICS),
    protocol: str = "",
    on_drawing: Callable[[Drawing], None] | None = None,
    ledger: Ledger | None = None,
    token: CancelToken | None = None,
) -> list[Report]:
    """Let every network draw every sample; one report a network, in their order.

    Samples are taken one at a time, each drawn by all before the next is read. Contestants of two
    inputs get the middle two frames. What they return is measured as floats. A metric that cannot be had
    on this machine is left out, and the reports say why. Samples without truth are drawn and timed.

    Args:
        networks: who draws.
        samples: what is asked.
        metrics: names of METRICS and EXTRA_METRICS.
        protocol: where the samples come from, in words, for the reports.
        on_drawing: told each picture drawn.
        ledger: where scores are kept as they come; what it holds already is not drawn again.
        token: looked at before each sample of each contestant.

    Raises:
        SettingsError: when there is no sample, no network or no such metric.
        ModelError: when a network cannot draw a sample's position.
        CancelledError: when the token was set.
    """
    if not networks:
        raise SettingsError("There is no network to measure.", "Name at least one with --models.")
    contestants = [NetworkContestant(one) if isinstance(one, Network) else one for one in networks]
    chosen, missing = choose_metrics(metrics, _device(networks))
    desks = [
        _Desk(contestant, chosen, ledger, fingerprint(one))
        for contestant, one in zip(contestants, networks, strict=True)
    ]
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
    return [desk.report(protocol=protocol, missing=missing) for desk in desks]


def choose_metrics(names: Sequence[str], device: torch.device) -> tuple[dict[str, Metric], dict[str, str]]:
    """The metrics of these names, and for those that cannot be had here the reason in words.

    Raises:
        SettingsError: when there is no such metric.
    """
    chosen: dict[str, Metric] = {}
    missing: dict[str, str] = {}
    for name in dict.fromkeys(names):
        if name in METRICS or name in STEADINESS:
            chosen[name] = (METRICS | STEADINESS)[name]
        elif name == "vmaf":
            if reason := reference_ffmpeg.lack_of_vmaf():
                missing[name] = reason
            else:
                chosen[name] = _vmaf
        elif name == "lpips":
            try:
                chosen[name] = lpips(device)
            except UnmeasurableError as error:
                missing[name] = str(error)
        else:
            known = ", ".join((*METRICS, *STEADINESS, *EXTRA_METRICS))
            raise SettingsError(f"There is no metric {name}.", f"Choose from {known}.")
    return chosen, missing


def _as_floats(picture: Picture8) -> measures.Picture:
    return picture.astype(np.float32) / np.float32(255)


def _vmaf(made: measures.Picture, truth: measures.Picture) -> float:
    return reference_ffmpeg.vmaf(measures.to_8bit(made), measures.to_8bit(truth))


def _device(networks: Sequence[Network | Contestant]) -> torch.device:
    """Where the first network is; metrics that are networks themselves go there too."""
    devices = [one.device for one in networks if isinstance(one, Network)]
    return devices[0] if devices else torch.device("cpu")


class _Desk:
    """One contestant at work: its scores and its clock."""

    def __init__(
        self, contestant: Contestant, metrics: dict[str, Metric], ledger: Ledger | None, weights: str
    ) -> None:
        self._contestant = contestant
        self._metrics = metrics
        self._ledger = ledger
        self._weights = weights
        self._seconds: list[float] = []
        self._has_copies = False
        self.scores: list[Score] = []

    def draw(self, sample: Sample) -> list[Drawing]:
        """Draw all positions of one sample and measure them; nothing is drawn where scores were kept."""
        has_four = self._contestant.num_inputs == 4
        self._has_copies |= has_four and sample.outer_copied
        kept = self._ledger.find(self._contestant.name, self._weights, sample) if self._ledger else None
        if kept is not None:
            self.scores += kept.scores
            self._seconds.append(kept.seconds)
            return []
        drawn, seconds = self._contestant.draw(
            sample.inputs if has_four else sample.inputs[1:3], [truth.position for truth in sample.truths]
        )
        self._seconds.append(seconds / len(sample.truths))
        drawings = [self._judge(sample, truth, one) for truth, one in zip(sample.truths, drawn, strict=True)]
        if self._ledger is not None:
            scores = tuple(drawing.score for drawing in drawings)
            kept = Kept(scores=scores, seconds=self._seconds[-1])
            self._ledger.add(self._contestant.name, self._weights, kept)
        return drawings

    def _judge(self, sample: Sample, truth: Truth, made: Drawn) -> Drawing:
        values = {}
        if truth.picture is not None:
            filmed = _as_floats(truth.picture)
            neighbours = [_as_floats(picture) for picture in sample.inputs[1:3]]
            values = {
                name: float(np.mean([metric(made, one) for one in neighbours]))
                if name in STEADINESS
                else metric(made, filmed)
                for name, metric in self._metrics.items()
            }
        score = Score(group=sample.group, sample=sample.name, position=truth.position, values=values)
        self.scores.append(score)
        return Drawing(
            network=self._contestant.name,
            sample=sample,
            truth=truth,
            made=measures.to_8bit(made),
            score=score,
        )

    def report(self, *, protocol: str, missing: dict[str, str]) -> Report:
        """Everything measured so far."""
        timed = self._seconds[1:] or self._seconds
        return Report(
            network=self._contestant.name,
            parameters=self._contestant.parameters,
            scores=tuple(self.scores),
            seconds_per_frame=sum(timed) / len(timed),
            notes=((COPIES,) if self._has_copies else ()) + tuple(self._contestant.notes),
            protocol=protocol,
            missing=missing,
        )
