"""The films of all runs on one timeline; while they train, their newest frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.common.components.columns import columns
from pages.common.errors import literal
from pages.common.run_follower import Follower
from vae_core.viz.comparison_pictures import FilmColumn, film_bytes
from vae_core.viz.projection import Choice

PLANES = ("PCA", "z1 and z2")
KEY = "compare-films"


@dataclass(frozen=True, eq=False)
class FilmedRun:
    """A run of the comparison, with its records and film so far."""

    title: str
    note: str
    follower: Follower


def films(watched: Sequence[FilmedRun], *, live: bool) -> None:
    """Draws a column for each run that has recorded a frame, and names the runs that have not."""
    shown = [
        FilmColumn(run.title, run.note, run.follower.film.subjects, frames)
        for run in watched
        if run.follower.film.subjects is not None and (frames := run.follower.frames())
    ]
    without = [run.title for run in watched if run.follower.film.subjects is None or not run.follower.frames()]
    if without:
        st.caption(literal(f"Nothing has been recorded for {', '.join(without)}."))
    if not shown:
        st.info("Pictures appear once a run has taken its first step.", icon=":material/hourglass_empty:")
        return
    plane = st.segmented_control("Map", PLANES, default=PLANES[0], required=True, key="film_plane", bind="query-params")
    choice: Choice = "pca" if plane == PLANES[0] else (0, 1)
    columns(key=KEY, data=film_bytes(shown, choice, key=KEY, live=live, alt=f"Training of {len(shown)} runs"))
    rotated = " Each map is rotated to match the first one, which preserves distances." if choice == "pca" else ""
    st.caption(
        "The same held-out images in every column, on one scale: their codes, some of the images above their "
        f"reconstructions, and the KL of each dimension in nats.{rotated}"
    )
