"""Reading the data sets of the literature: which files make which sample. How each is measured: `protocols`.

A data set is first listed as a whole, so that what is missing is said before anything is drawn; its
pictures are then read sample by sample (`pictures`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath

from flavr_core.errors import MediaError, SettingsError
from flavr_core.evaluation.frame_folders import clip_folders, frames_of, subfolders
from flavr_core.evaluation.protocols import ALIASES, PROTOCOLS

NAMED_FILES = 20
"""Missing files named in a message; the others are counted."""
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sample as files."""

    group: str
    """What means are taken over first."""
    name: str
    """Which sample of its group."""
    inputs: tuple[Path, ...]
    """Two or four pictures in order of time; the gap lies between the middle two."""
    truths: tuple[tuple[Fraction, Path | None], ...]
    """Positions in the gap with the pictures filmed there; None where they are not published."""
    crop: tuple[int, int] | None = None
    """Rows and columns cut from the centre; None for the whole picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """All samples of a data set."""

    name: str
    """Its name in `protocols.PROTOCOLS`."""
    protocol: str
    """How it is measured, in words."""
    entries: tuple[Entry, ...]
    """Every sample; never empty."""

    @property
    def has_truth(self) -> bool:
        """Whether what was filmed is published."""
        return all(path is not None for entry in self.entries for _, path in entry.truths)


def open_dataset(name: str, root: Path, *, list_file: Path | None = None) -> DataSet:
    """List a data set's samples and make sure that every file is there.

    Args:
        name: one of `protocols.PROTOCOLS` or `ALIASES`.
        root: its folder.
        list_file: a list to use instead of the set's own; blank lines are skipped.

    Raises:
        SettingsError: when there is no such data set, or it takes no list.
        MediaError: when the folder or the list is not there, holds nothing of the set, or files are missing.
    """
    name = ALIASES.get(name, name)
    if name not in PROTOCOLS:
        raise SettingsError(f"There is no data set {name}.", f"Choose from {', '.join(PROTOCOLS)}.")
    if not root.is_dir():
        raise MediaError(f"There is no folder '{root}'.", f"{name} is expected as {PROTOCOLS[name].layout}.")
    if name == "ucf101" and list_file is None and any(root.glob("*/framet.png")):
        name = "ucf101-five"  # the authors' own name for it
    entries = tuple(_READERS[name](name, root, _lines(list_file)))
    if not entries:
        raise MediaError(
            f"Nothing of {name} was found in '{root}'.", f"It is expected as {PROTOCOLS[name].layout}."
        )
    _check_files(name, root, entries)
    words = PROTOCOLS[name].words
    if list_file is not None:
        words += f"; samples of {list_file.name}"
    return DataSet(name=name, protocol=words, entries=entries)


def limited(dataset: DataSet, count: int) -> DataSet:
    """At most `count` samples, spread evenly over the set, and the protocol says so."""
    total = len(dataset.entries)
    if count >= total:
        return dataset
    entries = tuple(dataset.entries[number * total // count] for number in range(count))
    words = f"{dataset.protocol}; {count} of {total} samples, spread evenly"
    return replace(dataset, entries=entries, protocol=words)


def _lines(path: Path | None) -> list[str] | None:
    """The lines of a list without blank ones, line ends and byte-order mark."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MediaError(f"There is no list '{path}'.", "Name another one with --list.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"The list '{path}' cannot be read: {error}.", "It should be plain text.") from error
    lines = [line.strip().replace("\\", "/") for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise MediaError(f"The list '{path}' is empty.", "Name another one with --list.")
    return lines


def _check_files(name: str, root: Path, entries: Sequence[Entry]) -> None:
    """Raise one MediaError that names the missing files."""
    wanted: dict[Path, None] = {}
    for entry in entries:
        wanted.update(dict.fromkeys(entry.inputs))
        wanted.update(dict.fromkeys(path for _, path in entry.truths if path is not None))
    missing = [path for path in wanted if not path.is_file()]
    if not missing:
        return
    named = ", ".join(
        str(path.relative_to(root) if path.is_relative_to(root) else path) for path in missing[:NAMED_FILES]
    )
    if len(missing) > NAMED_FILES:
        named += f" and {len(missing) - NAMED_FILES} more"
    raise MediaError(
        f"{len(missing)} of the {len(wanted)} files of {name} are missing in '{root}': {named}.",
        f"Unpack the set anew, or name a shorter list with --list. Expected: {PROTOCOLS[name].layout}.",
    )


def _vimeo_septuplet(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    for line in lines or _lines(root / "sep_testlist.txt") or ():
        folder = _inside(root / "sequences", line)
        yield Entry(
            group=name,
            name=line,
            inputs=tuple(folder / f"im{number}.png" for number in (1, 3, 5, 7)),
            truths=((_HALF, folder / "im4.png"),),
        )


def _vimeo_triplet(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    is_split = not (root / "sequences").is_dir() and (root / "target").is_dir()
    inputs, target = ("input", "target") if is_split else ("sequences", "sequences")
    for line in lines or _lines(root / "tri_testlist.txt") or ():
        given = _inside(root / inputs, line)
        yield Entry(
            group=name,
            name=line,
            inputs=(given / "im1.png", given / "im3.png"),
            truths=((_HALF, _inside(root / target, line) / "im2.png"),),
        )


def _ucf101(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    wanted = ("frame_00.png", "frame_01_gt.png", "frame_02.png")
    for folder in _folders_holding(root, lines, wanted):
        first, truth, last = (folder / file for file in wanted)
        yield Entry(group=name, name=folder.name, inputs=(first, last), truths=((_HALF, truth),))


def _ucf101_five(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    wanted = ("frame0.png", "frame1.png", "frame2.png", "frame3.png", "framet.png")
    for folder in _folders_holding(root, lines, wanted):
        *inputs, truth = (folder / file for file in wanted)
        yield Entry(
            group=name, name=folder.name, inputs=tuple(inputs), truths=((_HALF, truth),), crop=(224, 224)
        )


def _middlebury_other(_: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    inputs = _first_folder(root, "input", "other-data")
    truths = _first_folder(root, "gt", "other-gt-interp")
    held = {folder.name: folder for parent in (truths, inputs) for folder in subfolders(parent)}
    for picture in lines or sorted(held):
        given = _inside(inputs, picture)
        truth = _inside(truths, picture) / "frame10i11.png"
        yield Entry(
            group=picture,
            name="frame10i11",
            inputs=(given / "frame10.png", given / "frame11.png"),
            truths=((_HALF, truth),),
        )


def _middlebury_eval(_: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    folder = _first_folder(root, "eval-data", ".")
    for given in _folders_holding(folder, lines, ("frame10.png", "frame11.png")):
        four = tuple(given / f"frame{number:02d}.png" for number in (9, 10, 11, 12))
        has_four = four[0].is_file() and four[3].is_file()
        yield Entry(
            group=given.name,
            name="frame10i11",
            inputs=four if has_four else four[1:3],
            truths=((_HALF, None),),
        )


def _snu_film(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    if lines is not None:
        yield from _snu_film_list(root, lines, group=name)
        return
    folders = [folder for folder in (root, root / "eval_modes", root / "test") if folder.is_dir()]
    for level in ("easy", "medium", "hard", "extreme"):
        found = [folder / f"test-{level}.txt" for folder in folders]
        path = next((path for path in found if path.is_file()), found[0])
        yield from _snu_film_list(root, _lines(path) or [], group=level)


def _snu_film_list(root: Path, lines: Sequence[str], *, group: str) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if len(words) != 3:
            raise MediaError(
                f"Sample {number} of the list for {group} does not name three pictures: '{line}'.",
                "A line holds three paths with spaces between them.",
            )
        first, truth, last = (_snu_film_path(root, word) for word in words)
        yield Entry(
            group=group,
            name=f"{truth.parent.name}-{truth.stem}",
            inputs=(first, last),
            truths=((_HALF, truth),),
        )


def _snu_film_path(root: Path, word: str) -> Path:
    """Lists name pictures from where their authors worked: data/SNU-FILM/test/... is test/... here."""
    parts = PurePosixPath(word).parts
    start = next((place for place, part in enumerate(parts) if part in ("GOPRO_test", "YouTube_test")), None)
    if start is None:
        return root / word
    below_test = Path(*parts[start:])
    return root / "test" / below_test if (root / "test").is_dir() else root / below_test


def _x_test(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    scenes: dict[str, Path] = {}
    for picture in sorted(path for depth in ("*", "*/*", "*/*/*") for path in root.glob(f"{depth}/0000.png")):
        scenes.setdefault(picture.parent.name, picture.parent)
    for scene in lines or scenes:
        folder = scenes.get(PurePosixPath(scene).name, root / scene)
        yield Entry(
            group=name,
            name=folder.name,
            inputs=(folder / "0000.png", folder / "0032.png"),
            truths=tuple((Fraction(n, 8), folder / f"{4 * n:04d}.png") for n in range(1, 8)),
        )


def _davis(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
    folder = _first_folder(root, "JPEGImages/480p", "JPEGImages/Full-Resolution", "JPEGImages", ".")
    for clip in clip_folders(folder, lines):
        frames = frames_of(clip)
        for start in range(0, len(frames) - 6, 2):
            yield Entry(
                group=name,
                name=f"{clip.name}-{start:05d}",
                inputs=tuple(frames[start : start + 7 : 2]),
                truths=((_HALF, frames[start + 3]),),
                crop=(480, 840),
            )


def _high_rate(factor: int, crop: tuple[int, int] | None) -> Reader:
    def read(name: str, root: Path, lines: list[str] | None) -> Iterator[Entry]:
        for clip in clip_folders(_first_folder(root, "test", "."), lines):
            frames = frames_of(clip / "sharp" if (clip / "sharp").is_dir() else clip)
            for start in range(0, len(frames) - 3 * factor, factor):
                middle = start + factor
                yield Entry(
                    group=name,
                    name=f"{clip.name}-{start:05d}",
                    inputs=tuple(frames[start : start + 3 * factor + 1 : factor]),
                    truths=tuple((Fraction(n, factor), frames[middle + n]) for n in range(1, factor)),
                    crop=crop,
                )

    return read


def _folders_holding(root: Path, lines: list[str] | None, files: Sequence[str]) -> list[Path]:
    """The listed folders, or all that hold at least one of the files, so that the others are missed."""
    if lines is not None:
        return [_inside(root, line) for line in lines]
    return [folder for folder in subfolders(root) if any((folder / file).is_file() for file in files)]


def _first_folder(root: Path, *names: str) -> Path:
    """The first of these folders that is there; the first of all when none is."""
    return next((root / name for name in names if (root / name).is_dir()), root / names[0])


def _inside(folder: Path, line: str) -> Path:
    """A folder that a list names, which must lie inside."""
    path = PurePosixPath(line)
    if path.is_absolute() or ".." in path.parts:
        raise MediaError(f"The list names '{line}', which is not inside '{folder}'.", "Name another list.")
    return folder / line


Reader = Callable[[str, Path, list[str] | None], Iterator[Entry]]
"""From a set's name, folder and list to its samples."""

_READERS: dict[str, Reader] = {
    "vimeo90k-septuplet": _vimeo_septuplet,
    "vimeo90k-triplet": _vimeo_triplet,
    "ucf101": _ucf101,
    "ucf101-five": _ucf101_five,
    "middlebury-other": _middlebury_other,
    "middlebury-eval": _middlebury_eval,
    "snu-film": _snu_film,
    "x-test": _x_test,
    "davis": _davis,
    "gopro-4x": _high_rate(4, (512, 512)),
    "gopro-8x": _high_rate(8, (512, 512)),
    "adobe-4x": _high_rate(4, None),
    "adobe-8x": _high_rate(8, None),
}
