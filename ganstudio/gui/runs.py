"""Between the Runs panel, the library and the threads: what is listed, compared and done."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPoint, QThreadPool, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QMenu, QWidget

from ganstudio import library, run_archive
from ganstudio.gui.folders import ask_target, file_folder
from ganstudio.gui.panels.experiment import ExperimentPanel
from ganstudio.gui.panels.runs import RunsPanel, Shown
from ganstudio.gui.queue_runs import QueueRuns
from ganstudio.gui.session import Session
from ganstudio.gui.threads.lanes import Drawn, Lane, OtherRun
from ganstudio.gui.widgets.file_writer import FileWriter
from ganstudio.gui.widgets.run_table import Rows
from ganstudio.gui.widgets.seen import is_seen
from ganstudio.library import LAST
from ganstudio.training.status import Phase, Status
from ganstudio.work import Work

if TYPE_CHECKING:
    from ganstudio.training.runner import Runner

LOOK_MS = 2000  # between two looks at the library while it can be seen


@dataclass(eq=False, slots=True)
class _Known:
    """What was read of a run, and of which of its saves."""

    saved: tuple[str, int]
    run: OtherRun | None = None


class Runs(QObject):
    """The Runs panel's doings.

    Attributes
    ----------
    writer : FileWriter
        Packs runs and takes them in, and tells what was done.
    """

    _listed = Signal(object)
    _saved_for_export = Signal(object, object)

    def __init__(
        self, window: QWidget, session: Session, panel: RunsPanel, experiment: ExperimentPanel
    ) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._panel, self._experiment = panel, experiment
        self._known: dict[Path, _Known] = {}
        self._saves: dict[Path, tuple[str, int]] = {}  # when each run was saved, at which step
        self._reading: Path | None = None
        self._drawing: list[Path] = []  # whose images are being drawn,
        self._stale = False  # and something has changed meanwhile
        self._images: dict[Path, NDArray[np.uint8]] = {}
        self._order: list[str] = []  # of the runs as they are listed, by their ids
        self._listing = False
        timer = QTimer(self, interval=LOOK_MS)
        timer.timeout.connect(self.look)
        timer.start()
        self.writer = FileWriter(self)
        self.writer.message.connect(self.look)  # what was taken in is to be listed
        self._listed.connect(self._on_listed)
        panel.seen.connect(self._list_anew)
        panel.queue_wanted.connect(self.queue_runs)
        panel.import_wanted.connect(self.import_run)
        panel.clear_wanted.connect(lambda: session.manage(lambda runner: runner.clear_queue()))
        panel.go_on_wanted.connect(lambda: session.manage(lambda runner: runner.go_on_with_queue()))
        table = panel.table
        table.compared_changed.connect(self._compare)
        table.open_wanted.connect(self.open)
        table.rename_wanted.connect(self.rename)
        table.delete_wanted.connect(self.delete)
        table.menu_wanted.connect(self._show_menu)
        session.library_changed.connect(self.look)
        session.run_changed.connect(lambda _: self.look())
        session.training.config_changed.connect(lambda _: self.look())
        session.status_changed.connect(self._on_status)
        table.refused.connect(self._on_refused)
        self._saved_for_export.connect(self._pack)
        session.decoding.run_read.connect(self._on_read)
        session.decoding.compared_drawn.connect(self._on_drawn)
        session.decoding.failed.connect(self._on_decoding_failed)

    # The list

    def _list_anew(self) -> None:
        """List the runs with the one that was saved last first."""
        self._order = []
        self.look()

    def look(self) -> None:
        """List the library in the background, if it can be seen."""
        if self._listing or not is_seen(self._panel):
            return
        self._listing, place = True, library.usual_folder()

        def look() -> None:
            rows = list(library.entries(place))
            if shiboken6.isValid(self):
                self._listed.emit(rows)

        QThreadPool.globalInstance().start(look)

    def _on_listed(self, rows: Rows) -> None:
        """Show runs: new ones first, the others where they were, whichever is saved meanwhile."""
        self._listing = False
        place = {run_id: row for row, run_id in enumerate(self._order)}
        rows = sorted(rows, key=lambda row: place.get(row[1].run_id, -1))
        self._order = [entry.run_id for _, entry in rows]
        self._saves = {path: (entry.saved, entry.step) for path, entry in rows}
        info, status = self._session.info, self._session.status
        config = self._session.config.to_dict() if info else {}
        # the open one has gone on since it was saved
        now: dict[str, Any] = {"step": status.step, "seconds": status.seconds, "config": config}
        shown = [(p, replace(entry, **now) if p == status.folder else entry) for p, entry in rows]
        self._panel.set_runs(shown, status.folder, config)
        self._compare()

    # The comparison

    def _compare(self) -> None:
        """Show what is known of the compared runs, and have the rest read."""
        compared = self._panel.table.compared()
        self._known = {k: v for k, v in self._known.items() if k in {path for path, *_ in compared}}
        wanted = None
        for path, *_ in compared:
            saved = self._saves[path]
            known = self._known.setdefault(path, _Known(saved))
            later = known.saved != saved and not self._session.dragging  # it takes a while to read
            if known.run is None or later:
                wanted = wanted or (path, saved)
        free = wanted is not None and self._reading is None
        if wanted and free and self._session.decoder.read_run(wanted[0] / LAST):
            self._reading, self._known[wanted[0]].saved = wanted
        self._show()

    def _on_read(self, _request: int, path: Path, run: OtherRun) -> None:
        folder, self._reading = path.parent, None
        if folder in self._known:
            self._known[folder].run = run
        self._compare()
        self.draw()

    def _on_decoding_failed(self, lane: Lane, _error: object) -> None:
        if lane is Lane.RUN and self._reading is not None:
            if self._reading in self._known:  # what cannot be read is not asked for again
                self._known[self._reading].run = OtherRun({}, None)
            self._reading = None
            self._compare()
        if lane is Lane.COMPARED:
            self._drawing = []

    def draw(self) -> None:
        """Have z drawn by all that know z as the current run does."""
        info = self._session.info
        if info is None or not is_seen(self._panel):
            return
        models = [
            (path, known.run.snapshot)
            for path, known in self._known.items()
            if known.run is not None
            and known.run.snapshot is not None
            and known.run.snapshot.latent == info.latent
            and known.run.snapshot.architecture.image_shape == info.image_shape
        ]
        self._stale = bool(self._drawing)
        if models and not self._drawing:
            snapshots = tuple(model for _, model in models)
            if self._session.decoder.draw_compared(snapshots):
                self._drawing = [path for path, _ in models]

    def _on_drawn(self, drawn: Drawn) -> None:
        self._images = dict(zip(self._drawing, drawn.images, strict=True))
        self._drawing = []
        self._show()
        if self._stale:
            self.draw()

    def _show(self) -> None:
        shown = []
        for path, entry, colour in self._panel.table.compared():
            recipe = sorted((k, v) for k, v in entry.config.items() if k != "seed")
            group = str(recipe or path)  # older runs do not say what they are
            known = self._known.get(path)
            run = known.run if known is not None and known.run and known.run.curves else None
            shown.append(Shown(path, colour, group, run, self._images.get(path)))
        self._panel.set_compared(shown)

    # What can be done to a run

    def open(self, folder: Path) -> None:
        """Make a run the current one; undo brings the one before it back."""
        status = self._session.status
        here = [run.run_id for run in status.left if run.folder == folder]
        if folder == status.folder:
            self.writer.message.emit(
                self.tr("{name} is the run that is open.").format(name=folder.name)
            )
        elif here:
            self._session.return_to(here[0])
        else:
            self._session.open(folder / LAST)

    def rename(self, folder: Path) -> None:
        """Ask for another name."""
        title, label = self.tr("Rename run"), self.tr("Name")
        mode = QLineEdit.EchoMode.Normal
        name, accepted = QInputDialog.getText(self._window, title, label, mode, folder.name)
        if accepted and name != folder.name:
            self._session.manage(lambda runner: runner.rename(folder, name))

    def duplicate(self, folder: Path) -> None:
        """Copy a run, which goes on from the same step by itself."""
        self._session.manage(lambda runner: runner.duplicate(folder))

    def delete(self, folder: Path) -> None:
        """Move a run to the trash."""
        self._session.manage(lambda runner: runner.delete(folder))

    def export(self, folder: Path) -> None:
        """Ask for a zip file and write a run into it."""
        title, kind = self.tr("Export run"), self.tr("Zip files (*.zip)")
        name = f"{folder.name}.zip"
        if path := ask_target(self._window, title, name, ".zip", kind):

            def save(runner: "Runner") -> None:
                runner.save_in(folder)
                self._saved_for_export.emit(folder, path)

            self._session.manage(save)

    def _pack(self, folder: Path, path: Path) -> None:
        self.writer.write(path, lambda to, work: run_archive.pack(folder, to, work))

    def import_run(self) -> None:
        """Ask for a zip file and take its run into the library."""
        title, kind = self.tr("Import run"), self.tr("Zip files (*.zip)")
        name, _ = QFileDialog.getOpenFileName(self._window, title, str(file_folder()), kind)
        if name:
            place = library.usual_folder()

            def unpack(path: Path, work: Work) -> None:
                run_archive.unpack(path, place, work)

            taken = self.tr("Took in {name}").format(name=Path(name).name)
            self.writer.write(Path(name), unpack, told=taken)

    def queue_runs(self) -> None:
        """Ask how many seeds of the recipe in the fields are to be trained, how far, and when."""
        if (config := self._experiment.checked_config()) is not None:
            dialog = QueueRuns(self._window, config, self._session.status)
            dialog.decided.connect(partial(self._session.enqueue, config))
            dialog.open()

    def _show_menu(self, folder: Path, at: QPoint) -> None:
        menu = QMenu(self._panel.table)
        menu.setObjectName("run_menu")
        doings: dict[str, tuple[str, Callable[[Path], None]]] = {
            "open": (self.tr("&Open"), self.open),
            "rename": (self.tr("&Rename…"), self.rename),
            "duplicate": (self.tr("&Duplicate"), self.duplicate),
            "export": (self.tr("&Export as zip…"), self.export),
            "delete": (self.tr("Move to &trash"), self.delete),
        }
        for name, (text, act) in doings.items():
            action = menu.addAction(text)
            action.setObjectName(f"run_{name}")
            action.triggered.connect(lambda _=False, act=act: act(folder))
        menu.popup(at)

    def _on_status(self, status: Status) -> None:
        goes = status.queue_goes and status.phase is Phase.TRAINING
        self._panel.set_queued(status.queue, goes=goes)

    def _on_refused(self, most: int) -> None:
        text = self.tr("{most} runs are compared at most: untick another first.")
        self.writer.message.emit(text.format(most=most))
