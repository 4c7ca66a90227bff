"""An experiment as a script: what it prints are the losses of the run, whatever the recipe."""

import ast
import csv
import io
import runpy
import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from ganstudio import model_file, parts
from ganstudio.cli import main
from ganstudio.config import ORDERS, SETTINGS, Config, built_in_presets, load_preset
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import load
from ganstudio.errors import ConfigError, StudioError
from ganstudio.training import checkpoint, script
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work

CPU = torch.device("cpu")
FORMS = [
    (name, published)
    for name in built_in_presets()
    for published in ((False, True) if load_preset(name).published else (False,))
]


def told(path: Path, steps: int) -> dict[str, np.ndarray]:
    """Run a script, and return the losses that it prints, by their names."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.chdir(path.parent)
        patch.setattr(sys, "argv", [path.name, "--steps", str(steps)])
        runpy.run_path(str(path), run_name="__main__")
    head, *rows = csv.reader(out.getvalue().splitlines())
    assert [int(row[0]) for row in rows] == list(range(1, steps + 1))
    values = np.array([[float(value) for value in row[1:]] for row in rows]).T
    return dict(zip(head[1:], values, strict=True))


def write(trainer: Trainer, path: Path) -> None:
    dataset = trainer.dataset
    made_of = trainer.config, trainer.architecture, dataset.root, lambda: dataset
    script.write(*made_of, trainer.step, path)


def compare(config: Config, dataset: Dataset, steps: int, path: Path, rtol=1e-5) -> str:
    """Train a run here and by its script; return the script."""
    trainer = Trainer(config, dataset, CPU)
    write(trainer, path)
    for _ in range(steps):
        trainer.train_step()
    trainer.drain()
    found = told(path, steps)
    expected = [
        name for name in trainer.losses if config.d_steps or name[:4] not in ("real", "fake")
    ]
    assert sorted(found) == sorted(expected)
    for name, values in found.items():
        np.testing.assert_allclose(values, trainer.history.column(name), rtol, 1e-6, err_msg=name)
    return path.read_text()


@pytest.mark.parametrize(("name", "published"), FORMS)
def test_every_preset_s_first_losses_are_the_run_s(
    name: str, published: bool, tiny_root: Path, tmp_path: Path
) -> None:
    config = load_preset(name).form(published=published).changed(batch_size=8)
    dataset = load("mnist", config.image_size, tiny_root, Work())
    text = compare(config, dataset, 9, tmp_path / "run.py", 1e-4)
    assert "$" not in text
    assert "#?" not in text
    assert "ganstudio" not in text.replace(str(tiny_root), "")
    side = config.image_size or 28
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.size == (8 * side, 8 * side)


def test_it_is_called_as_the_preset_is(tiny: Dataset) -> None:
    preset = load_preset("wgan-gp")
    trainer = Trainer(preset.config.changed(seed=4), tiny, CPU)
    text = script.script(trainer.config, trainer.architecture, None, 1234, "a.py")
    first = f"{preset.title} on mnist, seed 4, as GAN Studio trained it to step 1,234."
    assert text.startswith(f'"""{first}\n')
    assert "--steps" in text


def test_a_hundred_losses_are_the_run_s(tiny_root: Path, tmp_path: Path) -> None:
    config = load_preset("mlp-leaky").config.changed(batch_size=32, seed=3)
    dataset = load("mnist", 0, tiny_root, Work())
    compare(config, dataset, 100, tmp_path / "run.py", 1e-4)


CHANGES = st.fixed_dictionaries(
    {
        "order": st.sampled_from(ORDERS),
        "d_steps": st.integers(0, 3),
        "objective": st.sampled_from(parts.names(parts.OBJECTIVE)),
        "d_total": st.sampled_from(("sum", "mean")),
        "prior": st.sampled_from(("normal", "uniform")),
        "model": st.sampled_from(("mlp-leaky", "mlp-leaky", "aae", "conv-small")),
        "conditional": st.booleans(),
        "code_choices": st.sampled_from((0, 0, 5)),
        "continuous_codes": st.sampled_from((0, 0, 2)),
        "r1": st.sampled_from((0.0, 0.5)),
        "r2": st.sampled_from((0.0, 0.3)),
        "gradient_penalty": st.sampled_from((0.0, 2.0)),
        "penalty_every": st.integers(1, 3),
        "weight_clip": st.sampled_from((0.0, 0.02)),
        "spectral_norm": st.booleans(),
        "instance_noise": st.sampled_from((0.0, 0.1)),
        "translation": st.sampled_from((0.0, 0.1)),
        "lr_constant_steps": st.sampled_from((0, 2)),
        "ema_decay": st.sampled_from((0.0, 0.9)),
        "weight_decay": st.sampled_from((0.0, 0.01)),
        "train_images": st.sampled_from((0, 40)),
        "data_range": st.sampled_from(("generator", "[0, 1]")),
        "beta1": st.sampled_from((0.0, 0.5)),
        "seed": st.integers(0, 2**31 - 1),
    }
)


@given(changes=CHANGES)
@settings(max_examples=15)
def test_parts_combine_as_they_do_in_the_studio(changes, tiny_root: Path, tmp_path_factory) -> None:
    dataset = load("mnist", 0, tiny_root, Work())
    try:
        config = Config(batch_size=8, latent_dim=5, g_lr=1e-4, d_lr=1e-4).changed(**changes)
        Trainer(config, dataset, CPU)
    except ConfigError:
        assume(False)
    path = tmp_path_factory.mktemp("script") / "run.py"
    compare(config, dataset, 4, path, 1e-4)


def other(name: str, value: object) -> object:
    """Return another value of a setting."""
    accepts = SETTINGS[name]
    if accepts.choices:
        return next(choice for choice in reversed(accepts.choices) if choice != value)
    if accepts.switch:
        return not value
    whole = {"image_size": 32, "train_images": 40}.get(name, 7)
    return whole if isinstance(value, int) else 0.4


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - {"epochs"}))
def test_no_setting_is_left_out(name: str, tiny_root: Path) -> None:
    def text(config: Config) -> str:
        dataset = load("mnist", config.image_size, tiny_root, Work())
        trainer = Trainer(config, dataset, CPU)
        return script.script(config, trainer.architecture, dataset.root, 0, "run.py")

    told = []
    for preset in ("studio", "infogan", "aae"):  # some matter to one kind of recipe only
        config = load_preset(preset).config.changed(batch_size=16)
        with suppress(ConfigError):
            changed = config.changed(**{name: other(name, getattr(config, name))})
            told.append(text(changed) != text(config))
    assert any(told)


def test_images_that_are_no_idx_files_lie_beside_it(tiny: Dataset, tmp_path: Path) -> None:
    config = Config(model="mlp-leaky", batch_size=8, dataset="folder", train_images=50)
    compare(config, tiny, 3, tmp_path / "run.py")
    assert {path.name for path in tmp_path.iterdir()} == {"run.py", "run.images.npz", "samples.png"}
    with np.load(tmp_path / "run.images.npz") as data:
        assert data["images"].shape == (50, 1, 28, 28)


MINE = '''"""Of one's own."""
from __future__ import annotations

import math

from torch import nn

{extra}


class Net(nn.Sequential):
    def twin(self) -> Net:  # which needs that future
        return self


def generator(latent_dim, image_shape):
    last = nn.Linear(latent_dim, math.prod(image_shape))  # a comment
    return nn.Sequential(last, nn.Tanh(), nn.Unflatten(1, image_shape))


def discriminator(image_shape, outputs):
    return Net(nn.Flatten(), nn.Linear(math.prod(image_shape), outputs))


if __name__ == "__main__":
    print("a test of one's own")
    raise SystemExit
'''


def mine(folder: Path, extra: str) -> Config:
    path = folder / "mine.py"
    path.write_text(MINE.format(extra=extra))
    model_file.run(model_file.read(path))
    return Config(model=str(path), batch_size=8, latent_dim=4)


def test_networks_of_one_s_own_are_in_it(tiny_root: Path, tmp_path: Path) -> None:
    config, dataset = mine(tmp_path, "WIDTH = 3"), load("mnist", 0, tiny_root, Work())
    text = compare(config, dataset, 3, tmp_path / "run.py")
    assert "WIDTH = 3" in text
    assert "# a comment" in text


def test_names_that_would_clash_are_told(tiny_root: Path, tmp_path: Path) -> None:
    config = mine(tmp_path, "def latents(n):\n    return n\n\n\nimages = 3")
    dataset = load("mnist", 0, tiny_root, Work())
    with pytest.raises(StudioError, match=r"mine\.py uses names .* images, latents\."):
        compare(config, dataset, 3, tmp_path / "run.py")
    assert not (tmp_path / "run.py").exists()


def test_the_command_line_writes_it(tiny_root: Path, tmp_path: Path, capsys) -> None:
    config = Config(model="mlp-leaky", batch_size=8, latent_dim=4, seed=5)
    trainer = Trainer(config, load("mnist", 0, tiny_root, Work()), CPU)
    for _ in range(3):
        trainer.train_step()
    trainer.drain()
    checkpoint.save(trainer, tmp_path / "a.pt")
    assert main(["export", str(tmp_path / "a.pt"), "--out", str(tmp_path / "run.py")]) == 0
    assert "Step 3 written to" in capsys.readouterr().out
    losses = told(tmp_path / "run.py", 3)
    np.testing.assert_allclose(losses["g_loss"], trainer.history.column("g_loss"), 1e-5)
    assert "to step 3" in (tmp_path / "run.py").read_text()


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ("def pad(x):\n    return x", "pad"),
        ("from numpy import copy", "copy"),
        ("SEED: int = 42", "SEED"),
        ("if math.pi > 3:\n    DEVICE = 3\nelse:\n    DEVICE = 4", "DEVICE"),
        ("import json as step", "step"),
        ("with open(__file__) as reals:\n    pass", "reals"),
    ],
)
def test_what_the_script_imports_is_not_taken_from_it(
    extra: str, name: str, tiny: Dataset, tmp_path: Path
) -> None:
    config = mine(tmp_path, extra).changed(translation=0.1, order="d-first")
    trainer = Trainer(config, tiny, CPU)
    with pytest.raises(StudioError) as caught:
        write(trainer, tmp_path / "run.py")
    assert (caught.value.code, caught.value.fields["names"]) == ("script-names", name)


@pytest.mark.parametrize(("mark", "coding"), [(b"", "latin-1"), (b"\xef\xbb\xbf", "utf-8")])
def test_a_file_may_be_written_in_other_letters(
    mark: bytes, coding: str, tiny_root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    text = MINE.replace('"""Of', f'# -*- coding: {coding} -*-\n"""Of').format(extra='NAME = "é"')
    path.write_bytes(mark + text.encode(coding))
    model_file.run(model_file.read(path))
    config = Config(model=str(path), batch_size=8, latent_dim=4)
    text = compare(config, load("mnist", 0, tiny_root, Work()), 2, tmp_path / "run.py")
    assert 'NAME = "é"' in text


def test_what_it_imports_as_the_script_does_is_no_clash(tiny: Dataset, tmp_path: Path) -> None:
    config = mine(tmp_path, "import numpy as np\nimport torch\nfrom torch.nn.functional import pad")
    trainer = Trainer(config.changed(translation=0.1), tiny, CPU)
    write(trainer, tmp_path / "run.py")


def test_names_of_files_do_not_end_its_docstring(tiny: Dataset) -> None:
    trainer = Trainer(Config(model="mlp-leaky", batch_size=8), tiny, CPU)
    text = script.script(trainer.config, trainer.architecture, None, 0, 'a"""\\b.py')
    assert "a'''/b.py" in ast.get_docstring(ast.parse(text))


def test_a_run_of_another_program_has_none(tiny: Dataset, tmp_path: Path) -> None:
    config = mine(tmp_path, "TRAINABLE = False")
    trainer = Trainer(config, tiny, CPU)
    with pytest.raises(StudioError) as caught:
        write(trainer, tmp_path / "run.py")
    assert caught.value.code == "trained-elsewhere"
