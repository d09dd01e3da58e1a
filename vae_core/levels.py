"""What an image can be damaged by, and how strongly: names, units and ranges, for the configuration, the command line and
the pages. `data/corruptions.py` does the damage.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

from vae_core.errors import ConfigError


@dataclass(frozen=True)
class Corruption:
    """A way of damaging images; `data/corruptions.py` has the function of the same name.

    Attributes:
        title: for people.
        about: a sentence on what it does.
        measure: what the level is, with its unit; empty where there is none.
        lowest, highest, usual: of the level; at the lowest the image stays as it is.
        channels: the numbers of channels that it can be applied to.
        clipping: what cutting to 0 to 1 does to it, a sentence; empty where nothing is cut.
    """

    title: str
    about: str
    measure: str = ""
    lowest: float = 0.0
    highest: float = 1.0
    usual: float = 0.3
    channels: tuple[int, ...] = (1, 3)
    clipping: str = ""

    @property
    def has_level(self) -> bool:
        return bool(self.measure)

    def check_level(self, level: float) -> None:
        """Raises ConfigError where the level is outside the range."""
        if self.has_level and not self.lowest <= level <= self.highest:
            raise ConfigError(
                f"The level of {self.title.lower()} ({self.measure}) must be {self.lowest:g} to {self.highest:g}, "
                f"not {level:g}."
            )


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian": Corruption(
        "Gaussian noise",
        "Adds normal noise to every pixel.",
        "standard deviation before clipping, of the pixel range 0 to 1",
        clipping="Values beyond 0 and 1 are cut off: on a black background half of the noise is lost and the rest "
        "brightens it; on a white one the rest darkens it.",
    ),
    "salt-and-pepper": Corruption(
        "Salt and pepper", "Turns pixels at random black or white.", "share of the pixels", highest=0.95, usual=0.25
    ),
    "masking": Corruption("Masking", "Turns pixels at random black.", "share of the pixels", highest=0.95, usual=0.5),
    "block": Corruption("Block", "Blackens a block at a random place.", "side, as a share of the image's", usual=0.4),
    "blur": Corruption("Blur", "A Gaussian blur.", "sigma, in pixels", highest=10.0, usual=1.5),
    "low-resolution": Corruption(
        "Low resolution",
        "Averages pixels into larger ones and scales back.",
        "factor, in pixels",
        lowest=1.0,
        highest=16.0,
        usual=3.0,
    ),
    "watermark": Corruption(
        "Watermark", "Lays a white text or mark over a random place.", "opacity, 0 to 1", usual=0.7
    ),
    "greyscale": Corruption("Greyscale", "Takes the colours away and keeps the luma.", channels=(3,)),
}
"""Every corruption by its name; the ranges stand here and nowhere else."""


def parse_level(text: str) -> tuple[float, float]:
    """'0.3' or '0.1:0.6' as its two ends.

    Raises:
        ValueError: it is neither, or the second end is below the first.
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
    """What `parse_level` reads: one number where both ends are the same."""
    return f"{low:g}" if low == high else f"{low:g}:{high:g}"


def ends_of(names: Sequence[str], level: str | None) -> tuple[float, float]:
    """The ends of a level; where none is given the usual one of the first corruption that has one, else both 0."""
    if level:
        return parse_level(level)
    usual = next((CORRUPTIONS[name].usual for name in names if CORRUPTIONS[name].has_level), 0.0)
    return usual, usual


def check_corruption(names: Sequence[str], level: str | None) -> None:
    """Raises ConfigError where a name is unknown or twice, or the level is missing a corruption or out of its range."""
    for index, name in enumerate(names):
        if name not in CORRUPTIONS:
            raise ConfigError(
                f"There is no corruption called {name[:60]!r}; the known ones are {', '.join(CORRUPTIONS)}."
            )
        if name in names[:index]:
            raise ConfigError(f"The corruption {name} is named twice; name it once.")
    if level is not None and not any(CORRUPTIONS[name].has_level for name in names):
        raise ConfigError(
            "greyscale has no level; leave the level out." if names else "A level needs a corruption; name one."
        )
    for end in ends_of(names, level):
        for name in names:
            CORRUPTIONS[name].check_level(end)


def check_channels(names: Sequence[str], channels: int) -> None:
    """Raises ConfigError where one of these corruptions cannot be applied to images of so many channels."""
    for name in names:
        if channels not in CORRUPTIONS[name].channels:
            raise ConfigError(
                f"{CORRUPTIONS[name].title} needs images in colour, and these have {channels} channel; choose coloured "
                "images, such as coloured-mnist-sample, or another corruption."
            )
