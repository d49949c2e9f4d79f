"""Libraries that the operating system must bring on Linux, and the Debian packages that hold them.

macOS and Windows bring all that is needed. The list is what Qt's Core, Gui, Widgets, OpenGL, Svg,
Network and Multimedia libraries and its xcb and Wayland plugins are linked against and the wheels do
not carry. Standard library only: the installer reads it before anything is installed.
"""

from __future__ import annotations

import ctypes
import sys

DEBIAN_PACKAGES = {
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libbz2.so.1": "libbz2-1.0",
    "libzstd.so.1": "libzstd1",
    "libbrotlidec.so.1": "libbrotli1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfreetype.so.6": "libfreetype6",
    "libfontconfig.so.1": "libfontconfig1",
    "libdrm.so.2": "libdrm2",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libpulse.so.0": "libpulse0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libXext.so.6": "libxext6",
    "libXrandr.so.2": "libxrandr2",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
"""Shared object name -> Debian package (the names hold for Ubuntu too)."""


def missing_libraries() -> list[str]:
    """Shared object names of DEBIAN_PACKAGES that the dynamic loader cannot load; empty but on Linux."""
    if not sys.platform.startswith("linux"):
        return []
    missing = []
    for soname in DEBIAN_PACKAGES:
        try:
            ctypes.CDLL(soname)
        except OSError:
            missing.append(soname)
    return missing


def install_command(missing: list[str]) -> list[str]:
    """The command, without `sudo`, that brings `missing` on Debian and Ubuntu."""
    packages = sorted({DEBIAN_PACKAGES[soname] for soname in missing})
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
