"""Compare: what does beta do? Runs that differ in one setting, in numbers and in pictures, even while they train.

The page needs torch, whose first import takes seconds; a spinner is shown meanwhile.
"""

from __future__ import annotations

import streamlit as st

st.title("Compare", anchor=False)
with st.spinner("Loading the library, some seconds the first time"):
    from pages.compare.body import body
body()
