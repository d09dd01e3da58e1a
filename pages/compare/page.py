"""Compare: what does beta do? Runs that differ in one setting, in numbers and in pictures, while they train.

The page needs torch, whose import takes seconds the first time; until then it says what it waits for.
"""

from __future__ import annotations

import streamlit as st

st.title("Compare", anchor=False)
with st.spinner("Loading the library, some seconds the first time"):
    from pages.compare.body import body
body()
