"""Networks that compute in bfloat16, beside the same in float32."""

import math

import pytest
import torch
from oracle import everything, same
from torch import nn

from ganstudio.cli import main
from ganstudio.config import Config, load_preset
from ganstudio.errors import ConfigError, StudioError
from ganstudio.latent.networks import each_alone
from ganstudio.training import checkpoint, device, half
from ganstudio.training.half import BFLOAT16, Halved
from ganstudio.training.ranks import Ranks
from ganstudio.training.trainer import Trainer

PRESETS = ("mlp-gelu", "conv", "dcgan", "aae", "infogan", "wgan", "wgan-gp")


def made(name: str, tiny, cpu, **changes: object) -> tuple[Trainer, Trainer]:
    """Return a trainer of each precision."""
    settings = {"batch_size": 8, "image_size": 0, **changes}
    config = load_preset(name).config.changed(**settings)
    return Trainer(config, tiny, cpu), Trainer(config, tiny, cpu, precision=BFLOAT16)


def net() -> nn.Module:
    torch.manual_seed(0)
    layers = (nn.Linear(6, 8), nn.BatchNorm1d(8), nn.LeakyReLU(0.2), nn.Linear(8, 3), nn.Tanh())
    return nn.Sequential(nn.Sequential(*layers[:3]), *layers[3:])


def test_a_twin_computes_the_same_with_fewer_digits():
    whole = net()
    twin, x = Halved(whole, "G"), torch.randn(16, 6)
    drawn, expected = twin(x), whole(x)
    assert drawn.dtype == torch.float32
    torch.testing.assert_close(drawn, expected, atol=0.03, rtol=0)
    assert not torch.equal(drawn, expected)
    assert [leaf.shape for leaf in twin.leaves] == [p.shape for p in whole.parameters()]
    dtypes = [leaf.dtype for leaf in twin.leaves]
    single, brief = torch.float32, torch.bfloat16
    assert dtypes == [brief, brief, single, single, brief, brief], "BatchNorm stays as it is"
    gradients = torch.autograd.grad(drawn.square().sum(), twin.leaves)
    wanted = torch.autograd.grad(expected.square().sum(), list(whole.parameters()))
    scale = max(float(other.abs().max()) for other in wanted)
    for gradient, other in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(gradient.float(), other, atol=0.05 * scale, rtol=0)


def test_a_twin_shares_what_it_does_not_halve_and_renews_the_rest():
    whole = net()
    twin = Halved(whole, "G")
    with torch.no_grad():
        for weight in whole.parameters():
            weight += 1.0
    x = torch.randn(16, 6)
    assert float((twin(x) - whole(x)).detach().abs().max()) > 0.05
    twin.renew()
    torch.testing.assert_close(twin(x), whole(x), atol=0.03, rtol=0)
    before = whole[0][1].running_mean.clone()
    twin(x)
    assert not torch.equal(whole[0][1].running_mean, before), "statistics are the network's"


@pytest.mark.parametrize("name", PRESETS)
def test_training_begins_as_in_float32_and_weights_stay_so(name: str, tiny, cpu):
    whole, brief = made(name, tiny, cpu)
    for trainer in (whole, brief):
        for _ in range(2):
            trainer.train_step()
        trainer.drain()
    for loss in whole.losses:
        expected = float(whole.history.column(loss)[0])
        assert float(brief.history.column(loss)[0]) == pytest.approx(expected, rel=0.05, abs=0.02)
    for trained in (brief.G, brief.D, brief.snapshot().G, brief.snapshot().D):
        state = trained if isinstance(trained, dict) else trained.state_dict()
        kinds = {t.dtype for t in state.values() if t.is_floating_point()}
        assert kinds == {torch.float32}
    if bound := brief.config.weight_clip:
        assert max(float(w.detach().abs().max()) for w in brief.D.parameters()) <= bound
    compute = brief._compute
    for twin, net in ((compute.G, brief.G), (compute.D, brief.D), (compute.E, brief.E)):
        if net is not None:
            for leaf, weight in zip(twin.leaves, net.parameters(), strict=True):
                assert torch.equal(leaf, weight.to(leaf.dtype)), "the twins have followed"


@pytest.mark.parametrize("name", ["mlp-gelu", "conv"])
def test_it_goes_on_bit_for_bit(name: str, tiny, cpu, tmp_path):
    _, straight = made(name, tiny, cpu)
    for _ in range(2):
        straight.train_step()
    path = tmp_path / "half.pt"
    checkpoint.save(straight, path)
    resumed = checkpoint.restore(checkpoint.read(path), path, tiny, cpu)
    assert resumed.precision == BFLOAT16
    for trainer in (straight, resumed):
        for _ in range(2):
            trainer.train_step()
    assert same(everything(straight), everything(resumed))
    whole = checkpoint.restore(checkpoint.read(path), path, tiny, cpu, precision=half.FLOAT32)
    whole.train_step()
    assert whole.state()["precision"] == half.FLOAT32


def test_networks_may_begin_with_what_stays_in_float32(tiny, cpu, monkeypatch):
    def normed(shape: tuple[int, ...], outputs: int) -> nn.Module:
        pixels = math.prod(shape)
        return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(pixels), nn.Linear(pixels, outputs))

    monkeypatch.setattr("ganstudio.models.mlp_gelu.discriminator", normed)
    _, trainer = made("mlp-gelu", tiny, cpu)
    before = trainer.D.state_dict()["2.weight"].clone()
    trainer.train_step()
    assert not torch.equal(trainer.D.state_dict()["2.weight"], before)


def test_a_step_that_fails_changes_nothing(tiny, cpu):
    _, trainer = made("mlp-gelu", tiny, cpu, order="d-first", d_steps=2)
    trainer.train_step()
    with torch.no_grad():
        trainer.G[0].weight[0, 0] = torch.inf
    trainer._renew("G")
    before = everything(trainer)
    with pytest.raises(StudioError, match="is not finite"):
        trainer.train_step()
    assert same(everything(trainer), before)
    for leaf, weight in zip(trainer._compute.D.leaves, trainer.D.parameters(), strict=True):
        assert torch.equal(leaf, weight.to(leaf.dtype))


def test_weights_that_are_shared_or_made_anew_are_refused():
    layer = nn.Linear(4, 4)
    with pytest.raises(StudioError, match="shared, or made anew"):
        Halved(nn.Sequential(layer, nn.ReLU(), layer), "G")
    twin, normed = nn.Linear(4, 4), nn.utils.spectral_norm(nn.Linear(4, 4))
    twin.weight = layer.weight
    for net in (nn.Sequential(layer, twin), nn.Sequential(normed)):
        with pytest.raises(StudioError, match="shared, or made anew"):
            Halved(net, "D")
    assert not each_alone(nn.Sequential(normed))


def test_what_cannot_be_halved_is_refused(tiny, cpu, tmp_path):
    config = load_preset("sngan").config.changed(batch_size=8)
    with pytest.raises(StudioError, match="ParametrizedConv2d"):
        Trainer(config, tiny, cpu, precision=BFLOAT16)
    with pytest.raises(StudioError, match="several processes"):
        Trainer(Config(batch_size=8), tiny, cpu, ranks=Ranks(0, 2), precision=BFLOAT16)
    path = tmp_path / "odd.pt"
    checkpoint.save(Trainer(Config(batch_size=8), tiny, cpu), path)
    with pytest.raises(StudioError, match="computed in float8"):
        checkpoint.restore({**checkpoint.read(path), "precision": "float8"}, path, tiny, cpu)


@pytest.mark.usefixtures("small")
def test_the_command_line_asks_for_it(tiny_root, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["train", "--preset", "mlp-gelu", "--data-root", str(tiny_root), "--out", str(out)]
    assert main([*words, "--steps", "2", "--precision", "bfloat16"]) == 0
    assert checkpoint.read(out / "last.pt")["precision"] == BFLOAT16
    resumed = ["train", "--resume", str(out / "last.pt"), "--steps"]
    assert main([*resumed, "3"]) == 0
    assert checkpoint.read(out / "last.pt")["precision"] == BFLOAT16
    assert main([*resumed, "4", "--precision", "float32"]) == 0
    assert checkpoint.read(out / "last.pt")["precision"] == half.FLOAT32
    assert main(["train", "--preset", "sngan", "--precision", "bfloat16", "--out", "x"]) == 2
    assert "Choose float32" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("capabilities", "offered"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)],
)
def test_bfloat16_is_offered_where_the_processor_knows_it(capabilities, offered, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert ("cpu bfloat16" in device.places()) == offered
    assert set(device.available()) <= set(device.places())


def test_a_place_is_a_device_and_a_precision():
    cpu = torch.device("cpu")
    for precision, name in (("float32", "cpu"), (BFLOAT16, "cpu bfloat16")):
        assert device.called(cpu, precision) == name
        assert device.place(name) == (cpu, precision)
    assert device.place("auto") == (device.choose(), "float32")
    with pytest.raises(ConfigError) as caught:
        device.place("quantum bfloat16")
    assert caught.value.code == "device-missing"
