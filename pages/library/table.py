"""The table of runs: one page of rows, its live updates, and the user's requests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from pages.common.components.run_table import Asked, Column, Gap, Row, run_table, run_table_live
from pages.common.errors import show_errors
from pages.common.held_out_text import HELD_OUT_PART
from pages.common.missing_figures import start_figures
from pages.common.run_states import SETTLED_SECONDS
from pages.common.session import manager
from pages.library.filters import ROWS, Filters, choose, go_to_page, page_of, sort_by
from pages.library.formatting import age_text, size_text, state_cell
from pages.library.thumbnails import thumbnail
from pages.library.undo import Deleted, undo_deletion
from vae_core.figures import FIGURES
from vae_core.registry.model_rows import MODELS
from vae_core.storage import files
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run
from vae_core.training import equivalence

KEY = "runs-table"
NATS = FIGURES["negative_elbo_nats"]
POLL_SECONDS = 1.5
"""How often the table is updated."""
HEIGHT, HEIGHT_WITH_CARD = 690, 370
COLUMNS = (
    Column("picture", "Picture", "picture", sorts=False),
    Column("name", "Name", "name"),
    Column("state", "State", "state"),
    Column(
        "nats",
        "Held-out nats",
        "number",
        help=f"On the test images: {NATS.help}; ≈: while training, on {HELD_OUT_PART}",
    ),
    Column("images", "Images", "cut"),
    Column("model", "Model", "cut"),
    Column("latent", "Latents", "number", help="Numbers in the code of an image"),
    Column("beta", "β", "number", help="Weight of the KL divergence, both in nats per image"),
    Column("age", "Age", "number", help="Time since it was last trained"),
    Column("size", "Size", "number", help="On disk"),
    Column("parent", "Parent", "cut", help="The run and step whose weights it started from"),
)
EMPTY = "No run matches; remove a filter, or search for something else."


def table(
    matching: list[Summary], total: int, chosen: Sequence[str], filters: Filters, deleted: Sequence[Deleted]
) -> list[Summary]:
    """Draws the page of rows given in the URL, and returns them."""
    page, pages = page_of(len(matching))
    first = (page - 1) * ROWS
    shown = matching[first : first + ROWS]
    count = f"{first + 1:,} to {first + len(shown):,} of {len(matching):,} runs" if shown else "0 runs"
    run_table(
        key=KEY,
        columns=COLUMNS,
        rows=[_row(summary) for summary in shown],
        gaps=[
            Gap(each.before - first, each.id, each.name)
            for each in deleted
            if first <= each.before <= first + len(shown)
        ],
        chosen=chosen,
        sort=(filters.sort, filters.down),
        count=count if len(matching) == total else f"{count}, of {total:,} in total",
        empty=EMPTY,
        page=page,
        pages=pages,
        height=HEIGHT_WITH_CARD if chosen else HEIGHT,
        label="Runs and models",
        on_asked=_handle_request,
    )
    return shown


def _handle_request(request: Asked) -> None:
    """Handles a request of the browser, whose content is not trusted."""
    kind = request.get("kind")
    if kind == "choose" and isinstance(ids := request.get("ids"), list):
        choose([run_id for run_id in ids if isinstance(run_id, str) and "," not in run_id])
    elif kind == "sort":
        sort_by(str(request.get("column")))
    elif kind == "page":
        go_to_page(request.get("page"))
    elif kind == "undo":
        with show_errors():
            undo_deletion(str(request.get("id")))


def _row(summary: Summary) -> Row:
    config, newest = summary.run.config, thumbnail(summary.run)
    changed = datetime.fromtimestamp(summary.changed).astimezone()
    nats, source = _nats(summary, newest.nats)
    cells = {
        "images": config.data.dataset,
        "model": f"{MODELS[config.model.model].short}, {config.model.architecture}",
        "latent": f"{config.model.latent}",
        "beta": "–" if config.beta is None else f"{config.beta:g}",
        "nats": nats,
        "parent": config.parent or "",
        "age": "shipped" if summary.shipped else age_text(time.time() - summary.changed),
        "size": size_text(summary.bytes),
    }
    titles = {"nats": source, "age": "came with the program" if summary.shipped else f"{changed:%Y-%m-%d %H:%M}"}
    state = state_cell(summary.run, summary.status, summary.state)
    return Row(summary.id, summary.name, newest.picture, state, cells, titles)


def _nats(summary: Summary, while_training: float | None) -> tuple[str, str]:
    """Returns the figure and its source: the stored figure, else the last one recorded during training."""
    if summary.nats is not None and summary.figures is not None:
        return (
            NATS.text(summary.nats),
            f"{NATS.title} on the {summary.figures.images:,} test images of {summary.figures.dataset}",
        )
    if while_training is not None:
        return f"≈ {while_training:.1f}", f"while training, on {HELD_OUT_PART}"
    return "–", "not known yet"


def live(shown: Sequence[Summary]) -> None:
    """Updates the states of active runs, and reruns the page when a run starts, ends, appears or disappears, or when the
    figures of a shown run become available.

    A worker computes the figures of its run at the end; this asks for those that are missing.
    """
    before = _signature(manager().active(), shown)
    settled = [row.run for row in shown if time.time() - row.changed > SETTLED_SECONDS]

    def update() -> None:
        active = manager().active()
        start_figures(settled)
        if _signature(active, shown) != before:
            st.rerun()
        states = {}
        for run in active:
            with show_errors():
                states[run.id] = state_cell(run, run.status(), run.state())
        run_table_live(key=KEY, states=states)

    st.fragment(update, run_every=POLL_SECONDS, key="library-live")()


def _signature(active: Sequence[Run], shown: Sequence[Summary]) -> tuple[object, ...]:
    """Returns a value that changes with the list of runs, the state of any run, or the figures of a shown run."""
    root = manager().root
    changed = root.stat().st_mtime_ns if files.is_folder(root) else 0
    evaluated = sum(EVALUATION.read(row.run) is not None for row in shown)
    return (changed, evaluated, *((run.id, equivalence.state_of(run)) for run in active))
