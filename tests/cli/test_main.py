"""What the command line does with errors of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from flavr_core import cli
from flavr_core.cli import presets


def test_a_fault_is_one_sentence_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_args: object) -> int:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(presets, "run", fail)
    assert cli.main(["presets", "list"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: The program failed: nobody foresaw this.")
    assert "Traceback" not in said
    saved = Path(said.split("'")[1])
    assert "ZeroDivisionError" in saved.read_text(encoding="utf-8")
    saved.unlink()


def test_ctrl_c_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(presets, "run", interrupt)
    assert cli.main(["presets", "list"]) == 130
    assert capsys.readouterr().err == "error: Cancelled.\n"
