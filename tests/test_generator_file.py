"""Generator files: what they keep, what goes on from them, and what is no such file."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ganstudio.cli import main
from ganstudio.config import Config, load_preset
from ganstudio.errors import StudioError
from ganstudio.latent.decode import decode_exactly, judge
from ganstudio.training import checkpoint, generator_file, headless

pytestmark = pytest.mark.usefixtures("small")

SMALL = Config(model="mlp-gelu", batch_size=16, latent_dim=5, ema_decay=0.9)


def trained(config: Config, root: Path):
    trainer = headless.new_trainer(config, "cpu", root)
    for _ in range(3):
        trainer.train_step()
    return trainer


@pytest.fixture
def written(tiny_root, tmp_path):
    """A trainer and the generator file that was written of it."""
    trainer = trained(SMALL, tiny_root)
    path = tmp_path / "small.safetensors"
    generator_file.write(checkpoint.content_of(trainer), path)
    return trainer, path


def changed(path: Path, about: dict[str, str] | None = None, without: str = "") -> None:
    """Write the file again with other metadata, or without a tensor."""
    with safe_open(path, framework="pt") as file:
        told = file.metadata()
    tensors = load_file(path)
    tensors.pop(without, None)
    save_file(tensors, path, {**told, **(about or {})})


def test_images_and_verdicts_are_those_of_the_run(written):
    trainer, path = written
    mine = trainer.snapshot()
    theirs = checkpoint.snapshot_of(checkpoint.read(path), path)
    z = mine.latent.sample(20, np.random.default_rng(0))
    drawn = decode_exactly(theirs, z, averaged=True)
    assert (drawn - decode_exactly(mine, z, averaged=True)).abs().max() < 0.5, "shades of 255"
    images = drawn.round().clamp(0, 255).to(torch.uint8).numpy()
    np.testing.assert_allclose(judge(theirs, images, z), judge(mine, images, z), atol=5e-3)
    assert (theirs.step, theirs.d_updates) == (3, 3)
    assert path.stat().st_size < 0.6 * sum(
        t.numel() * 4 for t in [*mine.G.values(), *mine.D.values()]
    )


@pytest.mark.parametrize(
    "config", [SMALL, SMALL.changed(ema_decay=0.0), load_preset("aae").config.changed(batch_size=8)]
)
def test_a_run_goes_on_from_one(config, tiny_root, tmp_path):
    path = tmp_path / "g.safetensors"
    first = trained(config, tiny_root)
    generator_file.write(checkpoint.content_of(first), path)
    content = checkpoint.read(path)
    again = checkpoint.restore(content, path, first.dataset, torch.device("cpu"))
    assert (len(again.history), again.history.began) == (3, 3)
    before = [weight.detach().clone() for weight in again.G.parameters()]
    again.train_step()
    again.drain()
    assert again.step == 4
    assert np.isfinite(again.history.array()[:3, -1]).any()
    assert again.history.began == 3
    assert any((a != b).any() for a, b in zip(before, again.G.parameters(), strict=True))


def test_it_says_in_what_the_run_was_computed_and_whose_branch_it_is(tiny_root, tmp_path):
    path = tmp_path / "g.safetensors"
    first = trained(SMALL, tiny_root)
    content = checkpoint.content_of(first)
    generator_file.write(content | {"precision": "bfloat16", "parent": ["abc", 2]}, path)
    again = checkpoint.restore(checkpoint.read(path), path, first.dataset, torch.device("cpu"))
    assert (again.precision, again.parent) == ("bfloat16", ("abc", 2))


def test_the_commands_take_one(written, tmp_path, capsys):
    _, path = written
    out = tmp_path / "samples.png"
    assert main(["sample", str(path), "--num", "4", "--out", str(out)]) == 0
    again = tmp_path / "again.safetensors"
    assert main(["export", str(path), "--out", str(again)]) == 0
    assert "Step 3 written" in capsys.readouterr().out
    with safe_open(path, framework="pt") as one, safe_open(again, framework="pt") as other:
        assert one.metadata() == other.metadata()
    torch.testing.assert_close(load_file(again), load_file(path), rtol=0, atol=0)
    assert main(["export", str(path), "--out", str(tmp_path / "g.pt")]) == 2
    assert ".safetensors" in capsys.readouterr().err


def test_what_half_precision_cannot_hold_stays_whole(written):
    trainer, path = written
    content = checkpoint.content_of(trainer)
    name = next(iter(content["D"]))
    content["D"] = {**content["D"], name: content["D"][name] * 1e6 + 1e6}
    generator_file.write(content, path)
    read = checkpoint.read(path)["D"][name]
    torch.testing.assert_close(read, content["D"][name], rtol=1e-6, atol=0)


def refused(path: Path) -> str:
    with pytest.raises(StudioError) as error:
        checkpoint.snapshot_of(checkpoint.read(path), path)
    assert path.name in str(error.value)
    return error.value.code


def test_what_is_none_is_refused_by_name(written, tmp_path):
    _, path = written
    assert refused(tmp_path / "missing.safetensors") == "cannot-read"
    other = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(2)}, other)
    assert refused(other) == "not-a-checkpoint"
    whole = path.read_bytes()
    for end in (0, 5, 200, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert refused(path) == "damaged-checkpoint", end


def test_steps_beyond_reason_are_refused(written):
    trainer, path = written
    with safe_open(path, framework="pt") as file:
        run = json.loads(file.metadata()["run"])
    changed(path, {"run": json.dumps({**run, "step": 10**12})})
    with pytest.raises(StudioError, match="1,000,000,000,000"):
        checkpoint.restore(checkpoint.read(path), path, trainer.dataset, torch.device("cpu"))


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"version": "3"}, "newer-checkpoint"),
        ({"version": "x"}, "newer-checkpoint"),
        ({"run": "no JSON"}, "damaged-checkpoint"),
        ({"run": "[]"}, "damaged-checkpoint"),
        ({"run": "{}"}, "damaged-checkpoint"),
    ],
)
def test_what_its_description_lacks_is_told(written, about, code):
    _, path = written
    changed(path, about)
    assert refused(path) == code


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("step", -1, "damaged-checkpoint"),
        ("step", "many", "damaged-checkpoint"),
        ("config", {"batch_size": 0}, "invalid-checkpoint"),
        ("config", None, "damaged-checkpoint"),
        ("latent", {"parts": [{"name": "z", "kind": "normal", "dim": 4}]}, "wrong-shapes"),
        ("counts", {}, "damaged-checkpoint"),
        ("image_shape", [1, 2], "wrong-shapes"),
    ],
)
def test_what_its_description_has_wrong_is_told(written, key, value, code):
    _, path = written
    with safe_open(path, framework="pt") as file:
        run = json.loads(file.metadata()["run"])
    changed(path, {"run": json.dumps({**run, key: value})})
    assert refused(path) == code


def test_a_tensor_that_is_missing_is_named(written):
    _, path = written
    name = next(name for name in load_file(path) if name.startswith("G."))
    changed(path, without=name)
    with pytest.raises(StudioError, match=name.removeprefix("G.")):
        checkpoint.snapshot_of(checkpoint.read(path), path)


def test_a_checkpoint_that_lacks_something_is_not_exported(written, tmp_path, capsys):
    trainer, _ = written
    content = checkpoint.content_of(trainer)
    del content["G_ema"]
    path = tmp_path / "less.pt"
    torch.save(content, path)
    assert main(["export", str(path), "--out", str(tmp_path / "g.safetensors")]) == 2
    assert "G_ema" in capsys.readouterr().err


def test_an_infinite_step_is_refused(written):
    _, path = written
    with safe_open(path, framework="pt") as file:
        run = json.loads(file.metadata()["run"])
    changed(path, {"run": json.dumps({**run, "step": float("inf")})})
    assert refused(path) == "damaged-checkpoint"


def test_a_d_that_told_variances_opens_without_them(tiny_root, tmp_path):
    """Version 1 had an output of D's for the variance of each continuous code, the last ones."""
    trainer = trained(Config(model="mlp-gelu", batch_size=8, continuous_codes=2), tiny_root)
    path = tmp_path / "old.safetensors"
    generator_file.write(checkpoint.content_of(trainer), path)
    now = checkpoint.snapshot_of(checkpoint.read(path), path).D
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    tensors = load_file(path)
    for name in list(tensors):
        if name.startswith("D.") and tensors[name].shape[:1] == (3,):
            tensors[name] = torch.cat([tensors[name], torch.full_like(tensors[name][:2], 9.0)])
    save_file(tensors, path, {**about, "version": "1"})
    then = checkpoint.snapshot_of(checkpoint.read(path), path).D
    assert then.keys() == now.keys()
    assert all(torch.equal(then[name], now[name]) for name in now)
