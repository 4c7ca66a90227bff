"""Presets against recipes written down a second time: the arithmetic here shares no code."""

import math

import numpy as np
import pytest
import torch

from ganstudio.config import load_preset
from ganstudio.data.batches import Noise, RealBatches
from ganstudio.latent.spec import Stream
from ganstudio.training.trainer import Trainer

Tensor = torch.Tensor
STEPS = 50


def test_mlp_gelu_as_the_table_has_it():
    config = load_preset("mlp-gelu").config
    expected = {
        "model": "mlp-gelu", "latent_dim": 96, "prior": "normal", "objective": "bce",
        "d_total": "sum", "regulariser": "none", "order": "g-first-shared", "d_steps": 1,
        "g_lr": 3e-4, "d_lr": 3e-4, "beta1": 0.4, "beta2": 0.8, "weight_decay": 1e-4,
        "ema_decay": 0.0, "epochs": 200, "batch_size": 64,
    }  # fmt: skip
    assert {name: getattr(config, name) for name in expected} == expected


class MlpGelu:
    """The recipe mlp-gelu from its table, in bare tensor arithmetic."""

    def __init__(self, G: dict[str, Tensor], D: dict[str, Tensor]) -> None:
        self.G_state = [value.detach().clone() for value in G.values()]
        self.layers = [self.G_state[i : i + 7] for i in range(0, 28, 7)]
        self.last = self.G_state[28:]
        self.G = [w for layer in self.layers for w in layer[:4]] + self.last
        self.D = [value.detach().clone() for value in D.values()]
        for w in (*self.G, *self.D):
            w.requires_grad_()
        self.moments = {id(w): [torch.zeros_like(w), torch.zeros_like(w), 0] for w in self.G}
        self.moments |= {id(w): [torch.zeros_like(w), torch.zeros_like(w), 0] for w in self.D}

    def generate(self, z: Tensor) -> Tensor:
        x = z
        for weight, bias, scale, shift, running_mean, running_var, batches in self.layers:
            x = x @ weight.T + bias
            mean, var = x.mean(0), x.var(0, correction=0)
            n = len(x)
            running_mean.mul_(0.9).add_(0.1 * mean.detach())
            running_var.mul_(0.9).add_(0.1 * var.detach() * n / (n - 1))
            batches.add_(1)
            x = gelu((x - mean) / (var + 1e-5).sqrt() * scale + shift)
        weight, bias = self.last
        return 1 / (1 + torch.exp(-(x @ weight.T + bias)))

    def probability(self, images: Tensor) -> Tensor:
        x = images.flatten(1)
        for i in range(0, 12, 2):
            x = x @ self.D[i].T + self.D[i + 1]
            x = gelu(x) if i < 10 else x
        return 1 / (1 + torch.exp(-x[:, 0]))

    def adam(self, weights: list[Tensor], loss: Tensor) -> None:
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, g in zip(weights, gradients, strict=True):
                m, v, t = self.moments[id(w)]
                g = g + 1e-4 * w
                m.mul_(0.4).add_(0.6 * g)
                v.mul_(0.8).add_(0.2 * g * g)
                t = self.moments[id(w)][2] = t + 1
                w.sub_(3e-4 * (m / (1 - 0.4**t)) / ((v / (1 - 0.8**t)).sqrt() + 1e-8))

    def step(self, z: Tensor, real: Tensor) -> list[float]:
        # G first; D on the same fakes, detached.
        fake = self.generate(z)
        g_loss = -self.probability(fake).log().mean()
        self.adam(self.G, g_loss)
        real_loss = -self.probability(real).log().mean()
        fake_loss = -(1 - self.probability(fake.detach())).log().mean()
        self.adam(self.D, real_loss + fake_loss)
        return [float(loss.detach()) for loss in (real_loss, fake_loss, g_loss)]


def gelu(x: Tensor) -> Tensor:
    return x / 2 * (1 + torch.erf(x / math.sqrt(2)))


@pytest.mark.usefixtures("double")
def test_mlp_gelu_trains_as_published(tiny, cpu):
    config = load_preset("mlp-gelu").config.changed(batch_size=8)
    trainer = Trainer(config, tiny, cpu)
    oracle = MlpGelu(trainer.G.state_dict(), trainer.D.state_dict())
    real = RealBatches(tiny, 8, config.seed, (0.0, 1.0), cpu)
    z = Noise(trainer.latent, 8, config.seed, Stream.Z_G, cpu)

    expected = []
    for _ in range(STEPS):
        trainer.train_step()
        expected.append(oracle.step(z.next(), real.next()))
    trainer.drain()
    losses = [trainer.history.column(name) for name in ("real_loss", "fake_loss", "g_loss")]
    np.testing.assert_allclose(np.array(losses).T, expected, rtol=1e-5)
    for net, state in ((trainer.G, oracle.G_state), (trainer.D, oracle.D)):
        for actual, wanted in zip(net.state_dict().values(), state, strict=True):
            torch.testing.assert_close(actual, wanted.detach(), rtol=1e-6, atol=1e-8)


def test_mlp_gelu_is_repaired_where_it_was_broken(tiny, cpu):
    """D's real images lie in G's range."""
    trainer = Trainer(load_preset("mlp-gelu").config, tiny, cpu)
    assert trainer.real.next().min() == 0
    with torch.no_grad():
        assert trainer.G(torch.randn(64, 96)).min() > 0
