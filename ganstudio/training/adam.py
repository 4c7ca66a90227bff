"""Adam (Kingma and Ba 2015, arXiv 1412.6980) by torch's fused kernel, and nothing around it.

`torch.optim.Adam` around the same kernel imports torch's compiler at its first use, more than a
second before the first digit, and adds half a millisecond of Python to every step. All parameters
share one count of steps; in a checkpoint each has its own, as there.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

EPS = 1e-8


class Adam:
    """The optimiser of one network.

    Attributes
    ----------
    lr : float
        The learning rate; a change acts from the next step on.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float],
        weight_decay: float,
    ) -> None:
        self.lr = lr
        self._parameters = list(parameters)
        self._beta1, self._beta2 = betas
        self._weight_decay = weight_decay  # added to the gradient, as in the paper's L2 penalty
        self._mean = [torch.zeros_like(p, requires_grad=False) for p in self._parameters]
        self._square = [torch.zeros_like(p, requires_grad=False) for p in self._parameters]
        device = self._parameters[0].device
        self._steps = torch.zeros((), device=device)
        self._told_lr = torch.full((), lr, device=device)

    def tell(self) -> None:
        """Let a graph's updates have the learning rate as it is now."""
        self._told_lr.fill_(self.lr)

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], failed: Tensor | None = None) -> None:
        """Update the parameters by their gradients, which are as `laid_out` returned them.

        Part of a graph, it does nothing where `failed`, () float32, is 1, and `tell` tells it the
        learning rate.
        """
        laid = list(gradients)
        self._steps += 1 if failed is None else 1 - failed
        torch._fused_adam_(
            self._parameters,
            laid,
            self._mean,
            self._square,
            [],
            [self._steps] * len(laid),
            lr=self.lr if failed is None else self._told_lr,
            beta1=self._beta1,
            beta2=self._beta2,
            weight_decay=self._weight_decay,
            eps=EPS,
            amsgrad=False,
            maximize=False,
            found_inf=failed,
        )

    def laid_out(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Return gradients as the parameters lie in memory, for `step`."""
        return [_laid_out_as(p, g) for p, g in zip(self._parameters, gradients, strict=True)]

    def tensors(self) -> list[Tensor]:
        """Return all that a step changes."""
        return [*self._parameters, *self._mean, *self._square, self._steps]

    def state_dict(self) -> dict[str, Any]:
        """Return the moments and the number of steps, of every parameter in order."""
        steps = [self._steps] * len(self._parameters)
        return {"mean": self._mean, "square": self._square, "steps": steps}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned; ValueError if it has other shapes."""
        for name, own in self.state_dict().items():
            shapes = [tuple(tensor.shape) for tensor in state[name]]
            if shapes != [tuple(tensor.shape) for tensor in own]:
                raise ValueError(f"Adam's {name} has the shapes {shapes}")
            for target, source in zip(own, state[name], strict=True):
                target.copy_(source)


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """Return a gradient as its parameter lies in memory: the kernel looks at nothing else.

    That of a penalty on a convolution comes with the channels exchanged.
    """
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
