"""The compare view under real input events, its pictures pixel by pixel."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.widgets.compare_view import CompareView, DifferenceKind, Renderer, ViewMode
from app.widgets.picture_gpu import VARIABLE, chosen_renderer
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.comparison.display import to_display
from flavr_core.frame import Frame, PixelFamily, PixelFormat

RED, BLUE = (200, 20, 20), (20, 20, 200)
SIZE = (400, 300)


def flat(color: tuple[int, int, int], *, width: int = 200, height: int = 150, index: int = 0) -> Frame:
    planes = tuple(np.full((height, width), value, np.uint8) for value in color)
    return Frame(
        planes=planes,
        format=PixelFormat(family=PixelFamily.RGB),
        color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL),
        time=Fraction(index, 25),
        index=index,
    )


def noise(*, width: int = 100, height: int = 75, seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    planes = tuple(rng.integers(0, 256, (height, width), dtype=np.uint8) for _ in range(3))
    return Frame(
        planes=planes,
        format=PixelFormat(family=PixelFamily.RGB),
        color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL),
        time=Fraction(0),
        index=0,
    )


@pytest.fixture
def view(qtbot: QtBot) -> CompareView:
    widget = CompareView()
    qtbot.addWidget(widget)
    widget.resize(*SIZE)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def filled(view: CompareView) -> CompareView:
    view.set_picture("a", flat(RED), "")
    view.set_picture("b", flat(BLUE), "")
    return view


def pixels(view: CompareView) -> np.ndarray:
    QApplication.processEvents()
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def at(view: CompareView, x: int, y: int) -> tuple[int, ...]:
    return tuple(pixels(view)[y, x])


def wheel(view: CompareView, place: QPointF, notches: float) -> None:
    event = QWheelEvent(
        place,
        view.mapToGlobal(place),
        QPoint(),
        QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def move(
    view: CompareView,
    place: QPoint,
    button: Qt.MouseButton = Qt.MouseButton.NoButton,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(view.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        button,
        modifiers,
    )
    QApplication.sendEvent(view, event)


def drag(view: CompareView, button: Qt.MouseButton, start: QPoint, stop: QPoint) -> None:
    QTest.mousePress(view, button, pos=start)
    for step in (1, 2, 3, 4):
        move(view, start + (stop - start) * step / 4, button)
    QTest.mouseRelease(view, button, pos=stop)


def test_the_empty_view_says_so(view: CompareView) -> None:
    before = pixels(view)
    view.set_empty_text("Drop clips here")
    assert not np.array_equal(before, pixels(view))


def test_wipe_shows_a_left_and_b_right(filled: CompareView) -> None:
    assert at(filled, 100, 200) == RED
    assert at(filled, 300, 200) == BLUE
    filled.set_wipe(0.9)
    assert at(filled, 300, 200) == RED
    filled.swap()
    assert at(filled, 300, 200) == BLUE
    assert at(filled, 390, 200) == RED


@pytest.mark.parametrize(
    ("mode", "first", "second"),
    [
        (ViewMode.SIDE, (100, 150), (300, 150)),
        (ViewMode.ABOVE, (200, 110), (200, 260)),
    ],
)
def test_two_panes(
    filled: CompareView, mode: ViewMode, first: tuple[int, int], second: tuple[int, int]
) -> None:
    filled.set_mode(mode)
    assert at(filled, *first) == RED
    assert at(filled, *second) == BLUE
    filled.set_swapped(True)
    assert at(filled, *first) == BLUE


def test_one_side_alone_and_while_a_key_is_held(filled: CompareView) -> None:
    filled.set_mode(ViewMode.B)
    assert at(filled, 100, 200) == BLUE
    filled.set_mode(ViewMode.SIDE)
    filled.hold_side("b")
    assert at(filled, 100, 200) == BLUE
    assert at(filled, 300, 200) == BLUE
    filled.hold_side("a")
    assert at(filled, 300, 200) == RED
    filled.hold_side(None)
    assert at(filled, 300, 150) == BLUE


def test_flip_turns_over_by_itself_and_by_click(filled: CompareView, qtbot: QtBot) -> None:
    filled.set_flip_interval_ms(0)
    filled.set_mode(ViewMode.FLIP)
    assert at(filled, 100, 200) == RED
    QTest.mouseClick(filled, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert at(filled, 100, 200) == BLUE
    filled.set_mode(ViewMode.FLIP)
    assert at(filled, 100, 200) == RED
    filled.flip()
    filled.set_flip_interval_ms(20)
    qtbot.waitUntil(lambda: at(filled, 100, 200) == RED, timeout=60_000)
    filled.set_mode(ViewMode.WIPE)
    assert not filled._flip_timer.isActive()


def test_differences(filled: CompareView) -> None:
    filled.set_mode(ViewMode.DIFFERENCE)
    filled.set_difference(DifferenceKind.LINEAR)
    assert at(filled, 200, 150) == (180, 0, 180)
    filled.set_picture("b", flat((202, 20, 19)), "")
    filled.set_difference(DifferenceKind.AMPLIFIED, 10)
    assert at(filled, 200, 150) == (20, 0, 10)
    filled.set_difference(DifferenceKind.SIGNED, 10)
    assert at(filled, 200, 150) == (138, 128, 123)


def test_a_preview_of_another_size_lies_where_its_original_does(view: CompareView) -> None:
    big = noise(width=200, height=150)
    view.set_picture("a", big, "")
    view.set_picture("b", flat(BLUE, width=50, height=38), "")
    assert at(view, 390, 290) == BLUE
    view.set_mode(ViewMode.DIFFERENCE)
    view.set_difference(DifferenceKind.LINEAR)
    assert pixels(view)[150:, 100:].mean() > 30


def test_at_one_to_one_the_screen_shows_the_frames_own_pixels(view: CompareView) -> None:
    frame = noise()
    view.set_picture("a", frame, "")
    view.one_to_one()
    shown = pixels(view)
    left, top = (SIZE[0] - 100) // 2, (SIZE[1] - 75) // 2
    exact = to_display(frame).astype(int)
    # Odd sizes have no exact middle.
    places = [(left + dx, top + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    matches = [np.array_equal(shown[y : y + 75, x : x + 100], exact) for x, y in places]
    assert any(matches)


@pytest.mark.parametrize("zoom", [None, 0.7, 1.0, 2.3, 3.7, 5.3])
def test_both_sides_of_a_wipe_lie_exactly_on_each_other(view: CompareView, zoom: float | None) -> None:
    frame = noise(width=700, height=500)
    view.set_picture("a", frame, "")
    view.set_picture("b", frame, "")
    if zoom is not None:
        view.set_zoom(zoom, QPointF(123, 45))
    whole = None
    for place in (0.0, 0.37, 0.5, 1.0):
        view.set_wipe(place)
        middle = round(place * SIZE[0])
        shown = pixels(view)[60:]
        shown[:, max(0, middle - 20) : middle + 20] = 0
        if whole is not None:
            both = (shown != 0) & (whole != 0)
            apart = np.abs(shown[both] - whole[both])
            # Places between pixels are counted in 32nds, and noise differs by 255 from one to the next.
            assert apart.max() <= (8 if zoom in (2.3, 3.7) else 0)
        else:
            whole = shown


def test_the_wheel_zooms_at_the_cursor(view: CompareView, qtbot: QtBot) -> None:
    view.set_picture("a", noise(), "")
    place = QPointF(310, 90)
    signals: list[float] = []
    view.zoom_changed.connect(signals.append)

    def under() -> tuple[float, float]:
        target = view._layers()[0].target
        return (place.x() - target.x()) / target.width(), (place.y() - target.y()) / target.height()

    before = under()
    for _ in range(6):
        wheel(view, place, 1)
    assert view.zoom > 12
    assert under() == pytest.approx(before, abs=0.002)
    wheel(view, place, 30)
    assert view.zoom == 32
    assert signals == sorted(signals)
    wheel(view, place, -60)
    assert view.is_fitted


def test_both_sides_share_zoom_and_place(view: CompareView) -> None:
    view.set_picture("a", noise(), "")
    view.set_picture("b", noise(), "")
    view.set_mode(ViewMode.SIDE)
    view.set_zoom(5, QPointF(350, 30))
    shown = pixels(view)
    assert np.array_equal(shown[60:280, 10:190], shown[60:280, 211:391])


@pytest.mark.parametrize("button", [Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton])
def test_dragging_pans_and_stays_on_the_picture(view: CompareView, button: Qt.MouseButton) -> None:
    view.set_picture("a", noise(), "")
    view.set_zoom(8)
    asked: list[QPoint] = []
    view.menu_asked.connect(asked.append)
    before = view._layers()[0].target
    drag(view, button, QPoint(200, 150), QPoint(240, 130))
    after = view._layers()[0].target
    assert (after.x() - before.x(), after.y() - before.y()) == (40, -20)
    drag(view, button, QPoint(20, 20), QPoint(2000, 2000))
    edge = view._layers()[0].target
    assert (edge.x(), edge.y()) == (0, 0)
    assert not asked
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=QPoint(9, 9))
    assert len(asked) == 1


def test_the_wipe_is_grabbed_and_follows_with_alt(filled: CompareView) -> None:
    places: list[float] = []
    filled.wipe_changed.connect(places.append)
    drag(filled, Qt.MouseButton.LeftButton, QPoint(203, 150), QPoint(100, 150))
    assert filled.wipe == pytest.approx(0.25, abs=0.01)
    move(filled, QPoint(300, 100))
    assert filled.wipe == pytest.approx(0.25, abs=0.01)
    move(filled, QPoint(300, 100), modifiers=Qt.KeyboardModifier.AltModifier)
    assert filled.wipe == pytest.approx(0.75, abs=0.01)
    assert places
    drag(filled, Qt.MouseButton.LeftButton, QPoint(300, 150), QPoint(900, 150))
    assert filled.wipe == 1.0


def test_a_click_is_told_and_no_drag_is(filled: CompareView) -> None:
    clicks: list[int] = []
    filled.clicked.connect(lambda: clicks.append(1))
    QTest.mouseClick(filled, Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    drag(filled, Qt.MouseButton.LeftButton, QPoint(40, 40), QPoint(90, 40))
    assert clicks == [1]


def test_keys(filled: CompareView) -> None:
    filled.setFocus()
    fitted = filled.zoom
    QTest.keyClick(filled, Qt.Key.Key_Plus)
    assert filled.zoom > fitted
    QTest.keyClick(filled, Qt.Key.Key_0)
    assert filled.is_fitted
    QTest.keyClick(filled, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert filled.wipe > 0.5
    filled.set_zoom(10)
    before = filled._layers()[0].target.x()
    QTest.keyClick(filled, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert filled._layers()[0].target.x() < before


def test_pixels_that_are_not_square_are_stretched(view: CompareView) -> None:
    view.set_picture("a", flat(RED, width=100, height=100), "")
    view.set_pixel_aspect(Fraction(2))
    view.one_to_one()
    target = view._layers()[0].target
    assert (target.width(), target.height()) == (200, 100)
    view.set_pixel_aspect(Fraction(1, 2))
    target = view._layers()[0].target
    assert (target.width(), target.height()) == (100, 200)


def test_a_late_picture_keeps_the_last_one_and_marks_it(filled: CompareView, qtbot: QtBot) -> None:
    filled.set_picture("b", None, "frame 7")
    assert at(filled, 300, 200) == BLUE
    assert not filled._sides["b"].marked
    qtbot.waitUntil(lambda: filled._sides["b"].marked, timeout=60_000)
    marked = pixels(filled)
    filled.set_picture("b", flat(BLUE), "frame 7")
    assert not filled._sides["b"].marked
    assert not np.array_equal(marked, pixels(filled))


def test_one_side_alone_fills_the_view_until_the_other_is_known(view: CompareView) -> None:
    view.set_picture("a", flat(RED), "")
    assert at(view, 300, 200) == RED
    view.set_side_message("b", "Press Preview")
    assert at(view, 300, 280) != RED
    view.set_picture("b", flat(BLUE), "")
    assert at(view, 300, 200) == BLUE
    view.clear("b")
    assert at(view, 300, 200) == RED
    view.clear()
    assert view.frame("a") is None


def test_labels_are_drawn_over_the_picture_at_any_zoom(filled: CompareView) -> None:
    for zoom in (None, 3.0, 32.0):
        if zoom is not None:
            filled.set_zoom(zoom)
        without = pixels(filled)
        filled.set_picture("a", flat(RED), "original · frame 3")
        with_label = pixels(filled)
        apart = np.abs(with_label - without).sum(axis=2)
        assert (apart > 100).sum() > 50
        assert not apart[40:, :].any()
        filled.set_picture("a", flat(RED), "")


def test_the_grid_is_seen_at_high_zoom_only(view: CompareView) -> None:
    view.set_picture("a", flat(RED), "")
    view.set_zoom(6)
    assert len(np.unique(pixels(view)[60:, 60:].reshape(-1, 3), axis=0)) == 1
    view.set_zoom(16)
    shown = pixels(view)[60:, 60:]
    lines = np.nonzero((shown[100] != RED).any(axis=1))[0]
    assert set(np.diff(lines)) == {16}


def test_the_magnifier_shows_both_sides_beside_the_cursor(filled: CompareView) -> None:
    changes: list[bool] = []
    filled.magnifier_changed.connect(changes.append)
    filled.set_mode(ViewMode.A)
    move(filled, QPoint(20, 60))
    before = pixels(filled)
    filled.set_magnifier(True)
    shown = pixels(filled)
    assert changes == [True]
    assert (np.all(shown == BLUE, axis=2) & ~np.all(before == BLUE, axis=2)).sum() > 5000
    QApplication.sendEvent(filled, QEvent(QEvent.Type.Leave))
    assert np.array_equal(pixels(filled), before)


def test_hdr_is_noticed(view: CompareView) -> None:
    notices: list[str] = []
    view.notice_changed.connect(notices.append)
    planes = tuple(np.full((20, 20), 512, np.uint16) for _ in range(3))
    view.set_picture(
        "a",
        Frame(
            planes=planes,
            format=PixelFormat(family=PixelFamily.YUV, depth=10),
            color=ColorSpec(primaries=9, transfer=16),
            time=Fraction(0),
            index=0,
        ),
        "",
    )
    assert "HDR" in view.notice
    view.set_picture("a", flat(RED), "")
    assert notices[-1] == ""


def test_the_view_is_saved_without_its_borders(filled: CompareView) -> None:
    filled.resize(600, 300)
    image = filled.grab_comparison()
    assert (image.width(), image.height()) == (400, 300)
    assert image.pixelColor(20, 200).red() == RED[0]
    assert image.pixelColor(380, 200).blue() == BLUE[2]


def test_tiny_and_extreme_pictures_and_windows(view: CompareView) -> None:
    for width, height in ((1, 1), (1, 4000), (4000, 1), (3, 2)):
        view.set_picture("a", flat(RED, width=width, height=height), "x")
        view.set_picture("b", flat(BLUE, width=height, height=width), "y")
        for mode in ViewMode:
            view.set_mode(mode)
            for zoom in (0.01, 1, 32):
                view.set_zoom(zoom, QPointF(1, 1))
                pixels(view)
            view.fit()
            pixels(view)
    view.setMinimumSize(1, 1)
    view.resize(1, 1)
    pixels(view)


def test_it_can_be_read_aloud(view: CompareView) -> None:
    assert view.accessibleName()
    first = view.accessibleDescription()
    view.set_mode(ViewMode.SIDE)
    assert view.accessibleDescription() != first
    assert view.focusPolicy() is Qt.FocusPolicy.StrongFocus


def test_without_a_gpu_the_software_path_takes_over(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_renderer() is Renderer.SOFTWARE  # no screen, no GPU
    monkeypatch.setenv(VARIABLE, "gpu")
    assert chosen_renderer(Renderer.SOFTWARE) is Renderer.GPU
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(*SIZE)
    view.set_picture("a", flat(RED), "")
    assert view.renderer is Renderer.GPU
    view.show()
    qtbot.waitUntil(lambda: view.renderer is Renderer.SOFTWARE, timeout=60_000)
    assert at(view, 300, 200) == RED
