"""Exports a decoder as a flat list of layers that a browser can run at frame rate."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from vae_core.export.packing import pack_blocks
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.networks import ImageShape, Upsample
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.types import Array

MAX_MULTIPLY_ADDS = 12_000_000
"""Multiply-adds per image. JavaScript does about 1.2 billion per second on one core, so this takes 10 ms. At 30 frames per
second, a machine half as fast still has time left for drawing."""
MAX_BYTES = 8_000_000
"""Bytes of weights. They are sent once when a model is opened: two thirds of a second at 100 Mbit/s."""


def decoder_bytes(model: Autoencoder, likelihood: str, image_shape: ImageShape) -> bytes | None:
    """The decoder for `decoder.js`: a header {image, latent, activation, layers} and the float32 weights.

    A layer is {kind, shape}, where the kind is dense, relu, tanh, reshape, upsample (nearest, by 2, cropped to its shape)
    or convolution (3x3, padded by 1), and the shape is that of its output. Layer n has the arrays `n.weight` and `n.bias`
    in torch's order.

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
        kind, shape = _described(module, shape)
        layers.append({"kind": kind, "shape": shape})
        if isinstance(module, nn.Linear | nn.Conv2d):
            multiply_adds += module.weight.numel() * (math.prod(shape[1:]) if kind == "convolution" else 1)
            arrays |= {f"{index}.{name}": value.detach().cpu().numpy() for name, value in module.named_parameters()}
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
    raise TypeError(f"A decoder consists of the layers in networks.py; {type(module).__name__} is not one of them.")
