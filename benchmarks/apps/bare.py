"""A bare page: a slider and its value."""

import streamlit as st

value = st.slider("z", -3.0, 3.0, 0.0, 0.01, key="z")
st.write(f"value {value:g}")
