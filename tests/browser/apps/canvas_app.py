"""The canvas alone on a page, and what it gave: `?height=` and `width=` of the picture."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.components.canvas import canvas

shape = (int(st.query_params.get("height", "28")), int(st.query_params.get("width", "28")))
drawn = canvas(key="c", shape=shape, label="Draw a <b>digit</b>", help="White on black.")
if drawn is None:
    st.text("nothing drawn")
else:
    picture = np.frombuffer(drawn, dtype=np.uint8).reshape(shape)
    st.text(f"mean {picture.mean():.2f}, brightest {picture.max()}")
    st.text(f"lines {', '.join(f'{value:.0f}' for value in picture.mean(axis=1))}")
