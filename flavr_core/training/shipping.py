"""From the weights of a leg to a network that the program carries: file and card in `resources/models`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from flavr_core.errors import ModelError, SettingsError
from flavr_core.model import load
from flavr_core.model.cards import ModelCard, card_from_json, card_to_json
from flavr_core.model.catalog import CATALOG_FILE, EMBEDDED_DIR
from flavr_core.model.network import Network
from flavr_core.model.store import examine_model, hash_file
from flavr_core.training.beginnings import begin_anew
from flavr_core.training.kept_weights import read_about, write_weights

TITLES = {
    "fourflow": "FourFlow, four frames with light motion, any position",
    "flavr-narrow": "FLAVR with fewer channels, seven in-betweens at once",
    "upr-base": "UPR-Net base with weights of our own, two frames with flow, any position",
    "adacof-compressed": "AdaCoF compressed, two frames, the middle between them",
}
"""{network: a few words for a list} where no card says them yet."""
SHELF_NAMES = {"upr-base": "upr-net"}
"""{network: what it is called among the program's} where an authors' file has its name."""
HELD_OUT = "held-out windows while training, RGB PSNR dB"
"""Name of the score that a leg's curve tells."""


def ship(source: Path, name: str, *, share: float = 1.0, folder: Path = EMBEDDED_DIR) -> ModelCard:
    """Put a leg's weights among the program's networks, with a card that keeps the words of an earlier one.

    Cards of other networks that draw with the same file tell the same of it.

    Args:
        source: a leg's folder, of which the average and the curve are taken, or a file of weights.
        name: what was trained, see `begin_anew`; the network is called so, or as `SHELF_NAMES` says.
        share: of these weights in a mean with those that are there now. Such a mean often draws as well and
            sees more kinds of pictures (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
        folder: where file and card go.

    Raises:
        ModelError: when the file holds no such network, or one that draws no numbers, or there is none for a
            mean.
        SettingsError: when `share` is no share.
    """
    if not 0 < share <= 1:
        raise SettingsError(f"--ship-share {share:g} is no share.", "It is above 0 and at most 1.")
    weights = source / "average.safetensors" if source.is_dir() else source
    found, wanted = load(str(weights)), begin_anew(name)
    if {key: value.shape for key, value in found.state_dict().items()} != {
        key: value.shape for key, value in wanted.state_dict().items()
    }:
        raise ModelError(f"'{weights}' does not hold the weights of {name}.", "Name what was trained.")
    shelf_name = SHELF_NAMES.get(name, name)
    target, card_path = folder / f"{shelf_name}.safetensors", folder / f"{shelf_name}.json"
    if card_path.exists():
        card = card_from_json(card_path.read_text(encoding="utf-8"), where=card_path)
    else:
        card = replace(examine_model(weights), title=TITLES.get(name, name), description="", options={})
    about, curve = read_about(weights), source / "curve.jsonl"
    shipped = target.with_suffix(".new")
    if share == 1:
        shutil.copyfile(weights, shipped)
    else:
        about["recipe"] = f"{about.get('recipe', '')}, then {share:.0%} of it and the rest of what was before"
        write_weights(_mean(found, target, share), shipped, about)
    card = replace(
        card,
        name=shelf_name,
        licence="Apache-2.0",
        source="trained by this project",
        file=target.name,
        file_bytes=shipped.stat().st_size,
        sha256=hash_file(shipped),
        training={**card.training, **{key: about[key] for key in ("recipe", "seed") if key in about},
                  "steps": f"{about.get('step', 0)} ({int(about.get('samples', 0)):,} samples)"},
        scores=_last_score(curve) if curve.exists() and share == 1 else {},
    )  # fmt: skip
    shipped.replace(target)
    card_path.write_text(card_to_json(card), encoding="utf-8")
    for path in sorted(set(folder.glob("*.json")) - {card_path, folder / CATALOG_FILE}):
        other = card_from_json(path.read_text(encoding="utf-8"), where=path)
        if other.file == card.file:
            same = replace(
                other, file_bytes=card.file_bytes, sha256=card.sha256, training=card.training, scores={}
            )
            path.write_text(card_to_json(same), encoding="utf-8")
    return card


def _mean(found: Network, earlier: Path, share: float) -> Network:
    """`share` of a network's weights and the rest of those of a file, in the network."""
    if not earlier.exists():
        raise ModelError(
            f"'{earlier}' is not there for a mean.", "Ship these weights alone: without --ship-share."
        )
    before = load(str(earlier)).state_dict()
    with torch.no_grad():
        for key, value in found.state_dict().items():
            value.copy_(torch.lerp(before[key].float(), value.float(), share))
    return found


def _last_score(curve: Path) -> dict[str, float]:
    lines = [json.loads(line) for line in curve.read_text(encoding="utf-8").splitlines()]
    scores = [line["psnr_db"] for line in lines if "psnr_db" in line]
    return {HELD_OUT: round(scores[-1], 2)} if scores else {}
