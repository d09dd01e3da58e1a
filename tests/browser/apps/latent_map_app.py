"""The map alone on a page, with PCA as the model: `?latent=`, `view=cloud`, `ae`, `server`, `lattice`, `extras`."""

from __future__ import annotations

import sys

import numpy as np
import streamlit as st

from pages.common.components.latent_map import Picked, map_scene, map_view
from tests.browser.apps.linear_model import linear
from tests.viz.scenes import DIGITS, digits

query = st.query_params
latent = int(query.get("latent", "2"))
view = query.get("view")
codes, decoder, _ = st.cache_resource(linear)(latent)
images, labels = st.cache_resource(digits)()


def pick(place: Picked) -> None:
    st.session_state["z"] = [place.x, place.y, *st.session_state["z"][2:]][:latent]


def move() -> None:
    st.session_state["z"] = [value - 0.25 for value in st.session_state["z"]]


z = np.array(st.session_state.setdefault("z", [0.5] * latent), dtype=np.float32)
st.button("move z", on_click=move)
extras = "extras" in query
picked = map_scene(
    key="map", codes=codes, labels=labels, classes=DIGITS, images=images,
    decoder=None if "server" in query else decoder, alt="PCA <i>", on_pick=pick,
)  # fmt: skip
map_view(
    key="map", z=z, axes=None if view == "cloud" else (0, min(1, latent - 1)),
    axis_names=("z1", "") if latent == 1 else ("z1", "z2", "z3")[: 3 if view == "cloud" else 2], prior="ae" not in query,
    lattice="lattice" in query, ellipse=(np.array([-1.0, 0.5]), np.array([0.4, 0.25])) if extras else None,
    direction=np.ones(latent) if extras else None,
)  # fmt: skip
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.text(f"run {st.session_state['runs']}, z {', '.join(f'{value:.2f}' for value in z)}")
st.text(f"picked {picked.x:.2f}, {picked.y:.2f}" if picked else "nothing picked")
st.write("torch is here" if "torch" in sys.modules else "no torch here")
