"""Parts in combination, and what is done to all that D sees."""

import itertools

import numpy as np
import pytest
import torch
from oracle import everything, same, weights

from ganstudio import parts
from ganstudio.config import ORDERS, Config, from_mapping
from ganstudio.data.batches import Dice
from ganstudio.latent.spec import Stream
from ganstudio.training.history import METRICS
from ganstudio.training.orders import Nets
from ganstudio.training.perturb import instance_noise, translate
from ganstudio.training.trainer import Trainer

SMALL = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, seed=4, penalty_every=1)
OBJECTIVES = parts.names(parts.OBJECTIVE)
REGULARISERS = (
    {},
    {"r1": 0.1},
    {"r2": 0.1},
    {"gradient_penalty": 10.0},
    {"weight_clip": 0.01},
    {"spectral_norm": True},
    {"instance_noise": 0.1},
    {"translation": 0.125},
    {"r1": 0.1, "r2": 0.2, "translation": 0.1, "spectral_norm": True},
)


def dice(seed: int = 0) -> torch.Generator:
    return Dice(seed, Stream.AUGMENTATION, torch.device("cpu")).next()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("regulariser", REGULARISERS, ids=lambda r: "+".join(r) or "none")
@pytest.mark.parametrize("order", ORDERS)
def test_every_order_objective_and_regulariser_go_together(order, regulariser, tiny, cpu):
    for objective, k in itertools.product(OBJECTIVES, (1, 2)):
        config = SMALL.changed(order=order, objective=objective, d_steps=k, **regulariser)
        trainer = Trainer(config, tiny, cpu)
        before = weights(trainer.D), weights(trainer.G)
        for _ in range(2):
            trainer.train_step()
        assert not same(weights(trainer.D), before[0])
        assert not same(weights(trainer.G), before[1])
        trainer.drain()
        row = {name: float(trainer.history.column(name)[-1]) for name in METRICS}
        absent = {name for name, value in row.items() if np.isnan(value)}
        paired = {"fake_loss"} if objective == "relativistic" else set()
        assert absent == {"reconstruction_loss", "info_loss"} | paired


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "extra", [{"conditional": True}, {"code_choices": 3}, {"prior": "uniform"}]
)
@pytest.mark.parametrize("regulariser", REGULARISERS, ids=lambda r: "+".join(r) or "none")
def test_classes_and_codes_go_with_every_regulariser(extra, regulariser, tiny, cpu):
    trainer = Trainer(SMALL.changed(**extra, **regulariser), tiny, cpu)
    for nets in Nets:
        trainer.train_step(nets)
    assert trainer.step == 3


@pytest.mark.usefixtures("small")
def test_resumed_in_the_midst_of_all_of_it(tiny, cpu):
    """Every stream is a position, so a run that is taken up again is the same run."""
    config = SMALL.changed(
        r1=0.1, r2=0.1, gradient_penalty=1.0, instance_noise=0.1, translation=0.1,
        spectral_norm=True, conditional=True, code_choices=3, continuous_codes=2, penalty_every=2,
    )  # fmt: skip
    whole = Trainer(config, tiny, cpu, run_id="a")
    for _ in range(3):
        whole.train_step()
    half = Trainer(config, tiny, cpu, run_id="a")
    half.load_state(whole.state())
    for trainer in (whole, half):
        for _ in range(4):
            trainer.train_step()
    assert same(everything(whole), everything(half))


@pytest.mark.usefixtures("small")
def test_a_clip_bounds_every_weight_of_d(tiny, cpu):
    trainer = Trainer(SMALL.changed(weight_clip=0.01, d_lr=1e-1), tiny, cpu)
    trainer.train_step()
    assert max(float(p.detach().abs().max()) for p in trainer.D.parameters()) <= 0.01
    assert max(float(p.detach().abs().max()) for p in trainer.G.parameters()) > 0.01


def test_translation_moves_whole_images_and_fills_with_the_background():
    images = torch.zeros(64, 1, 8, 8)
    images[:, 0, 3, 4] = torch.arange(1.0, 65.0)
    moved = translate(images, 0.25, -1.0, dice())
    assert moved.shape == images.shape
    shifts = set()
    for i, image in enumerate(moved[:, 0]):
        (at,) = (image == i + 1).nonzero().tolist()
        shifts.add((at[0] - 3, at[1] - 4))
        assert set(image.unique().tolist()) <= {-1.0, 0.0, i + 1.0}
    assert {dy for dy, _ in shifts} == {dx for _, dx in shifts} == {-2, -1, 0, 1, 2}


def test_translation_lets_gradients_through():
    images = torch.randn(3, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: translate(x, 0.3, -1.0, dice(3)), images)


def test_instance_noise_has_its_size():
    x = torch.zeros(200, 1, 28, 28)
    noise = instance_noise(x, 0.5, dice())
    assert float(noise.std()) == pytest.approx(0.5, rel=0.01)
    assert float(noise.mean()) == pytest.approx(0, abs=0.01)


def test_dice_repeat_by_position_and_differ_by_stream():
    cpu = torch.device("cpu")
    first, again = (Dice(3, Stream.PENALTY, cpu) for _ in range(2))
    drawn = [torch.rand(4, generator=first.next()) for _ in range(3)]
    again.count = 2
    assert torch.equal(torch.rand(4, generator=again.next()), drawn[2])
    other = torch.rand(4, generator=Dice(3, Stream.AUGMENTATION, cpu).next())
    assert not any(torch.equal(values, d) for values in [other] for d in drawn)
    assert not torch.equal(drawn[0], drawn[1])


def test_settings_of_version_1_keep_their_meaning():
    assert from_mapping({"regulariser": "r1", "penalty": 0.7}).r1 == 0.7
    assert from_mapping({"regulariser": "none", "penalty": 0.7}).r1 == 0
