"""The pictures of a case, each with its name and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pages.common.opened_model import OpenedModel
from pages.denoise.case import Case, Restored, damage
from pages.denoise.gallery import Tile
from pages.denoise.models import about, labelled
from vae_core.registry.corruption_rows import CORRUPTIONS


def tiles_of(models: Sequence[OpenedModel], case: Case, restored: Mapping[str, Restored]) -> list[Tile]:
    """The original, the damaged images, and what each model made of them, with error maps.

    Args:
        models: those that restored.
        case: a known one.
        restored: by the models' labels.
    """
    clean, row = case.clean.numpy(), CORRUPTIONS[case.corruption]
    level = f"{row.title}, level {case.level:g}" if row.has_level else row.title
    tiles = [Tile("Original", clean), Tile("Damaged", case.damaged.numpy(), level, clean, damage(case))]
    for label, model in labelled(models).items():
        tiles.append(Tile(label, restored[label].images, about(model), clean, restored[label].quality))
    return tiles


def given_tiles(case: Case, restored: Mapping[str, Restored]) -> list[Tile]:
    """Images that came damaged, and what each model made of them."""
    return [Tile("As given", case.damaged.numpy()), *(Tile(label, one.images) for label, one in restored.items())]
