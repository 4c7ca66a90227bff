"""Datasets in the formats that they are published in, from where they may lie, or downloaded."""

import gzip
import os
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from oracle import importable
from published import (
    GREY,
    LABELS,
    RGB,
    cifar_archive,
    cifar_batch,
    emnist_archive,
    install_torchvision,
    md5,
    write_cifar,
    write_idx,
)

from ganstudio import parts
from ganstudio.data import download
from ganstudio.data.loading import downloads, find_root, load
from ganstudio.data.published import usual_folder
from ganstudio.data.sources import cifar_10, emnist, fashion_mnist, kmnist, mnist, stacked_mnist
from ganstudio.errors import StudioError
from ganstudio.work import Cancelled, Work

PUBLISHED = {
    name: parts.load(parts.DATASET, name).PUBLISHED
    for name in ("cifar-10", "emnist", "fashion-mnist", "kmnist")
}


@pytest.fixture(autouse=True)
def no_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there must be read without it."""
    monkeypatch.setitem(sys.modules, "torchvision", None)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A network of these addresses, in place of the real one."""
    contents: dict[str, bytes] = {}

    def fetch(urls, path: Path, expected: str, _work: Work) -> None:
        raw = contents[next(url for url in urls if url in contents)]
        assert md5(raw) == expected
        path.write_bytes(raw)

    monkeypatch.setattr(download, "fetch", fetch)
    return contents


def refused(load, root: Path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        load(root, Work())
    return caught.value


@pytest.mark.parametrize("module", [fashion_mnist, kmnist])
@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files_are_found_wherever_they_may_lie(module, zipped: bool, tmp_path):
    published = module.PUBLISHED
    for i, where in enumerate((published.dataset, published.place, ".")):
        root = tmp_path / str(i)
        write_idx(root / where, mnist.FILES, zipped=zipped)
        dataset = module.load(root, Work())
        assert np.array_equal(dataset.train[:, 0], GREY)
        assert np.array_equal(dataset.test[:, 0], GREY[:2])
        assert dataset.train_labels.tolist() == LABELS.tolist()
        assert dataset.name == published.dataset


def test_a_folder_of_ones_own_name_comes_first(tmp_path):
    """The four files have the same names for MNIST and those who followed it."""
    write_idx(tmp_path / "kmnist", mnist.FILES)
    write_idx(tmp_path, mnist.FILES)
    assert kmnist.PUBLISHED.find(tmp_path) == tmp_path / "kmnist"


def test_the_usual_place_is_the_persons_cache(tmp_path, monkeypatch):
    assert os.environ["XDG_CACHE_HOME"] in str(usual_folder()) or sys.platform != "linux"
    write_idx(usual_folder() / "kmnist", mnist.FILES)
    assert len(load("kmnist", 0, None, Work()).train) == 6


def test_emnist_stands_upright(tmp_path):
    write_idx(tmp_path / "emnist", emnist.FILES)
    dataset = emnist.load(tmp_path, Work())
    assert np.array_equal(dataset.train[3, 0], GREY[3].T)
    assert dataset.train.flags.c_contiguous


@pytest.mark.parametrize("place", ["cifar-10", "cifar-10-batches-py", "."])
def test_cifar_10_batches(place: str, tmp_path):
    write_cifar(tmp_path / place)
    dataset = cifar_10.load(tmp_path, Work())
    assert np.array_equal(dataset.train, RGB[:5].reshape(10, 3, 32, 32))
    assert np.array_equal(dataset.test, RGB[5])
    assert dataset.train_labels.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    assert dataset.image_shape == (3, 32, 32)


def test_the_tests_batches_are_pickles_as_python_reads_them():
    content = pickle.loads(cifar_batch(RGB[0], [3, 4]), encoding="bytes")
    assert np.array_equal(content[b"data"], RGB[0].reshape(2, 3072))
    assert content[b"labels"] == [3, 4]


def test_nothing_in_a_batch_is_ever_executed(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    write_cifar(tmp_path)
    (tmp_path / "data_batch_3").write_bytes(pickle.dumps({b"data": Evil(), b"labels": []}))
    error = refused(cifar_10.load, tmp_path)
    assert error.code == "bad-data"
    assert error.fields["path"] == tmp_path / "data_batch_3"
    assert "mkdir" in str(error)
    assert not (tmp_path / "executed").exists()


def test_damaged_batches_are_refused_and_named(tmp_path):
    write_cifar(tmp_path)
    path, whole = tmp_path / "data_batch_2", cifar_batch(RGB[1], [1, 8])
    heads = [whole[:n] for n in range(0, len(whole), 97)]
    others = [cifar_batch(RGB[1], [1]), cifar_batch(RGB[1], [1, 10]), pickle.dumps([1])]
    for raw in (*heads, *others, b"\x80\x02]q\x00.", os.urandom(50)):
        path.write_bytes(raw)
        error = refused(cifar_10.load, tmp_path)
        assert (error.code, error.fields["path"]) == ("bad-data", path)


def test_stacked_mnist_is_three_digits_and_their_number(tmp_path):
    write_idx(tmp_path, mnist.FILES)
    dataset = stacked_mnist.load(tmp_path, Work())
    assert dataset.train.shape == (6, 3, 28, 28)
    assert dataset.test.shape == (2, 3, 28, 28)
    for image, label in zip(dataset.train, dataset.train_labels, strict=True):
        digits = [int(LABELS[(channel == GREY).all(axis=(1, 2))][0]) for channel in image]
        assert label == 100 * digits[0] + 10 * digits[1] + digits[2]
    again = stacked_mnist.load(tmp_path, Work())
    assert np.array_equal(dataset.train, again.train)


def test_stacked_mnist_of_the_bundled_digits_has_a_thousand_classes():
    dataset = stacked_mnist.load(None, Work())
    assert dataset.train.shape == (60000, 3, 28, 28)
    assert dataset.classes == 1000
    assert np.bincount(dataset.train_labels, minlength=1000).min() > 20
    # change these numbers and the dataset is another one
    assert dataset.train_labels[:5].tolist() == FIRST_STACKED


FIRST_STACKED = [351, 891, 823, 781, 681]


def test_idx_files_are_downloaded_from_where_torchvision_says(monkeypatch, network, tmp_path):
    write_idx(tmp_path / "there", mnist.FILES)
    names = [f"{name}.gz" for name in mnist.FILES]
    raws = {name: (tmp_path / "there" / name).read_bytes() for name in names}
    network |= {f"http://second/{name}": raw for name, raw in raws.items()}
    sums = [(name, md5(raw)) for name, raw in raws.items()]
    mirrors = ["http://first/", "http://second/"]
    install_torchvision(monkeypatch, KMNIST={"mirrors": mirrors, "resources": sums})
    dataset = load("kmnist", 0, tmp_path / "new", Work())
    assert np.array_equal(dataset.train[:, 0], GREY)
    assert dataset.root == tmp_path / "new"
    assert sorted(path.name for path in (tmp_path / "new" / "kmnist").iterdir()) == sorted(names)
    network.clear()  # the second time nothing is downloaded
    assert len(load("kmnist", 0, tmp_path / "new", Work()).train) == 6


@pytest.mark.parametrize(
    ("name", "class_", "archive", "md5_name"),
    [
        ("cifar-10", "CIFAR10", cifar_archive(), "tgz_md5"),
        ("emnist", "EMNIST", emnist_archive(), "md5"),
    ],
)
def test_archives_are_downloaded_and_only_what_is_needed_kept(
    name, class_, archive, md5_name, monkeypatch, network, tmp_path
):
    network["http://there/it"] = archive
    known = {"url": "http://there/it", md5_name: md5(archive), "resources": None}
    install_torchvision(monkeypatch, **{class_: known})
    assert len(load(name, 0, tmp_path, Work()).train) in (6, 10)
    kept = {path.name.removesuffix(".gz") for path in (tmp_path / name).iterdir()}
    assert kept == set(PUBLISHED[name].files)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "archive"), [("cifar-10", cifar_archive()), ("emnist", emnist_archive())]
)
def test_an_archive_that_is_there_is_used_and_left(name: str, archive: bytes, tmp_path):
    path = tmp_path / PUBLISHED[name].archive
    path.write_bytes(archive)
    assert len(load(name, 0, tmp_path, Work()).train) in (6, 10)
    assert path.read_bytes() == archive


@pytest.mark.parametrize(
    ("name", "archive"), [("cifar-10", cifar_archive()), ("emnist", emnist_archive())]
)
def test_damaged_archives_are_named(name: str, archive: bytes, tmp_path):
    path = tmp_path / PUBLISHED[name].archive
    for raw in (b"", archive[: len(archive) // 2], b"no archive at all"):
        path.write_bytes(raw)
        with pytest.raises(StudioError) as caught:
            load(name, 0, tmp_path, Work())
        assert (caught.value.code, caught.value.fields["path"]) == ("bad-data", path)
    with zipfile.ZipFile(path, "w") if name == "emnist" else gzip.open(path, "w"):
        pass
    with pytest.raises(StudioError, match=r"missing|empty|file"):
        load(name, 0, tmp_path, Work())


def test_unpacking_can_be_cancelled(tmp_path):
    (tmp_path / "gzip.zip").write_bytes(emnist_archive())
    work = Work()
    work.cancel()
    with pytest.raises(Cancelled):
        emnist.load(tmp_path, work)
    assert emnist.PUBLISHED.find(tmp_path) is None
    assert len(emnist.load(tmp_path, Work()).train) == 6


@pytest.mark.parametrize("name", PUBLISHED)
def test_without_torchvision_the_message_says_what_to_put_where(name: str, tmp_path):
    error = refused(parts.load(parts.DATASET, name).load, tmp_path)
    assert error.code == "torchvision-missing"
    assert str(tmp_path / name) in str(error)
    assert (PUBLISHED[name].archive or PUBLISHED[name].files[0]) in str(error)
    assert list(tmp_path.iterdir()) == []


def test_a_torchvision_for_another_torch(tmp_path, monkeypatch):
    package = tmp_path / "torchvision"
    package.mkdir()
    broken = 'raise RuntimeError("operator torchvision::nms does not exist")'
    (package / "__init__.py").write_text(broken)
    monkeypatch.delitem(sys.modules, "torchvision")
    monkeypatch.syspath_prepend(tmp_path)
    error = refused(kmnist.load, tmp_path / "data")
    assert error.code == "torchvision-missing"
    assert "operator torchvision::nms does not exist" in str(error)


def test_the_real_torchvision_knows_what_is_asked_of_it(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "torchvision")
    importable("torchvision")
    for published in PUBLISHED.values():
        addresses = published._addresses(tmp_path)
        needed = (published.archive,) if published.archive else published.files
        assert [name.removesuffix(".gz") for name, _, _ in addresses] == [
            name.removesuffix(".gz") for name in needed
        ]
        for name, urls, checksum in addresses:
            assert all(url.startswith("http") for url in urls)
            assert all(url.endswith(name) for url in urls)
            assert len(checksum) == 32


def test_what_would_be_downloaded_is_known_with_its_size(tmp_path):
    sizes = {"cifar-10": 170, "emnist": 562, "fashion-mnist": 31, "kmnist": 21}
    assert downloads(tmp_path) == sizes
    write_idx(tmp_path / "kmnist", mnist.FILES)
    assert set(downloads(tmp_path)) == set(sizes) - {"kmnist"}


def test_where_a_run_finds_its_images_again(tmp_path):
    there, gone, kept = tmp_path / "there", tmp_path / "gone", tmp_path / "kept"
    (there / "kmnist").mkdir(parents=True)
    assert find_root("kmnist", there, kept) == kept, "an empty folder holds no images"
    for name in kmnist.PUBLISHED.files:
        (there / "kmnist" / name).touch()
    assert find_root("kmnist", None, kept) == kept
    assert find_root("kmnist", there, kept) == there
    assert find_root("kmnist", gone, kept) == kept, "published: it can be had elsewhere"
    assert find_root("mnist", None, kept) is None
    for name in ("mnist", "folder", "stacked-mnist"):
        assert find_root(name, gone, kept) == gone, "these images are nowhere else"
