"""From an image back to z: of linear models in closed form, of trained ones by their own images."""

import itertools

import numpy as np
import pytest
from oracle import LINEAR_SHAPE, MIXED, fresh_snapshot, linear_snapshot
from PIL import Image

from ganstudio.cli import main
from ganstudio.config import load_preset
from ganstudio.latent import inversion
from ganstudio.latent.decode import decode, encode
from ganstudio.latent.holds import Holds
from ganstudio.latent.inversion import Inversion, invert
from ganstudio.latent.networks import Architecture
from ganstudio.latent.snapshot import forget
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.pretrained import pretrained
from ganstudio.training import checkpoint, headless
from ganstudio.work import Work


@pytest.fixture
def linear(monkeypatch):
    """A linear model on a grey ground, whose images have neither black nor white in them."""
    yield linear_snapshot(monkeypatch, grey=0.5, contrast=0.25)
    forget()


@pytest.mark.parametrize("seed", range(5))
def test_of_a_linear_generator_it_is_the_solution_of_least_squares(linear, seed):
    z = MIXED.sample(1, np.random.default_rng(seed))[0]
    target = decode(linear, z[None])[0]
    found = invert(linear, target)
    assert found.z[:3].argmax() == z[:3].argmax(), "the class is found too"
    W = linear.G["layer.weight"].numpy().astype(np.float64)
    scale = np.array([1, 1, 1, 1, 3**-0.5, 3**-0.5])
    A, b = W[:, 3:] * scale, target.ravel() / 255 - 0.5 - W[:, :3] @ z[:3]
    pull = np.sqrt(inversion.PULL) * np.eye(6)
    expected = np.linalg.lstsq(np.vstack([A, pull]), np.concatenate([b, np.zeros(6)]))[0]
    assert found.z[3:] / scale == pytest.approx(expected, abs=2e-3)
    assert found.error < 1e-5


@pytest.mark.parametrize("seed", range(4))  # whose solutions lie within the prior
def test_what_is_held_stays_and_the_rest_is_the_solution_of_least_squares(linear, seed):
    rng = np.random.default_rng(seed)
    now, other = MIXED.sample(2, rng)
    target = decode(linear, other[None])[0]
    locked = np.array([True] * 3 + [False, True] + [False] * 4)  # the class, and one dimension
    vector = rng.standard_normal((1, 9)) * (MIXED.deviations > 0)
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    holds = Holds(latent=MIXED, locked=locked, vectors=vector)
    search = Inversion(linear, target, within=(now, holds))
    while (found := search.go_on(50)) is None:
        pass
    np.testing.assert_array_equal(found.z[locked], now[locked])
    scale = np.where(MIXED.deviations > 0, MIXED.deviations, 1)
    u = (found.z / scale)[~locked]
    held = vector[0, ~locked].astype(np.float64)
    assert u @ held == pytest.approx((now / scale)[~locked] @ held, abs=1e-4)

    W = linear.G["layer.weight"].numpy().astype(np.float64) * scale
    b = target.ravel() / 255 - 0.5 - W[:, locked] @ (now / scale)[locked]
    # Lagrange's conditions of the least squares with the pull, on the plane of the direction
    A = W[:, ~locked]
    kkt = np.block([[A.T @ A + inversion.PULL * np.eye(5), held[:, None]], [held[None], 0]])
    right = np.concatenate([A.T @ b, [(now / scale)[~locked] @ held]])
    assert u == pytest.approx(np.linalg.solve(kkt, right)[:5], abs=2e-3)


@pytest.mark.parametrize("each", pretrained(), ids=lambda each: each.name)
def test_a_trained_generators_images_are_found_again(each):
    snapshot = checkpoint.snapshot_of(checkpoint.read(each.path), each.path)
    z = snapshot.latent.sample(3, np.random.default_rng(8))
    for target in decode(snapshot, z):
        found = invert(snapshot, target)
        assert found.error < 1e-3
        assert found.error == pytest.approx(
            np.square((found.image.astype(float) - target) / 255).mean(), abs=1e-4
        )
        assert np.abs(decode(snapshot, found.z[None])[0].astype(int) - found.image).max() <= 1


def test_it_says_how_far_it_is_and_pieces_are_small(linear):
    drawn: list[int] = []
    search = Inversion(linear, np.full(LINEAR_SHAPE, 90, np.uint8))
    real = search._draw
    search._draw = lambda z: (drawn.append(len(z)), real(z))[1]
    before, found = 0.0, None
    while found is None:
        drawn.clear()
        found = search.go_on(20)
        assert sum(drawn) <= 20 + 6 + 3
        assert before <= search.fraction <= 1
        before = search.fraction
    assert search.fraction == 1


@pytest.mark.parametrize("images", [1, 2, 5, 1000])
def test_pieces_of_any_size_find_the_same_and_draw_no_more(linear, images):
    target = decode(linear, MIXED.sample(1, np.random.default_rng(2)))[0]
    drawn: list[int] = []
    search = Inversion(linear, target)
    real = search._draw
    search._draw = lambda z: (drawn.append(len(z)), real(z))[1]
    errors = []
    while (found := search.go_on(images)) is None:
        errors.append(search.so_far().error)
    # of the pool the nearest is by the whole cost, which weighs z a little, too
    assert all(later <= error + 1e-4 for error, later in itertools.pairwise(errors))
    assert found.error < errors[0]
    assert max(drawn) <= max(images, 3)
    whole = invert(linear, target)
    assert found.z == pytest.approx(whole.z, abs=1e-3)


def test_a_slow_search_ends_with_the_best_so_far_and_says_how_far_it_is(linear, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(inversion.time, "thread_time", lambda: float(next(clock)))
    told: list[float] = []

    class Heard(Work):
        def at(self, fraction, note=None):
            told.append(fraction)

    found = invert(linear, np.full(LINEAR_SHAPE, 90, np.uint8), seconds=4, work=Heard())
    assert told[-1] == 1.0
    assert sorted(told) == told
    assert len(told) < 10
    assert found.error > invert(linear, np.full(LINEAR_SHAPE, 90, np.uint8)).error


def test_a_model_of_choices_alone_takes_the_nearest():
    spec = LatentSpec((LatentPart(name="code", kind="one-hot", dim=3),))
    snapshot = fresh_snapshot(Architecture(model="mlp-gelu", latent=spec, image_shape=LINEAR_SHAPE))
    for choice in range(3):
        z = np.eye(3, dtype=np.float32)[choice]
        assert invert(snapshot, decode(snapshot, z[None])[0]).z.tolist() == z.tolist()


def test_an_autoencoder_is_no_worse_than_its_own_reconstruction(tiny_root):
    config = load_preset("aae").config.changed(batch_size=8)
    trainer = headless.new_trainer(config, "cpu", tiny_root)
    trainer.train_step()
    snapshot, image = trainer.snapshot(), trainer.dataset.test[0]
    code = encode(snapshot, image[None])
    own = np.square((decode(snapshot, code)[0].astype(float) - image) / 255).mean()
    assert invert(snapshot, image).error <= own + 1e-6


def test_the_command_writes_z_and_both_images(tmp_path, capsys):
    digits = pretrained()[0].path
    snapshot = checkpoint.snapshot_of(checkpoint.read(digits), digits)
    target = decode(snapshot, snapshot.latent.sample(1, np.random.default_rng(2)))[0, 0]
    Image.fromarray(target).save(tmp_path / "digit.png")
    out = tmp_path / "found"
    command = ["project", str(digits), str(tmp_path / "digit.png"), "--out", str(out)]
    assert main(command) == 0
    z = np.load(out / "z.npy")
    with Image.open(out / "project.png") as picture:
        pair = np.asarray(picture)
    assert pair.shape == (8 * 28, 8 * 58), "each pixel is a square"
    assert all((pair[i::8, j::8] == pair[::8, ::8]).all() for i in range(8) for j in range(8))
    pair = pair[::8, ::8]
    np.testing.assert_array_equal(pair[:, :28], target)
    assert np.abs(pair[:, 30:].astype(int) - decode(snapshot, z[None])[0, 0]).max() <= 1
    assert "differs by" in capsys.readouterr().out
    (tmp_path / "digit.png").write_bytes(b"no")
    assert main(command) == 2
    assert "digit.png" in capsys.readouterr().err


@pytest.mark.parametrize("seed", range(5))
def test_it_stays_within_a_uniform_prior(linear, seed):
    z = MIXED.sample(1, np.random.default_rng(seed))[0]
    z[-2:] = 2.5, -1.5  # where the generator has never been
    found = invert(linear, decode(linear, z[None])[0])
    W = linear.G["layer.weight"].numpy().astype(np.float64)
    scale = MIXED.deviations[3:].astype(np.float64)
    target = decode(linear, z[None])[0].ravel() / 255
    A, b = W[:, 3:] * scale, target - 0.5 - W[:, :3] @ found.z[:3]
    A, b = np.vstack([A, np.sqrt(inversion.PULL) * np.eye(6)]), np.concatenate([b, np.zeros(6)])
    # least squares with each of the two numbers inside, or at one of its ends
    solutions = []
    for ends in itertools.product((None, -1.0, 1.0), repeat=2):
        held = np.array([False] * 4 + [end is not None for end in ends])
        u = np.zeros(6)
        u[held] = [end / scale[-1] for end in ends if end is not None]
        u[~held] = np.linalg.lstsq(A[:, ~held], b - A @ u)[0]
        if np.abs(u[-2:] * scale[-2:]).max() <= 1 + 1e-9:
            solutions.append((np.square(A @ u - b).sum(), tuple(u)))
    best = np.array(min(solutions)[1])
    assert np.abs(found.z[-2:]).max() <= 1
    assert found.z[3:] / scale == pytest.approx(best, abs=5e-3)


@pytest.mark.parametrize("seed", range(6))
def test_it_stays_within_the_prior_where_a_direction_is_held(monkeypatch, seed):
    snapshot = linear_snapshot(monkeypatch, grey=0.5, contrast=0.25)
    rng = np.random.default_rng(seed)
    now, other = MIXED.sample(2, rng)
    vector = np.where(MIXED.limits < np.inf, rng.standard_normal(9), 0) * (MIXED.deviations > 0)
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)[None]
    holds = Holds(latent=MIXED, locked=np.zeros(9, bool), vectors=vector)
    other[-2:] *= 3
    search = Inversion(snapshot, decode(snapshot, other[None])[0], within=(now, holds))
    assert (np.abs(search._pools) <= MIXED.limits + 0.002).all()
    while (found := search.go_on(50)) is None:
        pass
    assert (np.abs(found.z) <= MIXED.limits + 0.002).all()
    scale = np.where(MIXED.deviations > 0, MIXED.deviations, 1)
    assert (found.z / scale) @ vector[0] == pytest.approx((now / scale) @ vector[0], abs=1e-3)
    forget()
