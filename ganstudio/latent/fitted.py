"""Fits the networks of anybody's program to how the studio calls them."""

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganstudio.errors import Phrase, StudioError

Shape = tuple[int, ...]

_LARGE = 100.0  # times as bright as an image can be: what stays in [0, 1] even so is a sigmoid
_EDGE = 1e-6  # of probabilities: 0 and 1 have no logits
_SLACK = 1e-3  # of the range of images


class Fitted(nn.Module):
    """A network that takes and gives what the studio's do.

    Parameters
    ----------
    net : nn.Module
        Takes (N, *takes).
    takes, gives : tuple of int
        The shapes of an input of its own, and of what is wanted of it. One number is the mean of
        all that it says of an image, as a patch-wise D does (Isola et al. 2017, arXiv 1611.07004).
    probability : bool
        Whether it says probabilities, whose logits are wanted.
    """

    def __init__(
        self, net: nn.Module, takes: Shape, gives: Shape, probability: bool = False
    ) -> None:
        super().__init__()
        self.net = net
        self._takes, self._gives, self._probability = takes, gives, probability

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        y: Tensor = self.net(x.reshape(-1, *self._takes))
        if self._probability:
            y = torch.logit(y, eps=_EDGE)
        if self._gives == (1,):
            y = y.reshape(x.shape[0], -1).mean(1)  # len() would be a constant to torch.export
        return y.reshape(-1, *self._gives)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both networks, in evaluation mode on the CPU: copies.

    Attributes
    ----------
    G, D : Fitted
        (N, dim) -> (N, C, H, W), and (N, C, H, W) -> (N, 1), larger is more real.
    dim : int
        The length of z.
    image_shape : (int, int, int)
        Channels, height and width.
    output_range, real_range : (int, int)
        The ranges of generated and of real images, (-1, 1) or (0, 1).
    """

    G: Fitted
    D: Fitted
    dim: int
    image_shape: tuple[int, int, int]
    output_range: tuple[int, int]
    real_range: tuple[int, int]


def fit(
    G: nn.Module,
    D: nn.Module,
    z: Tensor,
    real: Tensor,
    image_shape: tuple[int, int, int] | None,
) -> Pair:
    """Find out how to call two networks, from what they take; see `RunWriter`.

    Raises
    ------
    StudioError
        ``cannot-follow``, naming what is not as it should be.
    """
    z, real = z.detach().cpu().float(), real.detach().cpu().float()
    least, most = float(real.min()), float(real.max())
    if least < -1 - _SLACK or most > 1 + _SLACK:
        raise _unfit("real", "other-range", low=f"{least:.3g}", high=f"{most:.3g}")
    G, D = _still("G", G), _still("D", D)
    drawn, said = _tried("G", G, z), _tried("D", D, real)
    takes = tuple(real.shape[1:])
    shape = image_shape or _told(tuple(drawn.shape[1:])) or _told(takes) or _square(drawn)
    for name, found in (("G", tuple(drawn.shape[1:])), ("real", takes)):
        if math.prod(found) != math.prod(shape):
            raise _unfit(name, "other-images", found=found, expected=shape)
    return Pair(
        G=Fitted(G, tuple(z.shape[1:]), shape),
        D=Fitted(D, takes, (1,), _says_probabilities(D, real, said)),
        dim=z[0].numel(),
        image_shape=shape,
        output_range=_range(drawn),
        real_range=_range(real),
    )


def bare(net: nn.Module) -> nn.Module:
    """Return a network without what compiles it, or spreads it over devices."""
    net = getattr(net, "_orig_mod", net)
    inner: nn.Module = getattr(net, "module", net) if isinstance(net, _SPREAD) else net
    return inner


_SPREAD = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def _still(name: str, net: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode, in float32 on the CPU."""
    try:
        return copy.deepcopy(bare(net)).cpu().float().eval()
    except Exception as error:  # as of the weight norms of old
        raise _failed(name, f"a copy of {name}", error) from error


def _tried(name: str, net: nn.Module, x: Tensor) -> Tensor:
    """Return what a network makes of `x`: as many as there are in it."""
    try:
        with torch.no_grad():
            y = net(x)
    except Exception as error:  # whatever a person's code raises
        raise _failed(name, f"{name}{tuple(x.shape)}", error) from error
    found = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
    if not isinstance(y, Tensor) or len(y) != len(x) or not y.numel():
        raise _unfit(name, "not-one-each", found=found, count=len(x))
    return y


def _range(images: Tensor) -> tuple[int, int]:
    return (0, 1) if float(images.min()) >= -_SLACK else (-1, 1)


def _told(shape: Shape) -> tuple[int, int, int] | None:
    return shape if len(shape) == 3 else None


def _square(drawn: Tensor) -> tuple[int, int, int]:
    """Return the shape of flat images: grey squares."""
    side = math.isqrt(drawn[0].numel())
    return 1, side, side


def _says_probabilities(D: nn.Module, images: Tensor, said: Tensor) -> bool:
    """Tell whether a D ends in a sigmoid: even of absurd images it then says no more than 1."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        of_absurd = [D(_LARGE * absurd) for absurd in (images, -images, noise)]
    return all(bool(((x >= 0) & (x <= 1)).all()) for x in (said, *of_absurd))


def _failed(name: str, what: str, error: Exception) -> StudioError:
    """Return that a network cannot be followed because its code fails."""
    text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return _unfit(name, "raises", what=what, error=text)


def _unfit(name: str, code: str, **fields: object) -> StudioError:
    return StudioError("cannot-follow", name=name, reason=Phrase(code, **fields))
