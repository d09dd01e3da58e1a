"""Generate: explore the latent space of a trained model.

The page needs torch, whose import takes seconds the first time; meanwhile it shows what it is waiting for.
"""

from __future__ import annotations

import streamlit as st

st.title("Generate", anchor=False)
with st.spinner("Loading the library; the first time takes some seconds"):
    from pages.generate.body import body
body()
