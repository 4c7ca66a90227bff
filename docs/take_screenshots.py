"""Take README's pictures from a real run: ``python docs/take_screenshots.py [seconds]``.

It needs a screen; ``xvfb-run -a -s '-screen 0 1920x1080x24'`` before the command gives one.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QTabWidget

from ganstudio.gui import app, appearance
from ganstudio.gui.main_window import MainWindow

FOLDER = Path(__file__).parent / "screenshots"


def main() -> None:
    """Train, and take a picture of each state in both themes."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    settings = tempfile.mkdtemp()  # not those of the person at this computer
    os.environ["XDG_DATA_HOME"] = settings
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings)
    application = app.create_app()
    window = app.open_window(None, "auto")
    wait(application, lambda: window.session.info is not None)
    pause(application, 1.0)
    take(window, "first-screen")

    window.session.start()
    pause(application, seconds)
    take(window, "training")

    window.session.try_value("objective", "hinge")
    pause(application, seconds / 4)
    take(window, "what-if", "light")
    window.session.decide("A")
    wait(application, lambda: window.session.status.rival is None)

    window.samples.sample_chosen.emit(11)
    window.scores.parentWidget().raise_()
    pause(application, 1.0)
    take(window, "latent")

    window.session.pause()
    window.latent.findChild(QComboBox, "slider_view").setCurrentIndex(1)
    known = window.latent.exploration
    wait(application, lambda: known.directions is not None and len(known.directions.names) > 20)
    pause(application, 2.0)
    take(window, "directions", "light")
    tabs = window.latent.findChild(QTabWidget, "latent_tabs")
    tabs.setCurrentWidget(window.latent.map)
    window.latent.findChild(QComboBox, "map_colour").setCurrentIndex(2)
    pause(application, 3.0)
    take(window, "map", "dark")
    tabs.setCurrentIndex(2)
    window.latent.findChild(QComboBox, "walk_view").setCurrentIndex(1)
    pause(application, 2.0)
    take(window, "over-training", "light")
    tabs.setCurrentIndex(3)
    window.latent.findChild(QComboBox, "find_view").setCurrentIndex(1)
    words = window.latent.findChild(QLabel, "near_features_words")
    wait(application, lambda: "held-out" in words.text())
    take(window, "copy", "dark")

    window.files.open_file(Path("notes.txt"))
    wait(application, window.banner.isVisible)
    take(window, "error")
    window.session.close()


def take(window: MainWindow, name: str, *themes: str) -> None:
    """Write NAME-light.png and NAME-dark.png, or one of them."""
    FOLDER.mkdir(exist_ok=True)
    for theme in themes or ("light", "dark"):
        appearance.set_theme(theme)
        pause(QApplication.instance(), 0.5)
        window.grab().save(str(FOLDER / f"{name}-{theme}.png"))


def pause(application: QApplication, seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    wait(application, lambda: time.monotonic() > end)


def wait(application: QApplication, condition: Callable[[], bool]) -> None:
    """Let the window live until `condition`."""
    while not condition():
        application.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    main()
