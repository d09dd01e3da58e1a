"""Downloads: the weights, a script that uses them, and the codes."""

from __future__ import annotations

import streamlit as st

from pages.common.opened_model import OpenedModel
from vae_core.evaluation.codes import codes_to_csv
from vae_core.export.script import generation_script, weights_for_script


def download_buttons(model: OpenedModel) -> None:
    """Draws download buttons, which create the files when clicked."""
    name, trained = model.run.id, model.trained
    weights = f"{name}.safetensors"
    st.download_button(
        "Weights",
        lambda: weights_for_script(trained, model.codes),
        file_name=weights,
        icon=":material/download:",
        key="weights",
        on_click="ignore",
    )
    st.caption("All weights as safetensors, with the configuration in the header.")
    st.download_button(
        "Python script",
        lambda: generation_script(trained, weights),
        file_name="generate.py",
        mime="text/x-python",
        icon=":material/code:",
        key="script",
        on_click="ignore",
    )
    st.caption(
        "A short script that loads the weights file beside it and generates images. It needs NumPy, safetensors and Pillow, "
        "but not torch."
    )
    st.download_button(
        "Codes as CSV",
        lambda: codes_to_csv(model.codes, model.labels, model.dataset.classes),
        file_name=f"{name}-codes.csv",
        mime="text/csv",
        icon=":material/table:",
        key="codes",
        on_click="ignore",
    )
    st.caption("Index, label, code and mean squared error per pixel (mse_per_pixel) of the images on the map.")
