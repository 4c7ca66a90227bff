"""Every test of the window: no screen needed, settings and folders of its own, no thread left."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from hands import WAIT
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QThread
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.threads.lanes import Drawn, Lane
from ganstudio.training.status import Phase


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, qapp: QApplication) -> None:
    """Keep the settings of a person, and of other tests, out of this one."""
    QCoreApplication.setOrganizationName("ganstudio-tests")
    QCoreApplication.setApplicationName("ganstudio-tests")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "conf"))
    QSettings().setValue("folder", str(tmp_path))
    qapp.setStyle("Fusion")


@pytest.fixture(autouse=True)
def no_thread_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a QThread running."""
    started: list[QThread] = []
    start = QThread.start

    def remember(self: QThread, *args: object) -> None:
        started.append(self)
        start(self, *args)

    monkeypatch.setattr(QThread, "start", remember)
    yield
    alive = filter(isValid, started)  # the others went with their window, and none went running
    left = [thread.objectName() for thread in alive if thread.isRunning()]
    assert not left, f"threads still running: {left}"


@pytest.fixture
def open_window(qapp: QApplication) -> Iterator[Callable[..., MainWindow]]:
    """Open windows as the application does; whatever happens, they and their threads end."""
    opened: list[MainWindow] = []

    def open_one(path: Path | None = None) -> MainWindow:
        window = MainWindow("cpu", path)
        opened.append(window)
        window.show()
        window.begin()
        return window

    yield open_one
    for window in opened:
        window.session.close()
        window.hide()
        qapp.processEvents()  # what its threads have still told it
        window.deleteLater()
    # else they wait for a loop that no test runs, with 70 MB each
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(qtbot, open_window) -> MainWindow:
    """A window whose first run is there."""
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    return window


@pytest.fixture
def image_after(qtbot) -> Callable[..., Drawn]:
    """What is drawn after something was done, not the answer to what was asked before."""

    def answer(window: MainWindow, act: Callable[[], object]) -> Drawn:
        session = window.session

        def latest(drawn: Drawn) -> bool:
            return drawn.request == session.decoder.requests[Lane.IMAGE]

        signal = session.decoding.image_drawn
        with qtbot.waitSignal(signal, timeout=WAIT, check_params_cb=latest) as drawn:
            act()
        found: Drawn = drawn.args[0]
        return found

    return answer
