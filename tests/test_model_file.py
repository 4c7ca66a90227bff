"""Networks from a person's own file: what is refused and why, and that nothing runs unasked."""

import copy
import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle import same

from ganstudio import model_file
from ganstudio.cli import main
from ganstudio.config import Config, load_config
from ganstudio.errors import StudioError
from ganstudio.latent.decode import decode, judge
from ganstudio.training import checkpoint
from ganstudio.training.trainer import Trainer

SOUND = """
import math
from pathlib import Path

import torch
from torch import nn

with open(__file__ + ".ran", "a") as log:
    log.write("x")


class G(nn.Module):
    def __init__(self, dim, shape):
        super().__init__()
        self.shape = shape
        self.scale = torch.tensor(1.0)  # neither parameter nor buffer
        self.layer = nn.Linear(dim, math.prod(shape))

    def forward(self, z):
        return torch.tanh(self.scale * self.layer(z)).view(len(z), *self.shape)


def generator(latent_dim, image_shape):
    return G(latent_dim, image_shape)


def discriminator(image_shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image_shape), outputs))
"""
CONFIG = Config(batch_size=16, latent_dim=5, r1=0.0, g_lr=1e-2, d_lr=1e-2)


@pytest.fixture(autouse=True)
def nothing_ran_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "_ran", {})


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "my_gan.py"
    path.write_text(SOUND)
    return path


def times_run(path: Path) -> int:
    log = Path(f"{path}.ran")
    return len(log.read_text()) if log.exists() else 0


def trainer_of(path: Path, dataset, cpu, **changes) -> Trainer:
    file = model_file.read(path)
    model_file.run(file)
    return Trainer(CONFIG.changed(model=str(path), **changes), dataset, cpu)


def refusal(path: Path, dataset, cpu, **changes) -> str:
    with pytest.raises(StudioError) as caught:
        trainer_of(path, dataset, cpu, **changes)
    assert caught.value.code == "bad-model-file"
    assert str(caught.value).startswith(f"{path} cannot be used as a model: ")
    return str(caught.value)


def test_reading_runs_nothing_and_hashes_the_content(mine: Path):
    file = model_file.read(mine)
    assert file.sha256 == hashlib.sha256(SOUND.encode()).hexdigest()
    assert (file.path, file.content) == (mine, SOUND.encode())
    assert times_run(mine) == 0
    assert model_file.module(file.sha256) is None


def test_a_file_trains_draws_and_judges(mine: Path, tiny, cpu):
    trainer = trainer_of(mine, tiny, cpu)
    before = {name: value.clone() for name, value in trainer.G.state_dict().items()}
    trainer.train_step()
    assert not same(before, trainer.G.state_dict())
    snapshot = trainer.snapshot()
    z = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    images = decode(snapshot, z, averaged=False)
    with torch.no_grad():
        expected = ((trainer.G(torch.tensor(z)) + 1) * 127.5).round()
    assert np.array_equal(images, expected.numpy().astype(np.uint8))
    assert judge(snapshot, images, z).shape == (3,)
    assert times_run(mine) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"conditional": True},
        {"code_choices": 3, "continuous_codes": 1},
        {"spectral_norm": True},
        {"r1": 1.0, "gradient_penalty": 1.0, "penalty_every": 1},
    ],
)
def test_it_goes_with_what_a_recipe_asks_for(changes, mine: Path, tiny, cpu):
    trainer = trainer_of(mine, tiny, cpu, **changes)
    trainer.train_step()
    assert trainer.step == 1


def test_trying_the_networks_leaves_them_and_the_random_numbers_alone(mine: Path, tiny, cpu):
    torch.manual_seed(5)
    first = trainer_of(mine, tiny, cpu)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), drawn)
    assert same(first.G.state_dict(), trainer_of(mine, tiny, cpu).G.state_dict())


@pytest.fixture
def dropping(mine: Path) -> Path:
    """A file whose D has dropout."""
    usual = "nn.Linear(math.prod(image_shape), outputs)"
    mine.write_text(SOUND.replace(usual, f"nn.Dropout(0.3), {usual}"))
    return mine


def test_what_layers_draw_follows_the_seed(dropping: Path, tiny, cpu):
    runs = [trainer_of(dropping, tiny, cpu) for _ in range(2)]
    for run, other in ((runs[0], 1), (runs[1], 2)):
        torch.manual_seed(other)
        before = torch.random.get_rng_state()
        for _ in range(3):
            run.train_step()
        assert torch.equal(torch.random.get_rng_state(), before), "it is everybody's"
    assert same(runs[0].D.state_dict(), runs[1].D.state_dict())


def test_what_layers_draw_is_another_in_every_step_and_is_repeated(
    dropping: Path, tiny, cpu, tmp_path: Path
):
    drawn: list[torch.Tensor] = []
    whole = trainer_of(dropping, tiny, cpu)
    whole.D[1].register_forward_hook(lambda _, __, y: drawn.append(y == 0))
    for _ in range(3):
        whole.train_step()
    checkpoint.save(whole, tmp_path / "3.pt")
    assert not torch.equal(drawn[0], drawn[len(drawn) // 3])
    for _ in range(3):
        whole.train_step()
    content = checkpoint.read(tmp_path / "3.pt")
    again = checkpoint.restore(content, tmp_path / "3.pt", tiny, cpu)
    for _ in range(3):
        again.train_step()
    assert same(again.D.state_dict(), whole.D.state_dict())


def test_a_file_that_was_not_asked_for_does_not_run(mine: Path, tiny, cpu):
    with pytest.raises(StudioError) as caught:
        Trainer(CONFIG.changed(model=str(mine)), tiny, cpu)
    assert caught.value.code == "model-file-needed"
    assert f"--model-file {mine}" in str(caught.value)
    assert times_run(mine) == 0


def test_a_file_that_changed_since_it_ran_is_asked_for_again(mine: Path, tiny, cpu):
    first = trainer_of(mine, tiny, cpu)
    mine.write_text(SOUND + "\n# changed")
    with pytest.raises(StudioError) as caught:
        Trainer(CONFIG.changed(model=str(mine)), tiny, cpu)
    assert caught.value.code == "model-file-needed"
    first.train_step()  # the run that is there goes on with what it was made from
    assert decode(first.snapshot(), np.zeros((1, 5), np.float32)).shape == (1, 1, 28, 28)


def test_what_was_read_runs_whatever_the_file_holds_by_then(mine: Path):
    file = model_file.read(mine)
    mine.write_text("raise SystemExit")
    model_file.run(file)
    assert model_file.module(file.sha256) is not None


def test_no_such_file(tmp_path: Path):
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(StudioError) as caught:
            model_file.read(path)
        assert caught.value.code == "cannot-read"
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x = 1\ndef generator(:", "line 2: "),
        (b"x = 1\nx.y", "the file fails in line 2: AttributeError: "),
        (b"raise SystemExit(3)", "the file fails in line 1: SystemExit: 3"),
        (b"import no_such_library", "line 1: ModuleNotFoundError: No module named"),
        (b"\0", "null bytes"),
        (b"\xff\xfe", "line"),
        (b"", "it defines no function generator"),
        (b"generator = 3", "it defines no function generator"),
        (b"def generator(): pass", "it defines no function discriminator"),
    ],
)
def test_files_that_do_not_run(content: bytes, reason: str, tmp_path: Path):
    path = tmp_path / "my_gan.py"
    path.write_bytes(content)
    file = model_file.read(path)
    with pytest.raises(StudioError) as caught:
        model_file.run(file)
    assert caught.value.code == "bad-model-file"
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)
    assert model_file.module(file.sha256) is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("len(z), *self.shape", "len(z), -1", "G gives float32 (4, 784), expected float32 (4, 1,"),
        ("math.prod(image_shape), outputs", "784, 7", "D gives float32 (4, 7), expected float32 ("),
        ("math.prod(image_shape), outputs", "99, 1", "D fails: RuntimeError: "),
        ("return torch.tanh", "return 3 * torch.tanh", "G gives values from -"),
        ("import math", "import math\nOUTPUT_RANGE = (0, 1)", "expected [0, 1]"),
        ("import math", "import math\nOUTPUT_RANGE = (0, 255)", "OUTPUT_RANGE is (0, 255)"),
        ("return torch.tanh(", "return torch.nan * torch.tanh(", "values that are not finite"),
        ("return torch.tanh(", "return torch.tanh(1 // 0 *", "G fails in line 20: ZeroDivision"),
        ("view(len(z), *self.shape)", "view(len(z), *self.shape).double()", "G gives float64"),
        ("view(len(z), *self.shape)", "tolist()", "G gives list, expected float32"),
        ("nn.Linear(dim, math.prod(shape))", "nn.LazyLinear(784)", "G has layers whose size is"),
        ("return G(latent_dim, image_shape)", "return None", "(1, 28, 28)) returns NoneType"),
        ("return G(latent_dim, image_shape)", "1 / 0", "28)) fails in line 24: ZeroDivision"),
        ("def generator(latent_dim, image_shape)", "def generator(z)", "generator(5, (1, 28, 28))"),
        (
            "return G(latent_dim, image_shape)",
            "return nn.Sequential(nn.Unflatten(1, (5, 1, 1)), nn.Upsample((28, 28)))",
            "G has no parameters to train",
        ),
        (
            "self.layer =",
            "self.spare = nn.Linear(2, 2)\n        self.layer =",
            "the parameter spare.weight of G has no influence",
        ),
        (
            "return G(latent_dim, image_shape)",
            "net = G(latent_dim, image_shape)\n    net.layer.bias.requires_grad_(False)\n"
            "    return net",
            "the parameter layer.bias of G has no influence",
        ),
        (
            "self.layer = nn.Linear(dim, math.prod(shape))",
            "self.layer = nn.Linear(dim, math.prod(shape))\n"
            "        self.layer.weight = nn.Parameter(torch.randn(784, 2 * dim)[:, :dim])",
            "the parameter layer.weight of G is a part of a larger tensor",
        ),
        (
            "        return torch.tanh(",
            "        self.register_buffer('seen', z)\n        return torch.tanh(",
            "G has other parameters or buffers after a call (seen)",
        ),
    ],
)
def test_networks_that_cannot_be_trained(old: str, new: str, reason: str, mine: Path, tiny, cpu):
    assert old in SOUND
    mine.write_text(SOUND.replace(old, new))
    assert reason in refusal(mine, tiny, cpu)


CALLS = "self.calls.add_(0 if self.training else 1); z = z + self.calls"


@pytest.mark.parametrize(
    "changed",
    [
        ("", "self.mean = 0.9 * self.mean + z.detach().mean(0)"),
        ("", "self.mean.mul_(0.9).add_(z.detach().mean(0))"),
        ("self.register_buffer('calls', torch.zeros(1), persistent=False)", CALLS),
        ("self.square = nn.Linear(dim, dim); self.square.weight = self.first.weight", ""),
        ("", "w = self.first.weight; w.data = torch.renorm(w.data, 2, 0, 0.3)"),
        ("", "self.first.weight.data.mul_(0.9)"),
    ],
    ids=[
        *("a buffer replaced", "a buffer changed in place", "a buffer that no file keeps"),
        *("a weight in two layers", "a weight replaced", "a weight changed in place"),
    ],
)
def test_a_snapshot_draws_alike_whatever_its_code_does(changed, mine: Path, tiny, cpu):
    built, called = changed
    mine.write_text(
        SOUND.replace(
            "self.layer = ",
            "self.register_buffer('mean', torch.zeros(dim))\n"
            f"        self.first = self.square = nn.Linear(dim, dim)\n        {built}\n"
            "        self.layer = ",
        ).replace(
            "        return torch.tanh(",
            f"        {called}\n        z = self.square(self.first(z - self.mean))\n"
            "        return torch.tanh(",
        )
    )
    trainer = trainer_of(mine, tiny, cpu)
    for _ in range(2):
        trainer.train_step()
    snapshot = trainer.snapshot()
    states, z = copy.deepcopy((snapshot.G, snapshot.G_ema)), torch.randn(6, 5)
    with torch.no_grad():
        expected = ((trainer.G.eval()(z) + 1) * 127.5).round().to(torch.uint8).numpy()
    for _ in range(3):
        drawn = decode(snapshot, z.numpy(), averaged=False)
        assert np.abs(drawn.astype(int) - expected).max() <= 1
        decode(snapshot, z.numpy(), averaged=True)
    assert same((snapshot.G, snapshot.G_ema), states)


def test_code_that_needs_images_to_lie_as_torch_makes_them_trains(mine: Path, tiny, cpu):
    mine.write_text(
        SOUND.replace(
            "    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image_shape), outputs))",
            "    return D(outputs)",
        )
        + """

class D(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.conv, self.linear = nn.Conv2d(1, 8, 4, 2, 1), nn.Linear(8 * 14 * 14, outputs)

    def forward(self, x):
        return self.linear(self.conv(x).view(-1, 8 * 14 * 14))
"""
    )
    trainer = trainer_of(mine, tiny, cpu, r1=0.1)
    for _ in range(2):
        trainer.train_step()
    assert trainer.step == 2


def test_an_encoder_is_tried_as_well(mine: Path, tiny, cpu):
    mine.write_text(
        SOUND + "\ndef encoder(dim, shape):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), dim))\n"
    )
    assert "E gives float32 (4, 5), expected float32 (4, 10)" in refusal(mine, tiny, cpu)
    mine.write_text(
        mine.read_text().replace("math.prod(shape), dim)", "math.prod(shape), 2 * dim)")
    )
    trainer_of(mine, tiny, cpu).train_step()


def test_the_readmes_example_trains(mine: Path, tiny, cpu):
    readme = Path(__file__).parents[1] / "README.md"
    example, *_ = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    mine.write_text(example)
    trainer_of(mine, tiny, cpu).train_step()


# Checkpoints


@pytest.fixture
def saved(mine: Path, tiny, cpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of a run with the file, in a process that has not run it."""
    trainer = trainer_of(mine, tiny, cpu)
    trainer.train_step()
    path = tmp_path / "run.pt"
    checkpoint.save(trainer, path)
    monkeypatch.setattr(model_file, "_ran", {})
    os.remove(f"{mine}.ran")
    return path


def test_a_checkpoint_holds_path_and_hash_and_runs_nothing(saved: Path, mine: Path, tiny, cpu):
    content = checkpoint.read(saved)
    assert content["config"]["model"] == str(mine)
    assert content["model_sha256"] == hashlib.sha256(SOUND.encode()).hexdigest()
    for attempt in (
        lambda: checkpoint.restore(content, saved, tiny, cpu),
        lambda: checkpoint.snapshot_of(content, saved),
    ):
        with pytest.raises(StudioError) as caught:
            attempt()
        assert caught.value.code == "checkpoint-needs-model-file"
        for part in (str(saved), f"--model-file {mine}", content["model_sha256"]):
            assert part in str(caught.value)
    assert times_run(mine) == 0


def test_with_the_file_it_goes_on_wherever_that_is(saved: Path, mine: Path, tiny, cpu):
    moved = mine.rename(mine.with_name("moved.py"))
    content = checkpoint.read(saved)
    checkpoint.give_model_file(content, saved, model_file.read(moved))
    trainer = checkpoint.restore(content, saved, tiny, cpu)
    assert (trainer.step, trainer.config.model) == (1, str(moved))
    assert same(trainer.G.state_dict(), content["G"])
    trainer.train_step()


def test_another_file_is_refused_before_it_runs(saved: Path, mine: Path):
    other = mine.with_name("other.py")
    other.write_text(SOUND + "\n# another")
    content = checkpoint.read(saved)
    with pytest.raises(StudioError) as caught:
        checkpoint.give_model_file(content, saved, model_file.read(other))
    assert caught.value.code == "other-model-file"
    assert content["model_sha256"] in str(caught.value)
    assert times_run(other) == 0


def test_a_checkpoint_of_a_built_in_model_takes_no_file(mine: Path, tiny, cpu, tmp_path: Path):
    checkpoint.save(Trainer(CONFIG, tiny, cpu), tmp_path / "run.pt")
    content = checkpoint.read(tmp_path / "run.pt")
    with pytest.raises(StudioError) as caught:
        checkpoint.give_model_file(content, tmp_path / "run.pt", model_file.read(mine))
    assert caught.value.code == "no-model-file"
    assert times_run(mine) == 0


# The command line


def test_train_resume_and_sample(
    mine: Path, tiny_root: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    base = ["train", "--data-root", str(tiny_root), "--device", "cpu"]
    small = ["--set", "batch_size=16", "--set", "latent_dim=5", "--steps", "2"]
    assert main([*base, *small, "--model-file", "my_gan.py"]) == 0
    out, _ = capsys.readouterr()
    assert "Training my_gan on mnist" in out
    last = tmp_path / "runs" / "my_gan-0" / "last.pt"
    assert load_config(last.parent / "config.toml").model == str(mine)

    monkeypatch.setattr(model_file, "_ran", {})
    commands = {
        ("sample", str(last), "--out", "a.png"): "a.png",
        (*base, "--resume", str(last), "--steps", "3"): "",
        (*base, "--config", str(last.parent / "config.toml"), "--steps", "1", "--out", "b"): "",
    }
    for words in commands:
        assert main([*words]) == 2
        assert f"--model-file {mine}" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
    assert times_run(mine) == 1
    for words in commands:
        monkeypatch.setattr(model_file, "_ran", {})
        assert main([*words, "--model-file", str(mine)]) == 0
    assert (tmp_path / "a.png").exists()
    assert checkpoint.read(last)["step"] == 3
    assert times_run(mine) == 4


def test_mistakes_are_a_line(tmp_path: Path, capsys):
    (tmp_path / "bad.py").write_text("def generator(")
    for name, part in (("none.py", "cannot be read"), ("bad.py", "line 1")):
        assert main(["train", "--model-file", str(tmp_path / name)]) == 2
        err = capsys.readouterr().err
        assert part in err
        assert name in err
        assert err.count("\n") == 1
