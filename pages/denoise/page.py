"""Denoise and restore: damage an image and compare what models, filters and ridge regression make of it.

The page needs torch, whose first import takes seconds; a spinner is shown meanwhile.
"""

from __future__ import annotations

import streamlit as st

st.title("Denoise and restore", anchor=False)
with st.spinner("Loading the library, some seconds the first time"):
    from pages.denoise.body import body
body()
