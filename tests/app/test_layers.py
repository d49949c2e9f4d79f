"""What the import linter cannot say: no widgets below the views, no torch before the window stands."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    path for folder in ("viewmodels", "jobs") for path in sorted((ROOT / "app" / folder).rglob("*.py"))
]


def imported(path: Path) -> set[str]:
    """Every module named in an import statement of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_view_models_and_jobs_know_no_widgets(path: Path) -> None:
    assert not {name for name in imported(path) if name.startswith("PySide6.QtWidgets")}
    if path.parent.name == "viewmodels":
        assert not {name for name in imported(path) if name.startswith("PySide6.QtGui")}


def test_the_window_is_imported_without_torch() -> None:
    code = "import app.application, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=240).returncode == 0
