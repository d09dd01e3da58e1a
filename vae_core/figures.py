"""Every figure that is shown: its name, unit, format and meaning, in one table for command line, pages and charts.

A figure's key is its name in files and in the command line's JSON. A new figure is one row here, and its key where it is
computed; whoever shows figures lists keys and takes the words from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

NATS = "nats per image"


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        key: its name in files and in the command line's JSON.
        title: its name in words, in lower case unless it is an abbreviation.
        unit: of its values; empty if it is a bare number.
        format: a format specification for `format` and for charts.
        better: which end is better; None if neither is by itself.
        role: its name where runs are compared, such as rate and distortion; left out, the title.
        header: its name above a narrow column; left out, the role.
        needs_posterior: an autoencoder has no such figure.
        meaning: what it measures, to follow its name and a colon; may be empty.
    """

    key: str
    title: str
    unit: str = ""
    format: str = ".2f"
    better: Literal["lower", "higher"] | None = None
    role: str = ""
    header: str = ""
    needs_posterior: bool = False
    meaning: str = ""

    @property
    def compared(self) -> str:
        """Its name where runs are compared: "rate"."""
        return self.role or self.title

    @property
    def column(self) -> str:
        """Its name above a narrow column: "-ELBO"."""
        return self.header or self.compared

    @property
    def label(self) -> str:
        """Its name in a comparison with its unit, for an axis or a wide column: "rate, nats per image"."""
        return f"{self.compared}, {self.unit}" if self.unit else self.compared

    @property
    def axis(self) -> str:
        """As `label`, with both its names where it has two: "rate: KL, nats per image"."""
        return f"{self.role}: {self.title}, {self.unit}" if self.role else self.label

    @property
    def help(self) -> str:
        """What the column's name stands for: "negative ELBO, nats per image; lower is better"."""
        name = f"{self.title}, {self.unit}" if self.unit else self.title
        return f"{name}; {self.better} is better" if self.better else name

    def text(self, value: float | None) -> str:
        """A value as people read it; a dash if there is none."""
        return "–" if value is None else format(value, self.format)


_ROWS = (
    Figure("loss", "total", NATS, better="lower"),
    Figure("reconstruction_nats", "reconstruction", NATS, better="lower", role="distortion"),
    Figure("kl_nats", "KL", NATS, role="rate", needs_posterior=True),
    Figure("negative_elbo_nats", "negative ELBO", NATS, better="lower", header="-ELBO"),
    Figure("floor_nats", "floor", NATS),
    Figure("active_units", "active units", "", "d", header="active", needs_posterior=True),
    Figure("mse_per_pixel", "MSE per pixel", "pixel values 0 to 1", ".5f", better="lower", header="MSE"),
    Figure(
        "bits_per_dimension",
        "bits per dimension",
        "bits per pixel and channel",
        ".3f",
        better="lower",
        header="bits/dim",
        needs_posterior=True,
    ),
    Figure("iw_nll_nats", "importance-weighted NLL", NATS, better="lower", header="IW-NLL", needs_posterior=True),
    Figure("images", "evaluated on", "test images", ",d"),
    Figure("step", "at step", "", ",d"),
    Figure(
        "mig",
        "MIG",
        format=".3f",
        better="higher",
        meaning="how much more the best dimension says about a factor than the second best, as a share of its entropy",
    ),
    Figure(
        "dci_disentanglement",
        "DCI disentanglement",
        format=".3f",
        better="higher",
        meaning="whether a dimension helps to tell one factor only",
    ),
    Figure(
        "dci_completeness",
        "DCI completeness",
        format=".3f",
        better="higher",
        meaning="whether a factor is told by one dimension only",
    ),
    Figure(
        "dci_informativeness",
        "DCI informativeness",
        format=".3f",
        better="higher",
        meaning="how often the factors are read off the code correctly; guessing is not 0",
    ),
    Figure(
        "factor_vae_score",
        "FactorVAE score",
        format=".3f",
        better="higher",
        meaning="how often the steadiest dimension tells which factor was held; guessing is one in the factors",
    ),
    Figure("psnr", "PSNR", "dB", better="higher"),
    Figure("ssim", "SSIM", format=".3f", better="higher"),
)

FIGURES: Mapping[str, Figure] = {row.key: row for row in _ROWS}
"""All of them, by key."""
