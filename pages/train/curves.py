"""The loss of a run against its steps."""

from __future__ import annotations

import streamlit as st

from pages.common.live import Follower
from pages.train.view import View
from vae_core.viz.charts import loss_spec, loss_table

HEIGHT = 300


def loss_chart(follower: Follower, view: View, key: str) -> None:
    """Total, reconstruction and KL, training and held-out, with the floor and the collapse line."""
    subjects, metrics = follower.film.subjects, follower.metrics
    if subjects is None:
        return
    pixels = int(subjects.inputs[0].size)
    table = loss_table(
        metrics.train.records(),
        metrics.held_out.records(),
        subjects.lines,
        per_pixel=pixels if view.per_pixel else None,
        smoothing=view.smoothing,
    )
    last = metrics.last_held_out or {}
    loss = last.get("loss")
    alt = "Loss." if loss is None else f"Loss against step; the last held-out loss is {loss:.6g} nats per image."
    variational = last.get("kl_nats") is not None or not last
    spec = loss_spec(per_pixel=view.per_pixel, log=view.log_axis, height=HEIGHT, variational=variational)
    st.vega_lite_chart(table, spec, key=f"loss-{key}", height=HEIGHT, alt=alt)
