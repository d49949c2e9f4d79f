"""Flow in colours, and in .flo files."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from flavr_core.model.flow_pictures import flo_bytes, flow_picture, largest_motion


def flow_of(*vectors: tuple[float, float]) -> np.ndarray:
    return np.array([vectors], np.float32)


@pytest.mark.parametrize(
    ("vector", "colour"),
    [((1, 0), (255, 0, 0)), ((0, 1), (255, 234, 0)), ((-1, 0), (0, 197, 255)), ((0, -1), (103, 0, 255))],
)
def test_directions(vector: tuple[float, float], colour: tuple[int, int, int]) -> None:
    """Right is red, down nearly yellow, left sky blue, up violet: as on the published wheel."""
    assert np.abs(flow_picture(flow_of(vector))[0, 0].astype(int) - colour).max() <= 1


def test_lengths() -> None:
    picture = flow_picture(flow_of((0, 0), (2, 0), (4, 0), (8, 0)), scale_px=4)
    assert picture[0].tolist() == [[255, 255, 255], [255, 128, 128], [255, 0, 0], [191, 0, 0]]
    assert flow_picture(flow_of((0, 0), (4, 0)))[0, 1].tolist() == [255, 0, 0]
    assert (flow_picture(flow_of((0, 0))) == 255).all()


def test_what_is_unknown_is_black() -> None:
    flow = flow_of((np.nan, 0), (0, np.inf), (1e10, 0), (3, 4))
    assert largest_motion(flow) == 5
    picture = flow_picture(flow)
    assert not picture[0, :3].any()
    assert picture[0, 3].any()


def test_flo_files() -> None:
    flow = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    data = flo_bytes(flow)
    assert data[:4] == b"PIEH"
    assert struct.unpack("<ii", data[4:12]) == (3, 2)
    assert np.array_equal(np.frombuffer(data[12:], "<f4").reshape(2, 3, 2), flow)
