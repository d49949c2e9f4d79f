"""Every string of the window has its German, with the same places in it, in the file that is loaded."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PySide6.QtCore import QTranslator
from pytestqt.qtbot import QtBot

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources" / "translations"
_PLACE = re.compile(r"\{\w*\}|%n|%\d")


def _messages(path: Path) -> list[tuple[str, ET.Element]]:
    root = ET.parse(path).getroot()
    return [
        (str(context.findtext("name")), message)
        for context in root.iter("context")
        for message in context.iter("message")
    ]


def _forms(message: ET.Element) -> list[str]:
    translation = message.find("translation")
    assert translation is not None
    if message.get("numerus") == "yes":
        return [form.text or "" for form in translation.iter("numerusform")]
    return [translation.text or ""]


@pytest.mark.parametrize("language", ["de", "en"])
def test_nothing_is_unfinished(language: str) -> None:
    for context, message in _messages(FOLDER / f"studio_{language}.ts"):
        translation = message.find("translation")
        assert translation is not None
        assert translation.get("type") is None, (context, message.findtext("source"))
        assert all(_forms(message)), (context, message.findtext("source"))


def test_every_string_of_the_window_is_there(tmp_path: Path) -> None:
    tool = shutil.which("pyside6-lupdate", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("pyside6-lupdate is not installed")
    files = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("app/*/*.py"))]
    now = tmp_path / "now.ts"
    subprocess.run(
        [tool, *files, "-ts", str(now), "-locations", "none"],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    known = {(context, m.findtext("source")) for context, m in _messages(FOLDER / "studio_de.ts")}
    wanted = {(context, m.findtext("source")) for context, m in _messages(now)}
    assert wanted - known == set()
    assert known - wanted == set()


def test_places_are_the_same() -> None:
    for _, message in _messages(FOLDER / "studio_de.ts"):
        source = message.findtext("source") or ""
        for form in _forms(message):
            places = set(_PLACE.findall(form))
            wanted = set(_PLACE.findall(source))
            assert places == wanted or (places == wanted - {"%n"} and message.get("numerus") == "yes"), source


def test_menu_letters_are_unique() -> None:
    titles = [
        _forms(message)[0]
        for context, message in _messages(FOLDER / "studio_de.ts")
        if context == "MainWindow" and (message.findtext("source") or "").startswith("&")
    ]
    letters = [title[title.index("&") + 1].lower() for title in titles]
    assert len(letters) == 6
    assert len(set(letters)) == 6


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_file_that_is_loaded_is_made_from_the_one_that_is_edited(qtbot: QtBot, language: str) -> None:
    translator = QTranslator()
    assert translator.load(str(FOLDER / f"studio_{language}.qm"))
    for context, message in _messages(FOLDER / f"studio_{language}.ts"):
        source = message.findtext("source") or ""
        if message.get("numerus") == "yes":
            found = [translator.translate(context, source, "", count) for count in (1, 2)]
            assert found == _forms(message), source
        else:
            assert [translator.translate(context, source)] == _forms(message), source


def test_no_string_hides_where_lupdate_cannot_see_it() -> None:
    """Within an f-string it finds none, and the window would say that part in English."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted(ROOT.glob("app/*/*.py"))
        for string in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute | ast.Name)
        and (call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id) in ("tr", "translate")
        and all(isinstance(argument, ast.Constant) for argument in call.args)
    ]
    assert hidden == []
