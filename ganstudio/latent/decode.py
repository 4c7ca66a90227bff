"""From z to images and to D's opinion of them, on a snapshot."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Array


@torch.inference_mode()
def decode(snapshot: Snapshot, z: Array, *, averaged: bool = True) -> NDArray[np.uint8]:
    """Draw the images of `z`.

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
    snapshot.latent.check(z)
    G, _, (low, high) = snapshot.networks
    fake: Tensor = functional_call(G, snapshot.generator(averaged), (torch.tensor(z),))  # type: ignore[arg-type]  # a Mapping does
    images = fake.sub(low).mul_(255 / (high - low)).round_().clamp_(0, 255).to(torch.uint8)
    return images.numpy()


@torch.inference_mode()
def judge(snapshot: Snapshot, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return D's logits of images, (N, C, H, W) uint8 -> (N,) float32."""
    _, D, (low, high) = snapshot.networks
    x = torch.tensor(images, dtype=torch.float32).mul_((high - low) / 255).add_(low)
    return functional_call(D, snapshot.D, (x,)).numpy()  # type: ignore[no-any-return,arg-type]


def rank(logit: float, reference: NDArray[np.float32]) -> float:
    """Return the share of `reference` logits that lie below `logit`, in [0, 1]; ties count half.

    It says how real an image looks to D beside held-out real ones, whatever the objective's scale.
    """
    below = np.count_nonzero(reference < logit) + np.count_nonzero(reference == logit) / 2
    return float(below / max(1, len(reference)))


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
