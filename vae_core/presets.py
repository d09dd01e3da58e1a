"""Set-ups that one starts from, by name: what a preset does not name keeps its default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vae_core.config import RunConfig, make_config


@dataclass(frozen=True)
class Preset:
    """A named set-up.

    Attributes:
        about: a sentence on what it is for.
        values: the fields in which it differs from the defaults.
        dataset: the images it belongs to, or None where any will do.
    """

    about: str
    values: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None

    def config(self, dataset: str) -> RunConfig:
        """The whole configuration, on the preset's own images or else on `dataset`."""
        return make_config(**self.values, dataset=self.dataset or dataset)


PRESETS = {
    "VAE": Preset("A variational autoencoder with two latents: its whole latent space fits on a map."),
    "Autoencoder": Preset("The same network without a prior: it only has to reconstruct.", {"model": "ae"}),
    "β-VAE": Preset("Ten latents and four times the price for information.", {"latent": 10, "beta": 4.0}),
    "Denoising autoencoder": Preset(
        "It sees damaged images and has to give the clean ones: Gaussian noise, and salt and pepper.",
        {
            "model": "ae",
            "hidden": "512",
            "latent": 64,
            "corruption": "gaussian,salt-and-pepper",
            "level": "0.1:0.6",
        },
    ),
    "Original autoencoder": Preset(
        "The first network of the text that this project grew from: MNIST, 784-256-64-2.",
        {"model": "ae"},
        dataset="mnist",
    ),
    "Original VAE": Preset(
        "The second network of that text: Fashion-MNIST, 40 latents, two separate encoders and its learning rate of 0.02.",
        {"latent": 40, "encoder": "separate", "lr": 0.02},
        dataset="fashion-mnist",
    ),
    "Burda et al. 2015": Preset(
        'The VAE with one stochastic layer of "Importance Weighted Autoencoders": MNIST with pixels drawn as black or white '
        "at each step, 784-200-200-50, tanh, batches of 20. The paper trains it for 3,280 epochs while the learning rate "
        "falls from 0.001 to 0.0001.",
        {"hidden": "200,200", "activation": "tanh", "latent": 50, "binarize": "dynamic", "batch_size": 20},
        dataset="mnist",
    ),
    "VAE 784-500-500": Preset(
        "Two hidden layers of 500 with ReLU and 50 latents on the same black-and-white MNIST: a wider network whose figures "
        "are often set beside those of Burda et al. 2015, whose own has hidden layers of 200.",
        {"hidden": "500,500", "latent": 50, "binarize": "dynamic"},
        dataset="mnist",
    ),
}
