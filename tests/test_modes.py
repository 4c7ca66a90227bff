"""The modes of Stacked-MNIST: closed forms, real digits, and the benchmark that counts them."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import load
from ganstudio.evaluation.features import digits
from ganstudio.evaluation.modes import MODES, Modes, coverage, stacked_labels
from ganstudio.work import Work

EVERY = np.arange(MODES)
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load("mnist", 0, None, Work())


# Closed forms


@given(modes=st.sets(st.integers(0, MODES - 1), min_size=1), times=st.integers(1, 3))
def test_samples_spread_evenly_over_some_modes(modes, times):
    labels = np.tile(np.array(sorted(modes)), times)
    result = coverage(labels, EVERY)
    assert (result.n, result.found) == (len(labels), len(modes))
    assert result.kl == pytest.approx(math.log(MODES / len(modes)), abs=1e-12)


def test_the_divergence_is_the_reverse_one_in_nats():
    # samples ¾ and ¼, data ½ and ½; the other way round it is ln(2/√3) = 0.1438
    result = coverage(np.array([7, 7, 7, 999]), np.array([7, 999]))
    assert result.found == 2
    assert result.kl == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5), abs=1e-12)
    assert result.kl == pytest.approx(0.1308, abs=1e-4)


def test_modes_that_the_data_have_not():
    data = EVERY[EVERY != 5]
    assert coverage(data, data) == Modes(n=999, found=999, kl=0.0)  # nor have the samples
    assert coverage(np.array([4, 5]), data) == Modes(n=2, found=2, kl=math.inf)


def test_the_training_labels_in_another_order_are_at_no_distance():
    rng = np.random.default_rng(3)
    labels = rng.integers(MODES, size=5000) ** 2 // MODES  # uneven
    assert coverage(rng.permutation(labels), labels).kl == 0


def test_samples_as_good_as_the_data_are_as_far_as_their_number_says():
    rng = np.random.default_rng(4)
    found = [coverage(rng.integers(MODES, size=26_000), EVERY).kl for _ in range(10)]
    assert np.mean(found) == pytest.approx(999 / 52_000, rel=0.05)


# Digits


def test_stacked_digits_are_named_channel_by_channel(mnist):
    chosen = np.random.default_rng(5).integers(len(mnist.test), size=(300, 3))
    named = stacked_labels(mnist.test[chosen, 0], digits())
    assert named.shape == (300,)
    assert named.dtype == np.int64
    first, second, third = mnist.test_labels[chosen].T
    assert (named == 100 * first + 10 * second + third).mean() >= 0.97


# The benchmark

SIZES = ["--num", "60", "--device", "cpu", "--seed", "3", "--preset", "mlp-gelu"]
SIZES += ["--set", "batch_size=16", "--set", "latent_dim=5"]


@pytest.fixture
def every(mnist) -> np.ndarray:
    """Return an image of every mode, (1000, 3, 28, 28), made of one image of each digit."""
    ten = np.stack([mnist.test[mnist.test_labels == digit][0, 0] for digit in range(10)])
    return ten[np.stack([EVERY // 100, EVERY // 10 % 10, EVERY % 10], axis=1)]


@pytest.fixture
def benchmark(small, every, monkeypatch):
    """Return the script; its data are every mode once."""
    data = Dataset(
        name="stacked-mnist", train=every, test=every, train_labels=EVERY, test_labels=EVERY
    )

    def load(name, image_size, root, work):
        assert (name, image_size, root) == ("stacked-mnist", 0, None)
        return data

    monkeypatch.setattr("ganstudio.training.headless.load", load)
    monkeypatch.syspath_prepend(BENCHMARKS)
    import stacked_mnist

    yield stacked_mnist
    del sys.modules["stacked_mnist"]


def test_the_benchmark_trains_and_prints_a_line_a_mark_and_a_table(benchmark, capsys):
    assert benchmark.main([*SIZES, "--steps", "1,2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"mlp-gelu, seed 3, on cpu, {digits().name}"
    names = [line.partition(":")[0] for line in lines[1:4]]
    assert names == ["training images", "step 1", "step 2"]
    assert "(step 2, " in lines[3]
    assert lines[4:6] == [
        "| preset | training images | step 1 | step 2 |",
        "| --- | --- | --- | --- |",
    ]
    preset, *cells = lines[6].strip("| ").split(" | ")
    assert (preset, len(lines)) == ("`mlp-gelu`", 7)
    for cell in cells:
        found, kl = cell.split(" / ")
        assert 1 <= int(found) <= 60
        # even over the modes found is the least, all in one mode the most
        assert math.log(MODES / int(found)) - 1e-3 <= float(kl) <= math.log(MODES) + 1e-3
    assert int(cells[0].split(" / ")[0]) > 50  # 60 draws from 1,000


def test_the_benchmark_counts_what_the_generator_draws(benchmark, every, monkeypatch, capsys):
    def decode(snapshot, z):
        assert (snapshot.step, z.shape[1]) == (1, 5)
        return every[[12, 345, 678]][np.arange(len(z)) % 3]

    monkeypatch.setattr(benchmark, "decode", decode)
    assert benchmark.main([*SIZES, "--steps", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"| 3 / {math.log(MODES / 3):.3f} |")


def test_the_benchmark_explains_what_cannot_be_done(benchmark, capsys):
    assert benchmark.main([*SIZES, "--set", "g_lr=9"]) == 2
    assert "g_lr" in capsys.readouterr().err
