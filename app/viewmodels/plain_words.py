"""The engine's sentences name options of the command line; in the window they name what stands in the panel."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

_OPTION = re.compile(r"--[a-z][a-z-]*")


def plain_words(sentence: str) -> str:
    """A sentence of the engine with the panel's names for options."""
    names = _names()
    return _OPTION.sub(lambda match: f"“{names[match[0]]}”" if match[0] in names else match[0], sentence)


def _names() -> dict[str, str]:
    def tr(text: str) -> str:
        return QCoreApplication.translate("SettingsPanel", text)

    return {
        "--rate": tr("Frame rate"),
        "--slow": tr("Slow motion"),
        "--end": tr("At the end"),
        "--keep-vfr": tr("Keep the variable rate"),
        "--at-cuts": tr("At cuts"),
        "--cut-sensitivity": tr("Sensitivity"),
        "--cuts": tr("Cuts by hand"),
        "--duplicates": tr("Repeated frames"),
        "--model": tr("Network"),
        "--device": tr("Device"),
        "--precision": tr("Precision"),
        "--max-memory": tr("Most memory"),
        "--codec": tr("Codec"),
        "--hardware": tr("Encoder chip"),
        "--crf": tr("Quality"),
        "--speed": tr("Effort"),
        "--depth": tr("Colour depth"),
        "--chroma": tr("Colour detail"),
        "--odd-size": tr("Odd sizes"),
        "--max-width": tr("Largest width"),
        "--audio": tr("Sound"),
        "--no-subtitles": tr("Subtitles"),
        "--colors": tr("Colours"),
        "--dither": tr("Dithering"),
        "--loop": tr("Plays"),
        "--max-size": tr("Size limit"),
    }
