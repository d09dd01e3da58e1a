"""The trained models of a comparison, one per column, and the latent space that their sliders share."""

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
        title: its title, such as "beta 4"; shown literally.
        note: a few figures.
        model: the trained model, and its codes of the images that all columns show.
        order: (L,) the model's own dimension for each shared dimension, or None if they are the same.
    """

    title: str
    note: str
    model: OpenedModel
    order: Array | None

    def own(self, z: Array) -> Array:
        """Converts codes (N, shared) to the model's own dimensions, (N, L), dropping those that it lacks."""
        latent = self.model.latent
        mine: Array = np.zeros((len(z), latent), dtype=np.float64)
        mine[:, np.arange(latent) if self.order is None else self.order] = z[:, :latent]
        return mine

    def shared(self, codes: Array, width: int) -> Array:
        """Converts codes (N, L) to the shared dimensions, (N, width), with zeros in those that the model lacks."""
        wide: Array = np.zeros((len(codes), width), dtype=np.float32)
        wide[:, : self.model.latent] = codes if self.order is None else codes[:, self.order]
        return wide

    def decode(self, z: Array) -> Array:
        """Decodes codes (N, shared) to images (N, C, H, W) uint8."""
        return decode_images(self.model.trained, self.own(z))


def make_column(title: str, note: str, model: OpenedModel, *, by_rank: bool) -> Column:
    """Creates a column whose dimensions are matched by number, or by rank from the one that carries most."""
    return Column(title, note, model, np.array(model.order) if by_rank else None)


def joint_model(columns: Sequence[Column]) -> OpenedModel:
    """The model on which the shared sliders are based: the one with the most latents, with the codes of all models.

    Thus a slider covers the prior's quantiles if all models have a prior, otherwise the codes of all of them; it states how
    much its dimension carries on average over the columns; and dimensions inactive in all models are folded away.
    """
    widest = max((column.model for column in columns), key=lambda model: model.latent)
    width = widest.latent
    means = np.concatenate([column.shared(column.model.codes.mean, width) for column in columns])
    spreads = [
        column.shared(column.model.codes.log_variance, width)
        for column in columns
        if column.model.codes.log_variance is not None
    ]
    log_variance = np.concatenate(spreads) if len(spreads) == len(columns) else None
    errors = np.concatenate([column.model.codes.reconstruction_error for column in columns])
    codes = Codes(means, log_variance, errors, all(column.model.codes.has_prior for column in columns))
    return replace(
        widest, codes=codes, order=coding.order_by_importance(codes).tolist(), inactive=_inactive_in_all(columns, width)
    )


def _inactive_in_all(columns: Sequence[Column], width: int) -> Array:
    inactive: Array = np.ones(width, dtype=bool)
    for column in columns:
        mine = column.model.inactive if column.order is None else column.model.inactive[column.order]
        inactive[: column.model.latent] &= mine
    return inactive
