"""The settings of a run, in four sections. Every range, unit, default and line of help is defined here, once: validation,
the command line, the widgets and the documentation all read these fields.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from vae_core.errors import ConfigError
from vae_core.registry.choice import OneOf
from vae_core.registry.corruption_rows import CORRUPTIONS, check_corruption, ends_of, parse_level_setting, parse_names
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import ARCHITECTURES, MODELS
from vae_core.registry.objective_rows import OBJECTIVES, ObjectiveRow

Augmentation = Literal["flip", "shift", "rotate"]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


Width = Annotated[int, Field(ge=1, le=8192)]


class DataConfig(Section):
    """The training images."""

    dataset: str = Field(
        "mnist-sample", min_length=1, max_length=4096, title="Images", description="The images to train on."
    )
    limit: int | None = Field(
        None, ge=1, title="Limit", description="Train on the first N images only.", json_schema_extra={"unit": "images"}
    )
    binarize: Literal["none", "threshold", "dynamic", "fixed"] = Field(
        "none",
        title="Binarised pixels",
        description="Keep grey pixels (none), cut them at one half (threshold), or draw each as 0 or 1, anew at each step "
        "(dynamic) or once (fixed).",
    )
    corruption: Annotated[tuple[str, ...], BeforeValidator(parse_names)] = Field(
        (),
        title="Corruption",
        description=f"Damages the encoder's input, while the target stays clean: {', '.join(CORRUPTIONS)}. If several are "
        "given, one is drawn for each image.",
    )
    level: Annotated[str | None, BeforeValidator(parse_level_setting)] = Field(
        None,
        max_length=64,
        title="Level",
        description="Strength of the corruption in its own unit: a number, or LOW:HIGH to draw one for each image.",
    )

    augment: Annotated[tuple[Augmentation, ...], BeforeValidator(parse_names)] = Field(
        (),
        max_length=3,
        title="Augmentation",
        description="Random changes to each training image, drawn anew at each step: flip (left to right), shift (by up to "
        "a tenth of the side), rotate (by up to 15 degrees).",
    )

    @model_validator(mode="after")
    def _corruption_is_whole(self) -> DataConfig:
        try:
            check_corruption(self.corruption, self.level)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def levels(self) -> tuple[float, float]:
        """The ends of the level; both are 0 if the corruption has no level."""
        return ends_of(self.corruption, self.level)


class ModelConfig(Section):
    """The network."""

    model: Annotated[str, OneOf(MODELS)] = Field(
        "vae", title="Model", description=f"{', or '.join(row.title for row in MODELS.values()).capitalize()}."
    )
    architecture: Annotated[str, OneOf(ARCHITECTURES, unlisted=lambda row: row.is_former)] = Field(
        "auto",
        title="Layers",
        description="Dense layers (mlp), strided convolutions (conv), or the same with residual blocks (residual). auto is "
        "conv for images from 32 x 32 pixels on, and mlp for smaller ones or if hidden sizes are given.",
    )
    hidden: tuple[Width, ...] | None = Field(
        None,
        max_length=8,
        title="Hidden sizes",
        description="Sizes of the encoder's hidden layers (mlp), or its channels per stage (conv, residual); the decoder "
        "mirrors them. 'none' gives a linear model. Default: 256,64 (mlp), or 32,64,64,... down to about 4 x 4 pixels.",
    )
    activation: Literal["relu", "tanh"] = Field(
        "relu", title="Activation", description="The nonlinearity between layers."
    )
    encoder: Literal["shared", "separate"] = Field(
        "shared",
        title="Encoder",
        description="One encoder with two heads, or separate networks for the mean and the log-variance.",
    )
    latent: int = Field(
        2,
        ge=1,
        le=512,
        title="Latents",
        description="Length of the code of an image.",
        json_schema_extra={"unit": "dimensions"},
    )

    @model_validator(mode="before")
    @classmethod
    def _default_hidden(cls, given: Any) -> Any:
        """Sizes without an architecture are those of dense layers; some architectures have usual sizes for all images."""
        if not isinstance(given, dict):
            return given
        architecture, hidden = given.get("architecture", "auto"), given.get("hidden")
        if hidden is None:
            row = ARCHITECTURES.get(str(architecture))
            return {**given, "hidden": None if row is None else row.hidden}
        return {**given, "architecture": "mlp" if architecture == "auto" else architecture}

    @field_validator("hidden", mode="before")
    @classmethod
    def _parse_hidden(cls, value: Any) -> Any:
        """Parses '256,64' and 'none', as typed on the command line and in the page's field."""
        if not isinstance(value, str):
            return value
        if value.strip().lower() == "none":
            return ()
        return tuple(part.strip() for part in value.split(","))

    @model_validator(mode="after")
    def _has_a_stage(self) -> ModelConfig:
        if ARCHITECTURES[self.architecture].is_convolutional and self.hidden == ():
            raise ValueError(
                f"hidden must name at least one stage for {self.architecture}; a linear model is --architecture mlp"
            )
        return self

    @property
    def is_variational(self) -> bool:
        """Whether the encoder returns a distribution over codes, so that there are a KL, an ELBO and a prior."""
        return MODELS[self.model].is_variational


class ObjectiveConfig(Section):
    """What training minimises, in nats per image."""

    likelihood: Annotated[str, OneOf(LIKELIHOODS)] = Field(
        "bernoulli", title="Likelihood", description="The decoder's distribution over pixels."
    )
    objective: Annotated[str, OneOf(OBJECTIVES, lambda row: row.is_chosen_by_name)] = Field(
        "beta", title="Objective", description="How the KL is weighted. A capacity replaces beta."
    )
    sigma: float = Field(
        1.0,
        ge=0.001,
        le=10.0,
        title="Sigma σ",
        description="Standard deviation of the gaussian likelihood; for the learned one, its starting value.",
        json_schema_extra={"step": 0.1, "unit": "of the pixel range 0 to 1"},
    )
    beta: float = Field(
        1.0,
        ge=0.0,
        le=1000.0,
        json_schema_extra={"step": 0.5},
        title="Beta β",
        description="Weight of the KL divergence; 1 is the standard VAE.",
    )
    beta_schedule: Literal["constant", "linear"] = Field(
        "constant",
        title="Schedule of β",
        description="Constant beta, or beta rising linearly from 0 over the warm-up.",
    )
    warmup_epochs: float = Field(
        5.0,
        gt=0.0,
        le=10000.0,
        title="Warm-up",
        description="How long beta (if linear) or the capacity rises.",
        json_schema_extra={"step": 1.0, "unit": "epochs"},
    )
    capacity: float | None = Field(
        None,
        ge=0.0,
        le=10000.0,
        title="Capacity C",
        description="Target C of the KL: the loss has gamma x |KL - C| instead of beta x KL, and C rises over the warm-up.",
        json_schema_extra={"step": 1.0, "unit": "nats per image"},
    )
    gamma: float = Field(
        30.0,
        ge=0.0,
        le=10000.0,
        json_schema_extra={"step": 1.0},
        title="Gamma γ",
        description="Weight of the distance of the KL from the capacity.",
    )

    @model_validator(mode="after")
    def _one_objective(self) -> ObjectiveConfig:
        if self.objective != "beta" and self.kind is not OBJECTIVES[self.objective]:
            raise ValueError(
                f"{self.kind.chosen_by} has no effect with the objective {self.objective}; leave one of them out"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_usual_objective(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leaves out the default objective, so that programs older than this setting can read the file."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if (name, value) != ("objective", "beta")}

    @property
    def kind(self) -> ObjectiveRow:
        """The objective if the model is variational: the one chosen by a setting that has a value, else the named one."""
        chosen = (row for row in OBJECTIVES.values() if row.chosen_by and getattr(self, row.chosen_by) is not None)
        return next(chosen, OBJECTIVES[self.objective])

    @property
    def has_warmup(self) -> bool:
        """Whether the weight or the target of the KL rises over the warm-up."""
        settings = self.kind.settings
        return "warmup_epochs" in settings and ("beta_schedule" not in settings or self.beta_schedule == "linear")

    @property
    def has_floor(self) -> bool:
        """Whether the reconstruction loss has a lower bound."""
        return LIKELIHOODS[self.likelihood].has_floor


class TrainingConfig(Section):
    """How the model is trained."""

    epochs: int = Field(20, ge=1, le=100000, title="Epochs", description="Passes over the training images.")
    batch_size: int = Field(
        128, ge=1, le=65536, title="Batch size", description="Images per step; at most as many as there are."
    )
    lr: float = Field(
        1e-3,
        gt=0.0,
        le=1.0,
        json_schema_extra={"step": 0.001},
        title="Learning rate",
        description="The optimizer's learning rate; with a schedule or a warm-up, its highest value.",
    )
    optimizer: Literal["adam", "adamw", "sgd"] = Field(
        "adam",
        title="Optimizer",
        description="Adam, Adam with decoupled weight decay, or stochastic gradient descent with a momentum of 0.9.",
    )
    weight_decay: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        title="Weight decay",
        description="Pulls all weights towards 0, through the gradient for adam and sgd and through the step for adamw.",
        json_schema_extra={"step": 0.0001},
    )
    clip: float | None = Field(
        None,
        gt=0.0,
        le=1e9,
        title="Clip gradients at",
        description="Scale the gradient down to this norm if its norm is larger.",
        json_schema_extra={"step": 10.0, "unit": "nats per image"},
    )
    lr_schedule: Literal["constant", "cosine", "step"] = Field(
        "constant",
        title="Schedule of the learning rate",
        description="Constant; falling to 0 along half a cosine over all epochs; or multiplied by 0.1 after half of the "
        "epochs and again after three quarters.",
    )
    lr_warmup_epochs: float = Field(
        0.0,
        ge=0.0,
        le=10000.0,
        title="Warm-up of the learning rate",
        description="How long the learning rate rises from 0 at the start.",
        json_schema_extra={"step": 1.0, "unit": "epochs"},
    )
    average: float = Field(
        0.0,
        ge=0.0,
        le=0.99999,
        title="Moving average of the weights",
        description="Decay per step of an exponential moving average of the weights, such as 0.999, which then is the model "
        "that is evaluated, shown and stored; 0 uses the weights themselves.",
        json_schema_extra={"step": 0.001},
    )
    patience: float | None = Field(
        None,
        gt=0.0,
        le=100000.0,
        title="Patience",
        description="Stop early once the target objective on held-out images has not improved for this long.",
        json_schema_extra={"step": 1.0, "unit": "epochs"},
    )
    precision: Literal["float32", "bf16"] = Field(
        "float32",
        title="Precision",
        description="bf16 computes the network's layers in bfloat16 if the processor or GPU supports it: faster for large "
        "networks, with two to three significant digits. Weights, loss and evaluation stay in float32.",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, title="Seed", description="Determines every random draw.")
    threads: int = Field(1, ge=1, le=256, title="Threads", description="Processor threads that the run may use.")
    device: Literal["cpu", "cuda", "auto"] = Field(
        "auto", title="Device", description="Where to compute; auto uses cuda if it is available."
    )
