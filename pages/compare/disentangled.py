"""Which setting separates the factors that made the images best: MIG, DCI and the FactorVAE score over the seeds.

Only for datasets whose factors are known. The scores are computed on request, one run after the other in the background,
and kept with the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.common.charts import static_chart
from pages.common.errors import literal
from pages.common.glossary import glossary_links
from pages.common.jobs import follow_jobs, runner
from pages.compare.compared import Compared, Standing, standing, word
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


def has_factors(found: Compared) -> bool:
    """Whether it is known what made the images of any of the runs."""
    return any(catalogue.knows_factors(run.config.data.dataset) for run in found.runs)


def disentangled(found: Compared) -> None:
    """Draws the scores that are known, and how far the others are."""
    dci_model = st.segmented_control(
        "DCI from a", DCI_MODELS, default=DCI_MODELS[0], required=True, key="dci_model", bind="query-params",
        format_func=lambda name: DCI_NAMES[name],
        help="The forest takes seconds a run. Boosting is what disentanglement_lib and most papers use, and takes minutes a "
        "run. The figures of the two differ and cannot be compared with each other.",
    )  # fmt: skip
    runs = [run for run in found.runs if catalogue.knows_factors(run.config.data.dataset)]
    jobs = {
        f"The scores of {found.title_with_seed(run)}": job
        for run in runs
        if (job := runner().get(_key(run, dci_model))) is not None
    }
    known = _known(runs, dci_model)
    if len(known) < len(runs) and not any(job.is_active for job in jobs.values()):
        # outside of what follows the jobs, so that a click draws the whole page, which then follows the new jobs
        _ask(runs, [run for run in runs if run.id not in known], dci_model)
    follow_jobs(jobs, lambda: _draw(found, runs, dci_model), key="compare-disentangled")


def _known(runs: Sequence[Run], dci_model: DciModel) -> dict[str, FactorScores]:
    return {run.id: scores for run in runs if (scores := factor_scores(dci_model).read(run)) is not None}


def _draw(found: Compared, runs: Sequence[Run], dci_model: DciModel) -> None:
    known = _known(runs, dci_model)
    if known:
        _results(found, [standing(run, found.field) for run in runs if run.id in known], known, dci_model)


def _key(run: Run, dci_model: DciModel) -> Key:
    return ("scores", str(run.folder), weights_digest(run) or "", dci_model)


def _ask(runs: Sequence[Run], lacking: Sequence[Run], dci_model: DciModel) -> None:
    """The button that asks for the scores that are not there yet."""
    ready = [run for run in lacking if weights_digest(run) is not None]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Score {len(ready)} of {len(runs)} runs", key="measure_scores", icon=":material/calculate:", type="primary",
            disabled=not ready, on_click=_start, args=(ready, dci_model),
        )  # fmt: skip
        time = "seconds" if dci_model == "forest" else "minutes"
        st.caption(
            f"Whether each dimension of the code tells one of the factors that made the images; some {time} a run, and kept "
            "with it." if ready else "The scores can be asked for as soon as a run has ended."
        )  # fmt: skip


def _start(runs: Sequence[Run], dci_model: DciModel) -> None:
    for run in runs:
        command = cli_command("disentangle", run.folder.resolve(), "--dci-model", dci_model, "--keep")
        runner().start(_key(run, dci_model), command)


def _results(
    found: Compared, standings: Sequence[Standing], known: dict[str, FactorScores], dci_model: DciModel
) -> None:
    rows = [_row(one, known[one.run.id], found) for one in standings]
    name = word(found.field)
    if all(isinstance(row["beta"], int | float) for row in rows):
        with st.container(key="top-scores"):
            left, right = st.columns([5, 4])
        with left:
            alt = f"Scores of disentanglement against {name}, a dot a run."
            spec = metrics_spec(dci_model=dci_model, field=name)
            static_chart(points_table(rows, dci_model), spec, key="compare-scores", height=HEIGHT, alt=alt)
        with right:
            _words(rows, dci_model)
        table = pivot(figures_table(rows), dci_model).rename_axis(name)
        st.dataframe(table, key="compare-scores-table", height="content")
    else:  # words, which no axis puts in an order
        titles = [{"run": found.title_with_seed(one.run)} for one in standings]
        names = metric_names(dci_model)
        shown = [
            title | {name: row[key] for key, name in names.items()} for title, row in zip(titles, rows, strict=True)
        ]
        st.dataframe(shown, key="compare-scores-table", height="content")
        _words(rows, dci_model)


def _row(one: Standing, scores: FactorScores, found: Compared) -> dict[str, Any]:
    figures = {} if one.point is None else {name: one.point.figure(name) for name in BESIDE}
    value = one.run.config.flat()[found.field]
    return {**figures, **scores.model_dump(exclude_unset=True), "beta": value, "seed": one.run.config.training.seed}


def _words(rows: Sequence[dict[str, Any]], dci_model: DciModel) -> None:
    names = metric_names(dci_model)
    st.markdown("\n".join(f"- **{name}**: {FIGURES[key].meaning}" for key, name in names.items()))
    seeds = len({row["seed"] for row in rows})
    images = max(int(row["images"]) for row in rows)
    st.caption(
        literal(
            f"n = {len(rows)} runs, {seeds} {'seed' if seeds == 1 else 'seeds'}; posterior means of {images:,} test images; "
            f"± is one standard deviation over the seeds, from {MIN_FOR_STD} on. {cap_note(images)} Seeds differ as much "
            "as settings do, so look at the spread. To see what a score means, take Pictures above: a traversal in which "
            "one thing changes at a time is a dimension with a factor of its own."
        )
    )
    glossary_links("Disentanglement", "MIG", "Traversal")
