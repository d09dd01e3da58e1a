"""A model from its configuration."""

from __future__ import annotations

import torch
from torch import nn

from vae_core.architectures import ImageShape, check_fits, is_strided, settled_model, sizes_of
from vae_core.data.randomness import Stream, generator
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.networks import initialise, initialise_strided
from vae_core.models.vae import SeparateVae, Vae
from vae_core.registry.choice import resolve
from vae_core.registry.model_rows import ARCHITECTURES, MODELS
from vae_core.settings import ModelConfig


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
    if not is_strided(settled):
        initialise(model, draw, config.activation)
        return model
    for network in (*model.encoders(), model.decoder):
        initialise_strided(network, draw, config.activation)
    return model.to(memory_format=torch.channels_last)


def describe_model(config: ModelConfig, image_shape: ImageShape) -> Autoencoder:
    """The network without its numbers, on the meta device: names and shapes of the weights, and nothing allocated."""
    with torch.device("meta"):
        settled = settled_model(config, image_shape)
        model: Autoencoder = resolve(MODELS[config.model].code)(settled, image_shape)
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
        shape, sizes_of(config), outputs, config.activation
    )
    return encoder


def _decoder(config: ModelConfig, shape: ImageShape) -> nn.Sequential:
    decoder: nn.Sequential = resolve(ARCHITECTURES[config.architecture].decoder)(
        config.latent, sizes_of(config), shape, config.activation
    )
    return decoder
