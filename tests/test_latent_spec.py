import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganstudio.errors import StudioError
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream, generator

SPEC = LatentSpec(
    (LatentPart(name="z", kind="normal", dim=3), LatentPart(name="code", kind="uniform", dim=2))
)
MASK = 2**64 - 1


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x64-10, from Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"."""
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
        x = [b >> 64 ^ x[1] ^ k[0], b & MASK, a >> 64 ^ x[3] ^ k[1], a & MASK]
        k = [k[0] + 0x9E3779B97F4A7C15 & MASK, k[1] + 0xBB67AE8584CAA73B & MASK]
    return x


@given(st.integers(0, 2**31 - 1), st.sampled_from(Stream), st.integers(0, 2**40))
def test_generators_count(seed: int, stream: Stream, index: int):
    raw = generator(seed, stream, index).bit_generator.random_raw(4)
    assert raw.tolist() == philox([1, 0, 0, index], [seed, stream])  # numpy counts, then draws


def test_the_numbers_of_the_streams_are_fixed():
    assert {stream.name: stream.value for stream in Stream} == {
        "DATA": 0, "Z_D": 1, "Z_G": 2, "AUGMENTATION": 3, "PENALTY": 4, "SAMPLES": 5, "LAYERS": 6,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["one part", "two parts"])
def test_golden_latents(name: str):
    """Change these numbers and the grids of every seed change."""
    spec, expected = GOLDEN[name]
    drawn = spec.sample(2, generator(0, Stream.SAMPLES))
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)


GOLDEN = {
    "one part": (
        LatentSpec(SPEC.parts[:1]),
        [[-1.0101171, 0.89021623, 1.7983693], [1.3371115, 0.1371952, 0.77177727]],
    ),
    "two parts": (
        SPEC,
        [
            [2.0887902, 1.5971527, -1.2126883, 0.12218869, -0.32217062],
            [-1.3722063, -0.028519375, -1.2283181, -0.22877932, -0.14161265],
        ],
    ),
}


@given(st.integers(0, 2**31 - 1), st.integers(1, 9), st.integers(0, 90))
def test_a_seed_gives_the_same_z_however_many_are_drawn(seed: int, few: int, more: int):
    for spec in (SPEC, CHOICES):
        whole = spec.sample(few + more, generator(seed, Stream.SAMPLES))
        drawn = spec.sample(few, generator(seed, Stream.SAMPLES))
        np.testing.assert_array_equal(whole[:few], drawn)


def test_draws_in_turn_differ_in_every_part():
    rng = generator(0, Stream.SAMPLES)
    first, second = CHOICES.sample(200, rng), CHOICES.sample(200, rng)
    for part in CHOICES.parts:
        where = CHOICES.slices[part.name]
        assert (first[:, where] != second[:, where]).any()
        assert abs(np.corrcoef(first[:, where][:, 0], second[:, where][:, 0])[0, 1]) < 0.3


def test_parts_lie_side_by_side():
    assert SPEC.dim == 5
    assert SPEC.bounds.tolist() == [4, 4, 4, 1, 1]
    assert SPEC.slices == {"z": slice(0, 3), "code": slice(3, 5)}
    assert SPEC.centre(np.ones(5, np.float32)).tolist() == [0] * 5
    drawn = SPEC.sample(7, generator(0, Stream.SAMPLES))
    assert (drawn.shape, drawn.dtype) == ((7, 5), np.float32)


def test_priors_have_their_moments():
    n = 40_000
    drawn = SPEC.sample(n, generator(3, Stream.Z_G)).astype(np.float64)
    sigma = np.array([1, 1, 1, 3**-0.5, 3**-0.5])
    assert (np.abs(drawn.mean(axis=0)) < 5 * sigma / n**0.5).all()
    kurtosis = np.array([3, 3, 3, 1.8, 1.8])
    spread = sigma**2 * np.sqrt((kurtosis - 1) / n)
    assert (np.abs(drawn.var(axis=0) - sigma**2) < 5 * spread).all()
    np.testing.assert_allclose((drawn**4).mean(axis=0) / sigma**4, kurtosis, rtol=0.05)
    assert np.abs(drawn[:, 3:]).max() <= 1
    off_diagonal = np.corrcoef(drawn.T) - np.eye(5)
    assert np.abs(off_diagonal).max() < 5 / n**0.5


def test_descriptions_round_trip():
    table = SPEC.to_dict()
    assert LatentSpec.from_dict(table) == SPEC
    assert table == {
        "parts": [
            {"name": "z", "kind": "normal", "dim": 3, "role": "noise"},
            {"name": "code", "kind": "uniform", "dim": 2, "role": "noise"},
        ]
    }


@pytest.mark.parametrize("shape", [(4,), (1, 6), (5, 1), (0,)])
def test_other_lengths_are_refused(shape: tuple[int, ...]):
    with pytest.raises(StudioError) as caught:
        SPEC.check(np.zeros(shape, np.float32))
    assert caught.value.fields == {"expected": 5, "actual": shape[-1]}


@pytest.mark.parametrize("shape", [(5,), (0, 5), (2, 5)])
def test_the_last_axis_counts(shape: tuple[int, ...]):
    SPEC.check(np.zeros(shape, np.float32))


CHOICES = LatentSpec(
    (
        LatentPart(name="z", kind="normal", dim=2),
        LatentPart(name="class", kind="one-hot", dim=3, role="class"),
        LatentPart(name="choice", kind="one-hot", dim=2, role="code"),
        LatentPart(name="code", kind="uniform", dim=1, role="code"),
    )
)


def test_a_grid_has_a_column_for_each_class():
    drawn = CHOICES.sample(12, generator(5, Stream.SAMPLES))
    z = CHOICES.sample_grid(12, generator(5, Stream.SAMPLES))
    assert z[:, 2:5].argmax(axis=1).tolist() == [0, 1, 2] * 4
    assert (z[:, 2:5].sum(axis=1) == 1).all()
    others = [0, 1, 5, 6, 7]
    np.testing.assert_array_equal(z[:, others], drawn[:, others])
    assert CHOICES.columns == 3
    assert [CHOICES.whole_rows(n) for n in (1, 3, 4, 8, 9)] == [3, 3, 3, 6, 9]


def test_without_a_choice_a_grid_is_as_drawn():
    z = SPEC.sample_grid(4, generator(0, Stream.SAMPLES))
    np.testing.assert_array_equal(z, SPEC.sample(4, generator(0, Stream.SAMPLES)))
    assert SPEC.columns is None
    assert SPEC.whole_rows(7) == 7


def test_one_class_for_all():
    drawn = CHOICES.sample(5, generator(1, Stream.SAMPLES))
    z = CHOICES.with_class(drawn, 1)
    assert z[:, 2:5].tolist() == [[0, 1, 0]] * 5
    np.testing.assert_array_equal(np.delete(z, [2, 3, 4], 1), np.delete(drawn, [2, 3, 4], 1))
    assert drawn[:, 2:5].argmax(axis=1).tolist() != [1] * 5, "the original stays"


def test_the_centre_keeps_the_choices():
    z = np.array([3, -2, 0, 0, 1, 1, 0, 0.5], np.float32)
    assert CHOICES.centre(z).tolist() == [0, 0, 0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("z", "allowed"),
    [
        ([9, -9, 0, 1, 0, 1, 0, 0.5], True),
        ([0, 0, 0, 0.9, 0, 1, 0, 0], False),
        ([0, 0, 0, 1, 1, 1, 0, 0], False),
        ([0, 0, -1, 1, 0, 1, 0, 0], False),
        ([0, 0, 0, 1, 0, 0, 0, 0], False),
        ([0, 0, 0, 1, 0, 1, 0], False),
        ([], False),
    ],
)
def test_a_choice_is_a_single_one(z: list[float], allowed: bool):
    assert CHOICES.allows(np.array(z, np.float32)) == allowed


def test_truncation_scales_all_but_choices():
    latent = LatentSpec(
        (
            LatentPart(name="class", kind="one-hot", dim=2, role="class"),
            LatentPart(name="z", kind="normal", dim=2),
            LatentPart(name="code", kind="uniform", dim=1, role="code"),
        )
    )
    z = np.array([0, 1, 3, -2, 0.5], np.float32)
    assert latent.truncated(z, 0.5).tolist() == [0, 1, 1.5, -1, 0.25]
    assert latent.truncated(z, 0).tolist() == [0, 1, 0, 0, 0]
    assert latent.truncated(z, 1).dtype == np.float32


def test_deviations_are_those_of_draws():
    latent = LatentSpec(
        (
            LatentPart(name="z", kind="normal", dim=3),
            LatentPart(name="code", kind="uniform", dim=2, role="code"),
            LatentPart(name="choice", kind="one-hot", dim=2, role="code"),
        )
    )
    z = latent.sample(20_000, np.random.default_rng(0))
    np.testing.assert_allclose(z.std(0)[:5], latent.deviations[:5], rtol=0.02)
    assert latent.deviations[5:].tolist() == [0, 0]
