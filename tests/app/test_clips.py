"""From a drop to rows: search, probing, thumbnails, what is special and what is wrong, order, lost files."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.jobs.probing import MOST_CLIPS, Probing, find_clips, probe_clip
from app.jobs.thumbnails import Thumbnails
from app.viewmodels.clip_words import badges_of, clock, details_of, length_of
from app.viewmodels.clips import ROW_MIME, ClipRole, ClipsModel, paths_in
from app.viewmodels.shortcuts import Shortcuts
from app.viewmodels.workspace import Workspace
from app.views.actions import Actions
from app.views.clips import ClipsView
from flavr_core.errors import CancelledError, SettingsError
from flavr_core.media import probe
from flavr_core.progress import CancelToken
from tests import clip_factory


class Bench:
    """A workspace with its list of clips."""

    def __init__(self) -> None:
        self.workspace, self.probing, self.thumbnails = Workspace(), Probing(), Thumbnails()
        self.model = ClipsModel(self.workspace, probing=self.probing, thumbnails=self.thumbnails)
        self.messages: list[str] = []
        self.model.message.connect(self.messages.append)

    def column(self, role: int = Qt.ItemDataRole.DisplayRole) -> list[object]:
        return [self.model.index(row).data(role) for row in range(self.model.rowCount())]

    def names(self) -> list[object]:
        return self.column()

    def is_idle(self, count: int) -> bool:
        return self.model.rowCount() == count and not any(self.column(ClipRole.IS_BUSY))

    def close(self) -> None:
        self.probing.close()
        self.thumbnails.close()


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()
    del made
    gc.collect()


def make_images(
    folder: Path, *numbers: int, name: str = "shot_{:04d}.png", size: tuple[int, int] = (32, 24)
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        pixels = np.full((size[1], size[0], 3), number % 256, np.uint8)
        Image.fromarray(pixels).save(folder / name.format(number))


# What is found.


def test_folders_are_searched_for_clips_and_series(tmp_path: Path) -> None:
    clip_factory.make("constant", tmp_path)
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    clip = clip_factory.make("two_frames", tmp_path / "deep" / "deeper")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / ".hidden").mkdir()
    clip_factory.make("constant", tmp_path / ".hidden")
    make_images(tmp_path / "series", 1, 2, 3)
    make_images(tmp_path / "mixed", 1, 2)
    make_images(tmp_path / "mixed", 1, 2, 3, name="b{:02d}.png")
    make_images(tmp_path / "cover", 1)
    found = find_clips([tmp_path], CancelToken())
    assert set(found.clips) == {
        tmp_path / "constant.mp4",
        clip,
        tmp_path / "series",
        tmp_path / "mixed" / "shot_0001.png",
        tmp_path / "mixed" / "b01.png",
    }
    assert not found.empty


def test_images_of_one_series_dropped_together_are_one_clip(tmp_path: Path) -> None:
    make_images(tmp_path, 1, 2, 3)
    make_images(tmp_path, 7, name="single.png")
    dropped = sorted(tmp_path.iterdir(), reverse=True)
    assert find_clips(dropped, CancelToken()).clips == (tmp_path / "single.png", tmp_path / "shot_0001.png")


def test_files_are_tried_whatever_their_name_and_folders_without_clips_are_named(tmp_path: Path) -> None:
    odd = tmp_path / "a file.xyz"
    odd.write_bytes(b"x")
    (tmp_path / "nothing").mkdir()
    found = find_clips([odd, tmp_path / "nothing", odd], CancelToken())
    assert found.clips == (odd,)
    assert found.empty == (tmp_path / "nothing",)


def test_a_search_is_bounded_and_can_be_cancelled(tmp_path: Path) -> None:
    for number in range(MOST_CLIPS + 20):
        (tmp_path / f"{number}.mp4").touch()
    found = find_clips([tmp_path], CancelToken())
    assert len(found.clips) == MOST_CLIPS
    assert found.cut_short
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        find_clips([tmp_path], token)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_go_in_circles_end(tmp_path: Path) -> None:
    clip = clip_factory.make("two_frames", tmp_path)
    (tmp_path / "circle").symlink_to(tmp_path, target_is_directory=True)
    assert find_clips([tmp_path], CancelToken()).clips == (clip,)


# What is said of a clip.


@pytest.mark.parametrize(
    ("name", "badges"),
    [
        ("constant", []),
        ("variable", ["Variable rate", "No sound"]),
        ("ten_bit", ["10 bit", "HDR", "No sound"]),
        ("alpha", ["Alpha", "No sound"]),
        ("interlaced", ["Interlaced", "No sound", "Note"]),
        ("rotated", ["Rotated 90°", "No sound"]),
        ("wide_pixels", ["Wide pixels", "No sound"]),
        ("one_frame", ["1 frame", "No sound"]),
    ],
)
def test_what_is_special_is_said_in_badges(name: str, badges: list[str], tmp_path: Path) -> None:
    info = probe(clip_factory.make(name, tmp_path))
    found = badges_of(info)
    assert [badge.text for badge in found] == badges
    assert all(badge.meaning.endswith(".") for badge in found)


def test_a_series_with_a_gap_has_a_note_and_its_pattern_as_name(
    tmp_path: Path, bench: Bench, qtbot: QtBot
) -> None:
    make_images(tmp_path / "shots", 1, 2, 4, 5)
    make_images(tmp_path / "shots", 9, 10, name="other{:02d}.png")
    bench.model.add_paths([tmp_path / "shots"])
    qtbot.waitUntil(lambda: bench.is_idle(2), timeout=60_000)
    assert bench.names() == ["other##.png", "shot_####.png"]
    badges = bench.column(ClipRole.BADGES)[1]
    assert [badge.text for badge in badges] == ["Images", "Notes"]  # type: ignore[attr-defined]
    assert "1 number is missing in the series (3)" in badges[1].meaning  # type: ignore[index]


def test_words(tmp_path: Path) -> None:
    probed = probe_clip(clip_factory.make("constant", tmp_path))
    assert length_of(probed.info) == "1.0 s"
    assert details_of(probed.info, probed.size_bytes).startswith("64 × 48 · 25 fps · ")
    assert details_of(None, 0) == length_of(None) == ""
    assert [clock(Fraction(n)) for n in (1, 75, 612, 3725)] == [
        "0:01.000", "1:15.000", "10:12.000", "1:02:05.000",
    ]  # fmt: skip


# The rows.


def test_clips_are_probed_and_get_their_picture(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    paths = [clip_factory.make(name, tmp_path) for name in ("constant", "variable", "ten_bit")]
    bench.model.add_paths(paths)
    qtbot.waitUntil(lambda: bench.is_idle(3), timeout=60_000)
    qtbot.waitUntil(lambda: None not in bench.column(ClipRole.THUMBNAIL), timeout=60_000)
    assert bench.names() == [path.name for path in paths]
    assert [clip.info is not None for clip in bench.workspace.clips] == [True] * 3
    assert bench.workspace.current is bench.workspace.clips[0]
    assert bench.column(ClipRole.PROBLEM) == [""] * 3
    assert bench.thumbnails.used_bytes > 0
    bench.model.remove([clip.number for clip in bench.workspace.clips])
    assert bench.thumbnails.used_bytes == 0


def test_what_is_wrong_is_said_in_plain_words_without_the_path(
    tmp_path: Path, bench: Bench, qtbot: QtBot
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all")
    cut = clip_factory.damage(clip_factory.make("constant", tmp_path), keep=0.4)
    bench.model.add_paths([tmp_path / "empty.mp4", tmp_path / "text.mp4", cut, tmp_path / "not there.mp4"])
    qtbot.waitUntil(lambda: bench.is_idle(4), timeout=60_000)
    problems = [str(problem) for problem in bench.column(ClipRole.PROBLEM)]
    assert problems[0].startswith("The file is empty.")
    assert problems[1].startswith("The file is no video or image that can be read.")
    assert all(problems)
    assert not any(str(tmp_path) in problem for problem in problems)
    assert bench.column(ClipRole.BADGES) == [()] * 4


def test_a_file_that_was_never_there_can_be_looked_for(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    number = bench.workspace.add(tmp_path / "gone.mp4").number
    qtbot.waitUntil(lambda: bench.model.is_missing(number), timeout=60_000)
    assert bench.column(ClipRole.PROBLEM)[0].startswith("The file is gone.")


def test_the_same_file_is_not_added_twice(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    clip = clip_factory.make("constant", tmp_path)
    detour = tmp_path / "x" / ".." / clip.name
    (tmp_path / "x").mkdir()
    bench.model.add_paths([clip, detour])
    qtbot.waitUntil(lambda: bench.is_idle(1), timeout=60_000)
    bench.model.add_paths([clip])
    qtbot.waitUntil(lambda: len(bench.messages) == 2, timeout=60_000)
    assert bench.model.rowCount() == 1
    assert bench.messages[-1] == "constant.mp4 is in the list already."


def test_the_first_of_the_new_clips_is_looked_at(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    known = clip_factory.make("constant", tmp_path)
    bench.model.add_paths([known])
    qtbot.waitUntil(lambda: bench.is_idle(1), timeout=60_000)
    first = clip_factory.make("two_frames", tmp_path)
    bench.model.add_paths([known, first, clip_factory.make("ntsc", tmp_path)])
    qtbot.waitUntil(lambda: bench.is_idle(3), timeout=60_000)
    assert bench.workspace.current is not None
    assert bench.workspace.current.path == first
    bench.model.add_paths([known])
    qtbot.waitUntil(lambda: bench.workspace.current is bench.workspace.clips[0], timeout=60_000)


def test_removed_clips_come_back_with_their_rows(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    bench.model.add_paths([clip_factory.make(name, tmp_path) for name in ("constant", "ntsc", "two_frames")])
    qtbot.waitUntil(lambda: bench.is_idle(3), timeout=60_000)
    before = bench.names()
    bench.model.remove([clip.number for clip in bench.workspace.clips[:2]])
    assert bench.names() == before[2:]
    assert "2 clips" in bench.messages[-1]
    bench.workspace.undo()
    assert bench.names() == before
    qtbot.waitUntil(lambda: bench.column(ClipRole.THUMBNAIL)[0] is not None, timeout=60_000)


def test_folders_without_clips_are_told(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    (tmp_path / "nothing here").mkdir()
    bench.model.add_paths([tmp_path / "nothing here"])
    qtbot.waitUntil(lambda: bool(bench.messages), timeout=60_000)
    assert bench.messages == ["The folder nothing here holds no clips."]


def test_what_is_dropped_or_pasted_names_files(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    clip = clip_factory.make("constant", tmp_path)
    urls, text, web, words = QMimeData(), QMimeData(), QMimeData(), QMimeData()
    urls.setUrls([QUrl.fromLocalFile(str(clip))])
    text.setText(f'"{clip}"\nnot a path\n{QUrl.fromLocalFile(str(clip)).toString()}\n{"x" * 5000}')
    web.setUrls([QUrl("https://example.org/clip.mp4")])
    words.setText("some words")
    assert paths_in(urls) == [clip]
    assert paths_in(text) == [clip, clip]
    assert not bench.model.add_mime(web)
    assert bench.messages == ["Only files on this computer can be opened."]
    assert not bench.model.add_mime(words)
    assert bench.model.add_mime(urls)
    qtbot.waitUntil(lambda: bench.is_idle(1), timeout=60_000)


def test_a_file_of_weights_goes_to_where_networks_are_brought_in(
    tmp_path: Path, bench: Bench, qtbot: QtBot
) -> None:
    weights, mime = tmp_path / "upr-LARGE.PKL", QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(weights))])
    with qtbot.waitSignal(bench.model.weights_given) as given:
        assert bench.model.add_mime(mime)
    assert given.args == [weights]
    assert bench.messages == []
    assert bench.model.rowCount() == 0


def test_rows_are_moved_by_dragging(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    for name in ("a", "b", "c", "d"):
        bench.workspace.add(tmp_path / f"{name}.mp4")
    model = bench.model
    mime = model.mimeData([model.index(0), model.index(1)])
    assert mime.hasFormat(ROW_MIME)
    assert model.dropMimeData(mime, Qt.DropAction.CopyAction, 4, 0, QModelIndex())
    assert [str(name)[0] for name in bench.names()] == ["c", "d", "a", "b"]
    mime = model.mimeData([model.index(3)])
    model.dropMimeData(mime, Qt.DropAction.CopyAction, 0, 0, QModelIndex())
    assert [str(name)[0] for name in bench.names()] == ["b", "c", "d", "a"]
    assert [clip.path.stem for clip in bench.workspace.clips] == ["b", "c", "d", "a"]


def test_removing_a_clip_forgets_its_probing(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    clip = clip_factory.make("constant", tmp_path)
    number = bench.workspace.add(clip).number
    bench.model.remove([number])
    qtbot.wait(100)
    assert bench.model.rowCount() == 0
    assert bench.workspace.current is None


def test_a_file_that_went_missing_is_said_so_and_found_again(
    tmp_path: Path, bench: Bench, qtbot: QtBot
) -> None:
    first, second = clip_factory.make("constant", tmp_path), clip_factory.make("ntsc", tmp_path)
    bench.model.add_paths([first, second])
    qtbot.waitUntil(lambda: bench.is_idle(2), timeout=60_000)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in (first, second):
        path.rename(elsewhere / path.name)
    bench.model.check_missing()
    qtbot.waitUntil(lambda: bench.column(ClipRole.IS_MISSING) == [True, True], timeout=60_000)
    assert all("The file is gone" in str(problem) for problem in bench.column(ClipRole.PROBLEM))
    number = bench.workspace.clips[0].number
    bench.model.relink(number, elsewhere / first.name)
    qtbot.waitUntil(lambda: bench.is_idle(2), timeout=60_000)
    assert bench.column(ClipRole.IS_MISSING) == [False, False]
    assert [clip.path.parent for clip in bench.workspace.clips] == [elsewhere, elsewhere]
    assert all(clip.info is not None for clip in bench.workspace.clips)


def test_a_file_that_comes_back_is_read_again(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    clip = clip_factory.make("constant", tmp_path)
    bench.model.add_paths([clip])
    qtbot.waitUntil(lambda: bench.is_idle(1), timeout=60_000)
    away = clip.rename(tmp_path / "away.mp4")
    bench.model.check_missing()
    qtbot.waitUntil(lambda: bench.column(ClipRole.IS_MISSING) == [True], timeout=60_000)
    away.rename(clip)
    bench.model.check_missing()
    qtbot.waitUntil(lambda: bench.workspace.clips[0].info is not None, timeout=60_000)
    assert bench.column(ClipRole.PROBLEM) == [""]


def test_closing_while_much_is_probed(tmp_path: Path, qtbot: QtBot) -> None:
    bench = Bench()
    clip = clip_factory.make("long_gop", tmp_path)
    for number in range(40):
        bench.workspace.add(clip.with_name(f"{number}.mp4"))
    bench.close()
    qtbot.wait(50)
    assert all(clip.info is None for clip in bench.workspace.clips)
    del bench
    gc.collect()


# The panel.


@pytest.fixture
def view(bench: Bench, qtbot: QtBot) -> Iterator[ClipsView]:
    made = ClipsView(bench.model, Actions(Shortcuts(), bench.model))
    qtbot.addWidget(made)
    made.resize(260, 500)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def test_the_empty_list_says_what_to_do(view: ClipsView, bench: Bench, tmp_path: Path) -> None:
    assert view._pages.currentIndex() == 0
    number = bench.workspace.add(tmp_path / "x.mp4").number
    assert view._pages.currentIndex() == 1
    bench.model.remove([number])
    assert view._pages.currentIndex() == 0


def test_questions_for_files_begin_where_the_last_one_ended(
    view: ClipsView, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(*args: object) -> str:
        asked.append(args[2])
        return str(tmp_path / "shots")

    (tmp_path / "shots").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", answer)
    chosen = []
    view.folder_chosen.connect(chosen.append)
    view.open_folder()
    view.open_folder()
    assert asked == [str(Path.home()), str(tmp_path / "shots")]
    assert chosen == [tmp_path / "shots"] * 2


def test_last_times_clips_are_offered_on_the_empty_list(view: ClipsView) -> None:
    action = view._actions["reopen"]
    assert view._reopen.isVisible()
    action.setEnabled(False)
    assert view._reopen.isHidden()


def test_the_chosen_row_is_the_clip_that_is_looked_at(view: ClipsView, bench: Bench, tmp_path: Path) -> None:
    numbers = [bench.workspace.add(tmp_path / f"{name}.mp4").number for name in "abc"]
    assert view.list.currentIndex().row() == 0
    view.list.setCurrentIndex(bench.model.index(2))
    assert bench.workspace.current is bench.workspace.clip(numbers[2])
    bench.workspace.set_current(numbers[1])
    assert view.list.currentIndex().row() == 1
    assert view.selected() == [numbers[1]]


def test_keys_remove_and_move_rows(view: ClipsView, bench: Bench, tmp_path: Path, qtbot: QtBot) -> None:
    for name in "abc":
        bench.workspace.add(tmp_path / f"{name}.mp4")
    qtbot.keyClick(view.list, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert [str(name)[0] for name in bench.names()] == ["b", "a", "c"]
    assert view.list.currentIndex().row() == 1
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    assert [str(name)[0] for name in bench.names()] == ["b", "c"]
    view.list.selectAll()
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    assert bench.names() == []


def test_files_in_the_clipboard_are_pasted(
    view: ClipsView, bench: Bench, tmp_path: Path, qtbot: QtBot
) -> None:
    clip = clip_factory.make("constant", tmp_path)
    bench.workspace.add(tmp_path / "other.mp4")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(clip))])
    QGuiApplication.clipboard().setMimeData(mime)
    qtbot.keyClick(view.list, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bench.is_idle(2), timeout=60_000)
    QGuiApplication.clipboard().clear()
    view.paste()
    assert bench.messages == ["The clipboard holds no files."]


def test_the_context_menu_fits_the_clip(view: ClipsView, bench: Bench, tmp_path: Path, qtbot: QtBot) -> None:
    clip = clip_factory.make("constant", tmp_path)
    number = bench.workspace.add(clip).number
    qtbot.waitUntil(lambda: bench.is_idle(1), timeout=60_000)
    menu = view._menu(number)
    assert "Show in its folder" in [action.text() for action in menu.actions()]
    menu.deleteLater()
    clip.unlink()
    bench.model.check_missing()
    qtbot.waitUntil(lambda: bench.model.is_missing(number), timeout=60_000)
    menu = view._menu(number)
    assert "Find the file..." in [action.text() for action in menu.actions()]
    menu.deleteLater()
    menu = view._menu(0)
    assert [action.text() for action in menu.actions()] == ["Open...", "Open folder...", "Paste files"]
    menu.deleteLater()


def test_rows_of_every_kind_can_be_painted(
    view: ClipsView, bench: Bench, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / ("a very long name " * 8 + ".mp4")).touch()
    for name in ("ten_bit", "interlaced", "alpha"):
        clip_factory.make(name, tmp_path)
    bench.model.add_paths([tmp_path])
    assert view.grab().width() > 0  # while they are probed
    qtbot.waitUntil(lambda: bench.is_idle(4), timeout=60_000)
    for width in (120, 260, 600):
        view.resize(width, 500)
        assert view.grab().toImage().pixelColor(width // 2, 120).isValid()


def drop(widget: QWidget, place: QPoint, mime: QMimeData) -> None:
    """As the system drops: enter, move, drop."""
    keys = Qt.KeyboardModifier.NoModifier
    for kind in (QDragEnterEvent, QDragMoveEvent):
        over = kind(QPointF(place), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, keys)
        QApplication.sendEvent(widget, over)
    event = QDropEvent(QPointF(place), Qt.DropAction.CopyAction, mime, Qt.MouseButton.NoButton, keys)
    QApplication.sendEvent(widget, event)
    assert event.isAccepted()


def test_files_are_dropped_on_the_empty_field_and_on_the_list(
    view: ClipsView, bench: Bench, tmp_path: Path, qtbot: QtBot
) -> None:
    for name, widget in (("constant", view._zone), ("ntsc", view.list.viewport())):
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(clip_factory.make(name, tmp_path)))])
        count = bench.model.rowCount()
        drop(widget, widget.rect().center(), mime)
        qtbot.waitUntil(lambda count=count: bench.is_idle(count + 1), timeout=60_000)
    assert bench.names() == ["constant.mp4", "ntsc.mp4"]


def test_a_row_is_dropped_above_another_and_no_file_is_ever_moved(
    view: ClipsView, bench: Bench, tmp_path: Path
) -> None:
    for name in "abc":
        bench.workspace.add(tmp_path / f"{name}.mp4")
    assert bench.model.supportedDragActions() == Qt.DropAction.CopyAction
    mime = bench.model.mimeData([bench.model.index(2)])
    view.grab()
    drop(view.list.viewport(), view.list.visualRect(bench.model.index(0)).topLeft() + QPoint(40, 1), mime)
    assert [str(name)[0] for name in bench.names()] == ["c", "a", "b"]
    assert bench.model.rowCount() == 3


def test_the_rate_of_a_series_of_images_is_the_users(tmp_path: Path, bench: Bench, qtbot: QtBot) -> None:
    make_images(tmp_path / "shots", *range(1, 13))
    bench.model.add_paths([tmp_path / "shots"])
    qtbot.waitUntil(lambda: bench.is_idle(1), timeout=60_000)
    clip = bench.workspace.clips[0]
    assert clip.info is not None
    assert clip.info.rate == 24
    bench.model.set_rate(clip.number, "29.97")
    qtbot.waitUntil(lambda: clip.info is not None, timeout=60_000)
    assert clip.info.rate == Fraction(30000, 1001)
    assert clip.settings(tmp_path / "out.mp4").sequence_rate == Fraction(30000, 1001)
    with pytest.raises(SettingsError):
        bench.model.set_rate(clip.number, "fast")
