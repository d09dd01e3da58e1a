"""The pages, and what all of them share."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.common.errors import show_errors
from pages.common.page_style import apply_style
from pages.common.running_chip import running_chip
from pages.common.session import check_runs_folder

st.set_page_config(page_title="Latent Lab", page_icon=Path(__file__).parent / "common" / "icon.png", layout="wide")
apply_style()
page = st.navigation(
    [
        st.Page(
            "home/page.py",
            title="Home",
            icon=":material/home:",
            default=True,
            help="What Latent Lab is, and a recorded training to watch.",
        ),
        st.Page(
            "learn/page.py",
            title="Learn",
            icon=":material/school:",
            url_path="learn",
            help="Interactive lessons with shipped models; no training needed.",
        ),
        st.Page(
            "train/page.py",
            title="Train",
            icon=":material/model_training:",
            url_path="train",
            help="Set up an autoencoder or a VAE, and watch it learn.",
        ),
        st.Page(
            "generate/page.py",
            title="Generate",
            icon=":material/auto_awesome:",
            url_path="generate",
            help="Explore a trained model: sliders, the latent map, your own images, directions, walks.",
        ),
        st.Page(
            "compare/page.py",
            title="Compare",
            icon=":material/compare:",
            url_path="compare",
            help="What beta does: runs side by side, in numbers and pictures.",
        ),
        st.Page(
            "denoise/page.py",
            title="Denoise",
            icon=":material/healing:",
            url_path="denoise",
            help="Damage an image and watch models restore it, beside filters and ridge regression.",
        ),
        st.Page(
            "library/page.py",
            title="Library",
            icon=":material/inventory_2:",
            url_path="library",
            help="All runs and shipped models: find, rename, export, import, delete.",
        ),
    ],
    position="top",
)
with st.sidebar, show_errors():
    running_chip()
with show_errors():
    check_runs_folder()
with show_errors():
    page.run()
