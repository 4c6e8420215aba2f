"""Stochastic gradient descent with momentum, the only optimizer of the papers ([DDS] §3.1, App. C)."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor


class SGD:
    """Bit-identical to torch.optim.SGD, on torch's own fused kernel.

    Creating a torch.optim.SGD imports torch's compiler: 2.3 s before the first step of every job (docs/performance.md).
    The kernel is not a public function of torch. If it is missing or has another signature, `plain_step` is used, with
    the same results up to rounding.
    """

    def __init__(
        self, parameters: Iterable[Tensor], momentum: float = 0.9, nesterov: bool = True, weight_decay: float = 5e-5
    ) -> None:
        self.parameters = list(parameters)
        self.momentum, self.weight_decay = momentum, weight_decay
        self.nesterov = nesterov and momentum > 0
        self.momenta = [torch.zeros_like(parameter) for parameter in self.parameters] if momentum else []

    def zero_grad(self) -> None:
        """Set all gradients to None."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self, lr: float) -> None:
        """g ← g + λ·w; v ← μ·v + g; w ← w − lr·(g + μ·v) (Nesterov), or w − lr·v; λ on every parameter."""
        with torch.no_grad():
            gradients = [parameter.grad for parameter in self.parameters]
            step = fused_step if has_fused_step() else plain_step
            step(self.parameters, gradients, self.momenta, self.weight_decay, self.momentum, lr, self.nesterov)

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"momenta": self.momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of a checkpoint."""
        for ours, kept in zip(self.momenta, state["momenta"], strict=True):
            ours.copy_(kept)


def fused_step(
    parameters: list[Tensor],
    gradients: list[Any],
    momenta: list[Tensor],
    weight_decay: float,
    momentum: float,
    lr: float,
    nesterov: bool,
) -> None:
    """One step in place, in one kernel."""
    torch._fused_sgd_(
        parameters,
        gradients,
        momenta,
        weight_decay=weight_decay,
        momentum=momentum,
        lr=lr,
        dampening=0.0,
        nesterov=nesterov,
        maximize=False,
        is_first_step=False,
    )


def plain_step(
    parameters: list[Tensor],
    gradients: list[Any],
    momenta: list[Tensor],
    weight_decay: float,
    momentum: float,
    lr: float,
    nesterov: bool,
) -> None:
    """The same step in place, tensor by tensor."""
    for i, (w, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        g = gradient.add(w, alpha=weight_decay)
        if momenta:
            v = momenta[i].mul_(momentum).add_(g)
            g = g.add(v, alpha=momentum) if nesterov else v
        w.add_(g, alpha=-lr)


@cache
def has_fused_step() -> bool:
    """Whether this torch has the fused kernel, and it does what `plain_step` does."""
    results = []
    for step in (fused_step, plain_step):
        w, v = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 0.25])
        try:
            step([w], [torch.tensor([0.25, 1.0])], [v], 0.5, 0.5, 0.125, True)
        except (AttributeError, TypeError, RuntimeError):
            return False
        results.append(torch.cat([w, v]))
    return torch.equal(*results)  # these numbers are exact in binary
