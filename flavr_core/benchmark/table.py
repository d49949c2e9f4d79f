"""A table of figures as Markdown, as JSON and as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

Cell = str | float | int | None
"""What a cell holds; None where there is nothing to tell."""

_BAR, _ROW, _LABEL, _MARGIN = 640, 30, 420, 20
_COLOURS = ("#4477aa", "#bbbbbb", "#66ccee", "#ccbb44", "#ee6677")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures of one measurement."""

    title: str
    """What was measured."""
    machine: tuple[str, ...]
    """What it was measured on, and how."""
    columns: tuple[str, ...]
    """Names of the columns, with units."""
    rows: tuple[Mapping[str, Cell], ...]
    """One mapping of column to value a line."""
    bars: tuple[str, ...] = ()
    """Columns of the chart."""

    def as_markdown(self) -> str:
        """Title, machine, table."""
        lines = [f"# {self.title}", "", *(f"    {line}" for line in self.machine), ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|" + " --- |" * len(self.columns))
        lines += [
            "| " + " | ".join(_text(row.get(column)) for column in self.columns) + " |" for row in self.rows
        ]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"title": self.title, "machine": list(self.machine), "rows": [dict(row) for row in self.rows]}

    def label(self, row: Mapping[str, Cell]) -> str:
        """What a line is about: its words, without figures."""
        return " ".join(str(row[name]) for name in self.columns if isinstance(row.get(name), str))

    def save_chart(self, path: Path) -> None:
        """Bars of the columns `bars`, one group a line, as PNG."""
        groups = [[row.get(name) for name in self.bars] for row in self.rows]
        values = [value for group in groups for value in group if isinstance(value, int | float)]
        largest = max(values, default=1) or 1
        height = 3 * _MARGIN + _ROW * (len(self.rows) * max(1, len(self.bars)) + 1 + len(self.rows) // 2)
        image = Image.new("RGB", (_LABEL + _BAR + 6 * _MARGIN, height), "white")
        draw, font = ImageDraw.Draw(image), ImageFont.load_default(16)
        draw.text((_MARGIN, _MARGIN // 2), self.title, "black", font)
        x = _LABEL
        for name, colour in zip(self.bars, cycle(_COLOURS), strict=False):
            draw.rectangle((x, _MARGIN // 2 + 2, x + 14, _MARGIN // 2 + 16), colour)
            draw.text((x + 20, _MARGIN // 2), name, "black", font)
            x += 36 + round(draw.textlength(name, font))
        y = 2 * _MARGIN
        for row, group in zip(self.rows, groups, strict=True):
            draw.text((_MARGIN, y), self.label(row)[:50], "black", font)
            for number, value in enumerate(group):
                if isinstance(value, int | float):
                    width = round(_BAR * value / largest)
                    colour = _COLOURS[number % len(_COLOURS)]
                    draw.rectangle((_LABEL, y + 2, _LABEL + width, y + _ROW - 10), colour)
                    draw.text((_LABEL + width + 6, y), _text(value), "black", font)
                y += _ROW
            y += _ROW // 2
        image.save(path, "PNG")


def _text(value: Cell) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return (
            f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"
        )
    return str(value)
