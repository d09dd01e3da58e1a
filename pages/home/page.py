"""Home: what this is, something alive, and doors to the pages. No torch is imported for it."""

from __future__ import annotations

import streamlit as st

from pages.common.components.stage import stage
from pages.common.errors import literal
from pages.common.live import follow
from pages.common.session import RECORDED
from vae_core.errors import LatentLabError
from vae_core.storage import places
from vae_core.storage.runs import open_run
from vae_core.viz.projection import projection_for


def page() -> None:
    st.title("Latent Lab", anchor=False)
    st.markdown(
        "Train autoencoders and variational autoencoders on images, watch them learn, and look into their "
        "latent space. Below, a VAE learns to place handwritten digits on a map of two numbers: each point is an image it "
        "has never trained on."
    )
    try:
        follower = follow(open_run(places.SHIPPED_RUNS, RECORDED))
        frames, subjects = follower.film.frames, follower.film.subjects
        if subjects is not None and frames:
            projection, axis_names = projection_for(frames[-1].mean, (0, 1))
            stage(
                key="home", subjects=subjects, frames=frames, projection=projection, axis_names=axis_names, mode="film",
                autoplay=True, badge="recorded", alt="Training of a VAE on handwritten digits",
            )  # fmt: skip
    except LatentLabError as error:
        st.info(literal(f"The recorded training cannot be shown: {error}"))
    st.page_link("train/page.py", label="**Train** a model and watch it learn", icon=":material/model_training:")
    st.page_link("generate/page.py", label="**Generate**: play with a trained one", icon=":material/auto_awesome:")
    st.page_link("learn/page.py", label="**Learn**: each idea as something to touch", icon=":material/school:")


page()
