"""Checkpoints and generator files of older versions, made into what they would be today."""

from typing import Any

import torch
from torch import Tensor

from ganstudio.training.history import COLUMNS


def from_version_1(content: dict[str, Any]) -> None:
    """Complete what version 1 did not have: an encoder, and two columns of the history."""
    content["E"] = None
    history = content.get("history")
    if isinstance(history, Tensor) and history.dim() == 2:
        missing = torch.full((len(COLUMNS) - 9, history.shape[1]), float("nan"))
        content["history"] = torch.cat([history[:7], missing, history[7:]])


def from_version_2(content: dict[str, Any]) -> None:
    """Leave out how sure D was of each continuous code, which nothing asks it any more.

    These were the last outputs of D's last layer, one for each code. A generator file of version 1
    has them as well.
    """
    config, D = content["config"], content["D"]
    codes = config.get("continuous_codes", 0)
    if not codes:
        return
    kept = 1 + config["code_choices"] + codes
    wide = [name for name in D if D[name].shape[:1] == (kept + codes,)]
    last = max(map(_layer, wide), key=_natural)
    ending = [name for name in wide if _layer(name) == last]
    D.update({name: D[name][:kept].clone() for name in ending})
    if content.get("D_opt") is not None:
        trained = sum("._" not in name for name in ending)  # not what spectral norm remembers
        for moments in (content["D_opt"]["mean"], content["D_opt"]["square"]):
            moments[-trained:] = [moment[:kept].clone() for moment in moments[-trained:]]


def _layer(name: str) -> str:
    """Return the layer that an entry of a network's state belongs to."""
    layer, parametrised, _ = name.partition(".parametrizations")
    return layer if parametrised else name.rpartition(".")[0]


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Return a key that puts layer 10 behind layer 9."""
    parts = [(part.isdecimal(), part) for part in name.split(".")]
    return [(is_number, int(part) if is_number else 0, part) for is_number, part in parts]
