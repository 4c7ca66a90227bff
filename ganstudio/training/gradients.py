"""What G and D lose in a step, and the gradients of that."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn

from ganstudio.config import Config
from ganstudio.data.batches import Dice
from ganstudio.errors import Phrase, StudioError
from ganstudio.latent.networks import Networks, each_alone, tied, with_classes
from ganstudio.latent.spec import LatentSpec
from ganstudio.training.games import Game, Samples, info_loss
from ganstudio.training.half import Halved
from ganstudio.training.history import METRICS
from ganstudio.training.objectives._objective import Objective
from ganstudio.training.penalties import gradient_penalty, squared_gradient
from ganstudio.training.perturb import instance_noise, translate
from ganstudio.training.ranks import Ranks

Tensors = Sequence[Tensor]

_COUNTS = 1e-20  # more than this, or a logit counts for next to nothing: float32 ends at 1e-38


@dataclass(slots=True)
class Step:
    """What the updates of one step share.

    Attributes
    ----------
    config : Config
        The settings as they are in it.
    number : int
        Its own, from 1.
    row : (columns,) float32 Tensor
        Its metrics.
    failed : () float32 Tensor or None
        Of a step that is part of a graph: whether something was not finite, 1 from then on.
    real : Samples or None
        D's latest real batch.
    otherwise : bool
        Whether a part was computed in another way than by default: the same but for rounding.
    """

    config: Config
    number: int
    row: Tensor
    failed: Tensor | None = None
    real: Samples | None = None
    otherwise: bool = False


class StepGradients:
    """The gradients of both nets' losses.

    Attributes
    ----------
    objective : Objective
        What the losses are of D's logits.
    d_updates : int
        Gradients of D's so far: they decide when the penalties' turn comes.

    Parameters
    ----------
    networks : Networks
        Whose weights they are of.
    compute : Networks
        What computes with these: themselves, or their twins in bfloat16.
    game : Game
        Where samples come from.
    objective, latent :
        What is lost, and what z consists of.
    perturbation, penalty_dice : Dice
        What D's images are perturbed by, and the places where a penalty looks.
    ranks : Ranks
        Who shares the batch.
    """

    def __init__(
        self,
        *,
        networks: Networks,
        compute: Networks,
        game: Game,
        objective: Objective,
        latent: LatentSpec,
        perturbation: Dice,
        penalty_dice: Dice,
        ranks: Ranks,
    ) -> None:
        self.objective = objective
        self.d_updates = 0
        self._networks = networks
        self._D = compute.D
        self._of_G = _leaves(compute.E) + _leaves(compute.G)
        self._of_D = _leaves(compute.D)
        self._D_judges_alone = each_alone(networks.D)
        others = [net for net in (networks.G, networks.E) if net is not None]
        self._tied = any(tied(net, networks.D) for net in others)
        self._game, self._latent, self._ranks = game, latent, ranks
        self._perturbation, self._penalty_dice = perturbation, penalty_dice

    def of_G(self, fake: Samples, step: Step) -> Tensors:
        """Return G's gradients, and the encoder's before them, by its samples.

        Raises
        ------
        StudioError
            ``non-finite``, as all of these methods do, unless the step has `failed`.
        """
        logits, said = self._judge(fake, step)
        against = logits
        if self.objective.paired:
            with torch.no_grad():
                real_logits, _ = self._judge(step.real or self._game.real(), step)
            against = logits - real_logits
        total = g_loss = self.objective.g_loss(against)
        losses = {"g_loss": g_loss}
        if fake.reconstruction_loss is not None:
            losses["reconstruction_loss"] = fake.reconstruction_loss
            share = step.config.adversarial_share
            total = share * g_loss + (1 - share) * fake.reconstruction_loss
        total = self._with_info_loss(total, fake, said, losses, step)
        gradients = torch.autograd.grad(total, self._of_G)
        losses["fake_score"] = self.objective.score(logits).mean()
        return self._agreed("G", step, gradients, losses)

    def of_D(self, fake: Samples, step: Step) -> Tensors:
        """Return D's gradients by the next real samples and these, which lead back to nothing."""
        turn = self._is_turn(step.config)
        self.d_updates += 1

        # Score real and generated samples.
        real = step.real = self._game.real()
        if turn:
            real.x.requires_grad_()
            fake.x.requires_grad_()
        if self._D_judges_alone and not turn:  # a penalty needs the way back of one kind only
            real_logits, fake_logits, said = self._judge_both(real, fake, step)
        else:
            (real_logits, _), (fake_logits, said) = (self._judge(x, step) for x in (real, fake))
        losses = self._d_losses(real_logits, fake_logits)
        d_loss = self._with_info_loss(_d_total(losses, step), fake, said, losses, step)

        # Regularise; a lazy penalty weighs as much as the updates that went without.
        if turn:
            losses["penalty"] = self._penalty(real, real_logits, fake, fake_logits, step)
            d_loss = d_loss + step.config.penalty_every * losses["penalty"]

        gradients = torch.autograd.grad(d_loss, self._of_D)
        self._score(losses, real_logits, fake_logits)
        return self._agreed("D", step, gradients, losses)

    def one_pass_will_do(self, config: Config) -> bool:
        """Tell whether both nets' gradients can be had by one pass of the fakes through D and back.

        That is where D judges each sample for itself, and what both lose by it is of its logits of
        the same samples.
        """
        apart = self._D_judges_alone and not self._tied
        alone = apart and not self.objective.paired and not self._latent.codes
        seen_once = not (config.translation or config.instance_noise or self._is_turn(config))
        return bool(alone and seen_once and config.d_steps)

    def by_one_pass(self, fake: Samples, step: Step, order: str) -> tuple[Tensors, Tensors]:
        """Return both nets' gradients at their present weights, where `one_pass_will_do`.

        On the way back from the losses to the fakes only the beginning differs: what each logit
        counts for. So the way that D's loss takes gives G's as well, times the quotient of the two,
        unless D is so sure of a fake that its logit counts for next to nothing. An autoencoder's
        reconstruction goes its own way. What is not finite is told in the `order` of the nets.
        """
        step.otherwise = True
        x = fake.x.detach().requires_grad_()
        real = step.real = self._game.real()
        real_logits, fake_logits, _ = self._judge_both(real, replace(fake, x=x), step)
        losses = self._d_losses(real_logits, fake_logits)
        d_loss = _d_total(losses, step)
        logits = fake_logits.detach().requires_grad_()
        g_loss = self.objective.g_loss(logits)
        (of_g,) = torch.autograd.grad(g_loss, logits)
        (of_d,) = torch.autograd.grad(d_loss, fake_logits, retain_graph=True)
        self.d_updates += 1
        self._score(losses, real_logits, fake_logits)
        if not bool((of_d.abs() > _COUNTS).all()):
            alone = torch.autograd.grad(d_loss, self._of_D)
            return _in_order(
                order,
                G=lambda: self.of_G(fake, step),
                D=lambda: self._agreed("D", step, alone, losses),
            )
        *of_D, of_x = torch.autograd.grad(d_loss, [*self._of_D, x])
        way = of_x * (of_g / of_d).reshape(-1, *[1] * (x.dim() - 1))
        numbers = {"g_loss": g_loss}
        if (reconstruction_loss := fake.reconstruction_loss) is None:
            of_G = torch.autograd.grad(fake.x, self._of_G, way)
        else:
            numbers["reconstruction_loss"] = reconstruction_loss
            share = step.config.adversarial_share
            ways = [share * way, (1 - share) * torch.ones_like(reconstruction_loss)]
            of_G = torch.autograd.grad([fake.x, reconstruction_loss], self._of_G, ways)
        numbers["fake_score"] = losses["fake_score"]
        return _in_order(
            order,
            G=lambda: self._agreed("G", step, of_G, numbers),
            D=lambda: self._agreed("D", step, of_D, losses),
        )

    def turns(self, updates: int, config: Config) -> tuple[bool, ...]:
        """Tell of each of D's next updates whether it has a penalty."""
        next_ones = range(self.d_updates, self.d_updates + updates)
        return tuple(_penalised(config) and i % config.penalty_every == 0 for i in next_ones)

    def _is_turn(self, config: Config) -> bool:
        return self.turns(1, config)[0]

    # What D says

    def _judge(
        self, samples: Samples, step: Step, x: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return D's logits, and what it says of the codes; of `x` if given instead."""
        said = self._D(self._seen(samples, step, x))
        if said.shape[1] == 1:
            return said.flatten(), None
        return said[:, 0], said[:, 1:]

    def _judge_both(
        self, real: Samples, fake: Samples, step: Step
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return D's logits of both, and what it says of the fakes' codes, by one forward pass."""
        said = self._D(torch.cat([self._seen(real, step), self._seen(fake, step)]))
        real_said, fake_said = said.tensor_split([len(real.x)])
        return real_said[:, 0], fake_said[:, 0], fake_said[:, 1:] if said.shape[1] > 1 else None

    def _seen(self, samples: Samples, step: Step, x: Tensor | None = None) -> Tensor:
        """Return what D sees of them, or of `x` instead: perturbed, with their classes."""
        x = samples.x if x is None else x
        if step.config.translation:
            share, rng = step.config.translation, self._perturbation.next()
            x = translate(x, share, self._networks.output_range[0], rng, self._ranks)
        if step.config.instance_noise:
            sigma, rng = step.config.instance_noise, self._perturbation.next()
            x = instance_noise(x, sigma, rng, self._ranks)
        return with_classes(x, samples.classes)

    # What is lost by it

    def _d_losses(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, Tensor]:
        objective = self.objective
        if objective.fake_loss is None:
            return {"real_loss": objective.real_loss(real_logits - fake_logits)}
        return {
            "real_loss": objective.real_loss(real_logits),
            "fake_loss": objective.fake_loss(fake_logits),
        }

    def _with_info_loss(
        self,
        loss: Tensor,
        fake: Samples,
        said: Tensor | None,
        losses: dict[str, Tensor],
        step: Step,
    ) -> Tensor:
        """Add what it costs D and G alike that D does not find the codes in the images."""
        if said is None or fake.z is None:
            return loss
        losses["info_loss"] = info_loss(self._latent, fake.z, said)
        return loss + step.config.info_weight * losses["info_loss"]

    def _penalty(
        self,
        real: Samples,
        real_logits: Tensor,
        fake: Samples,
        fake_logits: Tensor,
        step: Step,
    ) -> Tensor:
        """Return the weighted sum of the penalties on D's gradient."""
        config, terms = step.config, []
        if config.r1:
            terms.append(config.r1 * squared_gradient(real.x, real_logits))
        if config.r2:
            terms.append(config.r2 * squared_gradient(fake.x, fake_logits))
        if config.gradient_penalty:
            rng = self._penalty_dice.next()
            rows = self._ranks.rows(len(real.x))
            share = self._ranks.mine(torch.rand(rows, device=real.x.device, generator=rng))
            share = share.to(real.x.dtype)
            between = gradient_penalty(
                lambda x: self._judge(real, step, x)[0], real.x.detach(), fake.x.detach(), share
            )
            terms.append(config.gradient_penalty * between)
        return torch.stack(terms).sum()

    def _score(self, losses: dict[str, Tensor], real_logits: Tensor, fake_logits: Tensor) -> None:
        score = self.objective.score
        losses["real_score"] = score(real_logits).mean()
        losses["fake_score"] = score(fake_logits).mean()

    # Whether it is finite

    def _agreed(
        self, net: str, step: Step, gradients: Tensors, numbers: dict[str, Tensor]
    ) -> Tensors:
        """Return the gradients of all ranks' batch, once it is known that they are finite.

        They and the numbers, of which the history has its own, are means over the ranks.
        """
        brief = torch.bfloat16  # of the layers that compute in it
        gradients = [g.to(torch.float32) if g.dtype == brief else g for g in gradients]
        if self._ranks.count > 1:
            *gradients, means = self._ranks.mean([*gradients, torch.stack([*numbers.values()])])
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
            raise self._not_finite(net, losses, gradients, step)
        return gradients

    def _not_finite(
        self, net: str, quantities: dict[str, Tensor], gradients: Tensors, step: Step
    ) -> StudioError:
        """Return ``non-finite``, naming the first quantity that is not."""
        bad: str | Phrase
        bad = next((n for n, q in quantities.items() if not math.isfinite(q)), "gradient")
        if bad == "gradient":
            bad = self._gradient_in(net, gradients)
        rate = "g_lr" if net == "G" else "d_lr"
        return StudioError(
            "non-finite",
            step=step.number,
            last=step.number - 1,
            quantity=bad,
            net=net,
            rate=rate,
            value=getattr(step.config, rate),
        )

    def _gradient_in(self, net: str, gradients: Tensors) -> Phrase:
        """Name the first tensor whose gradient is not finite, or too large to be squared."""
        G, D, E = self._networks.G, self._networks.D, self._networks.E
        nets = (("E.", E), ("", G)) if net == "G" else (("", D),)
        names = [prefix + name for prefix, of in nets if of for name, _ in of.named_parameters()]
        norms = torch.stack(torch._foreach_norm(list(gradients)))
        # of several that only together are too large, the largest
        place = int(norms.nan_to_num(nan=math.inf).argmax())
        shape = " × ".join(map(str, gradients[place].shape))
        return Phrase("gradient-in", name=names[place], shape=shape)


def _in_order(
    order: str, *, G: Callable[[], Tensors], D: Callable[[], Tensors]
) -> tuple[Tensors, Tensors]:
    found = {net: {"G": G, "D": D}[net]() for net in order}
    return found["G"], found["D"]


def _penalised(config: Config) -> bool:
    return bool(config.r1 or config.r2 or config.gradient_penalty)


def _d_total(losses: dict[str, Tensor], step: Step) -> Tensor:
    """Return what D minimises, penalties and codes apart."""
    first, *others = losses.values()
    d_loss = sum(others, start=first)
    return d_loss / len(losses) if step.config.d_total == "mean" else d_loss


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


def _norm(gradients: Tensors) -> Tensor:
    """Return the norm of all of them together."""
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(gradients))))
    return norm
