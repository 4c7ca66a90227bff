"""Anybody's own training loop, made one that can be followed, and what is refused and why."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganstudio import RunWriter, model_file
from ganstudio.cli import main
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import load
from ganstudio.errors import StudioError
from ganstudio.latent import exported
from ganstudio.latent.decode import decode, judge_real
from ganstudio.training import checkpoint, live
from ganstudio.training.history import COLUMNS, METRICS
from ganstudio.training.live import NETWORKS, Live
from ganstudio.work import Work

Z, REAL = torch.randn(6, 5), torch.rand(8, 1, 28, 28) * 2 - 1


class G(nn.Module):
    """As people write them: a batch's len(), dropout, BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 784)
        )

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.layers(z)).view(len(z), 1, 28, 28)


def flat_D(last: nn.Module | None = None) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 1), last or nn.Identity())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch) -> None:
    monkeypatch.setattr(live, "SECONDS", 0.0)
    monkeypatch.setattr(live, "SHARE", math.inf)
    monkeypatch.setattr(model_file, "_ran", {})


def opened(path: Path):
    """Return the snapshot in a file, whose networks' file has been allowed to run."""
    content = checkpoint.read(path)
    file = model_file.read(Path(content["config"]["model"]))
    checkpoint.give_model_file(content, path, file)
    return checkpoint.snapshot_of(content, path)


def shades(images: Tensor, low: float = -1) -> np.ndarray:
    return ((images - low) * (255 / (1 - low))).round().clamp(0, 255).numpy()


def test_who_follows_sees_the_newest_networks_and_every_step(tmp_path):
    net, D = G(), flat_D()
    run = RunWriter(tmp_path, net, D, z=Z, real=REAL, epoch=80)
    run.step(real_loss=torch.tensor(0.5, requires_grad=True), fake_loss=0.25, g_loss=2)
    follower = Live(tmp_path)
    assert follower.first()["step"] == 1
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn_like(weight) / 4)
    net(torch.randn(9, 5))  # BatchNorm's statistics move
    run.step(g_loss=torch.tensor([3.0]), real_score=0.75)
    content = follower.newer()
    rows = dict(zip(COLUMNS, follower.rows(content, 0), strict=True))
    nan = float("nan")
    np.testing.assert_array_equal(rows["real_loss"], np.float32([0.5, nan]))
    np.testing.assert_array_equal(rows["fake_loss"], np.float32([0.25, nan]))
    np.testing.assert_array_equal(rows["g_loss"], np.float32([2, 3]))
    np.testing.assert_array_equal(rows["real_score"], np.float32([nan, 0.75]))
    np.testing.assert_allclose(rows["epoch"], [0.1, 0.2], rtol=1e-6)
    assert 0 <= rows["seconds"][0] <= rows["seconds"][1]
    snapshot, z = opened(tmp_path / NETWORKS), np.random.default_rng(1).random((3, 5), np.float32)
    with torch.no_grad():
        expected = shades(net.eval()(torch.from_numpy(z)))
    assert np.abs(decode(snapshot, z).astype(float) - expected).max() <= 1, "half precision"
    real = np.random.default_rng(2).integers(0, 256, (4, 1, 28, 28), dtype=np.uint8)
    with torch.no_grad():
        expected = D(torch.from_numpy(real) / 127.5 - 1).numpy()[:, 0]
    said = judge_real(snapshot, real, np.zeros(4, np.int64))
    np.testing.assert_allclose(said, expected, atol=5e-3)


def test_the_readmes_example_can_be_followed(tmp_path, monkeypatch):
    readme = Path(__file__).parents[1] / "README.md"
    *_, example = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    theirs = {"G": G(), "D": flat_D(), "noise": Z, "images": REAL, "loader": [(REAL, 0)] * 3}
    exec(example, theirs | {"real_loss": 0.5, "fake_loss": 0.5, "g_loss": 1.0})
    assert Live(tmp_path / "runs" / "mine").first()["step"] == 3


def test_closed_it_is_one_checkpoint_with_all_steps(tmp_path, tiny: Dataset, cpu):
    with RunWriter(tmp_path, G(), flat_D(), z=Z, real=REAL, d_lr=1e-3) as run:
        for i in range(120):  # more than a block
            run.step(g_loss=torch.tensor(float(i)))
    assert not (tmp_path / NETWORKS).exists()
    follower = Live(tmp_path)
    content = follower.first()
    assert follower.ended
    checkpoint.give_model_file(
        content, tmp_path / "last.pt", model_file.read(tmp_path / "networks.py")
    )
    trainer = checkpoint.restore(content, tmp_path / "last.pt", tiny, cpu)
    assert trainer.step == len(trainer.history) == 120
    np.testing.assert_array_equal(trainer.history.column("g_loss"), np.arange(120))
    assert (trainer.config.d_lr, trainer.config.batch_size) == (1e-3, 8)
    assert trainer.untold == {"g_lr", "d_steps"}
    again = checkpoint.restore(checkpoint.content_of(trainer), tmp_path / "last.pt", tiny, cpu)
    assert again.untold == trainer.untold, "nor is a copy told"
    assert trainer.epoch == 120 * 8 / 256
    with pytest.raises(StudioError, match="another program trains"):
        trainer.check_trainable()


@pytest.mark.parametrize(
    ("net", "z", "D", "real", "shape"),
    [
        (
            nn.Sequential(nn.ConvTranspose2d(5, 2, 8), nn.Sigmoid()),
            torch.randn(3, 5, 1, 1),
            nn.Sequential(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 1, 3)),  # patch-wise
            torch.rand(4, 2, 8, 8),
            None,
        ),
        (
            nn.Sequential(nn.Linear(5, 49), nn.Sigmoid()),
            torch.randn(1, 5),
            nn.Sequential(nn.Linear(49, 1), nn.Flatten(0)),
            torch.rand(4, 49),
            None,
        ),
        (
            nn.Sequential(nn.Linear(5, 96), nn.Sigmoid()),
            torch.randn(2, 5),
            nn.Linear(96, 1),
            torch.rand(4, 96),
            (3, 8, 4),
        ),
    ],
    ids=["convolutions", "flat", "flat and no square"],
)
def test_networks_may_take_shapes_of_their_own(net, z, D, real, shape, tmp_path):
    RunWriter(tmp_path, net, D, z=z, real=real, image_shape=shape).close()
    snapshot = opened(tmp_path / "last.pt")
    with torch.no_grad():
        drawn, said = net(z), D(real)
    expected = shades(drawn.reshape(len(z), *snapshot.architecture.image_shape), 0)
    np.testing.assert_array_equal(decode(snapshot, z.flatten(1).numpy()), expected)
    images = real.reshape(len(real), *snapshot.architecture.image_shape)
    whole = (images * 255).round().to(torch.uint8)
    with torch.no_grad():
        said = D((whole / 255).reshape(real.shape)).reshape(len(real), -1).mean(1)
    found = judge_real(snapshot, whole.numpy(), np.zeros(len(real), np.int64))
    np.testing.assert_allclose(found, said.numpy(), atol=1e-5)


def test_probabilities_become_logits(tmp_path):
    D = flat_D(nn.Sigmoid())
    RunWriter(tmp_path, G(), D, z=Z, real=REAL).close()
    real = np.random.default_rng(2).integers(0, 256, (4, 1, 28, 28), dtype=np.uint8)
    with torch.no_grad():
        logits = D[:2](torch.from_numpy(real) / 127.5 - 1).numpy()[:, 0]
    found = judge_real(opened(tmp_path / "last.pt"), real, np.zeros(4, np.int64))
    np.testing.assert_allclose(found, logits, rtol=1e-4, atol=1e-5)


def test_logits_that_look_like_probabilities_are_told_apart(tmp_path):
    D = flat_D()
    with torch.no_grad():
        D[1].weight.normal_(0, 1e-3)
        D[1].bias.fill_(0.5)
        assert ((D(REAL) > 0) & (D(REAL) < 1)).all()
    RunWriter(tmp_path, G(), D, z=Z, real=REAL).close()
    black = np.zeros((1, 1, 28, 28), np.uint8)
    with torch.no_grad():
        expected = float(D(-torch.ones(1, 1, 28, 28)))
    found = judge_real(opened(tmp_path / "last.pt"), black, np.zeros(1, np.int64))
    assert found[0] == pytest.approx(expected, abs=1e-5)


def test_networks_and_randomness_of_the_loop_stay_as_they_are(tmp_path):
    net, D = G(), flat_D(nn.Dropout())
    net.layers[3].eval()  # a mode of its own
    modes = [m.training for m in (*net.modules(), *D.modules())]
    before = {k: v.clone() for k, v in net.state_dict().items()}
    random = torch.get_rng_state()
    run = RunWriter(tmp_path, net, D, z=Z, real=REAL)
    run.step(g_loss=1.0)
    run.close()
    assert torch.equal(torch.get_rng_state(), random)
    assert [m.training for m in (*net.modules(), *D.modules())] == modes
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


def test_what_a_loop_writes_into_its_loss_afterwards_is_not_taken(tmp_path):
    run, loss = RunWriter(tmp_path, G(), flat_D(), z=Z, real=REAL), torch.tensor(1.0)
    run.step(g_loss=loss)
    loss.zero_()
    run.close()
    history = checkpoint.read(tmp_path / "last.pt")["history"]
    assert float(history[METRICS.index("g_loss"), 0]) == 1.0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
def test_compiled_and_spread_networks_are_taken_as_they_are(tmp_path):
    net = G()
    RunWriter(tmp_path, nn.DataParallel(net), torch.compile(flat_D()), z=Z, real=REAL).close()
    z = np.zeros((1, 5), np.float32)
    with torch.no_grad():
        expected = shades(net.eval()(torch.zeros(1, 5)))
    np.testing.assert_array_equal(decode(opened(tmp_path / "last.pt"), z), expected)


class Uncopied(nn.Module):
    def __deepcopy__(self, memo: object) -> "Uncopied":
        raise TypeError("there is one of it")


class Shy(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        raise KeyError("label")


class Unkept(nn.Module):
    """Decides by what it draws, of which torch.export cannot keep both ways."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 784)

    def forward(self, z: Tensor) -> Tensor:
        y = self.layer(z)
        return torch.tanh(y if y.sum() > 0 else 2 * y).view(-1, 1, 28, 28)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"D": nn.Linear(9, 1), "real": torch.rand(8, 9)},
            r"this real cannot.*images are \(9,\), expected \(1, 28, 28\)",
        ),
        ({"real": REAL * 3}, "this real cannot.*numbers are from -3.* to 3"),
        ({"G": Shy()}, r"this G cannot.*G\(6, 5\) fails: KeyError: 'label'"),
        ({"G": nn.Flatten(0)}, r"this G cannot.*gives \(30,\), expected something for each of 6"),
        ({"D": nn.Flatten(0)}, "this D cannot.*for each of 8"),
        ({"G": nn.Linear(5, 9)}, r"this G cannot.*images are \(9,\), expected \(1, 28, 28\)"),
        ({"G": Unkept()}, "this G cannot.*torch.export cannot keep it"),
        ({"dataset": "mnits"}, "Did you mean “mnist”"),
        ({"latent_dim": 4}, "latent_dim cannot be given: RunWriter sees it"),
        ({"conditional": True}, "conditional cannot be given"),
        ({"D": Uncopied()}, "this D cannot.*a copy of D fails: TypeError"),
        ({"latent_dims": 4}, "no setting called “latent_dims”"),
    ],
)
def test_what_cannot_be_followed_is_told_before_anything_is_written(changed, said, tmp_path):
    nets = {"G": G(), "D": flat_D(), "z": Z, "real": REAL} | changed
    with pytest.raises(StudioError, match="(?s)" + said):
        RunWriter(tmp_path / "out", **nets)
    assert not (tmp_path / "out").exists()


def test_a_metric_that_is_none_is_named(tmp_path):
    run = RunWriter(tmp_path, G(), flat_D(), z=Z, real=REAL)
    with pytest.raises(StudioError, match=r"metric called “gen_loss”.*g_loss"):
        run.step(gen_loss=1.0)
    run.step(g_loss=1.0)
    assert Live(tmp_path).first()["step"] == 1


def test_a_metric_of_many_numbers_is_named_at_once(tmp_path):
    run = RunWriter(tmp_path, G(), flat_D(), z=Z, real=REAL)
    with pytest.raises(StudioError, match=r"g_loss is a tensor of shape \(3,\).*its mean"):
        run.step(g_loss=torch.ones(3))
    run.step(g_loss=torch.ones(1, 1))
    run.close()
    assert checkpoint.read(tmp_path / "last.pt")["step"] == 1


def test_images_of_another_size_than_the_datasets_can_be_opened(tmp_path, tiny_root, cpu):
    net = nn.Sequential(nn.Linear(5, 1024), nn.Tanh(), nn.Unflatten(1, (1, 32, 32)))
    D = nn.Sequential(nn.Flatten(), nn.Linear(1024, 1))
    RunWriter(tmp_path, net, D, z=Z, real=torch.rand(8, 1, 32, 32) * 2 - 1).close()
    content = checkpoint.read(tmp_path / "last.pt")
    opened(tmp_path / "last.pt")
    config = checkpoint.config_of(content, tmp_path / "last.pt")
    dataset = load(config.dataset, config.image_size, tiny_root, Work())
    checkpoint.restore(content, tmp_path / "last.pt", dataset, cpu)


def test_a_run_in_the_folder_is_lost_only_where_that_is_asked_for(tmp_path):
    nets = {"G": G(), "D": flat_D(), "z": Z, "real": REAL}
    run = RunWriter(tmp_path, **nets)
    run.step(g_loss=1.0)
    with pytest.raises(StudioError, match="exist_ok=True"):
        RunWriter(tmp_path, **nets)
    run.close()
    with pytest.raises(StudioError, match="exist_ok=True"):
        RunWriter(tmp_path, **nets)
    another = RunWriter(tmp_path, **nets, exist_ok=True)
    another.step(g_loss=1.0)
    content = Live(tmp_path).first()
    assert not (tmp_path / "last.pt").exists()
    assert content["run_id"] != run._run_id


def test_a_folder_of_images_is_named_to_who_follows(tmp_path):
    nets = {"G": G(), "D": flat_D(), "z": Z, "real": REAL}
    run = RunWriter(tmp_path / "run", **nets, dataset="folder", data_root=tmp_path / "images")
    run.step(g_loss=1.0)
    assert checkpoint.root_of(Live(tmp_path / "run").first()) == tmp_path / "images"


def test_commands_take_it_but_do_not_train_it(tmp_path, tiny_root, capsys):
    RunWriter(tmp_path, G(), flat_D(), z=Z, real=REAL).close()
    last, file = str(tmp_path / "last.pt"), str(tmp_path / "networks.py")
    picture = tmp_path / "samples.png"
    assert main(["sample", last, "--num", "4", "--out", str(picture)]) != 0
    assert "runs only if you say so" in capsys.readouterr().err
    arguments = ["sample", last, "--model-file", file, "--num", "4", "--out", str(picture)]
    assert main(arguments) == 0
    assert picture.exists()
    root = ["--data-root", str(tiny_root)]
    arguments = ["train", "--resume", last, "--model-file", file, "--steps", "5", *root]
    assert main(arguments) != 0
    assert "another program trains" in capsys.readouterr().err


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_networks_in_another_precision_draw_in_float32(dtype, tmp_path):
    nets = [net.to(dtype) for net in (nn.Sequential(nn.Linear(5, 784), nn.Tanh()), flat_D())]
    with RunWriter(tmp_path, *nets, z=Z, real=REAL) as writer:
        writer.step(g_loss=1.0)
    snapshot = opened(tmp_path / "last.pt")
    with torch.no_grad():
        expected = shades(nets[0].float()(Z)).reshape(6, 1, 28, 28)
    np.testing.assert_allclose(decode(snapshot, Z.numpy()), expected, atol=1)


def test_a_folder_may_move_with_its_networks(tmp_path):
    RunWriter(tmp_path / "a", G(), flat_D(), z=Z, real=REAL).close()
    moved = (tmp_path / "a").rename(tmp_path / "b")
    with pytest.raises(StudioError) as told:
        checkpoint.snapshot_of(checkpoint.read(moved / "last.pt"), moved / "last.pt")
    assert told.value.fields["file"] == moved / "networks.py"


def test_networks_that_were_exchanged_do_not_run(tmp_path):
    RunWriter(tmp_path, G(), flat_D(), z=Z, real=REAL).close()
    (tmp_path / "G.pt2").write_bytes((tmp_path / "D.pt2").read_bytes())
    with pytest.raises(StudioError, match="not the file that was kept with the run"):
        opened(tmp_path / "last.pt")


def test_a_network_that_is_kept_otherwise_is_refused(monkeypatch, tmp_path):
    other = exported.module_of
    monkeypatch.setattr(exported, "module_of", lambda file: nn.Sequential(other(file)))
    with pytest.raises(StudioError, match="other weights or other results"):
        RunWriter(tmp_path, G(), flat_D(), z=Z, real=REAL)
