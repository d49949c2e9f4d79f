"""A finished job's receipt as rows of words."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QIODevice, QSaveFile

from app.jobs.queue_store import Receipt
from app.jobs.records import to_plain
from app.viewmodels.amounts import decimal, size_words
from app.viewmodels.durations import duration_words
from flavr_core.errors import OutputError
from flavr_core.timing import format_rate, format_time


def receipt_rows(receipt: Receipt) -> tuple[tuple[str, str], ...]:
    """(what, value) for people, the most important first."""
    translate = QCoreApplication.translate
    frames = str(receipt.frames)
    if receipt.is_thinned:  # the notes say why
        frames = translate("Receipt", "{stored} of {frames}").format(
            stored=receipt.stored_frames, frames=receipt.frames
        )
    drawn = translate("Receipt", "{frames} from {source}; {made} drawn").format(
        frames=frames, source=receipt.source_frames, made=receipt.made
    )
    if receipt.held:
        drawn += translate("Receipt", ", %n held", "", receipt.held)
    rows = [
        (translate("Receipt", "Verified"), receipt.verified),
        (translate("Receipt", "Output"), str(receipt.output)),
        (translate("Receipt", "Size"), size_words(receipt.output_bytes)),
        (translate("Receipt", "Frames"), drawn),
        (translate("Receipt", "Rate"), _rate_words(receipt)),
        (translate("Receipt", "Duration"), format_time(receipt.duration)),
        (translate("Receipt", "Drawn by"), receipt.engine),
        (translate("Receipt", "Stored as"), receipt.encoder),
        (
            translate("Receipt", "Took"),
            translate("Receipt", "{time}, {rate} frames a second").format(
                time=duration_words(receipt.elapsed_s),
                rate=decimal((receipt.frames - receipt.resumed_frames) / max(receipt.rendered_s, 1e-3)),
            ),
        ),
    ]
    if receipt.largest_timing_error:
        error_ms = float(receipt.largest_timing_error) * 1000
        rows.append((translate("Receipt", "Largest timing error"), f"{error_ms:.2f} ms"))
    if receipt.resumed_frames:
        resumed = translate("Receipt", "%n frames from the interrupted render", "", receipt.resumed_frames)
        rows.append((translate("Receipt", "Resumed"), resumed))
    if receipt.reused_frames:
        reused = translate("Receipt", "%n drawn frames from the preview", "", receipt.reused_frames)
        rows.append((translate("Receipt", "Reused"), reused))
    rows += [(translate("Receipt", "Stream"), words) for words in receipt.streams]
    rows += [(translate("Receipt", "Note"), note) for note in receipt.notes]
    rows.append((translate("Receipt", "Source"), str(receipt.source)))
    if receipt.sha256:
        rows.append(("SHA-256", receipt.sha256))
    return tuple(rows)


def _rate_words(receipt: Receipt) -> str:
    """Frames a second that the file shows: fewer than were rendered where an animation leaves some out."""
    translate = QCoreApplication.translate
    if receipt.is_thinned:
        rate = round(receipt.stored_frames / receipt.duration)
        return translate("Receipt", "about {rate} frames a second").format(rate=rate)
    if receipt.rate is None:
        return translate("Receipt", "variable")
    return translate("Receipt", "{rate} frames a second").format(rate=format_rate(receipt.rate))


def receipt_text(receipt: Receipt) -> str:
    """The same as lines, for the clipboard."""
    return "\n".join(f"{what}: {value}" for what, value in receipt_rows(receipt))


def save_receipt(receipt: Receipt, path: Path) -> None:
    """Write a receipt as JSON.

    Raises:
        OutputError: when it cannot be written.
    """
    content = (json.dumps(to_plain(receipt), indent=1, ensure_ascii=False) + "\n").encode()
    file = QSaveFile(str(path))
    is_written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(content) == len(content)
    if not is_written or not file.commit():
        raise OutputError(
            QCoreApplication.translate("Receipt", "'{path}' cannot be written: {reason}.").format(
                path=path, reason=file.errorString()
            )
        )
