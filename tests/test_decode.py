import copy
import dataclasses
import gc
import threading
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracle import same
from torch.func import functional_call

from ganstudio.config import Config, load_preset, preset_names
from ganstudio.errors import StudioError
from ganstudio.latent.decode import decode, effect, judge, judge_real, taste
from ganstudio.latent.networks import build
from ganstudio.latent.ranks import rank
from ganstudio.latent.snapshot import forget
from ganstudio.latent.spec import Stream, generator
from ganstudio.models import mlp_gelu
from ganstudio.training.trainer import Trainer

SMALL = Config(model="mlp-gelu", batch_size=16, latent_dim=6, r1=0, seed=1)


def trained(config: Config, tiny, cpu, steps: int = 2) -> Trainer:
    trainer = Trainer(config, tiny, cpu)
    for _ in range(steps):
        trainer.train_step()
    return trainer


def latents(trainer: Trainer, n: int) -> np.ndarray:
    return trainer.latent.sample(n, generator(9, Stream.SAMPLES))


@pytest.mark.parametrize("averaged", [True, False])
@pytest.mark.parametrize("name", preset_names())
def test_decoding_is_a_forward_pass_in_evaluation_mode(name: str, averaged: bool, tiny, cpu):
    config = load_preset(name).config.changed(batch_size=8, ema_decay=0.5)
    trainer = trained(config, tiny, cpu, steps=1)
    z = latents(trainer, 5)
    net = trainer.ema.model if averaged else copy.deepcopy(trainer.G).eval()
    drawn = decode(trainer.snapshot(), z, averaged=averaged)
    with torch.no_grad():
        fake = net(torch.from_numpy(z))
    low, high = trainer.snapshot().networks.output_range
    pixels = (fake.double().numpy() - low) / (high - low) * 255
    assert (drawn.dtype, drawn.shape) == (np.uint8, (5, 1, 28, 28))
    assert np.abs(pixels - drawn).max() < 0.5 + 1e-3


@pytest.mark.usefixtures("small")
def test_without_an_average_the_latest_draws(tiny, cpu):
    trainer = trained(SMALL.changed(ema_decay=0), tiny, cpu)
    z = latents(trainer, 3)
    snapshot = trainer.snapshot()
    both = [decode(snapshot, z, averaged=averaged) for averaged in (True, False)]
    assert np.array_equal(*both)


@pytest.mark.usefixtures("small")
def test_whatever_was_drawn_before_each_state_draws_its_own(tiny, cpu):
    trainer = trained(SMALL, tiny, cpu)
    early = trainer.snapshot()
    for _ in range(3):
        trainer.train_step()
    late = trainer.snapshot()
    other = trained(dataclasses.replace(SMALL, latent_dim=4), tiny, cpu).snapshot()
    first = [(early, True), (late, True), (early, False), (late, False), (other, True)]
    for snapshot, averaged in [*first, (other, False), *reversed(first)]:
        z = torch.randn(5, snapshot.latent.dim)
        low, high = snapshot.networks.output_range
        G = build(snapshot.architecture).G.eval()
        with torch.no_grad():
            x = functional_call(G, dict(snapshot.generator(averaged)), (z,))
        expected = ((x - low) * 255 / (high - low)).round().to(torch.uint8)
        drawn = decode(snapshot, z.numpy(), averaged=averaged)
        assert np.abs(drawn.astype(int) - expected.numpy()).max() <= 1


@pytest.mark.usefixtures("small")
def test_a_snapshot_is_frozen(tiny, cpu):
    trainer = trained(SMALL, tiny, cpu)
    snapshot = trainer.snapshot()
    z = latents(trainer, 4)
    states = copy.deepcopy((snapshot.G, snapshot.D, snapshot.G_ema))
    images = [decode(snapshot, z, averaged=averaged) for averaged in (True, False)]
    for _ in range(3):
        trainer.train_step()
    assert same((snapshot.G, snapshot.D, snapshot.G_ema), states)
    for averaged, before in zip((True, False), images, strict=True):
        assert np.array_equal(decode(snapshot, z, averaged=averaged), before)
        assert not np.array_equal(decode(trainer.snapshot(), z, averaged=averaged), before)
    assert (snapshot.step, trainer.snapshot().step) == (2, 5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshot.step = 3


@pytest.mark.usefixtures("small")
def test_decoding_leaves_the_trainer_alone(tiny, cpu):
    trainer, other = (trained(SMALL, tiny, cpu) for _ in range(2))
    decode(trainer.snapshot(), latents(trainer, 4))
    judge_real(trainer.snapshot(), tiny.test, tiny.test_labels)
    assert trainer.G.training
    assert trainer.D.training
    trainer.train_step()
    other.train_step()
    assert same(trainer.G.state_dict(), other.G.state_dict())


@pytest.mark.usefixtures("small")
def test_threads_draw_at_the_same_time(tiny, cpu, monkeypatch: pytest.MonkeyPatch):
    trainer = trained(SMALL, tiny, cpu)
    z, snapshots = latents(trainer, 4), []
    for _ in range(2):
        trainer.train_step()
        snapshots.append(trainer.snapshot())
    alone = [decode(snapshot, z) for snapshot in snapshots]
    assert not np.array_equal(*alone)

    both_have_their_weights, build_G = threading.Barrier(2), mlp_gelu.generator

    def meeting(*arguments):
        def meet(*_) -> None:
            both_have_their_weights.wait(30)

        G = build_G(*arguments)
        G.register_forward_pre_hook(meet)
        return G

    monkeypatch.setattr(mlp_gelu, "generator", meeting)
    forget()
    assert snapshots[0].networks.G
    drawn: list = [None, None]

    def draw(i: int) -> None:
        drawn[i] = decode(snapshots[i], z)

    other = threading.Thread(target=draw, args=(1,))
    other.start()
    draw(0)
    other.join()
    np.testing.assert_array_equal(drawn, alone)


@pytest.mark.usefixtures("small")
def test_weights_that_do_not_fit_are_not_taken_for_loaded(tiny, cpu):
    trainer = trained(SMALL, tiny, cpu)
    z, sound = latents(trainer, 3), trainer.snapshot()
    drawn = decode(sound, z)
    state = dict(sound.generator(averaged=True))
    last = list(state)[-1]
    others = {name: value + 1 for name, value in state.items()}
    broken = dataclasses.replace(sound, G_ema={**others, last: torch.zeros(99)})
    for _ in range(2):
        with pytest.raises(RuntimeError, match=last):
            decode(broken, z)
        assert np.array_equal(decode(sound, z), drawn)


@pytest.mark.usefixtures("small")
def test_what_is_forgotten_is_freed(tiny, cpu):
    trainer = trained(SMALL, tiny, cpu)
    snapshot = trainer.snapshot()
    decode(snapshot, latents(trainer, 1))
    weight = weakref.ref(next(iter(snapshot.generator(averaged=True).values())))
    del snapshot
    forget()
    gc.collect()
    assert weight() is None


@pytest.mark.parametrize("published", [True, False])
@pytest.mark.parametrize("name", [n for n in preset_names() if n not in ("aae", "cgan")])
def test_judging_real_and_generated_images(name: str, published: bool, tiny, cpu):
    config = load_preset(name).form(published=published).changed(batch_size=8)
    trainer = trained(config, tiny, cpu, steps=1)
    snapshot, z = trainer.snapshot(), latents(trainer, 9)
    D = trainer.D.eval()
    for (low, high), judged in (
        (trainer.real_range, judge_real(snapshot, tiny.test[:9], tiny.test_labels[:9])),
        (trainer.output_range, judge(snapshot, tiny.test[:9], z)),
    ):
        x = torch.tensor(tiny.test[:9] / 255 * (high - low) + low, dtype=torch.float32)
        with torch.no_grad():
            expected = D(x)[:, 0].numpy()
        np.testing.assert_allclose(judged, expected, rtol=1e-3, atol=1e-5)


def test_an_autoencoders_d_judges_codes(tiny, cpu):
    trainer = trained(load_preset("aae").config.changed(batch_size=8), tiny, cpu, steps=1)
    z = latents(trainer, 9)
    with torch.no_grad():
        expected = trainer.D(torch.from_numpy(z))[:, 0].numpy()
    images = np.zeros((9, 1, 28, 28), np.uint8)
    np.testing.assert_allclose(judge(trainer.snapshot(), images, z), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["studio", "mlp-gelu", "cgan", "aae", "sngan", "wgan"])
def test_what_d_wants_is_its_slope(name: str, tiny, cpu):
    trainer = trained(load_preset(name).config.changed(batch_size=8), tiny, cpu)
    snapshot, image, label = trainer.snapshot(), tiny.test[3].copy(), int(tiny.test_labels[3])
    logit, wishes = taste(snapshot, image, label)
    known = judge_real(snapshot, image[None], np.array([label]))[0]
    assert logit == pytest.approx(float(known), abs=1e-4)
    assert (wishes.shape, np.abs(wishes).max()) == ((28, 28), pytest.approx(1))
    steps = np.where(wishes > 0, 1, -1)  # a shade each way, as D would have it
    places = np.argsort(-np.abs(wishes).ravel())[:60]
    better, worse = image.astype(int), image.astype(int)
    better.ravel()[places] += 3 * steps.ravel()[places]
    worse.ravel()[places] -= 3 * steps.ravel()[places]
    images = np.stack([better, worse]).clip(0, 255).astype(np.uint8)
    more, less = judge_real(snapshot, images, np.array([label, label]))
    assert less < more


@pytest.mark.parametrize("name", ["studio", "mlp-gelu", "cgan", "aae", "sngan", "wgan"])
def test_what_d_wants_of_each_pixel_is_what_differences_say(name: str, tiny, cpu):
    trainer = trained(load_preset(name).config.changed(batch_size=8), tiny, cpu)
    image, label = tiny.test[3], int(tiny.test_labels[3])
    _, wishes = taste(trainer.snapshot(), image, label)
    D, E = (copy.deepcopy(net).double().eval() if net else None for net in (trainer.D, trainer.E))
    low, high = trainer.real_range
    x = torch.from_numpy(image[None] / 255 * (high - low) + low)
    told = torch.zeros(1, trainer.latent.classes, 28, 28, dtype=torch.float64)
    told[:, label : label + 1] = 1

    def logit(x: torch.Tensor) -> float:
        with torch.no_grad():
            seen = E(x)[:, : trainer.latent.dim] if E else torch.cat([x, told], 1)
            return float(D(seen)[0, 0])

    strongest = int(np.abs(wishes).argmax())
    chosen = [strongest, *np.random.default_rng(0).integers(0, 28 * 28, 30)]
    slopes = []
    for pixel in chosen:
        step = torch.zeros_like(x)
        step.view(-1)[pixel] = 1e-6
        slopes.append((logit(x + step) - logit(x - step)) / 2e-6)
    expected = np.array(slopes) / abs(slopes[0])
    np.testing.assert_allclose(wishes.ravel()[chosen], expected, atol=2e-3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("length", [5, 7, 0])
def test_other_lengths_of_z_are_refused(length: int, tiny, cpu):
    snapshot = Trainer(SMALL, tiny, cpu).snapshot()
    with pytest.raises(StudioError) as caught:
        decode(snapshot, np.zeros((2, length), np.float32))
    assert caught.value.code == "latent-mismatch"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("delta", [0.5, 2.0])
@pytest.mark.parametrize("averaged", [True, False])
def test_effect_against_one_dimension_at_a_time(averaged: bool, delta: float, tiny, cpu):
    trainer = trained(SMALL, tiny, cpu, steps=30)
    snapshot, z = trainer.snapshot(), latents(trainer, 1)[0]
    expected = []
    for i in range(6):
        ends = np.stack([z, z])
        ends[0, i] += delta
        ends[1, i] -= delta
        plus, minus = decode(snapshot, ends, averaged=averaged).astype(float)
        expected.append(np.sqrt(np.mean((plus - minus) ** 2)))
    halves = (range(2), range(2, len(z)))  # asked for in pieces, as the window does
    pieces = [effect(snapshot, z, dims, averaged=averaged, delta=delta) for dims in halves]
    actual = np.concatenate(pieces)
    assert min(expected) > 0
    np.testing.assert_allclose(actual, expected, rtol=0.05)  # rounding to whole grey levels
    assert actual.shape == (6,)


def test_rank_counts_ties_half():
    reference = np.array([0, 1, 1, 2], np.float32)
    places = {-1: 0, 0: 0.125, 0.5: 0.25, 1: 0.5, 1.5: 0.75, 2: 0.875, 3: 1}
    assert {x: rank(x, reference) for x in places} == places
    assert rank(1.0, np.zeros(0, np.float32)) == 0


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.integers(-6, 6))
def test_rank_is_fair(reference: list[int], x: int):
    values = np.array(reference, np.float32)
    assert 0 <= rank(x, values) <= rank(x + 1, values) <= 1
    assert rank(x, values) + rank(-x, -values) == pytest.approx(1)
    assert np.mean([rank(v, values) for v in values]) == pytest.approx(0.5)
