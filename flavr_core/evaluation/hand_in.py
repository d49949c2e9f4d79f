"""Pictures of data sets without published truth, written as they are handed in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from flavr_core.errors import OutputError
from flavr_core.evaluation.contest import Drawing
from flavr_core.evaluation.datasets import Entry


class HandIn:
    """Writes FOLDER/CONTESTANT/GROUP/SAMPLE.png, and never over a file that is there."""

    def __init__(self, folder: Path, contestants: Sequence[str], entries: Sequence[Entry]) -> None:
        """Make sure that nothing is in the way.

        Raises:
            OutputError: naming the files that are there already.
        """
        self._folder = folder
        wanted = [self._path(name, entry.group, entry.name) for name in contestants for entry in entries]
        if there := [str(path) for path in wanted if path.exists()]:
            raise OutputError(
                f"{len(there)} of the pictures are there already: {', '.join(there)}.",
                "Choose another folder with --output.",
            )

    def add(self, drawing: Drawing) -> None:
        """Write one picture.

        Raises:
            OutputError: when it cannot be written.
        """
        path = self._path(drawing.network, drawing.sample.group, drawing.sample.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawing.made).save(path)
        except OSError as error:
            raise OutputError(
                f"'{path}' cannot be written: {error.strerror or error}.",
                "Choose another folder with --output.",
            ) from error

    def _path(self, contestant: str, group: str, sample: str) -> Path:
        return self._folder / re.sub(r"[^\w.-]+", "_", contestant) / group / f"{sample}.png"
