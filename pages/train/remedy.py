"""The remedy for a diverged run: the same training with a smaller learning rate, from its newest usable step."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import show_errors
from pages.common.session import choose_run, manager
from vae_core.storage.runs import Run
from vae_core.training.remedy import remedy

RESUME_HELP = "With the same settings, it will most likely diverge again. A smaller learning rate helps."


def remedy_button(run: Run, key: str) -> None:
    """Draws the button that starts the new run and shows it."""
    with show_errors():
        config = remedy(run)
        step = config.parent.partition("@")[2] if config.parent and config.parent != run.config.parent else ""
        where = f"Train on from step {int(step):,}" if step else "Train again"
        label = f"{where} with learning rate {config.training.lr:g}"
        if st.button(label, key=f"remedy-{key}", type="primary", icon=":material/healing:"):
            choose_run(manager().submit_once(config))
            st.rerun()
