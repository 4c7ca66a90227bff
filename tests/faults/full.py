"""Let every single write of a run fail, one after the other: nothing that was saved may be lost.

Run by hand: ``python tests/faults/full.py``. A run is trained, saved, kept, rewound, compared,
renamed, copied and packed, as in the window. First all that it asks of the file system is counted
(files opened to write, synced, renamed, linked, folders made); then it is done again once for each,
with that one refused, or that and all after it for a while, because the disk is full or read-only.
The runner must live on, whatever it tells must be a message, every last.pt that is there must open,
and once there is room again the run must be saved whole.
"""

import argparse
import errno
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from oracle import SMALL
from windowless import Window

from ganstudio import library, run_archive
from ganstudio.config import Config
from ganstudio.data.loading import load
from ganstudio.errors import StudioError
from ganstudio.models import mlp_gelu
from ganstudio.training import checkpoint, past
from ganstudio.training import runner as runner_module
from ganstudio.training.history_file import HistoryReader
from ganstudio.work import Work

REASONS = {"full": errno.ENOSPC, "read-only": errno.EROFS}
CONFIG = Config(model="mlp-gelu", batch_size=8, latent_dim=5, r1=0, epochs=0)


class Disk:
    """Counts what is asked of the file system below a folder, and refuses some of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count, self.first, self.length, self.reason = folder, 0, -1, 0, 0

    def asked(self, path: object) -> None:
        if not str(path).startswith(str(self.folder)):
            return
        self.count += 1
        if self.first <= self.count < self.first + self.length:
            raise OSError(self.reason, os.strerror(self.reason), str(path))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take the place of the functions that write."""
        kept = {(of, name): getattr(of, name) for of, name in WATCHED}

        def watching(act: Callable[..., Any], name: str) -> Callable[..., Any]:
            def ask(path: Any, *rest: Any, **more: Any) -> Any:
                mode = str(rest[0] if rest else more.get("mode", "r"))
                if name != "open" or set(mode) & set("wax+"):
                    place = os.readlink(f"/proc/self/fd/{path}") if name == "fsync" else path
                    self.asked(place)
                return act(path, *rest, **more)

            return ask

        for (of, name), act in kept.items():
            setattr(of, name, watching(act, name))
        try:
            yield
        finally:
            for (of, name), act in kept.items():
                setattr(of, name, act)


WATCHED = (
    *((Path, name) for name in ("open", "replace", "rename", "mkdir")),
    *((os, name) for name in ("fsync", "link")),
)


def main() -> None:
    """Refuse each in turn; say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 5, 1000])
    parser.add_argument("--reasons", choices=REASONS, nargs="+", default=list(REASONS))
    arguments = parser.parse_args()
    for name, network in SMALL.items():  # files as small as may be: there are many
        setattr(mlp_gelu, name, network)
    mnist = load("mnist", 0, None, Work())
    few = replace(mnist, train=mnist.train[:64], train_labels=mnist.train_labels[:64])
    runner_module.load = lambda *_: few
    past.SECONDS, past.SHARE, past.RETRY_SECONDS = 0.0, float("inf"), 0.0
    with tempfile.TemporaryDirectory() as place:
        asked = _once(Path(place), 0, 0, 0)[0]
    problems, times = [], 0
    for name, reason in ((name, REASONS[name]) for name in arguments.reasons):
        for length in arguments.lengths:
            for first in range(1, asked + 1):
                with tempfile.TemporaryDirectory() as place:
                    found = _once(Path(place), first, length, reason)[1]
                times += 1
                for problem in found:
                    problems.append(problem)
                    print(f"{name}, {length} from number {first}: {problem}", flush=True)
    print(f"{asked} writes, refused {times} times: {len(problems)} problems")
    sys.exit(bool(problems))


def _once(folder: Path, first: int, length: int, reason: int) -> tuple[int, list[str]]:
    """Do all of it once; return how much was asked of the disk, and what went wrong."""
    disk = Disk(folder)
    disk.first, disk.length, disk.reason = first, length, reason
    problems: list[str] = []
    runs = folder / "runs"
    with disk.watched():
        window = Window(runs, None, CONFIG)
        runner, homes = window.runner, window.runner._homes
        window.train(2)
        runner._save(*runner._trainers())
        window.ask(lambda runner: runner.keep())
        window.train(2)
        kept = window.kept()
        if kept:
            window.ask(lambda runner: runner.rewind(kept[0]))
        window.train(2)
        window.ask(lambda runner: runner.try_value("g_lr", 0.01))
        window.train(1)
        runner._save(*runner._trainers())
        window.ask(lambda runner: runner.keep_both())
        home = homes.path(window.trainer.run_id)
        if home is not None:
            window.ask(lambda runner: runner.rename(home, "other"))
            window.ask(lambda runner: runner.duplicate(homes.path(window.trainer.run_id)))
        window.ask(lambda runner: runner.save(folder / "mine.pt"))
        window.train(1)
        home = homes.path(window.trainer.run_id)
        if home is not None:
            with suppress(StudioError):
                run_archive.pack(home, folder / "run.zip", Work())
            with suppress(StudioError):
                run_archive.unpack(folder / "run.zip", runs, Work())
        asked, disk.length = disk.count, 0
        problems += [
            f"told {error.code}: {error}"
            for error in window.heard.errors
            if error.code == "unexpected" or error.code == "training-failed"
        ]
        window.train(1)  # there is room again
        runner.close()
    for trainer in runner._trainers():
        path = homes.path(trainer.run_id)
        saved = None
        with suppress(StudioError, TypeError):
            saved = checkpoint.read(path / library.LAST)["step"]
        if saved != trainer.step:
            problems.append(f"a run is at step {trainer.step}, and saved at {saved}")
    for path in (*runs.rglob("*.pt"), *folder.glob("*.pt")):
        try:
            content = checkpoint.read(path)
            if path.name == library.LAST:  # with what a crash would have left of it
                newest = past.newest(path.parent, content)
                if newest["history"].shape[1] != newest["step"]:
                    problems.append(f"{path.relative_to(folder)}: steps are missing")
        except StudioError as error:
            problems.append(f"{path.relative_to(folder)}: {error.code}")
    for trainer in runner._trainers():
        home = homes.path(trainer.run_id)
        rows = HistoryReader(home, trainer.run_id).read(0, trainer.step) if home else None
        whole = trainer.history.array()
        if rows is not None and not np.array_equal(rows, whole[:, : rows.shape[1]], equal_nan=True):
            problems.append(f"{home.name}: the history in its file is another")
    left = [path.name for path in runs.rglob("*.part")]
    if left:
        problems.append(f"left over: {left}")
    return asked, problems


if __name__ == "__main__":
    main()
