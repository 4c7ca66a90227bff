"""Whether the networks that a person's own file makes can be trained, and what is wrong if not."""

import copy

import torch
from torch import Tensor, nn

from ganstudio.latent.networks import GLOBAL_GENERATOR, Architecture, Networks
from ganstudio.model_file import bad, blaming

_IMAGES = 4
_SLACK = 1e-3  # of the range: a sigmoid may round


def check(networks: Networks, architecture: Architecture, device: torch.device) -> None:
    """Try networks on noise, on copies of them, so that they stay as they are.

    Parameters
    ----------
    networks : Networks
        As `ganstudio.models` describes them.
    architecture : Architecture
        What they are to fit.
    device : torch.device
        Where they are.

    Raises
    ------
    StudioError
        ``bad-model-file``, naming the file and the reason.
    """
    path, latent, shape = architecture.model, architecture.latent, architecture.image_shape
    judged = (latent.dim,) if networks.E else (shape[0] + latent.classes, *shape[1:])
    low, high = networks.output_range
    with GLOBAL_GENERATOR, torch.random.fork_rng(devices=[]):
        z = torch.randn(_IMAGES, latent.dim, device=device)
        drawn = _tried(path, "G", networks.G, z, shape)
        seen = low + (high - low) * torch.rand(_IMAGES, *judged, device=device)
        _tried(path, "D", networks.D, seen, (1 + latent.code_outputs,))
        if networks.E:
            _tried(path, "E", networks.E, drawn, (2 * latent.dim,))
    least, most = float(drawn.min()), float(drawn.max())
    if least < low - _SLACK or most > high + _SLACK:
        found = {"low": f"{least:.3g}", "high": f"{most:.3g}", "expected": f"[{low:g}, {high:g}]"}
        raise bad(path, "out-of-its-range", what="G", **found)


def _tried(path: str, what: str, net: nn.Module, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return what a copy of `net` makes of `x`: (N, *shape) float32."""
    if any(nn.parameter.is_lazy(weight) for weight in net.parameters()):
        raise bad(path, "lazy", what=what)
    if not list(net.parameters()):
        raise bad(path, "no-parameters", what=what)
    for name, weight in net.named_parameters():
        if torch.empty_like(weight).stride() != weight.stride():  # Adam's kernel needs it dense
            raise bad(path, "not-dense", what=what, name=name)
    with blaming(path, what):
        net = copy.deepcopy(net)
        before = net.state_dict().keys()
        y: Tensor = net(x)
    if added := before ^ net.state_dict().keys():  # which a checkpoint could not be loaded into
        raise bad(path, "new-state", what=what, names=", ".join(sorted(added)))
    expected = _described(torch.float32, (len(x), *shape))
    found = _described(y.dtype, y.shape) if isinstance(y, Tensor) else type(y).__name__
    if found != expected:
        raise bad(path, "other-output", what=what, found=found, expected=expected)
    if not y.isfinite().all():
        raise bad(path, "no-numbers", what=what)
    with blaming(path, what):
        if y.requires_grad:
            torch.autograd.backward(y.sum())
    for name, weight in net.named_parameters():
        if weight.grad is None:  # frozen, or not used
            raise bad(path, "no-influence", what=what, name=name)
    return y.detach()


def _described(dtype: torch.dtype, shape: tuple[int, ...]) -> str:
    return f"{str(dtype).removeprefix('torch.')} {tuple(shape)}"
