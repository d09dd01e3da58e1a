"""The main view: clean, damaged, restored and error map side by side; what follows the level is a fragment of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.common.errors import literal, sentences
from pages.denoise.case import Case, Restored, by_model, damage, damaged_case, given_case
from pages.denoise.filters import filters_panel, make_way
from pages.denoise.gallery import Tile, gallery, legend
from pages.denoise.images import Chosen, choose_images
from pages.denoise.level import current_level, level_slider, take_level
from pages.denoise.models import Task, about, choose_models, labelled, note
from pages.denoise.take_away import shown, take_away, train_link
from pages.generate.model import Explored
from vae_core.data.batches import to_float
from vae_core.evaluation.restoration import Quality, quality
from vae_core.evaluation.restoration import restore as restored_by
from vae_core.levels import CORRUPTIONS

TASK = Task("Restore", offered=("mnist-denoiser", "example-ae-2d", "example-vae-20d"))
MOST_SEED = 2**32 - 1


def restore_view() -> None:
    """All of the view: what to choose in the sidebar, the images, the pictures."""
    with st.sidebar:
        models = choose_models(TASK)
        given = already_damaged()
        name = "" if given else choose_corruption()
        seed = 0 if given else choose_seed()
        note(models)
    chosen = choose_images(models[0])
    if chosen is None:
        return
    if given:
        _as_given(models, chosen)
    else:
        _follow(models, chosen, name, seed)
    take_away(models[0].run.id)


def already_damaged() -> bool:
    """Whether the images are to be taken as they are."""
    return st.toggle(
        "It is damaged already", key="damaged", bind="query-params",
        help="Nothing is added, and no figure is claimed, since nobody knows what it should look like.",
    )  # fmt: skip


def choose_corruption() -> str:
    """A name of `CORRUPTIONS`."""
    name = st.selectbox("Corruption", list(CORRUPTIONS), key="corruption", bind="query-params")
    st.caption(literal(CORRUPTIONS[name].about))
    return str(name)


def choose_seed() -> int:
    """The seed of the damage."""
    seed = st.number_input(
        "Seed", 0, MOST_SEED, 0, key="seed", bind="query-params",
        help="Of the random damage: the same seed damages the same places, at any level.",
    )  # fmt: skip
    return int(seed)


@st.fragment(key="restoring")
def _follow(models: Sequence[Explored], chosen: Chosen, name: str, seed: int) -> None:
    """The slider, and the pictures that follow it. They are drawn before it, so that they are on the page before it."""
    slider, pictures = st.container(), st.container()
    with sentences():
        with slider, sentences():
            take_level(name)
        with pictures:
            case = damaged_case(chosen.images, name, current_level(name), seed)
            make_way(models[0], case)
            restored = _restored(models, case)
            _draw(models, case, restored)
    with slider:
        level_slider(name)
    if restored and CORRUPTIONS[name].has_level:
        filters_panel(models[0], case, restored, lambda label: bound_of(labelled(models)[label], case))


def _restored(models: Sequence[Explored], case: Case) -> dict[str, Restored]:
    return {label: by_model(model, case) for label, model in labelled(models).items()}


def _draw(models: Sequence[Explored], case: Case, restored: dict[str, Restored]) -> None:
    clean, damaged = case.clean.numpy(), case.damaged.numpy()
    tiles = [
        Tile("Original", clean),
        Tile("Damaged", damaged, f"{CORRUPTIONS[case.corruption].title}, level {case.level:g}", clean, damage(case)),
    ]
    for label, model in labelled(models).items():
        one = restored[label]
        tiles.append(Tile(label, one.images, about(model), clean, one.quality))
    gallery(tiles)
    legend()
    words = clipping_text(case)
    if words:
        st.caption(literal(words))
    shown().tiles = tiles
    train_link(models[0], case.corruption, case.level)


def _as_given(models: Sequence[Explored], chosen: Chosen) -> None:
    with sentences():
        case = given_case(chosen.images)
        tiles = [Tile("As given", chosen.images)]
        tiles += [Tile(label, one.images) for label, one in _restored(models, case).items()]
        gallery(tiles)
        st.caption(
            "Nothing was added, so there is no original to compare with: no error map and no figures. The classical filters "
            "are left out too, since they are tuned for a known damage."
        )
        shown().tiles = tiles


def clipping_text(case: Case) -> str:
    """What cutting to 0 to 1 did to the noise, in this picture; empty where nothing is cut."""
    words = CORRUPTIONS[case.corruption].clipping
    if not words or case.level == 0:
        return ""
    left = (case.damaged.numpy().astype(np.float64) - case.clean.numpy()) / 255
    return (
        f"{words} Of a standard deviation of {case.level:g}, {left.std():.2f} is left here, and its mean is "
        f"{left.mean():+.2f}."
    )


def bound_of(model: Explored, case: Case) -> Quality:
    """The model's reconstruction of the clean images: what it can reach at best."""
    clean = to_float(case.clean)
    return quality(restored_by(model.trained, clean), clean)
