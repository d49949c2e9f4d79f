"""The viewer: what stands on which side, what is said of it, and the panel around it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.jobs.decoding import FileSource, FrameCache
from app.jobs.pictures import PictureLabel, PictureSource
from app.jobs.sound import AudioDevice, Sound
from app.viewmodels.player import LoopMode, Player
from app.viewmodels.player_side import SideState
from app.viewmodels.shortcuts import Shortcuts
from app.viewmodels.viewer import NOTHING, ORIGINAL, RESULT, Choice, Maker, Viewer, fitting, position_text
from app.viewmodels.workspace import Clip, Workspace
from app.views.actions import Actions
from app.views.viewer import ViewerPanel
from app.widgets.compare_view import ViewMode
from flavr_core.errors import DeviceError
from flavr_core.media import open_source, probe
from flavr_core.settings import TimingSettings
from flavr_core.timing import FrameTimes, TimePoint, format_time
from tests import clip_factory

F = Fraction


@dataclass
class Stand:
    """Everything around the viewer."""

    workspace: Workspace
    player: Player
    viewer: Viewer
    folder: Path
    cache: FrameCache

    def add(self, name: str = "constant") -> Clip:
        """Open and probe a clip of the factory."""
        path = clip_factory.make(name, self.folder)
        clip = self.workspace.add(path)
        self.workspace.set_probed(clip.number, probe(path))
        return clip


def no_device() -> AudioDevice:
    raise DeviceError("There is no sound output.")


@pytest.fixture
def stand(qtbot: QtBot, tmp_path: Path) -> Iterator[Stand]:
    workspace, sound, cache = Workspace(), Sound(open_device=no_device), FrameCache()
    player = Player(sound)
    viewer = Viewer(workspace, player, sound=sound, cache=cache)
    yield Stand(workspace, player, viewer, tmp_path, cache)
    viewer.close()
    player.close()
    sound.close()
    assert cache.used_bytes == 0


@pytest.fixture
def panel(stand: Stand, qtbot: QtBot) -> ViewerPanel:
    panel = ViewerPanel(stand.viewer, Actions(Shortcuts(), stand.viewer))
    qtbot.addWidget(panel)
    panel.addActions(list(panel._actions))
    panel.resize(900, 600)
    panel.show()
    return panel


class Doubled(FileSource):
    """Stands for a preview: says of every frame that it was made."""

    def __init__(self, clip: Clip, cache: FrameCache) -> None:
        assert clip.info is not None
        super().__init__(clip.info, cache, title="Result")
        self.is_closed = False

    def label(self, index: int) -> PictureLabel:
        return PictureLabel(index=2 * index + 1, time=F(1), made=True, gap=index, position=F(1, 2))

    def close(self) -> None:
        self.is_closed = True
        super().close()


def result_maker(stand: Stand, made: list[Doubled]) -> Maker:
    def make(clip: Clip) -> PictureSource:
        made.append(Doubled(clip, stand.cache))
        return made[-1]

    return Maker(choice=Choice(key=RESULT, title="Result"), make=make)


def shown(stand: Stand, side: str = "a") -> Callable[[], bool]:
    return lambda: stand.player.picture(side) is not None  # type: ignore[arg-type]


def test_the_current_clip_stands_on_a(stand: Stand, qtbot: QtBot) -> None:
    clip = stand.workspace.add(clip_factory.make("late_start", stand.folder))
    assert stand.player.source("a") is None
    stand.workspace.set_probed(clip.number, probe(clip.path))
    qtbot.waitUntil(shown(stand))
    assert stand.player.position == 5
    assert stand.viewer.time_text == "0:00:00.000"
    stand.player.step(3)
    qtbot.waitUntil(lambda: "frame 3" in stand.viewer.label("a"))
    assert stand.viewer.label("a") == "Original  ·  frame 3  ·  0:00:00.120"
    assert stand.viewer.time_text == "0:00:00.120"
    assert stand.viewer.chosen("b") == NOTHING
    assert stand.viewer.message("b") == "Nothing stands on this side"


def test_a_made_frame_says_from_what(stand: Stand, qtbot: QtBot) -> None:
    made: list[Doubled] = []
    stand.viewer.add_maker(result_maker(stand, made))
    stand.add()
    qtbot.waitUntil(shown(stand, "b"))
    assert stand.viewer.chosen("b") == RESULT
    assert "made ½ of 0→1" in stand.viewer.label("b")
    stand.viewer.choose("b", NOTHING)
    assert made[0].is_closed
    assert stand.player.state("b") is SideState.EMPTY


def test_each_clip_keeps_its_sides_and_its_place(stand: Stand, qtbot: QtBot) -> None:
    first, second = stand.add("constant"), stand.add("long_gop")
    stand.player.seek(F(1, 2))
    stand.viewer.choose("b", ORIGINAL)
    stand.workspace.set_current(second.number)
    assert (stand.player.position, stand.viewer.chosen("b")) == (0, NOTHING)
    stand.workspace.set_current(first.number)
    assert (stand.player.position, stand.viewer.chosen("b")) == (F(1, 2), ORIGINAL)
    assert stand.player.source("a") is stand.player.source("b")
    stand.workspace.remove([first.number])
    stand.workspace.remove([second.number])
    assert stand.player.source("a") is None
    assert stand.cache.used_bytes == 0


def test_a_file_on_a_side(stand: Stand, qtbot: QtBot) -> None:
    clip = stand.add()
    assert clip.info is not None
    other = clip_factory.make_clip(stand.folder / "twice.mp4", frames=48, rate=F(50))
    with qtbot.waitSignal(stand.viewer.choices_changed):
        stand.viewer.open_file("b", other)
    qtbot.waitUntil(shown(stand, "b"))
    assert "twice.mp4" in stand.viewer.label("b")
    assert stand.viewer.notice == ""
    assert stand.viewer.label("b").endswith("at 0")
    stand.player.step(1)
    assert stand.player.position == F(1, 50)
    qtbot.waitUntil(lambda: stand.viewer.label("b").endswith("0:00:00.020  ·  ½ of 0→1"))
    stand.viewer.open_file("b", clip_factory.make("long_gop", stand.folder))
    qtbot.waitUntil(lambda: "another length" in stand.viewer.notice)
    stand.viewer.open_file("b", stand.folder / "gone.mp4")
    qtbot.waitUntil(lambda: "gone.mp4" in stand.viewer.notice)


def test_a_file_that_was_written_over_is_shown_as_it_is_now(stand: Stand, qtbot: QtBot) -> None:
    first, second = stand.add(), stand.add("variable")
    result, part = stand.folder / "result.mp4", stand.folder / "part.mp4"

    def place(clip: Clip) -> None:
        stand.workspace.set_current(clip.number)
        with qtbot.waitSignal(stand.viewer.file_placed, timeout=20_000):
            stand.viewer.open_file("b", result)

    def times() -> FrameTimes:
        source = stand.player.source("b")
        assert isinstance(source, FileSource)
        return source.times

    shutil.copy(clip_factory.make("constant", stand.folder), result)
    for clip in (second, first):
        place(clip)
    assert times() == probe(result).times
    shutil.copy(clip_factory.make("long_gop", stand.folder), part)
    part.replace(result)
    place(first)
    info = probe(result)
    assert times() == info.times
    stand.player.seek_frame("b", 5)
    qtbot.waitUntil(lambda: stand.player.state("b") is SideState.EXACT, timeout=20_000)
    with open_source(info) as plain:
        [truth] = plain.frames(5, 6)
    picture = stand.player.picture("b")
    assert picture is not None
    assert all(np.array_equal(a, b) for a, b in zip(picture.planes, truth.planes, strict=True))
    stand.workspace.set_current(second.number)  # there it stood on B as well
    assert times() == info.times


def test_how_a_result_lies_over_its_clip(stand: Stand) -> None:
    clip = probe(clip_factory.make("late_start", stand.folder))  # 24 frames at 25 from second 5

    def file_of(frames: int, rate: int) -> tuple[Fraction, Fraction, bool]:
        path = clip_factory.make_clip(stand.folder / f"{frames}_{rate}.mp4", frames=frames, rate=F(rate))
        timing = TimingSettings(slow=F(4), start=TimePoint(seconds=F(2, 5)), stop=TimePoint(frame=20))
        return fitting(probe(path), clip, timing)

    assert file_of(48, 50) == (F(5), F(1), True)
    assert file_of(96, 25) == (F(5), F(1, 4), True)
    assert file_of(40, 25) == (F(27, 5), F(1, 4), True)
    assert file_of(10, 25) == (F(27, 5), F(1), True)
    assert file_of(70, 25) == (F(5), F(1), False)


def test_the_end_of_a_result_that_was_rounded_is_the_clips_end(stand: Stand) -> None:
    clip = stand.add()
    assert clip.info is not None
    times = clip.info.times
    longer = replace(
        clip.info, times=replace(times, end_pts=times.end_pts + int(F(9, 10_000) / times.time_base))
    )
    assert format_time(longer.times.end) != format_time(times.end)
    source = FileSource(longer, stand.cache)
    stand.player.set_side("b", source)
    stand.player.seek(longer.times.end)
    assert stand.player.position > times.end
    assert stand.viewer.time_text == stand.viewer.length_text
    stand.player.set_side("b", None)
    source.close()


def test_what_is_typed_and_wrong_is_said(stand: Stand) -> None:
    stand.add()
    assert not stand.viewer.go_to("soon")
    assert "'soon' is not a time" in stand.viewer.notice
    assert stand.viewer.go_to("10f")
    assert (stand.player.position, stand.viewer.notice) == (F(2, 5), "")


def test_a_clip_whose_file_is_gone_says_so(stand: Stand, panel: ViewerPanel, qtbot: QtBot) -> None:
    clip = stand.workspace.add(clip_factory.make("constant", stand.folder))
    info = probe(clip.path)
    clip.path.unlink()
    stand.workspace.set_probed(clip.number, info)
    qtbot.waitUntil(lambda: stand.player.state("a") is SideState.MISSING)
    assert "constant.mp4" in panel._notice.text
    assert stand.viewer.message("a") == "No picture of Original can be shown"
    stand.player.play()
    assert stand.player.is_playing
    stand.player.pause()


@pytest.mark.parametrize(("position", "text"), [(F(1, 2), "½"), (F(3, 16), "3/16"), (F(7, 8), "⅞")])
def test_parts_of_a_gap(position: Fraction, text: str) -> None:
    assert position_text(position) == text


def test_the_panel_shows_what_the_player_shows(stand: Stand, panel: ViewerPanel, qtbot: QtBot) -> None:
    stand.add()
    qtbot.waitUntil(lambda: panel.view.frame("a") is not None)
    panel._actions["end"].trigger()
    qtbot.waitUntil(lambda: (frame := panel.view.frame("a")) is not None and frame.index == 23)
    panel._actions["frame-back"].trigger()
    qtbot.waitUntil(lambda: (frame := panel.view.frame("a")) is not None and frame.index == 22)
    qtbot.waitUntil(lambda: panel.transport.time_field.text() == "0:00:00.880")
    stand.workspace.remove([stand.workspace.clips[0].number])
    assert panel.view.frame("a") is None


def test_one_side_has_the_place_while_the_other_is_empty(
    stand: Stand, panel: ViewerPanel, qtbot: QtBot
) -> None:
    stand.add()
    qtbot.waitUntil(shown(stand))
    assert panel.view._effective_mode() is ViewMode.A
    stand.viewer.choose("b", ORIGINAL)
    assert panel.view._effective_mode() is ViewMode.WIPE
    panel.hold_side("b")
    assert panel.view._effective_mode() is ViewMode.B
    panel.hold_side(None)
    assert panel.view._effective_mode() is ViewMode.WIPE
    stand.viewer.choose("b", NOTHING)
    panel._actions["side-by-side"].trigger()
    assert panel.view._effective_mode() is ViewMode.SIDE


def test_keys_of_the_panel(stand: Stand, panel: ViewerPanel, qtbot: QtBot) -> None:
    stand.add("long_gop")
    qtbot.waitUntil(shown(stand))
    panel.activateWindow()
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_Period)
    assert stand.player.position == F(1, 25)
    QTest.keyClick(panel.view, Qt.Key.Key_Right)
    assert stand.player.position == F(26, 25)
    QTest.keyClick(panel.view, Qt.Key.Key_D)
    assert panel.view.mode is ViewMode.DIFFERENCE
    QTest.keyClick(panel.view, Qt.Key.Key_R)
    assert stand.player.loop is LoopMode.FORWARD
    QTest.keyClick(panel.view, Qt.Key.Key_Space)
    assert stand.player.is_playing
    QTest.keyClick(panel.view, Qt.Key.Key_K)
    assert not stand.player.is_playing


def test_whose_frames_are_stepped_over(stand: Stand, panel: ViewerPanel, qtbot: QtBot) -> None:
    panel.view.menu_asked.emit(panel.mapToGlobal(panel.rect().center()))
    menu = next(child for child in panel.findChildren(QMenu) if child.isVisible())
    steps = next(child for child in menu.findChildren(QMenu) if child.title() == "Steps go over")
    assert [action.isChecked() for action in steps.actions()] == [True, False, False]
    steps.actions()[2].trigger()
    assert stand.player.steps_over == "b"
    menu.close()


def test_a_time_is_typed(stand: Stand, panel: ViewerPanel, qtbot: QtBot) -> None:
    stand.add("long_gop")
    field = panel.transport.time_field
    panel._actions["goto"].trigger()
    field.setText("")
    QTest.keyClicks(field, "2.04")
    stand.player.seek(F(1))  # what is being typed stays
    qtbot.wait(80)
    assert field.text() == "2.04"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert stand.player.position == F(51, 25)
    assert field.text() == "0:00:02.040"
    field.setText("")
    QTest.keyClicks(field, "never")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert "never" in panel._notice.text
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "0:00:02.040"
    assert panel._notice.text == ""


def test_a_missing_sound_output_is_said_where_there_is_sound(
    stand: Stand, panel: ViewerPanel, qtbot: QtBot
) -> None:
    silent, loud = stand.add("long_gop"), stand.add("constant")
    stand.player.play()
    assert not panel._actions["mute"].isEnabled()
    stand.workspace.set_current(loud.number)
    assert panel._actions["mute"].isEnabled()
    qtbot.waitUntil(shown(stand))
    stand.player.play()
    assert "no sound output" in panel._notice.text
    stand.workspace.set_current(silent.number)
    assert panel._notice.text == ""


def test_every_control_has_a_name_and_a_tip(stand: Stand, panel: ViewerPanel) -> None:
    for control in panel.findChildren(object):  # type: ignore[type-var]
        kind = type(control).__name__
        if kind in ("QToolButton", "QComboBox", "SourceChooser", "QSlider", "TimeField"):
            assert control.accessibleName(), kind
            assert control.toolTip(), control.accessibleName()


def test_nothing_is_left_of_many_clips(stand: Stand, panel: ViewerPanel, qtbot: QtBot) -> None:
    threads = threading.active_count()
    for _ in range(20):
        clip = stand.add()
        stand.workspace.set_current(clip.number)
        qtbot.waitUntil(shown(stand))
        stand.player.play()
        stand.workspace.remove([clip.number])
    assert stand.cache.used_bytes == 0
    assert stand.viewer._sources == {}
    qtbot.waitUntil(lambda: threading.active_count() == threads)
