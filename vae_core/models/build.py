"""A model from its configuration."""

from __future__ import annotations

import torch
from torch import nn

from vae_core.architectures import STRIDED, ImageShape, check_fits, settled_model, sizes_of
from vae_core.config import ModelConfig
from vae_core.data.randomness import Stream, generator
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.networks import (
    conv_decoder,
    conv_encoder,
    initialise,
    initialise_strided,
    mlp_decoder,
    mlp_encoder,
    upsample_decoder,
)
from vae_core.models.vae import SeparateVae, Vae


def build_model(config: ModelConfig, image_shape: ImageShape, seed: int) -> Autoencoder:
    """A new model on the CPU, its weights a function of (config, image_shape, seed) alone.

    Args:
        config: the network; what it leaves open is settled for these images (`architectures.settled_model`).
        image_shape: (channels, height, width), each at least 1.
        seed: of the run; the weights are drawn from its stream `INITIALISATION`.

    Raises:
        ConfigError: the network does not fit the images, or is too large (`architectures.check_fits`).
    """
    settled = settled_model(config, image_shape)
    check_fits(settled, image_shape)
    model = describe_model(settled, image_shape)
    model.to_empty(device="cpu")
    draw = generator(seed, Stream.INITIALISATION)
    if settled.architecture not in STRIDED:
        initialise(model, draw, config.activation)
        return model
    for network in (*model.encoders(), model.decoder):
        initialise_strided(network, draw, config.activation)
    return model.to(memory_format=torch.channels_last)


def describe_model(config: ModelConfig, image_shape: ImageShape) -> Autoencoder:
    """The network without its numbers, on the meta device: names and shapes of the weights, and nothing allocated."""
    with torch.device("meta"):
        return _assemble(settled_model(config, image_shape), image_shape)


def _assemble(config: ModelConfig, shape: ImageShape) -> Autoencoder:
    latent = config.latent
    decoder = _decoder(config, shape)
    if config.model == "ae":
        return Autoencoder(_encoder(config, shape, latent), decoder, latent)
    if config.encoder == "shared":
        return Vae(_encoder(config, shape, 2 * latent), decoder, latent)
    return SeparateVae(_encoder(config, shape, latent), _encoder(config, shape, latent), decoder, latent)


def _encoder(config: ModelConfig, shape: ImageShape, outputs: int) -> nn.Sequential:
    hidden, activation = sizes_of(config), config.activation
    if config.architecture == "mlp":
        return mlp_encoder(shape, hidden, outputs, activation)
    return conv_encoder(shape, hidden, outputs, activation, residual=config.architecture == "residual")


def _decoder(config: ModelConfig, shape: ImageShape) -> nn.Sequential:
    hidden, activation = sizes_of(config), config.activation
    if config.architecture == "mlp":
        return mlp_decoder(config.latent, hidden, shape, activation)
    if config.architecture == "conv-upsample":
        return upsample_decoder(config.latent, hidden, shape, activation)
    return conv_decoder(config.latent, hidden, shape, activation, residual=config.architecture == "residual")
