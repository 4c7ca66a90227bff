"""The samples over training as a film: drawn in the decode thread, written in the background."""

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ganstudio import images
from ganstudio.errors import StudioError
from ganstudio.gui.folders import ask_target
from ganstudio.gui.session import Session
from ganstudio.gui.widgets.file_writer import FileWriter
from ganstudio.gui.widgets.time_line import TimeLine
from ganstudio.latent.trail import FilmTrail
from ganstudio.library import Moment
from ganstudio.work import Work

FPS = 10


class TimeLapse(QObject):
    """Writes the film that the time line asks for.

    Attributes
    ----------
    writer : FileWriter
        Writes it, and tells what was done.
    """

    def __init__(self, window: QWidget, session: Session, line: TimeLine) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._path: Path | None = None  # of the film that is being drawn
        self.writer = FileWriter(self)
        line.film_wanted.connect(self.export)
        session.decoding.film_drawn.connect(self._on_drawn)
        session.decoding.film_lost.connect(self._on_lost)

    def export(self, suffix: str) -> None:
        """Ask for a file and write the film into it; one is made at a time."""
        kinds = {".gif": self.tr("Films (*.gif)"), ".mp4": self.tr("Films (*.mp4)")}
        try:
            images.check_film(Path(f"film{suffix}"))
        except StudioError as error:
            self.writer.failed.emit(error)
            return
        if self._path is not None:
            self.writer.message.emit(self.tr("A film is being drawn already."))
            return
        title, name = self.tr("Export film"), f"{self._session.name or 'training'}{suffix}"
        path = ask_target(self._window, title, name, suffix, kinds[suffix])
        if path is None:
            return
        frames: FilmTrail[Moment] = FilmTrail()
        for moment in self._session.status.moments:
            frames.add(moment)
        work = Work()
        if self._session.decoder.draw_film(tuple(kept.path for kept in frames.snapshots), work):
            self._path = path
            self.writer.work_began.emit(path, work)

    def _on_drawn(self, frames: images.Pixels) -> None:
        path, self._path = self._path, None
        if path is None:
            return
        save = images.save_mp4 if path.suffix.lower() == ".mp4" else images.save_gif
        self.writer.write(path, lambda to, work: save(frames, to, FPS, work))

    def _on_lost(self) -> None:
        self._path = None
