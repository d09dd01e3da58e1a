"""The chart of a run's loss against its steps."""

from __future__ import annotations

from pages.common.charts import static_chart
from pages.common.held_out_text import HELD_OUT_PART
from pages.common.run_follower import Follower
from pages.common.run_view import View
from vae_core.config import RunConfig
from vae_core.storage.frames import reference_lines
from vae_core.viz.loss_chart import kinds_of, loss_spec, loss_table

HEIGHT = 300


def loss_chart(follower: Follower, config: RunConfig, view: View, key: str) -> None:
    """Draws total, reconstruction and KL, training and held-out, with the floor (if there is one) and the collapse line."""
    subjects, metrics = follower.film.subjects, follower.metrics
    if subjects is None:
        return
    pixels = int(subjects.inputs[0].size)
    table = loss_table(
        metrics.train.records(),
        metrics.held_out.records(),
        reference_lines(subjects, config),
        per_pixel=pixels if view.per_pixel else None,
        smoothing=view.smoothing,
        log=view.log_axis,
    )
    kinds = kinds_of(table)
    if not kinds:
        return
    last = metrics.last_held_out or {}
    loss = last.get("loss")
    alt = "Loss against step."
    if loss is not None:
        alt = f"Loss against step; on {HELD_OUT_PART} it was last {loss:.6g} nats per image."
    variational = last.get("kl_nats") is not None or not last
    spec = loss_spec(kinds, per_pixel=view.per_pixel, log=view.log_axis, variational=variational)
    static_chart(table, spec, key=f"loss-{key}", height=HEIGHT, alt=alt)
