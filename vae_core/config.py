"""What a person can ask of a run. Every range, unit, default and line of help stands here once: validation, the
command line, the widgets and the documentation all read it from these fields.

A configuration is frozen, refuses unknown keys, and is written to the run folder unchanged.
"""

from __future__ import annotations

import reprlib
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from vae_core.errors import ConfigError, SchemaTooNew
from vae_core.levels import CORRUPTIONS, check_corruption, ends_of, level_text, parse_level

SCHEMA = 4
"""Version of `config.json`. The second has corruptions, the third a choice of activation and pixels binarised once, the
fourth a strided `conv`; the earlier one is now `conv-upsample`."""

HELD_OUT_IMAGES = 2_000
"""Test images that are looked at while training, always the same; a smaller test split is looked at whole."""

DEFAULT_HIDDEN = {"mlp": (256, 64), "conv-upsample": (32, 64)}  # of all images; see architectures.usual_hidden
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
    corruption: tuple[str, ...] = Field(
        (),
        max_length=len(CORRUPTIONS),
        title="Corruption",
        description=f"What damages the input, the target staying clean: {', '.join(CORRUPTIONS)}; of several one is "
        "drawn for each image.",
    )
    level: str | None = Field(
        None,
        max_length=64,
        title="Level",
        description="How strong the corruption is, in its own unit: one number, or LOW:HIGH to draw from for each image.",
    )

    @field_validator("corruption", mode="before")
    @classmethod
    def _parse_corruption(cls, value: Any) -> Any:
        """'gaussian,masking' and 'none', as typed on the command line."""
        if not isinstance(value, str):
            return value
        names = tuple(part.strip() for part in value.split(",") if part.strip())
        return () if names == ("none",) else names

    @field_validator("level", mode="before")
    @classmethod
    def _parse_level(cls, value: Any) -> Any:
        """A number is written as text, and so is a pair."""
        if isinstance(value, list | tuple) and len(value) == 2:
            value = ":".join(map(str, value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        return value if not isinstance(value, str) or not value.strip() else level_text(*parse_level(value))

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


class ModelConfig(_Section):
    """The network."""

    model: Literal["ae", "vae"] = Field("vae", title="Model", description="Autoencoder, or variational autoencoder.")
    architecture: Literal["auto", "mlp", "conv", "residual", "conv-upsample"] = Field(
        "auto",
        title="Layers",
        description="Dense layers (mlp), strided convolutions (conv), or with residual blocks (residual). auto is conv for "
        "images from 32 x 32 pixels on, and mlp for smaller ones or if hidden sizes are given.",
        json_schema_extra={"not_offered": ["conv-upsample"]},
    )
    hidden: tuple[Width, ...] | None = Field(
        None,
        max_length=8,
        title="Hidden sizes",
        description="Sizes of the encoder's hidden layers (mlp) or its channels per stage (conv, residual); the decoder "
        "mirrors them. 'none' is a linear model. Default: 256,64 (mlp), or 32,64,64,... down to about 4 x 4 pixels.",
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
        2, ge=1, le=512, title="Latents", description="Numbers in the code of an image.",
        json_schema_extra={"unit": "dimensions"},
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _default_hidden(cls, given: Any) -> Any:
        """Sizes without an architecture are those of dense layers; some architectures have usual sizes for all images."""
        if not isinstance(given, dict):
            return given
        architecture, hidden = given.get("architecture", "auto"), given.get("hidden")
        if hidden is None:
            return {**given, "hidden": DEFAULT_HIDDEN.get(str(architecture))}
        return {**given, "architecture": "mlp" if architecture == "auto" else architecture}

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
    def _conv_has_a_stage(self) -> ModelConfig:
        if self.architecture != "mlp" and self.hidden == ():
            raise ValueError("hidden must name at least one stage for conv; a linear model is --architecture mlp")
        return self


class ObjectiveConfig(_Section):
    """What training minimises, in nats per image."""

    likelihood: Literal["bernoulli", "gaussian", "gaussian-learned", "continuous-bernoulli"] = Field(
        "bernoulli", title="Likelihood", description="The decoder's distribution over pixels."
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

    @property
    def has_floor(self) -> bool:
        """Whether the reconstruction loss has a lower bound.

        The density of the continuous Bernoulli grows without bound at pixels of exactly 0 or 1, so its loss has none.
        """
        return self.likelihood != "continuous-bernoulli"


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
        description="Adam's learning rate; conv and residual take steps of twice this size.",
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

    model_config = ConfigDict(populate_by_name=True)

    def flat(self) -> dict[str, Any]:
        """Every field by its own name, as the command line and the address of the Train page name them."""
        return {name: value for section in SECTIONS for name, value in getattr(self, section).model_dump().items()}

    def changed(self, **values: Any) -> RunConfig:
        """A copy with these fields (named as in `flat`) replaced.

        Raises:
            ConfigError: a field is unknown or its value is out of range.
        """
        return make_config(**{"parent": self.parent, **self.flat(), **values})


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
        key: {name: values[name] for name in section.model_fields if name in values}
        for key, section in SECTIONS.items()
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
        if found < 4 and isinstance(model := document.get("model", {}), dict):
            old = model.get("architecture", "mlp")
            document["model"] = {**model, "architecture": "conv-upsample" if old == "conv" else old}
    try:
        return RunConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from error


def choices_of(name: str) -> tuple[str, ...]:
    """The values that a choice offers, in order; old runs may have others, which are only read."""
    not_offered = _extra(FIELDS[name]).get("not_offered", ())
    return tuple(one for one in get_args(FIELDS[name].annotation) if one not in not_offered)


def range_text(info: FieldInfo) -> str:
    """The range of a field in words, such as '1 to 512' or 'above 0, at most 1'; empty where it has none."""
    bounds = {name: getattr(item, name) for item in info.metadata for name in ("ge", "gt", "le") if hasattr(item, name)}
    low = f"{bounds['ge']:g}" if "ge" in bounds else f"above {bounds['gt']:g}" if "gt" in bounds else ""
    high = f"{bounds['le']:.12g}" if "le" in bounds else ""
    if low and high:
        return f"{low} to {high}" if "ge" in bounds else f"{low}, at most {high}"
    return f"at least {low}" if "ge" in bounds else low


def title_of(name: str) -> str:
    """What a setting is called on pages and in charts, such as 'Learning rate' for `lr`."""
    return FIELDS[name].title or name


def unit_of(info: FieldInfo) -> str:
    """The unit of a field, or the empty string."""
    return str(_extra(info).get("unit", ""))


def step_of(info: FieldInfo) -> float | None:
    """By how much a widget changes a real number at a time; None for whole numbers and for what is no number."""
    step = _extra(info).get("step")
    return float(step) if isinstance(step, int | float) else None


def _extra(info: FieldInfo) -> dict[str, Any]:
    return dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}


def warnings_for(config: RunConfig) -> list[str]:
    """What is allowed but rarely wanted, a sentence each."""
    found = []
    training, objective = config.training, config.objective
    if training.lr > LARGE_LEARNING_RATE:
        found.append(f"A learning rate of {training.lr:g} usually ends tens of nats worse than 0.001.")
    rises = objective.beta_schedule == "linear" or objective.capacity is not None
    if config.model.model == "vae" and rises and objective.warmup_epochs > training.epochs:
        found.append(
            f"The warm-up of {objective.warmup_epochs:g} epochs is longer than the training of {training.epochs}: "
            "the target objective is never reached."
        )
    return found


_EXPECTED = {
    "hidden": "sizes from 1 to 8192 such as 256,64, at most 8 of them, or none",
    "dataset": "a name or a path of 1 to 4096 characters",
    "corruption": "names such as gaussian,masking",
    "level": "a number such as 0.3, or LOW:HIGH such as 0.1:0.6",
    "parent": "RUN@STEP, a run's id and a step that it keeps",
    "schema": "a whole number from 1 on",
}
"""What a range cannot say."""


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]] or ["configuration"]
    kind, given = first["type"], reprlib.repr(first.get("input"))
    if kind == "extra_forbidden":
        return f"There is no setting called {path[-1]!r}."
    if kind == "value_error":
        return f"{str(first['ctx']['error']).rstrip('.')}."
    if kind.startswith("model"):
        return f"{path[-1]} must be an object of settings, not {given}."
    # from the end, since a section may be called as a field is; behind `hidden` stands a position in it
    name = next((part for part in reversed(path) if part in FIELDS), path[-1])
    if kind == "literal_error":
        *others, last = map(repr, choices_of(name))
        return f"{name} must be {', '.join(others)} or {last}, not {given}."
    expected = _EXPECTED.get(name) or range_text(FIELDS[name])
    number = "a whole number, " if kind.startswith("int") else "a number, " if "float" in kind else ""
    return f"{name} must be {'' if name in _EXPECTED else number}{expected}, not {given}."
