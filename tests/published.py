"""Tiny datasets in the published formats, and a torchvision that knows where they are."""

import gzip
import hashlib
import io
import struct
import sys
import tarfile
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
from oracle import idx_bytes

from ganstudio.data.sources import cifar_10, emnist

RNG = np.random.default_rng(8)
GREY = RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 3, 4, 9])
RGB = RNG.integers(0, 256, (6, 2, 3, 32, 32), dtype=np.uint8)  # six batches of two


def write_idx(folder: Path, names: tuple[str, ...], *, zipped: bool = True) -> None:
    """Write GREY and LABELS as the training files, and their first two as the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in zip(names, (GREY, LABELS, GREY[:2], LABELS[:2]), strict=True):
        raw = idx_bytes(values)
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(raw) if zipped else raw)


def cifar_batch(images: np.ndarray, labels: list[int]) -> bytes:
    """Return a batch as CIFAR-10 has it: pickled by Python 2, opcode by opcode."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    data = images.astype(np.uint8).tobytes()
    dtype = b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR"
    dtype += b"(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"(K" + bytes([len(images)]) + b"M" + struct.pack("<H", 3072) + b"t"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
    array += b"(K\x01" + shape + dtype + b"\x89T" + struct.pack("<i", len(data)) + data + b"tb"
    listed = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    items = text(b"data") + array + text(b"labels") + listed
    return b"\x80\x02}(" + items + text(b"batch_label") + text(b"one of six") + b"u."


def write_cifar(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(cifar_10.PUBLISHED.files):
        (folder / name).write_bytes(cifar_batch(RGB[i], [i, 9 - i]))


def cifar_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for i, name in enumerate((*cifar_10.PUBLISHED.files, "../../elsewhere")):
            raw = cifar_batch(RGB[i % 6], [i % 6, 9 - i % 6])
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return buffer.getvalue()


def emnist_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, values in zip(emnist.FILES, (GREY, LABELS, GREY[:2], LABELS[:2]), strict=True):
            packed = gzip.compress(idx_bytes(values))
            archive.writestr(f"gzip/{name}.gz", packed)
            archive.writestr(f"gzip/{name.replace('balanced', 'digits')}.gz", packed)
    return buffer.getvalue()


def install_torchvision(monkeypatch: pytest.MonkeyPatch, **classes: dict) -> None:
    """Install a torchvision whose `datasets` have these classes with these attributes."""
    package, datasets = types.ModuleType("torchvision"), types.ModuleType("torchvision.datasets")
    for name, attributes in classes.items():
        setattr(datasets, name, type(name, (), attributes))
    package.datasets = datasets
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)


def md5(raw: bytes) -> str:
    return hashlib.md5(raw).hexdigest()
