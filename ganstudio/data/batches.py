"""Batches of real images and of noise, by counting: a position is a number, not a state."""

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError
from ganstudio.latent.networks import Range, to_range
from ganstudio.latent.spec import LatentSpec, Stream, generator


class Slots:
    """Where a step that is made again and again finds what it draws: always in the same memory.

    The first time it draws, it is given slots; after `rewind` it is given the same, in the same
    order, and `fill` puts into them what comes next.

    Attributes
    ----------
    generators : list of torch.Generator
        Those among them; the others are tensors.
    """

    def __init__(self) -> None:
        self.generators: list[torch.Generator] = []
        self._slots: list[Any] = []
        self._fills: list[Callable[[], object]] = []
        self._place = 0

    def rewind(self) -> None:
        """Give the first slot next."""
        self._place = 0

    @torch.no_grad()
    def fill(self) -> None:
        """Put into all slots what comes next."""
        for fill in self._fills:
            fill()

    def tensor(self, take: Callable[[], Tensor]) -> Tensor:
        """Return the next slot, for what `take` returns."""
        if self._place == len(self._slots):
            slot = take().clone()
            self._add(slot, lambda: slot.copy_(take()))
        given: Tensor = self._given()
        return given

    def generator(
        self, device: torch.device, seed: Callable[[torch.Generator], object]
    ) -> torch.Generator:
        """Return the next slot, a generator that `seed` sets."""
        if self._place == len(self._slots):
            slot = torch.Generator(device)
            seed(slot)
            self.generators.append(slot)
            self._add(slot, lambda: seed(slot))
        given: torch.Generator = self._given()
        return given

    def _add(self, slot: Any, fill: Callable[[], object]) -> None:
        self._slots.append(slot)
        self._fills.append(fill)

    def _given(self) -> Any:
        self._place += 1
        return self._slots[self._place - 1]


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
    slots : Slots or None
        Where the positions of a batch's images are put; None: nowhere in particular.
    """

    slots: Slots | None = None

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
        return self._take() if self.slots is None else self.slots.tensor(self._take)

    def _take(self) -> Tensor:
        epoch, i = divmod(self.count, self.per_epoch)
        if epoch != self._epoch:
            order = generator(self._seed, Stream.DATA, epoch).permutation(len(self.images))
            self._order = _moved(order, self.images.device)
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
    slots : Slots or None
        Where they are put; None: nowhere in particular.
    """

    slots: Slots | None = None

    def __init__(self, seed: int, stream: Stream, device: torch.device) -> None:
        self.count = 0
        self._seed, self._stream, self._device = seed, stream, device
        self._generator = torch.Generator(device)

    def next(self) -> torch.Generator:
        """Return the next generator; it is good until the one after."""
        if self.slots is not None:
            return self.slots.generator(self._device, self._set)
        return self._set(self._generator)

    def _set(self, found: torch.Generator) -> torch.Generator:
        bits = generator(self._seed, self._stream, self.count).bit_generator.random_raw()
        self.count += 1
        return found.manual_seed(int(bits) >> 1)


def _moved(array: NDArray[Any], device: torch.device) -> Tensor:
    """Return an array as a tensor on the device; nobody waits until a GPU has it."""
    tensor = torch.from_numpy(array)
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


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
    slots : Slots or None
        Where they are put; None: nowhere in particular.
    """

    slots: Slots | None = None
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
        return self._take() if self.slots is None else self.slots.tensor(self._take)

    def _take(self) -> Tensor:
        index, i = divmod(self.count, self.BLOCK)
        if index != self._index:
            rng = generator(self._seed, self._stream, index)
            block = self._latent.sample(self.BLOCK * self._batch_size, rng)
            self._block = _moved(block, self._device)
            self._index = index
        self.count += 1
        return self._block[i * self._batch_size : (i + 1) * self._batch_size][self._part]
