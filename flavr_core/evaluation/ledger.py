"""Scores kept in a file while they are measured, so that a table that was cut short goes on where it stopped.

The file is JSON lines: first what is measured and how, then one line for each sample and contestant.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from flavr_core.errors import OutputError, SettingsError
from flavr_core.evaluation.report import Score
from flavr_core.evaluation.samples import Sample
from flavr_core.model.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a contestant made of one sample."""

    scores: tuple[Score, ...]
    """One for each truth."""
    seconds: float
    """Time of one picture."""


def fingerprint(contestant: object) -> str:
    """A short name for a network's weights, so that a table is not continued with others; else nothing."""
    if not isinstance(contestant, Network):
        return ""
    digest = hashlib.sha256()
    for name, values in contestant.state_dict().items():
        digest.update(f"{name} {values.dtype}".encode())
        digest.update(values.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()[:16]


class Ledger:
    """The scores of one evaluation in one file.

    Args:
        path: the file; it is made when it is not there.
        protocol: where the samples come from, in words.
        metrics: what is measured.

    Raises:
        SettingsError: when the file holds another evaluation, or none.
        OutputError: when it cannot be read or written.
    """

    def __init__(self, path: Path, *, protocol: str, metrics: list[str]) -> None:
        self._path = path
        self._kept: dict[tuple[str, str, str, str], Kept] = {}
        head = {"protocol": protocol, "metrics": metrics}
        try:
            text = path.read_bytes() if path.exists() else b""
            # A line that was being written when the program was killed has no end yet.
            whole = text[: text.rfind(b"\n") + 1]
            lines = whole.decode("utf-8").splitlines()
            if lines:
                self._read(lines, head)
            elif text:
                raise ValueError("no line is whole")
            if whole != text or not lines:
                path.write_bytes(whole or (json.dumps(head, ensure_ascii=False) + "\n").encode())
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"'{path}' holds no scores that were kept before.", "Choose another name with --keep."
            ) from error
        except OSError as error:
            raise self._unusable(error) from error

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, network: str, weights: str, sample: Sample) -> Kept | None:
        """What a contestant made of a sample, if all of its truths were measured."""
        kept = self._kept.get((network, weights, sample.group, sample.name))
        if kept is None:
            return None
        places = [score.position for score in kept.scores]
        return kept if places == [truth.position for truth in sample.truths] else None

    def add(self, network: str, weights: str, kept: Kept) -> None:
        """Write one sample down at once."""
        first = kept.scores[0]
        record = {
            "network": network,
            "weights": weights,
            "clip": first.group,
            "sample": first.sample,
            "seconds": kept.seconds,
            "scores": [{"position": str(score.position), **score.values} for score in kept.scores],
        }
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            raise self._unusable(error) from error

    def _read(self, lines: list[str], head: dict[str, Any]) -> None:
        found = json.loads(lines[0])
        if found != head:
            raise SettingsError(
                f"'{self._path}' holds scores of another evaluation: {found['protocol']}, "
                f"{', '.join(found['metrics'])}.",
                "Choose another name with --keep, or the same data and metrics.",
            )
        for line in lines[1:]:
            record = json.loads(line)
            clip, sample = record["clip"], record["sample"]
            scores = tuple(
                Score(
                    group=clip, sample=sample, position=Fraction(values.pop("position")), values=dict(values)
                )
                for values in record["scores"]
            )
            key = (record["network"], record["weights"], clip, sample)
            self._kept[key] = Kept(scores=scores, seconds=float(record["seconds"]))

    def _unusable(self, error: OSError) -> OutputError:
        return OutputError(
            f"'{self._path}' cannot be used: {error.strerror or error}.", "Choose another name with --keep."
        )
