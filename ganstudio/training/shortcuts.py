"""Networks computed another way: the same numbers but for rounding, in less time."""

from collections.abc import Callable
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ganstudio.latent.networks import fully_connected


class _OfOnePixel(nn.ConvTranspose2d):
    """A transposed convolution that, of a single pixel, is the product of matrices that it is.

    On a CPU the usual way takes several times as long; it makes a tenth of a step of DCGAN.
    """

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Compute (N, C, 1, 1) by a product; all else as ever."""
        rest = (output_size, self.padding, self.output_padding, self.dilation, self.groups)
        if x.dim() != 4 or x.shape[2:] != (1, 1) or rest != (None, (0, 0), (0, 0), (1, 1), 1):
            return super().forward(x, output_size)
        weight, size = self.weight, self.weight.shape[1:]
        if weight.is_contiguous(memory_format=torch.channels_last):  # and so is what it makes
            channels, height, width = size
            last = weight.permute(0, 2, 3, 1).flatten(1)
            y = (x.flatten(1) @ last).view(-1, height, width, channels).permute(0, 3, 1, 2)
        else:
            y = (x.flatten(1) @ weight.flatten(1)).view(-1, *size)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)


def take(net: nn.Module) -> bool:
    """Let layers for which there is one take a shortcut; return whether there are any."""
    return _turn(net, nn.ConvTranspose2d, _OfOnePixel)


def leave(net: nn.Module) -> None:
    """Let all layers go the usual way."""
    _turn(net, _OfOnePixel, nn.ConvTranspose2d)


def _turn(
    net: nn.Module, before: type[nn.ConvTranspose2d], after: type[nn.ConvTranspose2d]
) -> bool:
    """Let layers of one class be of the other, which differs only in how it computes."""
    found = [layer for layer in net.modules() if type(layer) is before]
    for layer in found:
        layer.__class__ = after
    return bool(found)


def can_go_together(net: nn.Module) -> TypeGuard[nn.Sequential]:
    """Tell whether `together` is for a network.

    That is one of which products of matrices are all, and none of whose layers works in place,
    which autograd forbids for parts of a whole.
    """
    in_place = any(getattr(layer, "inplace", False) for layer in net.modules())
    return fully_connected(net) and not in_place


def together(net: nn.Sequential, free: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return what a network makes of two batches, of `free` without the way back.

    A processor reads a matrix of weights once for both; and the way back is of one of them only.
    """
    linear: Callable[..., tuple[Tensor, Tensor]] = _LinearOfBoth.apply
    for layer in net:
        if isinstance(layer, nn.Linear):
            free, x = linear(free, x, layer.weight, layer.bias)
        else:
            with torch.no_grad():
                free = layer(free)
            x = layer(x)
    return free, x


class _LinearOfBoth(torch.autograd.Function):
    """A linear layer of (N, features), whose way back leads to one of its two batches."""

    @staticmethod
    def forward(
        ctx: Any, free: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x, weight)
        ctx.set_materialize_grads(False)  # of `free` there is none
        y = nn.functional.linear(torch.cat([free, x]), weight, bias)
        of_free, of_x = y.tensor_split([len(free)])
        ctx.mark_non_differentiable(of_free)
        return of_free, of_x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: None, way: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        _, to_x, to_weight, to_bias = ctx.needs_input_grad
        return (
            None,
            way @ weight if to_x else None,
            way.t() @ x if to_weight else None,
            way.sum(0) if to_bias else None,
        )
