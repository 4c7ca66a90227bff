"""What would keep Qt from opening a window, found before Qt aborts over it."""

import ctypes
import importlib.util
import os
import re
import socket
import sys
from pathlib import Path

# The Debian and Ubuntu packages of the libraries that Qt takes from the system.
_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
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
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def obstacle() -> str | None:
    """Return one line that says why no window can open and what to do, or None."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    linux = sys.platform.startswith("linux")
    needs_x11 = linux and platform in ("", "xcb") and not (platform == "" and _wayland())
    if (needs_x11 and not _x11()) or (platform.startswith("wayland") and not _wayland()):
        return (
            "there is no display to open the window on. Train without one by ganstudio train, "
            "or give it a virtual one by xvfb-run ganstudio."
        )
    try:
        import PySide6.QtWidgets  # noqa: F401  # to see whether it can be imported
    except ImportError as error:
        return _missing_library(str(error))
    plugins = _plugins()
    if plugins and platform and not any(platform in name for name in plugins):
        known = ", ".join(sorted(plugins))
        return f"QT_QPA_PLATFORM asks for “{platform}”, which Qt does not have. It has: {known}."
    return _missing_plugin_library() if needs_x11 else None


def _missing_library(detail: str) -> str:
    found = re.search(r"(lib[\w.+-]+\.so[\w.]*)", detail)
    if not found:
        return f"the window's libraries cannot be loaded: {detail}. Install ganstudio again."
    name = found[1]
    package = _PACKAGES.get(name)
    remedy = f"apt install {package}" if package else "the system's package that brings it"
    return f"Qt needs the system library {name}, which is missing. Install it: {remedy}."


def _plugins() -> dict[str, Path]:
    """Return Qt's platform plugins on Linux by name; none where Qt is installed otherwise."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "Qt" / "plugins" / "platforms"
    return {path.stem.removeprefix("libq"): path for path in folder.glob("libq*.so")}


def _missing_plugin_library() -> str | None:
    """Load Qt's X11 plugin as Qt will, which aborts if that fails."""
    plugin = _plugins().get("xcb")
    if plugin is None:
        return None
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        return _missing_library(str(error))
    return None


def _wayland() -> bool:
    """Tell whether a Wayland compositor answers."""
    name = os.environ.get("WAYLAND_DISPLAY")
    if not name:
        return False
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "")) / name
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _x11() -> bool:
    """Tell whether an X server answers at ``DISPLAY``."""
    if not os.environ.get("DISPLAY"):
        return False
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # the check for missing libraries will name it
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed
