"""What a run is written as for use elsewhere: its numbers as tables and events, its samples."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganstudio import images
from ganstudio.cli import main
from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.training import checkpoint, generator_file, tensorboard_file
from ganstudio.training.history import COLUMNS, METRICS, History
from ganstudio.training.trainer import Trainer
from ganstudio.work import Cancelled, Work

CONFIG = Config(model="mlp-leaky", batch_size=8, latent_dim=4, r1=0)


@pytest.fixture
def trainer(tiny, cpu) -> Trainer:
    made = Trainer(CONFIG, tiny, cpu)
    for _ in range(5):
        made.train_step()
    made.drain()
    return made


def events(path: Path) -> EventAccumulator:
    found = EventAccumulator(str(path))
    found.Reload()
    return found


def test_tensorboard_reads_every_step(trainer: Trainer, tmp_path: Path) -> None:
    path, history = tmp_path / "run.tfevents", trainer.history
    tensorboard_file.write(history, path)
    found = events(path)
    known = [name for name in METRICS if np.isfinite(history.column(name)).any()]
    assert sorted(found.Tags()["scalars"]) == sorted(known)
    assert "reconstruction_loss" not in known
    for name in known:
        scalars = found.Scalars(name)
        assert [scalar.step for scalar in scalars] == [1, 2, 3, 4, 5]
        assert [scalar.value for scalar in scalars] == history.column(name).tolist()
    times = [scalar.wall_time for scalar in found.Scalars("g_loss")]
    seconds = history.column("seconds").astype(float)
    np.testing.assert_allclose(np.diff(times), np.diff(seconds), atol=1e-5)


def test_steps_that_lack_a_number_have_none_there(tmp_path: Path) -> None:
    rows = np.full((len(COLUMNS), 3), np.nan, np.float32)
    rows[METRICS.index("g_loss"), [0, 2]] = 0.5, np.inf
    rows[COLUMNS.index("seconds")] = 1, 2, 3
    history = History()
    history.append(rows)
    tensorboard_file.write(history, tmp_path / "a.tfevents")
    found = events(tmp_path / "a.tfevents")
    assert found.Tags()["scalars"] == ["g_loss"]
    assert [scalar.step for scalar in found.Scalars("g_loss")] == [1]


def test_writing_events_can_be_cancelled(trainer: Trainer, tmp_path: Path) -> None:
    path, work = tmp_path / "run.tfevents", Work()
    path.write_bytes(b"before")
    work.cancel()
    with pytest.raises(Cancelled):
        tensorboard_file.write(trainer.history, path, work)
    assert path.read_bytes() == b"before"


def test_tensorboard_that_is_not_there_is_said(trainer, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(StudioError, match="pip install tensorboard"):
        tensorboard_file.write(trainer.history, tmp_path / "run.tfevents")


def test_the_command_line_writes_the_numbers(trainer: Trainer, tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.pt"
    checkpoint.save(trainer, path)
    for name in ("a.csv", "a.tfevents"):
        assert main(["export", str(path), "--out", str(tmp_path / name)]) == 0
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 6
    assert len(events(tmp_path / "a.tfevents").Scalars("g_loss")) == 5
    capsys.readouterr()
    assert main(["export", str(path), "--out", str(tmp_path / "a.xyz")]) == 2
    assert ".safetensors, .onnx, .py, .csv or .tfevents" in capsys.readouterr().err


def test_networks_alone_have_no_numbers(trainer: Trainer, tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.safetensors"
    generator_file.write(checkpoint.content_of(trainer), path)
    assert main(["export", str(path), "--out", str(tmp_path / "a.csv")]) == 2
    assert "a.safetensors holds networks alone" in capsys.readouterr().err
    assert not (tmp_path / "a.csv").exists()


def test_samples_are_written_as_a_folder(trainer: Trainer, tmp_path: Path, capsys) -> None:
    path, out = tmp_path / "a.pt", tmp_path / "deep" / "samples"
    checkpoint.save(trainer, path)
    assert main(["sample", str(path), "--num", "12", "--out", str(out)]) == 0
    assert main(["sample", str(path), "--num", "12", "--out", str(tmp_path / "a.npy")]) == 0
    names = sorted(file.name for file in out.iterdir())
    assert names == [f"{i:05d}.png" for i in range(12)]
    for name, image in zip(names, np.load(tmp_path / "a.npy"), strict=True):
        assert np.array_equal(np.asarray(Image.open(out / name)), image[0])
    capsys.readouterr()
    assert main(["sample", str(path), "--num", "3", "--out", str(out)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert len(list(out.iterdir())) == 12


def test_a_folder_that_is_there_is_refused_by_whatever_name(
    trainer: Trainer, tmp_path: Path, capsys, monkeypatch
) -> None:
    checkpoint.save(trainer, tmp_path / "a.pt")
    monkeypatch.chdir(tmp_path)
    assert main(["sample", "a.pt", "--out", "."]) == 2
    assert "not empty" in capsys.readouterr().err


def test_colours_stay_colours(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    (tmp_path / "there").mkdir()  # an empty one will do
    images.save_folder(colours, tmp_path / "there")
    again = np.asarray(Image.open(tmp_path / "there" / "00001.png"))
    assert np.array_equal(again, colours[1].transpose(1, 2, 0))


def test_a_folder_that_is_cancelled_or_cannot_be_written_is_not_there(tmp_path: Path) -> None:
    work = Work()
    work.cancel()
    with pytest.raises(Cancelled):
        images.save_folder(np.zeros((3, 1, 4, 4), np.uint8), tmp_path / "a", work)
    (tmp_path / "file").touch()
    with pytest.raises(StudioError, match="file"):
        images.save_folder(np.zeros((3, 1, 4, 4), np.uint8), tmp_path / "file" / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
