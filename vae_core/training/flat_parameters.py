"""All trained numbers in one flat tensor, so that optimizer, clipping and averaging are one sweep over memory each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn


class FlatParameters:
    """Moves parameters into one flat tensor, and their gradients into another; each parameter becomes a view of both.

    Attributes:
        values: (n,) leaf tensor of all numbers, in the order of the parameters; give this one to the optimizer.
        parameters: the views, with their own shapes and memory layouts.
        average: (n,) the exponential moving average of `values`, or None.

    Args:
        parameters: to move, all of one device and type.
        decay: of the moving average per update, below 1; 0 keeps none.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float = 0.0) -> None:
        self.parameters = list(parameters)
        count = sum(parameter.numel() for parameter in self.parameters)
        first = self.parameters[0]
        self.values = torch.empty(count, dtype=first.dtype, device=first.device, requires_grad=True)
        self.values.grad = torch.zeros_like(self.values)
        views = self.split(self.values.detach())
        for parameter, view, gradient in zip(self.parameters, views, self.split(self.values.grad), strict=True):
            view.copy_(parameter.detach())
            parameter.data, parameter.grad = view, gradient
        self.decay = decay
        self.average = self.values.detach().clone() if decay else None

    def split(self, flat: Tensor) -> list[Tensor]:
        """A flat tensor of as many numbers, such as one of the optimizer's, as views like the parameters, in their order."""
        views, offset = [], 0
        for parameter in self.parameters:
            views.append(flat.as_strided(parameter.size(), parameter.stride(), flat.storage_offset() + offset))
            offset += parameter.numel()
        return views

    @torch.no_grad()
    def take_gradients(self, gradients: Sequence[Tensor]) -> None:
        """Copies gradients as autograd gives them, one per parameter."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            assert parameter.grad is not None
            parameter.grad.copy_(gradient)

    @torch.no_grad()
    def clip(self, largest: float) -> None:
        """Scales the gradient down to this norm if its own is larger: Pascanu et al. 2013, algorithm 1."""
        assert self.values.grad is not None
        norm = torch.linalg.vector_norm(self.values.grad)
        self.values.grad.mul_(largest / norm.clamp(min=largest))

    @torch.no_grad()
    def update_average(self, updates: int) -> None:
        """Lets the average follow, after update number `updates` (1 is the first).

        The decay is at most (1 + updates) / (10 + updates), so that the untrained start is soon forgotten.
        """
        if self.average is not None:
            decay = min(self.decay, (1 + updates) / (10 + updates))
            self.average.lerp_(self.values, 1 - decay)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it the parameters hold their average, if there is one, and `average` holds what is trained."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        if self.average is not None:
            trained = self.values.detach().clone()
            self.values.copy_(self.average)
            self.average.copy_(trained)
