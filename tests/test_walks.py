"""Walks through z: great circles, straight lines, choices, and films of them."""

import sys
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganstudio.cli import main
from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.images import save_gif, save_mp4
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream, generator
from ganstudio.latent.walks import slerp, walk
from ganstudio.training import checkpoint, headless

NORMAL = LatentSpec((LatentPart(name="z", kind="normal", dim=7),))
MIXED = LatentSpec(
    (
        LatentPart(name="class", kind="one-hot", dim=2, role="class"),
        LatentPart(name="z", kind="normal", dim=3),
        LatentPart(name="code", kind="uniform", dim=1, role="code"),
    )
)


@given(seed=st.integers(0, 99), stops=st.integers(2, 5), frames=st.integers(1, 9))
def test_it_passes_every_stop_on_time(seed: int, stops: int, frames: int):
    z = NORMAL.sample(stops, np.random.default_rng(seed))
    way = walk(NORMAL, z, frames)
    assert (way.shape, way.dtype) == ((frames * (stops - 1) + 1, 7), np.float32)
    np.testing.assert_allclose(way[::frames], z, atol=1e-5)
    loop = walk(NORMAL, z, frames, loop=True)
    assert len(loop) == frames * stops
    np.testing.assert_allclose(loop[: len(way)], way, atol=1e-6)


def test_a_quarter_of_a_circle_goes_round_evenly():
    way = slerp(np.array([2.0, 0]), np.array([0, 2.0]), np.linspace(0, 1, 4))
    angles = np.degrees(np.arctan2(way[:, 1], way[:, 0]))
    np.testing.assert_allclose(angles, [0, 30, 60, 90], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 2)


@given(seed=st.integers(0, 99))
def test_on_a_circle_lengths_change_evenly_and_the_plane_is_kept(seed: int):
    a, b = NORMAL.sample(2, np.random.default_rng(seed))
    t = np.linspace(0, 1, 6)
    way = slerp(a, b, t)
    lengths = np.linalg.norm(a) + t * (np.linalg.norm(b) - np.linalg.norm(a))
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), lengths, rtol=1e-6)
    assert np.linalg.matrix_rank(np.stack([a, b, *way]), tol=1e-4) == 2


@pytest.mark.parametrize("b", [[0.0, 0.0], [3.0, 0.0], [-1.0, 0.0], [1.0, 1e-9]])
def test_where_there_is_no_circle_it_goes_straight(b: list[float]):
    a, end = np.array([1.0, 0.0]), np.array(b)
    np.testing.assert_allclose(slerp(a, end, np.array([0.5]))[0], (a + end) / 2, atol=1e-6)


def test_a_straight_walk_leads_through_the_inside():
    z = NORMAL.sample(2, np.random.default_rng(3))
    middle = walk(NORMAL, z, 2, straight=True)[1]
    np.testing.assert_allclose(middle, z.mean(0), rtol=1e-5)
    assert np.linalg.norm(middle) < np.linalg.norm(walk(NORMAL, z, 2)[1])


def test_choices_change_half_way_and_uniform_parts_go_straight():
    z = np.array([[1, 0, 3, 0, 0, -1], [0, 1, 0, 3, 0, 1]], np.float32)
    way = walk(MIXED, z, 4)
    assert way[:, :2].tolist() == [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]]
    assert way[:, 5].tolist() == [-1, -0.5, 0, 0.5, 1]
    np.testing.assert_allclose(np.linalg.norm(way[:, 2:5], axis=1), 3, rtol=1e-6)


# Files


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_has_all_frames_and_repeats(channels: int, tmp_path):
    images = np.zeros((5, channels, 28, 28), np.uint8)
    images[np.arange(5), :, :, np.arange(5) * 5] = 255
    save_gif(images, tmp_path / "a.gif", 20)
    with Image.open(tmp_path / "a.gif") as film:
        assert (film.n_frames, film.size, film.info["loop"]) == (5, (224, 224), 0)
        for i in range(5):
            film.seek(i)
            assert film.info["duration"] == 50
            frame = np.asarray(film.convert("L"))
            assert frame[100, i * 40 + 4] > 250
            assert frame[100, (i * 40 + 100) % 224] < 5


@pytest.mark.parametrize("rate", [0.1, 7, 20, 24, 30, 1000 / 33, 50])
def test_a_gif_takes_as_long_as_was_asked(rate: float, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (13, 1, 28, 28), np.uint8)
    save_gif(images, tmp_path / "a.gif", rate)
    with Image.open(tmp_path / "a.gif") as film:
        taken = []
        for i in range(film.n_frames):
            film.seek(i)
            taken.append(film.info["duration"])
    assert len(taken) == 13
    assert np.abs(np.cumsum(taken) - 1000 * np.arange(1, 14) / rate).max() <= 5 + 1e-9


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 15, 15), (1, 300, 301)])
def test_a_film_can_be_played_and_shows_all_frames(shape, tmp_path):
    images = np.zeros((5, *shape), np.uint8)
    images[np.arange(5), :, :, np.arange(5) * (shape[2] // 5)] = 255
    save_mp4(images, tmp_path / "a.mp4", 12.5)
    with av.open(tmp_path / "a.mp4") as film:
        (stream,) = film.streams.video
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == Fraction(25, 2)
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(stream)]
    assert len(frames) == 5
    scale = frames[0].shape[0] / shape[1]
    assert scale == int(scale)
    for i, frame in enumerate(frames):
        bright = frame[len(frame) // 2] > 128
        assert round(np.flatnonzero(bright).mean() // scale) == i * (shape[2] // 5)


def test_without_the_library_a_film_is_refused_at_once(path, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr("ganstudio.images.find_spec", lambda name: None)
    out = tmp_path / "walk.mp4"
    assert main(["walk", str(path), "--seeds", "3,8", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "pip install av" in said
    assert str(out) in said
    assert not out.exists()


def test_what_the_library_lacks_is_told(tmp_path, monkeypatch):
    def lacking(*_args: object, **_kw: object) -> None:
        raise ValueError("no libx264")

    monkeypatch.setattr(av, "open", lacking)
    with pytest.raises(StudioError, match="no libx264") as told:
        save_mp4(np.zeros((2, 1, 28, 28), np.uint8), tmp_path / "a.mp4", 20)
    assert told.value.code == "no-film"
    assert not list(tmp_path.iterdir())


@pytest.fixture
def path(tiny_root, tmp_path, small):
    trainer = headless.new_trainer(
        Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0), "cpu", tiny_root
    )
    with torch.no_grad():
        for weight in trainer.ema.model.parameters():
            weight.neg_()  # another generator than the latest
    checkpoint.save(trainer, tmp_path / "run.pt")
    return tmp_path / "run.pt"


def test_a_walk_from_seed_to_seed(path, tmp_path, capsys):
    words = ["walk", str(path), "--seeds", "3,8", "--frames", "4", "--truncation", "0.5", "--out"]
    for name in ("z.npy", "walk.png", "walk.GIF", "walk.mp4"):
        assert main([*words, str(tmp_path / name)]) == 0
    z = np.load(tmp_path / "z.npy")
    latent = LatentSpec((LatentPart(name="z", kind="normal", dim=5),))
    stops = [latent.sample(1, generator(seed, Stream.SAMPLES))[0] / 2 for seed in (3, 8)]
    np.testing.assert_allclose(z[[0, -1]], stops, rtol=1e-6)
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    with Image.open(tmp_path / "walk.png") as picture:
        assert picture.size == (4 * 30 - 2, 2 * 30 - 2)
        shown = np.asarray(picture)[:28, 30:58].astype(int)
    assert np.abs(shown - decode(snapshot, z[1:2])[0, 0]).max() <= 1
    with Image.open(tmp_path / "walk.GIF") as film:
        assert film.n_frames <= 5, "Pillow joins frames that are alike"
    assert "A walk of 5 steps: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "3", "--out", "a.gif"], "two seeds at least"),
        (["--seeds", "3,x", "--out", "a.gif"], "not “x”"),
        (["--truncation", "nan", "--out", "a.gif"], "a number above 0"),
        (["--fps", "0.05", "--out", "a.gif"], "a number from 0.1 to 240, not “0.05”"),
        (["--fps", "60", "--out", "a.GIF"], "--fps is 60, and a GIF shows 50 at most"),
        (["--out", "a.avi"], "must end in .gif, .mp4, .png or .npy"),
    ],
)
def test_what_is_no_walk_is_refused(words: list[str], said: str, path, capsys):
    try:
        status = main(["walk", str(path), *words])
    except SystemExit as error:
        status = error.code
    assert status == 2
    assert said in capsys.readouterr().err
