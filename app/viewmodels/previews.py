"""The previews of clips: the result as its settings are now, and the same by other networks."""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction

from PySide6.QtCore import QObject, Signal

from app.jobs.pictures import PictureSource
from app.jobs.preview import Preview, PreviewRange, PreviewSettings
from app.jobs.preview_render import EngineShelf
from app.jobs.reuse import DrawnFrames
from app.viewmodels.player_side import SIDES
from app.viewmodels.viewer import RESULT, Choice, Maker, Viewer, range_of
from app.viewmodels.workspace import Clip, ClipEdits, Workspace
from flavr_core.errors import ModelError
from flavr_core.model.catalog import read_catalog
from flavr_core.settings import ConvertSettings, EngineSettings

MOST_KEPT = 3
"""Previews whose pictures are kept, those of other clips and networks included."""

_NETWORK = "network:"
_Key = tuple[int, str]


def network_key(name: str) -> str:
    """What the viewer calls the result by a network."""
    return _NETWORK + name


def network_of(key: str) -> str | None:
    """The network that a key of the viewer names; None for the result by the clip's own."""
    return key.removeprefix(_NETWORK) if key.startswith(_NETWORK) else None


class Previews(QObject):
    """Makes previews for the viewer's sides and renders those that stand there."""

    ranges_changed = Signal()
    """What is rendered of the result of the current clip changed."""
    rendering_changed = Signal(bool)
    """Rendering of any preview began or ended."""
    progressed = Signal()
    """A render went on."""
    failed = Signal(str)
    """One sentence: why nothing is rendered."""

    def __init__(self, workspace: Workspace, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._viewer = workspace, viewer
        self.engines = EngineShelf()
        """Loaded networks, also for others who draw for the viewer."""
        self._kept: OrderedDict[_Key, Preview] = OrderedDict()
        self._waiting: list[tuple[_Key, Fraction, Fraction | None]] = []
        self._view_size = (1280, 720)
        viewer.add_maker(self._maker(RESULT, self.tr("Result"), model=None))
        self._networks: tuple[str, ...] = ()
        self.read_networks()
        workspace.edits_changed.connect(self._on_edits_changed)
        workspace.clip_removed.connect(self._on_clip_removed)
        workspace.current_changed.connect(self._on_current_changed)

    @property
    def is_rendering(self) -> bool:
        """Whether something is being rendered, or is next."""
        return bool(self._waiting) or any(each.is_rendering for each in self._kept.values())

    @property
    def result(self) -> Preview | None:
        """The preview of the current clip's result, where it was made."""
        clip = self._workspace.current
        return self._kept.get((clip.number, RESULT)) if clip is not None else None

    def ranges(self) -> tuple[PreviewRange, ...]:
        """What is rendered of the current clip's result; for the timeline."""
        result = self.result
        return result.ranges() if result is not None else ()

    def drawn(self, settings: ConvertSettings) -> DrawnFrames | None:
        """What an export may take over of what is rendered; None where nothing is of use to it."""
        found = (preview.drawn(settings) for preview in self._kept.values())
        return next((drawn for drawn in found if drawn is not None), None)

    def read_networks(self) -> None:
        """Offer every network of the collection as a picture of its own."""
        try:
            names = tuple(entry.card.name for entry in read_catalog().entries)
        except ModelError as error:
            self.failed.emit(str(error))
            return
        for name in self._networks:
            if name not in names:
                self._viewer.remove_maker(network_key(name))
        for name in names:
            if name not in self._networks:
                title = self.tr("Result by {network}").format(network=name)
                self._viewer.add_maker(self._maker(network_key(name), title, model=name))
        self._networks = names

    def set_view_size(self, width_px: int, height_px: int) -> None:
        """Pixels of the screen that pictures are shown in."""
        self._view_size = (width_px, height_px)
        for preview in self._kept.values():
            preview.set_view_size(width_px, height_px)

    def render(self) -> None:
        """Render what stands on the sides, or else the result on side B: the marked range or from here on."""
        clip = self._workspace.current
        if clip is None or clip.info is None:
            return
        keys = [key for key in (self._viewer.chosen(side) for side in SIDES) if self._is_made(key)]
        if not keys:
            self._viewer.choose("b", RESULT)
            keys = [RESULT]
        self.stop()
        start, stop = range_of(clip.info, clip.edits.timing)
        player = self._viewer.player
        if start is None and stop is None and not player.is_over:
            start = player.position
        start = clip.info.times.start if start is None else start
        self._waiting = [((clip.number, key), start, stop) for key in dict.fromkeys(keys)]
        self._render_next()

    def stop(self) -> None:
        """Stop rendering; what is rendered stays."""
        self._waiting.clear()
        for preview in self._kept.values():
            preview.stop()

    def close(self) -> None:
        """Let go of everything. May be called twice."""
        self._waiting.clear()
        for preview in self._kept.values():
            preview.close()
        self._kept.clear()
        self.engines.close()

    def _is_made(self, key: str) -> bool:
        return key == RESULT or key.startswith(_NETWORK)

    def _maker(self, key: str, title: str, *, model: str | None) -> Maker:
        return Maker(
            choice=Choice(key=key, title=title),
            make=lambda clip: self._take(clip, key, title, model),
            release=self._on_released,
        )

    def _take(self, clip: Clip, key: str, title: str, model: str | None) -> Preview:
        """The preview that was kept, or a new one; those used longest ago go."""
        place = (clip.number, key)
        preview = self._kept.get(place)
        if preview is None:
            assert clip.info is not None
            settings = _settings(clip.edits, model)
            preview = Preview(clip.info, settings, self.engines, title=title, parent=self)
            preview.set_view_size(*self._view_size)
            preview.ranges_changed.connect(self.ranges_changed)
            preview.rendering_changed.connect(self._on_rendering_changed)
            preview.progressed.connect(self.progressed)
            preview.failed.connect(self.failed)
            self._kept[place] = preview
        self._kept.move_to_end(place)
        while len(self._kept) > MOST_KEPT:
            _, old = self._kept.popitem(last=False)
            old.close()
            old.deleteLater()
        self.ranges_changed.emit()
        return preview

    def _on_released(self, source: PictureSource) -> None:
        if isinstance(source, Preview):  # its pictures stay for when it is looked at again
            source.stop()

    def _render_next(self) -> None:
        while self._waiting:
            key, start, stop = self._waiting.pop(0)
            preview = self._kept.get(key)
            if preview is not None:
                preview.render(start, stop)
                return

    def _on_rendering_changed(self, is_rendering: bool) -> None:
        if not is_rendering:
            self._render_next()
        self.rendering_changed.emit(self.is_rendering)

    def _on_edits_changed(self, number: int) -> None:
        clip = self._workspace.clip(number)
        if clip is None:
            return
        for (of, key), preview in self._kept.items():
            if of == number:
                preview.update(_settings(clip.edits, network_of(key)))

    def _on_clip_removed(self, number: int) -> None:
        for place in [place for place in self._kept if place[0] == number]:
            preview = self._kept.pop(place)
            preview.close()
            preview.deleteLater()

    def _on_current_changed(self, _number: int) -> None:
        self.stop()
        self.ranges_changed.emit()


def _settings(edits: ClipEdits, model: str | None) -> PreviewSettings:
    """What a preview shows of a clip's edits; by another network where one is named."""
    engine = edits.engine
    if model is not None:
        engine = EngineSettings(
            model=model,
            device=engine.device,
            precision=engine.precision,
            max_memory_bytes=engine.max_memory_bytes,
        )
    return PreviewSettings(timing=edits.timing, scenes=edits.scenes, cuts=edits.cuts, engine=engine)
