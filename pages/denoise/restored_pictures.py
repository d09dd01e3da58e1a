"""The gallery's pictures: the original, the damaged images and each model's restoration, with names and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pages.common.opened_model import OpenedModel
from pages.denoise.damaged_images import DamagedImages, Restored, damaged_quality
from pages.denoise.gallery import Picture
from pages.denoise.models import describe, labelled
from vae_core.registry.corruption_rows import CORRUPTIONS


def pictures_of(
    models: Sequence[OpenedModel], damaged: DamagedImages, restored: Mapping[str, Restored]
) -> list[Picture]:
    """The original, the damaged images and each model's restoration, with error maps.

    Args:
        models: the models.
        damaged: images whose originals are known.
        restored: the models' restorations, by model label.
    """
    clean, row = damaged.clean.numpy(), CORRUPTIONS[damaged.corruption]
    level = f"{row.title}, level {damaged.level:g}" if row.has_level else row.title
    pictures = [
        Picture("Original", clean),
        Picture("Damaged", damaged.images.numpy(), level, clean, damaged_quality(damaged)),
    ]
    for label, model in labelled(models).items():
        pictures.append(Picture(label, restored[label].images, describe(model), clean, restored[label].quality))
    return pictures


def pictures_as_given(damaged: DamagedImages, restored: Mapping[str, Restored]) -> list[Picture]:
    """Images that were given already damaged, and each model's restoration."""
    given = Picture("As given", damaged.images.numpy())
    return [given, *(Picture(label, result.images) for label, result in restored.items())]
