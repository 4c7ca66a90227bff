"""Generator files: what a run has learned without how it got there, small enough to pass on.

A safetensors file with the weights of G (averaged, where the recipe averages it), of D and of an
encoder, in half precision where they fit it; a description in its metadata says what they are.
Read, they are a checkpoint's content whose optimisers begin anew and whose history is unknown.
"""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from ganstudio.atomic import replacing
from ganstudio.errors import Phrase, StudioError, reading

_FORMAT = "ganstudio-generator"
_VERSION = 2
_MAY_BE = ("notes", "health", "precision", "parent")  # not in older ones, or not in those of others
_KEPT = ("config", "model_sha256", "latent", "image_shape", "step", "seconds", "counts", "run_id")


def write(content: dict[str, Any], path: Path, *, root: bool = False) -> None:
    """Write the networks in a checkpoint's content.

    Parameters
    ----------
    content : dict
        What `checkpoint.content_of` or `checkpoint.read` returned.
    path : Path
        The file; it is complete or, if anything fails, as it was before.
    root : bool
        Whether to tell the folder of the images, which means nothing elsewhere.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``, naming the file.
    """
    G = content["G"] if content["G_ema"] is None else content["G_ema"]
    nets = {"G": G, "D": content["D"], "E": content["E"] or {}}
    tensors = {
        f"{net}.{name}": _halved(tensor)
        for net, state in nets.items()
        for name, tensor in state.items()
    }
    kept = (*_KEPT, *_MAY_BE, *(("data_root",) if root else ()))
    told = {name: content[name] for name in kept if name in content}
    about = {"format": _FORMAT, "version": str(_VERSION), "run": json.dumps(told)}
    with replacing(path) as file:
        file.write(save(tensors, about))


def read(path: Path, kind: dict[str, Any]) -> dict[str, Any]:
    """Return a checkpoint's content with the networks of a generator file.

    Parameters
    ----------
    path : Path
        The file.
    kind : dict
        ``format`` and ``version`` of a checkpoint.

    Raises
    ------
    StudioError
        ``cannot-read``, ``not-a-checkpoint``, ``damaged-checkpoint`` or ``newer-checkpoint``,
        naming the file.
    """
    with reading(path), path.open("rb"):
        pass
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
        tensors = load_file(path)
    except SafetensorError as error:
        raise StudioError("damaged-checkpoint", path=path, detail=error) from None
    if about.get("format") != _FORMAT:
        raise StudioError("not-a-checkpoint", path=path, detail=Phrase("other-program"))
    version = about.get("version", "")
    if not version.isdecimal() or int(version) > _VERSION:
        raise StudioError("newer-checkpoint", path=path, version=version, known=_VERSION)
    try:
        told = json.loads(about["run"])
        run = {name: told[name] for name in _KEPT}
        run["step"] = int(run["step"])
        run |= {name: told[name] for name in _MAY_BE if name in told}
        averaged = bool(run["config"].get("ema_decay", 0))
    except KeyError as error:
        detail = Phrase("missing", name=error.args[0])
        raise StudioError("damaged-checkpoint", path=path, detail=detail) from None
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise StudioError("damaged-checkpoint", path=path, detail=error) from None
    states: dict[str, dict[str, Tensor]] = {"G": {}, "D": {}, "E": {}}
    for name, tensor in tensors.items():
        net, _, key = name.partition(".")
        whole = tensor.float() if tensor.is_floating_point() else tensor
        states.setdefault(net, {})[key] = whole
    return {
        **kind,
        **run,
        "data_root": told.get("data_root"),
        "G": states["G"],
        "D": states["D"],
        "G_ema": states["G"] if averaged else None,
        "E": states["E"] or None,
        "G_opt": None,
        "D_opt": None,
        "history": None,
    }


def _halved(tensor: Tensor) -> Tensor:
    """Return a tensor in half precision, or as it is where a number is too large for it."""
    if not tensor.is_floating_point():
        return tensor.contiguous()
    half = tensor.half()
    return (half if half.isfinite().all() else tensor).contiguous()
