"""The animated image as it will look, while its palette, size and limit are being chosen."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs.animation_sample import Sample, WrittenSample, draw_sample, write_sample
from app.jobs.background import BackgroundCalls, Call, after
from app.viewmodels.amounts import size_words
from app.viewmodels.plain_words import plain_words
from app.viewmodels.workspace import Clip, ClipEdits, Workspace
from flavr_core.clip import ClipInfo
from flavr_core.errors import ProblemsError

ANIMATED = ("gif", "apng", "webp")
"""Containers that have something to look at here."""
WRITE_AFTER_MS = 250
"""Rest after the last change before the sample is written anew."""
_GRACE_S = 1.0
"""Wait at the end for what cannot be interrupted."""


class GifPreviewModel(QObject):
    """Draws a sample around the playhead once, and writes it anew at every change of the export."""

    changed = Signal()
    """Another sample is shown, or more is known of it."""
    progress_changed = Signal()
    """More frames of the sample are drawn."""

    def __init__(
        self, workspace: Workspace, playhead: Callable[[], Fraction], parent: QObject | None = None
    ) -> None:
        """Wait for `start`.

        Args:
            workspace: what is looked at.
            playhead: seconds on the clip's clock where the sample begins.
            parent: its owner.
        """
        super().__init__(parent)
        self._workspace = workspace
        self._playhead = playhead
        self._calls = BackgroundCalls(self, name="gif-preview")
        self._rest = after(WRITE_AFTER_MS, self._write, self)
        self._call: Call | None = None
        self._sample: Sample | None = None
        self._shown: WrittenSample | None = None
        self._drawn_for: tuple[object, ...] | None = None
        self._written_for: object = None
        self._progress = (0, 0)
        self._problem = ""
        self._is_on = False
        workspace.edits_changed.connect(self._on_edits_changed)
        workspace.current_changed.connect(self._on_current_changed)

    def start(self) -> None:
        """Begin with the current clip: somebody looks."""
        self._is_on = True
        self.draw_again()

    def stop(self) -> None:
        """Nobody looks any more: forget all, and do not wait for what is being drawn."""
        self._is_on = False
        self._rest.stop()
        self._forget()

    def close(self) -> None:
        """Stop for good; a gap that takes long to draw is not waited for. May be called twice."""
        self.stop()
        self._calls.close(wait_s=_GRACE_S)

    @property
    def shown(self) -> WrittenSample | None:
        """What can be looked at; None before the first was written."""
        return self._shown

    @property
    def is_working(self) -> bool:
        """Whether what is shown is not what is set."""
        return self._call is not None or self._rest.isActive()

    @property
    def problem(self) -> str:
        """Why there is nothing to see, or no file that small; empty when all is well."""
        return self._problem

    @property
    def state_words(self) -> str:
        """What is being done, or what is seen."""
        if self._sample is None and self.is_working:
            done, total = self._progress
            if not total:
                return self.tr("Preparing…")
            return self.tr("Drawing frame {done} of {total}…").format(done=done, total=total)
        if self.is_working:
            return self.tr("Writing…")
        if self._shown is None:
            return ""
        width, height = self._shown.size
        words = self.tr("%n frames around the playhead", "", len(self._shown.pictures))
        return f"{words}, {width}×{height}"

    @property
    def size_words(self) -> str:
        """How large the whole file will be."""
        if self._shown is None:
            return ""
        size = size_words(self._shown.projected_bytes)
        frames = self._shown.whole_frames
        return self.tr("About {size} for all %Ln frames, if the rest is like these.", "", frames).format(
            size=size
        )

    @property
    def limit_words(self) -> str:
        """What the size limit costs."""
        clip = self._workspace.current
        if self._shown is None or clip is None or clip.edits.export.gif.max_bytes is None:
            return ""
        if self._shown.given_up:
            return self._shown.given_up
        limit = size_words(clip.edits.export.gif.max_bytes)
        return self.tr("It fits into {limit} as it is.").format(limit=limit)

    def draw_again(self) -> None:
        """Take a new sample at the playhead."""
        self._forget()
        clip = self._workspace.current
        if clip is not None and clip.info is not None:
            self._drawn_for = _drawing_of(clip.edits)
            self._call = self._start_drawing(clip, clip.info)
        self.changed.emit()

    def _forget(self) -> None:
        self._sample, self._shown, self._problem = None, None, ""
        self._progress = (0, 0)
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _start_drawing(self, clip: Clip, info: ClipInfo) -> Call:
        settings = clip.settings(Path("unused.gif"))
        cuts, at = clip.edits.cuts, self._playhead()

        def keep_progress(done: int, total: int) -> None:
            self._progress = (done, total)  # read by the window's thread; a tuple is replaced as a whole

        return self._calls.submit(
            lambda token: draw_sample(info, settings, cuts, at=at, token=token, on_progress=keep_progress),
            on_done=self._on_drawn,
            on_error=self._on_failed,
        )

    def _on_drawn(self, sample: Sample) -> None:
        self._call = None
        self._sample = sample
        self._write()

    def _write(self) -> None:
        clip = self._workspace.current
        if clip is None or self._sample is None:
            return
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if clip.edits.export.container not in ANIMATED:
            self._shown, self._problem = None, self.tr("This format is not an animated image.")
            self.changed.emit()
            return
        sample, export = self._sample, clip.edits.export
        self._written_for = export
        self._call = self._calls.submit(
            lambda token: write_sample(sample, export, token=token),
            on_done=self._on_written,
            on_error=self._on_failed,
        )
        self.changed.emit()

    def _on_written(self, shown: WrittenSample) -> None:
        self._call = None
        self._shown, self._problem = shown, ""
        self.changed.emit()

    def _on_failed(self, error: Exception) -> None:
        self._call = None
        first = error.problems[0] if isinstance(error, ProblemsError) else error
        self._problem = plain_words(str(first) or type(first).__name__)
        self.changed.emit()

    def _on_current_changed(self, _number: int) -> None:
        if self._is_on:
            self.draw_again()

    def _on_edits_changed(self, number: int) -> None:
        clip = self._workspace.current
        if not self._is_on or clip is None or clip.number != number:
            return
        if _drawing_of(clip.edits) != self._drawn_for:
            self.draw_again()
        elif clip.edits.export != self._written_for and self._sample is not None:
            self._problem = ""
            if self._call is not None:
                self._call.cancel()
                self._call = None
            self._rest.start()
            self.changed.emit()


def _drawing_of(edits: ClipEdits) -> tuple[object, ...]:
    """What the drawn frames depend on."""
    return (edits.timing, edits.scenes, edits.cuts, edits.engine)
