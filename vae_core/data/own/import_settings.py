"""How pictures are prepared, split and stored: the settings of an import."""

from __future__ import annotations

from typing import Any, Literal

from PIL import ImageColor
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vae_core.data.own.preparing import Recipe
from vae_core.errors import ConfigError
from vae_core.fields import sentence

USUAL_SIZE, MAX_SIZE = 64, 512


class ImportSettings(BaseModel):
    """The settings of an import; the same ones make the same dataset of the same pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    size: int | None = Field(
        None,
        ge=4,
        le=MAX_SIZE,
        description=f"Width and height of the stored pictures. Default: {USUAL_SIZE}, or that of the pictures if they all "
        "have the same smaller one.",
        json_schema_extra={"unit": "pixels"},
    )
    colour: Literal["auto", "grey", "colour"] = Field(
        "auto", description="Grey or colour; auto stores grey if every picture is grey."
    )
    fit: Literal["crop", "pad", "stretch"] = Field(
        "crop",
        description="How a picture becomes square: cut to its centre, padded with the background, or stretched.",
    )
    background: str = Field(
        "black", validate_default=True, description="Behind transparent and padded parts: black, white or #rrggbb."
    )
    range: Literal["type", "data"] = Field(
        "type",
        description="What black and white are for pixels of 16 bits, 32 bits or floats: the ends of their type (floats: 0 "
        "and 1), or each picture's own darkest and brightest value.",
    )
    held_out: float = Field(0.1, gt=0, le=0.9, description="Share of the pictures that are never trained on.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Seed of the split and of the order.")

    @property
    def recipe(self) -> Recipe:
        """What preparing one picture needs, once the size is known."""
        return Recipe(self.size or USUAL_SIZE, self.colour, self.fit, self.background, self.range)

    @field_validator("background")
    @classmethod
    def _as_hexadecimal(cls, value: str) -> str:
        try:
            red, green, blue = ImageColor.getrgb(value)[:3]
        except ValueError as error:
            raise ValueError(f"background must be black, white or #rrggbb, not {value[:40]!r}") from error
        return f"#{red:02x}{green:02x}{blue:02x}"


def make_settings(**values: Any) -> ImportSettings:
    """Returns the settings; those left out or None keep their defaults.

    Raises:
        ConfigError: one is out of range; the message names it.
    """
    try:
        return ImportSettings(**{name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        raise ConfigError(sentence(error, ImportSettings.model_fields).replace("held_out", "--held-out", 1)) from error
