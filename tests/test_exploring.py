"""Directions as files: of a checkpoint, without the window."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from ganstudio.cli import main
from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.latent import z_text
from ganstudio.latent.decode import decode
from ganstudio.latent.directions import Directions
from ganstudio.latent.holds import Holds
from ganstudio.latent.notes import Bookmark, Notes
from ganstudio.latent.search import find
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream, generator
from ganstudio.training import checkpoint, exploring, headless

pytestmark = pytest.mark.usefixtures("small")


@pytest.fixture
def path(tiny_root, tmp_path):
    config = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0)
    trainer = headless.new_trainer(config, "cpu", tiny_root)
    trainer.train_step()
    path = tmp_path / "run.pt"
    checkpoint.save(trainer, path)
    return path


def test_the_files_hold_what_was_found(path, tmp_path, capsys):
    out = tmp_path / "deep" / "directions"
    assert main(["directions", str(path), "--num", "3", "--seed", "4", "--out", str(out)]) == 0
    told = json.loads((out / "directions.json").read_text())
    names = [each["name"] for each in told["directions"]]
    assert names[:4] == ["direction 1", "direction 2", "direction 3", "thickness"]
    assert len(names) == 3 + 14
    units = [each["unit"] for each in told["directions"]]
    assert units == ["shades"] * 3 + ["px", "°", "px", "px"] + ["nats"] * 10
    assert [each["r2"] is None for each in told["directions"]] == [True] * 3 + [False] * 14
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    expected = find(snapshot)
    vectors = np.array([each["vector"] for each in told["directions"]])
    np.testing.assert_allclose(vectors[:3], expected.vectors[:3], atol=1e-5)
    z = snapshot.latent.sample(1, generator(4, Stream.SAMPLES))[0]
    assert told["z"] == pytest.approx(z.tolist())
    assert LatentSpec.from_dict(told["latent"]) == snapshot.latent
    with Image.open(out / "directions.png") as picture:
        margin = picture.width - (9 * 30 - 2)
        assert picture.height == 17 * 30 - 2
        shades = np.asarray(picture)
        middle = shades[:28, margin + 4 * 30 : margin + 4 * 30 + 28]
    for row in range(17):
        assert shades[30 * row : 30 * row + 30, :margin].max() > 150, "a name beside every row"
    assert not np.array_equal(shades[:30, :margin], shades[30:60, :margin])
    at_0 = expected.moved(z, 0, 0.0, Holds.none(snapshot.latent))
    assert np.abs(middle.astype(int) - decode(snapshot, at_0[None])[0, 0]).max() <= 1
    said = capsys.readouterr().out
    assert all(name in said for name in names)


def test_a_direction_that_nothing_was_found_for_stays_where_it_is(path):
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    none = Directions(
        latent=snapshot.latent, vectors=np.zeros((1, 5), np.float32), strengths=np.zeros(1)
    )
    strips = exploring._strips(snapshot, none, np.ones(5, np.float32))
    assert (strips == strips[:1]).all()


def test_a_folder_that_cannot_be_made_is_told(path, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["directions", str(path), "--out", str(tmp_path / "file")]) == 2
    assert "file" in capsys.readouterr().err
    with pytest.raises(StudioError):
        exploring.explore(tmp_path / "none.pt", 3, 0)


def test_directions_have_the_names_and_places_that_a_person_gave_them(tiny_root, tmp_path, capsys):
    config = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0)
    trainer = headless.new_trainer(config, "cpu", tiny_root)
    path = tmp_path / "run.pt"
    usual = find(trainer.snapshot())
    trainer.notes = Notes().calling("direction 1", "tilt", -usual.vectors[2])
    trainer.notes = trainer.notes.calling("slant", "lean")
    checkpoint.save(trainer, path)
    explored = exploring.explore(path, 3, 0)
    np.testing.assert_allclose(explored.found.directions.vectors[0], -usual.vectors[2], atol=1e-5)
    assert explored.called[:4] == ("tilt", "direction 2", "direction 3", "thickness")
    assert "lean" in explored.called
    assert main(["directions", str(path), "--out", str(tmp_path / "out")]) == 0
    assert "tilt" in capsys.readouterr().out
    told = json.loads((tmp_path / "out" / "directions.json").read_text())
    assert told["directions"][0]["name"] == "direction 1"
    assert told["directions"][0]["called"] == "tilt"


def test_what_one_command_writes_another_reads(path, tmp_path, capsys):
    z_file, one, two = (tmp_path / name for name in ("z.npy", "one.npy", "two.npy"))
    walk = ["walk", str(path), "--frames", "3"]
    assert main([*walk, "--seeds", "1,5", "--out", str(z_file)]) == 0
    assert main(["sample", str(path), "--z", str(z_file), "--out", str(one)]) == 0
    z = np.load(z_file)
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    np.testing.assert_array_equal(np.load(one), decode(snapshot, z))
    assert "4 samples of" in capsys.readouterr().out
    text = tmp_path / "stops.txt"
    text.write_text("\n\n".join(z_text.written(each) for each in z[[0, 3]]))
    assert main([*walk, "--z", str(text), "--out", str(two)]) == 0
    np.testing.assert_allclose(np.load(two), z, rtol=1e-6)


def test_a_walk_leads_through_saved_bookmarks(path, tmp_path, capsys):
    content = checkpoint.read(path)
    latent = checkpoint.snapshot_of(content, path).latent
    other = LatentSpec((LatentPart(name="z", kind="normal", dim=2),))
    z = latent.sample(2, np.random.default_rng(0))
    marks = (
        Bookmark(name="a", z=z[0], latent=latent),
        Bookmark(name="no z of this", z=np.zeros(2, np.float32), latent=other),
        Bookmark(name="b", z=z[1], latent=latent),
    )
    content["notes"] = Notes(bookmarks=marks).to_dict()
    torch.save(content, path)
    out = tmp_path / "z.npy"
    assert main(["walk", str(path), "--bookmarks", "--frames", "4", "--out", str(out)]) == 0
    way = np.load(out)
    np.testing.assert_allclose(way[[0, 4]], z, rtol=1e-6)
    content["notes"] = Notes(bookmarks=marks[:2]).to_dict()
    torch.save(content, path)
    assert main(["walk", str(path), "--bookmarks", "--out", str(out)]) == 2
    assert "too few places for a walk: 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros((3, 4), np.float32), "3 × 4; a z has 5"),
        (np.zeros((0, 5), np.float32), "0 × 5"),
        (np.array([[0, 0, 0, 0, 0], [0, np.nan, 0, 0, 0]]), "row 2"),
        (np.zeros((1, 2, 5)), "1 × 2 × 5"),
        (np.array(["a"]), "damaged"),
        (np.array([{}], object), "damaged"),
        (b"\x93NUMPY\x01\x00v", "damaged"),
        (b"1 2 3 4 5\n1 2 x 4 5", "line 2: “x”"),
        (b"1 2 3", "line 1: its length is 3"),
        (b"\xff\xfe\x00", "neither"),
        (b"\n ", "empty"),
        (None, "No such file"),
    ],
)
def test_what_holds_no_z_is_named(path, tmp_path, capsys, content, words: str):
    bad, out = tmp_path / "bad.npy", tmp_path / "out.npy"
    if isinstance(content, bytes):
        bad.write_bytes(content)
    elif content is not None:
        np.save(bad, content)
    assert main(["sample", str(path), "--z", str(bad), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "bad.npy" in said
    assert not out.exists()
