"""A conversion said as a command, and parsed back."""

from __future__ import annotations

import shlex
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.cli import build_parser
from flavr_core.cli.arguments import check_no_empty
from flavr_core.cli.command_line import command_text, convert_arguments
from flavr_core.cli.convert import CONTAINERS_OF_OPTION, PRESET_BY_SUFFIX, settings_from
from flavr_core.errors import SettingsError
from flavr_core.settings import (
    AudioMode,
    ConvertSettings,
    CutMode,
    DuplicateMode,
    EndMode,
    EngineSettings,
    ExportSettings,
    GifSettings,
    OddSize,
    Precision,
    RateTarget,
    SceneSettings,
    TimingSettings,
)
from flavr_core.timing import TimePoint

_VIDEO_CODECS = ("h264", "hevc", "av1", "vp9", "prores", "ffv1")


def parse(arguments: list[str]) -> ConvertSettings:
    check_no_empty(arguments)
    return settings_from(build_parser("convert").parse_args(arguments))


names = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters="/\\"),
    min_size=1,
    max_size=12,
).filter(lambda text: text not in (".", ".."))
paths = names.map(Path)
ratios = st.fractions(min_value=Fraction(1, 100), max_value=1000, max_denominator=2000)
points = st.one_of(
    st.integers(0, 10**6).map(lambda n: TimePoint(frame=n)),
    st.integers(0, 10**9).map(lambda ms: TimePoint(seconds=Fraction(ms, 1000))),
)
rates = st.one_of(ratios.map(lambda f: RateTarget(factor=f)), ratios.map(lambda f: RateTarget(fps=f)))
timings = st.builds(
    TimingSettings,
    rate=rates,
    slow=st.one_of(st.just(Fraction(1)), ratios.map(lambda f: 1 + f)),
    start=st.none() | points,
    stop=st.none() | points,
    end=st.sampled_from(EndMode),
    keep_vfr=st.booleans(),
)
scenes = st.builds(
    SceneSettings,
    cuts=st.sampled_from(CutMode),
    sensitivity=st.floats(0, 1),
    cuts_file=st.none() | paths,
    duplicates=st.sampled_from(DuplicateMode),
)
engines = st.builds(
    EngineSettings,
    model=st.sampled_from(["default", "blend", "motion", "a file of weights.pth", "-odd"]),
    device=st.sampled_from(["auto", "cpu", "cuda", "cuda:1"]),
    precision=st.sampled_from(Precision),
    max_memory_bytes=st.none() | st.integers(1, 10**12),
)


@st.composite
def conversions(draw: st.DrawFn) -> ConvertSettings:
    suffix = draw(st.sampled_from(sorted(PRESET_BY_SUFFIX)))
    container, codec = PRESET_BY_SUFFIX[suffix]

    def meant(option: str) -> bool:
        return container in CONTAINERS_OF_OPTION.get(option, (container,))

    is_video = container in CONTAINERS_OF_OPTION["speed"]
    export = ExportSettings(
        container=container,
        codec=draw(st.sampled_from(_VIDEO_CODECS)) if is_video else codec,
        hardware=draw(st.sampled_from(["none", "auto", "nvenc", "vaapi"])),
        crf=draw(st.none() | st.floats(0, 63)) if meant("crf") else None,
        speed=draw(st.sampled_from(["fastest", "medium", "slowest"])) if meant("speed") else "medium",
        depth=draw(st.sampled_from([None, 8, 10, 12, 16])),
        chroma=draw(st.sampled_from([None, "420", "444", "rgb", "gray"])),
        odd_size=draw(st.sampled_from(OddSize)) if meant("odd_size") else OddSize.PAD,
        max_width=draw(st.none() | st.integers(1, 8000)),
        audio=draw(st.sampled_from(AudioMode)),
        subtitles=draw(st.booleans()),
        gif=GifSettings(
            colors=draw(st.integers(2, 256)) if meant("colors") else 256,
            dither=draw(st.sampled_from(["none", "bayer", "sierra2_4a"]))
            if meant("dither")
            else "sierra2_4a",
            loop=draw(st.integers(0, 100)) if meant("loop") else 0,
            max_bytes=draw(st.none() | st.integers(1000, 10**9)) if meant("max_size") else None,
        ),
    )
    # A name without an ending is a folder; a dot in it would be one.
    stem = draw(names).replace(".", "_")
    return ConvertSettings(
        source=draw(paths),
        output=Path(f"{stem}{suffix}"),
        timing=draw(timings),
        scenes=draw(scenes),
        engine=draw(engines),
        export=export,
        sequence_rate=draw(ratios),
        overwrite=draw(st.booleans()),
        resume=draw(st.booleans()),
        receipt=draw(st.none() | paths),
        segment_frames=draw(st.integers(1, 1000)),
    )


@settings(deadline=None)
@given(conversions())
def test_parsed_again_it_is_the_same_conversion(conversion: ConvertSettings) -> None:
    assert parse(convert_arguments(conversion)) == conversion


@settings(deadline=None)
@given(conversions())
def test_a_posix_shell_reads_the_same_words(conversion: ConvertSettings) -> None:
    arguments = convert_arguments(conversion)
    line = command_text(arguments, program=["python", "main.py"], windows=False)
    assert shlex.split(line) == ["python", "main.py", *arguments]


def test_only_what_differs_is_said() -> None:
    settings = ConvertSettings(source=Path("in.mov"), output=Path("out.mp4"))
    assert convert_arguments(settings) == ["convert", "in.mov", "out.mp4"]
    slow = ConvertSettings(
        source=Path("in.mov"),
        output=Path("out.gif"),
        timing=TimingSettings(slow=Fraction(4), rate=RateTarget(fps=Fraction(60000, 1001))),
        export=ExportSettings(container="gif", codec="gif", max_width=480),
    )
    assert convert_arguments(slow) == [
        "convert", "in.mov", "out.gif", "--rate", "60000/1001", "--slow", "4x", "--max-width", "480",
    ]  # fmt: skip


def test_slow_motion_at_the_sources_rate_needs_no_rate() -> None:
    timing = TimingSettings(slow=Fraction(5, 2), rate=RateTarget(factor=Fraction(1)))
    settings = ConvertSettings(source=Path("a.mp4"), output=Path("b.mp4"), timing=timing)
    assert convert_arguments(settings)[3:] == ["--slow", "2.5x"]


def test_settings_without_a_meaning_are_left_out() -> None:
    export = ExportSettings(gif=GifSettings(colors=16, max_bytes=5000))
    settings = ConvertSettings(source=Path("a.mov"), output=Path("b.mp4"), export=export)
    assert parse(convert_arguments(settings)).export == ExportSettings()


def test_a_name_that_says_another_format_is_refused() -> None:
    settings = ConvertSettings(source=Path("a.mov"), output=Path("b.gif"))
    with pytest.raises(SettingsError, match="does not stand for mp4"):
        convert_arguments(settings)


def test_times_that_never_end_are_rounded_to_the_picosecond() -> None:
    timing = TimingSettings(start=TimePoint(seconds=Fraction(1, 3)))
    settings = ConvertSettings(source=Path("a.mov"), output=Path("b.mp4"), timing=timing)
    start = parse(convert_arguments(settings)).timing.start
    assert start is not None
    assert start.seconds is not None
    assert abs(start.seconds - Fraction(1, 3)) < Fraction(1, 10**12)


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("plain.mp4", "plain.mp4"),
        ("C:\\clips\\a.mp4", "C:\\clips\\a.mp4"),
        ("two words.mp4", '"two words.mp4"'),
        ("a&b;(1).mp4", '"a&b;(1).mp4"'),
        ("C:\\my clips\\", '"C:\\my clips\\\\"'),
        ("clip \u00fc.mp4", '"clip \u00fc.mp4"'),
    ],
)
def test_windows_shells_are_given_double_quotes(word: str, quoted: str) -> None:
    assert command_text(["convert", word], program=["python"], windows=True) == f"python convert {quoted}"


def test_the_program_understands_the_line_of_a_shell(tmp_path: Path) -> None:
    """The line, given to a shell's own parser and to the program, parses without a complaint."""
    settings = ConvertSettings(source=tmp_path / "no such clip's $HOME.mp4", output=tmp_path / "out.mp4")
    line = command_text(convert_arguments(settings), program=[sys.executable, "main.py"], windows=False)
    done = subprocess.run(
        ["sh", "-c", f"{line} --dry-run"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 3
    assert "no such clip's $HOME.mp4" in done.stderr
