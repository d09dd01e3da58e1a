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
        hidden: default hidden sizes, or None if they depend on the size of the images (`architectures.usual_hidden`).
        is_convolutional: whether the hidden sizes are channels, one per stage that halves the image. Such a network needs
            at least one stage; a dense network without hidden sizes is linear.
        is_strided: whether the decoder enlarges by transposed convolutions; its layers are normalised once, before step 0.
        has_blocks: whether a residual block follows each stage.
        is_former: whether only runs of former versions have it.
        encoder: a function (image_shape, hidden, outputs, activation) that returns an `nn.Sequential`.
        decoder: a function (latent, hidden, image_shape, activation) that returns an `nn.Sequential`.
    """

    title: str
    hidden: tuple[int, ...] | None = None
    is_convolutional: bool = False
    is_strided: bool = False
    has_blocks: bool = False
    is_former: bool = False
    encoder: Code = ""
    decoder: Code = ""


ARCHITECTURES: dict[str, ArchitectureRow] = {
    "auto": ArchitectureRow(title="chosen by the size of the images"),  # one of the next two, before a run is created
    "mlp": ArchitectureRow(
        title="hidden layers",
        hidden=(256, 64),
        encoder=f"{_NETWORKS}:mlp_encoder",
        decoder=f"{_NETWORKS}:mlp_decoder",
    ),
    "conv": ArchitectureRow(
        title="convolutional stages",
        is_convolutional=True,
        is_strided=True,
        encoder=f"{_NETWORKS}:conv_encoder",
        decoder=f"{_NETWORKS}:conv_decoder",
    ),
    "residual": ArchitectureRow(
        title="residual stages",
        is_convolutional=True,
        is_strided=True,
        has_blocks=True,
        encoder=f"{_NETWORKS}:residual_encoder",
        decoder=f"{_NETWORKS}:residual_decoder",
    ),
    "conv-upsample": ArchitectureRow(
        title="convolutional stages",
        hidden=(32, 64),
        is_convolutional=True,
        is_former=True,
        encoder=f"{_NETWORKS}:conv_encoder",
        decoder=f"{_NETWORKS}:upsample_decoder",
    ),
}
"""The architectures by their names in the configuration."""
