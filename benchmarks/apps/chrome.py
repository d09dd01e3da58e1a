"""A bare page in the app's own frame: its navigation, style and chip, and a sentence."""

import streamlit as st

from pages.common.page_style import apply_style
from pages.common.running_chip import running_chip

NAMES = ("home", "learn", "train", "generate", "compare", "denoise", "library")


def bare() -> None:
    st.title("A bare page")
    st.write("It has nothing but this sentence.")


st.set_page_config(page_title="A bare page", layout="wide")
apply_style()
page = st.navigation(
    [
        st.Page(bare, title=name.title(), icon=":material/home:", url_path=name, default=name == "home")
        for name in NAMES
    ],
    position="top",
)
with st.sidebar:
    running_chip()
page.run()
