"""What holds for every test of the window: nothing of the user's is read or written; the whole program."""

from __future__ import annotations

import gc
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from pytestqt.qtbot import QtBot

from app.jobs.places import HOME_VARIABLE


class PatientBot(QtBot):
    """Waits a minute where nothing else is said: the machine may be busy with other tests."""

    def waitUntil(self, callback: Callable[[], object], *, timeout: int = 60_000) -> None:  # noqa: N802
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = 60_000, **more: Any) -> Any:  # noqa: N802
        return super().waitSignal(signal, timeout=timeout, **more)


@pytest.fixture
def qtbot(qapp: object, request: pytest.FixtureRequest) -> QtBot:
    """pytest-qt's, with patience."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of the user that belong to this test alone."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    return home


@pytest.fixture(scope="session")
def plain_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of testsrc2, 160x96 at 24 frames a second, with a tone."""
    path = tmp_path_factory.mktemp("clips") / "a clip, ümlaut.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-nostdin"]
    command += ["-f", "lavfi", "-i", "testsrc2=size=160x96:rate=24"]
    command += ["-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000", "-c:a", "aac"]
    command += ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-t", "2", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return path


@pytest.fixture
def open_studio(qtbot: QtBot, qapp: object) -> Iterator[Callable[..., object]]:
    """`open_studio(*paths)`: the whole program, shown; closed at the end."""
    from app.application.start import create_application
    from app.application.studio import Studio
    from app.jobs.crash_reports import Logs
    from app.viewmodels.preferences import PreferencesStore
    from flavr_core.settings import EngineSettings

    opened: list[tuple[Studio, Logs]] = []

    def build(*paths: Path, **preferences: object) -> Studio:
        for closed in [pair for pair in opened if pair[0].is_closed]:
            closed[1].close()
            opened.remove(closed)
        logs, store = Logs(), PreferencesStore()
        store.change(**{"show_welcome": False, **preferences})
        if store.defaults.engine == EngineSettings():
            # The default network would be measured on every clip: seconds, of no use to these tests.
            store.set(store.preferences, replace(store.defaults, engine=EngineSettings(model="motion")))
        studio = Studio(create_application(), store, logs=logs)
        opened.append((studio, logs))
        studio.start(list(paths))
        qtbot.waitExposed(studio.window)
        return studio

    yield build
    for studio, logs in opened:
        studio.close()
        logs.close()
    opened.clear()
    gc.collect()
