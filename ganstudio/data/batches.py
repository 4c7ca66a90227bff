"""Batches of real images and of noise, by counting: a position is a number, not a state."""

from weakref import WeakValueDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError
from ganstudio.latent.networks import Range, to_range
from ganstudio.latent.spec import LatentSpec, Stream, generator


class RealBatches:
    """Batches of training images, by index, on the training device.

    An epoch visits every image once, in an order drawn from the seed and the epoch's number; a
    last, incomplete batch is dropped. Of every batch it has the rows in `part`.

    Attributes
    ----------
    images : (N, C, H, W) uint8
        The training images, on the device.
    labels : (N,) int64
        Their classes, on the device.
    count : int
        Batches taken so far: the position.
    per_epoch : int
        Batches in an epoch.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        seed: int,
        value_range: Range,
        device: torch.device,
        part: slice = slice(None),
    ) -> None:
        size = len(dataset.train)
        if batch_size > size:
            raise ConfigError(
                "batch-too-large",
                field="batch_size",
                value=batch_size,
                dataset=dataset.name,
                size=size,
            )
        self._source = dataset.train  # alive for as long as its tensor is shared
        self.images = _on_device(self._source, device)
        self.labels = torch.tensor(dataset.train_labels, device=device)
        self.count = 0
        self.per_epoch = size // batch_size
        self._batch_size = batch_size
        self._part = part
        self._seed = seed
        self._low, self._high = value_range
        self._epoch = -1
        self._order = torch.empty(0)

    @property
    def epoch(self) -> float:
        """Passes over the data so far."""
        return self.count / self.per_epoch

    def next(self) -> Tensor:
        """Return the next batch, (batch, C, H, W) float32 in `value_range`."""
        return self._images(self._next_index())

    def next_labelled(self) -> tuple[Tensor, Tensor]:
        """Return the next batch as `next` does, and its labels, (batch,) int64."""
        index = self._next_index()
        return self._images(index), self.labels[index]

    def _images(self, index: Tensor) -> Tensor:
        return to_range(self.images[index], self._low, self._high)

    def _next_index(self) -> Tensor:
        """Return the positions of the next batch's images, (batch,) int64."""
        epoch, i = divmod(self.count, self.per_epoch)
        if epoch != self._epoch:
            order = generator(self._seed, Stream.DATA, epoch).permutation(len(self.images))
            self._order = torch.from_numpy(order).to(self.images.device)
            self._epoch = epoch
        self.count += 1
        return self._order[i * self._batch_size : (i + 1) * self._batch_size][self._part]


class Dice:
    """Generators of random numbers on the device, from one stream of a seed, as penalties need.

    Other than z, what they draw differs from device to device.

    Attributes
    ----------
    count : int
        Generators taken so far: the position.
    """

    def __init__(self, seed: int, stream: Stream, device: torch.device) -> None:
        self.count = 0
        self._seed, self._stream = seed, stream
        self._generator = torch.Generator(device)

    def next(self) -> torch.Generator:
        """Return the next generator; it is good until the one after."""
        bits = generator(self._seed, self._stream, self.count).bit_generator.random_raw()
        self._generator.manual_seed(int(bits) >> 1)
        self.count += 1
        return self._generator


_shared: WeakValueDictionary[tuple[int, torch.device], Tensor] = WeakValueDictionary()


def _on_device(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Return images as a tensor on the device, one for all runs on them that are kept.

    On the CPU it is the array's own memory, unless that is read-only: torch refuses such.
    """
    key = (id(images), device)
    found = _shared.get(key)
    if found is None:
        writeable = images if images.flags.writeable else np.array(images)
        found = _shared[key] = torch.from_numpy(writeable).to(device)
    return found


class Noise:
    """Batches of z from one stream of a seed.

    They are drawn on the CPU, in blocks, so that a seed gives the same z on every device. Of every
    batch it has the rows in `part`.

    Attributes
    ----------
    count : int
        Batches taken so far: the position.
    """

    BLOCK = 64  # batches drawn and copied to the device at once

    def __init__(
        self,
        latent: LatentSpec,
        batch_size: int,
        seed: int,
        stream: Stream,
        device: torch.device,
        part: slice = slice(None),
    ) -> None:
        self.count = 0
        self._part = part
        self._latent = latent
        self._batch_size = batch_size
        self._seed = seed
        self._stream = stream
        self._device = device
        self._index = -1
        self._block = torch.empty(0)

    def next(self) -> Tensor:
        """Return the next batch, (batch, dim) float32."""
        index, i = divmod(self.count, self.BLOCK)
        if index != self._index:
            rng = generator(self._seed, self._stream, index)
            block = self._latent.sample(self.BLOCK * self._batch_size, rng)
            self._block = torch.from_numpy(block).to(self._device)
            self._index = index
        self.count += 1
        return self._block[i * self._batch_size : (i + 1) * self._batch_size][self._part]
