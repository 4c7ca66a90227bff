"""Classes, codes and autoencoders: what belongs to the samples, and what it costs to lose it."""

import math

import numpy as np
import pytest
import torch

from ganstudio.config import Config
from ganstudio.latent.decode import decode, judge, judge_real, reconstruct
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.training.games import info_loss
from ganstudio.training.history import METRICS
from ganstudio.training.orders import Nets
from ganstudio.training.trainer import Trainer

SMALL = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, seed=4, ema_decay=0.9)
CODES = LatentSpec(
    (
        LatentPart(name="z", kind="normal", dim=2),
        LatentPart(name="choice", kind="one-hot", dim=3, role="code"),
        LatentPart(name="code", kind="uniform", dim=2, role="code"),
    )
)


def row(trainer: Trainer) -> dict[str, float]:
    trainer.drain()
    return {name: float(trainer.history.column(name)[-1]) for name in METRICS}


def test_codes_that_are_found_cost_nothing():
    z = torch.tensor([[0.1, 0.2, 0.0, 1.0, 0.0, 0.5, -0.5], [0.3, 0.4, 1.0, 0.0, 0.0, -1.0, 1.0]])
    sure = torch.tensor([[-50.0, 50, -50, 0.5, -0.5], [50.0, -50, -50, -1.0, 1.0]])
    assert float(info_loss(CODES, z, sure)) == pytest.approx(0, abs=1e-6)


def test_codes_that_are_guessed_cost_what_the_likelihood_says():
    z = torch.tensor([[0.0, 0.0, 0.0, 1.0, 0.0, 0.5, -0.5]])
    said = torch.tensor([[0.0, 0.0, 0.0, 0.25, 0.0]])
    choice = math.log(3)
    continuous = (0.25**2 + 0.5**2) / 2 / 2
    assert float(info_loss(CODES, z, said)) == pytest.approx(choice + continuous, rel=1e-6)


@pytest.mark.usefixtures("small")
def test_infogan_learns_its_codes(tiny, cpu):
    config = SMALL.changed(code_choices=4, continuous_codes=1, g_lr=1e-2, d_lr=1e-2)
    trainer = Trainer(config, tiny, cpu)
    trainer.train_step()
    first = row(trainer)["info_loss"]
    for _ in range(150):
        trainer.train_step()
    assert row(trainer)["info_loss"] < first - 0.5
    assert trainer.latent.slices == {"z": slice(0, 5), "choice": slice(5, 9), "code": slice(9, 10)}


@pytest.mark.usefixtures("small")
def test_a_conditional_gan_is_told_the_right_classes(tiny, cpu):
    trainer = Trainer(SMALL.changed(conditional=True), tiny, cpu)
    real = trainer._game.real()
    known = {
        image.tobytes(): label for image, label in zip(tiny.train, tiny.train_labels, strict=True)
    }
    for x, classes in zip(real.x, real.classes, strict=True):
        pixels = x.mul(255).round().to(torch.uint8).numpy()
        assert classes.argmax() == known[pixels.tobytes()]
    fake = trainer._game.fake(trainer._z_G)
    assert torch.equal(fake.classes, fake.z[:, 5:])
    assert torch.equal(fake.classes.sum(dim=1), torch.ones(16))


@pytest.mark.usefixtures("small")
def test_d_of_a_conditional_gan_looks_at_the_class(tiny, cpu):
    trainer = Trainer(SMALL.changed(conditional=True, d_lr=1e-2), tiny, cpu)
    for _ in range(3):
        trainer.train_step()
    snapshot = trainer.snapshot()
    images, labels = tiny.test[:10], tiny.test_labels[:10]
    right, wrong = (judge_real(snapshot, images, lb) for lb in (labels, (labels + 1) % 10))
    assert not np.allclose(right, wrong)
    z = trainer.latent.sample(6, np.random.default_rng(0))
    assert judge(snapshot, decode(snapshot, z), z).shape == (6,)


AAE = Config(
    model="aae", batch_size=16, latent_dim=3, r1=0, ema_decay=0, order="g-first-shared",
    g_lr=1e-3, d_lr=1e-3, beta1=0.5,
)  # fmt: skip


def test_an_autoencoder_learns_to_restore_images(tiny, cpu):
    trainer = Trainer(AAE, tiny, cpu)
    trainer.train_step()
    first = row(trainer)["reconstruction_loss"]
    for _ in range(60):
        trainer.train_step()
    assert row(trainer)["reconstruction_loss"] < first / 2
    snapshot = trainer.snapshot()
    restored = reconstruct(snapshot, tiny.test[:8])
    assert (restored.dtype, restored.shape) == (np.uint8, (8, 1, 28, 28))
    error = np.abs(restored.astype(int) - tiny.test[:8]).mean()
    black = np.abs(tiny.test[:8].astype(int)).mean()
    assert error < black
    assert judge_real(snapshot, tiny.test[:8], tiny.test_labels[:8]).shape == (8,)
    z = trainer.latent.sample(5, np.random.default_rng(0))
    assert judge(snapshot, decode(snapshot, z), z).shape == (5,)


def test_an_autoencoders_share_weighs_the_adversary(tiny, cpu):
    """With no share D's opinion moves neither encoder nor decoder."""
    gradients = []
    for objective in ("non-saturating", "wasserstein"):
        config = AAE.changed(adversarial_share=0, objective=objective, d_lr=0)
        trainer = Trainer(config, tiny, cpu)
        trainer.train_step(Nets.G)
        gradients.append(row(trainer)["g_grad"])
    assert gradients[0] == gradients[1]


def test_a_reconstruction_is_the_decoder_on_the_mean_code(tiny, cpu):
    trainer = Trainer(AAE.changed(ema_decay=0.9), tiny, cpu)
    for _ in range(3):
        trainer.train_step()
    assert trainer.E is not None
    trainer.E.eval()
    x = torch.tensor(tiny.test[:4] / 127.5 - 1, dtype=torch.float32)
    for averaged, G in ((True, trainer.ema.model), (False, trainer.G.eval())):
        with torch.no_grad():
            fake = G(trainer.E(x)[:, :3])
        restored = reconstruct(trainer.snapshot(), tiny.test[:4], averaged=averaged)
        assert np.abs((fake.numpy() + 1) * 127.5 - restored).max() < 0.6


def test_a_codes_noise_is_normal_whatever_the_prior(tiny, cpu, monkeypatch):
    config = Config(model="aae", batch_size=256, latent_dim=8, prior="uniform", r1=0)
    trainer = Trainer(config, tiny, cpu)

    def encode(x):  # mean 1, variance 4
        return torch.tensor([1.0] * 8 + [math.log(4.0)] * 8).expand(len(x), -1)

    monkeypatch.setattr(trainer._game, "_E", encode)
    with torch.no_grad():
        codes = torch.cat([trainer._game.fake(trainer._z_G).x for _ in range(8)]).flatten()
    noise = (codes - 1) / 2
    quantiles = torch.quantile(noise, torch.tensor([0.0228, 0.1587, 0.5, 0.8413, 0.9772]))
    torch.testing.assert_close(quantiles, torch.arange(-2.0, 3.0), atol=0.08, rtol=0)
    assert noise.abs().max() > 3, "uniform noise ends at 1"
    assert float(trainer._game.real().x.abs().max()) <= 1, "the prior is uniform"
