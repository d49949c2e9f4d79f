"""The motion between the current clip's frames, for a side of the viewer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app.jobs.decoding import FrameCache
from app.jobs.flow_pictures import FlowSource
from app.jobs.pictures import PictureSource
from app.jobs.preview_render import EngineShelf
from app.jobs.screen_sizes import screen_size
from app.viewmodels.viewer import FLOW, Choice, Maker, Viewer
from app.viewmodels.workspace import Clip, Workspace
from flavr_core.clip import ClipInfo
from flavr_core.errors import ModelError
from flavr_core.model.catalog import find


class Flows(QObject):
    """Offers the viewer the motion that the clip's network sees, and keeps it up to date."""

    def __init__(
        self,
        workspace: Workspace,
        viewer: Viewer,
        engines: EngineShelf,
        cache: FrameCache,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._viewer = workspace, viewer
        self._engines, self._cache = engines, cache
        self._view_size = (1280, 720)
        self._source: FlowSource | None = None
        choice = Choice(key=FLOW, title=self.tr("Optical flow"))
        viewer.add_maker(Maker(choice=choice, make=self._make, release=self._on_released))
        workspace.edits_changed.connect(self._on_edits_changed)

    def set_view_size(self, width_px: int, height_px: int) -> None:
        """Pixels of the screen that pictures are shown in; smaller ones leave what is there as it is."""
        is_larger = width_px > self._view_size[0] or height_px > self._view_size[1]
        self._view_size = (width_px, height_px)
        if is_larger:
            self._update()

    def _make(self, clip: Clip) -> PictureSource:
        assert clip.info is not None
        self._source = FlowSource(
            clip.info,
            self._cache,
            self._engines,
            clip.edits.engine,
            size=self._size(clip.info),
            title=self._title(clip),
            parent=self,
        )
        return self._source

    def _on_released(self, source: PictureSource) -> None:
        source.close()
        source.deleteLater()
        self._source = None

    def _on_edits_changed(self, _number: int) -> None:
        clip = self._workspace.current
        if clip is not None and self._source is not None and clip.edits.engine != self._source.settings:
            self._update()

    def _update(self) -> None:
        clip = self._workspace.current
        if clip is not None and self._source is not None:
            info = self._source.info
            self._source.update(clip.edits.engine, self._size(info), self._title(clip))

    def _size(self, info: ClipInfo) -> tuple[int, int]:
        return screen_size(info, *self._view_size)

    def _title(self, clip: Clip) -> str:
        return self.tr("Optical flow by {network}").format(network=_name_of(clip.edits.engine.model))


def _name_of(model: str) -> str:
    """What a network is called, also where it is the default one or a file."""
    try:
        entry = find(model)
    except ModelError:
        entry = None
    return entry.card.name if entry is not None else Path(model).name
