"""Which network an architecture is: the choice by image size, the usual sizes, what fits an image, and how large it gets.

Nothing here needs torch, so that the command line and the pages can refuse a network before anything starts. The layers
themselves are built in `models/networks.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vae_core.config import RunConfig
from vae_core.errors import ConfigError
from vae_core.registry.model_rows import ARCHITECTURES
from vae_core.settings import ModelConfig

ImageShape = tuple[int, int, int]
"""(channels, height, width)."""
CONVOLUTIONAL_FROM = 32
"""Height and width in pixels from which `auto` means convolutions; below, dense layers reach the same figures faster."""
SMALLEST_SIDE = 4
"""The usual number of stages leaves about this many pixels a side to the dense layers around the code."""
STAGE_CHANNELS = (32, 64)
"""Usual channels of the first stage and of all that follow. At 64 x 64 every stage then costs no more than the second."""
STRIDED_STEP = 2.0
"""Adam's steps are this many times the learning rate in strided networks. Weights that nothing normalises want larger steps:
on emoji of 64 x 64 a network with batch normalisation is ahead for the first hundreds of steps otherwise."""
MAX_PARAMETERS = 125_000_000
"""Weights, their gradients and Adam's two moments take 16 bytes per parameter: 2 GB at this limit, which leaves room for
the default networks on colour images of 256 x 256."""


@dataclass(frozen=True)
class Product:
    """One layer with weights.

    Attributes:
        weights, biases: how many numbers it has.
        positions: at how many places of an image its weights are applied.
    """

    weights: int
    biases: int
    positions: int = 1


def usual_hidden(architecture: str, shape: ImageShape) -> tuple[int, ...]:
    """The hidden sizes of an architecture for images of this shape if none are given."""
    given = ARCHITECTURES[architecture].hidden
    if given is not None:
        return given
    stages, side = 1, -(-max(shape[1:]) // 2)
    while side > SMALLEST_SIDE and stages < 8:
        stages, side = stages + 1, -(-side // 2)
    return STAGE_CHANNELS[:stages] + STAGE_CHANNELS[1:] * max(0, stages - len(STAGE_CHANNELS))


def settled(config: RunConfig, shape: ImageShape) -> RunConfig:
    """The configuration with its architecture and hidden sizes named, for images of this shape.

    Returns:
        The same object if they are named already.

    Raises:
        ConfigError: the network does not fit the images (`check_fits`).
    """
    model = settled_model(config.model, shape)
    check_fits(model, shape)
    return config if model is config.model else config.model_copy(update={"model": model})


def settled_model(model: ModelConfig, shape: ImageShape) -> ModelConfig:
    """As `settled`, of the network alone and without the check."""
    architecture = model.architecture
    if architecture == "auto":
        architecture = "conv" if min(shape[1:]) >= CONVOLUTIONAL_FROM else "mlp"
    hidden = usual_hidden(architecture, shape) if model.hidden is None else model.hidden
    if (architecture, hidden) == (model.architecture, model.hidden):
        return model
    return model.model_copy(update={"architecture": architecture, "hidden": hidden})


def check_fits(model: ModelConfig, shape: ImageShape) -> None:
    """Checks a settled network against the images.

    Raises:
        ConfigError: it has more stages than the images can be halved, or more than `MAX_PARAMETERS` parameters.
    """
    size = "x".join(map(str, shape))
    halvings = max(1, math.ceil(math.log2(max(shape[1:]))))
    if is_strided(model) and len(sizes_of(model)) > halvings:
        raise ConfigError(
            f"hidden names {len(sizes_of(model))} stages, and images of {size} can be halved {halvings} times; "
            f"name at most {halvings}."
        )
    count = parameter_count(model, shape)
    if count > MAX_PARAMETERS:
        raise ConfigError(
            f"This network would have {count:,} parameters for images of {size}, more than {MAX_PARAMETERS:,}; "
            "choose fewer latents, smaller hidden sizes or (conv) more stages."
        )


def step_factor(model: ModelConfig) -> float:
    """By how much the optimizer's steps exceed the learning rate: `STRIDED_STEP` in strided networks, else 1."""
    return STRIDED_STEP if is_strided(model) else 1.0


def is_strided(model: ModelConfig) -> bool:
    """Whether a settled network enlarges by transposed convolutions."""
    return ARCHITECTURES[model.architecture].is_strided


def sizes_of(model: ModelConfig) -> tuple[int, ...]:
    """The hidden sizes of a settled network."""
    if model.hidden is None:
        raise ConfigError("The hidden sizes depend on the size of the images; settle the configuration first.")
    return model.hidden


def parameter_count(model: ModelConfig, shape: ImageShape) -> int:
    """How many parameters the encoder or encoders and the decoder of a settled network have together."""
    encoders, encoder, decoder = _parts(model, shape)
    return sum(layer.weights + layer.biases for layer in (*encoder * encoders, *decoder))


def multiply_adds(model: ModelConfig, shape: ImageShape) -> int:
    """Multiply-adds of one forward pass of one image through a settled network."""
    encoders, encoder, decoder = _parts(model, shape)
    return sum(layer.weights * layer.positions for layer in (*encoder * encoders, *decoder))


def _parts(model: ModelConfig, shape: ImageShape) -> tuple[int, list[Product], list[Product]]:
    """The number of encoders, the layers of one, and those of the decoder."""
    separate = model.is_variational and model.encoder == "separate"
    outputs = model.latent * (2 if model.is_variational and not separate else 1)
    hidden = sizes_of(model)
    if not ARCHITECTURES[model.architecture].is_convolutional:
        pixels = math.prod(shape)
        return 1 + separate, _dense([pixels, *hidden, outputs]), _dense([model.latent, *reversed(hidden), pixels])
    return 1 + separate, *_convolutional(model, shape, outputs)


def _dense(sizes: Sequence[int]) -> list[Product]:
    return [Product(before * after, after) for before, after in pairwise(sizes)]


def _convolutional(model: ModelConfig, shape: ImageShape, outputs: int) -> tuple[list[Product], list[Product]]:
    hidden, sides = sizes_of(model), stage_sizes(shape, len(sizes_of(model)))
    encoder, decoder, row = [], [], ARCHITECTURES[model.architecture]
    for stage, (outer, inner) in enumerate(zip((shape[0], *hidden), hidden, strict=False)):
        before, after = math.prod(sides[stage]), math.prod(sides[stage + 1])
        encoder.append(Product(9 * outer * inner, inner, after))
        decoder.append(
            Product((16 if row.is_strided else 9) * outer * inner, outer, after if row.is_strided else before)
        )
        if row.has_blocks:
            narrow = narrow_channels(inner)
            block = [Product(9 * inner * narrow, narrow, after), Product(inner * narrow, inner, after)]
            encoder, decoder = encoder + block, decoder + block
    smallest = hidden[-1] * math.prod(sides[-1])
    return [*encoder, *_dense([smallest, outputs])], [*_dense([model.latent, smallest]), *decoder]


def narrow_channels(channels: int) -> int:
    """Channels between the two convolutions of a residual block: half of those around it, at least one."""
    return max(1, channels // 2)


def stage_sizes(shape: ImageShape, stages: int) -> list[tuple[int, int]]:
    """(height, width) before each stage and after the last: a stage halves and rounds up."""
    sizes = [(shape[1], shape[2])]
    for _ in range(stages):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes
