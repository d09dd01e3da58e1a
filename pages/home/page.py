"""Home: an introduction, links to the pages, and a recorded training. Does not import torch."""

from __future__ import annotations

import streamlit as st

from pages.common.components.stage import stage
from pages.common.errors import literal
from pages.common.run_follower import follow
from pages.common.session import RECORDED
from vae_core.errors import LatentLabError
from vae_core.storage import paths
from vae_core.storage.runs import open_run
from vae_core.viz.projection import projection_for

# Each page's name, icon and purpose, in the order in which a student needs them. This is a comment because Streamlit would
# show a bare string on the page.
PAGES = {
    "learn": ("Learn", "school", "new to this? Start here: ten interactive lessons, with nothing to train"),
    "train": ("Train", "model_training", "set up an AE or a VAE and watch it learn, step by step"),
    "generate": ("Generate", "auto_awesome", "move through a trained model's latent space; draw new images"),
    "compare": ("Compare", "compare", "see the effect of β or any other setting, run by run"),
    "denoise": ("Denoise", "healing", "corrupt images and let models and filters restore them"),
    "library": (
        "Library",
        "inventory_2",
        "find, name, export, import and delete runs; continue training from any kept step",
    ),
}
_STYLE = """
<style>
  [class*="st-key-doors"] { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
  [class*="st-key-doors"] { gap: 0.85rem 0.75rem; padding: 0.2rem 0 0.3rem; }
  [class*="st-key-doors"] > div { width: auto !important; }
  [class*="st-key-doors"] a { align-items: flex-start; padding: 0.35rem 0.6rem; margin: 0; }
  [class*="st-key-doors"] a { border: 1px solid var(--st-border-color, rgb(128 128 128 / 0.3)); box-sizing: border-box; }
  [class*="st-key-doors"] a p { white-space: normal; font-weight: 400; line-height: 1.35; }
</style>
"""


def page() -> None:
    st.title("Latent Lab", anchor=False)
    st.markdown(
        "Train autoencoders and variational autoencoders on images, watch them learn, and explore their latent space."
    )
    _links()
    st.caption(
        "Below, a VAE learns to arrange handwritten digits on a map of two numbers. Each point is an image that it was not "
        "trained on."
    )
    _recording()


def _links() -> None:
    st.html(_STYLE)
    with st.container(key="doors"):
        for name, (title, icon, purpose) in PAGES.items():
            st.page_link(f"{name}/page.py", label=f"**{title}**: {purpose}", icon=f":material/{icon}:", width="stretch")


def _recording() -> None:
    try:
        follower = follow(open_run(paths.SHIPPED_RUNS, RECORDED))
        frames, subjects = follower.film.frames, follower.film.subjects
        if subjects is not None and frames:
            projection, axis_names = projection_for(frames[-1].mean, (0, 1))
            stage(
                key="home", subjects=subjects, frames=frames, projection=projection, axis_names=axis_names, mode="film",
                autoplay=True, badge="recorded", alt="Training of a VAE on handwritten digits",
            )  # fmt: skip
    except LatentLabError as error:
        st.info(literal(f"The recorded training cannot be shown: {error}"))


page()
