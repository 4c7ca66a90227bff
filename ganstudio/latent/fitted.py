"""Fits the networks of anybody's program to how the studio calls them."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
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

    def forward(self, x: Tensor) -> Tensor:
        """Return what is wanted of `x`, (N, ...) in any shape: (N, *gives)."""
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
    z : (N, dim) float32
        The latents that were given, as its G takes them.
    image_shape : (int, int, int)
        Channels, height and width.
    output_range, real_range : (int, int)
        The ranges of generated and of real images, (-1, 1) or (0, 1).
    """

    G: Fitted
    D: Fitted
    z: Tensor
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
    gives = tuple(drawn.shape[1:])
    shape = image_shape or next((each for each in (gives, takes) if len(each) == 3), _square(gives))
    for name, found in (("G", gives), ("real", takes)):
        if math.prod(found) != math.prod(shape):
            raise _unfit(name, "other-images", found=found, expected=shape)
    return Pair(
        G=Fitted(G, tuple(z.shape[1:]), shape),
        D=Fitted(D, takes, (1,), _says_probabilities(D, real, said)),
        z=z.flatten(1),
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
    with blaming(name, "raises", what=f"a copy of {name}"):  # weight norms of old allow none
        return copy.deepcopy(bare(net)).cpu().float().eval()


def _tried(name: str, net: nn.Module, x: Tensor) -> Tensor:
    """Return what a network makes of `x`: as many as there are in it."""
    with blaming(name, "raises", what=f"{name}{tuple(x.shape)}"), torch.no_grad():
        y = net(x)
    found = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
    if not isinstance(y, Tensor) or len(y) != len(x) or not y.numel():
        raise _unfit(name, "not-one-each", found=found, count=len(x))
    return y


def _range(images: Tensor) -> tuple[int, int]:
    return (0, 1) if float(images.min()) >= -_SLACK else (-1, 1)


def _square(flat: Shape) -> tuple[int, int, int]:
    """Return the shape of flat images: grey squares."""
    side = math.isqrt(math.prod(flat))
    return 1, side, side


def _says_probabilities(D: nn.Module, images: Tensor, said: Tensor) -> bool:
    """Tell whether a D ends in a sigmoid: even of absurd images it then says no more than 1."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    of_absurd = [_tried("D", D, _LARGE * absurd) for absurd in (images, -images, noise)]
    return all(bool(((x >= 0) & (x <= 1)).all()) for x in (said, *of_absurd))


@contextmanager
def blaming(name: str, code: str, **fields: object) -> Iterator[None]:
    """Turn whatever a network's code raises into ``cannot-follow``; `code` is of the reason.

    A person's code, and what torch finds in it, may raise anything.
    """
    try:
        yield
    except Exception as error:
        text = f"{type(error).__name__}: {error}".strip().splitlines()[0][:300]
        raise _unfit(name, code, **fields, error=text) from error


def _unfit(name: str, code: str, **fields: object) -> StudioError:
    return StudioError("cannot-follow", name=name, reason=Phrase(code, **fields))
