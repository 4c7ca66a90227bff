from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracle import everything, same

from ganstudio.config import Config, load_preset
from ganstudio.latent.decode import decode, judge, judge_real
from ganstudio.training import observer as observer_module
from ganstudio.training.health import Observation
from ganstudio.training.observer import Observer, auc
from ganstudio.training.run_info import describe
from ganstudio.training.trainer import Trainer

CONFIG = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, epochs=0)

LOGITS = hnp.arrays(np.float32, st.integers(1, 20), elements=st.integers(-3, 3).map(float))


@pytest.fixture
def trainer(small, tiny, cpu) -> Trainer:
    return Trainer(CONFIG, tiny, cpu)


def last(observer: Observer, trainer: Trainer) -> Observation:
    *between, look = observer.look(trainer.snapshot())
    assert len(between) > 10
    assert set(between) == {None}
    return look


@given(LOGITS, LOGITS)
def test_auc_counts_pairs(high: np.ndarray, low: np.ndarray):
    pairs = [(a > b) + 0.5 * (a == b) for a in high for b in low]
    assert auc(high, low) == pytest.approx(np.mean(pairs))
    assert auc(low, high) == pytest.approx(1 - np.mean(pairs))
    assert auc(3 * high + 7, 3 * low + 7) == auc(high, low)  # no scale


def test_a_look_is_what_loops_over_pairs_find(trainer, monkeypatch):
    monkeypatch.setattr(observer_module, "APART", 3)
    info = describe(trainer)
    observer = Observer(info)
    first = last(observer, trainer)
    snapshot, z = trainer.snapshot(), observer._z
    fakes = decode(snapshot, z, averaged=False)
    real = info.held_out
    assert first.seen == auc(
        judge_real(snapshot, real, info.held_out_labels), judge(snapshot, fakes, z)
    )
    train = judge_real(snapshot, info.real, info.real_labels)
    assert first.known == auc(train, judge_real(snapshot, real, info.held_out_labels))

    def mean_distance(a: np.ndarray, b: np.ndarray, own: bool = False) -> float:
        rows_a, rows_b = (x.reshape(len(x), -1) / 255 for x in (a, b))
        total = sum(np.linalg.norm(rows_b - row, axis=1).sum() for row in rows_a)
        return total / (len(a) * (len(b) - own))

    spread, across = mean_distance(real, real, True), mean_distance(fakes, real)
    own = mean_distance(fakes, fakes, True)
    assert first.diversity == pytest.approx(own / spread, rel=1e-3)
    assert first.gap == pytest.approx((2 * across - own - spread) / (2 * across), rel=1e-3)
    assert first.shares is None  # bars are no digits
    assert np.isnan(first.change)

    for _ in range(3):
        trainer.train_step()
    second = last(observer, trainer)
    moved = decode(trainer.snapshot(), z, averaged=False)
    change = np.linalg.norm((moved / 255 - fakes / 255).reshape(len(z), -1), axis=1).mean() / spread
    assert second.change == pytest.approx(change, rel=1e-6)
    assert second.step == 3


def test_looking_changes_nothing_of_the_run(trainer, tiny, cpu):
    observer, plain = Observer(describe(trainer)), Trainer(CONFIG, tiny, cpu)
    for _ in range(3):
        last(observer, trainer)
        trainer.train_step()
        plain.train_step()
    assert same(everything(trainer), everything(plain))


def test_digits_are_counted_where_the_images_are_digits(small, cpu):
    from ganstudio.data.sources import mnist
    from ganstudio.work import Work

    trainer = Trainer(CONFIG, mnist.load(None, Work()), cpu)
    look = last(Observer(describe(trainer)), trainer)
    assert look.shares is not None
    assert sum(look.shares) == pytest.approx(1)
    assert 0 < look.gap < 1


def test_a_run_on_some_of_the_images(tiny, cpu, small):
    config = CONFIG.changed(train_images=10, batch_size=10)
    trainers = [Trainer(config, tiny, cpu) for _ in range(2)]
    other = Trainer(config.changed(seed=1), tiny, cpu)
    kept = trainers[0].dataset.train
    assert len(kept) == len(describe(trainers[0]).real) == 10
    assert np.array_equal(kept, trainers[1].dataset.train)
    assert not np.array_equal(kept, other.dataset.train)
    label_of = {
        image.tobytes(): label for image, label in zip(tiny.train, tiny.train_labels, strict=True)
    }
    labels = trainers[0].dataset.train_labels.tolist()
    assert labels == [label_of[image.tobytes()] for image in kept]
    assert trainers[0].dataset.classes == tiny.classes
    assert len(Trainer(CONFIG.changed(train_images=9999), tiny, cpu).dataset.train) == 256


@pytest.mark.parametrize("name", ["aae", "cgan", "infogan", "wgan", "mlp-gelu"])
def test_every_kind_of_recipe_can_be_looked_at(name: str, tiny, cpu):
    trainer = Trainer(load_preset(name).config.changed(batch_size=8), tiny, cpu)
    look = last(Observer(describe(trainer)), trainer)
    numbers = (look.seen, look.known, look.gap)
    assert all(0 <= number <= 1 for number in numbers)
    assert look.diversity > 0, "fresh networks draw no two images alike"


def test_a_certain_discriminator_is_seen_as_one_whether_of_images_or_of_codes(
    trainer, tiny, cpu, monkeypatch
):
    autoencoder = Trainer(load_preset("aae").config.changed(batch_size=8), tiny, cpu)
    of_codes = "judge", "judge_real"  # draws of the prior are what is real to it
    of_images = "judge_real", "judge"
    for run, (real, made) in ((trainer, of_images), (autoencoder, of_codes)):
        for name, logit in ((real, 1.0), (made, -1.0)):

            def said(_snapshot, images, _other, logit=logit):
                return np.full(len(images), logit)

            monkeypatch.setattr(observer_module, name, said)
        assert last(Observer(describe(run)), run).seen == 1.0


def test_how_far_samples_move_is_told_over_enough_steps_alone(trainer):
    observer = Observer(describe(trainer))
    changes = []
    for step in (0, 50, 99, 120, 150, 300):
        snapshot = replace(trainer.snapshot(), step=step)
        *_, look = observer.look(snapshot)
        changes.append(look.change)
    assert np.isnan(changes[:3]).all()
    assert changes[3:] == [0.0, 0.0, 0.0]


def test_a_conditional_run_whose_images_lack_a_class_is_looked_at(small, tiny, cpu):
    few = CONFIG.changed(conditional=True, train_images=16, batch_size=8, seed=1)
    trainer = Trainer(few, tiny, cpu)
    assert len(np.unique(trainer.dataset.train_labels)) < 10
    assert len(describe(trainer).real) == 16
    assert 0 <= last(Observer(describe(trainer)), trainer).known <= 1


def test_looks_take_a_share_of_the_time_but_come_by_then(trainer, monkeypatch):
    spent = iter(range(10**6))
    observer = Observer(describe(trainer))
    for took in (0.0, 1e-3, 1e-2, 1e3):
        monkeypatch.setattr(
            observer_module.time, "thread_time", lambda took=took: took * next(spent)
        )
        pieces = len([*observer.look(trainer.snapshot())])
        usual = min(max(2.5, 100 * pieces * took), 20.0)  # 1 %, and at most so long
        assert observer.wait == pytest.approx(max(usual, 20 * pieces * took))  # but never 5 %
