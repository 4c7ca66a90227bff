"""Layers computed another way: the same numbers but for rounding, in less time."""

from functools import partial

import torch
from torch import Tensor, nn


def take(net: nn.Module) -> bool:
    """Let layers for which there is one take a shortcut; return whether there are any.

    A transposed convolution of a single pixel is a product of matrices, and on a CPU takes ten
    times as long as that: it makes a sixth of a step of DCGAN.
    """
    layers = [layer for layer in net.modules() if type(layer) is nn.ConvTranspose2d]
    layers = [layer for layer in layers if "forward" not in vars(layer)]  # of a person's own
    for layer in layers:
        layer.forward = partial(_of_one_pixel, layer)  # type: ignore[method-assign]
    return bool(layers)


def leave(net: nn.Module) -> bool:
    """Let all layers go the usual way; return False: none takes a shortcut."""
    for layer in net.modules():
        way = vars(layer).get("forward")
        if isinstance(way, partial) and way.func is _of_one_pixel:
            del layer.forward
    return False


def _of_one_pixel(
    layer: nn.ConvTranspose2d, x: Tensor, output_size: list[int] | None = None
) -> Tensor:
    """Return the transposed convolution of (N, C, 1, 1); of all else as ever."""
    rest = (output_size, layer.padding, layer.output_padding, layer.dilation, layer.groups)
    if x.dim() != 4 or x.shape[2:] != (1, 1) or rest != (None, (0, 0), (0, 0), (1, 1), 1):
        return nn.ConvTranspose2d.forward(layer, x, output_size)
    weight, size = layer.weight, layer.weight.shape[1:]
    if weight.is_contiguous(memory_format=torch.channels_last):  # and so is what it makes
        channels, height, width = size
        last = weight.permute(0, 2, 3, 1).flatten(1)
        y = (x.flatten(1) @ last).view(-1, height, width, channels).permute(0, 3, 1, 2)
    else:
        y = (x.flatten(1) @ weight.flatten(1)).view(-1, *size)
    return y if layer.bias is None else y + layer.bias.reshape(-1, 1, 1)
