"""Files of weights: told apart by their content, read without running anything in them, stripped bare.

A file may be a PyTorch checkpoint (the authors' with optimiser and `module.`, or a bare dictionary) or
safetensors. Pickles are read by PyTorch's restricted reader alone: a file that needs more is refused.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from flavr_core.errors import ModelError
from flavr_core.model.authors import AUTHORS_PAGE

STATE_KEYS = ("state_dict", "model_state_dict", "params_ema", "params", "model", "network")
"""Where training programs put the weights inside a checkpoint, in the order of asking."""

LEADING_PREFIXES = ("module.", "_orig_mod.")
"""Put before every name by DataParallel and by torch.compile."""

PART_PREFIXES = ("generator_ema.", "generator.")
"""Put by mmagic before the network's names; other parts of the training are left out."""

OPTION_PREFIX = "option."
"""Put before an option's name in the metadata of our own safetensors files."""


class FileKind(Enum):
    """What a file of weights is, by its first bytes."""

    SAFETENSORS = auto()
    TORCH_ZIP = auto()
    TORCH_LEGACY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a file of weights holds."""

    state: dict[str, Tensor]
    """{parameter name: values} with prefixes taken off, in the file's own element types."""
    options: dict[str, str] = field(default_factory=dict)
    """What names and shapes cannot tell, where a safetensors file of ours says it (`option.join`)."""


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the weights of a file; optimisers and the like are never loaded into memory where avoidable.

    Raises:
        ModelError: when the file is missing, damaged, no file of weights, or would have to run code.
    """
    kind = sniff(path)
    if kind is FileKind.SAFETENSORS:
        return _read_safetensors(path)
    return Checkpoint(state=strip_names(find_state(_read_torch(path, kind), path)))


def sniff(path: Path) -> FileKind:
    """What kind of file of weights this is.

    Raises:
        ModelError: when it is none, saying what it seems to be instead.
    """
    try:
        if path.is_dir():
            raise ModelError(f"{path} is a folder, not a file of weights.", "Give the file inside it.")
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError as error:
        raise ModelError(
            f"There is no file {path}.", f"The authors' FLAVR files are to be had at {AUTHORS_PAGE}."
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}.", "Check its permissions and its drive."
        ) from error
    if not size:
        raise ModelError(f"{path} is empty.", "Download or copy it again.")
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 100_000_000:
        if int.from_bytes(head[:8], "little") + 8 > size:
            raise _damaged(path)
        return FileKind.SAFETENSORS
    if head.startswith(b"PK\x03\x04"):
        _check_zip(path)
        return FileKind.TORCH_ZIP
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return FileKind.TORCH_LEGACY
    raise _foreign(path, head)


def _damaged(path: Path, detail: str = "") -> ModelError:
    return ModelError(
        f"{path} is damaged or only partly there" + (f" ({detail})." if detail else "."),
        "Download or copy it again.",
    )


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path, "its zip directory is missing") from error
    if not any(name.endswith("/data.pkl") for name in names):
        inside = names[0] if names else "nothing"
        raise ModelError(
            f"{path} is a zip archive of {len(names)} files ({inside}, ...), not a file of weights.",
            "Unpack it and import the file inside.",
        )
    if any("/code/" in name for name in names):
        raise ModelError(
            f"{path} is a TorchScript program, not a file of weights.",
            "Export its state_dict as safetensors.",
        )


def _foreign(path: Path, head: bytes) -> ModelError:
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return ModelError(
            f"{path} is a web page, not a file of weights: the download failed and its error page was saved.",
            "Open the link in a browser, confirm the download there, and import what it saves.",
        )
    if start.startswith(b"version https://git-lfs"):
        return ModelError(
            f"{path} is a Git LFS pointer, not the file itself.", "Fetch it with `git lfs pull`."
        )
    known = {b"\x1f\x8b": "a gzip archive", b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive",
             b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture"}  # fmt: skip
    what = next((f" but {name}" for magic, name in known.items() if head.startswith(magic)), "")
    return ModelError(
        f"{path} is not a file of weights{what}.", "Give a PyTorch checkpoint (.pth) or a safetensors file."
    )


def _read_safetensors(path: Path) -> Checkpoint:
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = dict(file.metadata() or {})
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise _damaged(path, str(error)) from error
    options = {
        key.removeprefix(OPTION_PREFIX): value
        for key, value in metadata.items()
        if key.startswith(OPTION_PREFIX)
    }
    return Checkpoint(state=strip_names(state), options=options)


# numpy's scalars, which training programs leave in checkpoints as scores; building one runs no code.
HARMLESS = [
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),  # type: ignore[attr-defined]
    np._core.multiarray.scalar,  # type: ignore[attr-defined]
    np.dtype,
    *(type(np.dtype(code)) for code in ("f8", "f4", "i8", "i4", "?")),
]


def _read_torch(path: Path, kind: FileKind) -> object:
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(HARMLESS):
            # torch warns of old pickle protocols; what matters is said below.
            warnings.simplefilter("ignore")
            return torch.load(
                str(path), map_location="cpu", weights_only=True, mmap=kind is FileKind.TORCH_ZIP
            )
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL ([\w.]+)|Unsupported (?:class|operand) ([\w.]+)", str(error))
        if "truncated" in str(error) or wanted is None:
            raise _damaged(path) from error
        name = (wanted.group(1) or wanted.group(2)).rstrip(".")
        # Of newer pickle protocols torch names the number of an instruction, which tells nobody anything.
        named = "" if name.isdigit() else f" ({name})"
        raise ModelError(
            f"{path} would have to run code{named} to be read, so it is refused.",
            "Save its weights alone, best as safetensors, with the program that made it.",
        ) from error
    except MemoryError as error:
        raise ModelError(f"{path} does not fit into memory.", "Close other programs.") from error
    except Exception as error:  # a damaged pickle can fail in any way; none of it is the user's business
        raise _damaged(path, type(error).__name__) from error


def find_state(loaded: object, path: Path) -> Mapping[str, Tensor]:
    """The dictionary of weights inside whatever a checkpoint holds.

    Raises:
        ModelError: when there is none.
    """
    if isinstance(loaded, Mapping):
        for candidate in (loaded, *(loaded.get(key) for key in STATE_KEYS)):
            if isinstance(candidate, Mapping):
                state = {
                    name: value
                    for name, value in candidate.items()
                    if isinstance(name, str) and isinstance(value, Tensor)
                }
                if len(state) > len(candidate) / 2:
                    return state
        found = ", ".join(str(key) for key in list(loaded)[:5]) or "nothing"
        raise ModelError(
            f"{path} holds no weights, only: {found}.",
            "Give the checkpoint of a network, not of its training.",
        )
    raise ModelError(
        f"{path} holds a {type(loaded).__name__}, not a dictionary of weights.",
        "Save the network's state_dict.",
    )


def strip_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names without what training wrappers put before them.

    `module.` and the like go where they lead, however often; never from the middle of a name.

    Raises:
        ModelError: when two names become the same.
    """
    stripped: dict[str, Tensor] = {}
    for original, value in state.items():
        name = original
        while name.startswith(LEADING_PREFIXES):
            name = name.partition(".")[2]
        if name in stripped:
            raise ModelError(f"The file holds {name} twice, with and without a prefix.", "Keep one of them.")
        stripped[name] = value
    for prefix in PART_PREFIXES:
        part = {
            name.removeprefix(prefix): value for name, value in stripped.items() if name.startswith(prefix)
        }
        if part:
            return part
    return stripped
