"""The engine: what is untouched, what is held, what is drawn, and from what."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.engine import Engine, create_engine
from flavr_core.errors import DeviceError, MediaError, ModelError, ProblemsError, SettingsError
from flavr_core.frame import PixelFamily, PixelFormat
from flavr_core.settings import CutMode, EngineSettings, Precision

HALF = Fraction(1, 2)
QUARTERS = [Fraction(step, 4) for step in range(4)]


def engine_for(network, window):
    frame = window.frames[0]
    return Engine(network, width=frame.width, height=frame.height)


def test_source_frames_keep_their_planes(kit):
    window = kit.window_of([Fraction(0)])
    network = kit.MixNetwork()
    (frame,) = engine_for(network, window).interpolate(window)
    assert frame.planes is window.frames[1].planes
    assert (frame.index, frame.time, frame.made) == (100, Fraction(2), False)
    assert not network.windows


def test_made_frames_are_drawn_in_the_clips_format(kit):
    window = kit.window_of(QUARTERS)
    frames = engine_for(kit.MixNetwork(), window).interpolate(window)
    assert [frame.made for frame in frames] == [False, True, True, True]
    assert [frame.index for frame in frames] == [100, 101, 102, 103]
    before, after = window.frames[1:3]
    for frame, position in zip(frames[1:], QUARTERS[1:], strict=True):
        assert frame.format == before.format
        assert frame.color == before.color
        for plane, a, b in zip(frame.planes, before.planes, after.planes, strict=True):
            blend = (1 - float(position)) * a.astype(float) + float(position) * b
            assert plane.dtype == a.dtype
            assert np.abs(plane - blend).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(
    "format_",
    [
        PixelFormat(family=PixelFamily.YUV, depth=10, log2_chroma_w=1),
        PixelFormat(family=PixelFamily.YUV, depth=12),
        PixelFormat(family=PixelFamily.YUV, log2_chroma_w=2),
        PixelFormat(family=PixelFamily.GRAY, depth=16),
        PixelFormat(family=PixelFamily.RGB, depth=8),
        PixelFormat(family=PixelFamily.RGB, depth=16),
    ],
)
@pytest.mark.parametrize(("width", "height"), [(33, 17), (1, 1), (2, 3), (16, 40)])
def test_every_format_and_size(kit, format_, width, height):
    window = kit.window_of([HALF], format_=format_, width=width, height=height)
    (frame,) = engine_for(kit.MixNetwork(), window).interpolate(window)
    for plane, a, b in zip(frame.planes, window.frames[1].planes, window.frames[2].planes, strict=True):
        assert plane.shape == a.shape
        assert np.abs(plane - (a.astype(float) + b) / 2).max() <= 0.51


def test_four_frames_reach_the_network_in_order_and_two_for_two(kit):
    window = kit.window_of([HALF], format_=PixelFormat(family=PixelFamily.GRAY), color=ColorSpec())
    four, two, six = kit.MixNetwork(), kit.MixNetwork(num_inputs=2), kit.MixNetwork(num_inputs=6)
    for network in (four, two, six):
        engine_for(network, window).interpolate(window)
    seen = [float(frame.planes[0].mean()) / 255 for frame in window.frames]
    assert four.windows[0].mean((0, 2, 3, 4)).tolist() == pytest.approx(seen, abs=1e-4)
    assert two.windows[0].mean((0, 2, 3, 4)).tolist() == pytest.approx(seen[1:3], abs=1e-4)
    expected = [seen[0], *seen, seen[3]]
    assert six.windows[0].mean((0, 2, 3, 4)).tolist() == pytest.approx(expected, abs=1e-4)


def test_equal_frames_are_not_drawn(kit):
    frames = [kit.frame(index) for index in range(4)]
    frames[2] = kit.frame(2, seed=1)
    window = kit.window(frames, [Fraction(0), HALF])
    network = kit.MixNetwork()
    _, held = engine_for(network, window).interpolate(window)
    assert held.planes is window.frames[1].planes
    assert not held.made
    assert not network.windows


def test_a_held_cut_changes_at_the_middle(kit):
    window = replace(kit.window_of(QUARTERS), is_cut=True)
    network = kit.MixNetwork()
    frames = engine_for(network, window).interpolate(window, cut_mode=CutMode.HOLD)
    before, after = window.frames[1:3]
    assert [frame.planes for frame in frames] == [before.planes, before.planes, after.planes, after.planes]
    assert [frame.index for frame in frames] == [100, 101, 102, 103]
    assert not any(frame.made for frame in frames)
    assert not network.windows


def test_a_blended_cut_fades(kit):
    window = replace(kit.window_of(QUARTERS), is_cut=True)
    network = kit.MixNetwork()
    frames = engine_for(network, window).interpolate(window, cut_mode=CutMode.BLEND)
    assert [frame.made for frame in frames] == [False, True, True, True]
    first, last = window.frames[1].planes[0], window.frames[2].planes[0]
    assert np.abs(frames[2].planes[0] - (first.astype(float) + last) / 2).max() <= 0.51
    assert not network.windows


def test_an_ignored_cut_is_drawn(kit):
    window = replace(kit.window_of([HALF]), is_cut=True)
    network = kit.MixNetwork()
    engine_for(network, window).interpolate(window, cut_mode=CutMode.IGNORE)
    assert len(network.windows) == 1


def test_no_frame_is_converted_twice(kit, monkeypatch):
    frames = [kit.frame(index) for index in range(12)]
    windows = [kit.window(frames[gap - 1 : gap + 3], [HALF], gap=gap) for gap in range(1, 10)]
    engine = engine_for(kit.MixNetwork(), windows[0])
    converter = engine.tensors.pictures.converter(frames[0])
    seen = []
    upload = converter.upload
    monkeypatch.setattr(converter, "upload", lambda frame: seen.append(frame.index) or upload(frame))
    for window in windows:
        # The timeline hands the same frame on with another time now and then.
        engine.interpolate(replace(window, frames=tuple(replace(f, time=f.time + 1) for f in window.frames)))
    assert seen == list(range(12))
    assert len(engine.tensors.pictures) <= 6


def test_fixed_grid_networks_draw_their_grid_in_one_pass(kit):
    grid = tuple(Fraction(step, 4) for step in (1, 2, 3))
    network = kit.MixNetwork(positions=grid)
    window = kit.window_of([Fraction(0), Fraction(1, 4), Fraction(3, 4)])
    frames = engine_for(network, window).interpolate(window)
    assert len(network.windows) == 1
    assert frames[1].planes[0].mean() != frames[2].planes[0].mean()


def test_many_windows_give_what_each_gives_alone(kit):
    frames = [kit.frame(index) for index in range(8)]
    frames[5] = kit.frame(5, seed=4)
    windows = [kit.window(frames[gap - 1 : gap + 3], QUARTERS[gap % 2 :], gap=gap) for gap in range(1, 6)]
    windows[1] = replace(windows[1], is_cut=True)
    engine = engine_for(kit.MixNetwork(), windows[0])
    alone = [engine.interpolate(window) for window in windows]
    engine.tensors.batch = 3
    engine.tensors.drawer.way = replace(engine.tensors.drawer.way, batch=3)
    together = engine.interpolate_many(windows)
    for some, others in zip(alone, together, strict=True):
        for one, other in zip(some, others, strict=True):
            assert (one.index, one.time, one.made) == (other.index, other.time, other.made)
            for a, b in zip(one.planes, other.planes, strict=True):
                assert np.array_equal(a, b)


def test_frames_of_different_sizes_are_refused(kit):
    frames = [kit.frame(index) for index in range(3)]
    window = kit.window([*frames, kit.frame(3, width=34)], [HALF])
    with pytest.raises(MediaError, match="34x24"):
        engine_for(kit.MixNetwork(), window).interpolate(window)


def test_alpha_is_drawn_and_clear_pixels_do_not_bleed(kit):
    """An opaque gray square fades in from clear pixels that hide bright garbage."""
    format_ = PixelFormat(family=PixelFamily.RGB, has_alpha=True)
    color = ColorSpec(matrix=Matrix.RGB, range=Range.FULL)

    def frame(index, alpha):
        colour = 100 if alpha else 255
        planes = tuple(np.full((8, 8), value, np.uint8) for value in (colour, colour, colour, alpha))
        return replace(kit.frame(index, format_=format_, color=color, width=8, height=8), planes=planes)

    window = kit.window([frame(0, 0), frame(1, 0), frame(2, 255), frame(3, 255)], [HALF])
    (drawn,) = engine_for(kit.MixNetwork(), window).interpolate(window)
    assert np.all(drawn.planes[3] == 128)
    assert np.all(drawn.planes[0] == 100)


def test_a_blended_cut_shows_nothing_of_what_is_under_clear_pixels(kit):
    format_ = PixelFormat(family=PixelFamily.RGB, has_alpha=True)
    color = ColorSpec(matrix=Matrix.RGB, range=Range.FULL)
    frames = [kit.frame(index, format_=format_, color=color, width=8, height=8) for index in range(4)]
    values = [(255, 0), (255, 0), (100, 255), (100, 255)]
    frames = [
        replace(frame, planes=tuple(np.full((8, 8), value, np.uint8) for value in (*[colour] * 3, alpha)))
        for frame, (colour, alpha) in zip(frames, values, strict=True)
    ]
    window = replace(kit.window(frames, [Fraction(1, 4)]), is_cut=True)
    (made,) = engine_for(kit.MixNetwork(), window).interpolate(window, cut_mode=CutMode.BLEND)
    assert np.all(made.planes[3] == 64)
    assert np.all(made.planes[0] == 100)


def test_a_blended_cut_between_kinds_of_pixels_takes_the_first(kit):
    window = kit.window_of([HALF], format_=PixelFormat(family=PixelFamily.YUV, depth=10))
    other = kit.frame(2, format_=PixelFormat(family=PixelFamily.RGB))
    window = replace(window, is_cut=True, frames=(*window.frames[:2], other, window.frames[3]))
    (made,) = engine_for(kit.MixNetwork(), window).interpolate(window, cut_mode=CutMode.BLEND)
    assert made.format == window.frames[1].format
    assert made.made


def test_unchanged_alpha_is_kept_and_its_colours_too(kit):
    format_ = PixelFormat(family=PixelFamily.RGB, has_alpha=True, depth=16)
    color = ColorSpec(matrix=Matrix.RGB, range=Range.FULL)
    frames = [kit.frame(index, format_=format_, color=color, seed=1) for index in range(4)]
    colour, alpha = frames[1].planes[0], frames[1].planes[3].copy()
    alpha[:4] = 0
    changed = frames[2].planes[0].copy()
    changed[12:, :] += 1000
    frames = [replace(frame, planes=(colour, colour, colour, alpha)) for frame in frames]
    frames[2] = replace(frames[2], planes=(changed, colour, colour, alpha))
    network = kit.MixNetwork()
    (drawn,) = engine_for(network, kit.window(frames, [HALF])).interpolate(kit.window(frames, [HALF]))
    assert len(network.windows) == 1
    assert np.array_equal(drawn.planes[3], alpha)
    assert np.abs(drawn.planes[1].astype(int) - colour).max() <= 1
    assert np.abs(drawn.planes[0][12:].astype(int) - colour[12:] - 500).max() <= 1


def test_opaque_alpha_costs_nothing(kit):
    format_ = PixelFormat(family=PixelFamily.GRAY, has_alpha=True)
    window = kit.window_of([HALF], format_=format_)
    opaque = np.full_like(window.frames[0].planes[1], 255)
    window = replace(
        window, frames=tuple(replace(frame, planes=(frame.planes[0], opaque)) for frame in window.frames)
    )
    network = kit.MixNetwork()
    (drawn,) = engine_for(network, window).interpolate(window)
    assert len(network.windows) == 1
    assert np.array_equal(drawn.planes[1], opaque)


def test_beyond_white_survives_the_network(kit):
    """Superwhite luma of a held picture must not be cut off at 235 in made frames: that flickers."""
    window = kit.window_of([HALF])
    luma = np.full_like(window.frames[0].planes[0], 250)
    luma[:, ::2] = 4
    planes = [(luma + np.uint8(index % 2), *window.frames[1].planes[1:]) for index in range(4)]
    frames = [replace(f, planes=p) for f, p in zip(window.frames, planes, strict=True)]
    (drawn,) = engine_for(kit.MixNetwork(), window).interpolate(kit.window(frames, [HALF]))
    assert drawn.planes[0].max() >= 250
    assert drawn.planes[0].min() <= 5


def test_the_engine_says_what_it_is(kit):
    window = kit.window_of()
    with engine_for(kit.MixNetwork(), window) as engine:
        assert engine.describe().startswith("mix on ")
        assert "fp32" in engine.describe()
        assert "mix" in engine.identity()
        assert "fp32" in engine.identity()
        assert engine.memory_bytes() == 0
        assert engine.notes == []


@pytest.mark.parametrize("name", ["blend", "motion"])
def test_networks_without_weights_run_by_name(kit, name):
    window = kit.window_of(QUARTERS, width=64, height=48)
    engine = create_engine(EngineSettings(model=name), width=64, height=48)
    assert engine.tensors.device.type == "cpu"
    assert engine.draws_planes
    frames = engine.interpolate(window)
    assert [frame.made for frame in frames] == [False, True, True, True]
    assert all(frame.planes[1].shape == (24, 32) for frame in frames)


@pytest.mark.parametrize("name", ["blend", "motion"])
def test_networks_without_weights_draw_alpha(kit, name):
    format_ = replace(kit.YUV420, has_alpha=True)
    window = kit.window_of([HALF], format_=format_, width=64, height=48)
    (frame,) = create_engine(EngineSettings(model=name), width=64, height=48).interpolate(window)
    assert len(frame.planes) == 4
    assert frame.planes[3].shape == (48, 64)


def test_wrong_settings_are_said_all_at_once():
    with pytest.raises(ProblemsError) as caught:
        create_engine(EngineSettings(model="no such network", device="teapot"), width=64, height=48)
    assert [type(problem) for problem in caught.value.problems] == [ModelError, SettingsError]


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_missing_gpu_is_said(device):
    with pytest.raises(DeviceError, match="no usable GPU"):
        create_engine(EngineSettings(model="blend", device=device), width=64, height=48)


def test_a_format_without_meaning_is_noted():
    engine = create_engine(EngineSettings(model="blend", precision=Precision.FP16), width=64, height=48)
    assert any("no meaning" in note for note in engine.notes)
