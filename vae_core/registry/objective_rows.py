"""The objectives of training, one row each."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.registry.choice import Code

_CODE = "vae_core.objectives.objective"


@dataclass(frozen=True, kw_only=True)
class ObjectiveRow:
    """An objective of a variational model. An autoencoder has none: it minimises the reconstruction loss alone.

    Attributes:
        title: display name.
        formula: LaTeX of the loss in terms of the reconstruction loss D and the KL.
        numbers: what is added to the reconstruction loss: a format string with {kl} and any settings of the objective.
        strength: the settings that determine its strength: a format string with their names.
        code: a function (reconstruction, kl, weights) that returns the loss in nats per image; see
            `objectives/objective.py`.
        slope: a function (kl, weights) that returns the derivative of the loss by the KL; if left out, autograd finds it.
        weight: the setting that weights the KL. If it is 0, nothing pulls the codes towards the prior.
        settings: the settings of `ObjectiveConfig` that it reads, apart from those of the likelihood.
        is_linear: whether the loss is D + beta KL, so that runs of several betas lie on one rate-distortion curve.
        chosen_by: the setting that chooses this objective by having a value; empty if it is chosen by its name.
    """

    title: str
    formula: str
    numbers: str
    strength: str
    code: Code
    weight: str
    settings: tuple[str, ...]
    slope: Code = ""
    is_linear: bool = False
    chosen_by: str = ""

    @property
    def is_chosen_by_name(self) -> bool:
        return not self.chosen_by


OBJECTIVES: dict[str, ObjectiveRow] = {
    "beta": ObjectiveRow(
        title="β-VAE",
        formula=r"D + \beta\,\mathrm{KL}",
        numbers="{beta:.3g} × {kl}",
        strength="beta {beta:g}",
        code=f"{_CODE}:beta_loss",
        slope=f"{_CODE}:beta_slope",
        weight="beta",
        settings=("beta", "beta_schedule", "warmup_epochs"),
        is_linear=True,
    ),
    "capacity": ObjectiveRow(
        title="β-VAE with a capacity",
        formula=r"D + \gamma\,|\mathrm{KL} - C|",
        numbers="{gamma:g} × |{kl} − C|",
        strength="C {capacity:g}, gamma {gamma:g}",
        code=f"{_CODE}:capacity_loss",
        slope=f"{_CODE}:capacity_slope",
        weight="gamma",
        settings=("capacity", "gamma", "warmup_epochs"),
        chosen_by="capacity",
    ),
}
"""The objectives by name."""
