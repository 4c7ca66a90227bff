"""A generator as ONNX draws what it draws here."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from ganstudio import parts
from ganstudio.cli import main
from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.latent.decode import decode_exactly
from ganstudio.latent.spec import Stream, generator
from ganstudio.training import checkpoint, onnx_file
from ganstudio.training.trainer import Trainer

runtime = pytest.importorskip("onnxruntime")

MODELS = [name for name in parts.names(parts.MODEL) if name != "aae"]


def drawn(path: Path, z: np.ndarray) -> np.ndarray:
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    assert (given.name, made.name) == ("z", "images")
    (images,) = session.run(None, {"z": z})
    return images


def compare(config: Config, tiny, cpu, path: Path) -> None:
    trainer = Trainer(config, tiny, cpu)
    trainer.train_step()
    snapshot = trainer.snapshot()
    onnx_file.write(snapshot, path)
    for n in (1, 7):
        z = snapshot.latent.sample(n, generator(3, Stream.SAMPLES))
        expected = decode_exactly(snapshot, z).clamp(0, 255).numpy() / 255
        images = drawn(path, z)
        assert images.shape == expected.shape
        np.testing.assert_allclose(images, expected, atol=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_draws_the_same(tiny, cpu, tmp_path: Path, model: str):
    config = Config(model=model, batch_size=8, latent_dim=6, r1=0)
    compare(config, tiny, cpu, tmp_path / "a.onnx")


def test_classes_and_codes_are_parts_of_z(tiny, cpu, tmp_path: Path):
    for changes in ({"conditional": True}, {"code_choices": 10, "continuous_codes": 2}):
        config = Config(model="mlp-gelu", batch_size=8, latent_dim=6, r1=0)
        compare(config.changed(**changes), tiny, cpu, tmp_path / "a.onnx")


def test_the_latest_is_written_where_there_is_no_average(tiny, cpu, tmp_path: Path):
    config = Config(model="mlp-gelu", batch_size=8, latent_dim=6, r1=0, ema_decay=0)
    compare(config, tiny, cpu, tmp_path / "a.onnx")


def test_the_command_line_writes_it(small, tiny, cpu, tmp_path: Path, capsys):
    trainer = Trainer(Config(model="mlp-gelu", batch_size=8, latent_dim=6, r1=0), tiny, cpu)
    path, out = tmp_path / "a.pt", tmp_path / "a.onnx"
    checkpoint.save(trainer, path)
    assert main(["export", str(path), "--out", str(out)]) == 0
    assert "written to" in capsys.readouterr().out
    assert drawn(out, np.zeros((2, 6), np.float32)).shape == (2, 1, 28, 28)


def test_without_the_package_it_says_what_to_install(small, tiny, cpu, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnx" else find(name))
    trainer = Trainer(Config(model="mlp-gelu", batch_size=8, latent_dim=6, r1=0), tiny, cpu)
    with pytest.raises(StudioError, match="pip install onnx"):
        onnx_file.write(trainer.snapshot(), tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


def test_what_onnx_does_not_know_is_said(small, tiny, cpu, tmp_path, monkeypatch):
    trainer = Trainer(Config(model="mlp-gelu", batch_size=8, latent_dim=6, r1=0), tiny, cpu)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator\nand more")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(StudioError, match="no such operator") as caught:
        onnx_file.write(trainer.snapshot(), tmp_path / "a.onnx")
    assert caught.value.code == "not-as-onnx"
