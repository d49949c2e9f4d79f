"""The user's own models: brought in stripped to the weights, checked, and thrown out again.

A model is its card: `NAME.json` is written last and replaced by rename, and names its file of weights,
which carries the beginning of its hash. So whenever the program is killed, the old model or the new one
is there, whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from flavr_core.errors import ModelError, OutputError
from flavr_core.model import catalog
from flavr_core.model.adacof import MiddleNetwork
from flavr_core.model.architectures import from_state_dict, recognise
from flavr_core.model.cards import ModelCard, card_to_json
from flavr_core.model.catalog import Entry, Origin
from flavr_core.model.checkpoint import OPTION_PREFIX, Checkpoint, read_checkpoint
from flavr_core.model.licences import licence_of
from flavr_core.model.loading import load
from flavr_core.model.network import Network

TRIAL_SIZE_PX = 32
"""Side of the pictures on which a network is tried."""

HASH_CHUNK_BYTES = 1 << 20


def import_model(
    path: Path,
    *,
    name: str | None = None,
    replace: bool = False,
    options: Mapping[str, str] | None = None,
) -> ModelCard:
    """Check a file of weights by building and trying its network, and keep the weights in the catalogue.

    Args:
        path: any file that `load` takes.
        name: what it is to be called; None for the file's name without its ending.
        replace: whether an imported model of that name may be replaced.
        options: what the file cannot tell, see `from_state_dict`.

    Raises:
        ModelError: when the file is no network, the name is taken or cannot be one.
        OutputError: when it cannot be stored; nothing is left behind then.
    """
    card, data = _examine(path, name=name, replace=replace, options=options)
    _store(card, data)
    return card


def examine_model(path: Path) -> ModelCard:
    """The card that `import_model` would give a file, for people to agree to before it is kept.

    Args:
        path: any file that `load` takes.

    Raises:
        ModelError: when the file is no network, or its name is that of one of the program's.
    """
    return _examine(path, name=None, replace=True, options=None)[0]


def _examine(
    path: Path, *, name: str | None, replace: bool, options: Mapping[str, str] | None
) -> tuple[ModelCard, bytes]:
    """Card and weights of a file whose network was built and tried; nothing is stored."""
    chosen = catalog.check_name(name if name is not None else catalog.name_for(path))
    _check_free(chosen, replace=replace)
    checkpoint = read_checkpoint(path)
    told = {**checkpoint.options, **(options or {})}
    try:
        network = from_state_dict(checkpoint.state, **told)
        try_network(network)
    except ModelError as error:
        raise ModelError(f"{path}: {error.message}", error.hint) from error
    data = _pack(checkpoint, told)
    digest = hashlib.sha256(data).hexdigest()
    licence = licence_of(network.architecture)
    card = ModelCard(
        name=chosen,
        title=f"{network.architecture}, {_outputs(network)}",
        architecture=network.architecture,
        num_inputs=network.num_inputs,
        positions=None if network.positions is None else tuple(map(str, network.positions)),
        by_halving=isinstance(network, MiddleNetwork),
        parameters=network.num_parameters,
        description=" ".join(filter(None, (_ways(network), licence.terms))),
        licence=licence.name,
        source=path.name,
        file=f"{chosen}-{digest[:8]}.safetensors",
        file_bytes=len(data),
        sha256=digest,
        options=told,
    )
    return card, data


def remove_model(name: str) -> None:
    """Throw out an imported model.

    Raises:
        ModelError: when there is none of this name, or it belongs to the program.
        OutputError: when it cannot be deleted.
    """
    entry = _entry(name)
    if entry is not None and entry.origin is not Origin.IMPORTED:
        raise ModelError(f"{entry.card.name} is {entry.origin} and stays.", "Only imported models can go.")
    stored = entry.card.name if entry is not None else catalog.check_name(name)
    card_path = catalog.user_dir() / f"{stored}.json"
    try:
        card_path.unlink()
    except FileNotFoundError as error:
        raise ModelError(f"There is no imported model {name}.", "See `models list`.") from error
    except OSError as error:
        raise OutputError(f"{card_path} cannot be deleted: {error}.", "Check its permissions.") from error
    _sweep(stored, keep="")


def verify_model(name_or_path: str) -> str:
    """Hash, build and try a model; returns the hash of its file, empty where it needs none.

    Raises:
        ModelError: saying what is wrong with it.
    """
    entry = catalog.find(name_or_path)
    weights = Path(name_or_path) if entry is None else entry.weights
    digest = "" if weights is None else hash_file(weights)
    if entry is not None and entry.card.sha256 not in {"", digest}:
        raise ModelError(
            f"{weights} has changed since it was stored: its hash is {digest[:12]}, "
            f"not {entry.card.sha256[:12]}.",
            "Import the model again.",
        )
    network = load(name_or_path)
    if entry is not None:
        _check_card(entry, network)
    try_network(network)
    return digest


def try_network(network: Network) -> None:
    """Draw once on a small picture.

    Raises:
        ModelError: when what is drawn is not made of finite numbers.
    """
    generator = torch.Generator().manual_seed(0)
    window = torch.rand(1, network.num_inputs, 3, TRIAL_SIZE_PX, TRIAL_SIZE_PX, generator=generator)
    with torch.inference_mode():
        drawn = network(window, network.trial_positions)
    if not torch.isfinite(drawn).all():
        raise ModelError(
            "Its network draws numbers that are not finite.",
            "The weights are damaged, or training had failed.",
        )


def hash_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        ModelError: when it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(HASH_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Check its name and permissions.") from error
    return digest.hexdigest()


def _entry(name: str) -> Entry | None:
    folded = name.casefold()
    return next(
        (entry for entry in catalog.read_catalog().entries if entry.card.name.casefold() == folded), None
    )


def _check_free(name: str, *, replace: bool) -> None:
    entry = _entry(name)
    taken = entry is not None or (catalog.user_dir() / f"{name}.json").exists()
    if entry is not None and entry.origin is not Origin.IMPORTED:
        raise ModelError(f"{name} is the name of a {entry.origin} model.", "Choose another with --name.")
    if entry is not None and entry.card.name != name:
        raise ModelError(
            f"There is a model {entry.card.name}, which differs only in case.", "Choose another with --name."
        )
    if taken and not replace:
        raise ModelError(
            f"There is a model {name} already.", "Choose another with --name, or replace it with --replace."
        )


def _outputs(network: Network) -> str:
    if network.positions is None:
        return "any position"
    if isinstance(network, MiddleNetwork):
        return "the middle, others by halving"
    return f"{len(network.positions) + 1}x"


def _ways(network: Network) -> str:
    """How positions come about, where that is worth a word."""
    if isinstance(network, MiddleNetwork):
        return (
            "It draws the middle of two frames; other places are drawn by halving again and again, down to "
            "sixteenths, so that each costs up to four pictures."
        )
    return ""


def _check_card(entry: Entry, network: Network) -> None:
    positions = None if network.positions is None else tuple(map(str, network.positions))
    for what, said, found in (
        ("architecture", entry.card.architecture, network.architecture),
        ("number of inputs", entry.card.num_inputs, network.num_inputs),
        ("positions", entry.card.positions, positions),
    ):
        if said != found:
            raise ModelError(
                f"The card of {entry.card.name} says {said} as its {what}, the network has {found}.",
                "Import the model again.",
            )


def _pack(checkpoint: Checkpoint, options: Mapping[str, str]) -> bytes:
    """The weights under our names as safetensors; no element wider than float32."""
    _, state = recognise(checkpoint.state)
    weights: dict[str, Tensor] = {
        key: value.to(torch.float32) if value.dtype == torch.float64 else value
        for key, value in state.items()
    }
    metadata = {f"{OPTION_PREFIX}{key}": value for key, value in options.items()}
    return save({key: value.clone().contiguous() for key, value in weights.items()}, metadata=metadata)


def _store(card: ModelCard, data: bytes) -> None:
    folder = catalog.user_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < 2 * len(data):
            raise OutputError(
                f"{folder} has {free / 1e6:.0f} MB left; {card.name} needs {2 * len(data) / 1e6:.0f} MB.",
                "Free some space.",
            )
        _write(folder / card.file, data)
        _write(folder / f"{card.name}.json", card_to_json(card).encode())
    except OSError as error:
        _sweep(card.name, keep=_kept_file(card.name))
        raise OutputError(
            f"{card.name} cannot be stored in {folder}: {error}.", "Check space and permissions."
        ) from error
    _sweep(card.name, keep=card.file)


def _write(path: Path, data: bytes) -> None:
    """Write by a temporary name and rename, so that `path` is old or new, never half."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _kept_file(name: str) -> str:
    entry = _entry(name)
    return entry.card.file if entry is not None else ""


def _sweep(name: str, *, keep: str) -> None:
    """Delete weights of this model that no card names, whole or half-written by a killed import.

    Where none are kept before, or others, the card's picture shows what is gone.
    """
    folder = catalog.user_dir()
    orphans = {*folder.glob(f"{name}-????????.safetensors")} - {folder / keep}
    if orphans or not keep:
        orphans.add(folder / f"{name}{catalog.PICTURE_ENDING}")
    orphans |= set(folder.glob(f".{name}*.part"))
    for path in orphans:
        with suppress(OSError):  # on Windows one that is in use stays until next time
            path.unlink(missing_ok=True)
