"""Colours can be told apart (WCAG 2.2, level AA), and the theme follows choice and system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.widgets.theme import Theme, palette_of, read_colors, signal_color, stylesheet_of

TEXT, PART = 4.5, 3.0
"""Contrast that text needs, and that a part of a control needs to be seen."""


def _luminance(color: QColor) -> float:
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    """By the definition of WCAG: 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("window-text", "window", TEXT),
        ("text", "base", TEXT),
        ("text", "alternate-base", TEXT),
        ("text", "hover", TEXT),
        ("window-text", "notice", TEXT),
        ("button-text", "button", TEXT),
        ("button-text", "window", TEXT),
        ("button-text", "hover", TEXT),
        ("button-text", "pressed", TEXT),
        ("highlighted-text", "highlight", TEXT),
        ("highlighted-text", "primary-hover", TEXT),
        ("highlighted-text", "primary-pressed", TEXT),
        ("placeholder-text", "base", TEXT),
        ("placeholder-text", "window", TEXT),
        ("tool-tip-text", "tool-tip-base", TEXT),
        ("link", "base", TEXT),
        ("link", "window", TEXT),
        ("link-visited", "base", TEXT),
        ("good", "base", TEXT),
        ("good", "window", TEXT),
        ("warning", "base", TEXT),
        ("warning", "window", TEXT),
        ("bad", "base", TEXT),
        ("bad", "window", TEXT),
        ("accent", "window", PART),
        ("accent", "base", PART),
        ("highlight", "base", PART),
        ("control-edge", "base", PART),
        ("control-edge", "window", PART),
    ],
)
def test_colours_can_be_told_apart(name: str, front: str, back: str, least: float) -> None:
    colors = read_colors(name)
    assert contrast(QColor(colors[front]), QColor(colors[back])) >= least


def test_both_themes_have_the_same_colours() -> None:
    assert set(read_colors("light")) == set(read_colors("dark"))
    for name in ("light", "dark"):
        assert "@" not in stylesheet_of(name)


@pytest.fixture
def theme(qtbot: QtBot, qapp: QApplication) -> Iterator[Theme]:
    palette, font = qapp.palette(), qapp.font()
    made = Theme(qapp)
    yield made
    made.deleteLater()
    qapp.styleHints().unsetColorScheme()
    qapp.setStyleSheet("")
    qapp.setPalette(palette)
    qapp.setFont(font)


def test_a_theme_is_put_on_and_changed(qapp: QApplication, theme: Theme, qtbot: QtBot) -> None:
    theme.apply("dark")
    assert theme.name == "dark"
    assert qapp.palette().color(QPalette.ColorRole.Window) == palette_of("dark").color(
        QPalette.ColorRole.Window
    )
    bad = signal_color("bad")
    with qtbot.waitSignal(theme.changed):
        theme.apply("light")
    assert signal_color("bad") != bad
    with pytest.raises(ValueError, match="no colour"):
        signal_color("purple")


def test_links_take_the_new_colour(qapp: QApplication, theme: Theme, qtbot: QtBot) -> None:
    label = QLabel('<a href="x">██████████</a>')
    qtbot.addWidget(label)
    for name in ("dark", "light"):
        theme.apply(name)
        image = label.grab().toImage()
        colours = {image.pixelColor(x, image.height() // 2).name() for x in range(image.width())}
        assert palette_of(name).color(QPalette.ColorRole.Link).name() in colours


def test_text_grows(qapp: QApplication, theme: Theme) -> None:
    theme.apply("light")
    before = qapp.font().pointSizeF()
    theme.apply("light", font_scale=1.5)
    assert qapp.font().pointSizeF() == pytest.approx(before * 1.5, rel=0.01)
