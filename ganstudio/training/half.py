"""Networks that compute in bfloat16, with weights that are kept in float32.

On processors that know bfloat16, products of matrices and convolutions take half the time by it. It
has the range of float32 and a third of its digits (Kalamkar et al. 2019, arXiv 1905.12322): losses
need no scaling, but small updates would be lost, so the optimiser, the average and BatchNorm stay
in float32 (Micikevicius et al. 2018, arXiv 1710.03740).
"""

import copy

import torch
from torch import Tensor, nn

from ganstudio.config import PRECISIONS
from ganstudio.errors import Phrase, StudioError
from ganstudio.latent.networks import Networks, hooked

FLOAT32, BFLOAT16 = PRECISIONS

_COMPUTE = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
_PASS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d),
    *(nn.GELU, nn.LeakyReLU, nn.ReLU, nn.Sigmoid, nn.Tanh),
    *(nn.Flatten, nn.Unflatten, nn.PixelShuffle, nn.PixelUnshuffle),
)


class Halved(nn.Module):
    """A network's twin, whose layers have their own weights in bfloat16.

    Takes and returns float32. What has no products (BatchNorm, activations) is the network's own.

    Attributes
    ----------
    leaves : list of Tensor
        What gradients are to be taken of, in the order of the network's parameters.
    """

    def __init__(self, net: nn.Module, name: str) -> None:
        super().__init__()
        once = [module for module in net.modules() if type(module) in _COMPUTE]
        shared = len({id(module.weight) for module in once}) < len(once) or _used_twice(net)
        if hooked(net) or shared:
            reason = Phrase("unusual-weights", net=name)
            raise StudioError("no-bfloat16", reason=reason)
        self._twin = _twin(net, name)
        self.leaves: list[Tensor] = list(self._twin.parameters())
        pairs = list(zip(self.leaves, net.parameters(), strict=True))
        self._own: list[Tensor] = [own for own, kept in pairs if own is not kept]
        self._kept: list[Tensor] = [kept for own, kept in pairs if own is not kept]

    @torch.no_grad()
    def renew(self) -> None:
        """Take over the network's weights, which have changed."""
        torch._foreach_copy_(self._own, self._kept)

    def forward(self, x: Tensor) -> Tensor:
        """Compute what the network does."""
        found: Tensor = self._twin(x.to(torch.bfloat16))
        return found.to(torch.float32)


def twins(networks: Networks) -> Networks:
    """Return networks that compute in bfloat16 what these do.

    Raises
    ------
    StudioError
        ``no-bfloat16``, with the reason.
    """
    return Networks(
        G=Halved(networks.G, "G"),
        D=Halved(networks.D, "D"),
        E=None if networks.E is None else Halved(networks.E, "E"),
        output_range=networks.output_range,
    )


def _used_twice(net: nn.Module) -> bool:
    """Tell whether a layer is in several places."""
    every = [id(module) for module in net.modules()]
    named = [id(module) for _, module in net.named_modules(remove_duplicate=False)]
    return len(every) < len(named)


def _twin(net: nn.Module, name: str) -> nn.Module:
    if type(net) is nn.Sequential:
        return nn.Sequential(*(_twin(layer, name) for layer in net))
    if type(net) in _COMPUTE:
        return copy.deepcopy(net).to(torch.bfloat16)
    if type(net) in _PASS:
        return net
    reason = Phrase("unknown-layer", net=name, layer=type(net).__name__)
    raise StudioError("no-bfloat16", reason=reason)
