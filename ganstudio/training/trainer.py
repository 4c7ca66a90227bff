"""The trainer: one GAN, its two optimisers, and what a step does. It alone touches the weights."""

import math
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganstudio import model_file, parts
from ganstudio.config import LIVE, Config
from ganstudio.data.batches import Dice, Noise, RealBatches
from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError, Phrase, StudioError
from ganstudio.latent.networks import (
    Architecture,
    Networks,
    Range,
    build,
    judges_alone,
    lay_channels_last,
    with_classes,
)
from ganstudio.latent.notes import Notes
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream, generator
from ganstudio.training import combinations, half, model_check, shortcuts, step_graphs
from ganstudio.training.adam import Adam
from ganstudio.training.batch_norm import share_statistics
from ganstudio.training.ema import EMA
from ganstudio.training.games import CodeGame, Game, ImageGame, Samples, info_loss
from ganstudio.training.half import Halved
from ganstudio.training.history import METRICS, History
from ganstudio.training.kept import Kept
from ganstudio.training.objectives._objective import Objective
from ganstudio.training.penalties import gradient_penalty, squared_gradient
from ganstudio.training.perturb import instance_noise, translate
from ganstudio.training.ranks import ALONE, Ranks
from ganstudio.training.step_graphs import StepGraphs

Gradients = Sequence[Tensor]

DRAIN_STEPS = 50
DRAIN_SECONDS = 0.1
_COUNTS = 1e-20  # more than this, or a logit counts for next to nothing: float32 ends at 1e-38
TRAIN_IMAGES = 5  # the generator of `Stream.SAMPLES` that draws them where a recipe limits them


class _Step:
    """What the updates of one step share.

    The row of its metrics; D's latest real batch; and, of a step that is part of a graph, whether
    something was not finite, () float32: 1 from then on.
    """

    def __init__(self, row: Tensor, failed: Tensor | None) -> None:
        self.row = row
        self.real: Samples | None = None
        self.failed = failed


class Nets(Enum):
    """Which networks a step updates."""

    BOTH = "both"
    D = "D"
    G = "G"


class Trainer:
    """Trains a generator against a discriminator.

    A step is one update of G with its k updates of D. Its numbers stay on the device; `drain`
    moves them to the history, at most every 50 steps or 100 ms. On a GPU that may make steps by
    graphs (`adapt`) a step that is not finite is noticed there: `drain` then takes the run
    back to before it, and the next `train_step` says what it was.

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
    threads : int
        Of torch, with which all steps so far were computed; 0 if that changed, is not known, or
        some steps were made in other ways (`adapt`). With as many, on the same computer, the run
        repeats bit for bit.
    G, D, E : nn.Module
        The latest networks; E, the encoder, is None but in an autoencoder, where G is the decoder.
    ema : EMA or None
        The averaged generator.
    history : History
        Every drained step's numbers.
    notes : Notes
        What a person has noted of it.
    parent : (str, int) or None
        The run that it is a branch of, and the step at which it left that.

    Parameters
    ----------
    config, dataset, device :
        What to train on what, and where.
    run_id : str, optional
        By default a new one.
    model_sha256 : str, optional
        Of the model file that ran, where the model is a file; by default of the file as it is.
    ranks : Ranks
        With whom it trains together: the batch size is that of all of them.
    precision : str
        What the networks compute in, of `config.PRECISIONS`; their weights are float32 in any case.
    """

    def __init__(
        self,
        config: Config,
        dataset: Dataset,
        device: torch.device,
        run_id: str | None = None,
        model_sha256: str | None = None,
        ranks: Ranks = ALONE,
        precision: str = half.FLOAT32,
    ) -> None:
        dataset = training_data(config, dataset)
        self.ranks = ranks
        self.precision = precision
        self.config = config
        self.dataset = dataset
        self.device = device
        self.run_id = run_id or new_run_id()
        self.step = 0
        self.seconds = 0.0
        self.threads = 0
        self.history = History()
        self.notes = Notes()
        self.parent: tuple[str, int] | None = None
        self.latent = latent_of(config, dataset.classes)
        self.architecture = Architecture(
            model=config.model,
            model_sha256=_sha256(config.model) if model_sha256 is None else model_sha256,
            latent=self.latent,
            image_shape=dataset.image_shape,
            spectral_norm=config.spectral_norm,
        )
        combinations.check(config, dataset, self.architecture.module)
        self.objective: Objective = parts.load(parts.OBJECTIVE, config.objective).OBJECTIVE

        networks = _build(self.architecture, config.seed)
        for net in (networks.G, networks.D, networks.E):
            if net is not None:
                net.to(device)
        if self.architecture.model_sha256:
            if self.trainable:  # others have been tried by RunWriter
                model_check.check(networks, self.architecture, device)
        elif device.type == "cpu":
            for net in (networks.G, networks.D, networks.E):
                if net is not None:
                    lay_channels_last(net)
        if ranks.count > 1:
            for net in (networks.G, networks.D, networks.E):
                if net is not None:
                    share_statistics(net, ranks)
        self.G, self.D, self.E = networks.G, networks.D, networks.E
        self._D_judges_alone = judges_alone(self.D)
        self.ema = EMA(self.G, config.ema_decay) if config.ema_decay else None
        betas = (config.beta1, config.beta2)
        G_weights = [*(self.E.parameters() if self.E else ()), *self.G.parameters()]
        self._D_weights: list[Tensor] = list(self.D.parameters())
        self.G_opt, self.D_opt = (
            Adam(weights, lr, betas, config.weight_decay)
            for weights, lr in ((G_weights, config.g_lr), (self._D_weights, config.d_lr))
        )
        self._halves: dict[str, Halved] = {}
        if precision == half.BFLOAT16:
            if ranks.count > 1:
                raise StudioError("no-bfloat16", reason=Phrase("ranks-need-float32"))
            networks = self._halved(networks)
        self._compute = networks
        self._G_leaves = _leaves(networks.E) + _leaves(networks.G)
        self._D_leaves = _leaves(networks.D)

        size, seed = config.batch_size, config.seed
        self.output_range: Range = networks.output_range
        self.real_range = real_range(config, networks.output_range)
        if size % ranks.count:
            raise ConfigError("batch-not-shared", field="batch_size", value=size, ranks=ranks.count)
        part = ranks.part(size)
        self.real = RealBatches(dataset, size, seed, self.real_range, device, part)
        self._z_D = Noise(self.latent, size, seed, Stream.Z_D, device, part)
        self._z_G = Noise(self.latent, size, seed, Stream.Z_G, device, part)
        self._perturbation = Dice(seed, Stream.AUGMENTATION, device)
        self._penalty_dice = Dice(seed, Stream.PENALTY, device)
        self._game: Game = (
            CodeGame(networks, self.latent, self.real, self._z_D)
            if networks.E
            else ImageGame(networks, self.latent, self.real)
        )
        self._sources = (
            *(self.real, self._z_D, self._z_G),
            *(self._perturbation, self._penalty_dice),
        )
        self._d_updates = 0  # decides, too, when the penalties' turn comes

        self._adapts = self._short = False  # whether it may take other ways, and layers do
        self._otherwise = False  # whether this step did
        self.graphs: StepGraphs | None = None
        self._metrics = torch.empty((DRAIN_STEPS, len(METRICS) + 1), device=device)  # and `failed`
        self._places: list[tuple[float, float]] = []  # epoch and seconds of the undrained steps
        self._starts: list[tuple[float, dict[str, int]]] = []  # seconds and counts before them
        self._drained = time.monotonic()

    @property
    def epoch(self) -> float:
        """Passes over the training images so far."""
        return self.real.epoch

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses that this recipe has, by their columns in the history."""
        has = {
            "real_loss": True,
            "fake_loss": not self.objective.paired,
            "g_loss": True,
            "reconstruction_loss": self.E is not None,
            "info_loss": bool(self.latent.codes),
        }
        return tuple(name for name, is_there in has.items() if is_there)

    @property
    def trainable(self) -> bool:
        """Whether its networks can be trained: those that another program trains cannot, here."""
        return bool(getattr(self.architecture.module, "TRAINABLE", True))

    def check_trainable(self) -> None:
        """Raise ``trained-elsewhere`` if its networks cannot be trained."""
        if not self.trainable:
            raise StudioError("trained-elsewhere", path=self.config.model)

    def train_step(self, nets: Nets = Nets.BOTH) -> None:
        """Make one step.

        Raises
        ------
        StudioError
            ``non-finite``, naming the quantity, the net and the step, if a loss or a gradient is
            not finite; the step then has changed nothing.
        """
        start = time.perf_counter()
        threads = torch.get_num_threads()
        if self.graphs is not None and self._places and not self.graphs.has(self._kind(nets)):
            self.drain()  # one by a graph may have failed, and this one would not know
        row, before = self._metrics[len(self._places)], (self.seconds, self._counts())
        self._otherwise = self._short
        self._set_rates()
        if self.graphs is not None and self.graphs.make(self._kind(nets), nets, row):
            self._otherwise = True
        else:
            self._advance(nets, row)
            if self.graphs is not None:
                self.graphs.made_without()
        self._starts.append(before)
        same = (self.step == 0 or self.threads == threads) and not self._otherwise
        self.threads = threads if same and self.ranks.count == 1 else 0
        self.step += 1
        self.seconds += time.perf_counter() - start
        self._places.append((self.epoch, self.seconds))
        full = len(self._places) == DRAIN_STEPS
        if full or time.monotonic() - self._drained > DRAIN_SECONDS:
            start = time.perf_counter()  # a GPU is told of a step, and makes it later
            self.drain()
            self.seconds += time.perf_counter() - start

    def _advance(self, nets: Nets, row: Tensor, failed: Tensor | None = None) -> None:
        """Make a step, and put its numbers into `row`; where it has `failed`, it undoes itself."""
        row.fill_(math.nan)
        with self._all_or_nothing() as kept:
            _ORDERS[self.config.order](self, nets, _Step(row, failed))
            if failed is not None:
                kept.put_back_where(failed)
                self._renew("G", "D", "E")
            if self.ema and nets is not Nets.D:
                self.ema.update(failed)
        row[-1] = 0.0 if failed is None else failed

    def adapt(self, allowed: bool) -> None:
        """Make steps in whatever way is the fastest from now on, rounding apart; or in one way.

        On a GPU by graphs, where they are known to do the same; on a CPU by shortcuts, and by one
        pass through D for both nets' gradients, where that will do.
        """
        if allowed is self._adapts:
            return
        self._adapts = allowed
        self.drain()
        if self.device.type == "cpu":
            of_all = (self._compute.G, self._compute.D, self._compute.E)
            every = [net for net in of_all if net is not None]
            for net in every:
                shortcuts.leave(net)
            taken = [shortcuts.take(net) for net in every] if allowed else []
            self._short = any(taken)
        self.graphs = None
        alone = self.ranks.count == 1 and not self.architecture.model_sha256
        if allowed and alone and step_graphs.can(self.device):
            nets = [net for net in (self.G, self.D, self.E) if net is not None]
            average = [self.ema.model] if self.ema else []
            whole = [*nets, *average, *self._halves.values()]
            tensors = [t for net in whole for t in (*net.parameters(), *net.buffers())]
            self.graphs = StepGraphs(
                advance=self._advance,
                tell=self._tell,
                counts=self._counts,
                set_counts=self._set_counts,
                sources=self._sources,
                weights=[weight.detach() for net in nets for weight in net.parameters()],
                state=[*tensors, *self.G_opt.tensors(), *self.D_opt.tensors()],
                columns=len(METRICS) + 1,
            )

    @property
    def without_graphs(self) -> Phrase | None:
        """Why steps are not made by graphs, where they were to be."""
        of_file = bool(self.architecture.model_sha256)
        if self._adapts and of_file and step_graphs.can(self.device):
            return Phrase("graph-of-file")
        return self.graphs.refused if self.graphs is not None else None

    def _kind(self, nets: Nets) -> tuple[object, ...]:
        """Return what tells steps apart that are not the same operations on other numbers."""
        updates = self.config.d_steps if nets is not Nets.G else 0
        every = self.config.penalty_every
        turns = [(self._d_updates + i) % every == 0 for i in range(updates)]
        return nets, updates, *(turns if self._penalised() else ())

    def _tell(self) -> None:
        """Let a graph's next step have the numbers that change from step to step."""
        for told in (self.G_opt, self.D_opt, self.ema):
            if told is not None:
                told.tell()

    def branch(self) -> None:
        """Be another run from here on, which began as this one."""
        self.parent = self.run_id, self.step
        self.run_id = new_run_id()

    def drain(self) -> int:
        """Move the numbers of the steps since the last drain from the device to the history.

        Returns
        -------
        int
            How many steps were taken back, since one by a graph was not finite.
        """
        self._drained = time.monotonic()
        made = len(self._places)
        if not made:
            return 0
        rows = self._metrics[: len(self._places)].cpu().numpy()
        if rows[:, -1].any():
            self._go_back(int(rows[:, -1].argmax()))
        if self._places:
            metrics, places = rows[: len(self._places), :-1].T, np.array(self._places, np.float32).T
            self.history.append(np.concatenate([metrics, places]))
        kept = len(self._places)
        self._places.clear()
        self._starts.clear()
        return made - kept

    def _go_back(self, place: int) -> None:
        """Be where the run was before this one of the undrained steps, which was not finite.

        Neither it nor those after it have changed anything. The next is made without a graph: it
        will say what is not finite, or will be.
        """
        assert self.graphs is not None
        self.step -= len(self._places) - place
        self.seconds, counts = self._starts[place]
        self._set_counts(counts)
        del self._places[place:]
        self.graphs.forgive()

    def change(self, **live: float) -> None:
        """Change live settings (learning rates, k) from the next step on.

        Raises
        ------
        ConfigError
            If a value is out of its range; then nothing changes.
        """
        assert set(live) <= set(LIVE), live
        self.config = self.config.changed(**live)
        self._set_rates()

    def _set_rates(self) -> None:
        """Let the learning rates be those of this step.

        After some steps they fall as 1/√step (Karras et al. 2024, arXiv 2312.02696), by which the
        weights settle, however long the run goes on.
        """
        constant, fallen = self.config.lr_constant_steps, 1.0
        if constant and self.step > constant:
            fallen = math.sqrt(constant / self.step)
        self.G_opt.lr, self.D_opt.lr = fallen * self.config.g_lr, fallen * self.config.d_lr

    def snapshot(self) -> Snapshot:
        """Return a frozen copy of the networks, on the CPU."""
        self.drain()
        return Snapshot(
            run_id=self.run_id,
            step=self.step,
            architecture=self.architecture,
            G=_frozen(self.G),
            D=_frozen(self.D),
            G_ema=_frozen(self.ema.model) if self.ema else None,
            E=_frozen(self.E) if self.E else None,
            real_range=self.real_range,
            d_updates=self._d_updates,
        )

    def state(self, *, history: bool = True) -> dict[str, Any]:
        """Return all that a resumed run needs beside its settings: tensors and plain values.

        Without its `history`, if that is kept elsewhere.
        """
        return {
            **self.networks_state(),
            "G_opt": self.G_opt.state_dict(),
            "D_opt": self.D_opt.state_dict(),
            "history": torch.from_numpy(self.history.array()) if history else None,
        }

    def networks_state(self) -> dict[str, Any]:
        """Return what the run has learned, and how far it has come: `state` without the rest."""
        self.drain()
        return {
            "step": self.step,
            "seconds": self.seconds,
            "threads": self.threads,
            "precision": self.precision,
            "G": self.G.state_dict(),
            "D": self.D.state_dict(),
            "G_ema": self.ema.model.state_dict() if self.ema else None,
            "E": self.E.state_dict() if self.E else None,
            "counts": self._counts(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned.

        Optimisers that are None begin anew; a history that is None is unknown.
        """
        self.load_networks(state)
        if state["history"] is None:
            self.history = History.unknown(self.step, self.epoch, self.seconds)
        else:
            self.history = History()
            self.history.append(state["history"].numpy())

    def load_networks(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned, but for the history, which stays as it is."""
        self.step, self.seconds = int(state["step"]), float(state["seconds"])
        self.threads = max(0, int(state.get("threads", 0)))  # older checkpoints do not know
        self.G.load_state_dict(state["G"])
        self.D.load_state_dict(state["D"])
        if self.ema:
            self.ema.model.load_state_dict(state["G_ema"])
        if self.E:
            self.E.load_state_dict(state["E"])
        self._renew("G", "D", "E")
        for optimizer, kept in ((self.G_opt, state["G_opt"]), (self.D_opt, state["D_opt"])):
            if kept is not None:
                optimizer.load_state_dict(kept)
        self._set_counts(state["counts"])

    # The orders of a step. Each takes which nets to update.

    def _d_first(self, nets: Nets, step: "_Step") -> None:
        """D first, k times; G on fresh noise."""
        if nets is not Nets.G:
            for _ in range(self.config.d_steps):
                self._update_D(self._draw(self._z_D), step)
        if nets is not Nets.D:
            self._update_G(self._game.fake(self._z_G), step)

    def _d_first_shared(self, nets: Nets, step: "_Step") -> None:
        """D first, its last update on the fakes that G then scores again."""
        fake = self._game.fake(self._z_G) if nets is not Nets.D else self._draw(self._z_D)
        if nets is not Nets.G:
            for i in reversed(range(self.config.d_steps)):
                self._update_D(fake.detached() if i == 0 else self._draw(self._z_D), step)
        if nets is not Nets.D:
            self._update_G(fake, step)

    def _g_first_shared(self, nets: Nets, step: "_Step") -> None:
        """G first; D's first update on the same fakes, detached.

        To those G's weights are nothing any more, so D's gradient is taken before G moves: a step
        that fails then has nothing to undo.
        """
        fake = self._game.fake(self._z_G) if nets is not Nets.D else self._draw(self._z_D)
        self._move(*self._gradients(nets, fake, step, "GD"), step)
        if nets is not Nets.G:
            for _ in range(self.config.d_steps - 1):
                self._update_D(self._draw(self._z_D), step)

    def _simultaneous(self, nets: Nets, step: "_Step") -> None:
        """Take both gradients from one forward pass, then make both updates; D's others before."""
        if nets is not Nets.G:
            for _ in range(self.config.d_steps - 1):
                self._update_D(self._draw(self._z_D), step)
        fake = self._game.fake(self._z_G) if nets is not Nets.D else self._draw(self._z_D)
        self._move(*self._gradients(nets, fake, step, "DG"), step)

    def _gradients(
        self, nets: Nets, fake: Samples, step: "_Step", order: str
    ) -> tuple[Gradients | None, Gradients | None]:
        """Return G's gradients and D's, taken in this order; None of a net that stays."""
        if nets is Nets.BOTH and self._one_pass_will_do(step):
            return self._gradients_by_one_pass(fake, step)
        found: dict[str, Gradients | None] = {"G": None, "D": None}
        for net in order:
            if net == "G" and nets is not Nets.D:
                found["G"] = self._G_gradients(fake, step)
            elif net == "D" and nets is not Nets.G and self.config.d_steps:
                found["D"] = self._D_gradients(fake.detached(), step)
        return found["G"], found["D"]

    def _draw(self, noise: Noise) -> Samples:
        """Draw samples that no gradient will pass through."""
        with torch.no_grad():
            return self._game.fake(noise)

    def _update_G(self, fake: Samples, step: "_Step") -> None:
        self._move(self._G_gradients(fake, step), None, step)

    def _update_D(self, fake: Samples, step: "_Step") -> None:
        self._move(None, self._D_gradients(fake, step), step)

    def _move(self, of_G: Gradients | None, of_D: Gradients | None, step: "_Step") -> None:
        """Update the weights by their gradients; of None they stay."""
        moves = ((self.G_opt, of_G), (self.D_opt, of_D))
        laid_G, laid_D = (opt.laid_out(of) if of is not None else None for opt, of in moves)
        if laid_G is not None:  # nothing below takes memory, which may run out
            self.G_opt.step(laid_G, step.failed)
            self._renew("G", "E")
        if laid_D is not None:
            self.D_opt.step(laid_D, step.failed)
            if bound := self.config.weight_clip:
                with torch.no_grad():
                    torch._foreach_clamp_min_(self._D_weights, -bound)
                    torch._foreach_clamp_max_(self._D_weights, bound)
            self._renew("D")

    def _halved(self, networks: Networks) -> Networks:
        """Return networks that compute in bfloat16 what these do."""
        named = {"G": networks.G, "D": networks.D, "E": networks.E}
        halved = {name: Halved(net, name) for name, net in named.items() if net is not None}
        self._halves = halved
        return Networks(
            G=halved["G"], D=halved["D"], E=halved.get("E"), output_range=networks.output_range
        )

    def _renew(self, *names: str) -> None:
        """Let networks that compute in bfloat16 have the weights as they are."""
        for name in names:
            if name in self._halves:
                self._halves[name].renew()

    def _judge(self, samples: Samples, x: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return D's logits, and what it says of the codes; of `x` if given instead."""
        said = self._compute.D(self._seen(samples, x))
        if said.shape[1] == 1:
            return said.flatten(), None
        return said[:, 0], said[:, 1:]

    def _judge_both(self, real: Samples, fake: Samples) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return D's logits of both, and what it says of the fakes' codes, by one forward pass."""
        said = self._compute.D(torch.cat([self._seen(real), self._seen(fake)]))
        real_said, fake_said = said.tensor_split([len(real.x)])
        return real_said[:, 0], fake_said[:, 0], fake_said[:, 1:] if said.shape[1] > 1 else None

    def _seen(self, samples: Samples, x: Tensor | None = None) -> Tensor:
        """Return what D sees of them, or of `x` instead: perturbed, with their classes."""
        x = samples.x if x is None else x
        if self.config.translation:
            share, rng = self.config.translation, self._perturbation.next()
            x = translate(x, share, self.output_range[0], rng, self.ranks)
        if self.config.instance_noise:
            sigma, rng = self.config.instance_noise, self._perturbation.next()
            x = instance_noise(x, sigma, rng, self.ranks)
        return with_classes(x, samples.classes)

    def _G_gradients(self, fake: Samples, step: "_Step") -> Gradients:
        logits, said = self._judge(fake)
        against = logits
        if self.objective.paired:
            with torch.no_grad():
                real_logits, _ = self._judge(step.real or self._game.real())
            against = logits - real_logits
        total = g_loss = self.objective.g_loss(against)
        losses = {"g_loss": g_loss}
        if fake.reconstruction_loss is not None:
            losses["reconstruction_loss"] = fake.reconstruction_loss
            share = self.config.adversarial_share
            total = share * g_loss + (1 - share) * fake.reconstruction_loss
        total = self._with_info_loss(total, fake, said, losses)
        gradients = torch.autograd.grad(total, self._G_leaves)
        losses["fake_score"] = self.objective.score(logits).mean()
        return self._agreed("G", step, gradients, losses)

    def _D_gradients(self, fake: Samples, step: "_Step") -> Gradients:
        turn = self._is_turn()
        self._d_updates += 1

        # Score real and generated samples.
        real = step.real = self._game.real()
        if turn:
            real.x.requires_grad_()
            fake.x.requires_grad_()
        if self._D_judges_alone and not turn:  # a penalty needs the way back of one kind only
            real_logits, fake_logits, said = self._judge_both(real, fake)
        else:
            (real_logits, _), (fake_logits, said) = self._judge(real), self._judge(fake)
        losses = self._d_losses(real_logits, fake_logits)
        d_loss = self._with_info_loss(self._d_total(losses), fake, said, losses)

        # Regularise; a lazy penalty weighs as much as the updates that went without.
        if turn:
            losses["penalty"] = self._penalty(real, real_logits, fake, fake_logits)
            d_loss = d_loss + self.config.penalty_every * losses["penalty"]

        gradients = torch.autograd.grad(d_loss, self._D_leaves)
        self._score(losses, real_logits, fake_logits)
        return self._agreed("D", step, gradients, losses)

    def _one_pass_will_do(self, step: "_Step") -> bool:
        """Tell whether both nets' gradients can be had by one pass of the fakes through D and back.

        That is where D judges each sample for itself, both losses are of its logits of the same
        samples, and there is time to win: a GPU spends none on products so small. No graph can hold
        it: it looks at what the logits count for.
        """
        config = self.config
        alone = self._D_judges_alone and not self.objective.paired and not self.latent.codes
        seen_once = not config.translation and not config.instance_noise and not self._is_turn()
        there = config.d_steps and self.E is None
        on_cpu = self.device.type == "cpu" and step.failed is None
        return bool(self._adapts and alone and seen_once and there and on_cpu)

    def _gradients_by_one_pass(self, fake: Samples, step: "_Step") -> tuple[Gradients, Gradients]:
        """Return both nets' gradients at their present weights, as `_one_pass_will_do`.

        On the way back from the losses to the fakes only the beginning differs: what each logit
        counts for. So the way that D's loss takes gives G's as well, times the quotient of the two,
        unless D is so sure of a fake that its logit counts for next to nothing.
        """
        self._otherwise = True
        x = fake.x.detach().requires_grad_()
        real = step.real = self._game.real()
        real_logits, fake_logits, _ = self._judge_both(real, replace(fake, x=x))
        losses = self._d_losses(real_logits, fake_logits)
        d_loss = self._d_total(losses)
        logits = fake_logits.detach().requires_grad_()
        g_loss = self.objective.g_loss(logits)
        (of_g,) = torch.autograd.grad(g_loss, logits)
        (of_d,) = torch.autograd.grad(d_loss, fake_logits, retain_graph=True)
        self._d_updates += 1
        self._score(losses, real_logits, fake_logits)
        if not bool((of_d.abs() > _COUNTS).all()):
            alone = torch.autograd.grad(d_loss, self._D_leaves)
            return self._G_gradients(fake, step), self._agreed("D", step, alone, losses)
        *of_D, of_x = torch.autograd.grad(d_loss, [*self._D_leaves, x])
        way = of_x * (of_g / of_d).reshape(-1, *[1] * (x.dim() - 1))
        of_G = torch.autograd.grad(fake.x, self._G_leaves, way)
        numbers = {"g_loss": g_loss, "fake_score": losses["fake_score"]}
        return self._agreed("G", step, of_G, numbers), self._agreed("D", step, of_D, losses)

    def _is_turn(self) -> bool:
        """Tell whether D's next update has a penalty."""
        return self._penalised() and self._d_updates % self.config.penalty_every == 0

    def _d_total(self, losses: dict[str, Tensor]) -> Tensor:
        """Return what D minimises, penalties and codes apart."""
        first, *others = losses.values()
        d_loss = sum(others, start=first)
        return d_loss / len(losses) if self.config.d_total == "mean" else d_loss

    def _score(self, losses: dict[str, Tensor], real_logits: Tensor, fake_logits: Tensor) -> None:
        score = self.objective.score
        losses["real_score"] = score(real_logits).mean()
        losses["fake_score"] = score(fake_logits).mean()

    def _agreed(
        self, net: str, step: "_Step", gradients: Gradients, numbers: dict[str, Tensor]
    ) -> Gradients:
        """Return the gradients of all ranks' batch, once it is known that they are finite.

        They and the numbers, of which the history has its own, are means over the ranks.
        """
        if self._halves:
            gradients = [gradient.to(torch.float32) for gradient in gradients]
        if self.ranks.count > 1:
            *gradients, means = self.ranks.mean([*gradients, torch.stack([*numbers.values()])])
            numbers = dict(zip(numbers, means, strict=True))
        numbers["gradient"] = _norm(gradients)
        shown = {name: value for name, value in numbers.items() if name in METRICS}
        _record(step.row, **shown, **{f"{net.lower()}_grad": numbers["gradient"]})
        losses = {n: q.detach() for n, q in numbers.items() if not n.endswith("_score")}
        total = torch.stack([*losses.values()]).sum()
        if step.failed is not None:
            bad = (~torch.isfinite(total)).to(step.failed.dtype)
            torch.maximum(step.failed, bad, out=step.failed)
        elif not math.isfinite(total):  # one look at the device
            raise self._not_finite(net, losses, gradients)
        return gradients

    def _d_losses(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        objective = self.objective
        if objective.fake_loss is None:
            return {"real_loss": objective.real_loss(real_logits - fake_logits)}
        return {
            "real_loss": objective.real_loss(real_logits),
            "fake_loss": objective.fake_loss(fake_logits),
        }

    def _with_info_loss(
        self, loss: Tensor, fake: Samples, said: Tensor | None, losses: dict[str, Tensor]
    ) -> Tensor:
        """Add what it costs D and G alike that D does not find the codes in the images."""
        if said is None or fake.z is None:
            return loss
        losses["info_loss"] = info_loss(self.latent, fake.z, said)
        return loss + self.config.info_weight * losses["info_loss"]

    def _penalised(self) -> bool:
        config = self.config
        return bool(config.r1 or config.r2 or config.gradient_penalty)

    def _penalty(
        self, real: Samples, real_logits: Tensor, fake: Samples, fake_logits: Tensor
    ) -> Tensor:
        """Return the weighted sum of the penalties on D's gradient."""
        config, terms = self.config, []
        if config.r1:
            terms.append(config.r1 * squared_gradient(real.x, real_logits))
        if config.r2:
            terms.append(config.r2 * squared_gradient(fake.x, fake_logits))
        if config.gradient_penalty:
            rng = self._penalty_dice.next()
            rows = self.ranks.rows(len(real.x))
            share = self.ranks.mine(torch.rand(rows, device=self.device, generator=rng))
            share = share.to(real.x.dtype)
            between = gradient_penalty(
                lambda x: self._judge(real, x)[0], real.x.detach(), fake.x.detach(), share
            )
            terms.append(config.gradient_penalty * between)
        return torch.stack(terms).sum()

    def _not_finite(
        self, net: str, quantities: dict[str, Tensor], gradients: Gradients
    ) -> StudioError:
        """Return ``non-finite``, naming the first quantity that is not."""
        bad: str | Phrase
        bad = next((n for n, q in quantities.items() if not math.isfinite(q)), "gradient")
        if bad == "gradient":
            bad = self._gradient_in(net, gradients)
        rate = "g_lr" if net == "G" else "d_lr"
        return StudioError(
            "non-finite",
            step=self.step + 1,
            last=self.step,
            quantity=bad,
            net=net,
            rate=rate,
            value=getattr(self.config, rate),
        )

    def _gradient_in(self, net: str, gradients: Gradients) -> Phrase:
        """Name the first tensor whose gradient is not finite, or too large to be squared."""
        nets = (("E.", self.E), ("", self.G)) if net == "G" else (("", self.D),)
        names = [prefix + name for prefix, of in nets if of for name, _ in of.named_parameters()]
        norms = torch.stack(torch._foreach_norm(list(gradients)))
        # of several that only together are too large, the largest
        place = int(norms.nan_to_num(nan=math.inf).argmax())
        shape = " × ".join(map(str, gradients[place].shape))
        return Phrase("gradient-in", name=names[place], shape=shape)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[Kept]:
        """Undo all that a step did if it fails half-way: weights, moments, buffers and positions.

        A net that moves once, after all gradients were taken, needs no copy, nor does the average,
        which moves last. BatchNorm's buffers change in every forward pass, those of all nets are
        kept.
        """
        order, several = self.config.order, self.config.d_steps > 1
        nets = [net for net in (self.G, self.D, self.E) if net is not None]
        moved = []
        if several and order == "g-first-shared":
            moved += self.G_opt.tensors()
        if several or order in {"d-first", "d-first-shared"}:
            moved += self.D_opt.tensors()
        kept = Kept(moved, [buffer for net in nets for buffer in net.buffers()])
        counts = self._counts()
        try:
            yield kept
        except BaseException:
            kept.put_back()
            self._renew("G", "D", "E")
            self._set_counts(counts)
            raise

    def _counts(self) -> dict[str, int]:
        """Return the positions in the streams of data and noise, and of the counted updates."""
        return {
            "real": self.real.count,
            "z_D": self._z_D.count,
            "z_G": self._z_G.count,
            "perturbation": self._perturbation.count,
            "penalty": self._penalty_dice.count,
            "d_updates": self._d_updates,
            "ema_updates": self.ema.updates if self.ema else 0,
        }

    def _set_counts(self, counts: dict[str, int]) -> None:
        self.real.count = counts["real"]
        self._z_D.count = counts["z_D"]
        self._z_G.count = counts["z_G"]
        self._perturbation.count = counts.get("perturbation", 0)  # not in version 1
        self._penalty_dice.count = counts.get("penalty", 0)
        self._d_updates = counts["d_updates"]
        if self.ema:
            self.ema.updates = counts["ema_updates"]


_ORDERS = {
    "d-first": Trainer._d_first,
    "d-first-shared": Trainer._d_first_shared,
    "g-first-shared": Trainer._g_first_shared,
    "simultaneous": Trainer._simultaneous,
}


def _sha256(model: str) -> str:
    """Return the hash of a model file as it is now; "" for a built-in model."""
    if not model_file.is_model_file(model):
        return ""
    try:
        return model_file.read(Path(model)).sha256
    except StudioError:  # it was another computer's
        raise StudioError("model-file-needed", file=model) from None


def new_run_id() -> str:
    """Return an id that no other run has."""
    return uuid.uuid4().hex[:12]


def training_data(config: Config, dataset: Dataset) -> Dataset:
    """Return the dataset with the training images that the settings leave of it."""
    order = generator(config.seed, Stream.SAMPLES, TRAIN_IMAGES)
    return dataset.with_train_images(config.train_images, order)


def latent_of(config: Config, classes: int) -> LatentSpec:
    """Return what z consists of under `config`, on a dataset of so many classes."""
    kind: Any = config.prior
    found = [LatentPart(name="z", kind=kind, dim=config.latent_dim)]
    if config.conditional:
        found.append(LatentPart(name="class", kind="one-hot", dim=classes, role="class"))
    if config.code_choices:
        part = LatentPart(name="choice", kind="one-hot", dim=config.code_choices, role="code")
        found.append(part)
    if config.continuous_codes:
        part = LatentPart(name="code", kind="uniform", dim=config.continuous_codes, role="code")
        found.append(part)
    return LatentSpec(tuple(found))


def real_range(config: Config, output_range: Range) -> Range:
    """Return the range of the real images that D sees."""
    fixed = {"[-1, 1]": (-1.0, 1.0), "[0, 1]": (0.0, 1.0)}
    return fixed.get(config.data_range, output_range)


def _build(architecture: Architecture, seed: int) -> Networks:
    """Build the networks on the CPU, weights drawn from the seed: every device starts the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(architecture)


def _leaves(net: nn.Module | None) -> list[Tensor]:
    """Return what gradients are to be taken of."""
    if net is None:
        return []
    return list(net.leaves if isinstance(net, Halved) else net.parameters())


def _record(row: Tensor, **values: Tensor) -> None:
    numbers = torch.stack([value.detach() for value in values.values()])
    row[_columns(tuple(values), row.device)] = numbers.to(row.dtype)


@cache
def _columns(names: tuple[str, ...], device: torch.device) -> Tensor:
    return torch.tensor([METRICS.index(name) for name in names], device=device)


def _norm(gradients: Gradients) -> Tensor:
    """Return the norm of all of them together."""
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(gradients))))
    return norm


def _frozen(net: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a network's state, on the CPU."""
    return {name: value.detach().to("cpu", copy=True) for name, value in net.state_dict().items()}
