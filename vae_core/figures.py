"""The table of all figures: name, unit, format and meaning, for the command line, the pages and the charts.

The key of a figure is its name in files and in the command line's JSON. A new figure takes one row here, and its key where
it is computed. Whatever shows figures lists their keys and gets the texts from here.
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
        key: name in files and in the command line's JSON.
        title: display name, in lower case unless it is an abbreviation.
        unit: unit of its values; empty for a pure number.
        format: format specification, for `format` and for charts.
        better: which direction is better; None if neither.
        role: name in comparisons of runs, such as rate or distortion; by default the title.
        header: name above a narrow column; by default the role.
        needs_posterior: whether autoencoders lack this figure.
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
        """The name in comparisons of runs, such as "rate"."""
        return self.role or self.title

    @property
    def column(self) -> str:
        """The name above a narrow column, such as "-ELBO"."""
        return self.header or self.compared

    @property
    def label(self) -> str:
        """The name in comparisons with the unit, for an axis or a wide column, such as "rate, nats per image"."""
        return f"{self.compared}, {self.unit}" if self.unit else self.compared

    @property
    def axis(self) -> str:
        """Like `label`, but with both names if it has two, such as "rate: KL, nats per image"."""
        return f"{self.role}: {self.title}, {self.unit}" if self.role else self.label

    @property
    def help(self) -> str:
        """The explanation of a column, such as "negative ELBO, nats per image; lower is better"."""
        name = f"{self.title}, {self.unit}" if self.unit else self.title
        return f"{name}; {self.better} is better" if self.better else name

    def text(self, value: float | None) -> str:
        """A value as text; a dash for None."""
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
        meaning="whether each dimension informs about a single factor",
    ),
    Figure(
        "dci_completeness",
        "DCI completeness",
        format=".3f",
        better="higher",
        meaning="whether each factor is captured by a single dimension",
    ),
    Figure(
        "dci_informativeness",
        "DCI informativeness",
        format=".3f",
        better="higher",
        meaning="how often the factors are predicted correctly from the code; guessing does not score 0",
    ),
    Figure(
        "factor_vae_score",
        "FactorVAE score",
        format=".3f",
        better="higher",
        meaning="how often the dimension that varies least reveals which factor was fixed; guessing scores 1 over the number "
        "of factors",
    ),
    Figure("psnr", "PSNR", "dB", better="higher"),
    Figure("ssim", "SSIM", format=".3f", better="higher"),
)

FIGURES: Mapping[str, Figure] = {row.key: row for row in _ROWS}
"""All figures by key."""
