"""Several processes that train one GAN do what one does with the whole batch."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from together import RECIPES, STEPS, images, trained

from ganstudio.config import Config
from ganstudio.errors import ConfigError
from ganstudio.training import checkpoint
from ganstudio.training.ranks import ALONE, Ranks
from ganstudio.training.trainer import Trainer

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def run(what: str, folder: Path, count: int = 2) -> list[tuple[int, str]]:
    """Let `together` do something as so many ranks; return their exit statuses and messages."""
    port = str(free_port())
    paths = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    processes = [
        subprocess.Popen(
            [sys.executable, HERE / "together.py", what, folder, str(rank), str(count), port],
            env={**os.environ, "PYTHONPATH": paths},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
    try:
        said = [process.communicate(timeout=50)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what two ranks have trained."""
    folder = tmp_path_factory.mktemp("shared")
    assert [status for status, _ in run("all", folder)] == [0, 0]
    return folder


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("recipe", RECIPES)
def test_two_ranks_do_what_one_does(recipe: str, shared: Path) -> None:
    alone = trained(recipe).state()
    number = list(RECIPES).index(recipe)
    ranks = [checkpoint.read(shared / f"{number}-{rank}.pt") for rank in range(2)]
    for net in ("G", "D", "E", "G_ema"):
        if alone[net] is None:
            assert ranks[0][net] is None
            continue
        for name, expected in alone[net].items():
            torch.testing.assert_close(ranks[0][net][name], expected, rtol=1e-8, atol=1e-10)
            assert torch.equal(ranks[0][net][name], ranks[1][net][name]), "bit for bit"
    history = [np.asarray(each["history"])[:-1] for each in (alone, *ranks)]
    assert history[0].shape[1] == STEPS
    np.testing.assert_allclose(history[1], history[0], rtol=2e-6, atol=1e-7)
    np.testing.assert_array_equal(history[1], history[2])
    assert alone["counts"] == ranks[0]["counts"]


def test_ctrl_c_in_any_of_them_stops_all_at_the_same_step(tmp_path: Path) -> None:
    ended = run("interrupt", tmp_path)
    assert [status for status, _ in ended] == [0, 0], ended
    told = [(tmp_path / f"rank-{rank}").read_text().split() for rank in range(2)]
    assert [step for step, _ in told] == ["3", "3"]
    assert told[1][1] == str(int(signal.SIGINT))
    assert checkpoint.read(tmp_path / "last.pt")["step"] == 3


def test_one_that_dies_ends_the_run_and_its_last_step_is_kept(tmp_path: Path) -> None:
    first, last = run("die", tmp_path)
    assert last[0] == 9
    assert first[0] != 0
    assert "rank-lost" in first[1]
    assert "--resume" in first[1]
    assert "Traceback" not in first[1]
    content = checkpoint.read(tmp_path / "last.pt")
    assert content["step"] == 3
    trainer = checkpoint.restore(content, tmp_path, images(), torch.device("cpu"))
    trainer.train_step()
    assert trainer.step == 4, "and one process can go on"


def test_torchrun_trains_and_its_checkpoint_goes_on_alone(tiny_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    launch = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port()}"]
    words = ["train", "--preset", "mlp-leaky", "--data-root", str(tiny_root), "--steps", "3"]
    ended = subprocess.run(
        [sys.executable, *launch, "-m", "ganstudio", *words, "--out", str(out)],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ended.returncode == 0, ended.stderr
    assert "2 processes on cpu" in ended.stdout
    assert ended.stdout.count("Step 3 saved") == 1
    again = [sys.executable, "-m", "ganstudio", "train", "--resume", str(out / "last.pt")]
    alone = subprocess.run(
        [*again, "--steps", "5", "--threads", "1"],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert alone.returncode == 0, alone.stderr
    assert checkpoint.read(out / "last.pt")["step"] == 5


def test_a_batch_that_cannot_be_shared_alike_is_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of 3") as caught:
        Trainer(Config(batch_size=8), images(), torch.device("cpu"), ranks=Ranks(0, 3))
    assert caught.value.fields["field"] == "batch_size"


def test_parts_of_a_batch_are_all_of_it() -> None:
    whole = torch.arange(12)
    parts = [Ranks(rank, 3).mine(whole) for rank in range(3)]
    assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(ALONE.mine(whole), whole)
    assert [Ranks(rank, 3).first for rank in range(3)] == [True, False, False]
