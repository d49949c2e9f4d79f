"""Finding a command by a few of its letters."""

from __future__ import annotations

from collections.abc import Sequence

_WORD_START = 8
_IN_A_ROW = 5
_FOUND = 1


def score(query: str, text: str) -> int | None:
    """How well a text answers a query: letters in order, better at word starts and in a row.

    Args:
        query: what was typed; blanks and case do not count.
        text: what is searched.

    Returns:
        Larger is better; None when a letter is missing.
    """
    wanted = [letter for letter in query.casefold() if not letter.isspace()]
    return _score(wanted, text.casefold(), 0, is_row=False, known={})


def best_first(query: str, texts: Sequence[str]) -> list[int]:
    """Places of the texts that answer a query, the best first; all in their order for an empty one."""
    found = [(score(query, text), place) for place, text in enumerate(texts)]
    ranked = sorted(
        (-points, len(texts[place]) if query.strip() else 0, place)
        for points, place in found
        if points is not None
    )
    return [place for _, _, place in ranked]


def _score(
    wanted: list[str], text: str, start: int, *, is_row: bool, known: dict[tuple[int, int, bool], int | None]
) -> int | None:
    """The best that the rest of the letters can get from `start` on."""
    if not wanted:
        return 0
    key = (len(wanted), start, is_row)
    if key in known:
        return known[key]
    best: int | None = None
    place = text.find(wanted[0], start)
    while place >= 0:
        rest = _score(wanted[1:], text, place + 1, is_row=True, known=known)
        if rest is not None:
            here = _FOUND
            if is_row and place == start:
                here = _IN_A_ROW
            elif place == 0 or not text[place - 1].isalnum():
                here = _WORD_START
            best = max(here + rest, best or 0)
        place = text.find(wanted[0], place + 1)
    known[key] = best
    return best
