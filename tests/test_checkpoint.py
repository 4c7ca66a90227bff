import errno
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from oracle import everything, same

from ganstudio.config import Config, load_preset, preset_names
from ganstudio.errors import ConfigError, StudioError
from ganstudio.training import checkpoint
from ganstudio.training.orders import Nets
from ganstudio.training.trainer import Trainer

SMALL = Config(
    model="mlp-gelu", batch_size=16, latent_dim=5, penalty_every=2, beta1=0.5, seed=4
)  # fmt: skip


@pytest.fixture
def trainer(small, tiny, cpu) -> Trainer:
    """A small trainer at step 3."""
    trainer = Trainer(SMALL, tiny, cpu)
    for _ in range(3):
        trainer.train_step()
    return trainer


@pytest.fixture
def path(trainer, tmp_path) -> Path:
    """Its checkpoint."""
    checkpoint.save(trainer, tmp_path / "a.pt")
    return tmp_path / "a.pt"


def rewrite(path: Path, change) -> None:
    """Change a checkpoint's content with a function."""
    content = checkpoint.read(path)
    change(content)
    torch.save(content, path)


def refused(path: Path, tiny, cpu) -> str:
    """Return the code with which a file is refused, as a run and as a generator."""
    codes = set()
    for use in (
        lambda content: checkpoint.restore(content, path, tiny, cpu),
        lambda content: checkpoint.snapshot_of(content, path),
    ):
        with pytest.raises(StudioError) as caught:
            use(checkpoint.read(path))
        assert str(path) in str(caught.value)
        codes.add(caught.value.code)
    (code,) = codes
    return code


def resumed(trainer: Trainer, path: Path, tiny, cpu) -> Trainer:
    checkpoint.save(trainer, path)
    return checkpoint.restore(checkpoint.read(path), path, tiny, cpu)


# A run goes on as if nothing had been


@pytest.mark.parametrize("name", preset_names())
def test_presets_resume_bit_for_bit(name: str, tiny, cpu, tmp_path):
    config = load_preset(name).config.changed(batch_size=8)
    straight, first = (Trainer(config, tiny, cpu, run_id="a") for _ in range(2))
    k = 3
    for _ in range(2 * k):
        straight.train_step()
    for _ in range(k):
        first.train_step()
    second = resumed(first, tmp_path / "a.pt", tiny, cpu)
    assert same(everything(second), everything(first))
    for _ in range(k):
        second.train_step()
    assert same(everything(second), everything(straight))
    assert (second.run_id, second.step, second.config) == ("a", 2 * k, config)


@pytest.mark.parametrize("order", ["d-first", "d-first-shared", "g-first-shared", "simultaneous"])
def test_every_position_is_kept(order: str, small, tiny, cpu, tmp_path):
    """k = 2, a penalty every third update, epochs of 16 batches, an odd place in all of them."""
    config = SMALL.changed(order=order, d_steps=2, penalty_every=3)
    straight, first = (Trainer(config, tiny, cpu, run_id="a") for _ in range(2))
    plan = [Nets.BOTH, Nets.D, Nets.BOTH, Nets.G] * 5
    for nets in plan[:11]:
        first.train_step(nets)
    second = resumed(first, tmp_path / "a.pt", tiny, cpu)
    for nets in plan[11:]:
        second.train_step(nets)
    for nets in plan:
        straight.train_step(nets)
    assert same(everything(second), everything(straight))


def test_a_run_resumes_before_its_first_step(small, tiny, cpu, tmp_path):
    straight = Trainer(SMALL, tiny, cpu)
    second = resumed(Trainer(SMALL, tiny, cpu), tmp_path / "a.pt", tiny, cpu)
    straight.train_step()
    second.train_step()
    assert same(everything(second), everything(straight))


def test_saving_disturbs_nothing(trainer, path):
    before = everything(trainer)
    checkpoint.save(trainer, path)
    assert same(everything(trainer), before)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("full"), RuntimeError("DefaultCPUAllocator: full")]
)
def test_too_little_memory_is_not_the_files_fault(error, path, tiny, cpu, monkeypatch):
    def fails(*_args: object) -> None:
        raise error

    monkeypatch.setattr(Trainer, "load_state", fails)
    with pytest.raises(type(error), match="full"):
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)


def test_live_changes_are_kept(trainer, path, tiny, cpu):
    trainer.change(g_lr=0.25, d_steps=2)
    second = resumed(trainer, path, tiny, cpu)
    assert second.config == trainer.config
    assert second.G_opt.lr == 0.25
    trainer.train_step()
    second.train_step()
    assert same(everything(second), everything(trainer))


def test_the_generator_alone(trainer, path):
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    expected = trainer.snapshot()
    for name in ("run_id", "step", "architecture"):
        assert getattr(snapshot, name) == getattr(expected, name)
    for name in ("G", "D", "G_ema"):
        assert same(dict(getattr(snapshot, name)), getattr(expected, name))


# Files that are none


def test_truncated_files_are_refused(path, tiny, cpu):
    raw = path.read_bytes()
    for length in [*range(40), *range(40, len(raw), len(raw) // 60), len(raw) - 1]:
        path.write_bytes(raw[:length])
        code = refused(path, tiny, cpu)
        assert code == ("not-a-checkpoint" if length < 4 else "damaged-checkpoint")


def test_random_bytes_are_refused(path, tiny, cpu):
    rng = torch.Generator().manual_seed(0)
    for magic, code in ((b"", "not-a-checkpoint"), (b"PK\x03\x04", "damaged-checkpoint")):
        for n in (4, 100, 100_000):
            noise = torch.randint(256, (n,), generator=rng, dtype=torch.uint8).numpy().tobytes()
            path.write_bytes(magic + noise)
            assert refused(path, tiny, cpu) == code


def test_flipped_bits_never_change_a_number(path):
    raw = path.read_bytes()
    content = checkpoint.read(path)
    refusals = 0
    for position in range(11, len(raw), len(raw) // 40):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            assert same(checkpoint.read(path), content)  # the bit was in the padding
        except StudioError as error:
            refusals += error.code == "damaged-checkpoint"
    assert refusals > 20


@pytest.mark.parametrize("entry", [b"archive/data.pkl", b"archive/data/0"])
def test_flipped_bits_in_the_directory(entry: bytes, path):
    """Where a flip can make the stored bytes compressed ones, another file's, or a folder."""
    raw = path.read_bytes()
    content = checkpoint.read(path)
    with zipfile.ZipFile(path) as archive:
        start = raw.index(entry, archive.start_dir) - 46
    codes = set()
    for position in range(start, start + 46 + len(entry)):
        for bit in range(8):
            damaged = bytearray(raw)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                assert same(checkpoint.read(path), content)
            except StudioError as error:
                codes.add(error.code)
    assert codes == {"damaged-checkpoint"}


class Evil:
    """Creates a file when it is unpickled the ordinary way."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_code_in_a_file_is_never_run(path, tiny, cpu, tmp_path):
    target = tmp_path / "created"
    content = checkpoint.read(path)
    torch.save(content | {"more": Evil(target)}, path)
    assert refused(path, tiny, cpu) == "unsafe-checkpoint"
    path.write_bytes(pickle.dumps(Evil(target)))
    assert refused(path, tiny, cpu) == "not-a-checkpoint"
    assert not target.exists()
    torch.load(_saved(Evil(target), tmp_path), weights_only=False)
    assert target.exists()  # so the trap would have worked


def _saved(content: object, folder: Path) -> Path:
    torch.save(content, folder / "trap.pt")
    return folder / "trap.pt"


@pytest.mark.parametrize(
    "content",
    [{}, [1, 2], torch.zeros(3), {"format": "something"}, {"format": torch.zeros(2)}, "text"],
)
def test_other_files_of_torch_are_refused(content: object, path, tiny, cpu):
    torch.save(content, path)
    assert refused(path, tiny, cpu) == "not-a-checkpoint"


@pytest.mark.parametrize("version", [checkpoint.VERSION + 1, 99, None, "1"])
def test_newer_versions_are_refused(version: object, path, tiny, cpu):
    rewrite(path, lambda content: content.update(version=version))
    assert refused(path, tiny, cpu) == "newer-checkpoint"


def test_checkpoints_of_version_1_open(trainer, path, tiny, cpu):
    """It had one regulariser and its weight, no encoder, and two columns of history less."""
    before = everything(trainer)

    def to_version_1(content) -> None:
        content["version"] = 1
        del content["E"]
        settings = content["config"]
        for name in ("r2", "gradient_penalty", "weight_clip", "spectral_norm", "image_size"):
            del settings[name]
        settings["regulariser"], settings["penalty"] = "r1", settings.pop("r1")
        for name in ("perturbation", "penalty"):
            del content["counts"][name]
        del content["latent"]["parts"][0]["role"]
        rows = content["history"]
        content["history"] = torch.cat([rows[:7], rows[9:]])

    rewrite(path, to_version_1)
    content = checkpoint.read(path)
    restored = checkpoint.restore(content, path, tiny, cpu)
    assert restored.config == trainer.config
    assert same(everything(restored), before)
    assert checkpoint.snapshot_of(content, path).step == trainer.step


def test_missing_files_and_folders(tmp_path):
    for place in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(StudioError) as caught:
            checkpoint.read(place)
        assert caught.value.code == "cannot-read"
        assert str(place) in str(caught.value)


# Files that do not fit


@pytest.mark.parametrize("key", ["config", "latent", "image_shape", "run_id", "step", "G", "D"])
def test_missing_parts_are_refused(key: str, path, tiny, cpu):
    rewrite(path, lambda content: content.pop(key))
    assert refused(path, tiny, cpu) == "damaged-checkpoint"


@pytest.mark.parametrize("key", ["G_opt", "D_opt", "counts", "history", "seconds", "G_ema"])
def test_parts_missing_for_training_are_refused(key: str, path, tiny, cpu):
    rewrite(path, lambda content: content.pop(key))
    with pytest.raises(StudioError, match=f": {key} is missing") as caught:
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)
    assert caught.value.code == "damaged-checkpoint"


@pytest.mark.parametrize("settings", [[1], None, 7])
def test_what_is_no_table_of_settings_is_refused(settings: object, path, tiny, cpu):
    rewrite(path, lambda content: content.update(config=settings))
    assert refused(path, tiny, cpu) == "damaged-checkpoint"


@pytest.mark.parametrize("settings", [{"g_lr": -1}, {"nothing": 1}, {"model": "gone"}, {3: 4}])
def test_invalid_settings_are_refused(settings: object, path, tiny, cpu):
    rewrite(path, lambda content: content.update(config=settings))
    assert refused(path, tiny, cpu) == "invalid-checkpoint"
    with pytest.raises(StudioError) as caught:
        checkpoint.config_of(checkpoint.read(path), path)
    assert ".." not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image_shape", [1, 32, 32]),
        ("image_shape", [3, 28, 28]),
        ("latent", {"parts": [{"name": "z", "kind": "normal", "dim": 6}]}),
        ("latent", {"parts": [{"name": "z"}]}),
        ("step", "three"),
        ("G", {"weight": torch.zeros(1)}),
        ("G", None),
        ("D", []),
    ],
)
def test_other_shapes_are_refused(key: str, value: object, path, tiny, cpu):
    rewrite(path, lambda content: content.update({key: value}))
    assert refused(path, tiny, cpu) == "wrong-shapes"


@pytest.mark.parametrize("net", ["G", "D", "G_ema"])
def test_a_tensor_of_another_shape_is_named(net: str, path, tiny, cpu):
    def shorten(content):
        name = "1.weight" if net == "D" else "0.weight"
        content[net][name] = content[net][name][:-1]

    rewrite(path, shorten)
    assert refused(path, tiny, cpu) == "wrong-shapes"
    with pytest.raises(StudioError, match=r"[01]\.weight"):
        checkpoint.snapshot_of(checkpoint.read(path), path)
    with pytest.raises(StudioError, match=r"[01]\.weight") as caught:
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)
    assert "state_dict" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("step", -4, "its step is -4"),
        ("history", torch.zeros(7, 3), "history"),
        ("history", torch.zeros(5), "history"),
    ],
)
def test_numbers_that_no_run_can_have_are_refused(key, value, told, path, tiny, cpu):
    rewrite(path, lambda content: content.update({key: value}))
    with pytest.raises(StudioError, match=told):
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)


@pytest.mark.parametrize("net", ["G", "D", "G_ema"])
def test_weights_that_are_no_numbers_are_refused(net: str, path, tiny, cpu):
    def spoil(content):
        next(iter(content[net].values())).view(-1)[3] = torch.nan

    rewrite(path, spoil)
    with pytest.raises(StudioError, match=rf"{net}\.\S+ holds numbers that are not finite"):
        checkpoint.snapshot_of(checkpoint.read(path), path)
    with pytest.raises(StudioError, match="not finite"):
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)


@pytest.mark.parametrize("moment", ["mean", "square", "steps"])
@pytest.mark.parametrize("opt", ["G_opt", "D_opt"])
def test_moments_of_another_shape_are_refused(opt: str, moment: str, path, tiny, cpu):
    """Adam's fused kernel would read and write beyond them."""

    def shorten(content):
        content[opt][moment][0] = torch.zeros(1)

    rewrite(path, shorten)
    with pytest.raises(StudioError, match=f"Adam's {moment} has .*\\(1,\\)") as caught:
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)
    assert caught.value.code == "wrong-shapes"


def test_moments_that_are_missing_are_refused(path, tiny, cpu):
    for part, code in ((1, "wrong-shapes"), (None, "damaged-checkpoint")):
        rewrite(path, lambda content, part=part: _lose(content["D_opt"], part))
        with pytest.raises(StudioError) as caught:
            checkpoint.restore(checkpoint.read(path), path, tiny, cpu)
        assert caught.value.code == code


def _lose(moments: dict, part: int | None) -> None:
    """Drop one parameter's mean, or all."""
    if part is None:
        del moments["mean"]
    else:
        moments["mean"].pop(part)


def test_a_dataset_too_small_for_the_run(path, tiny, cpu):
    rewrite(path, lambda content: content["config"].update(batch_size=999))
    with pytest.raises(ConfigError, match="batch_size is 999"):
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)


# Writing fails


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EIO, "cannot-write")]
)
def test_a_failed_write_keeps_the_former_file(number, code, trainer, path, monkeypatch):
    before = path.read_bytes()
    trainer.train_step()

    def fails(_file):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(StudioError) as caught:
        checkpoint.save(trainer, path)
    assert caught.value.code == code
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_rename_keeps_the_former_file(trainer, path, monkeypatch):
    before = path.read_bytes()

    def fails(*_args):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(StudioError, match="Permission denied"):
        checkpoint.save(trainer, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_places_that_cannot_be_written(trainer, path, tmp_path):
    for place in (tmp_path / "none" / "a.pt", path / "a.pt", tmp_path / ("a" * 300)):
        with pytest.raises(StudioError) as caught:
            checkpoint.save(trainer, place)
        assert caught.value.code == "cannot-write"
    assert list(tmp_path.iterdir()) == [path]


def test_saving_over_a_folder_is_refused(trainer, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StudioError) as caught:
        checkpoint.save(trainer, tmp_path / "folder")
    assert caught.value.code == "cannot-write"
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.parametrize(
    "odd",
    [{"history": torch.zeros(9)}, {"step": float("inf")}, {"counts": 5}, {"latent": {"parts": 5}}],
    ids=lambda odd: next(iter(odd)),
)
def test_content_of_another_kind_is_refused(path, tiny, cpu, odd):
    rewrite(path, lambda content: content.update(odd))
    with pytest.raises(StudioError) as caught:
        checkpoint.restore(checkpoint.read(path), path, tiny, cpu)
    assert caught.value.code == "wrong-shapes"


def test_a_run_from_before_the_rates_could_fall_keeps_them(tmp_path, tiny, cpu):
    trainer = Trainer(Config(model="mlp-gelu", batch_size=4), tiny, cpu)
    checkpoint.save(trainer, tmp_path / "run.pt")
    content = checkpoint.read(tmp_path / "run.pt")
    assert checkpoint.config_of(content, tmp_path / "run.pt") == trainer.config
    del content["config"]["lr_constant_steps"]
    old = checkpoint.config_of(content, tmp_path / "run.pt")
    assert old == trainer.config.changed(lr_constant_steps=0)


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize(
    ("model", "choices", "codes"),
    [("mlp-gelu", 3, 2), ("conv-small", 3, 2), ("mlp-gelu", 15, 8)],
    ids=lambda value: str(value),
)  # the last has as many outputs, with the variances, as its last layer has inputs
def test_a_d_that_told_variances_opens_without_them(
    model, choices, codes, spectral_norm, tmp_path, tiny, cpu
):
    """Version 2 had an output of D's for the variance of each continuous code, the last ones."""
    config = SMALL.changed(model=model, code_choices=choices, continuous_codes=codes, r1=0)
    trainer = Trainer(config.changed(spectral_norm=spectral_norm), tiny, cpu)
    trainer.train_step()
    path, kept = tmp_path / "run.pt", 1 + choices + codes
    checkpoint.save(trainer, path)
    snapshot = trainer.snapshot()

    def widened(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.shape[:1] != (kept,):
            return tensor
        return torch.cat([tensor, torch.full((codes, *tensor.shape[1:]), 9.0)])

    def to_version_2(content) -> None:
        content["version"] = 2
        content["D"] = {name: widened(tensor) for name, tensor in content["D"].items()}
        for moment in ("mean", "square"):
            content["D_opt"][moment] = list(map(widened, content["D_opt"][moment]))

    rewrite(path, to_version_2)
    restored = checkpoint.restore(checkpoint.read(path), path, tiny, cpu)
    assert same(everything(restored), everything(trainer))
    seen = checkpoint.snapshot_of(checkpoint.read(path), path)
    assert same(seen.D, snapshot.D)
