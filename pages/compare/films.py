"""The films of all runs on one line of steps; while they train, their newest pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.components.columns import columns
from pages.common.errors import literal
from pages.common.live import Follower
from vae_core.viz.comparison_pictures import FilmColumn, film_bytes
from vae_core.viz.projection import Choice

PLANES = ("PCA", "z1 and z2")
KEY = "compare-films"


@dataclass(frozen=True, eq=False)
class Watched:
    """A run of the comparison with all that is written of it so far."""

    title: str
    note: str
    follower: Follower


def films(watched: Sequence[Watched], *, live: bool) -> None:
    """Draws a column for each run that has recorded a picture, and says which have not."""
    shown = [
        FilmColumn(one.title, one.note, one.follower.film.subjects, frames)
        for one in watched
        if one.follower.film.subjects is not None and (frames := one.follower.frames())
    ]
    without = [one.title for one in watched if one.follower.film.subjects is None or not one.follower.frames()]
    if without:
        st.caption(literal(f"Nothing is recorded of {', '.join(without)}."))
    if not shown:
        st.info("As soon as a run has taken its first step its pictures stand here.", icon=":material/hourglass_empty:")
        return
    plane = st.segmented_control("Map", PLANES, default=PLANES[0], required=True, key="film_plane", bind="query-params")
    choice: Choice = "pca" if plane == PLANES[0] else (0, 1)
    columns(key=KEY, data=film_bytes(shown, choice, key=KEY, live=live, alt=f"Training of {len(shown)} runs"))
    turned = " Each map is turned to lie as the first one does; distances stay." if choice == "pca" else ""
    st.caption(
        "The same held-out images in every column, on one scale: their codes, some of them above their reconstructions, "
        f"and the KL of each dimension in nats.{turned}"
    )
