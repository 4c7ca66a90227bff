"""The trainer: one GAN, its two optimisers, and what a step does. It alone touches the weights."""

import math
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganstudio import parts
from ganstudio.config import LIVE, Config
from ganstudio.data.batches import Noise, RealBatches
from ganstudio.data.dataset import Dataset
from ganstudio.errors import Phrase, StudioError
from ganstudio.latent.snapshot import Architecture, Snapshot
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream
from ganstudio.training.adam import Adam
from ganstudio.training.ema import EMA
from ganstudio.training.history import METRICS, History
from ganstudio.training.objectives._objective import Objective

DRAIN_STEPS = 50
DRAIN_SECONDS = 0.1


class Nets(Enum):
    """Which networks a step updates."""

    BOTH = "both"
    D = "D"
    G = "G"


class Trainer:
    """Trains a generator against a discriminator.

    A step is one update of G with its k updates of D. Its numbers stay on the device; `drain`
    moves them to the history, at most every 50 steps or 100 ms.

    Attributes
    ----------
    config : Config
        The settings as they are now: `change` sets the live ones.
    run_id : str
        Names the run in snapshots and checkpoints.
    step : int
        Steps so far.
    seconds : float
        Time spent in steps.
    G, D : nn.Module
        The latest networks.
    ema : EMA or None
        The averaged generator.
    history : History
        Every drained step's numbers.
    """

    def __init__(
        self, config: Config, dataset: Dataset, device: torch.device, run_id: str | None = None
    ) -> None:
        self.config = config
        self.dataset = dataset
        self.device = device
        self.run_id = run_id or new_run_id()
        self.step = 0
        self.seconds = 0.0
        self.history = History()
        self.latent = latent_of(config)
        self.architecture = Architecture(
            model=config.model, latent=self.latent, image_shape=dataset.image_shape
        )
        self.objective: Objective = parts.load(parts.OBJECTIVE, config.objective).OBJECTIVE
        self._penalty = parts.load(parts.REGULARISER, config.regulariser).penalty

        networks = _build(self.architecture, config.seed)
        self.G, self.D = networks.G.to(device), networks.D.to(device)
        self.ema = EMA(self.G, config.ema_decay) if config.ema_decay else None
        betas = (config.beta1, config.beta2)
        self.G_opt, self.D_opt = (
            Adam(net.parameters(), lr, betas, config.weight_decay)
            for net, lr in ((self.G, config.g_lr), (self.D, config.d_lr))
        )

        size, seed = config.batch_size, config.seed
        self.real = RealBatches(dataset, size, seed, networks.output_range, device)
        self._z_D = Noise(self.latent, size, seed, Stream.Z_D, device)
        self._z_G = Noise(self.latent, size, seed, Stream.Z_G, device)
        self._d_updates = 0  # decides when the regulariser's turn comes

        self._metrics = torch.empty((DRAIN_STEPS, len(METRICS)), device=device)
        self._places: list[tuple[float, float]] = []  # epoch and seconds of the undrained steps
        self._drained = time.monotonic()

    @property
    def epoch(self) -> float:
        """Passes over the training images so far."""
        return self.real.epoch

    def train_step(self, nets: Nets = Nets.BOTH) -> None:
        """Make one step.

        Raises
        ------
        StudioError
            ``non-finite``, naming the quantity, the net and the step, if a loss or a gradient is
            not finite; the step then has changed nothing.
        """
        start = time.perf_counter()
        row = self._metrics[len(self._places)].fill_(math.nan)
        with self._all_or_nothing():
            _ORDERS[self.config.order](self, nets, row)
            if self.ema and nets is not Nets.D:
                self.ema.update()
        self.step += 1
        self.seconds += time.perf_counter() - start
        self._places.append((self.epoch, self.seconds))
        full = len(self._places) == DRAIN_STEPS
        if full or time.monotonic() - self._drained > DRAIN_SECONDS:
            self.drain()

    def drain(self) -> None:
        """Move the numbers of the steps since the last drain from the device to the history."""
        self._drained = time.monotonic()
        if not self._places:
            return
        metrics = self._metrics[: len(self._places)].cpu().numpy().T
        places = np.array(self._places, np.float32).T
        self.history.append(np.concatenate([metrics, places]))
        self._places.clear()

    def change(self, **live: float) -> None:
        """Change live settings (learning rates, k) from the next step on.

        Raises
        ------
        ConfigError
            If a value is out of its range; then nothing changes.
        """
        assert set(live) <= set(LIVE), live
        self.config = self.config.changed(**live)
        self.G_opt.lr, self.D_opt.lr = self.config.g_lr, self.config.d_lr

    def snapshot(self) -> Snapshot:
        """Return a frozen copy of the networks, on the CPU."""
        return Snapshot(
            run_id=self.run_id,
            step=self.step,
            architecture=self.architecture,
            G=_frozen(self.G),
            D=_frozen(self.D),
            G_ema=_frozen(self.ema.model) if self.ema else None,
        )

    def state(self) -> dict[str, Any]:
        """Return all that a resumed run needs beside its settings: tensors and numbers only."""
        self.drain()
        return {
            "step": self.step,
            "seconds": self.seconds,
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "G_ema": self.ema.model.state_dict() if self.ema else None,
            "G_opt": self.G_opt.state_dict(),
            "D_opt": self.D_opt.state_dict(),
            "counts": self._counts(),
            "history": torch.from_numpy(self.history.array()),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.step, self.seconds = int(state["step"]), float(state["seconds"])
        self.G.load_state_dict(state["G"])
        self.D.load_state_dict(state["D"])
        if self.ema:
            self.ema.model.load_state_dict(state["G_ema"])
        self.G_opt.load_state_dict(state["G_opt"])
        self.D_opt.load_state_dict(state["D_opt"])
        self._set_counts(state["counts"])
        self.history = History()
        self.history.append(state["history"].numpy())

    # The orders of a step. Each takes which nets to update and the row for the step's metrics.

    def _d_first(self, nets: Nets, row: Tensor) -> None:
        """D first, k times; G on fresh noise."""
        if nets is not Nets.G:
            for _ in range(self.config.d_steps):
                self._update_D(self._draw(self._z_D), row)
        if nets is not Nets.D:
            self._update_G(self.G(self._z_G.next()), row)

    def _d_first_shared(self, nets: Nets, row: Tensor) -> None:
        """D first, its last update on the fakes that G then scores again."""
        fake_img = self.G(self._z_G.next()) if nets is not Nets.D else self._draw(self._z_D)
        if nets is not Nets.G:
            for i in reversed(range(self.config.d_steps)):
                self._update_D(fake_img.detach() if i == 0 else self._draw(self._z_D), row)
        if nets is not Nets.D:
            self._update_G(fake_img, row)

    def _g_first_shared(self, nets: Nets, row: Tensor) -> None:
        """G first; D's first update on the same fakes, detached."""
        fake_img = self.G(self._z_G.next()) if nets is not Nets.D else self._draw(self._z_D)
        if nets is not Nets.D:
            self._update_G(fake_img, row)
        if nets is not Nets.G:
            for i in range(self.config.d_steps):
                self._update_D(fake_img.detach() if i == 0 else self._draw(self._z_D), row)

    def _simultaneous(self, nets: Nets, row: Tensor) -> None:
        """Take both gradients from one forward pass, then make both updates; D's others before."""
        if nets is not Nets.G:
            for _ in range(self.config.d_steps - 1):
                self._update_D(self._draw(self._z_D), row)
        fake_img = self.G(self._z_G.next()) if nets is not Nets.D else self._draw(self._z_D)
        updates = []
        if nets is not Nets.G and self.config.d_steps:
            updates.append((self.D_opt, self._D_gradients(fake_img.detach(), row)))
        if nets is not Nets.D:
            updates.append((self.G_opt, self._G_gradients(fake_img, row)))
        for opt, gradients in updates:
            opt.step(gradients)

    def _draw(self, noise: Noise) -> Tensor:
        """Draw images that no gradient will pass through."""
        with torch.no_grad():
            images: Tensor = self.G(noise.next())
        return images

    def _update_G(self, fake_img: Tensor, row: Tensor) -> None:
        self.G_opt.step(self._G_gradients(fake_img, row))

    def _update_D(self, fake_img: Tensor, row: Tensor) -> None:
        self.D_opt.step(self._D_gradients(fake_img, row))

    def _G_gradients(self, fake_img: Tensor, row: Tensor) -> Sequence[Tensor]:
        logits = self.D(fake_img)
        g_loss = self.objective.g_loss(logits)
        gradients = torch.autograd.grad(g_loss, list(self.G.parameters()))
        norm = nn.utils.get_total_norm(gradients)
        _record(row, g_loss=g_loss, g_grad=norm, fake_score=self.objective.score(logits).mean())
        self._require_finite("G", {"g_loss": g_loss, "gradient": norm})
        return gradients

    def _D_gradients(self, fake_img: Tensor, row: Tensor) -> Sequence[Tensor]:
        turn = self._penalty is not None and self._d_updates % self.config.penalty_every == 0
        self._d_updates += 1

        # Score real and generated images.
        real_img = self.real.next().requires_grad_(turn)
        real_logits, fake_logits = self.D(real_img), self.D(fake_img)
        real_loss = self.objective.real_loss(real_logits)
        fake_loss = self.objective.fake_loss(fake_logits)
        d_loss = real_loss + fake_loss
        if self.config.d_total == "mean":
            d_loss = d_loss / 2
        losses = {"real_loss": real_loss, "fake_loss": fake_loss}

        # Regularise; a lazy penalty weighs as much as the updates that went without.
        if turn:
            penalty = self._penalty(real_img, real_logits)
            losses["penalty"] = penalty
            d_loss = d_loss + self.config.penalty * self.config.penalty_every * penalty

        gradients = torch.autograd.grad(d_loss, list(self.D.parameters()))
        norm = nn.utils.get_total_norm(gradients)
        score = self.objective.score
        _record(
            row,
            real_loss=real_loss,
            fake_loss=fake_loss,
            d_grad=norm,
            real_score=score(real_logits).mean(),
            fake_score=score(fake_logits).mean(),
        )
        self._require_finite("D", {**losses, "gradient": norm})
        return gradients

    def _require_finite(self, net: str, quantities: dict[str, Tensor]) -> None:
        """Raise ``non-finite``, naming the first quantity that is not."""
        quantities = {name: q.detach() for name, q in quantities.items()}
        if math.isfinite(sum(quantities.values())):  # one look at the device
            return
        bad = next((n for n, q in quantities.items() if not math.isfinite(q)), "gradient")
        rate = "g_lr" if net == "G" else "d_lr"
        raise StudioError(
            "non-finite",
            step=self.step + 1,
            last=self.step,
            quantity=Phrase("gradient") if bad == "gradient" else bad,
            net=net,
            rate=rate,
            value=getattr(self.config, rate),
        )

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Undo all that a step did if it fails half-way: weights, moments, buffers and positions.

        A net whose only update is the last needs no copy, its optimiser has not run when it fails;
        nor does the average, which moves after both. BatchNorm's buffers change in every forward
        pass, those of both nets are kept.
        """
        g_first = self.config.order == "g-first-shared"
        live = [*self.G.buffers(), *self.D.buffers()]
        if g_first:
            live += self.G_opt.tensors()
        if not g_first or self.config.d_steps > 1:
            live += self.D_opt.tensors()
        with torch.no_grad():
            kept = torch._foreach_clone(live)
        counts = self._counts()
        try:
            yield
        except BaseException:
            with torch.no_grad():
                torch._foreach_copy_(live, kept)
            self._set_counts(counts)
            raise

    def _counts(self) -> dict[str, int]:
        """Return the positions in the streams of data and noise, and of the counted updates."""
        return {
            "real": self.real.count,
            "z_D": self._z_D.count,
            "z_G": self._z_G.count,
            "d_updates": self._d_updates,
            "ema_updates": self.ema.updates if self.ema else 0,
        }

    def _set_counts(self, counts: dict[str, int]) -> None:
        self.real.count = counts["real"]
        self._z_D.count = counts["z_D"]
        self._z_G.count = counts["z_G"]
        self._d_updates = counts["d_updates"]
        if self.ema:
            self.ema.updates = counts["ema_updates"]


_ORDERS = {
    "d-first": Trainer._d_first,
    "d-first-shared": Trainer._d_first_shared,
    "g-first-shared": Trainer._g_first_shared,
    "simultaneous": Trainer._simultaneous,
}


def new_run_id() -> str:
    """Return an id that no other run has."""
    return uuid.uuid4().hex[:12]


def latent_of(config: Config) -> LatentSpec:
    """Return what z consists of under `config`."""
    kind: Any = config.prior
    return LatentSpec((LatentPart(name="z", kind=kind, dim=config.latent_dim),))


def _build(architecture: Architecture, seed: int) -> Any:
    """Build the networks on the CPU, weights drawn from the seed: every device starts the same."""
    module = parts.load(parts.MODEL, architecture.model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return module.build(architecture.latent.dim, architecture.image_shape)


def _record(row: Tensor, **values: Tensor) -> None:
    for name, value in values.items():
        row[METRICS.index(name)] = value.detach()


def _frozen(net: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a network's state, on the CPU."""
    return {name: value.detach().to("cpu", copy=True) for name, value in net.state_dict().items()}
