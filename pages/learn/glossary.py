"""The glossary as a page: all terms, with the one that a link asked for shown first."""

from __future__ import annotations

import streamlit as st

from pages.common.glossary import TERM_PARAMETER, TERMS, find_term
from pages.learn.lessons import find

SEEN_IN = {
    "Active unit": "beta", "Autoencoder (AE)": "bottleneck", "Beta (β)": "beta", "Collapse": "collapse",
    "Cross-entropy": "loss", "Distortion": "beta", "ELBO": "beta", "Epsilon (ε)": "reparameterisation", "Floor": "loss",
    "KL divergence": "kl", "Latent": "bottleneck", "Log-variance": "reparameterisation", "PCA": "bottleneck",
    "Posterior": "reparameterisation", "Prior": "holes", "PSNR": "compression", "Rate": "beta",
    "Reconstruction": "bottleneck", "ROC curve": "known", "Traversal": "beta", "VAE": "holes",
}  # fmt: skip
"""The lesson in which a term can be tried out."""


def glossary() -> None:
    """Draws all terms in alphabetical order, below the term named in the URL, if any."""
    st.title("Glossary", anchor=False)
    st.caption("The terms of the field, with the units and symbols used in this program.")
    wanted = st.query_params.get(TERM_PARAMETER)
    name = find_term(wanted)
    if name is not None:
        _first(name)
    elif wanted is not None:
        st.info("There is no term of that name; all terms are listed below.")
    left, right = st.columns(2)
    middle = -(-len(TERMS) // 2)
    for at, (term, meaning) in enumerate(TERMS.items()):
        (left if at < middle else right).markdown(f"**{term}.** {meaning}")


def _first(name: str) -> None:
    with st.container(border=True, key="term"):
        st.subheader(name, anchor=False)
        st.markdown(TERMS[name])
        if name in SEEN_IN:
            lesson = find(SEEN_IN[name])
            label = f"Try it in the lesson “{lesson.title}”"
            st.page_link("learn/page.py", label=label, icon=":material/touch_app:", query_params={"lesson": lesson.id})
