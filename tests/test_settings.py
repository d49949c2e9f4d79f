from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flavr_core.errors import SettingsError
from flavr_core.settings import (
    ConvertSettings,
    GifSettings,
    RateTarget,
    SceneSettings,
    parse_rate,
    parse_slow,
)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("2x", RateTarget(factor=Fraction(2))),
        ("2.5X", RateTarget(factor=Fraction(5, 2))),
        ("60", RateTarget(fps=Fraction(60))),
        ("59.94", RateTarget(fps=Fraction(2997, 50))),
        ("60000/1001", RateTarget(fps=Fraction(60000, 1001))),
        (" 30 fps", RateTarget(fps=Fraction(30))),
        ("3/2x", RateTarget(factor=Fraction(3, 2))),
    ],
)
def test_rates_are_read_exactly(text, target):
    assert parse_rate(text) == target


@pytest.mark.parametrize("text", ["", "x", "fps", "0", "0x", "-2x", "2xx", "1e9", "10001", "99999x", "nanx"])
def test_rates_that_cannot_be_made(text):
    with pytest.raises(SettingsError):
        parse_rate(text)


@given(st.text())
def test_every_text_is_a_rate_or_a_settings_error(text):
    try:
        target = parse_rate(text)
    except SettingsError:
        return
    assert (target.factor is None) != (target.fps is None)


def test_rates_are_shown_short():
    assert str(parse_rate("2.5x")) == "2.5x"
    assert str(parse_rate("60000/1001")) == "59.94 fps"


def test_a_rate_is_either_a_factor_or_its_own():
    with pytest.raises(ValueError, match="either"):
        RateTarget()


@pytest.mark.parametrize(("text", "factor"), [("4x", 4), ("4", 4), ("2.5x", Fraction(5, 2)), ("1", 1)])
def test_slow_motion_is_read_exactly(text, factor):
    assert parse_slow(text) == factor


@pytest.mark.parametrize("text", ["0.5x", "0", "-4", "", "fast", "0.999"])
def test_slow_motion_never_speeds_up(text):
    with pytest.raises(SettingsError):
        parse_slow(text)


@pytest.mark.parametrize("sensitivity", [-0.1, 1.1, float("nan")])
def test_sensitivity_has_bounds(sensitivity):
    with pytest.raises(SettingsError):
        SceneSettings(sensitivity=sensitivity)


def test_gif_settings_have_bounds():
    with pytest.raises(SettingsError):
        GifSettings(colors=1)
    with pytest.raises(SettingsError):
        GifSettings(max_bytes=10)


def test_a_segment_has_a_frame():
    with pytest.raises(SettingsError):
        ConvertSettings(source=Path("a.mp4"), output=Path("b.mp4"), segment_frames=0)
