"""The collection of networks: listed, brought in, checked and thrown out in the background."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs.background import BackgroundCalls
from app.jobs.libraries import import_torch
from app.viewmodels.amounts import decimal, size_words
from app.viewmodels.networks import in_words
from flavr_core.errors import FlavrError, ModelError
from flavr_core.model.authors import AUTHORS_FILES, AUTHORS_PAGE
from flavr_core.model.cards import ModelCard
from flavr_core.model.catalog import Catalog, Entry, Origin, name_for, read_catalog
from flavr_core.progress import CancelToken


class ModelsModel(QObject):
    """What the collection holds, and one thing at a time that is done with it."""

    changed = Signal()
    """The collection is another one."""
    busy_changed = Signal()
    """Something began or ended."""
    said = Signal(str, bool)
    """(sentence, whether it is a problem): how something ended."""
    examined = Signal(Path, ModelCard)
    """A file is a network, and this would be its card: to be agreed to before `bring`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = BackgroundCalls(self, name="models")
        self._catalog = Catalog(entries=(), problems={}, default="")
        self._doing = ""
        self.read()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All networks: built in, shipped, brought in."""
        return self._catalog.entries

    @property
    def problems(self) -> dict[str, ModelError]:
        """{name: what is wrong} of those that cannot be used."""
        return self._catalog.problems

    @property
    def doing(self) -> str:
        """What is being done now, one sentence; empty for nothing."""
        return self._doing

    def is_default(self, entry: Entry) -> bool:
        """Whether it is the network that is used when none is chosen."""
        return entry.card.name == self._catalog.default

    def can_remove(self, entry: Entry) -> bool:
        """Whether it was brought in by the user, and so may go."""
        return entry.origin is Origin.IMPORTED

    def is_taken(self, path: Path) -> bool:
        """Whether a file's name is that of a network that was brought in."""
        name = name_for(path).casefold()
        return any(e.card.name.casefold() == name and self.can_remove(e) for e in self.entries)

    def read(self) -> None:
        """Look at the collection again."""
        try:
            self._catalog = read_catalog()
        except ModelError as error:
            self.said.emit(str(error), True)
        self.changed.emit()

    def examine(self, path: Path) -> None:
        """Look what a file of weights is, without keeping it; `examined` or a problem follows."""

        def action(token: CancelToken) -> ModelCard:
            import_torch()
            from flavr_core.model.store import examine_model

            token.check()
            return examine_model(path)

        def done(card: ModelCard) -> None:
            self._end("")
            self.examined.emit(path, card)

        self._begin(self.tr("Checking {name}...").format(name=path.name))
        self._calls.submit(action, on_done=done, on_error=self._on_error)

    def bring(self, path: Path, *, replace: bool = False) -> None:
        """Check a file of weights and keep it.

        Args:
            path: the file.
            replace: whether one of the same name that was brought in before goes.
        """

        def action(token: CancelToken) -> ModelCard:
            import_torch()
            from flavr_core.model.store import import_model

            token.check()
            return import_model(path, replace=replace)

        def done(card: ModelCard) -> None:
            self.read()
            self._end(
                self.tr("{name} was brought in: {title}.").format(
                    name=card.name, title=in_words(card, "title")
                )
            )

        self._begin(self.tr("Checking {name}...").format(name=path.name))
        self._calls.submit(action, on_done=done, on_error=self._on_error)

    def verify(self, name: str) -> None:
        """Hash, build and try a network."""

        def action(token: CancelToken) -> str:
            import_torch()
            from flavr_core.model.store import verify_model

            token.check()
            return verify_model(name)

        def done(_digest: str) -> None:
            self._end(self.tr("{name} is sound: its file is unchanged and it draws.").format(name=name))

        self._begin(self.tr("Checking {name}...").format(name=name))
        self._calls.submit(action, on_done=done, on_error=self._on_error)

    def remove(self, name: str) -> None:
        """Throw out a network that was brought in."""

        def action(token: CancelToken) -> None:
            from flavr_core.model.store import remove_model

            token.check()
            remove_model(name)

        def done(_nothing: None) -> None:
            self.read()
            self._end(self.tr("{name} was removed.").format(name=name))

        self._begin(self.tr("Removing {name}...").format(name=name))
        self._calls.submit(action, on_done=done, on_error=self._on_error)

    def facts(self, entry: Entry) -> tuple[tuple[str, str], ...]:
        """What a card says, as (label, value)."""
        card = entry.card
        origins = {
            Origin.BUILT_IN: self.tr("built in"),
            Origin.EMBEDDED: self.tr("comes with the program"),
            Origin.IMPORTED: self.tr("brought in by you"),
        }
        labels = {
            "recipe": self.tr("Recipe"),
            "seed": self.tr("Seed"),
            "steps": self.tr("Steps"),
            "data": self.tr("Data"),
            "hardware": self.tr("Trained on"),
            "commit": self.tr("Commit"),
        }
        positions = self.tr("any") if card.positions is None else ", ".join(card.positions)
        rows = (
            (self.tr("Origin"), origins[entry.origin]),
            (self.tr("Licence"), card.licence),
            (self.tr("Source"), card.source),
            (self.tr("Kind"), card.architecture),
            (self.tr("Frames it looks at"), str(card.num_inputs)),
            (self.tr("Places in a gap"), positions),
            (
                self.tr("Parameters"),
                f"{decimal(card.parameters / 1e6)} M" if card.parameters else self.tr("none"),
            ),
            (self.tr("Size"), size_words(card.file_bytes) if card.file_bytes else ""),
            (self.tr("SHA-256"), card.sha256),
            *((labels.get(name, name), value) for name, value in card.training.items()),
            (
                self.tr("Measured"),
                "\n".join(f"{name}: {decimal(value)}" for name, value in card.scores.items()),
            ),
        )
        return tuple((label, value) for label, value in rows if value)

    def where_to_get(self) -> str:
        """Where the authors of FLAVR keep their files, as rich text."""
        links = ", ".join(f'<a href="{address}">{name}</a>' for name, address in AUTHORS_FILES.items())
        page = f'<a href="{AUTHORS_PAGE}">{AUTHORS_PAGE}</a>'
        return self.tr("FLAVR by its authors ({page}): {links}. Download a file and drop it here.").format(
            page=page, links=links
        )

    def close(self) -> None:
        """Stop what is being done. May be called twice."""
        self._calls.close()

    def _begin(self, sentence: str) -> None:
        self._doing = sentence
        self.busy_changed.emit()

    def _end(self, sentence: str, *, is_problem: bool = False) -> None:
        self._doing = ""
        self.busy_changed.emit()
        self.said.emit(sentence, is_problem)

    def _on_error(self, error: Exception) -> None:
        if not isinstance(error, FlavrError):
            error = FlavrError(str(error) or type(error).__name__)
        self._end(str(error), is_problem=True)
