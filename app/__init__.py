"""The window. Qt lives here and only here."""

from __future__ import annotations

import ctypes
import sys

if sys.version_info < (3, 12):
    # WORKAROUND: PySide6's wheels (6.12) are built for Pythons where None, True, False are immortal and
    # give back a reference too many with every call that returns one of them; before 3.12 that ends, after
    # some thousand calls, in "none_dealloc: deallocating None". So they are lent more than can be used up.
    for _value in (None, True, False, NotImplemented, Ellipsis):
        ctypes.c_ssize_t.from_address(id(_value)).value += 1 << 40
