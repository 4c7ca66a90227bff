"""From z to images and to D's opinion of them, on a snapshot."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from ganstudio.latent.networks import to_range, with_classes
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Array

Logits = NDArray[np.float32]
Labels = NDArray[np.int64]


@torch.inference_mode()
def decode(snapshot: Snapshot, z: Array, *, averaged: bool = True) -> NDArray[np.uint8]:
    """Draw the images of `z`, as all that shows them wants them.

    Parameters
    ----------
    snapshot : Snapshot
        The model.
    z : (N, latent_dim) float32
        Latents.
    averaged : bool
        By the averaged generator, where there is one, else by the latest.

    Returns
    -------
    (N, C, H, W) uint8

    Raises
    ------
    StudioError
        ``latent-mismatch`` if z has another length.
    """
    shades = decode_exactly(snapshot, z, averaged=averaged)
    return shades.round_().clamp_(0, 255).to(torch.uint8).numpy()


@torch.inference_mode()
def decode_exactly(snapshot: Snapshot, z: Array, *, averaged: bool = True) -> Tensor:
    """Draw as `decode` does, but do not round: (N, C, H, W) float32, 0 black and 255 white."""
    snapshot.latent.check(z)
    low, high = snapshot.networks.output_range
    fake = snapshot.call("G", torch.tensor(z), averaged=averaged)
    return fake.sub(low).mul_(255 / (high - low))


@torch.inference_mode()
def judge(snapshot: Snapshot, images: NDArray[np.uint8], z: Array) -> NDArray[np.float32]:
    """Return D's logits of generated images, (N,) float32.

    Parameters
    ----------
    images : (N, C, H, W) uint8
        What G made of z; an autoencoder's D judges z itself.
    z : (N, latent_dim) float32
        Latents; a conditional D is told their class.
    """
    if snapshot.networks.E is not None:
        return _logits(snapshot, torch.tensor(z), None)
    classes = torch.tensor(snapshot.latent.classes_of(z)) if snapshot.latent.classes else None
    x = to_range(torch.tensor(images), *snapshot.networks.output_range)
    return _logits(snapshot, x, classes)


@torch.inference_mode()
def judge_real(snapshot: Snapshot, images: NDArray[np.uint8], labels: Labels) -> Logits:
    """Return D's logits of real images, (N,) float32; an autoencoder's D judges their codes.

    Parameters
    ----------
    images : (N, C, H, W) uint8
        Images.
    labels : (N,) int64
        Their classes, which a conditional D is told.
    """
    x = to_range(torch.tensor(images), *snapshot.real_range)
    if snapshot.networks.E is not None:
        assert snapshot.E is not None
        codes = snapshot.call("E", x)
        return _logits(snapshot, codes[:, : snapshot.latent.dim], None)
    count = snapshot.latent.classes
    classes = one_hot(torch.tensor(labels), count).float() if count else None
    return _logits(snapshot, x, classes)


@torch.inference_mode()
def reconstruct(
    snapshot: Snapshot, images: NDArray[np.uint8], *, averaged: bool = True
) -> NDArray[np.uint8]:
    """Return what an autoencoder makes of images, by their mean codes.

    Parameters
    ----------
    snapshot : Snapshot
        The model, which must have an encoder.
    images : (N, C, H, W) uint8
        Images.
    averaged : bool
        By the averaged decoder, where there is one, else by the latest.

    Returns
    -------
    (N, C, H, W) uint8
    """
    return decode(snapshot, encode(snapshot, images), averaged=averaged)


@torch.inference_mode()
def encode(snapshot: Snapshot, images: NDArray[np.uint8]) -> Array:
    """Return an autoencoder's mean codes of images, (N, C, H, W) uint8: (N, latent_dim) float32."""
    assert snapshot.networks.E is not None
    assert snapshot.E is not None
    x = to_range(torch.tensor(images), *snapshot.real_range)
    codes: Array = snapshot.call("E", x)[:, : snapshot.latent.dim].numpy()
    return codes


def taste(
    snapshot: Snapshot, image: NDArray[np.uint8], label: int
) -> tuple[float, NDArray[np.float32]]:
    """Return D's logit of an image, and where it wants more ink or less.

    Parameters
    ----------
    image : (C, H, W) uint8
        The image; an autoencoder's D judges its code.
    label : int
        Its class, which a conditional D is told.

    Returns
    -------
    logit : float
    wishes : (H, W) float32
        The logit's gradient by the pixels, summed over channels, in [-1, 1]: 1 is the strongest.
    """
    with torch.enable_grad():
        x = to_range(torch.tensor(image[None]), *snapshot.real_range).requires_grad_()
        seen = x
        if snapshot.networks.E is not None:
            seen = snapshot.call("E", x)[:, : snapshot.latent.dim]
        count = snapshot.latent.classes if snapshot.networks.E is None else 0
        classes = one_hot(torch.tensor([label]), count).float() if count else None
        logit = snapshot.call("D", with_classes(seen, classes))[0, 0]
        (slope,) = torch.autograd.grad(logit, x)
    wishes = slope[0].sum(0)
    wishes = wishes / wishes.abs().max().clamp(min=1e-12)
    found: NDArray[np.float32] = wishes.numpy()
    return float(logit.detach()), found


def _logits(snapshot: Snapshot, x: Tensor, classes: Tensor | None) -> Logits:
    said = snapshot.call("D", with_classes(x, classes))
    logits: Logits = said[:, 0].numpy()
    return logits


def effect(
    snapshot: Snapshot,
    z: Array,
    dims: range,
    *,
    averaged: bool = True,
    delta: float = 0.5,
) -> Array:
    """Return how much some dimensions change the image at `z`.

    Parameters
    ----------
    z : (latent_dim,) float32
        Where.
    dims : range
        Which dimensions.
    delta : float
        Half the step that is tried, in units of z.

    Returns
    -------
    (len(dims),) float32
        Root mean square change of the pixels, of 255, over a step of 2·delta.
    """
    steps = np.eye(len(z), dtype=np.float32)[dims.start : dims.stop] * delta
    images = decode(snapshot, np.concatenate([z + steps, z - steps]), averaged=averaged)
    plus, minus = np.split(images.reshape(2 * len(dims), -1).astype(np.float32), 2)
    change: Array = np.sqrt(np.square(plus - minus).mean(axis=1))
    return change
