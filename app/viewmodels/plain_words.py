"""Sentences of the engine name options of the command line; in the window they name what stands there."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

_OPTION = re.compile(r"--[a-z][a-z-]*")


def plain_words(sentence: str) -> str:
    """A sentence of the engine with the panel's names for options."""

    def name(match: re.Match[str]) -> str:
        for context, names in (("SettingsPanel", _PANEL), ("ExportDetails", _DETAILS)):
            if match[0] in names:
                return f"“{QCoreApplication.translate(context, names[match[0]])}”"
        return match[0]

    return _OPTION.sub(name, sentence)


_PANEL = {
    "--rate": "Frame rate",
    "--slow": "Slow motion",
    "--end": "At the end",
    "--keep-vfr": "Keep the variable rate",
    "--at-cuts": "At cuts",
    "--cut-sensitivity": "Sensitivity",
    "--cuts": "Cuts by hand",
    "--duplicates": "Repeated frames",
    "--model": "Network",
    "--device": "Device",
    "--precision": "Precision",
    "--max-memory": "Most memory",
}
"""Labels of the panel."""
_DETAILS = {
    "--codec": "Codec",
    "--hardware": "Encoder chip",
    "--crf": "Quality",
    "--speed": "Effort",
    "--depth": "Colour depth",
    "--chroma": "Colour detail",
    "--odd-size": "Odd sizes",
    "--max-width": "Largest width",
    "--audio": "Sound",
    "--no-subtitles": "Subtitles",
    "--colors": "Colours",
    "--dither": "Dithering",
    "--loop": "Plays",
    "--max-size": "Size limit",
}
"""Labels of the form of export settings."""
