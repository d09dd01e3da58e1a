"""Exports a decoder as a flat list of layers that a browser can run at frame rate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch import nn

from vae_core.architectures import ImageShape
from vae_core.export.packing import pack_blocks
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.networks import Enlarge, ResidualBlock, Upsample
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.types import Array

MAX_MULTIPLY_ADDS = 30_000_000
"""Multiply-adds per image. JavaScript does about 1.2 billion per second on one core, so this takes 25 ms, a frame at 30 per
second: the usual residual network for colour images of 64 x 64 stays just below, the convolutional one takes half of that."""
MAX_BYTES = 8_000_000
"""Bytes of weights. They are sent once when a model is opened: two thirds of a second at 100 Mbit/s."""


def decoder_bytes(model: Autoencoder, likelihood: str, image_shape: ImageShape) -> bytes | None:
    """The decoder for `decoder.js`: a header {image, latent, activation, layers} and the float32 weights.

    A layer is {kind, shape}, where the shape is that of its output and the kind is dense, relu, tanh, reshape, enlarge (a
    transposed 4x4 convolution of stride 2, cropped to its shape), residual (with `activation` and `narrow`, the channels
    between its two convolutions), upsample (nearest, by 2, cropped to its shape) or convolution (3x3, padded by 1). Layer n
    has the arrays `n.weight` and `n.bias` in torch's order, and a residual one `n.reduce.weight` and so on.

    Args:
        model: a model whose decoder was built by `networks.py`.
        likelihood: name of the likelihood in the configuration.
        image_shape: (channels, height, width).

    Returns:
        The bytes from `pack_blocks`; None if the decoder is too large to run at frame rate, that is, takes more than
        `MAX_MULTIPLY_ADDS` per image or `MAX_BYTES` of weights.
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
    activation = LIKELIHOODS[likelihood].activation
    header = {"image": image_shape, "latent": model.latent, "activation": activation, "layers": layers}
    return pack_blocks(header, arrays)


def _described(module: nn.Module, entering: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """The kind of a layer and the shape of its output, both shapes without the batch."""
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
    raise TypeError(f"A decoder consists of the layers in networks.py; {type(module).__name__} is not one of them.")


def _details(module: nn.Module) -> dict[str, Any]:
    """What else is needed to run a layer."""
    if not isinstance(module, ResidualBlock):
        return {}
    return {"activation": _described(module.activation, ())[0], "narrow": module.reduce.out_channels}
