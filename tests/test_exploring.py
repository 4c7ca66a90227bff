"""Directions as files: of a checkpoint, without the window."""

import json

import numpy as np
import pytest
from PIL import Image

from ganstudio.cli import main
from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.latent.decode import decode
from ganstudio.latent.directions import Directions
from ganstudio.latent.holds import Holds
from ganstudio.latent.search import find
from ganstudio.latent.spec import LatentSpec, Stream, generator
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
        assert picture.size == (9 * 30 - 2, 17 * 30 - 2)
        middle = np.asarray(picture)[:28, 4 * 30 : 4 * 30 + 28]
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
