"""The kinds of network, each a flat sequence of layers: dense (`mlp`), strided convolutions (`conv`), these with residual
blocks (`residual`), and the convolutional network of earlier versions (`conv-upsample`).

A decoder is made of dense layers, ReLU or tanh, one reshape, transposed 4x4 convolutions of stride 2 and residual blocks (or
nearest upsampling and 3x3 convolutions), nothing else, so that it can be written down as a list and run elsewhere. There is
no normalisation over batches: an initialisation made for the depth takes its place, `train()` and `eval()` mean the same,
and a network is its weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from vae_core.architectures import ImageShape, narrow_channels, stage_sizes

GAINS = {"relu": math.sqrt(2.0), "tanh": 5.0 / 3.0}
"""By how much weights make up for what an activation takes from a signal."""
OUTPUT_GAIN = 0.3
"""Size of a new strided decoder's output, relative to signals that keep their size."""
SMALLEST_DEVIATION = 0.01
"""What hardly differs between images is not magnified more than a hundredfold."""
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


class Enlarge(nn.ConvTranspose2d):
    """A transposed 4x4 convolution of stride 2, which doubles a side, cropped to `height` x `width`.

    The kernel is a multiple of the stride, so that every pixel gets the same number of its products: a kernel of 3 would
    leave a checkerboard (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts").
    """

    def __init__(self, entering: int, leaving: int, height: int, width: int) -> None:
        super().__init__(entering, leaving, kernel_size=4, stride=2, padding=1)
        self.height, self.width = height, width

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        return super().forward(features, output_size)[:, :, : self.height, : self.width]


class ResidualBlock(nn.Module):
    """x + narrow(act(wide(act(x)))): a 3x3 convolution to half the channels, and a 1x1 convolution back.

    Pre-activation as in He et al. 2016, "Identity Mappings in Deep Residual Networks", with the widths of van den Oord et al.
    2017, "Neural Discrete Representation Learning". The second convolution starts at 0 (Zhang et al. 2019, "Fixup
    Initialization"), so that a new network is the plain one and needs no normalisation.
    """

    def __init__(self, channels: int, activation: str) -> None:
        super().__init__()
        narrow = narrow_channels(channels)
        self.activation = ACTIVATIONS[activation]()
        self.reduce = nn.Conv2d(channels, narrow, kernel_size=3, padding=1)
        self.expand = nn.Conv2d(narrow, channels, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        changes: Tensor = self.expand(self.activation(self.reduce(self.activation(features))))
        return features + changes


def mlp_encoder(shape: ImageShape, hidden: Sequence[int], outputs: int, activation: str = "relu") -> nn.Sequential:
    """Images (B, C, H, W) to (B, outputs): dense layers with `activation` between; linear if `hidden` is empty."""
    return nn.Sequential(nn.Flatten(), *_dense([math.prod(shape), *hidden, outputs], activation))


def mlp_decoder(latent: int, hidden: Sequence[int], shape: ImageShape, activation: str = "relu") -> nn.Sequential:
    """Codes (B, latent) to (B, C, H, W), the mirror of the encoder with these hidden sizes."""
    return nn.Sequential(*_dense([latent, *reversed(hidden), math.prod(shape)], activation), nn.Unflatten(1, shape))


def conv_encoder(
    shape: ImageShape, channels: Sequence[int], outputs: int, activation: str = "relu", *, residual: bool = False
) -> nn.Sequential:
    """Images (B, C, H, W) to (B, outputs): a 3x3 convolution of stride 2 and `activation` per stage, then one dense layer.

    With `residual` a block stands between a stage's convolution and its activation.
    """
    layers: list[nn.Module] = []
    for entering, leaving in zip((shape[0], *channels), channels, strict=False):
        layers.append(nn.Conv2d(entering, leaving, kernel_size=3, stride=2, padding=1))
        layers += [ResidualBlock(leaving, activation)] if residual else []
        layers.append(ACTIVATIONS[activation]())
    height, width = stage_sizes(shape, len(channels))[-1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * height * width, outputs))


def conv_decoder(
    latent: int, channels: Sequence[int], shape: ImageShape, activation: str = "relu", *, residual: bool = False
) -> nn.Sequential:
    """Codes (B, latent) to (B, C, H, W): dense, then a transposed convolution per stage, `activation` before each.

    With `residual` a block stands before a stage's activation.
    """
    sizes = stage_sizes(shape, len(channels))
    smallest = (channels[-1], *sizes[-1])
    layers: list[nn.Module] = [nn.Linear(latent, math.prod(smallest)), nn.Unflatten(1, smallest)]
    for stage in reversed(range(len(channels))):
        layers += [ResidualBlock(channels[stage], activation)] if residual else []
        layers.append(ACTIVATIONS[activation]())
        layers.append(Enlarge(channels[stage], channels[stage - 1] if stage else shape[0], *sizes[stage]))
    return nn.Sequential(*layers)


def residual_encoder(
    shape: ImageShape, channels: Sequence[int], outputs: int, activation: str = "relu"
) -> nn.Sequential:
    """As `conv_encoder`, with residual blocks."""
    return conv_encoder(shape, channels, outputs, activation, residual=True)


def residual_decoder(
    latent: int, channels: Sequence[int], shape: ImageShape, activation: str = "relu"
) -> nn.Sequential:
    """As `conv_decoder`, with residual blocks."""
    return conv_decoder(latent, channels, shape, activation, residual=True)


def upsample_decoder(
    latent: int, channels: Sequence[int], shape: ImageShape, activation: str = "relu"
) -> nn.Sequential:
    """Codes (B, latent) to (B, C, H, W): dense, then upsampling and a 3x3 convolution per stage, `activation` between."""
    act = ACTIVATIONS[activation]
    sizes = stage_sizes(shape, len(channels))
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
def initialise_strided(network: nn.Sequential, generator: torch.Generator, activation: str = "relu") -> None:
    """Draws the weights of a strided encoder or decoder so that signals keep their size at any depth; biases are 0.

    Normal with variance g^2 / (inputs of a unit), where g is sqrt 2 for ReLU (He et al. 2015, "Delving Deep into Rectifiers",
    eq. 10) and 5/3 for tanh. A pixel of a transposed convolution of stride 2 sums a quarter of its kernel. A decoder's last
    layer starts smaller (`OUTPUT_GAIN`), so that the first pictures are near the mean, and an encoder's has g = 1.
    """
    gain = GAINS[activation]
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d | Enlarge)]
    for layer in layers:
        inputs = layer.weight[:, 0].numel() / 4 if isinstance(layer, Enlarge) else layer.weight[0].numel()
        end = gain if layer is not layers[-1] else OUTPUT_GAIN if isinstance(layer, Enlarge) else 1.0
        layer.weight.normal_(0.0, end / math.sqrt(inputs), generator=generator)
        assert layer.bias is not None
        layer.bias.zero_()
    for block in network.modules():
        if isinstance(block, ResidualBlock):
            block.expand.weight.zero_()


@torch.no_grad()
def normalise_on(network: nn.Sequential, examples: Tensor) -> None:
    """Rescales the layers of a new strided network so that their outputs for these examples have mean 0 and deviation 1.

    Salimans & Kingma 2016, "Weight Normalization", sec. 3: each channel of a convolution by its own mean and deviation, and of
    a dense layer each unit by its mean and all by one deviation. The network then starts as one with batch normalisation
    does, and has nothing of it afterwards. The last layer keeps its weights.

    Args:
        network: an encoder or decoder as `initialise_strided` leaves it.
        examples: images (B, C, H, W) of an encoder, codes (B, L) of a decoder.
    """
    last = _last_weighted(network)
    for layer in network:
        if isinstance(layer, nn.Linear | nn.Conv2d | Enlarge) and layer is not last:
            output = layer(examples)
            across = [0, *range(2, output.dim())]
            mean = output.mean(across)
            deviation = output.std(across) if output.dim() > 2 else output.std().expand_as(mean)
            scale = 1.0 / deviation.clamp(min=SMALLEST_DEVIATION)
            assert layer.bias is not None
            layer.weight.mul_(
                scale.view(1, -1, 1, 1) if isinstance(layer, Enlarge) else _along_rows(scale, layer.weight)
            )
            layer.bias.sub_(mean).mul_(scale)
        examples = layer(examples)


def _along_rows(scale: Tensor, weight: Tensor) -> Tensor:
    return scale.view(-1, *[1] * (weight.dim() - 1))


@torch.no_grad()
def start_at(decoder: nn.Sequential, output: Tensor) -> None:
    """Sets the last layer's bias so that the decoder starts near this output, (C, H, W), such as that of the mean image.

    The bias of a convolution has one number per channel and gets the mean over the pixels.
    """
    last = _last_weighted(decoder)
    assert last.bias is not None
    last.bias.copy_(output.flatten() if isinstance(last, nn.Linear) else output.mean(dim=(1, 2)))


def _last_weighted(network: nn.Sequential) -> nn.Linear | nn.Conv2d | Enlarge:
    return next(layer for layer in reversed(network) if isinstance(layer, nn.Linear | nn.Conv2d | Enlarge))


def _dense(sizes: Sequence[int], activation: str) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return layers[:-1]
