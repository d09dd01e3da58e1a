"""A decoder as one flat list of layers, small enough to run in a browser at frame rate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch import nn

from vae_core.architectures import ImageShape
from vae_core.export.packing import pack_blocks
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.networks import Enlarge, ResidualBlock, Upsample
from vae_core.types import Array

MAX_MULTIPLY_ADDS = 30_000_000
"""An image. One core runs about 1.2 thousand million of them a second in JavaScript, so this is 25 ms, a frame of 30 a second:
the usual residual network on colour images of 64 x 64 stays just below, the convolutional one takes half of that."""
MAX_BYTES = 8_000_000
"""Of weights. They cross the network once a model opened: two thirds of a second at 100 Mbit/s."""
ACTIVATIONS = {
    "bernoulli": "sigmoid",
    "continuous-bernoulli": "continuous-bernoulli",
    "gaussian": "none",
    "gaussian-learned": "none",
}
"""What makes the expected image of the decoder's output, by the likelihood's name in the configuration."""


def decoder_bytes(model: Autoencoder, likelihood: str, image_shape: ImageShape) -> bytes | None:
    """The decoder for `decoder.js`: a header {image, latent, activation, layers} and its `float32` weights.

    A layer is {kind, shape}: dense, relu, tanh, reshape, enlarge (a transposed 4x4 convolution of stride 2, cropped to its
    shape), residual (with `activation` and `narrow`, the channels between its two convolutions), upsample (nearest, by 2,
    cropped to its shape) or convolution (3x3, padded by 1), the shape being that of its output. Layer n has the arrays
    `n.weight` and `n.bias` in torch's order, and a residual one `n.reduce.weight` and so on.

    Args:
        model: its decoder is as `networks.py` makes it.
        likelihood: one of `ACTIVATIONS`.
        image_shape: (channels, height, width).

    Returns:
        What `pack_blocks` makes of it; None where it is too large to be decoded at frame rate: more than
        `MAX_MULTIPLY_ADDS` an image or `MAX_BYTES` of weights.
    """
    layers: list[dict[str, Any]] = []
    arrays: dict[str, Array] = {}
    shape: tuple[int, ...] = (model.latent,)
    multiply_adds = 0
    for index, module in enumerate(model.decoder):
        entering = shape
        kind, shape = _described(module, entering)
        layers.append({"kind": kind, "shape": shape, **_details(module)})
        positions = math.prod((entering if isinstance(module, Enlarge) else shape)[1:])
        for name, value in module.named_parameters():
            arrays[f"{index}.{name}"] = np.ascontiguousarray(value.detach().cpu().numpy())
            multiply_adds += value.numel() * positions if name.endswith("weight") else 0
    if multiply_adds > MAX_MULTIPLY_ADDS or sum(array.nbytes for array in arrays.values()) > MAX_BYTES:
        return None
    activation = ACTIVATIONS[likelihood]
    header = {"image": image_shape, "latent": model.latent, "activation": activation, "layers": layers}
    return pack_blocks(header, arrays)


def _described(module: nn.Module, entering: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """The kind of a layer and the shape of its output, without the batch."""
    match module:
        case nn.Linear():
            return "dense", (module.out_features,)
        case nn.ReLU():
            return "relu", entering
        case nn.Tanh():
            return "tanh", entering
        case nn.Unflatten():
            return "reshape", tuple(module.unflattened_size)
        case Upsample():
            return "upsample", (entering[0], module.height, module.width)
        case nn.Conv2d():
            return "convolution", (module.out_channels, *entering[1:])
        case Enlarge():
            return "enlarge", (module.out_channels, module.height, module.width)
        case ResidualBlock():
            return "residual", entering
    raise TypeError(f"A decoder is made of the layers of networks.py, and {type(module).__name__} is none of them.")


def _details(module: nn.Module) -> dict[str, Any]:
    """What else a layer needs to be run."""
    if not isinstance(module, ResidualBlock):
        return {}
    return {"activation": _described(module.activation, ())[0], "narrow": module.reduce.out_channels}
