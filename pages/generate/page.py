"""Generate: a trained model under one's fingers.

The page needs torch, whose import takes seconds the first time; until then it says what it waits for.
"""

from __future__ import annotations

import streamlit as st

st.title("Generate", anchor=False)
with st.spinner("Loading the library, some seconds the first time"):
    from pages.generate.body import body
body()
