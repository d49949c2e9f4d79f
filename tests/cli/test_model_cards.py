"""A network's card on the command line, and the picture of what it is weak at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from flavr_core.cli import main, model_cards
from flavr_core.cli.plan_words import purpose_words
from flavr_core.evaluation.sheet import GAP_PX, TITLE_PX
from flavr_core.model import catalog
from flavr_core.model.catalog import Origin, read_catalog
from flavr_core.sample.hard_cases import HARD_CASES
from tests.small_networks import small_adacof


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setattr(catalog, "user_dir", lambda: folder)
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "own.safetensors"
    save_file(small_adacof().state_dict(), path)
    return path


def test_every_shipped_network_says_and_shows_what_it_is_weak_at() -> None:
    shipped = [entry for entry in read_catalog().entries if entry.origin is Origin.EMBEDDED]
    assert len(shipped) >= 5
    for entry in shipped:
        name = entry.card.name
        assert entry.card.weaknesses, name
        assert set(entry.card.translations["de"]) == {"title", "purpose", "description", "weaknesses"}, name
        assert entry.picture is not None, name
        assert entry.picture.stat().st_size < 300_000, name
        with Image.open(entry.picture) as picture:
            width, height = model_cards.PART_PX
            # before, after, those beside it, the network, the truth
            across = len(model_cards.BESIDE) + 4
            down = len(HARD_CASES)
            assert picture.size == (across * (width + GAP_PX), down * (height + TITLE_PX)), name


def test_a_card_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "flavr-narrow"]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines()[:12])) <= model_cards.COLUMNS
    assert "Weak at: " in told
    assert "flavr-narrow-hard-cases.webp" in told
    assert "positions: 1/8, 1/4, 3/8" in told
    assert main(["models", "show", "default", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["default"]
    assert Path(record["picture"]).is_file()


def test_built_in_networks_have_a_card_without_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "motion"]) == 0
    told = capsys.readouterr().out
    assert "weights:" not in told
    assert "picture:" not in told
    assert main(["models", "picture", "motion"]) == 4
    assert "no picture of its own" in capsys.readouterr().err


def test_what_another_network_is_for_is_said_before_a_conversion() -> None:
    assert purpose_words("AdaCoF-compressed") == (
        "adacof-compressed: blurs what moves far; for comparing networks, FourFlow and motion are better. "
        "`models show adacof-compressed` says what it is weak at."
    )
    for plain in ("default", "fourflow", "motion", "blend", "own.safetensors"):
        assert purpose_words(plain) == ""


def test_what_has_no_card_is_said(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", str(weights)]) == 4
    assert "is a file, which has no card" in capsys.readouterr().err
    assert main(["models", "show", "nobody"]) == 4
    assert "no model nobody" in capsys.readouterr().err


def test_the_picture_of_a_network_that_was_brought_in_goes_with_it(
    weights: Path,
    models_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flavr_core.cli.rendered_samples.HARD_CASES", HARD_CASES[:1])
    picture = models_dir / f"own{catalog.PICTURE_ENDING}"
    assert main(["models", "import", str(weights), "--dilation", "1"]) == 0
    assert main(["models", "picture", "own"]) == 0
    assert f"saved {picture}" in capsys.readouterr().out
    with Image.open(picture) as drawn:
        pixels = np.asarray(drawn.convert("RGB"))
    assert pixels.std() > 20
    assert main(["models", "show", "own"]) == 0
    assert f"picture: {picture}" in capsys.readouterr().out
    other = small_adacof().state_dict()
    save_file({key: value * 0.5 for key, value in other.items()}, weights)
    assert main(["models", "import", str(weights), "--dilation", "1", "--replace"]) == 0
    assert not picture.exists()  # it showed the weights before
    assert main(["models", "picture", "own"]) == 0
    assert main(["models", "remove", "own"]) == 0
    assert list(models_dir.iterdir()) == []


def test_a_picture_that_cannot_be_written_leaves_nothing(
    weights: Path,
    models_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(["models", "import", str(weights), "--dilation", "1"]) == 0
    before = sorted(models_dir.iterdir())
    monkeypatch.setattr("flavr_core.cli.rendered_samples.HARD_CASES", HARD_CASES[:1])

    def refuse(self: Path, _target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    assert main(["models", "picture", "own"]) == 6
    assert "cannot be written" in capsys.readouterr().err
    assert sorted(models_dir.iterdir()) == before
