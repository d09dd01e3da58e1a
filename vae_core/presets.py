"""Presets: named configurations to start from. Fields that a preset does not set keep their defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vae_core.config import RunConfig, make_config


@dataclass(frozen=True)
class Preset:
    """A named configuration.

    Attributes:
        about: a sentence on what it is for.
        values: the fields in which it differs from the defaults.
        dataset: the dataset that it is made for; None for any.
    """

    about: str
    values: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None

    def config(self, dataset: str) -> RunConfig:
        """The whole configuration, on the preset's own dataset or else on `dataset`."""
        return make_config(**self.values, dataset=self.dataset or dataset)


PRESETS = {
    "VAE": Preset("A variational autoencoder with two latents: its whole latent space fits on a map."),
    "Autoencoder": Preset("The same network without a prior: it only has to reconstruct.", {"model": "ae"}),
    "β-VAE": Preset("Ten latents and four times the price for information.", {"latent": 10, "beta": 4.0}),
    "Denoising autoencoder": Preset(
        "Sees images damaged by Gaussian noise or salt and pepper, and has to return the clean ones.",
        {
            "model": "ae",
            "hidden": "512",
            "latent": 64,
            "corruption": "gaussian,salt-and-pepper",
            "level": "0.1:0.6",
        },
    ),
    "Original autoencoder": Preset(
        "The first network of the tutorial that this project grew from: MNIST, 784-256-64-2.",
        {"model": "ae"},
        dataset="mnist",
    ),
    "Original VAE": Preset(
        "The second network of that tutorial: Fashion-MNIST, 40 latents, two separate encoders, a learning rate of 0.02.",
        {"latent": 40, "encoder": "separate", "lr": 0.02},
        dataset="fashion-mnist",
    ),
    "Burda et al. 2015": Preset(
        'The VAE with one stochastic layer of "Importance Weighted Autoencoders": MNIST with pixels drawn as black or white '
        "at each step, 784-200-200-50, tanh, batches of 20. The paper trains for 3,280 epochs while the learning rate falls "
        "from 0.001 to 0.0001.",
        {"hidden": "200,200", "activation": "tanh", "latent": 50, "binarize": "dynamic", "batch_size": 20},
        dataset="mnist",
    ),
    "VAE 784-500-500": Preset(
        "Two hidden layers of 500 with ReLU and 50 latents on the same black-and-white MNIST: a wider network, often compared "
        "with that of Burda et al. 2015, whose hidden layers have 200 units.",
        {"hidden": "500,500", "latent": 50, "binarize": "dynamic"},
        dataset="mnist",
    ),
}
