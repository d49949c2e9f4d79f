"""What a conversion will give, said before it starts; names of results; words for people."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QLocale
from pytestqt.qtbot import QtBot

from app.jobs import outlook as outlook_module
from app.jobs.estimates import Estimates, Forecast, Speed, measure_speed
from app.jobs.outlook import Cause, Outlook, Problem, is_free, look_ahead
from app.viewmodels import output_names
from app.viewmodels.amounts import decimal, size_words
from app.viewmodels.durations import about_words, at_least_words, duration_words
from app.viewmodels.networks import index_of, network_entries
from app.viewmodels.outlook_words import facts
from app.viewmodels.output_names import OutputNaming, fits, output_folder, propose_output, rate_words
from app.viewmodels.plain_words import plain_words
from app.viewmodels.workspace import ClipEdits
from flavr_core.clip import ClipInfo
from flavr_core.errors import CancelledError, DeviceError
from flavr_core.media import probe
from flavr_core.model.uprnet import UprNet, UprWidths
from flavr_core.pipeline import prepare, run_job
from flavr_core.progress import CancelToken, SilentReporter
from flavr_core.settings import (
    ConvertSettings,
    DuplicateMode,
    EngineSettings,
    ExportSettings,
    GifSettings,
    Precision,
    SceneSettings,
    TimingSettings,
    parse_rate,
)
from flavr_core.timeline import CutOverrides
from flavr_core.timing import TimePoint
from tests.clip_factory import make_clip

NO_CUTS = CutOverrides()


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """24 frames of 64x48 at 25 a second."""
    return probe(make_clip(tmp_path_factory.mktemp("outlook") / "a clip.mp4"))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """24 equal frames of 64x48 at 25 a second."""
    path = tmp_path_factory.mktemp("outlook") / "still.mp4"
    return probe(make_clip(path, filters=[("drawbox", "color=orange:t=fill")]))


def settings(info: ClipInfo, output: Path, **changes: object) -> ConvertSettings:
    plain = ConvertSettings(source=info.path, output=output, engine=EngineSettings(model="blend"))
    return replace(plain, **changes)  # type: ignore[arg-type]


def look(info: ClipInfo, asked: ConvertSettings, cuts: CutOverrides = NO_CUTS) -> Outlook:
    return look_ahead(info, asked, cuts, token=CancelToken())


def test_doubling_says_frames_rate_size_and_work(info: ClipInfo, tmp_path: Path) -> None:
    found = look(info, settings(info, tmp_path / "out.mp4"))
    assert found.problems == ()
    assert found.plan is not None
    assert len(found.plan) == 48
    assert found.workload is not None
    assert (found.workload.drawn, found.workload.gaps, found.workload.is_exact) == (23, 23, True)
    assert found.workload.usual_positions == (Fraction(1, 2),)
    words = {fact.label: fact.words for fact in facts(found, Forecast(), is_held=False)}
    assert words["Frames"] == "48 from 24"
    assert words["Rate"] == "25 → 50 fps"
    assert words["Length"] == "0:00:00.960"
    assert words["Picture"] == "64×48, MP4 H.264"
    assert words["Timing"] == "every frame exact"
    assert words["Time here"] == "not known"
    assert "free" in words["Size"]


def test_a_range_counts_its_own_frames(info: ClipInfo, tmp_path: Path) -> None:
    timing = TimingSettings(start=TimePoint(frame=4), stop=TimePoint(frame=14))
    found = look(info, settings(info, tmp_path / "out.mp4", timing=timing))
    assert found.source_frames == 10
    assert {fact.label: fact.words for fact in facts(found, Forecast(), is_held=False)}[
        "Frames"
    ] == "20 from 10"


def test_long_outputs_are_counted_in_part(
    info: ClipInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flavr_core.timeline.workload.COUNTED_FRAMES", 16)
    found = look(info, settings(info, tmp_path / "out.mp4"))
    assert found.workload is not None
    assert not found.workload.is_exact
    assert found.workload.drawn == 24
    assert "about 24" in facts(found, Forecast(), is_held=False)[0].more


def test_all_problems_are_said_at_once_each_where_it_comes_from(info: ClipInfo, tmp_path: Path) -> None:
    asked = settings(
        info,
        tmp_path / "missing" / "out.mp4",
        timing=TimingSettings(start=TimePoint(seconds=Fraction(99))),
        engine=EngineSettings(model="nobody"),
    )
    cuts = CutOverrides(cuts=(TimePoint(frame=500),))
    found = look(info, asked, cuts)
    assert {problem.cause for problem in found.problems} >= {Cause.TIME, Cause.CUTS, Cause.NETWORK}
    assert found.plan is None
    elsewhere = look(info, replace(asked, timing=TimingSettings()))
    assert Cause.OUTPUT in {problem.cause for problem in elsewhere.problems}


def test_problems_of_the_format_stand_at_the_format(info: ClipInfo, tmp_path: Path) -> None:
    export = ExportSettings(codec="prores", crf=99)
    found = look(info, settings(info, tmp_path / "out.mp4", export=export))
    assert [problem.cause for problem in found.problems] == [Cause.FORMAT]
    chip = look(
        info, settings(info, tmp_path / "out.mp4", export=ExportSettings(codec="vp9", hardware="amf"))
    )
    assert {problem.cause for problem in chip.problems} == {Cause.FORMAT}


def test_an_existing_name_and_a_full_disk_stand_at_the_name(
    info: ClipInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "taken.mp4"
    taken.write_bytes(b"precious")
    monkeypatch.setattr(outlook_module, "free_bytes", lambda output: 10)
    found = look(info, settings(info, taken))
    assert [problem.cause for problem in found.problems] == [Cause.OUTPUT, Cause.OUTPUT]
    assert "exists already" in found.problems[0].message
    assert "10 B are free" in found.problems[1].message
    agreed = look(info, settings(info, taken, overwrite=True))
    assert len(agreed.problems) == 1


def test_planning_stops_when_told(info: ClipInfo, tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        look_ahead(info, settings(info, tmp_path / "out.mp4"), NO_CUTS, token=token)


def test_a_gif_tells_what_it_leaves_out(info: ClipInfo, tmp_path: Path) -> None:
    export = ExportSettings(container="gif", codec="gif", gif=GifSettings(max_bytes=5000))
    timing = TimingSettings(rate=parse_rate("4x"))
    scenes = SceneSettings(duplicates=DuplicateMode.DROP)
    found = look(info, settings(info, tmp_path / "out.gif", export=export, timing=timing, scenes=scenes))
    assert found.encoding is not None
    assert found.encoding.animation is not None
    kept = found.encoding.animation.kept
    assert kept is not None
    speed = Speed(gap_s=1.0, frame_s=0.1, device="blend on a test", on_gpu=False, pictures=3)
    said = facts(found, Forecast(seconds=30.0, speed=speed), is_held=False)
    words = {fact.label: fact for fact in said}
    assert words["Frames"].words == f"at most {len(kept)} of 96 from 24"
    assert words["Size"].words.startswith("at most 5.0 kB")
    assert words["Time here"].words == "at least 30 s"
    assert "until it fits" in words["Time here"].more
    assert "repeated frames" in words["Time here"].more
    assert "It draws 3 frames a second here." in words["Time here"].more
    slow = Forecast(seconds=300.0, speed=replace(speed, gap_s=36.0))
    assert "It draws a frame in 12 s here." in facts(found, slow, is_held=False)[-1].more


@pytest.mark.parametrize(
    ("rate", "words"),
    [("2x", "48 from 24"), ("60", "49 of 58 from 24"), ("4x", "49 of 96 from 24"), ("30", "29 from 24")],
)
def test_a_gif_shows_as_many_frames_as_was_said_and_as_exactly(
    still: ClipInfo, tmp_path: Path, rate: str, words: str
) -> None:
    """Of a clip that stands still, too: equal frames are not merged."""
    export = ExportSettings(container="gif", codec="gif")
    asked = settings(still, tmp_path / "out.gif", export=export, timing=TimingSettings(rate=parse_rate(rate)))
    found = look(still, asked)
    said = {fact.label: fact for fact in facts(found, Forecast(), is_held=False)}
    assert said["Frames"].words == words
    assert said["Timing"].words == {
        "2x": "every frame exact", "30": "shown ≤ 5 ms off"
    }.get(rate, "shown ≤ 10 ms off")  # fmt: skip
    run_job(prepare(asked, reporter=SilentReporter(), token=CancelToken()), SilentReporter(), CancelToken())
    shown = probe(tmp_path / "out.gif").times
    assert len(shown) == found.shown_frames
    assert found.plan is not None
    assert found.encoding is not None
    assert found.encoding.animation is not None
    kept = found.encoding.animation.kept or range(len(found.plan))
    errors = [abs(shown.time(place) - found.plan[number].time) for place, number in enumerate(kept)]
    assert max(errors) <= found.clock_error


def test_a_network_of_fixed_places_says_how_far_it_is_off(
    info: ClipInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlook_module, "grid_of", lambda model: (Fraction(1, 2),))
    found = look(info, settings(info, tmp_path / "out.mp4", timing=TimingSettings(rate=parse_rate("3x"))))
    assert found.plan is not None
    assert found.plan.largest_timing_error == Fraction(1, 25) / 6
    words = {fact.label: fact.words for fact in facts(found, Forecast(), is_held=False)}
    assert words["Timing"] == "≤ 6.67 ms off"


def test_time_adds_up_on_a_processor_and_overlaps_on_a_gpu(info: ClipInfo, tmp_path: Path) -> None:
    found = look(info, settings(info, tmp_path / "out.mp4"))
    speed = Speed(gap_s=1.0, frame_s=0.25, device="", on_gpu=False, pictures=3)
    assert speed.seconds(found) == 23 * 1.0 + 48 * 0.25
    assert replace(speed, on_gpu=True).seconds(found) == 23.0


def test_speed_is_measured_on_the_clip_itself(info: ClipInfo, tmp_path: Path) -> None:
    found = look(info, settings(info, tmp_path / "out.mp4"))
    speed = measure_speed(found, CancelToken())
    assert speed.gap_s > 0
    assert speed.frame_s > 0
    assert speed.pictures > 1
    assert "blend" in speed.device
    assert speed.key_bytes > speed.other_bytes > 0


def test_the_size_is_projected_from_encoded_frames(info: ClipInfo, tmp_path: Path) -> None:
    found = look(info, settings(info, tmp_path / "out.mp4", timing=TimingSettings(rate=parse_rate("8x"))))
    assert found.encoding is not None
    assert dict(found.encoding.options)["g"] == "600"
    speed = Speed(gap_s=1, frame_s=1, device="", on_gpu=False, pictures=1, key_bytes=10_000, other_bytes=1000)
    assert speed.projected_bytes(found) == 10_000 + 191 * 1000
    size = next(
        fact for fact in facts(found, Forecast(seconds=1, speed=speed), is_held=False) if fact.label == "Size"
    )
    assert size.words.startswith("≈ 201.0 kB")
    export = ExportSettings(container="gif", codec="gif")
    animated = look(info, settings(info, tmp_path / "out.gif", export=export))
    assert speed.projected_bytes(animated) is None


def test_a_measured_size_is_near_the_real_one(tmp_path: Path) -> None:
    """Of a clip that is alike throughout; the encoder's first guess may be a third off."""
    info = probe(make_clip(tmp_path / "even.mp4", frames=60, size=(192, 128)))
    output = tmp_path / "out.mp4"
    found = look(info, settings(info, output))
    size = measure_speed(found, CancelToken()).projected_bytes(found)
    job = prepare(found.settings, reporter=SilentReporter(), token=CancelToken())
    run_job(job, SilentReporter(), CancelToken())
    assert size is not None
    assert 0.5 < size / output.stat().st_size < 2


def test_a_slow_network_is_foreseen_from_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole picture might take minutes."""
    foreseen_s = {"narrow": 20.0, "motion": 0.25}
    monkeypatch.setattr(
        "flavr_core.engine.foresight.foreseen_gap_s", lambda engine, _: foreseen_s[engine.network.name]
    )
    monkeypatch.setattr("app.jobs.estimates.SMALL_PIXELS", 48 * 48)
    monkeypatch.setattr("app.jobs.estimates.MEASURED_S", 0.1)
    monkeypatch.setattr("app.jobs.estimates.SLOW_S", 19.0)  # of a gap that is drawn, however slowly here
    info = probe(make_clip(tmp_path / "slow.mp4", frames=6, size=(192, 130)))
    widths = UprWidths(features=(4, 6, 8), motion=(16, 12, 12, 8, 8), synthesis=(8, 8, 8))
    torch.save(UprNet(widths).state_dict(), tmp_path / "narrow.pth")
    engine = EngineSettings(model=str(tmp_path / "narrow.pth"), device="cpu", precision=Precision.FP32)
    found = look(info, settings(info, tmp_path / "out.mp4", engine=engine))
    foreseen = measure_speed(found, CancelToken())
    assert (foreseen.gap_s, foreseen.quick_gap_s, foreseen.pictures) == (20.0, 0.25, 1)
    assert foreseen.frame_s > 0
    assert foreseen.key_bytes > 0
    foreseen_s["narrow"] = 0.1
    measured = measure_speed(found, CancelToken())
    assert measured.pictures > 1
    assert 0 < measured.gap_s < 20
    assert measured.quick_gap_s == 0.25


def test_the_quick_network_is_mentioned_where_the_chosen_one_takes_long(
    info: ClipInfo, tmp_path: Path
) -> None:
    found = look(info, settings(info, tmp_path / "out.mp4"))  # 23 gaps
    speed = Speed(gap_s=10.0, frame_s=0.0, device="a device", on_gpu=False, pictures=1, quick_gap_s=0.5)
    assert speed.quick_seconds(found) == 23 * 0.5
    assert replace(speed, quick_gap_s=None).quick_seconds(found) is None
    assert replace(speed, quick_gap_s=6.0).quick_seconds(found) is None
    assert replace(speed, gap_s=2.0).quick_seconds(found) is None


def test_nothing_to_draw_is_measured_too(info: ClipInfo, tmp_path: Path) -> None:
    found = look(info, settings(info, tmp_path / "out.mp4", timing=TimingSettings(rate=parse_rate("1x"))))
    speed = measure_speed(found, CancelToken())
    assert (speed.gap_s, speed.pictures) == (0.0, 0)


def test_measured_once_and_remembered(
    qtbot: QtBot, info: ClipInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Outlook] = []
    speed = Speed(gap_s=0.5, frame_s=0.0, device="a device", on_gpu=False, pictures=2)
    monkeypatch.setattr(
        "app.jobs.estimates.measure_speed", lambda outlook, token: calls.append(outlook) or speed
    )
    estimates = Estimates()
    try:
        found = look(info, settings(info, tmp_path / "out.mp4"))
        assert estimates.forecast(found) == Forecast()
        with qtbot.waitSignals([estimates.changed, estimates.changed]):
            estimates.measure(found)
        assert estimates.forecast(found).seconds == 23 * 0.5
        estimates.measure(found)
        other_range = settings(info, tmp_path / "b.mp4", timing=TimingSettings(stop=TimePoint(frame=10)))
        assert estimates.forecast(look(info, other_range)).seconds == 10 * 0.5
        assert len(calls) == 1
        other = look(info, settings(info, tmp_path / "out.mp4", engine=EngineSettings(model="motion")))
        assert estimates.forecast(other).seconds is None
        estimates.hold(True)
        estimates.measure(other)
        assert not estimates.forecast(other).is_measuring
    finally:
        estimates.close()


def test_what_failed_is_said_and_tried_again(
    qtbot: QtBot, info: ClipInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(outlook: Outlook, token: CancelToken) -> Speed:
        raise DeviceError("There is no GPU.", "Use --device cpu.")

    monkeypatch.setattr("app.jobs.estimates.measure_speed", fail)
    estimates = Estimates()
    try:
        found = look(info, settings(info, tmp_path / "out.mp4"))
        with qtbot.waitSignals([estimates.changed, estimates.changed]):
            estimates.measure(found)
        problem = estimates.forecast(found).problem
        assert problem == Problem(cause=Cause.DEVICE, message="There is no GPU.", hint="Use --device cpu.")
        speed = Speed(gap_s=0.5, frame_s=0.0, device="a device", on_gpu=False, pictures=2)
        monkeypatch.setattr("app.jobs.estimates.measure_speed", lambda outlook, token: speed)
        with qtbot.waitSignals([estimates.changed, estimates.changed]):
            estimates.measure(found)
        assert estimates.forecast(found).speed == speed
    finally:
        estimates.close()


def test_a_proposed_name_is_free(tmp_path: Path) -> None:
    source, edits, naming = tmp_path / "beach.mov", ClipEdits(), OutputNaming()
    first = propose_output(source, edits, naming, is_free=is_free)
    assert first == tmp_path / "beach-2x.mp4"
    first.touch()
    second = propose_output(source, edits, naming, is_free=is_free)
    assert second == tmp_path / "beach-2x (2).mp4"
    second.with_name(f"{second.name}.part").mkdir()  # an unfinished render
    assert propose_output(source, edits, naming, is_free=is_free) == tmp_path / "beach-2x (3).mp4"


@pytest.mark.parametrize(
    ("name", "pattern", "wanted"),
    [
        ("clip.with.dots.mov", "{name}-{rate}", "clip.with.dots-2x.mp4"),
        ("Käse & Brot.mov", "{name}", "Käse & Brot.mp4"),
        ("a.mov", "", "result.mp4"),
        ("a.mov", "{name}/{nonsense}", "a_{nonsense}.mp4"),
        ("-a.mov", "{name}", "result a.mp4"),
        ("con.mov", "{name}", "result con.mp4"),
        ("a.mov", "{name} {network} {preset}", "a default mp4.mp4"),
    ],
)
def test_names_are_made_from_the_pattern(tmp_path: Path, name: str, pattern: str, wanted: str) -> None:
    naming = OutputNaming(folder=tmp_path, pattern=pattern)
    assert propose_output(Path(name), ClipEdits(), naming, is_free=is_free) == tmp_path / wanted


def test_results_go_beside_the_users_clips_and_among_the_videos_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLAVR_STUDIO_HOME", str(tmp_path / "home"))
    mine = tmp_path / "mine"
    mine.mkdir()
    assert output_folder(mine / "beach.mov", OutputNaming()) == mine
    assert not (tmp_path / "home" / "videos").exists()
    sample = Path(outlook_module.__file__).parents[2] / "resources" / "sample.mp4"
    assert output_folder(sample, OutputNaming()) == tmp_path / "home" / "videos"
    assert (tmp_path / "home" / "videos").is_dir()
    assert output_folder(sample, OutputNaming(folder=mine)) == mine
    monkeypatch.setattr(output_names.os, "access", lambda path, mode: False)
    assert output_folder(mine / "beach.mov", OutputNaming()) == tmp_path / "home" / "videos"


def test_long_names_are_cut_between_letters(tmp_path: Path) -> None:
    naming = OutputNaming(folder=tmp_path)
    path = propose_output(Path("ü" * 120 + ".mov"), ClipEdits(), naming, is_free=is_free)
    path.touch()
    assert set(path.stem) == {"ü"}


def test_a_folder_of_images_has_no_ending(tmp_path: Path) -> None:
    edits = ClipEdits(export=ExportSettings(container="png", codec="png"))
    path = propose_output(tmp_path / "a.b.mov", edits, OutputNaming(), is_free=is_free)
    assert path.name == "a_b-2x"
    assert fits(path, edits)
    assert not fits(path.with_suffix(".mp4"), edits)


def test_rates_in_names() -> None:
    assert rate_words(TimingSettings(rate=parse_rate("60000/1001"))) == "59.94fps"
    assert rate_words(TimingSettings(rate=parse_rate("1x"), slow=Fraction(4))) == "slow4x"
    assert rate_words(TimingSettings(rate=parse_rate("60"), slow=Fraction(5, 2))) == "slow2.5x-60fps"


@pytest.mark.parametrize(
    ("seconds", "took", "about", "at_least"),
    [
        (0.0, "less than a second", "less than a second", "at least 1 s"),
        (0.3, "less than a second", "less than a second", "at least 1 s"),
        (8.4, "8 s", "about 8 s", "at least 8 s"),
        (59.6, "1 min", "about 1 min", "at least 1 min"),
        (133, "2 min 13 s", "about 2 min 10 s", "at least 2 min 10 s"),
        (599.7, "10 min", "about 10 min", "at least 10 min"),
        (3540, "59 min", "about 59 min", "at least 59 min"),
        (3590, "1 h", "about 1 h", "at least 1 h"),
        (12000, "3 h 20 min", "about 3 h 20 min", "at least 3 h 20 min"),
        (7200, "2 h", "about 2 h", "at least 2 h"),
        (400_000, "5 days", "about 5 days", "at least 5 days"),
    ],
)
def test_times_to_wait(seconds: float, took: str, about: str, at_least: str) -> None:
    assert (duration_words(seconds), about_words(seconds), at_least_words(seconds)) == (took, about, at_least)


@pytest.mark.parametrize(
    ("language", "numbers", "sizes"),
    [
        ("en", ["0.0349", "3.14", "25", "100", "1,250"], ["512 B", "1.2 kB", "12.0 MB"]),
        ("de", ["0,0349", "3,14", "25", "100", "1.250"], ["512 B", "1,2 kB", "12,0 MB"]),
    ],
)
def test_numbers_and_sizes_are_written_as_the_language_does(
    language: str, numbers: list[str], sizes: list[str]
) -> None:
    usual = QLocale()
    QLocale.setDefault(QLocale(language))
    try:
        assert [decimal(value) for value in (0.0349, 3.14159, 24.96, 99.97, 1250.0)] == numbers
        assert [size_words(size) for size in (512, 1234, 12_000_000)] == sizes
    finally:
        QLocale.setDefault(usual)


def test_options_of_the_command_line_become_the_panels_names() -> None:
    assert plain_words("Leave --crf away.") == "Leave “Quality” away."
    assert plain_words("Write --keep-vfr or --nonsense.") == "Write “Keep the variable rate” or --nonsense."


def test_networks_say_what_they_are() -> None:
    entries = network_entries("default")
    by_model = {entry.model: entry for entry in entries}
    assert "default" in by_model
    assert "(default)" in by_model["default"].title
    assert all(entry.card and entry.facts for entry in entries if not entry.is_missing)
    missing = {entry.title: entry.problem for entry in entries if entry.is_missing}
    assert set(missing) == {f"{name} (not available)" for name in ("CDFI",)}
    assert all("import" in problem for problem in missing.values())
    assert by_model["motion"].title == "motion: for long clips and a look around; quick on any processor"
    assert "M parameters" in by_model["default"].facts
    assert entries[index_of(entries, "motion")].model == "motion"
    assert index_of(entries, "default") == index_of(entries, by_model["default"].name) == 0


def test_the_programs_own_networks_speak_german() -> None:
    usual = QLocale()
    english = {entry.name: entry for entry in network_entries("default") if not entry.is_missing}
    QLocale.setDefault(QLocale("de_AT"))
    try:
        for entry in network_entries("default"):
            if not entry.is_missing:
                assert entry.title != english[entry.name].title
                assert entry.card != english[entry.name].card
    finally:
        QLocale.setDefault(usual)


def test_a_file_of_weights_that_was_chosen_is_listed(tmp_path: Path) -> None:
    file = tmp_path / "mine.pth"
    gone = network_entries(str(file))[-1]
    assert gone.problem
    file.touch()
    here = network_entries(str(file))
    assert (here[-1].title, here[-1].problem) == ("mine.pth", "")
    assert index_of(here, str(file)) == len(here) - 1
