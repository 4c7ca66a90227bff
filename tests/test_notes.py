"""Notes: what a checkpoint and a generator file keep of them."""

import json

import numpy as np
import pytest
import torch

from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.latent.notes import Bookmark, Notes
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.training import checkpoint, generator_file, headless

pytestmark = pytest.mark.usefixtures("small")

SPEC = LatentSpec(
    (
        LatentPart(name="class", kind="one-hot", dim=3, role="class"),
        LatentPart(name="z", kind="normal", dim=2),
    )
)
HERE = Bookmark(name="hier 你好", z=np.array([0, 1, 0, 0.1, -2.5], np.float32), latent=SPEC)
NOTES = Notes(
    bookmarks=(HERE,),
    names=(("direction 1", "loop"),),
    ways=(("direction 1", (0.0, 0.0, 0.0, 0.5, -0.25)),),
)


def test_they_come_back_as_they_were_through_json():
    again = Notes.from_dict(json.loads(json.dumps(NOTES.to_dict())))
    assert again == NOTES
    assert again.bookmarks[0].z.dtype == np.float32
    assert not again.bookmarks[0].z.flags.writeable


def test_names_of_directions_come_and_go():
    notes = Notes().calling("direction 1", "loop").calling("slant", "lean")
    assert (notes.called("direction 1"), notes.called("direction 2")) == ("loop", "")
    assert notes.calling("direction 1", "").names == (("slant", "lean"),)
    named = notes.calling("direction 2", "hook", np.array([0.5, 1], np.float32))
    assert named.ways == (("direction 2", (0.5, 1.0)),)
    assert named.calling("direction 2", "").ways == ()


@pytest.mark.parametrize("z", [[0, 1, 0, 0.1], [0, 1, 0, 1, float("nan")], [1, 1, 0, 0, 0], 3])
def test_a_z_that_is_none_of_its_latent_is_refused(z):
    table = NOTES.to_dict()
    table["bookmarks"][0]["z"] = z
    with pytest.raises(ValueError, match="hier"):
        Notes.from_dict(table)


@pytest.fixture
def trainer(tiny_root):
    config = Config(model="mlp-gelu", batch_size=16, latent_dim=5)
    trainer = headless.new_trainer(config, "cpu", tiny_root)
    trainer.train_step()
    trainer.notes = NOTES
    return trainer


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_keeps_them(trainer, tmp_path, suffix):
    path = tmp_path / f"run{suffix}"
    if suffix == ".pt":
        checkpoint.save(trainer, path)
    else:
        generator_file.write(checkpoint.content_of(trainer), path)
    content, cpu = checkpoint.read(path), torch.device("cpu")
    assert checkpoint.restore(content, path, trainer.dataset, cpu).notes == NOTES
    del content["notes"]
    assert checkpoint.restore(content, path, trainer.dataset, cpu).notes == Notes()


@pytest.mark.parametrize("notes", [None, {}, {"bookmarks": 3, "names": {}}, {"bookmarks": [{}]}])
def test_damaged_ones_are_told(trainer, tmp_path, notes):
    path = tmp_path / "run.pt"
    checkpoint.save(trainer, path)
    content = checkpoint.read(path) | {"notes": notes}
    with pytest.raises(StudioError, match=r"run\.pt"):
        checkpoint.restore(content, path, trainer.dataset, torch.device("cpu"))
