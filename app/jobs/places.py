"""Where the window keeps what it remembers, and how it writes it: whole or not at all."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QIODevice, QSaveFile, QStandardPaths

HOME_VARIABLE = "FLAVR_STUDIO_HOME"
"""Environment variable: a folder that stands for all the user's folders below; for tests and portable use."""

_log = logging.getLogger(__name__)


def config_dir() -> Path:
    """Preferences, keys, recent files."""
    return _place("config", platformdirs.user_config_dir("flavr-studio", appauthor=False))


def state_dir() -> Path:
    """The open work, the queue, logs and crash reports."""
    return _place("state", platformdirs.user_state_dir("flavr-studio", appauthor=False))


def results_dir() -> Path:
    """The user's videos, made where that folder is missing: for results that cannot lie beside their clip."""
    movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    place = _place("videos", movies or str(Path.home()))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _log.warning("%s cannot be made (%s)", place, error.strerror)
        return Path.home()
    return place


def read_json(path: Path) -> Any:
    """What a file holds; None when there is none. A damaged file is set aside as `NAME.damaged`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("%s cannot be read (%s)", path, error.strerror)
    except ValueError as error:
        _log.warning("%s is damaged (%s) and was set aside", path, error)
        set_aside(path)
    return None


def set_aside(path: Path) -> None:
    """Rename a file that cannot be used to `NAME.damaged`, so that nothing is lost."""
    try:
        path.replace(path.with_name(f"{path.name}.damaged"))
    except OSError as error:
        _log.warning("%s cannot be renamed (%s)", path, error.strerror)


def write_json(path: Path, content: Any) -> None:
    """Write by a temporary file and rename, so that `path` is old or new, never half.

    Raises:
        OSError: when it cannot be written; `path` is as it was then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = QSaveFile(str(path))
    data = json.dumps(content, indent=1, ensure_ascii=False).encode()
    if not (file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == len(data) and file.commit()):
        raise OSError(f"{path} cannot be written ({file.errorString()})")


def _place(name: str, usual: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / name if home else Path(usual)
