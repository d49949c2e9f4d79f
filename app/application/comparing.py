"""What is done with both sides at once: measuring them, and exporting the comparison."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.dialogs.errors import error_box
from app.jobs.picture_metrics import PictureDistance, PictureMetrics
from app.viewmodels.conversion import store_cuts
from app.viewmodels.output_names import output_folder
from app.viewmodels.player_side import SideName
from app.viewmodels.previews import network_of
from app.viewmodels.viewer import FLOW, NOTHING, ORIGINAL
from app.viewmodels.workspace import Clip
from flavr_core.comparison.settings import ComparisonSettings, PlacedClip, SideSettings
from flavr_core.errors import FlavrError, SettingsError

if TYPE_CHECKING:
    from app.application.studio import Studio
    from app.dialogs.comparison_export import ComparisonDialog


class Comparing(QObject):
    """Connects the commands that look at A and B together."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._metrics = PictureMetrics(self)
        self._dialog: ComparisonDialog | None = None
        studio.actions.on_toggled("measure", self._on_measure_toggled)
        studio.actions.connect_to("export-comparison", self.export)
        studio.player.shown_changed.connect(self._on_shown_changed)
        studio.player.sides_changed.connect(self._on_shown_changed)
        self._metrics.measured.connect(self._on_measured)
        self._metrics.cleared.connect(self._on_cleared)
        self._metrics.failed.connect(studio.window.show_figures)

    def close(self) -> None:
        """Stop measuring and writing."""
        self._metrics.close()
        if self._dialog is not None:
            self._dialog.close_work()
            self._dialog.close()

    def export(self) -> None:
        """Ask how the comparison is to be written, and write it."""
        from app.dialogs.comparison_export import ComparisonDialog

        try:
            settings = self.settings()
        except FlavrError as error:
            error_box(self._studio.window, self.tr("The comparison cannot be exported"), error).open()
            return
        if settings is None:
            self._studio.window.show_message(
                self.tr("There is nothing to compare."), self.tr("Put a picture on both sides.")
            )
            return
        titles = [self._studio.viewer.title(side) for side in ("a", "b")]
        title = self.tr("{a} against {b}").format(a=titles[0], b=titles[1])
        self._dialog = ComparisonDialog(settings, title, self._studio.window)
        self._dialog.finished.connect(self._on_dialog_closed)
        self._dialog.play_asked.connect(self._studio.results.show_result)
        self._dialog.reveal_asked.connect(self._studio.results.reveal)
        self._dialog.show()

    def settings(self) -> ComparisonSettings | None:
        """The comparison as it stands in the window; None where a side is empty.

        Raises:
            FlavrError: when cuts by hand cannot be stored for it.
        """
        clip = self._studio.workspace.current
        if clip is None or clip.info is None:
            return None
        a, b = self._side(clip, "a"), self._side(clip, "b")
        if a is None or b is None:
            return None
        view = self._studio.viewer_panel.view
        timing = clip.edits.timing
        # Marks count on the clip's own clock; a drawn A covers the marked range and nothing else.
        is_marked = isinstance(a, PlacedClip) and a.path == clip.path
        return ComparisonSettings(
            a=a,
            b=b,
            output=_free(
                output_folder(clip.path, self._studio.settings.naming) / f"{clip.path.stem}-comparison.mp4"
            ),
            view=view.mode,
            difference=view.difference_kind,
            gain=view.difference_gain,
            wipe=view.wipe,
            swap=view.is_swapped,
            start=timing.start if is_marked else None,
            stop=timing.stop if is_marked else None,
            labels=(self._studio.viewer.title("a"), self._studio.viewer.title("b")),
        )

    def _side(self, clip: Clip, side: SideName) -> SideSettings | None:
        key = self._studio.viewer.chosen(side)
        if key == NOTHING:
            return None
        if key == FLOW:
            raise SettingsError(
                self.tr("Optical flow cannot be exported as a comparison."),
                self.tr("Put another picture on this side, or save a picture of the comparison."),
            )
        if key == ORIGINAL:
            return PlacedClip(path=clip.path)
        placed = self._studio.viewer.placed_file(key)
        if placed is not None:
            path, speed, lead = placed
            return PlacedClip(path=path, speed=speed, lead=lead)
        settings = clip.settings(
            clip.path.with_name(f"{clip.path.stem}-side.mp4"), cuts_file=store_cuts(clip)
        )
        network = network_of(key)
        return (
            settings if network is None else replace(settings, engine=replace(settings.engine, model=network))
        )

    def _on_measure_toggled(self, is_on: bool) -> None:
        self._metrics.set_on(is_on)
        self._studio.window.show_figures(self.tr("Measuring...") if is_on else "")
        self._on_shown_changed()

    def _on_shown_changed(self) -> None:
        player = self._studio.player
        if self._studio.viewer.shows_flow:  # colours of motion are no picture to be measured against
            self._metrics.set_pair(None, None)
        else:
            self._metrics.set_pair(player.picture("a"), player.picture("b"))

    def _on_measured(self, distance: PictureDistance) -> None:
        text = self.tr("A {a} against B {b}:  PSNR {psnr} dB  ·  SSIM {ssim}")
        psnr, ssim = f"{distance.psnr_db:.2f}", f"{distance.ssim:.4f}"
        text = text.format(a=distance.a, b=distance.b, psnr=psnr, ssim=ssim)
        if distance.reduced_to is not None:
            width, height = distance.reduced_to
            at = self.tr("both at {width} × {height}").format(width=width, height=height)
            text = f"{text}  ·  {at}"
        self._studio.window.show_figures(text)

    def _on_cleared(self) -> None:
        self._studio.window.show_figures("")

    def _on_dialog_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def _free(path: Path) -> Path:
    """The path, or the first like it at which there is nothing."""
    tries = (path if n == 1 else path.with_name(f"{path.stem} ({n}){path.suffix}") for n in count(1))
    return next(each for each in tries if not each.exists())
