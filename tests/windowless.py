"""A runner with a library, as a window has it, in the test's own thread."""

import functools
import math
import queue
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.training import past
from ganstudio.training.orders import Nets
from ganstudio.training.runner import Runner
from ganstudio.training.trainer import Trainer

CONFIG = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, epochs=0)


class Listener(SimpleNamespace):
    """Hears nothing, but for errors and the last status."""

    def __init__(self) -> None:
        super().__init__(errors=[], status=None, runs=[], dropped=[], rivals=[])

    def on_error(self, error: StudioError) -> None:
        self.errors.append(error)

    def on_status(self, status) -> None:
        self.status = status

    def on_run(self, info) -> None:
        self.runs.append(info)

    def on_dropped(self, folder: Path) -> None:
        self.dropped.append(folder)

    def on_rival_snapshot(self, snapshot) -> None:
        self.rivals.append(snapshot)

    def __getattr__(self, name: str):
        assert name.startswith("on_"), name
        return lambda *_: None


class Window:
    """A runner, and words for what is asked of it."""

    def __init__(self, library: Path, root: Path | None, config: Config = CONFIG) -> None:
        self.heard = Listener()
        self.runner = Runner(queue.SimpleQueue(), self.heard, library)
        self.ask(lambda runner: runner.new_run(config, "cpu", root))

    @property
    def trainer(self) -> Trainer:
        assert self.runner.trainer is not None
        return self.runner.trainer

    def ask(self, *requests) -> None:
        """Do as the runner does with requests, and train until there is nothing to do."""
        for request in requests:
            act = functools.partial(request, self.runner)
            self.runner._guarded(act, self.runner._publish, "unexpected")
            while self.runner.training:
                step, failed = self.runner._step, self.runner._on_failed_step
                self.runner._guarded(step, failed, "training-failed")

    def train(self, steps: int) -> None:
        self.ask(lambda runner: runner.step(Nets.BOTH, steps))

    def kept(self) -> list[int]:
        return [moment.step for moment in self.heard.status.moments]


def keep_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each step kept, however long that takes."""
    monkeypatch.setattr(past, "SECONDS", 0.0)
    monkeypatch.setattr(past, "SHARE", math.inf)
