"""Every command of the window by name, with the keys that call it by default.

Texts are English here and translated where they are shown (context `Commands`). Keys are written as Qt
does in its portable form, `Ctrl+Shift+P`.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

CONTEXT = "Commands"
"""Translation context of texts and groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing that the user can have done."""

    name: str
    """Its name in settings and in code."""
    text: str
    """What menus and the palette call it, in English; `...` when it asks something first."""
    group: str
    """Heading in lists, in English."""
    keys: tuple[str, ...] = ()
    """Keys by default."""
    icon: str = ""
    """Plain word of its icon; empty for none."""
    checkable: bool = False
    """Whether it is on or off."""

    @property
    def title(self) -> str:
        """The text in the user's language."""
        return translated(self.text)

    @property
    def heading(self) -> str:
        """The group in the user's language."""
        return translated(self.group)


_FILE = str(QT_TRANSLATE_NOOP("Commands", "File"))
_EDIT = str(QT_TRANSLATE_NOOP("Commands", "Edit"))
_VIEW = str(QT_TRANSLATE_NOOP("Commands", "View"))
_PLAYBACK = str(QT_TRANSLATE_NOOP("Commands", "Playback"))
_QUEUE = str(QT_TRANSLATE_NOOP("Commands", "Queue"))
_HELP = str(QT_TRANSLATE_NOOP("Commands", "Help"))


def _command(
    name: str, text: object, group: str, keys: str = "", icon: str = "", *, checkable: bool = False
) -> Command:
    """A command from a row of the table; keys are apart by blanks."""
    return Command(
        name=name, text=str(text), group=group, keys=tuple(keys.split()), icon=icon, checkable=checkable
    )


# fmt: off
COMMANDS: tuple[Command, ...] = (
    _command("open", QT_TRANSLATE_NOOP("Commands", "Open..."), _FILE, "Ctrl+O", "open"),
    _command("open-folder", QT_TRANSLATE_NOOP("Commands", "Open folder..."),
             _FILE, "Ctrl+Shift+O", "folder"),
    _command("paste", QT_TRANSLATE_NOOP("Commands", "Paste files"), _FILE, "Ctrl+V", "copy"),
    _command("reopen", QT_TRANSLATE_NOOP("Commands", "Reopen last time's clips"),
             _FILE, "Ctrl+Shift+T", "retry"),
    _command("sample", QT_TRANSLATE_NOOP("Commands", "Try the sample clip"), _FILE, "", "star"),
    _command("remove-clip", QT_TRANSLATE_NOOP("Commands", "Remove clip"), _FILE, "Ctrl+Del", "remove"),
    _command("export", QT_TRANSLATE_NOOP("Commands", "Export"), _FILE, "Ctrl+E", "export"),
    _command("export-gif", QT_TRANSLATE_NOOP("Commands", "Export as GIF"), _FILE, "Ctrl+Shift+G", "gif"),
    _command("export-comparison", QT_TRANSLATE_NOOP("Commands", "Export comparison..."),
             _FILE, "Ctrl+Shift+E", "compare"),
    _command("add-to-queue", QT_TRANSLATE_NOOP("Commands", "Add to queue"), _FILE, "Ctrl+Return", "add"),
    _command("copy-command", QT_TRANSLATE_NOOP("Commands", "Copy as command"), _FILE, "Ctrl+Shift+C", "copy"),
    _command("save-frame", QT_TRANSLATE_NOOP("Commands", "Save frame..."), _FILE, "C", "save"),
    _command("save-comparison", QT_TRANSLATE_NOOP("Commands", "Save picture of the comparison..."),
             _FILE, "Shift+C", "save"),
    _command("quit", QT_TRANSLATE_NOOP("Commands", "Quit"), _FILE, "Ctrl+Q", "close"),
    _command("undo", QT_TRANSLATE_NOOP("Commands", "Undo"), _EDIT, "Ctrl+Z", "undo"),
    _command("redo", QT_TRANSLATE_NOOP("Commands", "Redo"), _EDIT, "Ctrl+Shift+Z Ctrl+Y", "redo"),
    _command("mark-in", QT_TRANSLATE_NOOP("Commands", "Set in point"), _EDIT, "I", "mark-in"),
    _command("mark-out", QT_TRANSLATE_NOOP("Commands", "Set out point"), _EDIT, "O", "mark-out"),
    _command("clear-marks", QT_TRANSLATE_NOOP("Commands", "Clear in and out points"),
             _EDIT, "Alt+X", "clear"),
    _command("toggle-cut", QT_TRANSLATE_NOOP("Commands", "Add or remove a cut here"), _EDIT, "N", "cut"),
    _command("preferences", QT_TRANSLATE_NOOP("Commands", "Preferences..."), _EDIT, "Ctrl+,", "preferences"),
    _command("wipe", QT_TRANSLATE_NOOP("Commands", "Wipe"), _VIEW, "W", "wipe", checkable=True),
    _command("side-by-side", QT_TRANSLATE_NOOP("Commands", "Side by side"),
             _VIEW, "B", "side-by-side", checkable=True),
    _command("above-below", QT_TRANSLATE_NOOP("Commands", "Above and below"),
             _VIEW, "Shift+B", "above-below", checkable=True),
    _command("flip", QT_TRANSLATE_NOOP("Commands", "Flip between the sides"),
             _VIEW, "X", "flip", checkable=True),
    _command("difference", QT_TRANSLATE_NOOP("Commands", "Difference"),
             _VIEW, "D", "difference", checkable=True),
    _command("swap", QT_TRANSLATE_NOOP("Commands", "Swap sides"), _VIEW, "S", "swap", checkable=True),
    _command("flow", QT_TRANSLATE_NOOP("Commands", "Optical flow on side B"),
             _VIEW, "V", "flow", checkable=True),
    _command("labels", QT_TRANSLATE_NOOP("Commands", "Labels over the picture"),
             _VIEW, "Shift+L", checkable=True),
    _command("fit", QT_TRANSLATE_NOOP("Commands", "Fit to the window"), _VIEW, "0", "fit"),
    _command("one-to-one", QT_TRANSLATE_NOOP("Commands", "One to one"), _VIEW, "Ctrl+1", "single"),
    _command("zoom-in", QT_TRANSLATE_NOOP("Commands", "Zoom in"), _VIEW, "+ =", "zoom-in"),
    _command("zoom-out", QT_TRANSLATE_NOOP("Commands", "Zoom out"), _VIEW, "-", "zoom-out"),
    _command("magnifier", QT_TRANSLATE_NOOP("Commands", "Magnifier"),
             _VIEW, "M", "magnifier", checkable=True),
    _command("measure", QT_TRANSLATE_NOOP("Commands", "Measure A against B"),
             _VIEW, "Shift+M", "measure", checkable=True),
    _command("full-screen", QT_TRANSLATE_NOOP("Commands", "Full screen"),
             _VIEW, "F F11", "full-screen", checkable=True),
    _command("show-clips", QT_TRANSLATE_NOOP("Commands", "Clips"), _VIEW, "F6", "clips", checkable=True),
    _command("show-settings", QT_TRANSLATE_NOOP("Commands", "Settings"),
             _VIEW, "F7", "settings", checkable=True),
    _command("show-timeline", QT_TRANSLATE_NOOP("Commands", "Timeline"), _VIEW, "F8", checkable=True),
    _command("show-queue", QT_TRANSLATE_NOOP("Commands", "Queue"),
             _VIEW, "F9 Ctrl+J", "queue", checkable=True),
    _command("play", QT_TRANSLATE_NOOP("Commands", "Play or pause"), _PLAYBACK, "Space K", "play"),
    _command("slower", QT_TRANSLATE_NOOP("Commands", "Slower"), _PLAYBACK, "J"),
    _command("faster", QT_TRANSLATE_NOOP("Commands", "Faster"), _PLAYBACK, "L"),
    _command("frame-back", QT_TRANSLATE_NOOP("Commands", "One frame back"), _PLAYBACK, ",", "step-back"),
    _command("frame-forward", QT_TRANSLATE_NOOP("Commands", "One frame forward"),
             _PLAYBACK, ".", "step-forward"),
    _command("second-back", QT_TRANSLATE_NOOP("Commands", "One second back"), _PLAYBACK, "Left"),
    _command("second-forward", QT_TRANSLATE_NOOP("Commands", "One second forward"), _PLAYBACK, "Right"),
    _command("previous-cut", QT_TRANSLATE_NOOP("Commands", "Previous cut"),
             _PLAYBACK, "Ctrl+Left", "previous-cut"),
    _command("next-cut", QT_TRANSLATE_NOOP("Commands", "Next cut"), _PLAYBACK, "Ctrl+Right", "next-cut"),
    _command("start", QT_TRANSLATE_NOOP("Commands", "To the start"), _PLAYBACK, "Home", "first"),
    _command("end", QT_TRANSLATE_NOOP("Commands", "To the end"), _PLAYBACK, "End", "last"),
    _command("go-in", QT_TRANSLATE_NOOP("Commands", "To the in point"), _PLAYBACK, "Shift+I"),
    _command("go-out", QT_TRANSLATE_NOOP("Commands", "To the out point"), _PLAYBACK, "Shift+O"),
    _command("loop", QT_TRANSLATE_NOOP("Commands", "Loop the range"), _PLAYBACK, "R", "loop", checkable=True),
    _command("goto", QT_TRANSLATE_NOOP("Commands", "Go to time..."), _PLAYBACK, "G", "goto"),
    _command("mute", QT_TRANSLATE_NOOP("Commands", "Mute"), _PLAYBACK, "U", "mute", checkable=True),
    _command("preview", QT_TRANSLATE_NOOP("Commands", "Preview from here"), _PLAYBACK, "P", "preview"),
    _command("queue-start", QT_TRANSLATE_NOOP("Commands", "Start the queue"), _QUEUE, "", "play"),
    _command("queue-pause", QT_TRANSLATE_NOOP("Commands", "Pause the queue"), _QUEUE, "", "pause"),
    _command("queue-clear", QT_TRANSLATE_NOOP("Commands", "Remove what is finished"), _QUEUE, "", "clear"),
    _command("commands", QT_TRANSLATE_NOOP("Commands", "Find a command..."), _HELP, "Ctrl+Shift+P", "search"),
    _command("shortcuts", QT_TRANSLATE_NOOP("Commands", "Keyboard shortcuts"), _HELP, "?", "keyboard"),
    _command("models", QT_TRANSLATE_NOOP("Commands", "Models..."), _HELP, "", "models"),
    _command("doctor", QT_TRANSLATE_NOOP("Commands", "Check this computer..."), _HELP, "", "doctor"),
    _command("log", QT_TRANSLATE_NOOP("Commands", "Log..."), _HELP, "", "log"),
    _command("welcome", QT_TRANSLATE_NOOP("Commands", "Welcome"), _HELP, "", "star"),
    _command("about", QT_TRANSLATE_NOOP("Commands", "About FLAVR Studio"), _HELP, "", "about"),
)
"""All commands, in the order of lists."""
# fmt: on

HELD_KEYS = (
    ("1", str(QT_TRANSLATE_NOOP("Commands", "Side A alone, while held"))),
    ("2", str(QT_TRANSLATE_NOOP("Commands", "Side B alone, while held"))),
    ("Alt", str(QT_TRANSLATE_NOOP("Commands", "The wipe follows the mouse, while held"))),
)
"""(key, what it does in English) of keys that do something while they are held; they cannot be changed."""

_BY_NAME = {command.name: command for command in COMMANDS}


def command_named(name: str) -> Command:
    """A command. Raises KeyError for a name that is none."""
    return _BY_NAME[name]


def translated(text: str) -> str:
    """A text of this module in the user's language."""
    return QCoreApplication.translate(CONTEXT, text)
