"""Commands, their keys, and conflicts between them."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QKeySequence

from app.viewmodels.commands import COMMANDS, HELD_KEYS, command_named
from app.viewmodels.shortcuts import Shortcuts
from app.widgets.icons import NAMES


def test_names_are_unique_and_icons_exist() -> None:
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)
    assert {command.icon for command in COMMANDS if command.icon} <= set(NAMES)


def test_default_keys_call_one_command_each_and_are_keys() -> None:
    keys = [key for command in COMMANDS for key in command.keys] + [key for key, _ in HELD_KEYS]
    assert len(set(keys)) == len(keys)
    for key in (key for command in COMMANDS for key in command.keys):
        assert QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText) == key


def test_the_keys_of_the_design() -> None:
    shortcuts = Shortcuts()
    for name, keys in {
        "play": ("Space", "K"), "slower": ("J",), "faster": ("L",), "frame-back": (",",),
        "frame-forward": (".",), "second-back": ("Left",), "previous-cut": ("Ctrl+Left",), "mark-in": ("I",),
        "go-in": ("Shift+I",), "loop": ("R",), "goto": ("G",), "wipe": ("W",), "side-by-side": ("B",),
        "flip": ("X",),
        "difference": ("D",), "swap": ("S",), "fit": ("0",), "one-to-one": ("Ctrl+1",), "magnifier": ("M",),
        "save-frame": ("C",), "save-comparison": ("Shift+C",), "export": ("Ctrl+E",),
        "commands": ("Ctrl+Shift+P",), "shortcuts": ("?",),
    }.items():  # fmt: skip
        assert shortcuts.keys(name) == keys


def test_a_conflict_is_named_and_refused_unless_the_key_is_taken() -> None:
    shortcuts = Shortcuts()
    assert shortcuts.conflicts("wipe", ["b"]) == (command_named("side-by-side"),)
    with pytest.raises(ValueError, match="side-by-side"):
        shortcuts.set_keys("wipe", ["B"])
    shortcuts.set_keys("wipe", ["B", "W"], take=True)
    assert shortcuts.keys("wipe") == ("B", "W")
    assert shortcuts.keys("side-by-side") == ()
    assert shortcuts.own == {"wipe": ("B", "W"), "side-by-side": ()}


def test_resetting_one_takes_its_keys_back() -> None:
    shortcuts = Shortcuts({"wipe": ["B"], "side-by-side": [], "no-such-command": ["Z"]})
    shortcuts.reset("side-by-side")
    assert shortcuts.keys("side-by-side") == ("B",)
    assert shortcuts.keys("wipe") == ()
    shortcuts.reset()
    assert shortcuts.own == {}
    assert shortcuts.is_default("wipe")
