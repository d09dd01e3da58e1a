"""The two kinds of network, each a flat sequence of layers: dense (`mlp`) or convolutional (`conv`).

A decoder is made of dense layers, ReLU or tanh, one reshape, nearest upsampling and 3x3 convolutions, nothing else, so
that it can be written down as a list and run elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

ImageShape = tuple[int, int, int]
"""(channels, height, width)."""
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}
"""What may stand between two layers, by its name in the configuration."""


class Upsample(nn.Module):
    """Nearest-neighbour upsampling by 2, cropped to `height` x `width` where the encoder's size there was odd."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, features: Tensor) -> Tensor:
        doubled = functional.interpolate(features, scale_factor=2.0, mode="nearest")
        return doubled[:, :, : self.height, : self.width]

    def extra_repr(self) -> str:
        return f"{self.height}, {self.width}"


def mlp_encoder(shape: ImageShape, hidden: Sequence[int], outputs: int, activation: str = "relu") -> nn.Sequential:
    """Images (B, C, H, W) to (B, outputs): dense layers with `activation` between; linear if `hidden` is empty."""
    return nn.Sequential(nn.Flatten(), *_dense([math.prod(shape), *hidden, outputs], activation))


def mlp_decoder(latent: int, hidden: Sequence[int], shape: ImageShape, activation: str = "relu") -> nn.Sequential:
    """Codes (B, latent) to (B, C, H, W), the mirror of the encoder with these hidden sizes."""
    return nn.Sequential(*_dense([latent, *reversed(hidden), math.prod(shape)], activation), nn.Unflatten(1, shape))


def conv_encoder(shape: ImageShape, channels: Sequence[int], outputs: int, activation: str = "relu") -> nn.Sequential:
    """Images (B, C, H, W) to (B, outputs): a 3x3 convolution of stride 2 and `activation` per stage, then one dense layer."""
    layers: list[nn.Module] = []
    for entering, leaving in zip((shape[0], *channels), channels, strict=False):
        layers += [nn.Conv2d(entering, leaving, kernel_size=3, stride=2, padding=1), ACTIVATIONS[activation]()]
    height, width = _stage_sizes(shape, len(channels))[-1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * height * width, outputs))


def conv_decoder(latent: int, channels: Sequence[int], shape: ImageShape, activation: str = "relu") -> nn.Sequential:
    """Codes (B, latent) to (B, C, H, W): dense, then upsampling and a 3x3 convolution per stage, `activation` between."""
    act = ACTIVATIONS[activation]
    sizes = _stage_sizes(shape, len(channels))
    smallest = (channels[-1], *sizes[-1])
    layers: list[nn.Module] = [nn.Linear(latent, math.prod(smallest)), act(), nn.Unflatten(1, smallest)]
    for stage in reversed(range(len(channels))):
        leaving = channels[stage - 1] if stage else shape[0]
        layers += [Upsample(*sizes[stage]), nn.Conv2d(channels[stage], leaving, kernel_size=3, padding=1)]
        layers += [act()] if stage else []
    return nn.Sequential(*layers)


@torch.no_grad()
def initialise(module: nn.Module, generator: torch.Generator, activation: str = "relu") -> None:
    """Draws all weights, and with ReLU the biases too; torch's global generator is neither read nor moved.

    ReLU: uniform within 1 / sqrt(inputs of a unit), the default of torch's own layers (He et al. 2015, "Delving Deep into
    Rectifiers", eq. 10, as torch scales it, a = sqrt 5). Tanh: uniform within sqrt(6 / (inputs + outputs)), the biases 0
    (Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", eq. 16), as Burda et
    al. 2015 do.
    """
    for layer in module.modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        assert layer.bias is not None
        if activation == "tanh":
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            layer.bias.zero_()
        else:
            bound = 1.0 / math.sqrt(layer.weight[0].numel())
            layer.weight.uniform_(-bound, bound, generator=generator)
            layer.bias.uniform_(-bound, bound, generator=generator)


@torch.no_grad()
def start_at(decoder: nn.Sequential, output: Tensor) -> None:
    """Sets the last layer's bias so that the decoder starts near this output, (C, H, W), such as that of the mean image.

    The bias of a convolution has one number per channel and gets the mean over the pixels.
    """
    last = next(layer for layer in reversed(decoder) if isinstance(layer, nn.Linear | nn.Conv2d))
    assert last.bias is not None
    last.bias.copy_(output.flatten() if isinstance(last, nn.Linear) else output.mean(dim=(1, 2)))


def _dense(sizes: Sequence[int], activation: str) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return layers[:-1]


def _stage_sizes(shape: ImageShape, stages: int) -> list[tuple[int, int]]:
    """(height, width) before each stage and after the last: a stage halves and rounds up."""
    sizes = [(shape[1], shape[2])]
    for _ in range(stages):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes
