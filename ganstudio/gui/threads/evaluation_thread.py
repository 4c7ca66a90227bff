"""The evaluation thread: judges snapshots in the background, nicer than all others."""

import os
import queue
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from ganstudio.data.dataset import Dataset
from ganstudio.errors import unexpected
from ganstudio.work import Cancelled, Work

if TYPE_CHECKING:  # torch is imported in the thread
    from ganstudio.evaluation.judge import Judge
    from ganstudio.latent.snapshot import Snapshot

NICENESS = 15  # training comes first
SAMPLES = 2000


@dataclass(frozen=True, slots=True)
class _Request:
    snapshot: "Snapshot"
    dataset: Dataset
    work: Work


class EvaluationThread(QThread):
    """Judges one snapshot at a time, with one of torch's threads.

    Signals:
        evaluated: a `Quality`.
        failed: a `StudioError`.
        ended: the request is over, one way or another.
    """

    evaluated = Signal(object)
    failed = Signal(object)
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation_thread")
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._work: Work | None = None
        self._judge: tuple[Dataset, Judge] | None = None  # of the latest dataset

    def ask(self, snapshot: "Snapshot", dataset: Dataset) -> Work:
        """Ask for a judgement beside real images of `dataset`; return its `Work`."""
        self._work = Work()
        self._requests.put(_Request(snapshot, dataset, self._work))
        return self._work

    def forget_others(self, dataset: Dataset) -> None:
        """Let go of what is known of other real images than those of `dataset`."""
        if (judge := self._judge) is not None and judge[0] is not dataset:
            self._judge = None

    def stop(self) -> None:
        """End the thread, in the middle of what it does, and wait for it."""
        if self._work is not None:
            self._work.cancel()
        self._requests.put(None)
        self.wait()

    def run(self) -> None:
        """Answer requests until stopped (called by Qt in the new thread)."""
        if (request := self._requests.get()) is None:
            return
        if sys.platform == "linux":  # as in the training thread
            os.nice(NICENESS)
        else:
            self.setPriority(QThread.Priority.LowestPriority)
        from ganstudio.latent.snapshot import forget
        from ganstudio.training.threads import use_threads

        use_threads(1)
        while request is not None:
            try:
                self._evaluate(request)
            except Cancelled:
                pass
            except Exception as error:  # whatever it is, later requests must be answered
                self.failed.emit(unexpected(error))
            request.work.end()
            self.ended.emit()
            # until the next, these would keep a model and a dataset
            del request
            forget()
            request = self._requests.get()

    def _evaluate(self, request: _Request) -> None:
        from ganstudio.evaluation.judge import Judge

        self.forget_others(request.dataset)
        judge = self._judge or (request.dataset, Judge(request.dataset, request.work))
        self._judge = judge
        self.evaluated.emit(judge[1].evaluate(request.snapshot, SAMPLES, request.work))
