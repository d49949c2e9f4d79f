"""Sending the computer to sleep."""

from __future__ import annotations

import shutil
import subprocess
import sys

from flavr_core.errors import FlavrError

_COMMANDS = {
    "darwin": ("pmset", "sleepnow"),
    "win32": ("rundll32.exe", "powrprof.dll,SetSuspendState", "0,1,0"),
}
_LINUX = ("systemctl", "suspend")
_PATIENCE_S = 20


def sleep_command() -> tuple[str, ...]:
    """What sends this system to sleep."""
    return _COMMANDS.get(sys.platform, _LINUX)


def sleep_now() -> None:
    """Send the computer to sleep.

    Raises:
        FlavrError: when that cannot be done.
    """
    program, *arguments = sleep_command()
    path = shutil.which(program)
    if path is None:
        raise FlavrError("This computer cannot be sent to sleep from here.", f"'{program}' is missing.")
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FlavrError("The computer does not go to sleep.", str(error)) from error
    if done.returncode != 0:
        raise FlavrError("The computer does not go to sleep.", done.stderr.strip())
