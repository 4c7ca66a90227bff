"""Checkpoints: one file that holds a run at one step, and nothing that could run.

A checkpoint is a dictionary of tensors, numbers and text, written by `torch.save` and read with
``weights_only``. Keys: ``format`` and ``version`` (what this is), ``run_id``, ``config`` (every
setting), ``model_sha256`` (of the file that makes the networks, if one does), ``latent`` and
``image_shape`` (what they are built for), ``data_root`` (the folder of the images, None for the
usual place), ``notes`` (a person's), ``parent`` (the run and the step that it branched from, or
None), and what `Trainer.state` returns.
"""

import io
import math
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganstudio import model_file
from ganstudio.atomic import replacing
from ganstudio.config import LIVE, PRECISIONS, Config, from_mapping
from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError, Phrase, StudioError, reading
from ganstudio.latent.networks import Architecture
from ganstudio.latent.notes import Notes
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import LatentSpec
from ganstudio.model_file import ModelFile
from ganstudio.pretrained import GENERATOR_SUFFIX
from ganstudio.training import generator_file, half, older
from ganstudio.training.failures import lacks_memory
from ganstudio.training.health import Diagnosis
from ganstudio.training.history import COLUMNS
from ganstudio.training.ranks import ALONE, Ranks
from ganstudio.training.trainer import Trainer, real_range

FORMAT = "ganstudio-checkpoint"
VERSION = 3
_MOST_UNKNOWN = 100_000_000  # steps before a generator file: their rows have to fit into memory

_MOST_COUNTED = 2**62  # of a stream: its generator's counter has 64 bits

# what torch raises for content of another kind than it expects
MISFIT = (
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
)
# what it and zipfile raise for a damaged file
_BROKEN = (*MISFIT, EOFError, OSError, struct.error, zipfile.BadZipFile, zlib.error)


def save(trainer: Trainer, path: Path) -> None:
    """Write a checkpoint. The file is complete or, if anything fails, as it was before.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``, naming the file.
    """
    write(content_of(trainer), path)


def write(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint's content, as `save` does."""
    packed_content = packed(content)
    with replacing(path) as file:
        file.write(packed_content)


def packed(content: dict[str, Any]) -> memoryview:
    """Return a checkpoint's content as the bytes of its file."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getbuffer()


def content_of(trainer: Trainer, *, whole: bool = True, history: bool = True) -> dict[str, Any]:
    """Return what a checkpoint of a run holds; not `whole`, its networks and what they are.

    Without its `history` it can be gone on from, but does not know how it came there.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "run_id": trainer.run_id,
        "config": {k: v for k, v in trainer.config.to_dict().items() if k not in trainer.untold},
        "model_sha256": trainer.architecture.model_sha256,
        "latent": trainer.latent.to_dict(),
        "image_shape": list(trainer.architecture.image_shape),
        "data_root": str(trainer.dataset.root) if trainer.dataset.root else None,
        "notes": trainer.notes.to_dict(),
        "health": [diagnosis.to_dict() for diagnosis in trainer.diagnoses],
        "parent": list(trainer.parent) if trainer.parent else None,
        **(trainer.state(history=history) if whole else trainer.networks_state()),
    }


def read(path: Path) -> dict[str, Any]:
    """Read a checkpoint's content and check that it is one. Nothing in it is ever executed.

    A generator file (`generator_file`) has one, too.

    Raises
    ------
    StudioError
        ``cannot-read``, ``not-a-checkpoint``, ``damaged-checkpoint``, ``unsafe-checkpoint``,
        ``newer-checkpoint`` or ``wrong-shapes``, naming the file.
    """
    if path.suffix.lower() == GENERATOR_SUFFIX:
        return generator_file.read(path, {"format": FORMAT, "version": VERSION})
    with reading(path):
        size = path.stat().st_size
        with path.open("rb") as file:
            magic = file.read(4)
    if magic != b"PK\x03\x04":
        what_it_is = Phrase("empty" if size == 0 else "other-kind")
        raise StudioError("not-a-checkpoint", path=path, detail=what_it_is)
    try:
        with zipfile.ZipFile(path) as archive:
            if bad := archive.testzip():  # torch itself does not look at the checksums
                raise _damaged(path, "bad-checksum", name=bad)
            # torch takes an entry marked as a folder for empty, and its memory as it finds it
            if any(entry.external_attr & 0x10 for entry in archive.infolist()):
                raise _damaged(path, "tensor-folder")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise StudioError("unsafe-checkpoint", path=path, detail=error) from None
    except zipfile.BadZipFile:
        raise _damaged(path, "no-contents") from None
    except _BROKEN as error:
        detail = next(iter(str(error).splitlines()), "")[:120].rstrip(".") or type(error).__name__
        raise StudioError("damaged-checkpoint", path=path, detail=detail) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StudioError("not-a-checkpoint", path=path, detail=Phrase("other-program"))
    version = content.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise StudioError("newer-checkpoint", path=path, version=version, known=VERSION)
    if version == 1:
        older.from_version_1(content)
    return content


# Settings that there were not from the beginning, as they were before.
_BEFORE = {"lr_constant_steps": 0}


def config_of(content: dict[str, Any], path: Path) -> Config:
    """Return the settings in a checkpoint's content.

    Raises
    ------
    StudioError
        ``damaged-checkpoint`` if there are none, ``invalid-checkpoint`` if one is not valid.
    """
    with _fitting(path):
        table = content["config"]
    if not isinstance(table, dict):
        raise _damaged(path, "not-a-table", name="config")
    try:
        return from_mapping(_BEFORE | {str(name): value for name, value in table.items()})
    except ConfigError as error:
        raise StudioError("invalid-checkpoint", path=path, detail=error) from None


def precision_of(content: dict[str, Any], path: Path) -> str:
    """Return what a checkpoint's run was computed in."""
    told = str(content.get("precision", half.FLOAT32))  # as all was in older ones
    if told not in PRECISIONS:
        raise _damaged(path, "unknown-precision", name=told)
    return told


def root_of(content: dict[str, Any]) -> Path | None:
    """Return the folder that a checkpoint's run had its images from; None is the usual place."""
    root = content.get("data_root")
    return Path(root) if isinstance(root, str) else None


def give_model_file(content: dict[str, Any], path: Path, file: ModelFile) -> None:
    """Run the file that makes a checkpoint's networks, because a person asked for it.

    Parameters
    ----------
    content : dict
        What `read` returned; it names this file from then on.
    path : Path
        The checkpoint, for messages.
    file : ModelFile
        The file.

    Raises
    ------
    StudioError
        ``other-model-file`` if the checkpoint was made with another, which then does not run;
        ``no-model-file`` if it was made with none; or as `model_file.run`.
    """
    config, sha256 = config_of(content, path), content.get("model_sha256")
    if not model_file.is_model_file(config.model):
        raise StudioError("no-model-file", path=path, model=config.model)
    if file.sha256 != sha256:
        where = {"path": path, "file": file.path}
        raise StudioError("other-model-file", **where, found=file.sha256, sha256=sha256)
    model_file.run(file)
    content["config"]["model"] = str(file.path)


def find_model_file(content: dict[str, Any], like: Architecture) -> None:
    """Let a checkpoint's content name the model file where it is now, if `like` is of the same."""
    sha256, config = content.get("model_sha256"), content.get("config")
    if sha256 and sha256 == like.model_sha256 and isinstance(config, dict):
        config["model"] = like.model


def _ran_sha256(content: dict[str, Any], config: Config, path: Path) -> str:
    """Return the hash of the model file, which must have run; "" if the model is built in."""
    if not model_file.is_model_file(config.model):
        return ""
    sha256 = str(content["model_sha256"])
    if model_file.module(sha256) is None:
        there, beside = Path(config.model), path.with_name(Path(config.model).name)
        moved = not there.exists() and beside.exists()  # as a run's folder is, to another computer
        where = {"path": path, "file": beside if moved else there}
        raise StudioError("checkpoint-needs-model-file", **where, sha256=sha256)
    return sha256


def restore(
    content: dict[str, Any],
    path: Path,
    dataset: Dataset,
    device: torch.device,
    ranks: Ranks = ALONE,
    precision: str | None = None,
) -> Trainer:
    """Return a trainer that continues a checkpoint's run.

    Parameters
    ----------
    content : dict
        What `read` returned.
    path : Path
        The file, for messages.
    dataset : Dataset
        The dataset that the configuration names.
    device : torch.device
        Where to go on.
    ranks : Ranks
        With whom.
    precision : str, optional
        Other than before.

    Raises
    ------
    StudioError
        ``wrong-shapes`` if its tensors are not those of the networks that it describes,
        ``damaged-checkpoint`` if something is missing, ``checkpoint-needs-model-file`` if its
        networks' file has not run; or as `config_of`.
    """
    config = config_of(content, path)
    with _fitting(path):
        sha256 = _ran_sha256(content, config, path)
        precision = precision or precision_of(content, path)
        trainer = Trainer(config, dataset, device, str(content["run_id"]), sha256, ranks, precision)
        shape, described = tuple(content["image_shape"]), LatentSpec.from_dict(content["latent"])
        if shape != trainer.architecture.image_shape or described != trainer.latent:
            detail = Phrase("other-networks", shape=shape, dim=described.dim)
            raise StudioError("wrong-shapes", path=path, detail=detail)
        older.without_variances(content, trainer.D)
        average = trainer.ema.model if trainer.ema else None
        nets = {"G": trainer.G, "D": trainer.D, "G_ema": average, "E": trainer.E}
        _check_step(content, path)
        _check_counts(content, path)
        _check_networks(nets, content, path)
        _check_history(content, path)
        trainer.load_state(content)
        trainer.notes = notes_of(content, path)
        trainer.diagnoses = tuple(_diagnoses(content.get("health")))
        trainer.untold = frozenset(LIVE) - content["config"].keys()
        if content.get("parent") is not None:
            run_id, step = content["parent"]
            trainer.parent = str(run_id), int(step)
    return trainer


def _diagnoses(told: object) -> Iterator[Diagnosis]:
    """Give what a run's health was called, but for what another version calls otherwise."""
    for one in told if isinstance(told, list) else ():
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            yield Diagnosis.from_dict(one)


def notes_of(content: dict[str, Any], path: Path) -> Notes:
    """Return what a person has noted; nothing in an older checkpoint."""
    with _fitting(path):
        return Notes.from_dict(content["notes"]) if "notes" in content else Notes()


def check_images(architecture: Architecture, dataset: Dataset, path: Path) -> None:
    """Raise ``wrong-shapes`` unless a checkpoint's networks are for the images of `dataset`."""
    classes = architecture.latent.classes
    if dataset.image_shape != architecture.image_shape or classes not in (0, dataset.classes):
        shape, dim = architecture.image_shape, architecture.latent.dim
        detail = Phrase("other-networks", shape=shape, dim=dim)
        raise StudioError("wrong-shapes", path=path, detail=detail)


def snapshot_of(content: dict[str, Any], path: Path) -> Snapshot:
    """Return the snapshot in a checkpoint's content; no dataset is needed.

    Raises
    ------
    StudioError
        ``wrong-shapes``, ``damaged-checkpoint`` or ``checkpoint-needs-model-file``, as `restore`.
    """
    config = config_of(content, path)
    with _fitting(path):
        architecture = Architecture(
            model=config.model,
            model_sha256=_ran_sha256(content, config, path),
            latent=LatentSpec.from_dict(content["latent"]),
            image_shape=tuple(content["image_shape"]),
            spectral_norm=config.spectral_norm,
        )
        snapshot = Snapshot(
            run_id=str(content["run_id"]),
            step=int(content["step"]),
            architecture=architecture,
            G=content["G"],
            D=content["D"],
            G_ema=content["G_ema"],
            E=content["E"],
            real_range=real_range(config, architecture.module.OUTPUT_RANGE),
            d_updates=int(content["counts"]["d_updates"]),
        )
        _check_step(content, path)
        nets = snapshot.networks
        older.without_variances(content, nets.D)
        average = None if snapshot.G_ema is None else nets.G
        _check_networks({"G": nets.G, "D": nets.D, "G_ema": average, "E": nets.E}, content, path)
    return snapshot


def _damaged(path: Path, code: str, **fields: object) -> StudioError:
    return StudioError("damaged-checkpoint", path=path, detail=Phrase(code, **fields))


def _check_step(content: dict[str, Any], path: Path) -> None:
    if content["step"] < 0:
        raise _damaged(path, "negative-step", step=content["step"])


def _check_counts(content: dict[str, Any], path: Path) -> None:
    """Raise ``damaged-checkpoint`` unless all that is counted could have been."""
    if not math.isfinite(content["seconds"]) or content["seconds"] < 0:
        raise _damaged(path, "not-a-count", name="seconds", value=content["seconds"])
    for name, count in content["counts"].items():
        if type(count) is not int or not 0 <= count <= _MOST_COUNTED:
            raise _damaged(path, "not-a-count", name=name, value=str(count)[:40])


def _check_networks(
    nets: Mapping[str, nn.Module | None], content: dict[str, Any], path: Path
) -> None:
    """Raise what says best why these networks cannot have the weights of a checkpoint."""
    for key, net in nets.items():
        if net is None:
            continue
        state = content[key] or {}
        _check_shapes(net, state, path)
        for name, tensor in state.items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise _damaged(path, "not-finite", name=f"{key}.{name}")


def _check_history(content: dict[str, Any], path: Path) -> None:
    if content["history"] is None:  # of a generator file, or kept elsewhere
        if content["step"] > _MOST_UNKNOWN:
            raise _damaged(path, "too-many-steps", step=content["step"])
        return
    found, expected = tuple(content["history"].shape), (len(COLUMNS), content["step"])
    if found != expected:
        detail = Phrase("other-shape", name="history", found=found, expected=expected)
        raise StudioError("wrong-shapes", path=path, detail=detail)


def _check_shapes(net: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Raise ``wrong-shapes`` that names the first tensor that `state` lacks or has otherwise."""
    expected = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    actual = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in sorted(expected.keys() | actual.keys()):
        if expected.get(name) != actual.get(name):
            found, wanted = actual.get(name), expected.get(name)
            detail = Phrase("other-shape", name=name, found=found, expected=wanted)
            raise StudioError("wrong-shapes", path=path, detail=detail)


@contextmanager
def _fitting(path: Path) -> Iterator[None]:
    """Turn what torch says of missing and misshapen parts into a `StudioError`.

    That memory ran out says nothing of the file, and stays what it is.
    """
    try:
        yield
    except KeyError as error:
        raise _damaged(path, "missing", name=error.args[0]) from None
    except StudioError:
        raise
    except MISFIT as error:
        if lacks_memory(error):
            raise
        detail = " ".join(str(error).split())[:200]
        raise StudioError("wrong-shapes", path=path, detail=detail) from None
