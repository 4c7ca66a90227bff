"""Judging a model: what is compared with what, and when nothing is said."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import load
from ganstudio.evaluation import judge as judge_module
from ganstudio.evaluation import report
from ganstudio.evaluation.judge import NEEDED, Judge
from ganstudio.evaluation.quality import NAMES, Figure, Rated
from ganstudio.latent.decode import decode, judge_real
from ganstudio.latent.decode import judge as judge_by
from ganstudio.latent.spec import Stream, generator
from ganstudio.training.trainer import Trainer
from ganstudio.work import Cancelled, Work


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """Some hundred of MNIST's digits."""
    whole = load("mnist", 0, None, Work())
    return replace(
        whole,
        train=whole.train[:600],
        train_labels=whole.train_labels[:600],
        test=whole.test[:400],
        test_labels=whole.test_labels[:400],
    )


@pytest.fixture(scope="module")
def judge(digits) -> Judge:
    return Judge(digits, Work())


@pytest.fixture
def snapshot(small, digits, cpu):
    trainer = Trainer(Config(model="mlp-gelu", batch_size=16, latent_dim=5), digits, cpu)
    for _ in range(3):
        trainer.train_step()
    return trainer.snapshot()


def draw(monkeypatch, images: np.ndarray) -> None:
    """Let every generator draw these images in turn."""
    done = 0

    def decode(_snapshot, z):
        nonlocal done
        done += len(z)
        return images[done - len(z) : done]

    monkeypatch.setattr(judge_module, "decode", decode)


def test_a_generator_that_copies_the_data_is_as_good_as_data(judge, digits, snapshot, monkeypatch):
    draw(monkeypatch, digits.train)
    quality = judge.evaluate(snapshot, 400, Work())
    assert quality.ratio.value < 1  # nearer to the training images than held-out ones are
    assert quality.found == 10
    precision = quality.figures["precision"]
    assert precision.figure.value > precision.floor.high
    assert quality.figures["kid"].figure.value < quality.figures["kid"].floor.value
    shares = [rated.figure.value for rated in quality.digits]
    labels = np.bincount(digits.train_labels[:400], minlength=10) / 400
    assert shares == pytest.approx(labels, abs=0.01)


def test_the_ratios_interval_is_of_both_distances(judge, snapshot):
    quality = judge.evaluate(snapshot, 64, Work())
    figure, floor = Figure(8.0, 4.0, 32.0), Figure(2.0, 0.5, 6.0)
    both = replace(quality, figures={"frechet": Rated(figure=figure, floor=floor)})
    value, low, high = both.ratio
    assert value == 4
    # a factor of 2 down with one of 3, of 4 up with one of 4, as errors of logarithms add up
    assert low == pytest.approx(4 / math.exp(math.hypot(math.log(2), math.log(3))))
    assert high == pytest.approx(4 * math.exp(math.sqrt(2) * math.log(4)))
    exact = replace(both, figures={"frechet": Rated(figure=figure, floor=Figure(2.0, 2.0, 2.0))})
    assert exact.ratio == pytest.approx((4, 2, 16))


def test_a_generator_of_one_digit_has_lost_the_others(judge, digits, snapshot, monkeypatch):
    ones = digits.train[digits.train_labels == 1]
    draw(monkeypatch, np.concatenate([ones] * 4))
    quality = judge.evaluate(snapshot, 200, Work())
    assert quality.found == 1
    assert quality.ratio.value > 10
    assert quality.digits[1].figure.value > 0.95
    recall = quality.figures["recall"]
    assert recall.figure.high < recall.floor.low


def test_the_floor_is_of_as_many_images_and_computed_once(judge, snapshot):
    first, again = (judge.evaluate(snapshot, 150, Work()) for _ in range(2))
    assert first.to_dict() == again.to_dict()
    assert judge.evaluate(snapshot, 3000, Work()).n == 400  # no more are held out
    assert all(rated.floor is again.figures[name].floor for name, rated in first.figures.items())


def test_all_that_is_shown_is_there(judge, snapshot):
    quality = judge.evaluate(snapshot, 150, Work())
    assert set(quality.figures) == set(NAMES)
    for rated in (*quality.figures.values(), *quality.digits):
        for figure in (rated.figure, rated.floor):
            assert figure.low <= figure.value + 1e-9
            assert figure.value <= figure.high + 1e-9
    assert sum(rated.figure.value for rated in quality.digits) == pytest.approx(1)


def test_d_judges_the_images_that_are_named(judge, digits, snapshot):
    quality = judge.evaluate(snapshot, 150, Work())
    z = snapshot.latent.sample(150, generator(0, Stream.SAMPLES, 4))
    fakes = decode(snapshot, z)
    expected = {
        "generated": judge_by(snapshot, fakes, z),
        "train": judge_real(snapshot, digits.train, digits.train_labels),
        "held_out": judge_real(snapshot, digits.test, digits.test_labels),
    }
    assert quality.logits.keys() == expected.keys()
    for name, logits in expected.items():
        np.testing.assert_allclose(np.sort(quality.logits[name]), np.sort(logits), atol=1e-4)
    for name, images in (("real", digits.train[judge._train[:150]]), ("generated", fakes)):
        counts, _ = np.histogram(images, len(quality.pixels[name]), (0, 256))
        np.testing.assert_allclose(quality.pixels[name], counts / images.size, atol=1e-3)
    assert not np.allclose(quality.pixels["real"], quality.pixels["generated"], atol=0.05)


def test_data_that_the_network_does_not_know_gets_no_figures(tiny, snapshot):
    few = Judge(replace(tiny, train=tiny.train[:10], train_labels=tiny.train_labels[:10]), Work())
    unknown = Judge(tiny, Work())
    colour = replace(tiny, train=tiny.train.repeat(3, axis=1), test=tiny.test.repeat(3, axis=1))
    assert few.unfit.code == "unfit-few"
    assert unknown.unfit.code == "unfit-network"
    assert Judge(colour, Work()).unfit.code == "unfit-colour"
    quality = unknown.evaluate(snapshot, NEEDED, Work())
    assert quality.ratio is None
    assert not quality.figures
    assert not quality.digits
    assert len(quality.logits["generated"]) == NEEDED  # D's opinion needs no features
    assert "no figures, since" in report.text(quality)
    assert "no figures" in report.headline(quality)


def test_it_can_be_cancelled_anywhere(digits, judge, snapshot):
    class Counting(Work):
        calls = 0
        last = 10**9

        def at(self, fraction):
            self.calls += 1
            if self.calls > self.last:
                self.cancel()
            super().at(fraction)

    whole = Counting()
    judge.evaluate(snapshot, 150, whole)
    for last in range(whole.calls):
        work = Counting()
        work.last = last
        with pytest.raises(Cancelled):
            judge.evaluate(snapshot, 150, work)
    cancelled = Work()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        Judge(digits, cancelled)


def test_reports_hold_every_number(judge, snapshot):
    quality = judge.evaluate(snapshot, 150, Work())
    text = report.text(quality)
    for word in ("Fréchet", "KID", "recall", "coverage", "digit 9", quality.network, "150"):
        assert word in text
    table = report.line(report.columns()) + report.line(report.row(quality))
    (line,) = csv.DictReader(table.splitlines())
    assert float(line["frechet"]) == quality.figures["frechet"].figure.value
    assert float(line["digit_3"]) == quality.digits[3].figure.value
    assert float(line["kid_floor"]) == quality.figures["kid"].floor.value
    assert None not in line
    told = json.loads(json.dumps(quality.to_dict()))["frechet_ratio"]
    assert tuple(told.values()) == quality.ratio
