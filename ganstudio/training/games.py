"""Who plays against D, and for what: a generator for images, or an autoencoder for codes."""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, l1_loss, one_hot

from ganstudio.data.batches import Noise, RealBatches
from ganstudio.latent.networks import Networks, tied
from ganstudio.latent.spec import LatentSpec
from ganstudio.training import shortcuts


@dataclass(frozen=True, kw_only=True, slots=True)
class Samples:
    """What D judges, and what belongs to it.

    Attributes
    ----------
    x : (N, C, H, W) or (N, latent_dim)
        Images or, in an autoencoder, codes.
    classes : (N, classes) or None
        One-hot: what a conditional D is told.
    z : (N, latent_dim) or None
        What generated images were made from.
    reconstruction_loss : scalar Tensor or None
        Of an autoencoder: the mean absolute error of the pixels.
    """

    x: Tensor
    classes: Tensor | None = None
    z: Tensor | None = None
    reconstruction_loss: Tensor | None = None

    def detached(self) -> "Samples":
        """Return them without the way back into G."""
        return replace(self, x=self.x.detach(), reconstruction_loss=None)


class Game(Protocol):
    """Where D's two kinds of samples come from."""

    def real(self) -> Samples:
        """Return the next real batch."""

    def fake(self, noise: Noise) -> Samples:
        """Return a batch made from noise, with the way back into G."""

    def fakes(self, free: Noise, noise: Noise) -> tuple[Samples, Samples] | None:
        """Return a batch without the way back, and one with it, where that takes less time."""


class ImageGame:
    """G draws images from z, D tells them from real ones."""

    def __init__(self, networks: Networks, latent: LatentSpec, real: RealBatches) -> None:
        self._G = networks.G
        self._real = real
        self._classes = latent.classes
        self._class_slice = latent.slices.get("class", slice(0))
        G = networks.G
        self._for_both = G if shortcuts.can_go_together(G) and not tied(G, networks.D) else None

    def real(self) -> Samples:
        """Return the next real images, with their classes where D is told them."""
        if not self._classes:
            return Samples(x=self._real.next())
        images, labels = self._real.next_labelled()
        classes = one_hot(labels, self._classes).to(images.dtype)
        return Samples(x=images, classes=classes)

    def fake(self, noise: Noise) -> Samples:
        """Return images that G draws."""
        z = noise.next()
        return self._of(z, self._G(z))

    def fakes(self, free: Noise, noise: Noise) -> tuple[Samples, Samples] | None:
        """Return images that no gradient will pass through, and others, by one pass through G."""
        if self._for_both is None:
            return None
        z_free, z = free.next(), noise.next()
        x_free, x = shortcuts.together(self._for_both, z_free, z)
        return self._of(z_free, x_free), self._of(z, x)

    def _of(self, z: Tensor, images: Tensor) -> Samples:
        classes = z[:, self._class_slice] if self._classes else None
        return Samples(x=images, classes=classes, z=z)


class CodeGame:
    """An autoencoder whose codes D tells from draws of the prior.

    Makhzani et al. 2016, arXiv 1511.05644; codes by the reparametrisation of Kingma and Welling
    2014, arXiv 1312.6114.
    """

    def __init__(
        self, networks: Networks, latent: LatentSpec, real: RealBatches, prior: Noise
    ) -> None:
        assert networks.E is not None
        self._E, self._G = networks.E, networks.G
        self._uniform = any(part.kind == "uniform" for part in latent.parts)
        self._real, self._prior = real, prior

    def real(self) -> Samples:
        """Return draws of the prior."""
        return Samples(x=self._prior.next())

    def fake(self, noise: Noise) -> Samples:
        """Return the codes of the next real images, and how well the decoder restores those."""
        images = self._real.next()
        mean, log_variance = self._E(images).chunk(2, dim=1)
        codes = mean + torch.exp(log_variance / 2) * self._normal(noise.next())
        return Samples(x=codes, reconstruction_loss=l1_loss(self._G(codes), images))

    def fakes(self, free: Noise, noise: Noise) -> None:
        """Return None: codes come from real images, of which each update takes the next."""

    def _normal(self, z: Tensor) -> Tensor:
        """Return draws of the prior as normal ones: a code's noise is normal whatever that is."""
        if not self._uniform:
            return z
        inside = 1 - torch.finfo(z.dtype).eps
        return math.sqrt(2) * torch.erfinv(z.clamp(-inside, inside))


def info_loss(latent: LatentSpec, z: Tensor, said: Tensor) -> Tensor:
    """Return what it costs that D does not find z's codes in the images.

    It is the negative log likelihood of the choice, and that of the numbers divided by how many
    they are. Up to a constant their sum bounds the mutual information of codes and image from
    above, negated (Chen et al. 2016, arXiv 1606.03657, equation 5). As in the authors' program, a
    number is a Gaussian of variance 1 around what D says: were the variance D's to choose, a number
    that is found ever more exactly would count for more and more, and G would draw the choice less
    and less clearly. So it would if many numbers counted for more than one, as they do there.

    Parameters
    ----------
    z : (N, latent_dim)
        What the images were made from.
    said : (N, latent.code_outputs)
        For each code: logits of the choices, or means.
    """
    losses, start, slices = [], 0, latent.slices
    for part in latent.codes:
        code, found = z[:, slices[part.name]], said[:, start : start + part.dim]
        if part.kind == "one-hot":
            losses.append(cross_entropy(found, code))
        else:
            losses.append((found - code).square().mean() / 2)
        start += part.dim
    return torch.stack(losses).sum()
