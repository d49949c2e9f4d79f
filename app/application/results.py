"""From settings to files: exports, the queue's results, pictures of what is on the screen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from app.dialogs.errors import error_box
from app.dialogs.receipt import ReceiptDialog
from app.jobs.background import BackgroundCalls, after
from app.jobs.power import sleep_now
from app.jobs.queue_store import JobState, WhenDone
from app.viewmodels.output_names import output_folder
from app.viewmodels.player_side import SIDES, SideName
from app.viewmodels.viewer import range_of
from app.viewmodels.workspace import Clip
from flavr_core.errors import FlavrError
from flavr_core.frame import Frame
from flavr_core.settings import ConvertSettings

if TYPE_CHECKING:
    from app.application.studio import Studio

GIF_PRESET = "gif"
"""What `Export as GIF` takes."""

SLEEP_AFTER_S = 30
"""How long one can change one's mind."""

_log = logging.getLogger(__name__)


class Results(QObject):
    """Puts jobs into the queue, and shows what comes out of it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._window = studio.window
        self._calls = BackgroundCalls(self, name="pictures")
        self._to_show: dict[int, Path] = {}
        """Results by clip, to be shown when the clip is looked at."""
        self._to_play: Path | None = None
        """Plays as soon as it stands on its side, or is the clip that is looked at."""
        self._sample_number = 0
        self._connect()

    def close(self) -> None:
        """Wait for pictures that are being written."""
        self._calls.close()

    def _connect(self) -> None:
        studio, actions = self._studio, self._studio.actions
        for name, slot in {
            "export": studio.settings.request_export,
            "export-gif": self.export_gif,
            "add-to-queue": studio.settings.request_queue,
            "copy-command": self.copy_command,
            "preview": self.preview,
            "save-frame": self.save_frame,
            "save-comparison": self.save_comparison,
        }.items():
            actions.connect_to(name, slot)
        studio.settings.export_requested.connect(self._on_export_requested)
        studio.settings.queue_requested.connect(self._on_queue_requested)
        studio.settings.preview_requested.connect(self.preview)
        queue, model = studio.queue, studio.queue_model
        queue.job_ended.connect(self._on_job_ended)
        queue.all_done.connect(self._on_all_done)
        model.result_wanted.connect(self.show_result)
        model.reveal_wanted.connect(self.reveal)
        model.receipt_wanted.connect(self._on_receipt_wanted)
        studio.workspace.clip_changed.connect(self._on_clip_changed)
        studio.workspace.clip_changed.connect(self._show_waiting)
        studio.workspace.current_changed.connect(self._show_waiting)
        studio.workspace.clip_removed.connect(lambda number: self._to_show.pop(number, None))
        studio.viewer.file_placed.connect(self._on_placed)

    # -- exports ---------------------------------------------------------------------------------

    def preview(self) -> None:
        """Render what stands beside the original, and play it as it comes: the marked range, or from here."""
        studio = self._studio
        clip = studio.workspace.current
        studio.previews.render()
        if clip is None or clip.info is None or not studio.previews.is_rendering:
            return
        start, stop = range_of(clip.info, clip.edits.timing)
        if start is not None or stop is not None:
            studio.player.seek(clip.info.times.start if start is None else start)
        studio.player.play(until=stop)

    def export_gif(self) -> None:
        """Make a GIF of the current clip now; its own format stays what it is."""
        studio = self._studio
        clip, gif = studio.workspace.current, studio.presets.find(GIF_PRESET)
        if clip is not None and clip.edits.export.container == "gif":
            studio.settings.request_export()
        elif gif is not None and gif.export is not None and not gif.problem:
            studio.settings.request_export_as(gif.export, gif.name)
        else:
            why = gif.problem if gif is not None else ""
            self._fail(self.tr("There is no GIF"), FlavrError(why or self.tr("Its preset is missing.")))

    def copy_command(self) -> None:
        """Put the line that does the same in a shell into the clipboard."""
        try:
            text = self._studio.settings.command()
        except FlavrError as error:
            self._fail(self.tr("There is no such command"), error)
            return
        QGuiApplication.clipboard().setText(text)
        self._window.show_message(self.tr("The command was copied."))

    def convert_sample(self) -> None:
        """Open the sample clip and make it twice as smooth: the first run in one click."""
        from app.application.studio import SAMPLE

        clip = next((each for each in self._studio.workspace.clips if each.path == SAMPLE), None)
        if clip is None:
            clip = self._studio.workspace.add(SAMPLE)
        self._studio.workspace.set_current(clip.number)
        self._sample_number = clip.number
        self._on_clip_changed(clip.number)

    def _on_clip_changed(self, number: int) -> None:
        """The sample was probed: now it can be converted."""
        clip = self._studio.workspace.clip(number)
        if number != self._sample_number or clip is None or clip.info is None:
            return
        self._sample_number = 0
        self._studio.workspace.set_current(number)
        self._studio.settings.request_export()

    def _on_export_requested(self, settings: ConvertSettings) -> None:
        self._add(settings, start=True)

    def _on_queue_requested(self, settings: ConvertSettings) -> None:
        self._add(settings, start=False)

    def _add(self, settings: ConvertSettings, *, start: bool) -> None:
        studio = self._studio
        studio.previews.stop()
        try:
            number = studio.queue.add(settings, start=start)
        except FlavrError as error:
            self._fail(self.tr("The clip was not put into the queue"), error)
            return
        output = settings.output
        words = self.tr("{name} goes to {folder}.").format(name=output.name, folder=output.parent)
        self._window.show_message(words)
        self._window.queue_dock.show()
        studio.queue_panel.select(number)

    def offer_unfinished(self) -> None:
        """Show the queue where it offers to go on with what the last run of the program left."""
        if self._studio.queue_model.can_go_on:
            self._window.queue_dock.show()

    # -- what the queue says ---------------------------------------------------------------------

    def _on_job_ended(self, number: int) -> None:
        job = self._studio.queue.job(number)
        if job is None:
            return
        name = job.settings.output.name
        if job.state is JobState.DONE:
            self._window.show_message(self.tr("{name} is done and was verified.").format(name=name))
            for clip in self._clips_of(job.settings.source):
                self._to_show[clip.number] = job.settings.output
            self._show_waiting()
        elif job.state is JobState.FAILED:
            text = self.tr("{name} failed; the queue says why.").format(name=name)
            self._window.show_message(text, is_problem=True)

    def _on_all_done(self, when_done: str) -> None:
        if when_done == WhenDone.NOTIFY:
            QApplication.alert(self._window)
            QApplication.beep()
        elif when_done == WhenDone.QUIT:
            self._window.close()
        elif when_done == WhenDone.SLEEP:
            self._offer_sleep()

    def _offer_sleep(self) -> None:
        box = QMessageBox(self._window)
        box.setWindowTitle("FLAVR Studio")
        box.setText(
            self.tr("The queue is done. The computer goes to sleep in %n second(s).", "", SLEEP_AFTER_S)
        )
        box.setStandardButtons(QMessageBox.StandardButton.Cancel)
        now = box.addButton(self.tr("Sleep now"), QMessageBox.ButtonRole.AcceptRole)
        timer = after(SLEEP_AFTER_S * 1000, now.click, box)
        now.clicked.connect(self._sleep)
        timer.start()
        box.open()

    def _sleep(self) -> None:
        self._calls.submit(lambda _token: sleep_now(), on_done=_nothing, on_error=self._on_no_sleep)

    def _on_no_sleep(self, error: Exception) -> None:
        self._fail(self.tr("The computer stays awake"), error)

    def _on_receipt_wanted(self, number: int) -> None:
        job = self._studio.queue.job(number)
        if job is not None and job.receipt is not None:
            ReceiptDialog(job.receipt, self._window).open()

    def show_result(self, path: Path) -> None:
        """Put a result beside its original and play it from its start; alone where that is gone."""
        workspace = self._studio.workspace
        job = next((each for each in self._studio.queue.jobs if each.settings.output == path), None)
        clip: Clip | None = None
        if job is not None:
            clip = next(iter(self._clips_of(job.settings.source)), None)
            if clip is None and job.settings.source.exists():
                clip = self._open_again(job.settings)
        if clip is None:
            clip = next(iter(self._clips_of(path)), None) or workspace.add(path)
        else:
            self._to_show[clip.number] = path
        self._to_play = path
        workspace.set_current(clip.number)
        self._show_waiting()

    def _open_again(self, settings: ConvertSettings) -> Clip:
        """The clip that a job was made from, as it was then: so its result lies beside it in time."""
        workspace = self._studio.workspace
        edits = replace(
            workspace.defaults,
            timing=settings.timing,
            scenes=replace(settings.scenes, cuts_file=None),
            engine=settings.engine,
            export=settings.export,
        )
        return workspace.add(settings.source, edits, sequence_rate=settings.sequence_rate)

    def _clips_of(self, source: Path) -> list[Clip]:
        return [clip for clip in self._studio.workspace.clips if clip.path == source]

    def _show_waiting(self, _number: int = 0) -> None:
        """Show the result of the clip that is looked at, once both are there."""
        clip = self._studio.workspace.current
        if clip is None or clip.info is None:
            return
        result = self._to_show.pop(clip.number, None)
        if result is not None:
            self._studio.viewer.open_file("b", result)
        elif clip.path == self._to_play:
            self._play_from_start("a")

    def _on_placed(self, path: Path) -> None:
        if path == self._to_play:
            self._play_from_start("b")

    def _play_from_start(self, side: SideName) -> None:
        player = self._studio.player
        self._to_play = None
        source = player.source(side)
        if source is not None:
            player.seek(source.source_time(0))
            player.play()

    def reveal(self, path: Path) -> None:
        """Show a result in its folder."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))

    # -- pictures --------------------------------------------------------------------------------

    def save_frame(self) -> None:
        """Store the frame of the result, or else of the original, in its own size."""
        frames: dict[SideName, Frame | None] = {side: self._studio.player.picture(side) for side in SIDES}
        side: SideName = "b" if frames["b"] is not None else "a"
        frame = frames[side]
        if frame is None:
            self._window.show_message(self.tr("There is no picture to save yet."))
            return
        title = self._studio.viewer.title(side)

        def write(path: Path) -> None:
            from flavr_core.comparison.display import to_display

            pixels = to_display(frame, tone=True)
            height, width = pixels.shape[:2]
            image = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB888)
            _store(image, path)

        self._save(self.tr("Save frame"), f"{frame.index}-{title}", write)

    def save_comparison(self) -> None:
        """Store what the viewer shows, as it is on the screen."""
        image = self._studio.viewer_panel.view.grab_comparison()
        number = self._studio.player.shown("a")
        self._save(
            self.tr("Save picture of the comparison"),
            f"{number.index if number is not None else 0}-comparison",
            lambda path: _store(image, path),
        )

    def _save(self, title: str, name: str, write: Callable[[Path], None]) -> None:
        clip = self._studio.workspace.current
        if clip is None:
            return
        folder = output_folder(clip.path, self._studio.settings.naming)
        proposed = folder / f"{clip.path.stem}-{name}.png".replace("/", "_")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, title, str(proposed), self.tr("Pictures (*.png *.jpg *.webp)")
        )
        if not chosen:
            return
        path = Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.png")
        self._calls.submit(
            lambda _token: write(path),
            on_done=lambda _: self._window.show_message(self.tr("{name} was saved.").format(name=path.name)),
            on_error=lambda error: self._fail(self.tr("The picture was not saved"), error),
        )

    # -- leaving ---------------------------------------------------------------------------------

    def may_leave(self) -> bool:
        """Ask before work that is going on is stopped; it can go on at the next start."""
        if not self._studio.queue.totals().is_running:
            return True
        box = QMessageBox(self._window)
        box.setWindowTitle("FLAVR Studio")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(self.tr("A job is still running."))
        box.setInformativeText(self._studio.queue_model.leaving_text)
        stay = box.addButton(self.tr("Keep working"), QMessageBox.ButtonRole.RejectRole)
        leave = box.addButton(self.tr("Stop and quit"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(stay)

        def tell_anew() -> None:
            text = self._studio.queue_model.leaving_text
            box.setInformativeText(text or self.tr("It has ended meanwhile."))

        told = self._studio.queue_model.totals_changed.connect(tell_anew)
        box.exec()
        QObject.disconnect(told)
        return box.clickedButton() is leave

    def _fail(self, title: str, error: Exception) -> None:
        _log.warning("%s: %s", title, error)
        error_box(self._window, title, error).open()


def _store(image: QImage, path: Path) -> None:
    if not image.save(str(path)):
        raise FlavrError(f"'{path}' cannot be written.", "Choose another folder, or end it with .png.")


def _nothing(_answer: object) -> None:
    return None
