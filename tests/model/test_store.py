"""The catalogue and the user's models: names, cards, importing, verifying, removing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from flavr_core.cli import main
from flavr_core.errors import ModelError, OutputError
from flavr_core.model import catalog, load
from flavr_core.model.cards import ModelCard, card_from_json, card_to_json
from flavr_core.model.store import examine_model, import_model, remove_model, verify_model

State = dict[str, Tensor]


@pytest.fixture
def weights(small_state: State, tmp_path: Path) -> Path:
    """A checkpoint as the authors' training leaves it, but small."""
    path = tmp_path / "My FLAVR (1).pth"
    torch.save({"epoch": 1, "state_dict": {f"module.{k}": v for k, v in small_state.items()}}, path)
    return path


@pytest.mark.parametrize("name", ["a", "FLAVR_2x", "v1.2+x-y", "9", "x" * 64])
def test_good_names(name: str) -> None:
    assert catalog.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "a b", "-x", ".x", "x.", "x" * 65, "naïve", "a\0b", "a\n", "C:x",
     "default", "Default", "catalog", "CON", "nul.x", "lpt1", "a*b", "~"],
)  # fmt: skip
def test_bad_names(name: str) -> None:
    with pytest.raises(ModelError, match="cannot be called"):
        catalog.check_name(name)


@pytest.mark.parametrize("stem", ["FLAVR_2x (1)", "…", "-a-", "ä b", ".hidden"])
def test_names_made_from_files_are_good(stem: str) -> None:
    name = catalog.name_for(Path(f"{stem}.pth"))
    assert catalog.check_name(name) == name


def test_a_file_is_examined_without_being_kept(weights: Path, models_dir: Path) -> None:
    seen = examine_model(weights)
    assert not models_dir.exists()
    assert import_model(weights) == seen
    assert examine_model(weights) == seen


def test_built_in_cards_tell_the_truth() -> None:
    for card in catalog.BUILT_IN:
        network = load(card.name)
        assert network.card == card
        assert (network.name, network.architecture) == (card.name, card.architecture)
        assert network.num_inputs == card.num_inputs
        assert network.positions is None
        assert network.num_parameters == card.parameters == 0


def test_default_is_in_the_catalogue(models_dir: Path) -> None:
    known = catalog.read_catalog()
    assert known.default in {entry.card.name for entry in known.entries}
    assert known.default == "fourflow"
    assert load("default").name == known.default
    assert catalog.QUICK in {entry.card.name for entry in known.entries}
    assert not known.problems


def test_shipped_models_are_sound() -> None:
    for entry in catalog.read_catalog().entries:
        if entry.origin is not catalog.Origin.IMPORTED:
            verify_model(entry.card.name)


def test_shipped_default_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "EMBEDDED_DIR", tmp_path)
    assert catalog.read_catalog().default == "motion"
    (tmp_path / "catalog.json").write_text('{"default": "blend"}')
    assert load("default").name == "blend"
    (tmp_path / "catalog.json").write_text("[]")
    with pytest.raises(ModelError, match="damaged"):
        catalog.read_catalog()


def test_cards_survive_json() -> None:
    card = ModelCard(
        name="x", title="ü", architecture="flavr", num_inputs=4, positions=("1/2",), scores={"psnr": 1.5}
    )
    assert card_from_json(card_to_json(card), where=Path("x.json")) == card


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"schema_version": 1}', '{"name": "x"}', '"x"'])
def test_bad_cards_are_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"x\.json is not a model card"):
        card_from_json(text, where=Path("x.json"))


def test_newer_cards_are_refused() -> None:
    with pytest.raises(ModelError, match="newer program"):
        card_from_json('{"schema_version": 99}', where=Path("x.json"))


def test_import_keeps_the_weights_alone(weights: Path, small_state: State, models_dir: Path) -> None:
    before = weights.read_bytes()
    card = import_model(weights)
    assert weights.read_bytes() == before
    assert card.name == "My_FLAVR_1"
    assert (card.architecture, card.num_inputs, card.positions) == ("flavr", 4, ("1/4", "1/2", "3/4"))
    assert card.source == weights.name
    stored = models_dir / card.file
    assert sorted(path.name for path in models_dir.iterdir()) == sorted([f"{card.name}.json", stored.name])
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == card.sha256
    assert stored.stat().st_size == card.file_bytes
    kept = load_file(stored)
    assert set(kept) == set(small_state)
    assert all(torch.equal(kept[name], value) for name, value in small_state.items())
    network = load("my_flavr_1")
    assert network.card == card
    assert network.num_parameters == card.parameters
    assert verify_model(card.name) == card.sha256


def test_half_precision_stays_half(small_state: State, tmp_path: Path, models_dir: Path) -> None:
    save_file({k: v.half() for k, v in small_state.items()}, tmp_path / "half.safetensors")
    card = import_model(tmp_path / "half.safetensors")
    assert all(value.dtype == torch.float16 for value in load_file(models_dir / card.file).values())
    assert load("half").dtype == torch.float32


def test_nothing_is_replaced_unasked(
    weights: Path, small_state: State, tmp_path: Path, models_dir: Path
) -> None:
    first = import_model(weights, name="mine")
    with pytest.raises(ModelError, match=r"There is a model mine already\. .*--replace"):
        import_model(weights, name="mine")
    with pytest.raises(ModelError, match="differs only in case"):
        import_model(weights, name="Mine", replace=True)
    for taken in ("blend", "MOTION"):
        with pytest.raises(ModelError, match="built in"):
            import_model(weights, name=taken, replace=True)
    other = tmp_path / "other.safetensors"
    save_file({k: v * 0.9 for k, v in small_state.items()}, other)
    second = import_model(other, name="mine", replace=True)
    assert second.sha256 != first.sha256
    assert sorted(path.name for path in models_dir.iterdir()) == sorted(["mine.json", second.file])
    verify_model("mine")


def test_networks_that_fail_are_not_imported(small_state: State, tmp_path: Path, models_dir: Path) -> None:
    small_state["outconv.1.bias"] = torch.full_like(small_state["outconv.1.bias"], torch.nan)
    save_file(small_state, tmp_path / "nan.safetensors")
    with pytest.raises(ModelError, match=r"nan\.safetensors: Its network draws numbers that are not finite"):
        import_model(tmp_path / "nan.safetensors")
    assert not models_dir.exists()


@pytest.mark.parametrize("fail_at", ["write", "rename"])
def test_a_full_disk_leaves_what_was_there(
    fail_at: str,
    weights: Path,
    small_state: State,
    tmp_path: Path,
    models_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import_model(weights, name="mine")
    before = {path.name: path.read_bytes() for path in models_dir.iterdir()}
    other = tmp_path / "other.safetensors"
    save_file({k: v * 0.9 for k, v in small_state.items()}, other)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if fail_at == "write":
            patch.setattr(os, "fsync", fail)
        else:
            patch.setattr(Path, "replace", fail)
        with pytest.raises(OutputError, match=r"mine cannot be stored .*No space left"):
            import_model(other, name="mine", replace=True)
        with pytest.raises(OutputError):
            import_model(other, name="new")
    assert {path.name: path.read_bytes() for path in models_dir.iterdir()} == before


def test_too_little_space_is_said_first(
    weights: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(OutputError, match="0 MB left"):
        import_model(weights)
    assert list(models_dir.iterdir()) == []


def test_a_folder_that_cannot_be_made(weights: Path, models_dir: Path) -> None:
    models_dir.parent.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot be stored"):
        import_model(weights)


def test_a_kill_leaves_the_old_model_or_the_new(weights: Path, small_state: State, models_dir: Path) -> None:
    card = import_model(weights, name="mine")
    # What is left when the program dies after the weights and before the card, and half-way in the weights.
    (models_dir / "mine-00000000.safetensors").write_bytes(b"new weights")
    (models_dir / ".mine-11111111.safetensors.abc.part").write_bytes(b"ha")
    assert verify_model("mine") == card.sha256
    assert not catalog.read_catalog().problems
    import_model(weights, name="mine", replace=True)
    assert sorted(path.name for path in models_dir.iterdir()) == sorted(["mine.json", card.file])


def test_verify_finds_what_is_wrong(weights: Path, models_dir: Path) -> None:
    card = import_model(weights, name="mine")
    stored, card_path = models_dir / card.file, models_dir / "mine.json"
    good, good_card = stored.read_bytes(), card_path.read_text()
    stored.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(ModelError, match="has changed since it was stored"):
        verify_model("mine")
    stored.write_bytes(good)
    card_path.write_text(good_card.replace('"num_inputs": 4', '"num_inputs": 3'))
    with pytest.raises(ModelError, match="says 3 as its number of inputs, the network has 4"):
        verify_model("mine")
    for text, words in (
        ("{", "not a model card"),
        (good_card.replace('"mine"', '"yours"'), "not the card of a model of that name"),
        (good_card.replace(card.file, "../../etc/passwd"), "not the card of a model of that name"),
        (good_card.replace(card.file, "gone.safetensors"), "is missing"),
    ):
        card_path.write_text(text)
        with pytest.raises(ModelError, match=words):
            load("mine")
        assert list(catalog.read_catalog().problems) == ["mine"]
    remove_model("mine")
    assert list(models_dir.iterdir()) == []


def test_files_outside_the_catalogue_are_verified(weights: Path) -> None:
    assert verify_model(str(weights)) == hashlib.sha256(weights.read_bytes()).hexdigest()
    with pytest.raises(ModelError, match="cannot be read"):
        verify_model("gone.pth")


def test_only_imported_models_are_removed(weights: Path, models_dir: Path) -> None:
    with pytest.raises(ModelError, match="built in and stays"):
        remove_model("motion")
    with pytest.raises(ModelError, match="no imported model"):
        remove_model("nothing")
    with pytest.raises(ModelError, match="cannot be called"):
        remove_model("../mine")
    import_model(weights, name="mine")
    import_model(weights, name="mine-00000000")
    remove_model("mine")
    assert {entry.card.name for entry in catalog.read_catalog().entries} == {
        "blend",
        "motion",
        "mine-00000000",
    } | {
        entry.card.name for entry in catalog.read_catalog().entries if entry.origin is catalog.Origin.EMBEDDED
    }
    verify_model("mine-00000000")


def test_unknown_names_list_the_known(models_dir: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no model bland\. There are: blend, motion"):
        load("bland")


def test_a_name_goes_before_a_file(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    weights.rename(tmp_path / "blend")
    assert load("blend").architecture == "blend"
    assert load("./blend").architecture == "flavr"
    assert load(Path("blend")).architecture == "flavr"


def test_the_commands(weights: Path, models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    text = capsys.readouterr().out
    assert "github.com/tarun005/FLAVR" in text
    assert "1IZe-39ZuXy3OheGJC-fT3shZocGYuNdH" in text
    assert main(["models", "import", str(weights), "--name", "mine"]) == 0
    assert "Imported mine: flavr, 4 inputs, positions 1/4 to 3/4" in capsys.readouterr().out
    assert main(["models", "import", str(weights), "--name", "mine"]) == 4
    assert "error: There is a model mine already." in capsys.readouterr().err
    assert main(["models", "import", str(weights), "--name", "mine", "--replace"]) == 0
    assert main(["models", "verify"]) == 0
    assert "mine: sound, sha256" in capsys.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    listed = {record["name"]: record for record in json.loads(capsys.readouterr().out)}
    assert listed["mine"]["positions"] == ["1/4", "1/2", "3/4"]
    assert sum(record["default"] for record in listed.values()) == 1
    (models_dir / "mine.json").write_text("{")
    assert main(["models", "list"]) == 0
    assert "warning:" in capsys.readouterr().err
    assert main(["models", "verify"]) == 4
    assert main(["models", "verify", "blend"]) == 0
    assert main(["models", "remove", "mine"]) == 0
    assert main(["models", "remove", "mine"]) == 4
    assert main(["models", "import", str(weights.with_name("none.pth"))]) == 4
    assert "https://github.com/tarun005/FLAVR" in capsys.readouterr().err


def test_listing_needs_no_torch() -> None:
    code = (
        "import sys; from flavr_core.cli import main; main(['models', 'list']); "
        "sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
