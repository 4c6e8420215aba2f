"""Stochastic gradient descent with momentum, the only optimizer of the papers ([DDS] §3.1, App. C)."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class SGD:
    """Bit-identical to torch.optim.SGD, on torch's own fused kernel.

    Creating a torch.optim.SGD imports torch's compiler: 2.3 s before the first step of every job (docs/performance.md).
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
            torch._fused_sgd_(
                self.parameters,
                [parameter.grad for parameter in self.parameters],  # type: ignore[misc]
                self.momenta,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
                lr=lr,
                dampening=0.0,
                nesterov=self.nesterov,
                maximize=False,
                is_first_step=False,
            )

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"momenta": self.momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of a checkpoint."""
        for ours, kept in zip(self.momenta, state["momenta"], strict=True):
            ours.copy_(kept)
