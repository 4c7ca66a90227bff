"""From the command to an open window."""

import gc
import signal
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QLibraryInfo, QLocale, QTimer, QTranslator
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from ganstudio.errors import unexpected
from ganstudio.gui import appearance
from ganstudio.gui.main_window import MainWindow
from ganstudio.resources import resource

COLLECT_MS = 2000
SWITCH_SECONDS = 0.0005  # so long the window may wait for Python's lock, ten times less than usual


def create_app() -> QApplication:
    """Return the application with its name, style, icon and remembered looks."""
    app = QApplication(sys.argv[:1])
    app.setOrganizationName("ganstudio")
    app.setApplicationName("ganstudio")
    app.setApplicationDisplayName("GAN Studio")
    app.setDesktopFileName("ganstudio")
    app.setStyle("Fusion")
    sys.setswitchinterval(SWITCH_SECONDS)
    app.setWindowIcon(QIcon(str(resource("icons/ganstudio.svg"))))
    appearance.restore()
    if languages := QLocale.system().uiLanguages():
        translate_into(app, languages[0])  # a second must not win over English
    return app


def translate_into(app: QApplication, language: str) -> None:
    """Use the window's translation into `language`, and Qt's own with it, if there is one."""
    folders = {
        "ganstudio": str(resource("translations")),
        "qtbase": QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath),
    }
    for name, folder in folders.items():
        translator = QTranslator(app)
        if not translator.load(QLocale(language), name, "_", folder):
            return
        app.installTranslator(translator)


def run(path: Path | None, device: str) -> int:
    """Open the window, on the checkpoint `path` if given; return the exit status."""
    app = create_app()
    window = open_window(path, device)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    return app.exec()


def open_window(path: Path | None, device: str) -> MainWindow:
    """Return the window, shown; its threads start behind it."""
    gc.disable()  # until then it would walk all that Qt and torch bring in, for 0.3 s
    window = MainWindow(device, path)
    _show_unexpected_errors(window)
    _tame_garbage_collector(window)
    window.show()
    # after the first paint: the window is there before torch loads
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, window.begin))
    return window


def _show_unexpected_errors(window: MainWindow) -> None:
    """Show what no one foresaw in the window's banner, not as a traceback on a console."""

    def hook(_kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        window.session.failed.emit(unexpected(error))  # a signal: it may be another thread's

    sys.excepthook = hook


def _tame_garbage_collector(window: MainWindow) -> None:
    """Collect young objects on a schedule, and never walk all of torch: that stalls for 150 ms."""

    def freeze() -> None:
        if gc.get_freeze_count():  # else that would walk all of torch
            gc.collect()
        gc.freeze()

    window.session.run_changed.connect(freeze)
    timer = QTimer(window)
    timer.timeout.connect(lambda: gc.collect(1))
    timer.start(COLLECT_MS)
