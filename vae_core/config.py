"""What a person can ask of a run. Every range, unit, default and line of help stands here once: validation, the
command line, the widgets and the documentation all read it from these fields.

A configuration is frozen, refuses unknown keys, and is written to the run folder unchanged.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.fields import FieldInfo

from vae_core.errors import ConfigError, SchemaTooNew
from vae_core.fields import sentence
from vae_core.registry.choice import OneOf
from vae_core.registry.corruption_rows import CORRUPTIONS, check_corruption, ends_of, parse_level_setting, parse_names
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import ARCHITECTURES, MODELS
from vae_core.registry.objective_rows import OBJECTIVES, ObjectiveRow

SCHEMA = 3
"""Version of `config.json`; a larger number in a file means that a newer program wrote it. The second has corruptions, the
third a choice of activation and pixels binarised once."""

HELD_OUT_IMAGES = 2_000
"""Test images that are looked at while training, always the same; a smaller test split is looked at whole."""

LARGE_LEARNING_RATE = 5e-3
"""Above this Adam was seen to end 20 nats and more worse than at 1e-3; a warning, not a limit."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


Width = Annotated[int, Field(ge=1, le=8192)]


class DataConfig(_Section):
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


class ModelConfig(_Section):
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


class ObjectiveConfig(_Section):
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


class TrainingConfig(_Section):
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
        description="Adam's learning rate.",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, title="Seed", description="Every random draw follows from it.")
    threads: int = Field(1, ge=1, le=256, title="Threads", description="Processor threads that the run may use.")
    device: Literal["cpu", "cuda", "auto"] = Field(
        "auto", title="Device", description="Where to compute; auto takes cuda where it is."
    )


class RunConfig(_Section):
    """All that a run is asked to be."""

    schema_version: int = Field(SCHEMA, alias="schema", ge=1)
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    training: TrainingConfig = TrainingConfig()
    parent: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]{1,40}@[0-9]{1,12}$",
        description="Start from the weights of another run's kept step, as RUN@STEP.",
    )

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False, protected_namespaces=()
    )

    def flat(self) -> dict[str, Any]:
        """Every field by its own name, as the command line and the address of the Train page name them."""
        return {
            name: getattr(getattr(self, section), name)
            for section in SECTIONS
            for name in SECTIONS[section].model_fields
        }

    def changed(self, **values: Any) -> RunConfig:
        """A copy with these fields (named as in `flat`) replaced.

        Raises:
            ConfigError: a field is unknown or its value is out of range.
        """
        return make_config(**{"parent": self.parent, **self.flat(), **values})

    @property
    def beta(self) -> float | None:
        """The weight of the KL, if the loss is the reconstruction and beta times the KL; else None."""
        return self.objective.beta if self.model.is_variational and self.objective.kind.is_linear else None

    @property
    def weighs_kl(self) -> bool:
        """Whether training draws the codes towards the prior: a KL with a weight above 0."""
        return self.model.is_variational and getattr(self.objective, self.objective.kind.weight) > 0

    @property
    def strength(self) -> str:
        """How strongly the objective weighs the KL, in words: 'beta 4', 'C 25, gamma 1000'; empty for an autoencoder."""
        words = self.objective.kind.strength.format_map(dict(self.objective))
        return words if self.model.is_variational else ""


SECTIONS: dict[str, type[_Section]] = {
    "data": DataConfig,
    "model": ModelConfig,
    "objective": ObjectiveConfig,
    "training": TrainingConfig,
}
FIELDS: dict[str, FieldInfo] = {
    name: info for section in SECTIONS.values() for name, info in section.model_fields.items()
}
"""Every field of a configuration by its name; names are unique over the sections."""


def make_config(*, parent: str | None = None, **values: Any) -> RunConfig:
    """A configuration from flat values; those left out keep their defaults.

    Raises:
        ConfigError: with one sentence that names the first field at fault, its range and the value given.
    """
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise ConfigError(f"There is no setting called {unknown[0]!r}; the settings are {', '.join(FIELDS)}.")
    nested = {
        section: {name: values[name] for name in model.model_fields if name in values}
        for section, model in SECTIONS.items()
    }
    return parse_config({**nested, "parent": parent})


def parse_config(document: Any) -> RunConfig:
    """A configuration from the content of a `config.json`.

    Raises:
        SchemaTooNew: a newer program wrote it.
        ConfigError: a field is unknown or out of its range.
    """
    found = document.get("schema", SCHEMA) if isinstance(document, dict) else None
    if isinstance(found, int) and found > SCHEMA:
        raise SchemaTooNew(
            f"This configuration was written in format {found} and this program knows {SCHEMA}; update the program."
        )
    if isinstance(found, int) and 1 <= found < SCHEMA:  # what is new since has its default
        document = {**document, "schema": SCHEMA}
    try:
        return RunConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(sentence(error, FIELDS)) from error


def title_of(name: str) -> str:
    """What a setting is called on pages and in charts, such as 'Learning rate' for `lr`."""
    return FIELDS[name].title or name


def warnings_for(config: RunConfig) -> list[str]:
    """What is allowed but rarely wanted, a sentence each."""
    found = []
    training, objective = config.training, config.objective
    if training.lr > LARGE_LEARNING_RATE:
        found.append(f"A learning rate of {training.lr:g} usually ends tens of nats worse than 0.001.")
    if config.model.is_variational and objective.has_warmup and objective.warmup_epochs > training.epochs:
        found.append(
            f"The warm-up of {objective.warmup_epochs:g} epochs is longer than the training of {training.epochs}: "
            "the target objective is never reached."
        )
    return found
