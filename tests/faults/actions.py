"""Do thousands of random things in the window: nothing may break, hang, leak or be lost.

Run by hand: ``QT_QPA_PLATFORM=offscreen python tests/faults/actions.py --times 2000``. A window is
opened, and actions are drawn at random: start, pause, step, edit, drag, save, open, rewind, try a
value, keep one, look back, hold, undo, redo, start over, rename, copy, and to close it and open
another. After each the threads must answer within a while, and nothing may have been raised. Where
nothing trains, an action that can be undone is undone, and all that a person set must be as it was,
and done again. In the end no thread is left, and every file that was saved opens.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QSettings, QThread, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog

PATIENCE = 60  # s for one action
# what a person is told of on purpose: nothing to rewind to, values that are the same, and so on
ALLOWED = {"moment-gone", "same-value", "rival-there", "run-is-current", "name-taken", "run-gone"}


class Driver:
    """A window, and what is done to it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = random.Random(seed)
        self.folder = folder
        self.app = QApplication([])
        QCoreApplication.setOrganizationName("ganstudio-faults")
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder / "conf")
        )
        self.errors: list[str] = []
        self.problems: list[str] = []
        self.saved: set[Path] = set()
        self.undone = 0
        sys.excepthook = lambda *error: self.problems.append(
            "".join(traceback.format_exception(*error))
        )
        self.open()

    # The window

    def open(self, path: Path | None = None) -> None:
        from ganstudio.gui.main_window import MainWindow

        self.window = MainWindow("cpu", path)
        self.session = self.window.session
        self.session.failed.connect(self._on_failed)
        self.session.background_failed.connect(self._on_failed)
        self.window.show()
        self.window.begin()
        self.until(lambda: self.session.info is not None)
        self.settle()

    def close(self) -> None:
        self.window.close()
        self.until(lambda: not self.window.isVisible())
        left = [
            thread.objectName()
            for thread in (self.session.training, self.session.decoding, self.session.evaluating)
            if thread.isRunning()
        ]
        if left:
            self.problems.append(f"threads left: {left}")
        for _ in range(3):
            self.app.processEvents()  # as a process does that ends with its window
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _on_failed(self, error: object) -> None:
        if getattr(error, "code", "") not in ALLOWED:
            cause = getattr(error, "__cause__", None)
            trace = "".join(traceback.format_exception(cause)[-3:]) if cause else ""
            self.problems.append(f"told: {error} {trace}")

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the window live until something is so."""
        loop, end, look = QEventLoop(), time.monotonic() + PATIENCE, QTimer()
        look.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > end else None)
        look.start(2)
        loop.exec()
        if not condition():
            raise TimeoutError

    def settle(self) -> None:
        """Wait until all that was asked for is answered."""
        done = threading.Event()
        self.session.training.post(lambda _: done.set())
        self.until(done.is_set)
        for _ in range(3):
            self.app.processEvents()

    # What can be done

    def actions(self) -> dict[str, Callable[[], object]]:
        session, window, rng = self.session, self.window, self.rng
        exploration = window.latent.exploration
        moments = session.status.moments
        runs = [path.parent for path in (self.folder / "data").rglob("last.pt")]

        def drag() -> None:
            z = exploration.state.z.copy()
            z[rng.randrange(len(z))] = rng.uniform(-3, 3)
            exploration.load(z.astype(np.float32), "move z")

        def save_as() -> None:
            path = self.folder / f"{rng.randrange(5)}.pt"
            self.saved.add(path)
            session.save(path)

        def edit() -> None:
            name = rng.choice(("g_lr", "d_lr"))
            window.experiment._on_edited(name, round(rng.uniform(1e-4, 3e-3), 6))

        def pending() -> None:
            window.experiment._on_edited("r1", round(rng.uniform(0, 1), 3))

        def look_back() -> None:
            line = window.samples.time_line
            line.chosen.emit(rng.choice(moments) if moments and rng.random() < 0.8 else None)

        def reopen() -> None:
            self.close()
            self.open(rng.choice(runs) / "last.pt" if runs and rng.random() < 0.5 else None)

        def tab() -> None:
            rng.choice(window._docks[1:4] + window._docks[5:]).raise_()

        found: dict[str, Callable[[], object]] = {
            "start": session.start,
            "pause": session.pause,
            "step": lambda: session.step(rng.choice(("both", "D", "G")), rng.randint(1, 3)),
            "edit": edit,
            "pending": pending,
            "discard": window.experiment.discard,
            "drag": drag,
            "save": session.keep,
            "save as": save_as,
            "look back": look_back,
            "hold": lambda: window.latent.hold_toggled.emit(session.decoder.held is None),
            "try": lambda: session.try_value(
                rng.choice(("g_lr", "r1", "beta2")), round(rng.uniform(0.1, 0.5), 3)
            ),
            "keep": lambda: session.decide(rng.choice(("A", "B", "both"))),
            "undo": session.undo_stack.undo,
            "redo": session.undo_stack.redo,
            "start over": window.experiment.start_over,
            "new": window.files.new,
            "tab": tab,
            "close": reopen,
        }
        if moments:
            found["rewind"] = lambda: session.rewind(rng.choice(moments).step)
        if runs:
            found["open"] = lambda: session.open(rng.choice(runs) / "last.pt")
            found["rename"] = lambda: session.manage(
                lambda runner: runner.rename(rng.choice(runs), f"run {rng.randrange(99)}")
            )
            found["copy"] = lambda: session.manage(lambda r: r.duplicate(rng.choice(runs)))
        return found

    def set_by_hand(self) -> tuple[object, ...]:
        """Return all that a person has set: what undo has to bring back."""
        exploration = self.window.latent.exploration
        state = exploration.state
        info, held = self.session.info, self.session.decoder.held
        assert info is not None
        return (
            info.run_id,
            self.session._config,
            state.z.tobytes(),
            state.locked.tobytes(),
            exploration.notes,
            None if held is None or self.session.decoder.past is not None else held.step,
        )

    def do(self, name: str) -> None:
        """Do one thing, and undo it where that can be seen to be exact."""
        session, stack = self.session, self.session.undo_stack
        before, index = self.set_by_hand(), stack.index()
        count = stack.count()
        self.actions()[name]()
        self.settle()
        session = self.session
        can_undo = name in ("drag", "edit", "start over", "rewind", "open") and not (
            session.status.goes_on
        )
        if can_undo and session.undo_stack is stack and stack.index() == index + 1 >= count:
            after = self.set_by_hand()
            for act, wanted in ((stack.undo, before), (stack.redo, after)):
                act()
                self.settle()
                if self.set_by_hand() != wanted:
                    pairs = zip(wanted, self.set_by_hand(), strict=True)
                    odd = [place for place, (a, b) in enumerate(pairs) if a != b]
                    self.problems.append(f"{name}: {act.__name__} left other parts {odd}")
            self.undone += 1


def main() -> None:
    """Do so many things; say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["XDG_DATA_HOME"] = str(folder / "data")
        os.environ["XDG_CONFIG_HOME"] = str(folder / "conf")
        from ganstudio.errors import StudioError
        from ganstudio.training import checkpoint

        def refuse(*_: object, **__: object) -> tuple[str, str]:
            return "", ""

        QFileDialog.getSaveFileName = QFileDialog.getOpenFileName = refuse
        driver = Driver(arguments.seed, folder)
        done: Counter[str] = Counter()
        weights = {
            "start": 3,
            "pause": 4,
            "step": 3,
            "drag": 3,
            "close": 0.3,
            "copy": 0.3,
            "new": 0.5,
        }
        log: list[str] = []
        for number in range(arguments.times):
            names = sorted(driver.actions())
            name = driver.rng.choices(names, [weights.get(name, 1) for name in names])[0]
            log.append(name)
            told = len(driver.problems)
            try:
                driver.do(name)
            except TimeoutError:
                driver.problems.append(f"{name}: no answer in {PATIENCE} s")
            done[name] += 1
            for problem in driver.problems[told:]:
                print(f"{number}: after {log[-4:]}: {problem}", flush=True)
            if driver.problems and "no answer" in driver.problems[-1]:
                break
        driver.close()
        files = [*driver.saved, *(folder / "data").rglob("*.pt")]
        files = [path for path in files if path.exists()]
        for path in files:
            try:
                checkpoint.read(path)
            except StudioError as error:
                driver.problems.append(f"{path}: {error}")
                print(error)
        running = [thread for thread in driver.app.findChildren(QThread) if thread.isRunning()]
    print(", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    print(
        f"{sum(done.values())} actions, {len(driver.problems)} problems; {driver.undone} undone "
        f"and done again; {len(files)} files, all read; {len(running)} threads left"
    )
    sys.exit(bool(driver.problems))


if __name__ == "__main__":
    main()
