"""Steps recorded as CUDA graphs; those of a step that fails to be recorded; only the latter need no GPU."""

from pathlib import Path
from typing import Any

import pytest
import torch

from flavr_core.training import recorded_steps
from flavr_core.training.batches import Batch, BatchSettings, draw_batch
from flavr_core.training.beginnings import begin_anew
from flavr_core.training.leg_settings import LegSettings
from flavr_core.training.loop import Trainer
from flavr_core.training.ranks import Rank
from flavr_core.training.recorded_steps import RecordedSteps


@pytest.mark.cuda
@pytest.mark.parametrize("name", ["flavr-narrow", "upr-base", "adacof-compressed", "fourflow"])
def test_a_recorded_step_is_the_step(name: str, tmp_path: Path) -> None:
    device = torch.device("cuda")
    torch.manual_seed(0)
    settings = LegSettings(
        folder=tmp_path,
        batch=BatchSettings(
            size=4, height=64, width=64, other_crops=((64, 96),), synthetic_share=1, max_motion_px=8
        ),
    )
    trainer = Trainer(begin_anew(name), settings, Rank(0, 1, device))
    recorded = trainer._recorded
    assert recorded is not None
    assert trainer.flat.gradients is not None
    for step in (0, 1, 2, 3):  # both sizes, recorded and then replayed on other contents
        batch = draw_batch(trainer.batch_settings, None, step=step, rank=0, device=device)
        loss, _ = recorded(batch)
        gradients = trainer.flat.gradients.clone()
        wanted, _ = trainer._differentiate(batch)
        assert torch.allclose(loss, wanted, rtol=0.02)
        assert (gradients - trainer.flat.gradients).norm() < 0.1 * gradients.norm()
    assert recorded.is_recorded


class _NoStream:
    """Stands for a stream of a device that is not there."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def wait_stream(self, _: object) -> None: ...


class _Graph(_NoStream):
    def __init__(self, *_: object, **__: object) -> None: ...

    def __exit__(self, *_: object) -> None:
        raise RuntimeError("an operation is not permitted while a stream is capturing")


def test_a_step_that_cannot_be_recorded_is_taken_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fakes: dict[str, Any] = {
        "current_stream": _NoStream, "Stream": _NoStream, "stream": lambda _: _NoStream(),
        "CUDAGraph": _NoStream, "graph": _Graph, "set_stream": lambda _: None,
    }  # fmt: skip
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    seen: list[int] = []

    def step(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(len(batch.t))
        return torch.tensor(float(len(seen))), torch.zeros(1)

    steps = RecordedSteps(step)
    batch = draw_batch(
        BatchSettings(size=2, height=32, width=32, synthetic_share=1),
        None, step=0, rank=0, device=torch.device("cpu"),
    )  # fmt: skip
    first, _ = steps(batch)
    again, _ = steps(batch)
    assert not steps.is_recorded
    assert (first, again) == (recorded_steps.WARMUPS + 2, recorded_steps.WARMUPS + 3)
    assert "not permitted" in caplog.text

    def hungry(_: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(torch.OutOfMemoryError):
        RecordedSteps(hungry)(batch)
