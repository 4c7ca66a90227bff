"""Files that take a while to write, without blocking the window."""

from collections.abc import Callable
from pathlib import Path

import shiboken6
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QThreadPool, Signal
from PySide6.QtGui import QImage

from ganstudio.errors import StudioError, writing


class FileWriter(QObject):
    """Writes files in Qt's thread pool.

    Signals:
        saved: A file is complete: its path.
        failed: A file could not be written: a `StudioError`.
    """

    saved = Signal(object)
    failed = Signal(object)

    def write(self, path: Path, write: Callable[[Path], None]) -> None:
        """Call ``write(path)`` in another thread; it must not touch widgets."""
        QThreadPool.globalInstance().start(lambda: self._write(path, write))

    def _write(self, path: Path, write: Callable[[Path], None]) -> None:
        error = None
        try:
            write(path)
        except StudioError as caught:
            error = caught
        if not shiboken6.isValid(self):  # the window closed meanwhile
            return
        if error is None:
            self.saved.emit(path)
        else:
            self.failed.emit(error)


def save_png(image: QImage, path: Path) -> None:
    """Write an image as PNG; a refusal of the operating system becomes a `StudioError`."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, b"PNG")
    with writing(path):
        path.write_bytes(data.data())
