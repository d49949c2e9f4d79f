"""Clips for the tests of this folder, made once a session by `tests.clip_factory`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import clip_factory


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`clip("variable")`: the path of a clip of `clip_factory.RECIPES`; do not change the file."""
    folder = tmp_path_factory.mktemp("clips")
    return lambda name: clip_factory.make(name, folder)
