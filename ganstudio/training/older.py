"""Checkpoints and generator files of older versions, made into what they would be today."""

from typing import Any

import torch
from torch import Tensor, nn

from ganstudio.training.history import COLUMNS


def from_version_1(content: dict[str, Any]) -> None:
    """Complete what version 1 did not have: an encoder, and two columns of the history."""
    content["E"] = None
    history = content.get("history")
    if isinstance(history, Tensor) and history.dim() == 2:
        missing = torch.full((len(COLUMNS) - 9, history.shape[1]), float("nan"))
        content["history"] = torch.cat([history[:7], missing, history[7:]])


def without_variances(content: dict[str, Any], D: nn.Module) -> None:
    """Leave out how sure D was of each continuous code, which nothing asks it any more.

    Up to version 2 (1 of generator files) D's last layer had an output for each, the last ones.
    What is longer by so many than in `D`, which is as D is built today, is cut.
    """
    codes = content["config"].get("continuous_codes", 0)

    def cut(found: Tensor, today: Tensor) -> Tensor:
        if not (codes and today.dim()):
            return found
        before = (len(today) + codes, *today.shape[1:])
        return found[: len(today)].clone() if found.shape == before else found

    state, today = content["D"], D.state_dict()
    state.update({name: cut(state[name], today[name]) for name in state.keys() & today.keys()})
    moments, weights = content.get("D_opt") or {}, list(D.parameters())
    for name in ("mean", "square"):
        if len(moments.get(name, ())) == len(weights):
            moments[name] = list(map(cut, moments[name], weights))
