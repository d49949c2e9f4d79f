"""verify_output: what is wrong with a finished file is found and said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from flavr_core.media import verify_output
from flavr_core.media.encoding import StreamAction
from flavr_core.settings import ExportSettings, RateTarget, TimingSettings
from tests.clip_factory import damage
from tests.export_factory import Rendered, render

FAST = ExportSettings(speed="fastest")


@pytest.fixture
def finished(tmp_path: Path, clip: Callable[[str], Path]) -> Rendered:
    return render(clip("constant"), tmp_path / "output.mp4", FAST)


def problems(rendered: Rendered, **changes: object) -> str:
    encoding = replace(rendered.encoding, **changes)  # type: ignore[arg-type]
    return " ".join(verify_output(encoding, rendered.output).problems)


def test_a_good_file_is_summed_up(finished: Rendered) -> None:
    found = finished.verification
    assert (found.frames, found.first, found.last) == (48, 0, Fraction(47, 50))
    assert found.duration == Fraction(24, 25)
    assert found.audio_offsets_samples == (0,)
    assert found.summary() == "48 frames, 0:00:00.960, sound begins in place to the sample"


def test_each_difference_is_said(finished: Rendered) -> None:
    encoding = finished.encoding
    assert "holds 48 frames, promised 47" in problems(finished, frames=47)
    assert "Frame 1 is shown at" in problems(finished, time_base=Fraction(1, 51))
    assert "Frame 0 is shown at" in problems(finished, lead=Fraction(1, 10))
    assert "It lasts 0:00:00.960, promised 0:00:00.980" in problems(finished, end_pts=49)
    assert "picture is 64x48, promised 128x48" in problems(finished, width=128)
    assert "1 audio streams, promised 0" in problems(finished, streams=())
    early = replace(encoding.streams[0], start=Fraction(-1, 100))
    assert "begins +10.00 ms (+480 samples) from its place" in problems(finished, streams=(early,))
    dropped = replace(encoding.streams[0], action=StreamAction.DROP)
    assert "1 audio streams, promised 0" in problems(finished, streams=(dropped,))


def test_damaged_and_missing_files_are_problems_not_tracebacks(finished: Rendered) -> None:
    damage(finished.output, zero=(0.5, 1.0))
    assert problems(finished)
    damage(finished.output, keep=0.3)
    assert problems(finished)
    finished.output.write_bytes(b"")
    assert "cannot be read back" in problems(finished)
    finished.output.unlink()
    assert "cannot be read back" in problems(finished)


@pytest.mark.parametrize("container", ["gif", "apng", "webp", "png"])
def test_animations_and_folders_are_checked_too(
    tmp_path: Path, clip: Callable[[str], Path], container: str
) -> None:
    output = tmp_path / ("frames" if container == "png" else f"output.{container}")
    timing = TimingSettings(rate=RateTarget(factor=Fraction(1)))
    rendered = render(clip("constant"), output, ExportSettings(container=container, codec=container), timing)
    assert rendered.verification.frames == 24
    assert "promised 999x48" in problems(rendered, width=999)
    if container == "png":
        (output / "frame_000005.png").unlink()
        assert "23 images, promised 24" in problems(rendered)
        return
    assert rendered.encoding.animation is not None
    shifted = tuple(
        tick + 1 if number else 0 for number, tick in enumerate(rendered.encoding.animation.ticks)
    )
    assert problems(rendered, animation=replace(rendered.encoding.animation, ticks=shifted))
    limited = replace(rendered.encoding.animation, max_bytes=1000)
    assert "promised 1,000" in problems(rendered, animation=limited)
    output.write_bytes(b"nonsense")
    assert "cannot be read back" in problems(rendered)
