"""All trained numbers in one flat tensor, so that the optimizer does one sweep over memory and not one per layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FlatParameters:
    """Moves parameters into one flat tensor, and their gradients into another; each parameter becomes a view of both.

    Attributes:
        values: (n,) leaf tensor of all numbers, in the order of the parameters; give this one to the optimizer.
        parameters: the views, with their own shapes and memory layouts.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        count = sum(parameter.numel() for parameter in self.parameters)
        first = self.parameters[0]
        self.values = torch.empty(count, dtype=first.dtype, device=first.device, requires_grad=True)
        self.values.grad = torch.zeros_like(self.values)
        views = self.split(self.values.detach())
        for parameter, view, gradient in zip(self.parameters, views, self.split(self.values.grad), strict=True):
            view.copy_(parameter.detach())
            parameter.data, parameter.grad = view, gradient

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
