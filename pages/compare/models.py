"""The trained models of a comparison, a column each, and the space of codes that their sliders share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pages.common.opened_model import OpenedModel
from vae_core.evaluation import codes as coding
from vae_core.evaluation.codes import Codes, decode_images
from vae_core.types import Array


@dataclass(frozen=True, eq=False)
class Column:
    """A model of the comparison.

    Attributes:
        title: what sets it apart, such as "beta 4"; shown literally.
        note: a few figures.
        model: the trained model and the codes of the images that all columns are shown.
        order: (L,) the model's own dimension for each that the columns share, or None where they are the same.
    """

    title: str
    note: str
    model: OpenedModel
    order: Array | None

    def own(self, z: Array) -> Array:
        """Codes (N, shared) in the model's own dimensions, (N, L); those that it lacks are left out."""
        latent = self.model.latent
        mine: Array = np.zeros((len(z), latent), dtype=np.float64)
        mine[:, np.arange(latent) if self.order is None else self.order] = z[:, :latent]
        return mine

    def shared(self, codes: Array, width: int) -> Array:
        """The other way: codes (N, L) in the dimensions that the columns share, (N, width), zeros where it has none."""
        wide: Array = np.zeros((len(codes), width), dtype=np.float32)
        wide[:, : self.model.latent] = codes if self.order is None else codes[:, self.order]
        return wide

    def decode(self, z: Array) -> Array:
        """Shared codes (N, shared) as pictures, (N, C, H, W) uint8."""
        return decode_images(self.model.trained, self.own(z))


def column(title: str, note: str, model: OpenedModel, *, by_rank: bool) -> Column:
    """A column whose dimensions are counted as the model has them, or from the one that carries most."""
    return Column(title, note, model, np.array(model.order) if by_rank else None)


def together(columns: Sequence[Column]) -> OpenedModel:
    """What the sliders of all columns stand on: the widest of the models, with the codes of all of them.

    So a slider runs over the prior's quantiles where all have a prior and else over the codes of all, says what the dimension
    carries on the average over the columns, and the ones that are inactive in all of them are folded away.
    """
    widest = max((one.model for one in columns), key=lambda model: model.latent)
    width = widest.latent
    means = np.concatenate([one.shared(one.model.codes.mean, width) for one in columns])
    spreads = [
        one.shared(one.model.codes.log_variance, width) for one in columns if one.model.codes.log_variance is not None
    ]
    log_variance = np.concatenate(spreads) if len(spreads) == len(columns) else None
    errors = np.concatenate([one.model.codes.reconstruction_error for one in columns])
    found = Codes(means, log_variance, errors, all(one.model.codes.has_prior for one in columns))
    return replace(
        widest, codes=found, order=coding.order_by_importance(found).tolist(), inactive=_inactive_in_all(columns, width)
    )


def _inactive_in_all(columns: Sequence[Column], width: int) -> Array:
    inactive: Array = np.ones(width, dtype=bool)
    for one in columns:
        mine = one.model.inactive if one.order is None else one.model.inactive[one.order]
        inactive[: one.model.latent] &= mine
    return inactive
