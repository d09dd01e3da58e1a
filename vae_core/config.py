"""The configuration of a run. `settings.py` defines the settings.

A configuration is validated and frozen, refuses unknown keys, and is written to the run's folder unchanged.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from vae_core.errors import ConfigError, SchemaTooNew
from vae_core.fields import sentence
from vae_core.settings import DataConfig, ModelConfig, ObjectiveConfig, Section, TrainingConfig

SCHEMA = 4
"""Version of `config.json`; a larger number in a file means that a newer program wrote it. Version 2 added corruptions, 3 a
choice of activation and pixels binarised once, 4 optimizers, schedules, augmentation and a strided `conv`; what was called so
before is `conv-upsample`."""

HELD_OUT_IMAGES = 2_000
"""Number of test images that are evaluated during training, always the same ones; a smaller test split is used whole."""

LARGE_LEARNING_RATE = 5e-3
"""Above this, Adam was observed to end at least 20 nats worse than at 1e-3. This is a warning, not a limit."""


class RunConfig(Section):
    """The whole configuration of a run."""

    schema_version: int = Field(SCHEMA, alias="schema", ge=1)
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    training: TrainingConfig = TrainingConfig()
    parent: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]{1,40}@[0-9]{1,12}$",
        description="Start from a checkpoint of another run, given as RUN@STEP.",
    )

    model_config = ConfigDict(populate_by_name=True)

    def flat(self) -> dict[str, Any]:
        """Every field by its own name, as on the command line and in the URL of the Train page."""
        return {
            name: getattr(getattr(self, section), name)
            for section in SECTIONS
            for name in SECTIONS[section].model_fields
        }

    def changed(self, **values: Any) -> RunConfig:
        """A copy with these fields replaced, named as in `flat`.

        Raises:
            ConfigError: a field is unknown or its value is out of range.
        """
        return make_config(**{"parent": self.parent, **self.flat(), **values})

    @property
    def beta(self) -> float | None:
        """The weight of the KL if the loss is the reconstruction loss plus beta times the KL; else None."""
        return self.objective.beta if self.model.is_variational and self.objective.kind.is_linear else None

    @property
    def weighs_kl(self) -> bool:
        """Whether training pulls the codes towards the prior, by a KL with a weight above 0."""
        return self.model.is_variational and getattr(self.objective, self.objective.kind.weight) > 0

    @property
    def strength(self) -> str:
        """How strongly the objective weights the KL, such as 'beta 4' or 'C 25, gamma 1000'; empty for an autoencoder."""
        words = self.objective.kind.strength.format_map(dict(self.objective))
        return words if self.model.is_variational else ""


SECTIONS: dict[str, type[Section]] = {
    "data": DataConfig,
    "model": ModelConfig,
    "objective": ObjectiveConfig,
    "training": TrainingConfig,
}
FIELDS: dict[str, FieldInfo] = {
    name: info for section in SECTIONS.values() for name, info in section.model_fields.items()
}
"""Every field of a configuration by name; names are unique across sections."""


def make_config(*, parent: str | None = None, **values: Any) -> RunConfig:
    """A configuration from flat values; fields left out keep their defaults.

    Raises:
        ConfigError: a field is unknown or out of range; the message names the first one, its range and the given value.
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
        SchemaTooNew: it was written by a newer program.
        ConfigError: a field is unknown or out of range.
    """
    schema = document.get("schema", SCHEMA) if isinstance(document, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        raise SchemaTooNew(
            f"This configuration was written in format {schema} and this program knows {SCHEMA}; update the program."
        )
    if isinstance(schema, int) and 1 <= schema < SCHEMA:  # fields added since then get their defaults
        document = {**document, "schema": SCHEMA}
        if schema < 4 and isinstance(model := document.get("model", {}), dict):
            old = model.get("architecture", "mlp")
            document["model"] = {**model, "architecture": "conv-upsample" if old == "conv" else old}
    try:
        return RunConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(sentence(error, FIELDS)) from error


def title_of(name: str) -> str:
    """The display name of a setting, such as 'Learning rate' for `lr`."""
    return FIELDS[name].title or name


def warnings_for(config: RunConfig) -> list[str]:
    """Warnings about settings that are allowed but rarely wanted, one sentence each."""
    warnings = []
    training, objective = config.training, config.objective
    if training.lr > LARGE_LEARNING_RATE:
        warnings.append(f"A learning rate of {training.lr:g} usually ends tens of nats worse than 0.001.")
    if config.model.is_variational and objective.has_warmup and objective.warmup_epochs > training.epochs:
        warnings.append(
            f"The warm-up of {objective.warmup_epochs:g} epochs is longer than the training of {training.epochs}: "
            "the target objective is never reached."
        )
    if training.lr_warmup_epochs > training.epochs:
        warnings.append(
            f"The learning rate's warm-up of {training.lr_warmup_epochs:g} epochs is longer than the training of "
            f"{training.epochs}: the full learning rate is never reached."
        )
    if training.patience is not None and training.patience >= training.epochs:
        warnings.append(
            f"A patience of {training.patience:g} epochs never ends a training of {training.epochs}; choose a smaller one."
        )
    if (
        {"flip", "rotate"} & set(config.data.augment)
        and "mnist" in config.data.dataset
        and "fashion" not in config.data.dataset
    ):
        warnings.append(
            "Digits change their meaning when mirrored, and a 6 that is rotated far becomes a 9; shift is safe."
        )
    return warnings
