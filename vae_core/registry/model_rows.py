"""The kinds of models, and the architectures of their networks, one row each."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.registry.choice import Code

_MODELS, _NETWORKS = "vae_core.models.build", "vae_core.models.networks"


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A kind of model.

    Attributes:
        title: display name.
        short: abbreviation in lists and names of runs.
        is_variational: whether the encoder returns a distribution over codes, so that there are a KL, an ELBO and a prior.
        code: a function (config: ModelConfig, image_shape) that returns the `Autoencoder`.
    """

    title: str
    short: str
    is_variational: bool
    code: Code


MODELS: dict[str, ModelRow] = {
    "ae": ModelRow(title="Autoencoder", short="AE", is_variational=False, code=f"{_MODELS}:autoencoder"),
    "vae": ModelRow(title="Variational autoencoder", short="VAE", is_variational=True, code=f"{_MODELS}:vae"),
}
"""The kinds of models by their names in the configuration."""


@dataclass(frozen=True, kw_only=True)
class ArchitectureRow:
    """How encoder and decoder are built.

    Attributes:
        title: display name of its layers.
        hidden: default hidden sizes.
        is_convolutional: whether the hidden sizes are channels, one per stage that halves the image. Such a network needs
            at least one stage; a dense network without hidden sizes is linear.
        encoder: a function (image_shape, hidden, outputs, activation) that returns an `nn.Sequential`.
        decoder: a function (latent, hidden, image_shape, activation) that returns an `nn.Sequential`.
    """

    title: str
    hidden: tuple[int, ...]
    is_convolutional: bool
    encoder: Code
    decoder: Code


ARCHITECTURES: dict[str, ArchitectureRow] = {
    "mlp": ArchitectureRow(
        title="hidden layers",
        hidden=(256, 64),
        is_convolutional=False,
        encoder=f"{_NETWORKS}:mlp_encoder",
        decoder=f"{_NETWORKS}:mlp_decoder",
    ),
    "conv": ArchitectureRow(
        title="convolutional stages",
        hidden=(32, 64),
        is_convolutional=True,
        encoder=f"{_NETWORKS}:conv_encoder",
        decoder=f"{_NETWORKS}:conv_decoder",
    ),
}
"""The architectures by their names in the configuration."""
