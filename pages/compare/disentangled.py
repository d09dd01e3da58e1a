"""Which setting separates the factors that made the images best: MIG, DCI and the FactorVAE score over the seeds.

Only for datasets whose factors are known. The scores take seconds a run, so that they are computed on request, one run
after the other in a thread of the server, and kept with the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.common.errors import literal, sentences, show_error
from pages.common.glossary import glossary_links
from pages.compare.compared import Compared, Standing, standing, word
from vae_core.data import catalogue
from vae_core.errors import LatentLabError
from vae_core.evaluation.factor_scores import scores_of
from vae_core.figures import FIGURES
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

POLL_SECONDS = 0.5
HEIGHT = 380


@dataclass(eq=False)
class Job:
    """The scores of one run on their way.

    Attributes:
        what, share: what is being done, and how much of it, 0 to 1.
        future: ends with the scores, or with what went wrong.
        stopped: nobody wants it any more; it ends at its next sign of progress.
    """

    what: str = "waiting"
    share: float = 0.0
    future: Future[FactorScores] = field(default_factory=Future)
    stopped: bool = False

    def tell(self, what: str, share: float) -> None:
        if self.stopped:
            raise CancelledError
        self.what, self.share = what, share


@st.cache_resource(show_spinner=False)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="scores")


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[tuple[str, str | None, str], Job]:
    """Of this server, by the run's folder, the digest of its weights, and what DCI is computed from."""
    return {}


def has_factors(found: Compared) -> bool:
    """Whether it is known what made the images of any of the runs."""
    return any(catalogue.knows_factors(run.config.data.dataset) for run in found.runs)


def disentangled(found: Compared) -> None:
    """Draws what is known, and while scores are on their way draws it again."""
    dci_model = st.segmented_control(
        "DCI from a", DCI_MODELS, default=DCI_MODELS[0], required=True, key="dci_model", bind="query-params",
        format_func=lambda name: DCI_NAMES[name],
        help="The forest takes seconds a run. Boosting is what disentanglement_lib and most papers use, and takes minutes a "
        "run. The figures of the two differ and cannot be compared with each other.",
    )  # fmt: skip
    before = _is_busy(found, dci_model)
    poll = POLL_SECONDS if before else None
    st.fragment(lambda: _draw(found, dci_model, before), run_every=poll, key="compare-disentangled")()


def _draw(found: Compared, dci_model: DciModel, before: bool) -> None:
    if _is_busy(found, dci_model) != before:
        st.rerun()
    with sentences():
        runs = [run for run in found.runs if catalogue.knows_factors(run.config.data.dataset)]
        known = {run.id: scores for run in runs if (scores := factor_scores(dci_model).read(run)) is not None}
        _ask(runs, [run for run in runs if run.id not in known], dci_model)
        if known:
            _results(found, [standing(run, found.field) for run in runs if run.id in known], known, dci_model)
        for run in runs:
            if (error := _error(run, dci_model)) is not None:
                show_error(LatentLabError(f"The scores of {found.title_with_seed(run)}: {error}"))


def _key(run: Run, dci_model: DciModel) -> tuple[str, str | None, str]:
    return str(run.folder), weights_digest(run), dci_model


def _is_busy(found: Compared, dci_model: DciModel) -> bool:
    jobs = _jobs()
    return any((job := jobs.get(_key(run, dci_model))) is not None and not job.future.done() for run in found.runs)


def _error(run: Run, dci_model: DciModel) -> LatentLabError | None:
    """What ended a run's scores; what nobody foresaw is raised."""
    job = _jobs().get(_key(run, dci_model))
    if job is None or job.stopped or not job.future.done():
        return None
    error = job.future.exception()
    if error is not None and not isinstance(error, LatentLabError):
        raise error
    return error


def _ask(runs: Sequence[Run], lacking: Sequence[Run], dci_model: DciModel) -> None:
    """How far the scores are, or the button that asks for those that are not there yet."""
    jobs = [job for run in lacking if (job := _jobs().get(_key(run, dci_model))) is not None and not job.future.done()]
    if jobs:
        now = max(jobs, key=lambda job: job.share)
        done = len(runs) - len(lacking)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress((done + now.share) / len(runs), f"{done} of {len(runs)} runs scored; {now.what}")
            st.button(
                "Stop", key="stop_scores", icon=":material/stop:", on_click=_stop, args=(list(lacking), dci_model)
            )
        return
    ready = [run for run in lacking if weights_digest(run) is not None]
    if not lacking:
        return
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
        job = _jobs()[_key(run, dci_model)] = Job()
        job.future = _thread().submit(scores_of, run, dci_model=dci_model, progress=job.tell)


def _stop(runs: Sequence[Run], dci_model: DciModel) -> None:
    """The run that is being scored ends in seconds, without scores; the others are not begun."""
    for run in runs:
        if (job := _jobs().get(_key(run, dci_model))) is not None:
            job.stopped = True
            job.future.cancel()


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
            spec = metrics_spec(dci_model=dci_model, height=HEIGHT, field=name)
            st.vega_lite_chart(points_table(rows, dci_model), spec, key="compare-scores", height=HEIGHT, alt=alt)
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
