"""Which setting disentangles the factors of the images best: MIG, DCI and the FactorVAE score, over the seeds.

Only for datasets whose factors are known. The scores are computed on request in the background, one run after the other,
and saved with the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.common.charts import static_chart
from pages.common.errors import literal
from pages.common.glossary import glossary_links
from pages.common.jobs import follow_jobs, runner
from pages.compare.comparison import Comparison, RunSnapshot, field_name, take_snapshot
from vae_core.data import catalogue
from vae_core.figures import FIGURES
from vae_core.jobs import Key, cli_command
from vae_core.metrics.mean_std import MIN_FOR_STD
from vae_core.storage.measurements import FactorScores, factor_scores, weights_digest
from vae_core.storage.runs import Run
from vae_core.types import DCI_MODELS, DciModel
from vae_core.viz.factor_scores_chart import (
    BESIDE,
    DCI_NAMES,
    cap_note,
    figures_table,
    metric_names,
    metrics_spec,
    pivot,
    points_table,
)

HEIGHT = 380


def has_factors(comparison: Comparison) -> bool:
    """Whether any run's dataset has known factors."""
    return any(catalogue.knows_factors(run.config.data.dataset) for run in comparison.runs)


def disentanglement(comparison: Comparison) -> None:
    """Draws the scores computed so far, and the progress of the others."""
    dci_model = st.segmented_control(
        "DCI from a", DCI_MODELS, default=DCI_MODELS[0], required=True, key="dci_model", bind="query-params",
        format_func=lambda name: DCI_NAMES[name],
        help="The forest takes seconds per run. Boosting, which disentanglement_lib and most papers use, takes minutes per "
        "run. Their scores differ and cannot be compared with each other.",
    )  # fmt: skip
    runs = [run for run in comparison.runs if catalogue.knows_factors(run.config.data.dataset)]
    jobs = {
        f"The scores of {comparison.title_with_seed(run)}": job
        for run in runs
        if (job := runner().get(_key(run, dci_model))) is not None
    }
    known = _known(runs, dci_model)
    if len(known) < len(runs) and not any(job.is_active for job in jobs.values()):
        # outside the fragment that follows the jobs: a click redraws the whole page, which then follows the new jobs
        _ask(runs, [run for run in runs if run.id not in known], dci_model)
    follow_jobs(jobs, lambda: _draw(comparison, runs, dci_model), key="compare-disentangled")


def _known(runs: Sequence[Run], dci_model: DciModel) -> dict[str, FactorScores]:
    return {run.id: scores for run in runs if (scores := factor_scores(dci_model).read(run)) is not None}


def _draw(comparison: Comparison, runs: Sequence[Run], dci_model: DciModel) -> None:
    known = _known(runs, dci_model)
    if known:
        _results(
            comparison, [take_snapshot(run, comparison.field) for run in runs if run.id in known], known, dci_model
        )


def _key(run: Run, dci_model: DciModel) -> Key:
    return ("scores", str(run.folder), weights_digest(run) or "", dci_model)


def _ask(runs: Sequence[Run], lacking: Sequence[Run], dci_model: DciModel) -> None:
    """Draws the button that computes the missing scores."""
    ready = [run for run in lacking if weights_digest(run) is not None]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Score {len(ready)} of {len(runs)} runs", key="measure_scores", icon=":material/calculate:", type="primary",
            disabled=not ready, on_click=_start, args=(ready, dci_model),
        )  # fmt: skip
        time = "seconds" if dci_model == "forest" else "minutes"
        st.caption(
            f"Measures whether each latent dimension represents a single factor of the images. Takes {time} per run; the "
            "scores are saved with the run." if ready else "Scores can be computed once a run has finished."
        )  # fmt: skip


def _start(runs: Sequence[Run], dci_model: DciModel) -> None:
    for run in runs:
        command = cli_command("disentangle", run.folder.resolve(), "--dci-model", dci_model, "--keep")
        runner().start(_key(run, dci_model), command)


def _results(
    comparison: Comparison, snapshots: Sequence[RunSnapshot], known: dict[str, FactorScores], dci_model: DciModel
) -> None:
    rows = [_row(snapshot, known[snapshot.run.id], comparison) for snapshot in snapshots]
    name = field_name(comparison.field)
    if all(isinstance(row["beta"], int | float) for row in rows):
        with st.container(key="top-scores"):
            left, right = st.columns([5, 4])
        with left:
            alt = f"Disentanglement scores against {name}, one dot per run."
            spec = metrics_spec(dci_model=dci_model, field=name)
            static_chart(points_table(rows, dci_model), spec, key="compare-scores", height=HEIGHT, alt=alt)
        with right:
            _words(rows, dci_model)
        table = pivot(figures_table(rows), dci_model).rename_axis(name)
        st.dataframe(table, key="compare-scores-table", height="content")
    else:  # the values are words, which have no order on an axis
        titles = [{"run": comparison.title_with_seed(snapshot.run)} for snapshot in snapshots]
        names = metric_names(dci_model)
        shown = [
            title | {name: row[key] for key, name in names.items()} for title, row in zip(titles, rows, strict=True)
        ]
        st.dataframe(shown, key="compare-scores-table", height="content")
        _words(rows, dci_model)


def _row(snapshot: RunSnapshot, scores: FactorScores, comparison: Comparison) -> dict[str, Any]:
    figures = {} if snapshot.point is None else {name: snapshot.point.figure(name) for name in BESIDE}
    value = snapshot.run.config.flat()[comparison.field]
    return {
        **figures,
        **scores.model_dump(exclude_unset=True),
        "beta": value,
        "seed": snapshot.run.config.training.seed,
    }


def _words(rows: Sequence[dict[str, Any]], dci_model: DciModel) -> None:
    names = metric_names(dci_model)
    st.markdown("\n".join(f"- **{name}**: {FIGURES[key].meaning}" for key, name in names.items()))
    seeds = len({row["seed"] for row in rows})
    images = max(int(row["images"]) for row in rows)
    st.caption(
        literal(
            f"n = {len(rows)} runs, {seeds} {'seed' if seeds == 1 else 'seeds'}; posterior means of {images:,} test images; "
            f"± is one standard deviation over the seeds, given {MIN_FOR_STD} or more. {cap_note(images)} Seeds differ as "
            "much as settings do, so look at the spread. To see what a score means, open Pictures above: a dimension with a "
            "factor of its own changes only one thing along its traversal."
        )
    )
    glossary_links("Disentanglement", "MIG", "Traversal")
