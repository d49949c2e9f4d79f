"""The list of clips: what is dropped, pasted or opened becomes rows; probing and thumbnails follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QUrl,
    Signal,
)

from app.jobs.background import Call
from app.jobs.probing import Found, Probed, Probing
from app.jobs.thumbnails import Thumbnail, Thumbnails
from app.viewmodels.clip_words import badges_of, details_of, length_of, problem_words, title_of
from app.viewmodels.workspace import Clip, Workspace
from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError
from flavr_core.timing import parse_fraction

ROW_MIME = "application/x-flavr-clip"
"""What a row is carried as while it is dragged to another place of the list."""
THUMBNAIL_HEIGHT_PX = 108
"""Twice the height in the list, for sharp screens."""

RATES = ("12", "15", "23.976", "24", "25", "29.97", "30", "48", "50", "59.94", "60")
"""Usual rates of series of images."""
_NTSC_RATES = {
    "23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001),
}  # fmt: skip
"""What is meant by these."""

WEIGHTS_ENDINGS = frozenset({".pth", ".pt", ".pkl", ".ckpt", ".safetensors"})
"""Endings of files of weights, which no clip has."""

_Index = QModelIndex | QPersistentModelIndex


class ClipRole(IntEnum):
    """What the model tells of a row, beside Qt's own roles."""

    NUMBER = Qt.ItemDataRole.UserRole + 1
    """int: the clip's number in the workspace."""
    DETAILS = Qt.ItemDataRole.UserRole + 2
    """str: length, rate, size in one line; empty until probed."""
    BADGES = Qt.ItemDataRole.UserRole + 3
    """tuple[Badge, ...]: what is special about it."""
    PROBLEM = Qt.ItemDataRole.UserRole + 4
    """str: what is wrong with it in plain words; empty where nothing is."""
    IS_BUSY = Qt.ItemDataRole.UserRole + 5
    """bool: whether it is being probed."""
    IS_MISSING = Qt.ItemDataRole.UserRole + 6
    """bool: whether its file is gone."""
    THUMBNAIL = Qt.ItemDataRole.UserRole + 7
    """QImage, or None until there is one."""
    LENGTH = Qt.ItemDataRole.UserRole + 8
    """str: how long it lasts, for a corner of the thumbnail; empty until probed."""


@dataclass(slots=True, kw_only=True)
class _Row:
    """What belongs to a row beside its clip."""

    call: Call | None = None
    """Probing that is under way."""
    size_bytes: int = 0
    """Bytes of its files; 0 until probed."""
    thumbnail: Thumbnail | None = None
    """Its picture."""
    is_missing: bool = False
    """Whether its file is gone."""


class ClipsModel(QAbstractListModel):
    """The workspace's clips as rows."""

    message = Signal(str)
    """One sentence for the user: a folder without clips, a clip that is there already."""
    count_changed = Signal()
    """Clips came or went."""
    weights_given = Signal(Path)
    """A file of weights was dropped or pasted as if it were a clip."""

    def __init__(
        self, workspace: Workspace, *, probing: Probing, thumbnails: Thumbnails, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._probing, self._thumbnails = probing, thumbnails
        self._numbers = [clip.number for clip in workspace.clips]
        self._rows: dict[int, _Row] = {number: _Row() for number in self._numbers}
        self._search: Call | None = None
        self._check: Call | None = None
        workspace.clip_added.connect(self._on_clip_added)
        workspace.clip_removed.connect(self._on_clip_removed)
        workspace.clip_changed.connect(self._on_clip_changed)
        workspace.clips_moved.connect(self._on_clips_moved)
        thumbnails.failed.connect(self.check_missing)
        for number in self._numbers:
            self._begin(number)

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add files, folders and images; folders are searched in the background.

        A single file of weights is no clip and goes to where networks are brought in.
        """
        if len(paths) == 1 and Path(paths[0]).suffix.lower() in WEIGHTS_ENDINGS:
            self.weights_given.emit(Path(paths[0]))
        elif paths:
            self._probing.search([Path(path) for path in paths], self._on_found)

    def add_mime(self, mime: QMimeData) -> bool:
        """Add what was dropped or pasted; False where it names no files."""
        paths = paths_in(mime)
        if not paths:
            if mime.hasUrls():
                self.message.emit(self.tr("Only files on this computer can be opened."))
            return False
        self.add_paths(paths)
        return True

    def remove(self, numbers: Iterable[int]) -> None:
        """Take clips off the list, with undo; their files stay."""
        gone = list(numbers)
        self.workspace.remove(gone)
        if gone:
            self.message.emit(
                self.tr("%n clips removed from the list. Undo brings them back.", "", len(gone))
            )

    def move(self, number: int, place: int) -> None:
        """Put a clip at another place, counted from 0 without it."""
        self.workspace.move(number, place)

    def read_again(self, number: int) -> None:
        """Probe a clip anew: its file changed, or came back."""
        clip = self.workspace.clip(number)
        if clip is not None:
            self._rows[number].is_missing = False
            self.workspace.relink(number, clip.path)

    def set_rate(self, number: int, text: str) -> None:
        """Say how many images of a series make a second, as people write it: `30`, `23.976`, `24000/1001`.

        Raises:
            SettingsError: when it is no rate, in a sentence.
        """
        self.workspace.set_sequence_rate(number, _NTSC_RATES.get(text.strip()) or parse_fraction(text))

    def relink(self, number: int, path: Path) -> None:
        """Say where a missing file is now; other missing clips that lie beside it are found, too."""
        self._relink(number, path)
        for other, row in self._rows.items():
            clip = self.workspace.clip(other)
            if clip is not None and row.is_missing and (path.parent / clip.path.name).exists():
                self._relink(other, path.parent / clip.path.name)

    def check_missing(self) -> None:
        """Look whether the files are still there; for when the window comes to the front."""
        if self._check is not None:
            self._check.cancel()
        paths = [clip.path for clip in self.workspace.clips]
        if paths:
            self._check = self._probing.check_missing(paths, self._on_checked)

    def number_at(self, index: _Index) -> int:
        """The clip's number in a row; 0 for none."""
        return self._numbers[index.row()] if 0 <= index.row() < len(self._numbers) else 0

    def index_of(self, number: int) -> QModelIndex:
        """A clip's row."""
        return self.index(self._numbers.index(number)) if number in self._numbers else QModelIndex()

    def is_missing(self, number: int) -> bool:
        """Whether a clip's file is gone."""
        return number in self._rows and self._rows[number].is_missing

    def _relink(self, number: int, path: Path) -> None:
        self._rows[number].is_missing = False
        self.workspace.relink(number, path)

    def _begin(self, number: int) -> None:
        """Probe a clip that has not been; where it was already, get its picture."""
        clip, row = self.workspace.clip(number), self._rows[number]
        if clip is None or clip.problem:
            return
        if clip.info is not None:
            self._want_thumbnail(clip, clip.info)
        elif row.call is None:
            row.call = self._probing.probe(
                clip.path,
                sequence_rate=clip.sequence_rate,
                on_done=lambda probed: self._on_probed(number, probed),
                on_error=lambda error: self._on_failed(number, error),
            )

    def _want_thumbnail(self, clip: Clip, info: ClipInfo) -> None:
        # First frames are often black; a tenth into the clip something is to be seen.
        tenth = info.times.duration / 10
        self._thumbnails.want(
            f"clip {clip.number}",
            info,
            [info.times.start + tenth],
            height_px=THUMBNAIL_HEIGHT_PX,
            tolerance=tenth,
            on_ready=lambda thumbnail: self._on_thumbnail(clip.number, thumbnail),
        )

    def _tell(self, number: int) -> None:
        index = self.index_of(number)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def _on_found(self, found: Found) -> None:
        known = {_identity(clip.path): clip.number for clip in self.workspace.clips}
        again, new = [], []
        for path in found.clips:
            identity = _identity(path)
            if identity in known:
                again.append(path)
                continue
            known[identity] = self.workspace.add(path).number
            new.append(known[identity])
        if new or again:
            self.workspace.set_current(new[0] if new else known[_identity(again[0])])
        if len(again) == 1:
            self.message.emit(self.tr("{name} is in the list already.").format(name=again[0].name))
        elif again:
            self.message.emit(self.tr("%n clips are in the list already.", "", len(again)))
        for folder in found.empty:
            self.message.emit(self.tr("The folder {name} holds no clips.").format(name=folder.name))
        if found.cut_short:
            self.message.emit(self.tr("Only the first %n clips were taken.", "", len(found.clips)))

    def _on_probed(self, number: int, probed: Probed) -> None:
        row = self._rows.get(number)
        if row is not None:
            row.call, row.size_bytes = None, probed.size_bytes
            self.workspace.set_probed(number, probed.info)

    def _on_failed(self, number: int, error: Exception) -> None:
        row, clip = self._rows.get(number), self.workspace.clip(number)
        if row is None or clip is None:
            return
        row.call = None
        if isinstance(error, FlavrError):
            words = problem_words(error, clip.path)
        else:
            words = self.tr("It cannot be read: {reason}").format(reason=error)
        self.workspace.set_probed(number, None, words.strip())
        self.check_missing()  # where it is gone, it can be looked for

    def _on_thumbnail(self, number: int, thumbnail: Thumbnail) -> None:
        if number in self._rows:
            self._rows[number].thumbnail = thumbnail
            self._tell(number)

    def _on_checked(self, missing: frozenset[Path]) -> None:
        for clip in self.workspace.clips:
            row = self._rows[clip.number]
            is_missing = clip.path in missing
            if is_missing and not row.is_missing:
                row.is_missing = True
                if row.call is not None:
                    row.call.cancel()
                    row.call = None
                words = self.tr("The file is gone. It was moved, renamed, or its disk is not connected.")
                self.workspace.set_probed(clip.number, None, words)
            elif not is_missing and row.is_missing:
                self.read_again(clip.number)

    def _on_clip_added(self, number: int) -> None:
        place = [clip.number for clip in self.workspace.clips].index(number)
        self.beginInsertRows(QModelIndex(), place, place)
        self._numbers.insert(place, number)
        self._rows[number] = _Row()
        self.endInsertRows()
        self.count_changed.emit()
        self._begin(number)

    def _on_clip_removed(self, number: int) -> None:
        place = self._numbers.index(number)
        self.beginRemoveRows(QModelIndex(), place, place)
        self._numbers.remove(number)
        row = self._rows.pop(number)
        self.endRemoveRows()
        if row.call is not None:
            row.call.cancel()
        self._thumbnails.forget(f"clip {number}")
        self._thumbnails.keep_only(clip.info for clip in self.workspace.clips if clip.info is not None)
        self.count_changed.emit()

    def _on_clip_changed(self, number: int) -> None:
        row, clip = self._rows.get(number), self.workspace.clip(number)
        if row is None or clip is None:
            return
        if clip.info is None:
            row.thumbnail = None
            if row.call is not None:
                row.call.cancel()
                row.call = None
        self._begin(number)
        self._tell(number)

    def _on_clips_moved(self) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = [(old, self._numbers[old.row()]) for old in self.persistentIndexList()]
        self._numbers = [clip.number for clip in self.workspace.clips]
        for old, number in kept:
            self.changePersistentIndex(old, self.index_of(number))
        self.layoutChanged.emit()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """As Qt has it."""
        return 0 if parent.isValid() else len(self._numbers)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a row shows."""
        clip = self.workspace.clip(self.number_at(index))
        if clip is None:
            return None
        row = self._rows[clip.number]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title_of(clip)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(clip, row)
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(
                    filter(None, (title_of(clip), clip.problem or details_of(clip.info, row.size_bytes)))
                )
            case ClipRole.NUMBER:
                return clip.number
            case ClipRole.DETAILS:
                return details_of(clip.info, row.size_bytes)
            case ClipRole.LENGTH:
                return length_of(clip.info)
            case ClipRole.BADGES:
                return badges_of(clip.info)
            case ClipRole.PROBLEM:
                return clip.problem
            case ClipRole.IS_BUSY:
                return row.call is not None
            case ClipRole.IS_MISSING:
                return row.is_missing
            case ClipRole.THUMBNAIL:
                return row.thumbnail.image if row.thumbnail is not None else None
        return None

    def _tip(self, clip: Clip, row: _Row) -> str:
        lines = [str(clip.path)]
        if clip.problem:
            lines.append(clip.problem)
        lines += [f"{badge.text}: {badge.meaning}" for badge in badges_of(clip.info)]
        return "\n".join(lines)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Rows can be dragged; between them can be dropped."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        return Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        """Rows move, files are added."""
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction

    def supportedDragActions(self) -> Qt.DropAction:
        """Never a move: a file manager would take the user's file away."""
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:
        """Rows and files."""
        return [ROW_MIME, "text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Rows, and their files for other programs."""
        numbers = [self.number_at(index) for index in indexes]
        mime = QMimeData()
        mime.setData(ROW_MIME, ",".join(map(str, numbers)).encode())
        clips = filter(None, map(self.workspace.clip, numbers))
        mime.setUrls([QUrl.fromLocalFile(str(clip.path)) for clip in clips])
        return mime

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        """Move rows, or add files."""
        if not data.hasFormat(ROW_MIME):
            return self.add_mime(data)
        place = row if row >= 0 else parent.row() if parent.isValid() else len(self._numbers)
        for text in bytes(data.data(ROW_MIME).data()).decode().split(","):
            number = int(text)
            if number in self._numbers:
                before = self._numbers.index(number) < place
                self.move(number, place - before)
                place += not before
        return True


def paths_in(mime: QMimeData) -> list[Path]:
    """The files that a drop or the clipboard names: as URLs, or as text with one path a line."""
    if mime.hasUrls():
        return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    paths = []
    for line in mime.text().splitlines()[:1000] if mime.hasText() else ():
        text = line.strip().strip("\"'")
        path = Path(QUrl(text).toLocalFile() if text.startswith("file:") else text)
        try:
            if text and path.is_absolute() and path.exists():
                paths.append(path)
        except OSError:
            continue  # a text that is no path, such as one that is too long
    return paths


def _identity(path: Path) -> Path:
    try:
        return path.resolve()
    except OSError:
        return path.absolute()
