"""The stage alone on a page: `?mode=film` or `live`, which has a button that brings the next frame; `&denoising` gives
the frames damaged inputs."""

from __future__ import annotations

import sys
from dataclasses import replace

import streamlit as st

from pages.common.components.stage import stage
from tests.viz.scenes import scene
from vae_core.viz.projection import projection_for

subjects, frames = st.cache_resource(scene)()
if "denoising" in st.query_params:
    subjects = replace(subjects, corrupted=255 - subjects.inputs)
projection, names = projection_for(frames[-1].mean, (0, 1))
if st.query_params.get("mode") == "live":
    shown = st.session_state.setdefault("shown", 1)
    if st.button("next") and shown < len(frames):
        st.session_state["shown"] = shown = shown + 1
    stage(key="s", subjects=subjects, frames=frames[:shown], projection=projection, axis_names=names, alt="A run")
elif not st.toggle("away"):
    stage(
        key="s",
        subjects=subjects,
        frames=frames,
        projection=projection,
        axis_names=names,
        mode="film",
        autoplay="autoplay" in st.query_params,
        badge="recorded <i>",
        alt="A run",
    )
st.write("torch is here" if "torch" in sys.modules else "no torch here")
