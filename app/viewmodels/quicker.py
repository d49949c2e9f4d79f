"""A word about the quick network, where the chosen one takes long or its preview comes slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.jobs.preview import RenderProgress
from app.viewmodels.durations import about_words
from flavr_core.model.catalog import QUICK

if TYPE_CHECKING:
    from app.viewmodels.settings_panel import SettingsPanelModel

FEW_PICTURES = 5.0
"""A preview that comes with fewer a second is seen to wait."""
_COUNTED = 4
"""Pictures that are made before a preview's pace is judged: the first ones warm up."""


class Quicker(QObject):
    """What is said, and the way to follow it. Nothing changes by itself."""

    changed = Signal()
    """`words` may be others."""

    def __init__(self, panel: SettingsPanelModel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._is_preview_slow = False
        panel.outlook_changed.connect(self.changed)
        panel.changed.connect(self._on_panel_changed)
        self._of = panel.edits.engine

    @property
    def words(self) -> str:
        """One sentence; empty where there is nothing to say."""
        outlook, speed = self._panel.outlook, self._panel.forecast.speed
        if outlook is None or outlook.settings.engine != self._panel.edits.engine:
            return ""
        quick_s = speed.quick_seconds(outlook) if speed is not None else None
        if quick_s is not None:
            words = self.tr("{name}, the quick network, would take {time}.")
            return words.format(name=QUICK, time=about_words(quick_s))
        if self._is_preview_slow:
            return self.tr("The preview comes slowly; {name} draws faster.").format(name=QUICK)
        return ""

    def take(self) -> None:
        """Choose the quick network."""
        self._panel.set_network(QUICK)

    def watch(self, progress: RenderProgress | None) -> None:
        """Judge a render of the current clip's result; None for none."""
        if progress is None or progress.done < _COUNTED or self._of.model.casefold() == QUICK:
            return
        is_slow = progress.rate < FEW_PICTURES
        if is_slow is not self._is_preview_slow:
            self._is_preview_slow = is_slow
            self.changed.emit()

    def _on_panel_changed(self) -> None:
        if self._of != self._panel.edits.engine:
            self._of, self._is_preview_slow = self._panel.edits.engine, False
            self.changed.emit()
