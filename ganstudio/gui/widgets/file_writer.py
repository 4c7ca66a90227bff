"""Files that take a while to write, without blocking the window."""

from collections.abc import Callable
from pathlib import Path

import shiboken6
from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QObject,
    QPoint,
    QSize,
    QThreadPool,
    Signal,
)
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QWidget

from ganstudio.atomic import replacing
from ganstudio.errors import unexpected
from ganstudio.work import Cancelled, Work


class FileWriter(QObject):
    """Writes files in Qt's thread pool.

    Signals:
        work_began: A file is being written: its path, and the `Work`.
        message: Something went well that is worth a line in the status bar.
        failed: A file could not be written: a `StudioError`.
    """

    work_began = Signal(object, object)
    message = Signal(str)
    failed = Signal(object)

    def write(
        self,
        path: Path,
        write: Callable[[Path, Work], None],
        *,
        can_cancel: bool = True,
        told: str = "",
    ) -> None:
        """Call ``write(path, work)`` in another thread; it must not touch widgets.

        Parameters
        ----------
        path : Path
            The file.
        write : callable
            Writes it, and tells `work` how far it is.
        can_cancel : bool
            Whether it does tell: it can be cancelled only then.
        told : str
            What `message` says at the end; by default that it was saved.
        """
        work = Work(can_cancel=can_cancel)
        told = told or self.tr("Saved {name}").format(name=path)
        self.work_began.emit(path, work)
        QThreadPool.globalInstance().start(lambda: self._write(path, work, write, told))

    def _write(
        self, path: Path, work: Work, write: Callable[[Path, Work], None], told: str
    ) -> None:
        error = None
        try:
            write(path, work)
        except Cancelled:
            return
        except Exception as caught:  # whatever it is, a person is told
            error = unexpected(caught)
        finally:
            work.end()
        if not shiboken6.isValid(self):  # the window closed meanwhile
            return
        if error is None:
            self.message.emit(told)
        else:
            self.failed.emit(error)


def picture_of(top: QWidget, bottom: QWidget, ratio: int) -> QImage:
    """Return two widgets, one above the other, drawn at `ratio` times their size."""
    size = QSize(max(top.width(), bottom.width()), top.height() + bottom.height())
    image = QImage(size * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(bottom.palette().window().color())
    painter = QPainter(image)
    for widget, y in ((top, 0), (bottom, top.height())):
        QWidget.render(widget, painter, QPoint(0, y))  # QGraphicsView has a render of its own
    painter.end()
    return image


def save_png(image: QImage, path: Path) -> None:
    """Write an image as PNG; a refusal of the operating system becomes a `StudioError`."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    written = QImageWriter(buffer, b"PNG").write(image)
    assert written  # to memory
    with replacing(path) as file:
        file.write(data.data())
