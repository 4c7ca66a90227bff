import os
import subprocess
import sys

import pytest

from ganstudio.gui import preflight

linux = pytest.mark.skipif(sys.platform != "linux", reason="X11 and Wayland are Linux's")


def run_without_display(**more: str) -> subprocess.CompletedProcess[str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {k: v for k, v in os.environ.items() if k not in hidden} | more
    command = [sys.executable, "-m", "ganstudio"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@linux
@pytest.mark.parametrize(
    "display",
    [
        {},
        {"DISPLAY": ":987"},
        {"WAYLAND_DISPLAY": "wayland-987"},
        {"QT_QPA_PLATFORM": "wayland"},
    ],
)
def test_no_display_is_one_line_and_exit_2(display: dict[str, str]) -> None:
    done = run_without_display(**display)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "ganstudio train" in line
    assert "xvfb-run" in line


def test_a_missing_library_is_named_with_its_package(monkeypatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    message = "libEGL.so.1: cannot open shared object file: No such file or directory"

    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "PySide6.QtWidgets":
                raise ImportError(message)

    monkeypatch.delitem(sys.modules, "PySide6.QtWidgets", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    problem = preflight.obstacle()
    assert problem is not None
    assert "libEGL.so.1" in problem
    assert "apt install libegl1" in problem
    assert "\n" not in problem


@linux
def test_the_libraries_of_the_x11_plugin_are_checked_before_qt_aborts(monkeypatch) -> None:
    def refuse(name: str, *_: object) -> None:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file")

    monkeypatch.setattr(preflight.ctypes, "CDLL", refuse)
    problem = preflight._missing_plugin_library()
    assert problem is not None
    assert "apt install libxcb-cursor0" in problem


def test_nothing_stands_in_the_way_offscreen(monkeypatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert preflight.obstacle() is None


@linux
def test_a_platform_that_qt_lacks_is_refused_before_qt_aborts() -> None:
    done = run_without_display(QT_QPA_PLATFORM="teletype")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "teletype" in line
    assert "offscreen" in line
