"""docs/format.md names all that is in the files."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from ganstudio.config import Config
from ganstudio.library import Entry, RunFolder, now
from ganstudio.training import checkpoint, generator_file
from ganstudio.training.history import COLUMNS, History
from ganstudio.training.history_file import HistoryWriter
from ganstudio.training.trainer import Trainer

SECTIONS = re.split(
    r"^## ",
    (Path(__file__).parent.parent / "docs/format.md").read_text(encoding="utf-8"),
    flags=re.M,
)
FOLDER, HISTORY, CHECKPOINT, GENERATOR = SECTIONS[1:]


def named(section: str) -> set[str]:
    return set(re.findall(r"`([\w-]+)`", section))


@pytest.fixture
def content(small, tiny, cpu) -> dict:
    config = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0)
    return checkpoint.content_of(Trainer(config, tiny, cpu))


def test_every_part_of_a_checkpoint_is_named(content: dict):
    assert content.keys() | content["counts"].keys() | set(COLUMNS) <= named(CHECKPOINT)
    assert content["G_opt"].keys() <= named(CHECKPOINT)
    assert f"version {checkpoint.VERSION} " in CHECKPOINT
    assert checkpoint.FORMAT in named(CHECKPOINT)


def test_every_part_of_a_generator_file_is_named(content: dict, tmp_path: Path):
    path = tmp_path / "a.safetensors"
    generator_file.write(content, path)
    size = int.from_bytes(path.read_bytes()[:8], "little")
    about = json.loads(path.read_bytes()[8 : 8 + size])["__metadata__"]
    assert {about["format"], *about, *json.loads(about["run"])} <= named(GENERATOR)
    assert f"version {about['version']} " in GENERATOR


def test_every_part_of_a_history_is_named(tmp_path: Path):
    HistoryWriter(tmp_path, "1").append(History())
    (path,) = tmp_path.iterdir()
    assert f"`{path.name}`" in FOLDER
    assert f"`{path.name}`" in HISTORY
    about = json.loads(path.read_bytes().partition(b"\n")[0])
    assert {about["format"], *about} <= named(HISTORY)
    assert f"version {about['version']} " in HISTORY


def test_every_part_of_a_folder_is_named(tmp_path: Path):
    home = RunFolder(tmp_path)
    home.tell(Entry(run_id="1", recipe="studio", seed=0, step=1, seconds=1.0, saved=now()))
    about = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert about.keys() <= named(FOLDER)
    assert {field.name for field in fields(Entry)} < about.keys()
    assert f"version {about['version']}" in FOLDER
    for path in tmp_path.iterdir():
        assert f"`{path.name}`" in FOLDER
    home.release()
