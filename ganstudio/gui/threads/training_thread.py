"""The training thread: a `Runner` in a QThread. The GUI posts requests and hears signals."""

import os
import queue
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.training.status import Phase, RunInfo, Status
from ganstudio.work import Work

if TYPE_CHECKING:  # torch is imported in the thread, behind the window
    from ganstudio.latent.snapshot import Snapshot
    from ganstudio.training.runner import Request

NICENESS = 10  # of training, so that the window's thread and the decode thread run before it


class TrainingThread(QThread):
    """Trains in the background. It alone touches the networks and their optimisers.

    Signals:
        work_began: a `Work`: torch, or a run, is being loaded.
        run_changed: a `RunInfo`; another run is the current one.
        snapshot_changed: there is a newer snapshot in `snapshot`.
        rival_snapshot_changed: there is a newer snapshot in `rival_snapshot`.
        dropped: the `Path` of a folder whose run nobody wants to keep.
        earlier_found: a `Snapshot` of an earlier step of the current run.
        status_changed: a `Status`.
        config_changed: a `Config`, after a live setting changed.
        saved: the `Path` of a checkpoint that was asked for.
        all_saved: a list of `StudioError`: of the runs that could not be.
        failed: a `StudioError`.

    Attributes
    ----------
    snapshot : Snapshot or None
        The newest snapshot, replaced whole.
    rival_snapshot : Snapshot or None
        That of the rival, if there is or was one.
    """

    work_began = Signal(object)
    run_changed = Signal(object)
    snapshot_changed = Signal()
    rival_snapshot_changed = Signal()
    dropped = Signal(object)
    earlier_found = Signal(object)
    status_changed = Signal(object)
    config_changed = Signal(object)
    saved = Signal(object)
    all_saved = Signal(object)
    failed = Signal(object)

    def __init__(self, library: Path | None = None, parent: QObject | None = None) -> None:
        """Train; runs are saved by themselves into the folder `library`, None is nowhere."""
        super().__init__(parent)
        self.setObjectName("training_thread")
        self._library = library
        self.snapshot: Snapshot | None = None
        self.rival_snapshot: Snapshot | None = None
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._work: Work | None = None  # the latest
        self._closing = False

    def post(self, request: "Request") -> None:
        """Have `request` called with the runner, in the training thread, between two steps."""
        self._requests.put(request)

    def cancel(self) -> None:
        """Give up what is being loaded, if something is."""
        if self._work is not None:
            self._work.cancel()

    def stop(self) -> None:
        """End the thread after the current step, and wait for it; nothing is loaded any more."""
        self._closing = True
        self.cancel()
        if self.isRunning():
            self.post(lambda runner: runner.close())
            self.wait()

    # The listener that the runner tells, in the training thread.

    def on_work(self, work: Work) -> None:
        """Pass on that something is being loaded."""
        self._work = work
        if self._closing:
            work.cancel()
        self.work_began.emit(work)

    def on_run(self, info: RunInfo) -> None:
        """Pass a run on."""
        self.run_changed.emit(info)

    def on_snapshot(self, snapshot: "Snapshot") -> None:
        """Publish a snapshot."""
        self.snapshot = snapshot
        self.snapshot_changed.emit()

    def on_rival_snapshot(self, snapshot: "Snapshot") -> None:
        """Publish a snapshot of the rival."""
        self.rival_snapshot = snapshot
        self.rival_snapshot_changed.emit()

    def on_dropped(self, folder: Path) -> None:
        """Pass on that a folder is to go."""
        self.dropped.emit(folder)

    def on_earlier(self, snapshot: "Snapshot") -> None:
        """Pass a snapshot of an earlier step on."""
        self.earlier_found.emit(snapshot)

    def on_status(self, status: Status) -> None:
        """Pass the status on."""
        self.status_changed.emit(status)

    def on_config(self, config: Config) -> None:
        """Pass the settings on."""
        self.config_changed.emit(config)

    def on_saved(self, path: Path) -> None:
        """Pass the path of a checkpoint on."""
        self.saved.emit(path)

    def on_finished(self, errors: list[StudioError]) -> None:
        """Pass on that all runs are saved that can be."""
        self.all_saved.emit(errors)

    def on_error(self, error: StudioError) -> None:
        """Pass an error on."""
        self.failed.emit(error)

    def run(self) -> None:
        """Run the runner (called by Qt in the new thread)."""
        if sys.platform == "linux":  # where Qt's priorities do nothing, and niceness is a thread's
            os.nice(NICENESS)
        else:
            self.setPriority(QThread.Priority.LowPriority)
        work = Work(can_cancel=False)
        self.work_began.emit(work)
        try:
            from ganstudio.training.runner import Runner
        except (ImportError, OSError) as error:  # a broken or mismatched installation of torch
            self.failed.emit(StudioError("torch-missing", detail=error))
            self.status_changed.emit(Status(phase=Phase.NONE))
            return
        finally:
            work.end()
        Runner(self._requests, self, self._library).run()
