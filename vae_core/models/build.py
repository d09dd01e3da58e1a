"""A model from its configuration."""

from __future__ import annotations

import torch
from torch import nn

from vae_core.config import ModelConfig
from vae_core.data.randomness import Stream, generator
from vae_core.errors import ConfigError
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.networks import (
    ImageShape,
    conv_decoder,
    conv_encoder,
    initialise,
    mlp_decoder,
    mlp_encoder,
)
from vae_core.models.vae import SeparateVae, Vae

MAX_PARAMETERS = 125_000_000
"""Weights, their gradients and Adam's two moments take 16 bytes a parameter: 2 GB at this limit, which leaves room for
the default networks on colour images of 256 x 256."""


def build_model(config: ModelConfig, image_shape: ImageShape, seed: int) -> Autoencoder:
    """A new model on the CPU, its weights a function of (config, image_shape, seed) alone.

    Args:
        config: the network.
        image_shape: (channels, height, width), each at least 1.
        seed: of the run; the weights are drawn from its stream `INITIALISATION`.

    Raises:
        ConfigError: the network would have more than `MAX_PARAMETERS` parameters.
    """
    model = describe_model(config, image_shape)
    count = sum(parameter.numel() for parameter in model.parameters())
    if count > MAX_PARAMETERS:
        raise ConfigError(
            f"This network would have {count:,} parameters for images of {'x'.join(map(str, image_shape))}, more than "
            f"{MAX_PARAMETERS:,}; choose fewer latents, smaller hidden sizes or (conv) more stages."
        )
    model.to_empty(device="cpu")
    initialise(model, generator(seed, Stream.INITIALISATION), config.activation)
    return model


def describe_model(config: ModelConfig, image_shape: ImageShape) -> Autoencoder:
    """The network without its numbers, on the meta device: names and shapes of the weights, and nothing allocated."""
    with torch.device("meta"):
        return _assemble(config, image_shape)


def _assemble(config: ModelConfig, shape: ImageShape) -> Autoencoder:
    latent = config.latent
    decoder = _decoder(config, shape)
    if config.model == "ae":
        return Autoencoder(_encoder(config, shape, latent), decoder, latent)
    if config.encoder == "shared":
        return Vae(_encoder(config, shape, 2 * latent), decoder, latent)
    return SeparateVae(_encoder(config, shape, latent), _encoder(config, shape, latent), decoder, latent)


def _encoder(config: ModelConfig, shape: ImageShape, outputs: int) -> nn.Sequential:
    build = conv_encoder if config.architecture == "conv" else mlp_encoder
    return build(shape, config.hidden, outputs, config.activation)


def _decoder(config: ModelConfig, shape: ImageShape) -> nn.Sequential:
    build = conv_decoder if config.architecture == "conv" else mlp_decoder
    return build(config.latent, config.hidden, shape, config.activation)
