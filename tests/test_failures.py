"""A device that is lost: the run is kept as it was saved, and can be gone on with elsewhere."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle import everything, same
from windowless import CONFIG, Window, keep_every_step

from ganstudio.errors import StudioError
from ganstudio.training import checkpoint, headless
from ganstudio.training.failures import explained, is_lost, lacks_memory
from ganstudio.training.limits import Limit
from ganstudio.training.status import Phase
from ganstudio.training.trainer import Trainer

LOST = "CUDA error: unspecified launch failure\nCompile with TORCH_USE_CUDA_DSA.\n"
GPU = torch.device("cuda:1")


def lose(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the trainer on a GPU from which nothing comes back."""

    def fails(*_args: object, **_more: object) -> None:
        raise RuntimeError(LOST)

    trainer.device = GPU
    of = trainer.gradients
    of.objective = dataclasses.replace(of.objective, g_loss=fails)
    for name in ("drain", "snapshot", "networks_state", "state"):
        monkeypatch.setattr(trainer, name, fails)


@pytest.fixture
def window(small, tiny_root: Path, tmp_path: Path, monkeypatch) -> Window:
    monkeypatch.setattr("ganstudio.training.threads.cores", lambda: 1)
    keep_every_step(monkeypatch)
    return Window(tmp_path / "runs", tiny_root)


def test_a_run_whose_gpu_is_gone_goes_on_from_its_newest_moment(
    window: Window, tiny_root: Path, monkeypatch
) -> None:
    window.train(5)
    before, history = everything(window.trainer), window.trainer.history.array()
    run_id, folder = window.trainer.run_id, window.heard.status.folder
    with monkeypatch.context() as patch:
        lose(window.trainer, patch)
        window.ask(lambda runner: runner.start())
    (error,) = window.heard.errors
    assert error.code == "device-lost"
    assert error.fields["saved"] == folder / "last.pt"
    assert "cuda:1 no longer answers: CUDA error: unspecified launch failure. The" in str(error)
    assert window.heard.status.phase is Phase.PAUSED
    assert not window.heard.status.unsaved, "what cannot be saved is not asked about"
    window.ask(lambda runner: runner.finish())
    assert window.heard.errors == [error]

    window.ask(lambda runner: runner.open(folder / "last.pt", "cpu", tiny_root))
    assert window.heard.errors == [error]
    assert (window.trainer.run_id, window.trainer.step) == (run_id, 5)
    assert same(everything(window.trainer), before)
    assert np.array_equal(window.trainer.history.array(), history, equal_nan=True)
    window.train(2)
    assert window.heard.status.folder == folder
    assert window.kept() == list(range(8))


def test_before_anything_is_saved_there_is_nothing_to_go_on_from(
    window: Window, monkeypatch
) -> None:
    lose(window.trainer, monkeypatch)
    window.ask(lambda runner: runner.start())
    (error,) = window.heard.errors
    assert error.fields["saved"] is None


def test_a_gpu_that_fails_for_another_run_takes_nothing_from_this_one(
    window: Window, tiny_root: Path, monkeypatch
) -> None:
    window.train(2)
    before = window.trainer

    def fails(*_args: object) -> None:
        raise RuntimeError(LOST)

    monkeypatch.setattr("ganstudio.training.trainer._build", fails)
    window.ask(lambda runner: runner.new_run(CONFIG, "cpu", tiny_root))
    assert [error.code for error in window.heard.errors] == ["device-lost"]
    assert "saved" not in window.heard.errors[0].fields
    assert window.trainer is before
    window.train(1)
    assert before.step == 3


def test_without_a_window_it_is_told_as_well(tiny, cpu, tmp_path: Path, monkeypatch) -> None:
    trainer = Trainer(CONFIG, tiny, cpu)
    headless.train(trainer, tmp_path, Limit(steps=3))
    lose(trainer, monkeypatch)
    with pytest.raises(StudioError) as caught:
        headless.train(trainer, tmp_path, Limit(steps=9))
    assert caught.value.code == "device-lost"
    assert checkpoint.read(tmp_path / "last.pt")["step"] == 3


@pytest.mark.parametrize(
    ("error", "lost", "memory"),
    [
        (RuntimeError(LOST), True, False),
        (RuntimeError("CUDA error: device-side assert triggered"), True, False),
        (RuntimeError("CUDA error: out of memory"), False, True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), False, True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False, False),
        (ValueError("CUDA error"), False, False),
    ],
)
def test_what_is_lost_and_what_lacks_memory(error: Exception, lost: bool, memory: bool) -> None:
    assert (is_lost(error), lacks_memory(error)) == (lost, memory)
    assert (explained(error, "unexpected", GPU).code == "device-lost") is lost
