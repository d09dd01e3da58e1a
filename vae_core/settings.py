"""The settings of a run, in four sections. Every range, unit, default and line of help stands here once: validation, the
command line, the widgets and the documentation all read it from these fields.
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
    """Which images are trained on."""

    dataset: str = Field(
        "mnist-sample", min_length=1, max_length=4096, title="Images", description="The images to train on."
    )
    limit: int | None = Field(
        None, ge=1, title="Limit", description="Train on the first N images only.", json_schema_extra={"unit": "images"}
    )
    binarize: Literal["none", "threshold", "dynamic", "fixed"] = Field(
        "none",
        title="Binarised pixels",
        description="Grey pixels as they are, cut at one half, drawn anew as 0 or 1 at each step (dynamic), or drawn "
        "once and kept (fixed).",
    )
    corruption: Annotated[tuple[str, ...], BeforeValidator(parse_names)] = Field(
        (),
        title="Corruption",
        description=f"What damages the input, the target staying clean: {', '.join(CORRUPTIONS)}; of several one is "
        "drawn for each image.",
    )
    level: Annotated[str | None, BeforeValidator(parse_level_setting)] = Field(
        None,
        max_length=64,
        title="Level",
        description="How strong the corruption is, in its own unit: one number, or LOW:HIGH to draw from for each image.",
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
        """The ends of the level; both 0 where the corruption has none."""
        return ends_of(self.corruption, self.level)


_DEFAULT_SIZES = " and ".join(f"{','.join(map(str, row.hidden))} for {name}" for name, row in ARCHITECTURES.items())


class ModelConfig(Section):
    """The network."""

    model: Annotated[str, OneOf(MODELS)] = Field(
        "vae", title="Model", description=f"{', or '.join(row.title for row in MODELS.values()).capitalize()}."
    )
    architecture: Annotated[str, OneOf(ARCHITECTURES)] = Field(
        "mlp", title="Layers", description="Dense layers, or convolutions."
    )
    hidden: tuple[Width, ...] = Field(
        ARCHITECTURES["mlp"].hidden,
        max_length=8,
        title="Hidden sizes",
        description="Sizes of the encoder's hidden layers (mlp) or its channels a stage (conv); the decoder mirrors "
        f"them. 'none' gives a linear model. Default {_DEFAULT_SIZES}.",
    )
    activation: Literal["relu", "tanh"] = Field(
        "relu", title="Activation", description="What stands between two layers."
    )
    encoder: Literal["shared", "separate"] = Field(
        "shared",
        title="Encoder",
        description="One encoder with two heads, or one network for the mean and one for the log-variance.",
    )
    latent: int = Field(
        2,
        ge=1,
        le=512,
        title="Latents",
        description="Numbers in the code of an image.",
        json_schema_extra={"unit": "dimensions"},
    )

    @model_validator(mode="before")
    @classmethod
    def _default_hidden(cls, given: Any) -> Any:
        """Each architecture has its own default sizes."""
        if isinstance(given, dict) and given.get("hidden") is None:
            row = ARCHITECTURES.get(str(given.get("architecture", "mlp")), ARCHITECTURES["mlp"])
            given = {**given, "hidden": row.hidden}
        return given

    @field_validator("hidden", mode="before")
    @classmethod
    def _parse_hidden(cls, value: Any) -> Any:
        """'256,64' and 'none', as typed on the command line and in the page's field."""
        if not isinstance(value, str):
            return value
        if value.strip().lower() == "none":
            return ()
        return tuple(part.strip() for part in value.split(","))

    @model_validator(mode="after")
    def _has_a_stage(self) -> ModelConfig:
        if ARCHITECTURES[self.architecture].is_convolutional and not self.hidden:
            raise ValueError(
                f"hidden must name at least one stage for {self.architecture}; a linear model is --architecture mlp"
            )
        return self

    @property
    def is_variational(self) -> bool:
        """Whether the encoder gives a distribution over codes, so that there are a KL, an ELBO and a prior."""
        return MODELS[self.model].is_variational


class ObjectiveConfig(Section):
    """What training minimises, in nats per image."""

    likelihood: Annotated[str, OneOf(LIKELIHOODS)] = Field(
        "bernoulli", title="Likelihood", description="The decoder's distribution over pixels."
    )
    objective: Annotated[str, OneOf(OBJECTIVES, lambda row: row.is_chosen_by_name)] = Field(
        "beta", title="Objective", description="How the KL is weighed. A capacity replaces beta."
    )
    sigma: float = Field(
        1.0,
        ge=0.001,
        le=10.0,
        title="Sigma σ",
        description="Standard deviation of the gaussian likelihood; where the learned one starts.",
        json_schema_extra={"step": 0.1, "unit": "of the pixel range 0 to 1"},
    )
    beta: float = Field(
        1.0,
        ge=0.0,
        le=1000.0,
        json_schema_extra={"step": 0.5},
        title="Beta β",
        description="Weight of the KL divergence, both in nats per image; 1 is the VAE.",
    )
    beta_schedule: Literal["constant", "linear"] = Field(
        "constant",
        title="Schedule of β",
        description="Beta from the start, or rising linearly from 0 over the warm-up.",
    )
    warmup_epochs: float = Field(
        5.0,
        gt=0.0,
        le=10000.0,
        title="Warm-up",
        description="Over how long beta (linear) or the capacity rises.",
        json_schema_extra={"step": 1.0, "unit": "epochs"},
    )
    capacity: float | None = Field(
        None,
        ge=0.0,
        le=10000.0,
        title="Capacity C",
        description="Aim the KL at this value C: gamma x |KL - C| in place of beta x KL; C rises over the warm-up.",
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
        """What is minimised if the model is variational: the objective of a setting that has a value, else the named one."""
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
    """How the weights are found."""

    epochs: int = Field(20, ge=1, le=100000, title="Epochs", description="Passes over the training images.")
    batch_size: int = Field(
        128, ge=1, le=65536, title="Batch size", description="Images a step; cut to the data where there are fewer."
    )
    lr: float = Field(
        1e-3,
        gt=0.0,
        le=1.0,
        json_schema_extra={"step": 0.001},
        title="Learning rate",
        description="The optimizer's learning rate; with a schedule or a warm-up its highest value.",
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
        description="How strongly all weights are pulled to 0: for adam and sgd added to the gradient, for adamw to the step.",
        json_schema_extra={"step": 0.0001},
    )
    clip: float | None = Field(
        None,
        gt=0.0,
        le=1e9,
        title="Clip gradients at",
        description="Scale a gradient down to this norm if its norm is larger.",
        json_schema_extra={"step": 10.0, "unit": "nats per image"},
    )
    lr_schedule: Literal["constant", "cosine", "step"] = Field(
        "constant",
        title="Schedule of the learning rate",
        description="Constant, falling to 0 along half a cosine over all epochs, or multiplied by 0.1 after one half and "
        "again after three quarters of them.",
    )
    lr_warmup_epochs: float = Field(
        0.0,
        ge=0.0,
        le=10000.0,
        title="Warm-up of the learning rate",
        description="Over how long the learning rate rises from 0 at the start.",
        json_schema_extra={"step": 1.0, "unit": "epochs"},
    )
    average: float = Field(
        0.0,
        ge=0.0,
        le=0.99999,
        title="Moving average of the weights",
        description="Decay per step of an exponential moving average, such as 0.999. It is what is evaluated, drawn and "
        "kept as the model; 0 uses the weights themselves.",
        json_schema_extra={"step": 0.001},
    )
    patience: float | None = Field(
        None,
        gt=0.0,
        le=100000.0,
        title="Patience",
        description="End the training early once the target objective on held-out images has not improved for so long.",
        json_schema_extra={"step": 1.0, "unit": "epochs"},
    )
    precision: Literal["float32", "bf16"] = Field(
        "float32",
        title="Precision",
        description="bf16 computes the network's layers in bfloat16 where the processor or GPU has it: faster for large "
        "networks, with two to three digits. Weights, loss and evaluation stay in float32.",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, title="Seed", description="Every random draw follows from it.")
    threads: int = Field(1, ge=1, le=256, title="Threads", description="Processor threads that the run may use.")
    device: Literal["cpu", "cuda", "auto"] = Field(
        "auto", title="Device", description="Where to compute; auto takes cuda where it is."
    )
