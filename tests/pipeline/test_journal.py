"""The journal names only whole segments, and refuses to go on when anything changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flavr_core.errors import OutputError
from flavr_core.pipeline.journal import FRAMES, Journal, Segment, kept_frames, work_folder

SEGMENTS = tuple(Segment(index=index, start=10 * index, stop=stop) for index, stop in enumerate((10, 20, 25)))
FINGERPRINT: dict[str, Any] = {"source": "clip.mp4", "export settings": {"crf": 18}}


def journal_of(output: Path, **changes: Any) -> Journal:
    return Journal(output, fingerprint={**FINGERPRINT, **changes}, segments=SEGMENTS)


def render(journal: Journal, index: int, content: bytes) -> None:
    temporary = journal.folder / f"segment-{index:05d}.tmp.mkv"
    temporary.write_bytes(content)
    journal.close_segment(journal.segments[index], temporary, made=3, filmed=2)


def test_resume_takes_whole_segments_and_makes_damaged_ones_again(tmp_path: Path) -> None:
    output = tmp_path / "ölwechsel im mai.mp4"
    first = journal_of(output)
    first.open_new()
    render(first, 0, b"zero")
    render(first, 2, b"two")
    first.release(keep=True)
    first.segment_path(2).write_bytes(b"tw")
    second = journal_of(output)
    notes = second.open_existing()
    assert [segment.index for segment in second.pending] == [1, 2]
    assert len(notes) == 1
    assert "Segment 2" in notes[0]
    assert second.segments[0].made == 3
    second.release(keep=False)
    assert not work_folder(output).exists()


def test_resume_refuses_other_settings_and_names_them(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    first = journal_of(output)
    first.open_new()
    first.release(keep=True)
    with pytest.raises(OutputError, match=r"another export settings\.") as caught:
        journal_of(output, **{"export settings": {"crf": 20}}).open_existing()
    assert "--overwrite" in caught.value.hint


def test_a_living_owner_is_respected(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    journal_of(output).open_new()
    with pytest.raises(OutputError, match="Another conversion"):
        journal_of(output).open_existing()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_version": 1}'])
def test_nonsense_in_the_journal_is_one_sentence(tmp_path: Path, content: str) -> None:
    output = tmp_path / "out.mp4"
    first = journal_of(output)
    first.open_new()
    first.release(keep=True)
    (first.folder / "journal.json").write_text(content)
    with pytest.raises(OutputError, match="no readable journal"):
        journal_of(output).open_existing()


def test_what_can_be_gone_on_from_is_counted(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    assert kept_frames(output) is None
    journal = journal_of(output, **{FRAMES: 25})
    journal.open_new()
    assert kept_frames(output) == (0, 25)
    render(journal, 0, b"zero")
    render(journal, 2, b"two")
    assert kept_frames(output) == (15, 25)
    (journal.folder / "journal.json").write_text("{}")
    assert kept_frames(output) is None
