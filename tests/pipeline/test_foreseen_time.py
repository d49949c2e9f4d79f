"""A job says how long it will take, and names a quicker network where that is worth a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flavr_core.cli import main, plan_words
from flavr_core.cli.plan_words import foreseen_words, plan_facts, plan_lines, rough_time
from flavr_core.engine import Engine
from flavr_core.model import load
from flavr_core.model.catalog import LONG_S
from flavr_core.pipeline import Job, find_quicker, foresee, foresight, prepare
from flavr_core.pipeline.run import RATE_WINDOW_S, _Run
from flavr_core.progress import CancelToken, Progress, SilentReporter
from flavr_core.settings import ConvertSettings, EngineSettings
from tests.clip_factory import make_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 frames of 64x48."""
    return make_clip(tmp_path_factory.mktemp("foresight") / "a clip.mp4")


def prepared(clip: Path, output: Path, model: str) -> Job:
    settings = ConvertSettings(source=clip, output=output, engine=EngineSettings(model=model, device="cpu"))
    return prepare(settings, reporter=SilentReporter(), token=CancelToken())


def test_a_job_of_a_slow_network_is_foreseen_and_a_quicker_one_named(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaps = {"slow": 20.0, "motion": 0.5}
    monkeypatch.setattr(
        foresight, "foreseen_gap_s", lambda engine, positions: gaps[engine.network.name] * len(positions)
    )
    network = load("blend")
    network.name = "slow"
    engine = Engine(network, width=64, height=48)
    monkeypatch.setattr(Engine, "draws_planes", property(lambda engine: engine.network.name != "slow"))
    job = foresee(replace(prepared(clip, tmp_path / "out.mp4", "blend"), engine=engine))
    assert job.foreseen_s == pytest.approx(23 * 20.0, rel=0.01)
    quicker = find_quicker(job)
    assert quicker is not None
    assert quicker.model == "motion"
    assert quicker.seconds == pytest.approx(23 * 0.5, rel=0.01)
    words = "about 8 min here; --model motion takes about 12 s"
    assert foreseen_words(job) == words
    assert f"time     {words}" in plan_lines(job)
    assert plan_facts(job)["foreseen_s"] == job.foreseen_s
    assert find_quicker(replace(job, foreseen_s=LONG_S - 1)) is None
    gaps["motion"] = 12.0
    assert find_quicker(job) is None
    assert foreseen_words(job) == "about 8 min here"


def test_quick_networks_and_unknown_times_need_no_words(clip: Path, tmp_path: Path) -> None:
    job = foresee(prepared(clip, tmp_path / "out.mp4", "motion"))
    assert job.foreseen_s is None
    assert find_quicker(job) is None
    assert foreseen_words(job) == ""
    assert not any(line.startswith("time ") for line in plan_lines(job))


def test_time_left_is_said_from_the_beginning(clip: Path, tmp_path: Path) -> None:
    said: list[Progress] = []
    reporter = SilentReporter()
    reporter.progress = said.append  # type: ignore[method-assign]
    job = replace(prepared(clip, tmp_path / "out.mp4", "blend"), foreseen_s=96.0)
    run = _Run(job, reporter, CancelToken(), None)  # type: ignore[arg-type]
    assert run._remaining_s(0, 48, 0.0, elapsed_s=0.0) == 96.0
    assert run._remaining_s(12, 48, 9.0, elapsed_s=RATE_WINDOW_S / 2) == 72.0
    assert run._remaining_s(12, 48, 9.0, elapsed_s=RATE_WINDOW_S) == 4.0
    assert run._remaining_s(24, 48, 0.0, elapsed_s=60.0) == 48.0


def test_convert_says_so_before_it_begins(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words = "about 14 min here; --model motion takes about 1 min"
    monkeypatch.setattr(plan_words, "foreseen_words", lambda job: words)
    monkeypatch.setattr(plan_words, "purpose_words", lambda model: f"{model} is for tests.")
    output = tmp_path / "out.mp4"
    assert main(["convert", str(clip), str(output), "--model", "blend"]) == 0
    lines = capfd.readouterr().err.splitlines()
    begins = next(number for number, line in enumerate(lines) if line.startswith("Converting"))
    assert lines.index(f"note: This takes {words}.") < begins
    assert lines.index("note: blend is for tests.") < begins
    assert "Loading the network" not in lines


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (48, "48 s"), (58, "1 min"), (840, "14 min"), (3590, "1 h"), (7800, "2 h 10 min")],
)
def test_rough_times(seconds: float, words: str) -> None:
    assert rough_time(seconds) == words
