"""Walks as files: what is asked, drawn in the decode thread, and written in the background."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ganstudio import images
from ganstudio.errors import StudioError
from ganstudio.gui.folders import ask_target
from ganstudio.gui.session import Session
from ganstudio.gui.widgets.file_writer import FileWriter
from ganstudio.gui.widgets.walk_tab import FRAME_MS, LEG, WalkTab
from ganstudio.latent import walks
from ganstudio.latent.spec import Array
from ganstudio.work import Work

COLUMNS = 10  # of a picture: so many images from one bookmark to the next


@dataclass(frozen=True, eq=False, slots=True)
class _Film:
    """A walk that is to be drawn, and what is done with its images."""

    z: Array
    work: Work
    write: Callable[[NDArray[np.uint8]], None]


class WalkExport(QObject):
    """Writes the walk of the tab.

    Attributes
    ----------
    writer : FileWriter
        Writes it, and tells what was done.
    """

    def __init__(self, window: QWidget, session: Session, tab: WalkTab) -> None:
        super().__init__(window)
        self._window, self._session, self._tab = window, session, tab
        self._waiting: deque[_Film] = deque()  # the first is being drawn
        self.writer = FileWriter(self)
        tab.export_wanted.connect(self.export)
        session.decoder.walk_drawn.connect(self._on_drawn)
        session.decoder.walk_lost.connect(self._next)

    def export(self, suffix: str) -> None:
        """Ask for a file and write the walk into it, as its suffix says."""
        kinds = {
            ".gif": self.tr("Films (*.gif)"),
            ".mp4": self.tr("Films (*.mp4)"),
            ".png": self.tr("PNG pictures (*.png)"),
            ".npy": self.tr("NumPy arrays (*.npy)"),
        }
        try:
            images.check_film(Path(f"walk{suffix}"))
        except StudioError as error:
            self.writer.failed.emit(error)
            return
        way, speed = self._tab.walk(), self._tab.speed()
        title = self.tr("Export walk")
        path = ask_target(self._window, title, f"walk{suffix}", suffix, kinds[suffix])
        if path is None:
            return
        every = max(1, int(speed))  # a film has so many frames a second, and no more
        steps = {".gif": every, ".mp4": every, ".png": LEG // COLUMNS, ".npy": 1}
        z = way[:: steps[suffix]]
        fps = 1000 / FRAME_MS * min(speed, 1.0)

        def write(drawn: NDArray[np.uint8] | None) -> None:
            self.writer.write(
                path,
                lambda to, work: walks.save(z, drawn, to, COLUMNS, fps, work),
                can_cancel=suffix in walks.FILMS,
            )

        if suffix == ".npy":
            write(None)
            return
        film = _Film(z, Work(), write)
        self.writer.work_began.emit(path, film.work)
        self._waiting.append(film)
        if len(self._waiting) == 1:
            self._session.decoder.draw_walk(z, film.work)

    def _on_drawn(self, images: NDArray[np.uint8]) -> None:
        self._waiting[0].write(images)
        self._next()

    def _next(self) -> None:
        """Go on with the next film that is wanted."""
        self._waiting.popleft()
        if self._waiting:
            film = self._waiting[0]
            self._session.decoder.draw_walk(film.z, film.work)
