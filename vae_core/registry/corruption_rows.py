"""The corruptions of images, one row each, and their level: its text form and its range."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vae_core.errors import ConfigError
from vae_core.registry.choice import Code

_CODE = "vae_core.data.corruptions"


@dataclass(frozen=True)
class Corruption:
    """A way of damaging images.

    Attributes:
        title: display name.
        about: a sentence on what it does.
        code: a function (images, levels, generator) that returns the damaged images; see `data/corruptions.py`.
        measure: what the level measures, with its unit; empty if there is no level.
        lowest, highest, usual: range and default of the level; the lowest leaves the image unchanged.
        channels: the numbers of channels of the images that it applies to.
        clipping: a sentence on the effect of clipping to the range 0 to 1; empty if nothing is clipped.
        is_noise: whether it is noise, which the classical filters are made for.
        takes_colours: whether it removes colours. Restoring them has baselines of its own.
    """

    title: str
    about: str
    code: Code
    measure: str = ""
    lowest: float = 0.0
    highest: float = 1.0
    usual: float = 0.3
    channels: tuple[int, ...] = (1, 3)
    clipping: str = ""
    is_noise: bool = False
    takes_colours: bool = False

    @property
    def has_level(self) -> bool:
        return bool(self.measure)

    def check_level(self, level: float) -> None:
        """Raises ConfigError if the level is out of range."""
        if self.has_level and not self.lowest <= level <= self.highest:
            raise ConfigError(
                f"The level of {self.title.lower()} ({self.measure}) must be {self.lowest:g} to {self.highest:g}, "
                f"not {level:g}."
            )


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian": Corruption(
        "Gaussian noise",
        "Adds normal noise to every pixel.",
        f"{_CODE}:gaussian",
        "standard deviation before clipping, of the pixel range 0 to 1",
        clipping="Values beyond 0 and 1 are cut off: on a black background half of the noise is lost and the rest "
        "brightens it; on a white one the rest darkens it.",
        is_noise=True,
    ),
    "salt-and-pepper": Corruption(
        "Salt and pepper",
        "Turns random pixels black or white.",
        f"{_CODE}:salt_and_pepper",
        "share of the pixels",
        highest=0.95,
        usual=0.25,
        is_noise=True,
    ),
    "masking": Corruption(
        "Masking",
        "Turns random pixels black.",
        f"{_CODE}:masking",
        "share of the pixels",
        highest=0.95,
        usual=0.5,
    ),
    "block": Corruption(
        "Block", "Blackens a block at a random place.", f"{_CODE}:block", "side, as a share of the image's", usual=0.4
    ),
    "blur": Corruption("Blur", "A Gaussian blur.", f"{_CODE}:blur", "sigma, in pixels", highest=10.0, usual=1.5),
    "low-resolution": Corruption(
        "Low resolution",
        "Averages pixels into larger ones and scales back.",
        f"{_CODE}:low_resolution",
        "factor, in pixels",
        lowest=1.0,
        highest=16.0,
        usual=3.0,
    ),
    "watermark": Corruption(
        "Watermark",
        "Overlays white text or a mark at a random place.",
        f"{_CODE}:watermark",
        "opacity, 0 to 1",
        usual=0.7,
    ),
    "greyscale": Corruption(
        "Greyscale",
        "Removes the colours and keeps the luma.",
        f"{_CODE}:without_colours",
        channels=(3,),
        takes_colours=True,
    ),
}
"""The corruptions by name. The ranges of levels are set here and nowhere else."""


def parse_level(text: str) -> tuple[float, float]:
    """The two ends of a level such as '0.3' or '0.1:0.6'.

    Raises:
        ValueError: the text has neither form, or the second end is below the first.
    """
    parts = text.split(":")
    try:
        ends = [float(part) for part in parts]
    except ValueError:
        ends = []
    if len(ends) not in (1, 2) or not all(map(math.isfinite, ends)) or ends[-1] < ends[0]:
        raise ValueError(f"level must be a number such as 0.3, or LOW:HIGH such as 0.1:0.6, not {reprlib.repr(text)}")
    return ends[0], ends[-1]


def level_text(low: float, high: float) -> str:
    """The inverse of `parse_level`: a single number if both ends are equal."""
    return f"{low:g}" if low == high else f"{low:g}:{high:g}"


def parse_names(value: Any) -> Any:
    """Splits names as typed on the command line, such as 'gaussian,masking' or 'none'; other types pass unchanged."""
    if not isinstance(value, str):
        return value
    names = tuple(part.strip() for part in value.split(",") if part.strip())
    return () if names == ("none",) else names


def parse_level_setting(value: Any) -> Any:
    """Turns a level given as a number, a pair or text into the text of the configuration; other types pass unchanged.

    Raises:
        ValueError: as for `parse_level`.
    """
    if isinstance(value, list | tuple) and len(value) == 2:
        value = ":".join(map(str, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return value if not isinstance(value, str) or not value.strip() else level_text(*parse_level(value))


def ends_of(names: Sequence[str], level: str | None) -> tuple[float, float]:
    """The ends of a level. Without one, both are the usual level of the first corruption that has a level, or else 0."""
    if level:
        return parse_level(level)
    usual = next((CORRUPTIONS[name].usual for name in names if CORRUPTIONS[name].has_level), 0.0)
    return usual, usual


def check_corruption(names: Sequence[str], level: str | None) -> None:
    """Checks corruptions and their level.

    Raises:
        ConfigError: a name is unknown or given twice, no corruption has a level, or the level is out of range.
    """
    for index, name in enumerate(names):
        if name not in CORRUPTIONS:
            raise ConfigError(f"There is no corruption called {name[:60]!r}; choose from {', '.join(CORRUPTIONS)}.")
        if name in names[:index]:
            raise ConfigError(f"The corruption {name} is named twice; name it once.")
    if level is not None and not any(CORRUPTIONS[name].has_level for name in names):
        raise ConfigError(
            f"{' and '.join(names)} has no level; leave the level out."
            if names
            else "A level needs a corruption; name one."
        )
    for end in ends_of(names, level):
        for name in names:
            CORRUPTIONS[name].check_level(end)


def check_channels(names: Sequence[str], channels: int) -> None:
    """Raises ConfigError if one of the corruptions does not apply to images with this number of channels."""
    for name in names:
        if channels not in CORRUPTIONS[name].channels:
            raise ConfigError(
                f"{CORRUPTIONS[name].title} needs colour images, and these have {channels} channel; choose colour images, "
                "such as coloured-mnist-sample, or another corruption."
            )
