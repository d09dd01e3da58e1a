"""A model from its configuration."""

from __future__ import annotations

import torch
from torch import nn

from vae_core.data.randomness import Stream, generator
from vae_core.errors import ConfigError
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.networks import ImageShape, initialise
from vae_core.models.vae import SeparateVae, Vae
from vae_core.registry.choice import resolve
from vae_core.registry.model_rows import ARCHITECTURES, MODELS
from vae_core.settings import ModelConfig

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
        model: Autoencoder = resolve(MODELS[config.model].code)(config, image_shape)
        return model


def autoencoder(config: ModelConfig, shape: ImageShape) -> Autoencoder:
    """An autoencoder of this configuration, for images of `shape`."""
    decoder = _decoder(config, shape)
    return Autoencoder(_encoder(config, shape, config.latent), decoder, config.latent)


def vae(config: ModelConfig, shape: ImageShape) -> Autoencoder:
    """A VAE of this configuration, for images of `shape`, with one encoder or with two."""
    latent, decoder = config.latent, _decoder(config, shape)
    if config.encoder == "shared":
        return Vae(_encoder(config, shape, 2 * latent), decoder, latent)
    return SeparateVae(_encoder(config, shape, latent), _encoder(config, shape, latent), decoder, latent)


def _encoder(config: ModelConfig, shape: ImageShape, outputs: int) -> nn.Sequential:
    encoder: nn.Sequential = resolve(ARCHITECTURES[config.architecture].encoder)(
        shape, config.hidden, outputs, config.activation
    )
    return encoder


def _decoder(config: ModelConfig, shape: ImageShape) -> nn.Sequential:
    decoder: nn.Sequential = resolve(ARCHITECTURES[config.architecture].decoder)(
        config.latent, config.hidden, shape, config.activation
    )
    return decoder
