"""Networks that take the CPU long are called on the GPU that trains them, beside training."""

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from oracle import GPU
from torch import Tensor

from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.latent import snapshot as module
from ganstudio.latent.aside import FIRST, Aside, go_first
from ganstudio.latent.decode import decode, judge, taste
from ganstudio.latent.snapshot import SLOW_CALLS, Snapshot, go_aside
from ganstudio.training.trainer import Trainer

CUDA = torch.device("cuda")
CONFIG = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0)
Z = np.linspace(-1, 1, 10, dtype=np.float32).reshape(2, 5)


class Stand:
    """What an `Aside` is to a workplace, without a GPU: it may fail."""

    calls = 0
    fails = False

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def compute(self, work: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        Stand.calls += 1
        if Stand.fails:
            raise torch.OutOfMemoryError
        return work(x)


@pytest.fixture(autouse=True)
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this thread's workplace to ourselves, and let every call be slow."""
    monkeypatch.setattr(module, "_workplace", module._Workplace())
    monkeypatch.setattr(module, "SLOW_SECONDS", -math.inf)


@pytest.fixture
def stand(small, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Stand]]:
    monkeypatch.setattr(module, "Aside", Stand)
    yield Stand
    Stand.calls, Stand.fails = 0, False


def snapshots(config: Config, dataset: Dataset, cpu: torch.device) -> list[Snapshot]:
    """Return two steps of a run, as if it trained on a GPU."""
    trainer, found = Trainer(config, dataset, cpu), []
    for _ in range(2):
        trainer.train_step()
        found.append(dataclasses.replace(trainer.snapshot(), device=CUDA))
    return found


def test_it_begins_with_the_calls_after_some_slow_ones(stand, tiny, cpu):
    go_aside()
    first, later = snapshots(CONFIG, tiny, cpu)
    expected = [decode(one, Z) for one in (first, later)]
    assert not np.array_equal(*expected)
    decode(first, Z)
    assert (SLOW_CALLS, stand.calls) == (3, 0)
    for one, images in zip((first, later, first), (*expected, expected[0]), strict=True):
        assert np.array_equal(decode(one, Z), images), "by the weights of its step"
    assert stand.calls == 3
    judge(later, expected[1], Z)
    assert stand.calls == 4


def test_slow_ones_must_follow_each_other(stand, tiny, cpu, monkeypatch):
    go_aside()
    one, _ = snapshots(CONFIG, tiny, cpu)
    for slow in (True, True, False, True, True, False, True, True, True):
        monkeypatch.setattr(module, "SLOW_SECONDS", -math.inf if slow else math.inf)
        decode(one, Z)
        assert stand.calls == 0
    decode(one, Z)
    assert stand.calls == 1


def test_it_is_for_threads_that_ask_and_runs_on_a_gpu(stand, tiny, cpu):
    one, _ = snapshots(CONFIG, tiny, cpu)
    for _ in range(2 * SLOW_CALLS):
        decode(one, Z)
    go_aside()
    for _ in range(2 * SLOW_CALLS):
        decode(dataclasses.replace(one, device=cpu), Z)
    assert stand.calls == 0


def test_another_run_begins_on_the_cpu(stand, tiny, cpu):
    go_aside()
    one, _ = snapshots(CONFIG, tiny, cpu)
    other = snapshots(CONFIG.changed(latent_dim=6), tiny, cpu)[0]
    for _ in range(SLOW_CALLS):
        decode(one, Z)
    decode(other, np.zeros((2, 6), np.float32))
    decode(dataclasses.replace(one, device=cpu), Z)
    assert stand.calls == 0


def test_where_it_fails_the_cpu_goes_on(stand, tiny, cpu):
    go_aside()
    first, later = snapshots(CONFIG, tiny, cpu)
    expected = [decode(one, Z) for one in (first, later)]
    decode(first, Z)
    stand.fails = True
    for _ in range(2 * SLOW_CALLS):
        for one, images in zip((first, later), expected, strict=True):
            assert np.array_equal(decode(one, Z), images)
    assert stand.calls == 1, "and is left alone"


def test_a_device_without_streams_is_left_alone(cpu):
    go_first(cpu)


@GPU
@pytest.mark.parametrize("model", ["mlp-gelu", "dcgan", "aae"])
def test_a_gpu_draws_and_judges_as_the_cpu_does(model: str, tiny):
    go_first(CUDA)
    assert torch.cuda.current_stream(CUDA).priority == FIRST
    trainer = Trainer(CONFIG.changed(model=model), tiny, CUDA)
    trainer.train_step()
    one = trainer.snapshot()
    image = tiny.test[0]

    def seen() -> tuple[np.ndarray, ...]:
        images = decode(one, Z)
        return images.astype(float), judge(one, images, Z), *taste(one, image, 0)

    expected = seen()
    go_aside()
    for _ in range(SLOW_CALLS):
        decode(one, Z)
    assert isinstance(module._workplace._aside, Aside)
    images, *others = seen()
    assert np.abs(images - expected[0]).max() <= 1
    for found, known in zip(others, expected[1:], strict=True):
        assert np.allclose(found, known, rtol=1e-3, atol=1e-4)
