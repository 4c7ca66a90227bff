import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from oracle import PlainGAN, close, everything, same, weights
from torch import nn

from ganstudio.config import ORDERS, Config, load_preset, preset_names
from ganstudio.data.batches import Noise, RealBatches
from ganstudio.errors import ConfigError, StudioError
from ganstudio.latent.networks import Range
from ganstudio.latent.spec import Stream
from ganstudio.training import shortcuts
from ganstudio.training.history import METRICS
from ganstudio.training.orders import Nets
from ganstudio.training.trainer import DRAIN_STEPS, Trainer

SMALL = Config(
    model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, beta1=0.5, beta2=0.9,
    g_lr=1e-2, d_lr=5e-3, weight_decay=1e-3, seed=4, ema_decay=0.9,
)  # fmt: skip

ABSENT = ("reconstruction_loss", "info_loss")  # in a plain GAN


def streams(trainer: Trainer, span: Range = (0.0, 1.0)) -> tuple[RealBatches, Noise, Noise]:
    """Return the trainer's batches a second time."""
    config, cpu = trainer.config, torch.device("cpu")
    real = RealBatches(trainer.dataset, config.batch_size, config.seed, span, cpu)
    noise = (
        Noise(trainer.latent, config.batch_size, config.seed, stream, cpu)
        for stream in (Stream.Z_D, Stream.Z_G)
    )
    return real, *noise


def row(trainer: Trainer, i: int = -1) -> dict[str, float]:
    trainer.drain()
    return {name: float(trainer.history.column(name)[i]) for name in METRICS}


# The orders


@pytest.mark.usefixtures("small", "double")
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("objective", ["bce", "non-saturating"])
@pytest.mark.parametrize("order", ORDERS)
def test_orders_do_what_they_are_called(order: str, objective: str, k: int, tiny, cpu):
    total = "mean" if k == 3 else "sum"
    config = SMALL.changed(order=order, objective=objective, d_steps=k, d_total=total)
    trainer = Trainer(config, tiny, cpu)
    plain = PlainGAN(trainer, *streams(trainer))
    for _ in range(4):
        trainer.train_step()
        plain.step(order, k)
        actual = row(trainer)
        assert {name: actual[name] for name in plain.seen} == pytest.approx(plain.seen, rel=1e-5)
    close(trainer.G, plain.G)
    close(trainer.D, plain.D)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("surely", [0.0, -30.0, -60.0, 60.0])
@pytest.mark.parametrize("objective", ["bce", "bce-logits", "least-squares", "hinge"])
@pytest.mark.parametrize("order", ["g-first-shared", "simultaneous"])
def test_one_pass_through_d_gives_what_two_give(
    order: str, objective: str, surely: float, tiny, cpu, monkeypatch
):
    """However sure D is: its logits are moved by `surely`."""
    config = SMALL.changed(order=order, objective=objective, d_steps=2)
    one, two = Trainer(config, tiny, cpu), Trainer(config, tiny, cpu)
    one.adapt(True)
    passes: list[int] = []
    judge = one.gradients._judge
    monkeypatch.setattr(one.gradients, "_judge", lambda *given: passes.append(1) or judge(*given))
    for trainer in (one, two):
        with torch.no_grad():
            list(trainer.D.parameters())[-1].add_(surely)
        trainer.train_step()
        trainer.train_step()
    assert row(one) == pytest.approx(row(two), rel=1e-6, nan_ok=True)
    close(one.G, two.G)
    close(one.D, two.D)
    assert one._counts() == two._counts()
    if objective == "bce-logits":
        assert bool(passes) is (surely == -60.0), "two where the quotient would be of nothings"


@pytest.mark.parametrize(
    "other",
    [
        {"objective": "relativistic"}, {"order": "d-first-shared"}, {"d_steps": 0},
        {"translation": 0.1}, {"instance_noise": 0.1}, {"code_choices": 3},
        {"r1": 1.0, "penalty_every": 1}, {"model": "dcgan"},
    ],
)  # fmt: skip
def test_one_pass_is_not_for_all(other: dict[str, object], tiny, cpu, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError

    config = SMALL.changed(**{"order": "g-first-shared", "objective": "bce-logits"} | other)
    trainer = Trainer(config, tiny, cpu)
    trainer.adapt(True)
    monkeypatch.setattr(trainer.gradients, "by_one_pass", refuse)
    trainer.train_step()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "config",
    [
        {"model": "mnistgan", "prior": "uniform"},
        {"model": "mnistgan", "r1": 0.1, "r2": 0.1, "gradient_penalty": 1.0, "penalty_every": 1},
        {"model": "mnistgan", "objective": "relativistic", "conditional": True},
        {"model": "mnistgan", "code_choices": 3, "instance_noise": 0.1, "weight_clip": 0.1},
        {"model": "aae", "order": "g-first-shared", "adversarial_share": 0.3, "ema_decay": 0},
        {"model": "aae", "order": "simultaneous", "objective": "least-squares", "prior": "uniform"},
    ],
)  # fmt: skip
def test_shortcuts_lead_to_the_same(config: dict[str, object], tiny, cpu):
    config = SMALL.changed(**{"order": "d-first", "objective": "bce-logits"} | config)
    usual, short = Trainer(config, tiny, cpu), Trainer(config, tiny, cpu)
    short.adapt(True)
    for trainer in (usual, short):
        trainer.train_step()
        trainer.train_step()
    assert short.threads == 0, "it is not known to repeat"
    assert row(short) == pytest.approx(row(usual), rel=1e-8, nan_ok=True)
    for a, b in ((short.G, usual.G), (short.D, usual.D), (short.E, usual.E)):
        if a is not None:
            close(a, b)
    assert short._counts() == usual._counts()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("order", ORDERS)
def test_weights_that_both_nets_share_are_no_matter(order: str, tiny, cpu, monkeypatch):
    made = {}

    def generator(latent_dim: int, shape: tuple[int, int, int]) -> nn.Module:
        made["shared"] = nn.Linear(6, 6)
        layers = [nn.Linear(latent_dim, 6), nn.ReLU(), made["shared"], nn.Tanh()]
        last = nn.Linear(6, math.prod(shape))
        return nn.Sequential(*layers, last, nn.Sigmoid(), nn.Unflatten(1, shape))

    def discriminator(shape: tuple[int, ...], outputs: int) -> nn.Module:
        layers = [nn.Flatten(), nn.Linear(math.prod(shape), 6), nn.GELU(), made["shared"]]
        return nn.Sequential(*layers, nn.GELU(), nn.Linear(6, outputs))

    for build in (generator, discriminator):
        monkeypatch.setattr(f"ganstudio.models.mlp_gelu.{build.__name__}", build)
    config = SMALL.changed(order=order, objective="bce-logits")
    usual, short = Trainer(config, tiny, cpu), Trainer(config, tiny, cpu)
    short.adapt(True)
    for trainer in (usual, short):
        trainer.train_step()
        trainer.train_step()
    close(short.G, usual.G)
    close(short.D, usual.D)


@pytest.mark.parametrize("net", ["G", "D"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("model", ["mnistgan", "aae"])
def test_a_failed_step_is_the_same_by_shortcuts(model: str, order: str, net: str, tiny, cpu):
    """It names the same, and changes nothing."""
    config = SMALL.changed(model=model, order=order, objective="bce-logits")
    told = []
    for adapts in (False, True):
        trainer = Trainer(config, tiny, cpu)
        trainer.adapt(adapts)
        trainer.train_step()
        with torch.no_grad():
            list(getattr(trainer, net).parameters())[-1][0] = math.nan
        before = everything(trainer)
        with pytest.raises(StudioError) as caught:
            trainer.train_step()
        assert same(everything(trainer), before)
        told.append(str(caught.value))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "other", [{"order": "d-first-shared"}, {"d_steps": 2}, {"d_steps": 0}, {"model": "mlp-gelu"}]
)
def test_g_draws_for_both_at_once_in_some_recipes_only(
    other: dict[str, object], tiny, cpu, monkeypatch
):
    def refuse(*_: object) -> None:
        raise AssertionError

    config = {"order": "d-first", "model": "mnistgan", "objective": "bce-logits"} | other
    trainer = Trainer(SMALL.changed(**config), tiny, cpu)
    trainer.adapt(True)
    monkeypatch.setattr(shortcuts, "together", refuse)
    for nets in Nets:
        trainer.train_step(nets)


@pytest.mark.usefixtures("small", "double")
@pytest.mark.parametrize("order", ORDERS)
def test_k_zero_trains_g_alone(order: str, tiny, cpu):
    trainer = Trainer(SMALL.changed(order=order, d_steps=0), tiny, cpu)
    D, G = weights(trainer.D), weights(trainer.G)
    trainer.train_step()
    assert same(weights(trainer.D), D)
    assert not same(weights(trainer.G), G)
    assert trainer.epoch == 0
    assert math.isnan(row(trainer)["real_loss"])


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("order", ORDERS)
def test_gradient_norms(order: str, tiny, cpu):
    """The norms belong to the gradients of the update that the row tells of."""
    trainer = Trainer(SMALL.changed(order=order, g_lr=0, d_lr=0), tiny, cpu)
    plain = PlainGAN(trainer, *streams(trainer))
    trainer.train_step()
    fake_g, fake_d = (plain.G(z.next()) for z in (plain.z_G, plain.z_D))
    shared = order != "d-first"
    for name, net, loss in (
        ("d_grad", plain.D, plain.d_loss((fake_g if shared else fake_d).detach())),
        ("g_grad", plain.G, plain.g_loss(fake_g)),
    ):
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        norm = math.sqrt(sum(float(g.double().square().sum()) for g in gradients))
        assert row(trainer)[name] == pytest.approx(norm, rel=1e-4)


# The penalty


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient_penalty"])
def test_a_penalty_moves_convolutions_as_torchs_adam_would(penalty: str, tiny, cpu):
    """Its gradient comes with the channels of the weights exchanged in memory."""
    settings = {"model": "conv-small", "order": "d-first", penalty: 0.7, "penalty_every": 1}
    trainer = Trainer(SMALL.changed(**settings), tiny, cpu)
    plain = PlainGAN(trainer, *streams(trainer, trainer.real_range))
    for _ in range(3):
        trainer.train_step()
        plain.step("d-first", 1)
    close(trainer.D, plain.D)
    close(trainer.G, plain.G)


def linear_generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    pixels = math.prod(image_shape)
    return nn.Sequential(nn.Linear(latent_dim, pixels), nn.Sigmoid(), nn.Unflatten(1, image_shape))


def linear_discriminator(shape: tuple[int, ...], outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), outputs))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("k", [1, 2])
def test_r1_weighs_gamma_times_every(k: int, tiny, cpu, monkeypatch):
    """For D(x) = w·x + b the penalty's gradient is w itself; nothing learns, so w stays."""
    for name, build in (("generator", linear_generator), ("discriminator", linear_discriminator)):
        monkeypatch.setattr(f"ganstudio.models.mlp_gelu.{name}", build)
    settings = {"r1": 0.7, "penalty_every": 3, "d_steps": k}
    settings["order"] = "d-first"  # fresh noise for every update of D
    trainer = Trainer(SMALL.changed(g_lr=0, d_lr=0, **settings), tiny, cpu)
    plain = PlainGAN(trainer, *streams(trainer))
    plain.config = SMALL  # no penalty but the one below
    w = plain.D[1].weight
    updates = 0
    for _ in range(7):
        trainer.train_step()
        for _ in range(k):
            loss = plain.d_loss(plain.G(plain.z_D.next()).detach())
            if updates % 3 == 0:
                loss = loss + 0.7 * 3 * w.square().sum() / 2
            updates += 1
        gradients = torch.autograd.grad(loss, list(plain.D.parameters()))
        norm = float(torch.cat([g.flatten() for g in gradients]).norm())
        assert row(trainer)["d_grad"] == pytest.approx(norm, rel=1e-5)


# The average


@pytest.mark.usefixtures("small")
def test_the_average_moves_once_a_step_that_updates_g(tiny, cpu):
    trainer = Trainer(SMALL.changed(d_steps=2, ema_decay=0.15), tiny, cpu)
    before = weights(trainer.ema.model)
    trainer.train_step(Nets.D)
    assert same(weights(trainer.ema.model), before)
    for decay in (0.15, 0.15):  # (1 + 1) / (10 + 1) is larger
        before = weights(trainer.ema.model)
        trainer.train_step()
        for name, value in weights(trainer.G).items():
            expected = decay * before[name] + (1 - decay) * value
            torch.testing.assert_close(weights(trainer.ema.model)[name], expected)
    assert trainer.ema.updates == 2


@pytest.mark.usefixtures("small")
def test_no_average_where_the_recipe_has_none(tiny, cpu):
    trainer = Trainer(SMALL.changed(ema_decay=0), tiny, cpu)
    trainer.train_step()
    assert trainer.ema is None
    assert trainer.snapshot().G_ema is None


# What fails changes nothing


def spoil(trainer: Trainer, quantity: str, call: int, how: str) -> None:
    """Make one loss not finite, or its gradient only, in its `call`-th call from now."""
    calls = 0

    def spoiled(original, *args):
        nonlocal calls
        calls += 1
        value = original(*args)
        if calls != call:
            return value
        if how == "loss":
            return value * math.inf
        return value + (args[-1] * 0).square().sum().sqrt()  # 0, with the slope 0 · inf

    if quantity == "penalty":
        original = trainer.gradients._penalty
        trainer.gradients._penalty = lambda *args: spoiled(original, *args)
    else:
        original = getattr(trainer.gradients.objective, quantity)
        changes = {quantity: lambda *args: spoiled(original, *args)}
        trainer.gradients.objective = replace(trainer.gradients.objective, **changes)


FAILURES = [
    # order, k, quantity, call, how, net, named
    ("d-first", 1, "real_loss", 1, "loss", "D", "real_loss"),
    ("d-first", 1, "g_loss", 1, "loss", "G", "g_loss"),
    ("d-first", 1, "g_loss", 1, "slope", "G", "gradient"),
    ("d-first", 1, "fake_loss", 1, "slope", "D", "gradient"),
    ("d-first", 1, "penalty", 1, "loss", "D", "penalty"),
    ("d-first", 3, "fake_loss", 3, "loss", "D", "fake_loss"),
    ("d-first", 3, "penalty", 2, "loss", "D", "penalty"),
    ("d-first", 3, "g_loss", 1, "loss", "G", "g_loss"),
    ("d-first-shared", 1, "g_loss", 1, "slope", "G", "gradient"),
    ("d-first-shared", 3, "real_loss", 2, "loss", "D", "real_loss"),
    ("g-first-shared", 1, "g_loss", 1, "loss", "G", "g_loss"),
    ("g-first-shared", 1, "real_loss", 1, "loss", "D", "real_loss"),
    ("g-first-shared", 1, "real_loss", 1, "slope", "D", "gradient"),
    ("g-first-shared", 3, "fake_loss", 3, "loss", "D", "fake_loss"),
    ("g-first-shared", 3, "fake_loss", 2, "slope", "D", "gradient"),
    ("simultaneous", 1, "real_loss", 1, "loss", "D", "real_loss"),
    ("simultaneous", 1, "g_loss", 1, "slope", "G", "gradient"),
    ("simultaneous", 3, "fake_loss", 3, "loss", "D", "fake_loss"),
    ("simultaneous", 3, "g_loss", 1, "loss", "G", "g_loss"),
]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("good", [0, 2], ids=["at-once", "later"])
@pytest.mark.parametrize(("order", "k", "quantity", "call", "how", "net", "named"), FAILURES)
def test_a_failed_step_changes_nothing(
    order: str, k: int, quantity: str, call: int, how: str, net: str, named: str, good: int,
    tiny, cpu,
):  # fmt: skip
    # a penalty in every other D update, so that k = 3 meets one and none in each step
    config = SMALL.changed(order=order, d_steps=k, r1=0.1, penalty_every=2 if k > 1 else 1)
    trainer, undisturbed = (Trainer(config, tiny, cpu, run_id="a") for _ in range(2))
    for _ in range(good):
        trainer.train_step()
        undisturbed.train_step()
    of, before = trainer.gradients, everything(trainer)
    objective, penalty = of.objective, of._penalty

    spoil(trainer, quantity, call, how)
    with pytest.raises(StudioError) as caught:
        trainer.train_step()
    rate = {"D": "d_lr", "G": "g_lr"}[net]
    assert caught.value.code == "non-finite"
    fields = caught.value.fields
    first = {"D": "gradient (1.weight, 12 × 784)", "G": "gradient (0.weight, 12 × 5)"}
    named = first[net] if named == "gradient" else named
    assert fields | {"quantity": str(fields["quantity"])} == {
        "step": good + 1, "last": good, "quantity": named, "net": net,
        "rate": rate, "value": getattr(config, rate),
    }  # fmt: skip
    assert same(everything(trainer), before)

    of.objective, of._penalty = objective, penalty
    for _ in range(2):
        trainer.train_step()
        undisturbed.train_step()
    assert same(everything(trainer), everything(undisturbed))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("nets", [Nets.D, Nets.G])
def test_a_failed_manual_step_changes_nothing(order: str, nets: Nets, tiny, cpu):
    trainer = Trainer(SMALL.changed(order=order, d_steps=2), tiny, cpu)
    trainer.train_step()
    before = everything(trainer)
    if nets is Nets.D:
        spoil(trainer, "fake_loss", 2, "slope")
    else:
        spoil(trainer, "g_loss", 1, "slope")
    with pytest.raises(StudioError, match=rf"gradient \(.*\) of {nets.value} is not finite"):
        trainer.train_step(nets)
    assert same(everything(trainer), before)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("order", ORDERS)
def test_any_exception_changes_nothing(order: str, tiny, cpu):
    trainer = Trainer(SMALL.changed(order=order, d_steps=2), tiny, cpu)
    trainer.train_step()
    before = everything(trainer)

    def interrupted(_logits):
        raise KeyboardInterrupt

    late = "real_loss" if order == "g-first-shared" else "g_loss"
    trainer.gradients.objective = replace(trainer.gradients.objective, **{late: interrupted})
    with pytest.raises(KeyboardInterrupt):
        trainer.train_step()
    assert same(everything(trainer), before)


@pytest.mark.parametrize("name", preset_names())
def test_weights_that_explode_are_reported(name: str, tiny, cpu):
    """Logits of NaN reach the objective; they must come out as this error, not one of torch's."""
    config = load_preset(name).config.changed(batch_size=8)
    trainer = Trainer(config, tiny, cpu)
    with torch.no_grad():
        next(iter(trainer.D.parameters())).fill_(math.nan)
    with pytest.raises(StudioError, match="is not finite") as caught:
        trainer.train_step()
    assert caught.value.code == "non-finite"


# Manual steps


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("order", ORDERS)
def test_a_step_of_d_leaves_g_and_its_numbers(order: str, tiny, cpu):
    trainer = Trainer(SMALL.changed(order=order, d_steps=2), tiny, cpu)
    trainer.train_step()
    before = everything(trainer)
    G, D = weights(trainer.G), weights(trainer.D)
    trainer.train_step(Nets.D)
    after = everything(trainer)
    assert same(weights(trainer.G), G)
    assert not same(weights(trainer.D), D)
    assert same(after["G_opt"], before["G_opt"])
    assert same(after["G_ema"], before["G_ema"])
    assert after["counts"]["z_G"] == before["counts"]["z_G"]
    assert after["step"] == 2
    missing = {name for name, value in row(trainer).items() if math.isnan(value)}
    assert missing == {"g_loss", "g_grad", *ABSENT}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("order", ORDERS)
def test_a_step_of_g_leaves_d_and_its_numbers(order: str, tiny, cpu):
    trainer = Trainer(SMALL.changed(order=order, d_steps=2), tiny, cpu)
    trainer.train_step()
    before = everything(trainer)
    G, D = weights(trainer.G), weights(trainer.D)
    trainer.train_step(Nets.G)
    after = everything(trainer)
    assert same(weights(trainer.D), D)
    assert not same(weights(trainer.G), G)
    assert same(after["D_opt"], before["D_opt"])
    for name in ("real", "z_D", "d_updates"):
        assert after["counts"][name] == before["counts"][name]
    missing = {name for name, value in row(trainer).items() if math.isnan(value)}
    assert missing == {"real_loss", "fake_loss", "real_score", "d_grad", *ABSENT}


# Live changes


@pytest.mark.usefixtures("small")
def test_live_changes_hold_from_the_next_step(tiny, cpu):
    trainer = Trainer(SMALL.changed(weight_decay=0), tiny, cpu)
    trainer.train_step()
    trainer.change(g_lr=0.0)
    G, D = weights(trainer.G), weights(trainer.D)
    trainer.train_step()
    assert same(weights(trainer.G), G)
    assert not same(weights(trainer.D), D)
    trainer.change(g_lr=1e-3, d_lr=0.0, d_steps=3)
    D = weights(trainer.D)
    taken = trainer.real.count
    trainer.train_step()
    assert same(weights(trainer.D), D)
    assert not same(weights(trainer.G), G)
    assert trainer.real.count == taken + 3
    assert (trainer.config.g_lr, trainer.config.d_lr, trainer.config.d_steps) == (1e-3, 0.0, 3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("bad", [{"d_lr": -1}, {"g_lr": math.nan}, {"d_steps": 1.5}])
def test_a_bad_live_value_changes_nothing(bad: dict[str, float], tiny, cpu):
    trainer = Trainer(SMALL, tiny, cpu)
    with pytest.raises(ConfigError):
        trainer.change(**({"g_lr": 0.5} | bad))
    assert trainer.config == SMALL
    rates = [opt.lr for opt in (trainer.G_opt, trainer.D_opt)]
    assert rates == [SMALL.g_lr, SMALL.d_lr]


# Numbers


@pytest.mark.usefixtures("small")
def test_every_step_has_its_row(tiny, cpu):
    """Drained in blocks or one by one, the history is the same."""
    blocks, single = (Trainer(SMALL, tiny, cpu) for _ in range(2))
    n = 2 * DRAIN_STEPS + 7
    for i in range(n):
        blocks._drained = math.inf  # never by time, only when the block is full
        blocks.train_step()
        assert len(blocks.history) == (i + 1) // DRAIN_STEPS * DRAIN_STEPS
        single.train_step()
        single.drain()
        assert len(single.history) == i + 1
    blocks.drain()
    assert len(blocks.history) == blocks.step == n
    both = (trainer.history.array()[:-1] for trainer in (blocks, single))
    assert np.array_equal(*both, equal_nan=True)
    epochs = (np.arange(n) + 1) / (256 // 16)
    np.testing.assert_allclose(blocks.history.column("epoch"), epochs, rtol=1e-6)
    assert (np.diff(blocks.history.column("seconds")) >= 0).all()


@pytest.mark.usefixtures("small")
def test_a_seed_decides_everything(tiny, cpu):
    first, second, other = (Trainer(SMALL.changed(seed=seed), tiny, cpu) for seed in (1, 1, 2))
    for trainer in (first, second, other):
        torch.rand(3)  # what others draw does not matter
        for _ in range(3):
            trainer.train_step()
    assert same(everything(first), everything(second))
    assert not same(everything(first)["G"], everything(other)["G"])
    assert first.run_id != second.run_id


def test_too_large_a_batch_is_refused(tiny, cpu):
    with pytest.raises(ConfigError, match="no more training images than 256"):
        Trainer(SMALL.changed(batch_size=257), tiny, cpu)


def test_a_cpus_convolutions_have_their_channels_last(tiny, cpu):
    trainer = Trainer(Config(model="conv-small", batch_size=8, seed=1), tiny, cpu)
    for net in (trainer.G, trainer.D, trainer.ema.model):
        found = [weight for weight in net.parameters() if weight.dim() == 4]
        assert found
        for weight in found:
            assert weight.is_contiguous(memory_format=torch.channels_last)


def test_learning_rates_fall_as_the_square_root_of_the_step(tiny, cpu):
    config = SMALL.changed(lr_constant_steps=4)
    trainer, other = Trainer(config, tiny, cpu), Trainer(SMALL, tiny, cpu)
    for step in range(12):
        for one in (trainer, other):
            one.train_step()
        fallen = min(1.0, (4 / max(step, 1)) ** 0.5)
        assert trainer.G_opt.lr == pytest.approx(SMALL.g_lr * fallen)
        assert trainer.D_opt.lr == pytest.approx(SMALL.d_lr * fallen)
        assert other.G_opt.lr == SMALL.g_lr
        same = torch.equal(*(next(one.G.parameters()) for one in (trainer, other)))
        assert same == (step <= 4), "until they fall, nothing changes"
    trainer.change(g_lr=0.5)
    assert trainer.G_opt.lr == pytest.approx(0.5 * (4 / 12) ** 0.5)


def test_it_knows_with_how_many_threads_it_repeats(tiny, cpu):
    trainer = Trainer(SMALL, tiny, cpu)
    before = torch.get_num_threads()
    try:
        for threads, known in ((2, 2), (2, 2), (1, 0), (2, 0)):
            torch.set_num_threads(threads)
            trainer.train_step()
            assert trainer.threads == known
    finally:
        torch.set_num_threads(before)
    state = trainer.state()
    trainer.load_state({**state, "threads": 3})
    assert trainer.threads == 3
    del state["threads"]
    trainer.load_state(state)
    assert trainer.threads == 0, "an older checkpoint does not tell"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("order", ["g-first-shared", "simultaneous"])
def test_memory_that_runs_out_before_the_moves_changes_nothing(order, tiny, cpu, monkeypatch):
    trainer = Trainer(SMALL.changed(order=order), tiny, cpu)
    trainer.train_step()
    before = everything(trainer)

    def lacking(_gradients: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(trainer.D_opt, "laid_out", lacking)
    with pytest.raises(torch.OutOfMemoryError):
        trainer.train_step()
    assert same(everything(trainer), before)
