"""The trainer: one GAN, how far it has come, and its steps. It alone touches the weights."""

import math
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganstudio import model_file, parts
from ganstudio.config import LIVE, Config, rates_fallen
from ganstudio.data.batches import Dice, Noise, RealBatches
from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError, Phrase, StudioError
from ganstudio.latent.networks import (
    Architecture,
    Networks,
    Range,
    build,
    drawing_from,
    lay_channels_last,
)
from ganstudio.latent.notes import Notes
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import LatentPart, LatentSpec, Sampled, Stream, generator
from ganstudio.training import combinations, half, model_check, shortcuts, step_graphs
from ganstudio.training.adam import Adam
from ganstudio.training.batch_norm import share_statistics
from ganstudio.training.ema import EMA
from ganstudio.training.games import CodeGame, Game, ImageGame
from ganstudio.training.gradients import Step, StepGradients
from ganstudio.training.half import Halved
from ganstudio.training.health import Diagnosis
from ganstudio.training.history import METRICS, History
from ganstudio.training.kept import Kept
from ganstudio.training.objectives._objective import Objective
from ganstudio.training.orders import Nets, Updates
from ganstudio.training.ranks import ALONE, Ranks
from ganstudio.training.step_graphs import StepGraphs

DRAIN_STEPS = 50
DRAIN_SECONDS = 0.1


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
    diagnoses : tuple of Diagnosis
        What it was called by those who look at its health.
    untold : frozenset of str
        Live settings that are not known, of a run that another program trains.
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
        self.untold: frozenset[str] = frozenset()
        self.diagnoses: tuple[Diagnosis, ...] = ()
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
        self.ema = EMA(self.G, config.ema_decay) if config.ema_decay else None
        betas = (config.beta1, config.beta2)
        G_weights = [*(self.E.parameters() if self.E else ()), *self.G.parameters()]
        self.G_opt, self.D_opt = (
            Adam(weights, lr, betas, config.weight_decay)
            for weights, lr in ((G_weights, config.g_lr), (self.D.parameters(), config.d_lr))
        )
        if precision == half.BFLOAT16 and ranks.count > 1:
            raise StudioError("no-bfloat16", reason=Phrase("ranks-need-float32"))
        self._compute = half.twins(networks) if precision == half.BFLOAT16 else networks

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
            CodeGame(self._compute, self.latent, self.real, self._z_D)
            if networks.E
            else ImageGame(self._compute, self.latent, self.real)
        )
        self.gradients = StepGradients(
            networks=networks,
            compute=self._compute,
            game=self._game,
            objective=parts.load(parts.OBJECTIVE, config.objective).OBJECTIVE,
            latent=self.latent,
            perturbation=self._perturbation,
            penalty_dice=self._penalty_dice,
            ranks=ranks,
        )
        self.updates = Updates(
            gradients=self.gradients,
            game=self._game,
            z_G=self._z_G,
            z_D=self._z_D,
            G_opt=self.G_opt,
            D_opt=self.D_opt,
            D=self.D,
            renew=self._renew,
        )
        self._sources = (
            *(self.real, self._z_D, self._z_G),
            *(self._perturbation, self._penalty_dice),
        )

        self._adapts = self._layers_short = False  # whether it may take other ways, and layers do
        self._otherwise = False  # whether this step did
        self.graphs: StepGraphs | None = None
        self._metrics = torch.empty((DRAIN_STEPS, len(METRICS) + 1), device=device)  # and `failed`
        self._places: list[tuple[float, float]] = []  # epoch and seconds of the undrained steps
        self._starts: list[tuple[float, dict[str, int]]] = []  # seconds and counts before them
        self._drained = time.monotonic()

    @property
    def objective(self) -> Objective:
        """What the losses are of D's logits."""
        return self.gradients.objective

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
        self._otherwise = self._layers_short
        self._set_rates()
        if self.graphs is None:
            self._advance(nets, row)
        elif self.graphs.make(self._kind(nets), nets, row):
            self._otherwise = True
        else:
            self.graphs.make_without(nets, row)
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
        with self._random_layers(), self._all_or_nothing() as kept:
            step = Step(self.config, self.step + 1, row, failed)
            self.updates.make(nets, step)
            self._otherwise |= step.otherwise
            if failed is not None:
                kept.put_back_where(failed)
                self._renew("G", "D", "E")
            if self.ema and nets is not Nets.D:
                self.ema.update(failed)
        row[-1] = 0.0 if failed is None else failed

    @contextmanager
    def _random_layers(self) -> Iterator[None]:
        """Have layers that draw, as dropout does, draw by the run's seed and the step alone.

        They know torch's own generator, which all runs share. No built-in model has any.
        """
        if not self.architecture.model_sha256:
            yield
            return
        rng = generator(self.config.seed, Stream.LAYERS, self.step)
        each = rng.integers(1 << 62, size=self.ranks.count)
        with drawing_from(int(each[self.ranks.rank]), self.device):
            yield

    def adapt(self, allowed: bool) -> None:
        """Make steps in whatever way is the fastest from now on, rounding apart; or in one way.

        On a GPU by graphs, where they are known to do the same; on a CPU by shortcuts, and by one
        pass through a net for two, where that will do: that is no less work for a GPU.
        """
        if allowed is self._adapts:
            return
        self._adapts = allowed
        self.drain()
        compute = self._compute
        every = [net for net in (compute.G, compute.D, compute.E) if net is not None]
        for net in every:
            shortcuts.leave(net)
        self.graphs, self._layers_short, self.updates.short = None, False, False
        if not allowed or self.ranks.count > 1:  # each would choose for itself
            return
        if not step_graphs.can(self.device):
            if self.device.type == "cpu":
                taken = [shortcuts.take(net) for net in every]
                self._layers_short, self.updates.short = any(taken), True
        elif not self.architecture.model_sha256:
            nets = [net for net in (self.G, self.D, self.E) if net is not None]
            average = [self.ema.model] if self.ema else []
            whole = [*nets, *average, *every]
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
        return nets, *self.gradients.turns(updates, self.config)

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
        """Let the learning rates be those of this step."""
        fallen = rates_fallen(self.config.lr_constant_steps, self.step)
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
            d_updates=self.gradients.d_updates,
            device=self.device,
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

    def _renew(self, *names: str) -> None:
        """Let networks that compute in bfloat16 have the weights as they are."""
        for name in names:
            net = getattr(self._compute, name)
            if isinstance(net, Halved):
                net.renew()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[Kept]:
        """Undo all that a step did if it fails half-way: weights, moments, buffers and positions.

        A net that moves once, after all gradients were taken, needs no copy, nor does the average,
        which moves last: both only write where there is memory already, which does not fail.
        BatchNorm's buffers change in every forward pass, those of all nets are kept.
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
            "d_updates": self.gradients.d_updates,
            "ema_updates": self.ema.updates if self.ema else 0,
        }

    def _set_counts(self, counts: dict[str, int]) -> None:
        self.real.count = counts["real"]
        self._z_D.count = counts["z_D"]
        self._z_G.count = counts["z_G"]
        self._perturbation.count = counts.get("perturbation", 0)  # not in version 1
        self._penalty_dice.count = counts.get("penalty", 0)
        self.gradients.d_updates = counts["d_updates"]
        if self.ema:
            self.ema.updates = counts["ema_updates"]


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
    order = generator(config.seed, Stream.SAMPLES, Sampled.TRAIN_IMAGES)
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
    with drawing_from(seed, torch.device("cpu")):
        return build(architecture)


def _frozen(net: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a network's state, on the CPU."""
    return {name: value.detach().to("cpu", copy=True) for name, value in net.state_dict().items()}
