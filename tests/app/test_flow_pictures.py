"""Motion on a side of the viewer: what it shows, of which gap and by whom; what is said without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.application.studio import Studio
from app.jobs import flow_pictures
from app.jobs.decoding import FrameCache
from app.jobs.flow_pictures import FlowSource
from app.jobs.preview_render import EngineShelf
from app.viewmodels.player_side import SideState
from app.viewmodels.viewer import FLOW, ORIGINAL, RESULT
from flavr_core.comparison.sizes import reduced
from flavr_core.errors import SettingsError
from flavr_core.media import open_source, probe
from flavr_core.model.flow_pictures import flow_picture
from flavr_core.model.flows import classical_flow
from flavr_core.settings import EngineSettings

OpenStudio = Callable[..., Studio]
OpenFlow = Callable[..., FlowSource]


@pytest.fixture
def open_flow(qtbot: QtBot, plain_clip: Path) -> Iterator[OpenFlow]:
    engines, cache = EngineShelf(), FrameCache()
    opened: list[FlowSource] = []

    def build(model: str = "motion", size: tuple[int, int] = (80, 48)) -> FlowSource:
        settings = EngineSettings(model=model, device="cpu")
        opened.append(FlowSource(probe(plain_clip), cache, engines, settings, size=size, title="Motion"))
        return opened[-1]

    yield build
    for source in opened:
        source.close()
        source.close()
    engines.close()
    assert cache.used_bytes == 0


def test_a_picture_is_the_flow_of_its_gap(qtbot: QtBot, open_flow: OpenFlow, plain_clip: Path) -> None:
    source = open_flow()
    assert source.picture(7) is None
    assert source.is_coming(7)
    source.want([7])
    qtbot.waitUntil(lambda: source.picture(7) is not None, timeout=20_000)
    frame = source.picture(7)
    assert frame is not None
    with open_source(source.info) as reader:
        pair = [reduced(one, width=80, height=48) for one in reader.frames(7, 9)]
    flow = classical_flow(*pair).forward
    assert np.array_equal(np.dstack(frame.planes), flow_picture(flow))
    label = source.label(7)
    assert (label.gap, label.scale, label.made) == (7, Fraction(1, 2), False)
    assert label.motion_px == pytest.approx(2 * float(np.hypot(flow[..., 0], flow[..., 1]).max()))
    assert source.nearest(9) == 7


def test_after_the_last_frame_the_last_gap_stays(qtbot: QtBot, open_flow: OpenFlow) -> None:
    source = open_flow()
    last = len(source.times) - 1
    source.want([last])
    qtbot.waitUntil(lambda: source.picture(last) is not None, timeout=20_000)
    assert source.picture(last) is source.picture(last - 1)
    assert source.label(last).gap == last - 1


def test_the_newest_wish_wins(qtbot: QtBot, open_flow: OpenFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = flow_pictures.draw_flow

    def noted(before: object, after: object, *rest: object, **named: object) -> object:
        drawn.append(before.index)  # type: ignore[attr-defined]
        return draw(before, after, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(flow_pictures, "draw_flow", noted)
    source = open_flow()
    for index in range(0, 40, 2):
        source.want([index])
    qtbot.waitUntil(lambda: source.picture(38) is not None, timeout=20_000)
    assert drawn[-1] == 38
    assert len(drawn) < 5


def test_another_network_or_size_is_looked_at_anew(qtbot: QtBot, open_flow: OpenFlow) -> None:
    source = open_flow()
    source.want([3])
    qtbot.waitUntil(lambda: source.picture(3) is not None, timeout=20_000)
    source.update(source.settings, (160, 96), "Motion")
    assert source.picture(3) is None
    source.want([3])
    qtbot.waitUntil(lambda: source.picture(3) is not None, timeout=20_000)
    assert source.picture(3).width == 160  # type: ignore[union-attr]
    assert source.label(3).scale == 1


def test_a_network_without_motion_says_so(qtbot: QtBot, open_flow: OpenFlow) -> None:
    source = open_flow(model="blend")
    with qtbot.waitSignal(source.available_changed, timeout=20_000):
        source.want([3])
    assert "blend draws without optical flow" in source.problem
    assert not source.is_coming(3)
    source.update(EngineSettings(model="motion", device="cpu"), (80, 48), "Motion")
    assert source.problem == ""
    source.want([3])
    qtbot.waitUntil(lambda: source.picture(3) is not None, timeout=20_000)


def test_motion_in_the_window(qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path) -> None:
    studio = open_studio(plain_clip)
    viewer, player, flow = studio.viewer, studio.player, studio.actions["flow"]
    qtbot.waitUntil(lambda: player.picture("a") is not None, timeout=20_000)
    studio.settings.set_network("motion")
    player.seek(Fraction(1))
    flow.trigger()
    assert (viewer.chosen("b"), flow.isChecked()) == (FLOW, True)
    qtbot.waitUntil(lambda: player.state("b") is SideState.EXACT, timeout=60_000)
    assert viewer.label("b").startswith("Optical flow by motion  ·  24→25  ·  full colour: ")
    assert viewer.label("b").endswith(" pixels")
    with pytest.raises(SettingsError, match="Optical flow cannot be exported"):
        studio.comparing.settings()
    player.step(1)
    qtbot.waitUntil(lambda: "25→26" in viewer.label("b"), timeout=60_000)
    studio.settings.set_network("blend")
    qtbot.waitUntil(lambda: player.state("b") is SideState.MISSING, timeout=60_000)
    assert "blend draws without optical flow" in viewer.message("b")
    studio.settings.set_network("motion")
    qtbot.waitUntil(lambda: player.state("b") is SideState.EXACT, timeout=60_000)
    flow.trigger()
    assert (viewer.chosen("b"), flow.isChecked()) == (RESULT, False)
    viewer.choose("a", FLOW)
    assert flow.isChecked()
    flow.trigger()
    assert (viewer.chosen("a"), viewer.shows_flow) == (ORIGINAL, False)


def test_the_menu_follows_the_view(open_studio: OpenStudio) -> None:
    studio = open_studio()
    view, actions = studio.viewer_panel.view, studio.actions
    assert (actions["labels"].isChecked(), actions["swap"].isChecked()) == (True, False)
    actions["labels"].trigger()
    actions["swap"].trigger()
    assert (view.has_labels, view.is_swapped) == (False, True)
    view.set_swapped(False)
    assert not actions["swap"].isChecked()
    view.set_magnifier(True)
    assert actions["magnifier"].isChecked()
    for mode, name in (("side", "side-by-side"), ("difference", "difference"), ("a", ""), ("wipe", "wipe")):
        view.set_mode(type(view.mode)(mode))
        names = ("wipe", "side-by-side", "above-below", "flip", "difference")
        assert [one for one in names if actions[one].isChecked()] == ([name] if name else [])
    studio.sound.set_muted(True)
    assert actions["mute"].isChecked()
    studio.sound.set_muted(False)
    assert not actions["mute"].isChecked()
