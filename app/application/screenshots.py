"""`screenshots`: pictures of the window for the README, made by the program with its own sample clip."""

from __future__ import annotations

import argparse
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from PySide6.QtCore import QBuffer, QByteArray, QDeadlineTimer, QEventLoop, QIODevice, QLocale, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QWidget

from app.application import has_screen
from app.jobs.places import HOME_VARIABLE
from app.viewmodels.previews import network_key
from app.viewmodels.viewer import FLOW, ORIGINAL, RESULT
from flavr_core.errors import FlavrError
from flavr_core.media.presets import load_preset

if TYPE_CHECKING:
    from app.application.studio import Studio

SIZE_PX = (1440, 900)
"""Size of the window on the pictures, device-independent pixels."""

QUALITY = 94
"""Of the pictures' compression: letters stay sharp, and a picture takes some 150 KB."""

PATIENCE_MS = 600_000
"""How long one waits for the sample to be read or rendered."""

_RATE = ("2x", 9)
"""Rate that the sample is shown at, and the frame of it that the pictures show."""


def main(argv: Sequence[str]) -> int:
    """Take the pictures; returns the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="main.py screenshots",
        description="Take pictures of the window with the sample clip, light and dark.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--size", default="1440x900", metavar="WxH", help="of the window (default: 1440x900)")
    parser.add_argument("--language", choices=["en", "de"], default="en", help="default: en")
    args = parser.parse_args(argv)
    width, height = (int(side) for side in args.size.split("x"))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen" if not has_screen() else "")
    with tempfile.TemporaryDirectory(prefix="flavr-screenshots-") as home:
        os.environ[HOME_VARIABLE] = os.environ["HOME"] = home  # pictures show `~`, not somebody's folders
        for path in take(args.out, size_px=(width, height), language=args.language):
            print(path)
    return 0


def take(folder: Path, *, size_px: tuple[int, int], language: str) -> list[Path]:
    """Build the window, put the sample into it, and photograph it.

    Args:
        folder: where the pictures go; made when it is missing.
        size_px: of the window, device-independent pixels.
        language: `en` or `de`.

    Returns:
        The pictures.

    Raises:
        FlavrError: when the sample cannot be shown, or a picture cannot be written.
    """
    from app.application.start import create_application, install_translations
    from app.application.studio import SAMPLE, Studio
    from app.jobs.crash_reports import Logs
    from app.viewmodels.preferences import Language, PreferencesStore, ThemeChoice

    app = create_application()
    QLocale.setDefault(QLocale(language))
    translators = install_translations(app, Language(language))
    logs, store = Logs(), PreferencesStore()
    store.change(show_welcome=False, reduced_motion=True, language=Language(language))
    folder.mkdir(parents=True, exist_ok=True)
    studio = Studio(app, store, logs=logs)
    taken = []
    try:
        studio.start([SAMPLE])
        _rest(500)
        studio.window.resize(*size_px)  # whatever the size of the screen, which it was fitted to meanwhile
        _arrange(studio)
        for theme in (ThemeChoice.DARK, ThemeChoice.LIGHT):
            store.change(theme=theme)
            _rest(500)
            taken.append(_save(studio.window, folder / f"window-{theme}.webp"))
        _compare_networks(studio)
        taken.append(_save(studio.window, folder / "networks-light.webp"))
        _show_flow(studio)
        taken.append(_save(studio.window, folder / "flow-light.webp"))
        _show_result(studio)
        _fill_queue(studio, Path(os.environ[HOME_VARIABLE]))
        taken.append(_save(studio.window, folder / "queue-light.webp"))
        store.change(theme=ThemeChoice.DARK)
        _rest(300)
        taken.append(_save(studio.window, folder / "queue-dark.webp"))
    finally:
        studio.close()
        for translator in translators:
            app.removeTranslator(translator)
        logs.close()
    return taken


def _arrange(studio: Studio) -> None:
    """The sample, rendered for a second, both sides under the wipe."""
    wait(lambda: studio.viewer.info is not None, "the sample to be read")
    info = studio.viewer.info
    assert info is not None
    studio.settings.set_rate(_RATE[0])
    studio.previews.render()
    wanted = info.times.time(info.times.index_at(info.times.start + 2)) + info.times.time(1) / 2
    studio.player.seek(wanted)
    studio.previews.render()
    wait(lambda: not studio.previews.is_rendering, "the sample to be rendered")
    studio.player.seek(info.times.start)
    studio.player.seek(wanted)
    studio.viewer_panel.view.set_wipe(0.5)
    wait(lambda: all(studio.player.picture(side) is not None for side in ("a", "b")), "pictures")
    wait(lambda: studio.settings.forecast.seconds is not None, "the time it takes to be measured")
    _rest(1000)  # thumbnails


def _compare_networks(studio: Studio) -> None:
    """The same frame by FLAVR and by UPR-Net, under the wipe."""
    studio.viewer.choose("a", network_key("flavr-narrow"))
    studio.viewer.choose("b", network_key("upr-net"))
    _render_here(studio)


def _show_flow(studio: Studio) -> None:
    """UPR-Net's frame beside its flow."""
    studio.settings.set_network("upr-net")
    studio.viewer.choose("a", network_key("upr-net"))
    studio.viewer.choose("b", FLOW)
    _render_here(studio)


def _render_here(studio: Studio) -> None:
    """What stands on the sides, rendered from the playhead on until both are there."""
    here = studio.player.position
    studio.previews.render()
    studio.player.seek(here)
    wait(lambda: all(studio.player.picture(side) is not None for side in ("a", "b")), "pictures")
    studio.previews.stop()
    _rest(1500)


def _show_result(studio: Studio) -> None:
    """Original and result again, by the default network."""
    studio.settings.set_network("fourflow")
    studio.viewer.choose("a", ORIGINAL)
    studio.viewer.choose("b", RESULT)


def _fill_queue(studio: Studio, folder: Path) -> None:
    """Three jobs: one done, one at work, one that waits."""
    clip = studio.workspace.current
    assert clip is not None
    studio.previews.stop()
    studio.queue.add(clip.settings(folder / "balloon-2x.mp4"), start=False)
    studio.queue.add(clip.settings(folder / "balloon, the whole ride.mp4"), start=False)
    gif = replace(clip.settings(folder / "balloon.gif"), export=load_preset("gif"))
    studio.queue.add(gif, start=False)
    if not studio.window.queue_dock.isVisible():
        studio.actions["show-queue"].trigger()
    studio.queue.start()
    first, second = studio.queue.jobs[:2]
    wait(lambda: not studio.queue.jobs[0].state.is_open, f"job {first.number}")
    wait(lambda: studio.queue.jobs[1].state.is_active, f"job {second.number}")
    _rest(1500)


def _rest(milliseconds: int) -> None:
    """Let the window work for a while; it sleeps where it has nothing to do, as speeds are measured."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait(is_so: Callable[[], bool], what: str) -> None:
    """Let the window work until something is so. Raises FlavrError when that takes too long."""
    end = QDeadlineTimer(PATIENCE_MS)
    while not is_so():
        if end.hasExpired():
            raise FlavrError(f"Waiting for {what} took too long.")
        _rest(20)


def _save(widget: QWidget, path: Path) -> Path:
    """A picture of a widget as WebP, small enough for a README and without a grain of its own."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixmap: QPixmap = widget.grab()
    pixmap.save(buffer, "PNG")
    Image.open(io.BytesIO(data.data())).convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)
    return path
