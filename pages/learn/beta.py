"""The rate-distortion curve of the shipped sweep, with a point that can be dragged along it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages.common.components.rate_curve import rate_curve
from pages.common.session import shipped_sweep_ids
from pages.learn.figures import dataset, model, test_images, test_labels
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import choose_image
from vae_core.errors import RunNotFound
from vae_core.evaluation.codes import (
    decode_images,
    dimension_importance,
    inactive_dimensions,
    order_by_importance,
    slider_range,
)
from vae_core.evaluation.comparison import Point, read_point, slope_check, values_of
from vae_core.evaluation.findings import caption, shown_value
from vae_core.storage import paths
from vae_core.storage.runs import open_run
from vae_core.types import Array
from vae_core.viz.rate_curve import BetaPictures, rate_curve_bytes
from vae_core.viz.walks import random_codes, traversal

SHOWN = 10
FIRST = "4"
AT = "at"
"""The parameter of the URL for beta."""


def draw() -> Shown:
    points = _points()
    betas = [shown_value(value) for value in values_of(points)]
    index = choose_image()
    start = _start(betas)
    data = _data(index, start)
    at = min(rate_curve(key="rate-curve", data=data, start=start), len(betas) - 1)
    st.query_params[AT] = betas[at]
    st.caption(
        "Numbers are mean and standard deviation over the seeds, on the whole test split; pictures are of the first seed."
    )
    run_id = _shown_runs(points)[at]
    links = (
        Link("compare/page.py", "Open the sweep in Compare", {"base": run_id, "image": str(index), "show": "Pictures"}),
        Link("generate/page.py", f"Open β = {betas[at]} in Generate", {"trained": run_id}),
        Link("train/page.py", f"Train with β = {betas[at]}", _dials(run_id)),
    )
    return Shown(links, _numbers(points))


def _start(betas: list[str]) -> int:
    """Returns the initial position of the point, which stays the same while the lesson is open: the bytes contain it."""
    wanted = st.session_state.setdefault("rate_curve_start", st.query_params.get(AT, FIRST))
    return betas.index(wanted) if wanted in betas else 0


@st.cache_resource(show_spinner=False)
def _points() -> list[Point]:
    """Reads all runs of the shipped sweep.

    Raises:
        RunNotFound: the sweep is missing.
        CheckpointCorrupt: one of its runs is damaged.
    """
    runs = [open_run(paths.SHIPPED_RUNS, run_id) for run_id in shipped_sweep_ids()]
    points = [point for run in runs if (point := read_point(run)) is not None and point.kl_nats is not None]
    if len(values_of(points)) < 2:
        raise RunNotFound("The shipped sweep over beta is missing; reinstall the program, or start a sweep.")
    return points


def _shown_runs(points: list[Point]) -> list[str]:
    """Returns the run of the first seed for each beta."""
    return [
        min((point for point in points if point.value == value), key=lambda point: point.seed).run_id
        for value in values_of(points)
    ]


@st.cache_data(max_entries=32, show_spinner=False)
def _data(index: int, start: int) -> bytes:
    points, chosen = _points(), _inputs(index)
    pictures = [_pictures(run_id, chosen) for run_id in _shown_runs(points)]
    alt = "Distortion against rate of the shipped sweep over beta, and pictures at each beta"
    return rate_curve_bytes(points, test_images()[chosen], pictures, start=start, alt=alt)


def _inputs(index: int) -> list[int]:
    """Returns the indices of the chosen image and of the first image of each class."""
    labels = test_labels().tolist()
    first = [labels.index(label) for label in range(len(dataset().classes)) if label in labels]
    return list(dict.fromkeys([index, *first]))[:SHOWN]


def _pictures(run_id: str, chosen: list[int]) -> BetaPictures:
    shown = model(run_id)
    strongest = int(order_by_importance(shown.codes)[0])
    walk = traversal(shown.codes.mean[chosen[0]], strongest, *slider_range(shown.codes, strongest), SHOWN)
    drawn = random_codes(SHOWN, shown.trained.model.latent, 0)
    parts = [shown.codes.mean[chosen], walk, drawn]
    decoded = decode_images(shown.trained, np.concatenate(parts).astype(np.float32))
    ends = np.cumsum([len(part) for part in parts])
    reconstructions, walked, draws = (np.ascontiguousarray(part) for part in np.split(decoded, ends[:-1]))
    kl: Array = dimension_importance(shown.codes)
    return BetaPictures(reconstructions, walked, strongest, draws, kl, ~inactive_dimensions(shown.codes))


def _dials(run_id: str) -> dict[str, str]:
    config: Any = open_run(paths.SHIPPED_RUNS, run_id).config
    flat = config.flat()
    return {name: shown_value(flat[name]) for name in ("dataset", "hidden", "latent", "beta")}


def _numbers(points: list[Point]) -> dict[str, str]:
    slopes = [slope for slope in slope_check(points) if slope.slope is not None]
    slopes_text = ", ".join(f"{slope.slope:.3g} between β = {slope.low:g} and {slope.high:g}" for slope in slopes)
    sums = {value: [p.negative_elbo_nats for p in points if p.value == value] for value in values_of(points)}
    means = {shown_value(value): sum(nats) / len(nats) for value, nats in sums.items()}
    first, last = next(iter(means)), next(reversed(means))
    return {
        "caption": caption(points), "slopes": slopes_text, "first": first, "last": last,
        "first_elbo": f"{means[first]:.1f}", "last_elbo": f"{means[last]:.1f}",
    }  # fmt: skip
