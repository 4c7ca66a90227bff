import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganstudio.data.batches import Noise, RealBatches, to_range
from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream

NORMAL = LatentSpec((LatentPart(name="z", kind="normal", dim=3),))
CPU = torch.device("cpu")


def counted(n: int) -> Dataset:
    """Return images that tell their own number, 0 to 255."""
    images = np.arange(n, dtype=np.uint8).repeat(4).reshape(n, 1, 2, 2)
    labels = np.zeros(n, np.int64)
    return Dataset(name="n", train=images, test=images, train_labels=labels, test_labels=labels)


def batches(n: int, size: int, seed: int = 0) -> RealBatches:
    return RealBatches(counted(n), size, seed, (0.0, 255.0), CPU)


def epoch(real: RealBatches) -> list[int]:
    return [int(x) for _ in range(real.per_epoch) for x in real.next()[:, 0, 0, 0]]


@given(n=st.integers(1, 200), size=st.integers(1, 200), seed=st.integers(0, 2**31 - 1))
def test_an_epoch_shows_an_image_once_at_most(n: int, size: int, seed: int):
    size = min(n, size)
    real = batches(n, size, seed)
    assert real.per_epoch == n // size
    for done in (1, 2):
        seen = epoch(real)
        assert len(seen) == len(set(seen)) == n // size * size  # the rest is dropped
        assert set(seen) <= set(range(n))
        assert real.epoch == done


def test_every_image_comes_where_the_batches_divide():
    assert sorted(epoch(batches(60, 20))) == list(range(60))


def test_epochs_differ_in_order_and_in_what_is_dropped():
    real = batches(100, 30)
    epochs = [epoch(real) for _ in range(4)]
    assert len({tuple(seen) for seen in epochs}) == 4
    assert len({frozenset(seen) for seen in epochs}) > 1


def test_a_seed_gives_one_order_and_another_seed_another():
    assert epoch(batches(100, 10)) == epoch(batches(100, 10))
    assert epoch(batches(100, 10)) != epoch(batches(100, 10, seed=1))


def test_the_position_is_all_that_counts():
    real = batches(50, 7)
    expected = [real.next() for _ in range(25)]
    for position in (24, 0, 13, 7, 6):
        real.count = position
        assert torch.equal(real.next(), expected[position])
        assert real.count == position + 1


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0)])
def test_the_range_is_the_generators(bounds: tuple[float, float]):
    images = torch.arange(256, dtype=torch.uint8)
    low, high = bounds
    expected = torch.linspace(low, high, 256, dtype=torch.float64)
    moved = to_range(images, low, high)
    assert moved.dtype == torch.float32
    torch.testing.assert_close(moved.double(), expected, rtol=0, atol=2e-7)
    assert moved[0] == low
    assert abs(float(moved[255]) - high) < 2e-7


def test_batches_are_copies():
    real = batches(4, 4)
    real.next().zero_()
    assert sorted(epoch(real)) == [0, 1, 2, 3]


def test_too_large_a_batch_names_both_numbers():
    with pytest.raises(
        ConfigError, match=r"batch_size is 9, but n has no more training images than 8"
    ):
        batches(8, 9)


def noise(stream: Stream = Stream.Z_G, size: int = 2, seed: int = 5) -> Noise:
    return Noise(NORMAL, size, seed, stream, CPU)


@given(st.lists(st.integers(0, 200), max_size=12))
def test_noise_depends_on_its_position_only(positions: list[int]):
    jumping = noise()
    for position in positions:
        jumping.count = position
        straight = noise()
        straight.count = position
        assert torch.equal(jumping.next(), straight.next())


def test_noise_is_one_sequence_across_blocks():
    one_by_one = noise()
    drawn = [one_by_one.next() for _ in range(2 * Noise.BLOCK + 3)]
    assert len({tuple(z.flatten().tolist()) for z in drawn}) == len(drawn)
    later = noise()
    later.count = Noise.BLOCK - 1
    assert all(torch.equal(later.next(), z) for z in drawn[Noise.BLOCK - 1 :])


def test_streams_do_not_touch_each_other():
    lone, first, second = noise(), noise(), noise(Stream.Z_D)
    for taken in (3, 1, 70):
        for _ in range(taken):
            second.next()
        assert torch.equal(lone.next(), first.next())
    second.count = 0
    first.count = 0
    assert not torch.equal(first.next(), second.next())


def test_seeds_differ():
    assert not torch.equal(noise(seed=5).next(), noise(seed=6).next())


def test_golden_batches():
    """Change these numbers and no checkpoint resumes as it would have gone on."""
    assert epoch(batches(10, 5)) == GOLDEN_ORDER
    torch.testing.assert_close(noise().next(), torch.tensor(GOLDEN_Z), rtol=1e-6, atol=0)


GOLDEN_ORDER = [0, 7, 8, 6, 9, 5, 1, 3, 2, 4]
GOLDEN_Z = [[-2.4056077, 1.8630323, 0.37253714], [-0.31364197, -2.0127635, 1.3544079]]


def test_runs_share_one_copy_of_the_images(tiny, cpu):
    first, second = (RealBatches(tiny, 8, seed, (0.0, 1.0), cpu) for seed in (1, 2))
    assert first.images is second.images
