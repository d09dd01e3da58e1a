"""The divider alone on a page: black before, white after, and a button that changes the pictures."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.components.divider import divider

turned = st.toggle("turn")
black, white = np.zeros((1, 1, 10, 20), np.uint8), np.full((1, 3, 10, 20), 255, np.uint8)
pair = (white, black) if turned else (black, white)
divider(*pair, key="d", names=("<b>damaged</b>", "restored"), label="A <i>picture</i>", size=400)
st.text("drawn" + (" again" if turned else ""))
