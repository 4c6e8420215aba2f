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
            step(self, gradients, lr)

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"momenta": self.momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of a checkpoint."""
        for ours, kept in zip(self.momenta, state["momenta"], strict=True):
            ours.copy_(kept)


def fused_step(sgd: SGD, gradients: list[Any], lr: float) -> None:
    """Update parameters and momenta in place, in one kernel."""
    torch._fused_sgd_(
        sgd.parameters,
        gradients,
        sgd.momenta,
        weight_decay=sgd.weight_decay,
        momentum=sgd.momentum,
        lr=lr,
        dampening=0.0,
        nesterov=sgd.nesterov,
        maximize=False,
        is_first_step=False,
    )


def plain_step(sgd: SGD, gradients: list[Any], lr: float) -> None:
    """Update parameters and momenta in place, tensor by tensor; equal to `fused_step` up to rounding."""
    for i, (w, gradient) in enumerate(zip(sgd.parameters, gradients, strict=True)):
        g = gradient.add(w, alpha=sgd.weight_decay)
        if sgd.momenta:
            v = sgd.momenta[i].mul_(sgd.momentum).add_(g)
            g = g.add(v, alpha=sgd.momentum) if sgd.nesterov else v
        w.add_(g, alpha=-lr)


@cache
def has_fused_step() -> bool:
    """Whether this torch has the fused kernel, and it gives the result of `plain_step`."""
    results = []
    for step in (fused_step, plain_step):
        w = torch.tensor([1.0, -2.0])
        sgd = SGD([w], momentum=0.5, weight_decay=0.5)
        try:
            for _ in range(2):  # the second one has a momentum
                step(sgd, [torch.tensor([0.25, 1.0])], 0.125)
        except (AttributeError, TypeError, RuntimeError):
            return False
        results.append(torch.cat([w, *sgd.momenta]))
    return torch.equal(*results)  # these numbers are exact in binary
