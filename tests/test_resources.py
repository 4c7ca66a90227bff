import gzip
import hashlib
import re

import pytest

from ganstudio import resources
from ganstudio.errors import StudioError
from ganstudio.resources import resource


def test_bundled_mnist_is_the_published_one():
    listed = dict(
        re.findall(r"\| (\S+-ubyte) \| ([0-9a-f]{32}) \|", resource("mnist/SOURCE.md").read_text())
    )
    assert listed == {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
    for name, md5 in listed.items():
        raw = gzip.decompress(resource(f"mnist/{name}.gz").read_bytes())
        assert hashlib.md5(raw).hexdigest() == md5


def test_the_licence_is_named():
    text = resource("mnist/SOURCE.md").read_text()
    assert all(words in text for words in ("Yann LeCun", "Corinna Cortes", "CC BY-SA 3.0"))


def test_a_missing_file_is_named():
    with pytest.raises(StudioError) as caught:
        resource("presets/none.toml")
    assert caught.value.code == "missing-resource"
    assert "presets/none.toml" in str(caught.value)


@pytest.mark.parametrize("folder", ["pkg/resources", "resources"])
def test_wheel_and_checkout(folder: str, tmp_path, monkeypatch):
    (tmp_path / "pkg").mkdir()
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "a.txt").touch()
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "pkg" / "resources.py"))
    assert resource("a.txt") == tmp_path / folder / "a.txt"
