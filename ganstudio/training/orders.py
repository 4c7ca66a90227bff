"""The orders of a step: which net moves when, on which samples."""

from collections.abc import Callable
from enum import Enum

import torch
from torch import Tensor, nn

from ganstudio.data.batches import Noise
from ganstudio.training.adam import Adam
from ganstudio.training.games import Game, Samples
from ganstudio.training.gradients import Step, StepGradients, Tensors


class Nets(Enum):
    """Which networks a step updates."""

    BOTH = "both"
    D = "D"
    G = "G"


class Updates:
    """Makes the updates of a step.

    Attributes
    ----------
    short : bool
        Whether one pass through a net may do for two: the same but for rounding, in less time.

    Parameters
    ----------
    gradients, game :
        By what the weights move, and where samples come from.
    z_G, z_D : Noise
        Of the samples that G moves by, and of those that only D does.
    G_opt, D_opt : Adam
        What moves them.
    D : nn.Module
        Whose weights may be clipped.
    renew : callable
        Told the names of nets whose weights have changed.
    """

    def __init__(
        self,
        *,
        gradients: StepGradients,
        game: Game,
        z_G: Noise,
        z_D: Noise,
        G_opt: Adam,
        D_opt: Adam,
        D: nn.Module,
        renew: Callable[..., None],
    ) -> None:
        self.short = False
        self._gradients, self._game = gradients, game
        self._z_G, self._z_D = z_G, z_D
        self._G_opt, self._D_opt, self._renew = G_opt, D_opt, renew
        self._D_weights: list[Tensor] = list(D.parameters())

    def make(self, nets: Nets, step: Step) -> None:
        """Make those of the nets, in the order that the recipe asks for."""
        _ORDERS[step.config.order](self, nets, step)

    def _d_first(self, nets: Nets, step: Step) -> None:
        """D first, k times; G on fresh noise."""
        once = self.short and nets is Nets.BOTH and step.config.d_steps == 1
        if once and (both := self._game.fakes(self._z_D, self._z_G)):
            step.otherwise = True
            free, fake = both
            self._update_D(free, step)
            self._update_G(fake, step)
            return
        if nets is not Nets.G:
            for _ in range(step.config.d_steps):
                self._update_D(self._draw(self._z_D), step)
        if nets is not Nets.D:
            self._update_G(self._game.fake(self._z_G), step)

    def _d_first_shared(self, nets: Nets, step: Step) -> None:
        """D first, its last update on the fakes that G then scores again."""
        fake = self._game.fake(self._z_G) if nets is not Nets.D else self._draw(self._z_D)
        if nets is not Nets.G:
            for i in reversed(range(step.config.d_steps)):
                self._update_D(fake.detached() if i == 0 else self._draw(self._z_D), step)
        if nets is not Nets.D:
            self._update_G(fake, step)

    def _g_first_shared(self, nets: Nets, step: Step) -> None:
        """G first; D's first update on the same fakes, detached.

        To those G's weights are nothing any more, so D's gradient is taken before G moves: a step
        that fails then has nothing to undo.
        """
        fake = self._game.fake(self._z_G) if nets is not Nets.D else self._draw(self._z_D)
        self._move(*self._both(nets, fake, step, "GD"), step)
        if nets is not Nets.G:
            for _ in range(step.config.d_steps - 1):
                self._update_D(self._draw(self._z_D), step)

    def _simultaneous(self, nets: Nets, step: Step) -> None:
        """Take both gradients from one forward pass, then make both updates; D's others before."""
        if nets is not Nets.G:
            for _ in range(step.config.d_steps - 1):
                self._update_D(self._draw(self._z_D), step)
        fake = self._game.fake(self._z_G) if nets is not Nets.D else self._draw(self._z_D)
        self._move(*self._both(nets, fake, step, "DG"), step)

    def _both(
        self, nets: Nets, fake: Samples, step: Step, order: str
    ) -> tuple[Tensors | None, Tensors | None]:
        """Return G's gradients and D's, taken in this order; None of a net that stays."""
        both = self.short and nets is Nets.BOTH
        if both and self._gradients.one_pass_will_do(step.config):
            return self._gradients.by_one_pass(fake, step, order)
        found: dict[str, Tensors | None] = {"G": None, "D": None}
        for net in order:
            if net == "G" and nets is not Nets.D:
                found["G"] = self._gradients.of_G(fake, step)
            elif net == "D" and nets is not Nets.G and step.config.d_steps:
                found["D"] = self._gradients.of_D(fake.detached(), step)
        return found["G"], found["D"]

    def _draw(self, noise: Noise) -> Samples:
        """Draw samples that no gradient will pass through."""
        with torch.no_grad():
            return self._game.fake(noise)

    def _update_G(self, fake: Samples, step: Step) -> None:
        self._move(self._gradients.of_G(fake, step), None, step)

    def _update_D(self, fake: Samples, step: Step) -> None:
        self._move(None, self._gradients.of_D(fake, step), step)

    def _move(self, of_G: Tensors | None, of_D: Tensors | None, step: Step) -> None:
        """Update the weights by their gradients; of None they stay."""
        moves = ((self._G_opt, of_G), (self._D_opt, of_D))
        laid_G, laid_D = (opt.laid_out(of) if of is not None else None for opt, of in moves)
        if laid_G is not None:  # nothing below takes memory, which may run out
            self._G_opt.step(laid_G, step.failed)
            self._renew("G", "E")
        if laid_D is not None:
            self._D_opt.step(laid_D, step.failed)
            if bound := step.config.weight_clip:
                with torch.no_grad():
                    torch._foreach_clamp_min_(self._D_weights, -bound)
                    torch._foreach_clamp_max_(self._D_weights, bound)
            self._renew("D")


_ORDERS = {
    "d-first": Updates._d_first,
    "d-first-shared": Updates._d_first_shared,
    "g-first-shared": Updates._g_first_shared,
    "simultaneous": Updates._simultaneous,
}
