"""Denoise and restore: damage an image, watch models put it back, beside what filters and ridge regression do.

The page needs torch, whose import takes seconds the first time; until then it says what it waits for.
"""

from __future__ import annotations

import streamlit as st

st.title("Denoise and restore", anchor=False)
with st.spinner("Loading the library, some seconds the first time"):
    from pages.denoise.body import body
body()
