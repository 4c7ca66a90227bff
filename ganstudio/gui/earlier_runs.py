"""The runs that there are besides the current one: the menu of them, and what a crash has left."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal
from PySide6.QtWidgets import QMenu
from shiboken6 import isValid

from ganstudio import library
from ganstudio.config import recipe_name
from ganstudio.errors import StudioError
from ganstudio.gui.session import Session
from ganstudio.library import LAST, Entry, RunFolder
from ganstudio.training.history_file import HistoryReader

SHOWN = 12  # of the library's, those saved last


def _newest_step(folder: Path, entry: Entry) -> int:
    """Return the step that a run will go on from which was cut short: its newest moment's."""
    later = [moment.step for moment in library.moments(folder) if moment.step > entry.step]
    if not later:
        return entry.step
    rows = HistoryReader(folder, entry.run_id).read(entry.step, max(later)).shape[1]
    return max([step for step in later if step <= entry.step + rows], default=entry.step)


class EarlierRuns(QObject):
    """Fills the menu of earlier runs: those of this window, then those of the library.

    Signals:
        cut_short(str, int, object): a run was open when the studio ended without being closed: its
            name, the step that it was saved at, and the `Path` of its checkpoint.

    Parameters
    ----------
    menu : QMenu
        The menu.
    session : Session
        Returns to runs, and opens them.
    """

    cut_short = Signal(str, int, object)

    def __init__(self, menu: QMenu, session: Session) -> None:
        super().__init__(menu)
        self._menu, self._session = menu, session
        menu.aboutToShow.connect(self._fill)

    def look(self, opening: Path | None) -> None:
        """Look in the background for a run that was cut short, but for the file being opened.

        It is told once; of several, the one that was saved last.
        """
        place = library.usual_folder()

        def look() -> None:
            runs = library.cut_short(place)
            for folder, _ in runs:
                with suppress(StudioError), RunFolder(folder):  # another window may be faster
                    pass
            here = opening.resolve().parent if opening is not None else None
            if runs and runs[0][0].resolve() != here and isValid(self):
                folder, entry = runs[0]
                self.cut_short.emit(folder.name, _newest_step(folder, entry), folder / LAST)

        QThreadPool.globalInstance().start(look)

    def _fill(self) -> None:
        self._menu.clear()
        session = self._session
        here = {session.info.run_id} if session.info else set()
        for run in reversed(session.status.left):
            here.add(run.run_id)
            if not run.step:  # only undo needs it
                continue
            recipe = recipe_name(run.config)
            text = self._text(recipe, run.config.seed, run.step)
            if run.unsaved:
                text = self.tr("{run}, not saved").format(run=text)
            self._add(text, partial(session.return_to, run.run_id))
        others = [
            run for run in library.entries(library.usual_folder()) if run[1].run_id not in here
        ]
        if others and not self._menu.isEmpty():
            self._menu.addSeparator()
        for folder, entry in others[:SHOWN]:
            about = self._text(entry.recipe, entry.seed, entry.step)
            self._add(f"{folder.name}:  {about}", partial(session.open, folder / LAST))
        if self._menu.isEmpty():
            self._menu.addAction(self.tr("There are none yet")).setEnabled(False)

    def _text(self, recipe: str, seed: int, step: int) -> str:
        return self.tr("{recipe}, seed {seed}, step {step:,}").format(
            recipe=recipe, seed=seed, step=step
        )

    def _add(self, text: str, act: Callable[[], None]) -> None:
        action = self._menu.addAction(text.replace("&", "&&"))
        action.triggered.connect(lambda: act())
