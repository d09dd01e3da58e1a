"""The pages, and what stands on all of them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.common.charts import prepare_charts
from pages.common.errors import sentences
from pages.common.page_style import look
from pages.common.running_chip import running_chip
from pages.common.session import check_runs_folder

st.set_page_config(page_title="Latent Lab", page_icon=Path(__file__).parent / "common" / "icon.png", layout="wide")
look()
page = st.navigation(
    [
        st.Page(
            "home/page.py",
            title="Home",
            icon=":material/home:",
            default=True,
            help="What this is, with a recorded training to watch.",
        ),
        st.Page(
            "learn/page.py",
            title="Learn",
            icon=":material/school:",
            url_path="learn",
            help="Each idea as something to touch, with shipped models and no training.",
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
            help="Play with a trained model: sliders, the latent map, images of your own, directions, walks.",
        ),
        st.Page(
            "compare/page.py",
            title="Compare",
            icon=":material/compare:",
            url_path="compare",
            help="What beta does: runs side by side, in numbers and in pictures.",
        ),
        st.Page(
            "denoise/page.py",
            title="Denoise",
            icon=":material/healing:",
            url_path="denoise",
            help="Damage an image and watch models put it back, beside what filters and ridge regression do.",
        ),
        st.Page(
            "library/page.py",
            title="Library",
            icon=":material/inventory_2:",
            url_path="library",
            help="All runs and shipped models: find, name, export, import, delete.",
        ),
    ],
    position="top",
)
with st.sidebar, sentences():
    running_chip()
with sentences():
    check_runs_folder()
with sentences():
    page.run()
prepare_charts()
