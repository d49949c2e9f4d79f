"""What this program is, of which version, and what it stands on."""

from __future__ import annotations

import importlib.metadata
import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from app.widgets.icon_label import IconLabel
from app.widgets.icons import icon
from flavr_core import __version__

_PACKAGES = ("PySide6_Essentials", "torch", "av", "numpy", "opencv-python-headless", "QtAwesome")


class AboutDialog(QDialog):
    """Name, version, licence, thanks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About FLAVR Studio"))
        sign = IconLabel(icon("clip"), 48)
        name = QLabel(self.tr("FLAVR Studio {version}").format(version=__version__))
        font = name.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        name.setFont(font)
        what = QLabel(
            self.tr(
                "Makes video smoother or slower by drawing the frames that were never filmed. Free software "
                "under the Apache License 2.0."
            )
        )
        paper = QLabel(
            self.tr("After {link} by Tarun Kalluri and others, WACV 2023.").format(
                link='<a href="https://github.com/tarun005/FLAVR">FLAVR</a>'
            )
        )
        paper.setOpenExternalLinks(True)
        versions = QLabel("\n".join(_versions()))
        versions.setProperty("muted", True)
        versions.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        for widget in (sign, name, what, paper, versions):
            if isinstance(widget, QLabel):
                widget.setWordWrap(True)
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(buttons)
        width = max(440, self.sizeHint().width())
        self.setMinimumWidth(width)
        self.resize(width, layout.heightForWidth(width))


def _versions() -> list[str]:
    lines = [f"Python {platform.python_version()}, Qt {qVersion()}"]
    for package in _PACKAGES:
        try:
            lines.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return lines
