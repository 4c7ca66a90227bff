"""A run in one process, followed in another: here both are in one, by turns."""

import os

import numpy as np
import pytest
import torch

from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.training import checkpoint, headless, live
from ganstudio.training.history_file import NAME as ROWS
from ganstudio.training.history_file import HistoryReader
from ganstudio.training.limits import Limit
from ganstudio.training.live import NETWORKS, Live, LiveWriter
from ganstudio.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("small")
CONFIG = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch) -> None:
    monkeypatch.setattr(live, "SECONDS", 0.0)
    monkeypatch.setattr(live, "SHARE", float("inf"))


@pytest.fixture
def trainer(tiny, cpu) -> Trainer:
    return Trainer(CONFIG, tiny, cpu)


def steps(trainer: Trainer, writer: LiveWriter, count: int) -> None:
    for _ in range(count):
        trainer.train_step()
        writer.step_done()


def test_a_follower_sees_the_networks_and_every_step(trainer, tmp_path):
    writer, follower = LiveWriter.of(trainer, tmp_path), Live(tmp_path)
    steps(trainer, writer, 3)
    content = follower.first()
    assert content["step"] == 3
    assert not follower.ended
    assert follower.newer() is None, "nothing has changed"
    np.testing.assert_array_equal(follower.rows(content, 0), trainer.history.array())
    for name, value in trainer.ema.model.state_dict().items():
        torch.testing.assert_close(content["G"][name], value, rtol=1e-3, atol=1e-4)
    steps(trainer, writer, 4)
    content = follower.newer()
    assert content["step"] == 7
    np.testing.assert_array_equal(follower.rows(content, 3), trainer.history.array()[:, 3:])


def test_rows_are_those_of_the_networks_step_even_if_there_are_more(trainer, tmp_path):
    writer, follower = LiveWriter.of(trainer, tmp_path), Live(tmp_path)
    steps(trainer, writer, 2)
    content = follower.first()
    steps(trainer, writer, 2)  # between the two files
    assert follower.rows(content, 1).shape[1] == 1


def test_lost_rows_are_told(trainer, tmp_path):
    writer, follower = LiveWriter.of(trainer, tmp_path), Live(tmp_path)
    steps(trainer, writer, 5)
    content = follower.first()
    data = (tmp_path / ROWS).read_bytes()
    (tmp_path / ROWS).write_bytes(data[: len(data) - 5])
    assert follower.rows(content, 0) is None
    (tmp_path / ROWS).unlink()
    assert follower.rows(content, 0) is None


def test_a_row_that_was_half_written_is_written_again(trainer, tmp_path):
    writer, follower = LiveWriter.of(trainer, tmp_path), Live(tmp_path)
    steps(trainer, writer, 2)
    with (tmp_path / ROWS).open("ab") as file:
        file.write(b"12345")  # and then the disk was full
    steps(trainer, writer, 1)
    np.testing.assert_array_equal(follower.rows(follower.first(), 0), trainer.history.array())


def test_training_leaves_a_checkpoint_and_nothing_to_follow(trainer, tmp_path, monkeypatch):
    follower, seen = Live(tmp_path), []
    original = LiveWriter.step_done

    def step_done(self: LiveWriter) -> None:
        original(self)
        content = follower.newer() if seen else follower.first()
        seen.append(content["step"])

    monkeypatch.setattr(LiveWriter, "step_done", step_done)
    headless.train(trainer, tmp_path, Limit(steps=4))
    assert seen == [1, 2, 3, 4]
    assert not (tmp_path / NETWORKS).exists()
    whole = HistoryReader(tmp_path, trainer.run_id).read(0, 99)
    np.testing.assert_array_equal(whole, trainer.history.array())
    content = follower.newer()
    assert (content["step"], follower.ended) == (4, True)
    assert content["G_opt"] is not None
    np.testing.assert_array_equal(follower.rows(content, 2), trainer.history.array()[:, 2:])


def test_a_run_that_fails_is_no_longer_followed(trainer, tmp_path):
    trainer.train_step()
    with torch.no_grad():
        trainer.D[1].weight[0, 0] = torch.inf
    with pytest.raises(StudioError, match="is not finite"):
        headless.train(trainer, tmp_path, Limit(steps=9))
    assert not (tmp_path / NETWORKS).exists()
    assert checkpoint.read(tmp_path / "last.pt")["step"] == 1


def test_what_cannot_be_written_stops_nothing(trainer, tmp_path):
    writer = LiveWriter.of(trainer, tmp_path)
    (tmp_path / ROWS).mkdir()
    steps(trainer, writer, 2)
    assert trainer.step == 2
    writer.end()


def test_what_a_killed_run_has_left_does_not_hide_its_checkpoint(trainer, tmp_path):
    writer, follower = LiveWriter.of(trainer, tmp_path), Live(tmp_path)
    steps(trainer, writer, 2)
    trainer.train_step()
    checkpoint.save(trainer, tmp_path / "last.pt")
    assert follower.first()["step"] == 2, "training goes on, and saves now and then"
    about = (tmp_path / NETWORKS).stat()
    os.utime(tmp_path / NETWORKS, (about.st_atime, about.st_mtime - 6000))
    assert follower.newer()["step"] == 3
    assert follower.ended


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(StudioError, match=r"last\.pt"):
        Live(tmp_path).first()
