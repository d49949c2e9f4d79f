"""The checks that `installer/run.py test` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer import checks


def test_a_failing_check_shows_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert not checks.run_static_check("broken", ["-c", "import sys; print('line 7 is wrong'); sys.exit(1)"])
    printed = capsys.readouterr().out
    assert "line 7 is wrong" in printed
    assert "broken" in printed
    assert "FAILED" in printed


def test_a_passing_check_says_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert checks.run_static_check("fine", ["-c", "print('nothing to see')"])
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(("broken", "code"), [(False, 0), (True, 1)])
def test_the_exit_code_tells_of_static_checks(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], broken: bool, code: int
) -> None:
    monkeypatch.setattr(checks, "STATIC_CHECKS", {"one": ["-c", f"raise SystemExit({int(broken)})"]})
    monkeypatch.setattr(checks, "run_pytest", lambda arguments: 0)
    assert checks.main([]) == code
    assert ("Failed besides pytest: one" in capfd.readouterr().out) == broken


def test_ci_runs_the_command_of_the_readme() -> None:
    root = Path(checks.__file__).resolve().parent.parent
    assert "python3 installer/run.py test" in (root / ".ci" / "run").read_text(encoding="utf-8")
