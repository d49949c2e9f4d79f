"""The whole program in one object: view models, jobs and panels, and what they say to each other."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from app.application.commands import Commands
from app.application.comparing import Comparing
from app.application.results import Results
from app.dialogs.errors import fault_box
from app.jobs.analysis import ClipAnalysis, HoldoutCheck
from app.jobs.background import after
from app.jobs.crash_reports import CrashReports, Logs
from app.jobs.decoding import FrameCache
from app.jobs.estimates import Estimates
from app.jobs.garbage import WindowGarbage
from app.jobs.libraries import hold_loading
from app.jobs.places import read_json, state_dir, write_json
from app.jobs.probing import Probing
from app.jobs.queue import JobQueue
from app.jobs.queue_store import QueueStore
from app.jobs.records import from_plain, to_plain
from app.jobs.sound import Sound
from app.jobs.thumbnails import Thumbnails
from app.viewmodels.clips import ClipsModel
from app.viewmodels.export_details import ExportDetails
from app.viewmodels.flows import Flows
from app.viewmodels.player import Player
from app.viewmodels.preferences import PreferencesStore
from app.viewmodels.presets import PresetsModel
from app.viewmodels.previews import Previews
from app.viewmodels.queue import QueueModel
from app.viewmodels.session import Session
from app.viewmodels.settings_panel import SettingsPanelModel
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.viewer import Viewer
from app.viewmodels.workspace import Workspace
from app.views.actions import Actions
from app.views.clips import ClipsView
from app.views.main_window import Layout, MainWindow, Panels
from app.views.queue import QueuePanel
from app.views.settings_panel import SettingsPanel
from app.views.timeline import TimelineView
from app.views.viewer import ViewerPanel
from app.widgets.compare_view import FLIP_INTERVAL_MS
from app.widgets.screen_fit import DialogFitting
from app.widgets.theme import Theme
from flavr_core.errors import FlavrError

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample.mp4"
"""The clip that comes with the program."""

_log = logging.getLogger(__name__)


class Studio(QObject):
    """Everything that is there once; `close` is the only way out."""

    _fault = Signal(object, object)

    def __init__(
        self, app: QApplication, store: PreferencesStore, *, logs: Logs, reports: CrashReports | None = None
    ) -> None:
        """Build everything; nothing is shown yet.

        Args:
            app: the application.
            store: preferences, keys, recent files.
            logs: what was logged.
            reports: where reports of faults go; None for nowhere.
        """
        super().__init__()
        self.app, self.store, self.logs, self._reports = app, store, logs, reports
        self._is_closed = False
        self._has_refused = False
        self._faults = 0
        self._fault.connect(self._on_fault, Qt.ConnectionType.QueuedConnection)
        self._garbage = WindowGarbage(self)
        self.theme = Theme(app)
        self._fitting = DialogFitting(app)
        self._dress()
        self._build_models()
        self._build_window()
        self._set_motion()
        self.results = Results(self)
        self.comparing = Comparing(self)
        self.commands = Commands(self)
        self._connect()

    # -- building --------------------------------------------------------------------------------

    def _build_models(self) -> None:
        preferences = self.store.preferences
        self.workspace = Workspace(self)
        self._set_defaults()
        self.session = Session(self.workspace, parent=self)
        self.sound = Sound(self)
        self.player = Player(self.sound, self)
        self.cache = FrameCache(preferences.cache_bytes)
        self.viewer = Viewer(self.workspace, self.player, sound=self.sound, cache=self.cache, parent=self)
        self.previews = Previews(self.workspace, self.viewer, self)
        self.flows = Flows(self.workspace, self.viewer, self.previews.engines, self.cache, self)
        self.probing = Probing(self)
        self.thumbnails = Thumbnails(self)
        self.clips = ClipsModel(self.workspace, probing=self.probing, thumbnails=self.thumbnails, parent=self)
        self.analysis, self.holdout = ClipAnalysis(self), HoldoutCheck(self)
        self.timeline = TimelineModel(
            self.workspace, self.player, analysis=self.analysis, holdout=self.holdout, parent=self
        )
        self.timeline.set_rendered(self.previews)
        self.queue = JobQueue(QueueStore(state_dir() / "queue"), self)
        self.queue.set_drawn(self.previews.drawn)
        self.queue_model = QueueModel(self.queue, self)
        self.estimates = Estimates(self)
        self.presets = PresetsModel(self.workspace, default=self.store.defaults.preset, parent=self)
        self.details = ExportDetails(self.workspace, self.presets, self)
        self.settings = SettingsPanelModel(
            self.workspace,
            self.estimates,
            naming=preferences.naming(),
            is_reserved=self._is_reserved,
            parent=self,
        )

    def _build_window(self) -> None:
        self.actions = Actions(self.store.shortcuts, self)
        self.viewer_panel = ViewerPanel(self.viewer, self.actions)
        self.clips_panel = ClipsView(self.clips, self.actions)
        self.clips_panel.folder = self.store.folder
        self.timeline_panel = TimelineView(self.timeline, thumbnails=self.thumbnails)
        self.settings_panel = SettingsPanel(self.settings, self.presets, self.details, self.workspace)
        self.queue_panel = QueuePanel(self.queue_model)
        self.window = MainWindow(
            Panels(
                clips=self.clips_panel,
                viewer=self.viewer_panel,
                timeline=self.timeline_panel,
                settings=self.settings_panel,
                queue=self.queue_panel,
            ),
            self.actions,
        )

    def _connect(self) -> None:
        window = self.window
        window.files_dropped.connect(self.clips.add_paths)
        self.clips_panel.folder_chosen.connect(self.store.set_folder)
        window.close_asked.connect(self._on_close_asked)
        window.side_held.connect(self.viewer_panel.hold_side)
        for signal in (self.clips.message, self.timeline.message, self.previews.failed):
            signal.connect(self._say)
        self.settings.failed.connect(self._on_failed)
        self.settings.changed.connect(self._on_settings_changed)
        self.settings.told.connect(self._say)
        self.presets.default_changed.connect(self._on_default_preset_changed)
        self.workspace.current_changed.connect(self._on_current_changed)
        self.workspace.clip_changed.connect(self._on_clip_changed)
        self.viewer_panel.picture_area_changed.connect(self.previews.set_view_size)
        self.viewer_panel.picture_area_changed.connect(self.flows.set_view_size)
        self.previews.rendering_changed.connect(self._on_busy_changed)
        self.previews.progressed.connect(self._on_preview_progressed)
        self.queue.totals_changed.connect(self._on_busy_changed)
        self.player.playing_changed.connect(self._on_playing_changed)
        self.queue_model.totals_changed.connect(self._on_progress)
        self.store.changed.connect(self._on_preferences_changed)
        self.settings.networks_changed.connect(self.previews.read_networks)
        self._on_current_changed(0)
        self._on_busy_changed()

    # -- life ------------------------------------------------------------------------------------

    def start(self, paths: Sequence[Path] = ()) -> None:
        """Show the window and open files.

        Args:
            paths: files and folders to open.
        """
        self.window.restore_layout(self._stored_layout())
        self.window.show()
        self.viewer_panel.view.setFocus()  # keys go to the picture, not to the first button
        self._on_busy_changed()
        after(0, self.sound.prepare, self).start()
        self.clips.add_paths(list(paths))
        self._offer_last_time(has_files=bool(paths))
        self.results.offer_unfinished()
        if self.store.preferences.show_welcome and not paths and not self.workspace.clips:
            self.store.change(show_welcome=False)  # the first start only, unless the user wants it again
            after(0, self.commands.show_welcome, self).start()

    def close(self) -> None:
        """Store what is to be kept, and stop every thread. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self.session.close()
        self._store_layout()
        self.window.hide()
        self.player.close()
        self.viewer.close()
        self.previews.close()
        self.results.close()
        self.comparing.close()
        self.commands.close()
        for part in (
            self.settings, self.presets, self.estimates, self.timeline_panel, self.clips_panel,
            self.analysis, self.holdout, self.thumbnails, self.probing, self.queue, self.sound,
        ):  # fmt: skip
            close = getattr(part, "close", None)
            if close is not None:
                close()
        self._garbage.close()
        self.theme.deleteLater()
        self._fitting.deleteLater()
        self.window.close()
        self.window.deleteLater()
        self.deleteLater()

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return self._is_closed

    def open(self, paths: Sequence[Path]) -> None:
        """Put files into the list."""
        self.clips.add_paths(list(paths))

    def on_fault(self, error: BaseException, where: str) -> None:
        """Take a fault that nobody foresaw; may be called from any thread.

        Args:
            error: what was raised.
            where: the thread's name.
        """
        _log.error("a fault in %s", where, exc_info=error)
        report = self._reports.write(error, where=where) if self._reports is not None else None
        self._fault.emit(error, report)

    # -- what happens ----------------------------------------------------------------------------

    def _on_fault(self, error: BaseException, report: Path | None) -> None:
        self.session.save()
        self._faults += 1
        if self._faults == 1:
            box = fault_box(self.window, error, report)
            box.finished.connect(self._on_fault_seen)
            box.open()
        else:
            self.window.show_message(self.tr("Something failed again; see the log."), is_problem=True)

    def _on_fault_seen(self) -> None:
        self._faults = 0

    def _offer_last_time(self, *, has_files: bool) -> None:
        last = self.session.last
        if last.clips and not last.was_closed:
            text = self.tr(
                "The program did not end properly last time; %n clips were open.", "", len(last.clips)
            )
            answers = {self.tr("Open them again"): self.session.reopen}
            self.session.offer_changed.connect(self.window.notices.add(text, answers))
        elif last.clips and self.store.preferences.restore_session and not has_files:
            self.session.reopen()

    def _stored_layout(self) -> Layout:
        try:
            return from_plain(Layout, read_json(state_dir() / "window.json") or {})
        except FlavrError as error:
            _log.warning("the window's layout was left out: %s", error)
            return Layout()

    def _store_layout(self) -> None:
        try:
            write_json(state_dir() / "window.json", to_plain(self.window.window_layout()))
        except OSError as error:
            _log.warning("the window's layout was not stored: %s", error)

    def _on_close_asked(self, event: QCloseEvent) -> None:
        if self._is_closed or self.results.may_leave():
            event.accept()
            if not self._is_closed:
                self.window.hide()
                self.app.exit()  # quit() would ask every window again
        else:
            event.ignore()

    def _say(self, sentence: str) -> None:
        self.window.show_message(sentence)

    def _on_failed(self, sentence: str, hint: str) -> None:
        self.window.show_message(sentence, hint, is_problem=True)
        self._has_refused = True

    def _on_settings_changed(self) -> None:
        """What was refused may be possible now, or is of another clip."""
        if self._has_refused:
            self._has_refused = False
            self.window.show_message("")

    def _on_default_preset_changed(self, name: str) -> None:
        self.store.set(self.store.preferences, replace(self.store.defaults, preset=name))

    def _on_current_changed(self, _number: int) -> None:
        clip = self.workspace.current
        self.window.set_clip_title(clip.path.name if clip is not None else "")

    def _on_clip_changed(self, number: int) -> None:
        clip = self.workspace.clip(number)
        if clip is None:
            return
        if clip.info is not None:
            self.store.add_recent(clip.path)
        elif clip.problem:
            self.window.show_message(f"{clip.path.name}: {clip.problem}", is_problem=True)

    def _on_busy_changed(self) -> None:
        totals = self.queue.totals()
        is_busy = totals.is_running or self.previews.is_rendering or self.player.is_playing
        self.estimates.hold(is_busy)
        self.window.set_queue_count(sum(job.state.is_open for job in self.queue.jobs))

    def _on_playing_changed(self) -> None:
        """What nobody waits for stands back while it plays: pictures would be dropped."""
        for work in (self.thumbnails, self.probing):
            work.hold(self.player.is_playing)
        hold_loading(self.player.is_playing)
        self._on_busy_changed()

    def _on_preview_progressed(self) -> None:
        result = self.previews.result
        self.settings.quicker.watch(result.progress if result is not None else None)

    def _on_progress(self) -> None:
        self.window.set_progress(self.queue_model.fraction)

    def _on_preferences_changed(self) -> None:
        self._dress()
        self._set_motion()
        self._set_defaults()
        self.settings.set_naming(self.store.preferences.naming())
        self.cache.set_limit_bytes(self.store.preferences.cache_bytes)

    def _set_defaults(self) -> None:
        wanted = self.store.defaults
        self.workspace.defaults = replace(
            self.workspace.defaults, timing=wanted.timing, scenes=wanted.scenes, engine=wanted.engine
        )

    def _dress(self) -> None:
        preferences = self.store.preferences
        self.theme.apply(preferences.theme, font_scale=preferences.font_scale)
        self.app.setEffectEnabled(Qt.UIEffect.UI_AnimateMenu, not preferences.reduced_motion)
        hints = QGuiApplication.styleHints()
        hints.setCursorFlashTime(0 if preferences.reduced_motion else 1000)

    def _set_motion(self) -> None:
        """Nothing moves by itself where that is not wanted: sides in turn are turned over by hand."""
        is_calm = self.store.preferences.reduced_motion
        self.viewer_panel.view.set_flip_interval_ms(0 if is_calm else FLIP_INTERVAL_MS)
        self.timeline_panel.timeline.set_motion_reduced(is_calm)

    def _is_reserved(self, path: Path) -> bool:
        return any(job.settings.output == path for job in self.queue.jobs if job.state.is_open)
