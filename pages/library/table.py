"""The table of runs on the page: a page of rows, what is live in it, and what the person asks of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from pages.common.components.run_table import Asked, Column, Gap, Row, run_table, run_table_live
from pages.common.errors import sentences
from pages.common.held_out import PART
from pages.common.session import manager
from pages.common.states import SETTLED_SECONDS
from pages.library.filters import ROWS, Wanted, choose, go_to_page, page_of, sort_by
from pages.library.thumbnails import glimpse
from pages.library.undo import Deleted, bring_back
from pages.library.words import age_text, size_text, state_of
from vae_core.config import RunConfig
from vae_core.figures import FIGURES
from vae_core.storage import files
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.run_summaries import Summary
from vae_core.storage.runs import Run
from vae_core.training import equivalence

KEY = "runs-table"
NATS = FIGURES["negative_elbo_nats"]
POLL_SECONDS = 1.5
"""A worker computes the figures of its run at the end; only where it did not the page asks for them."""
HEIGHT, HEIGHT_WITH_CARD = 690, 370
COLUMNS = (
    Column("picture", "Picture", "picture", sorts=False),
    Column("name", "Name", "name"),
    Column("state", "State", "state"),
    Column("nats", "Held-out nats", "number", help=f"On the test images: {NATS.help}; ≈: while training, on {PART}"),
    Column("images", "Images", "cut"),
    Column("model", "Model", "cut"),
    Column("latent", "Latents", "number", help="Numbers in the code of an image"),
    Column("beta", "β", "number", help="Weight of the KL divergence, both in nats per image"),
    Column("age", "Age", "number", help="Since it was trained last"),
    Column("size", "Size", "number", help="On the disk"),
    Column("parent", "Parent", "cut", help="The run and step whose weights it started from"),
)
EMPTY = "No run fits; take a filter away, or search for something else."


def table(
    fits: list[Summary], total: int, chosen: Sequence[str], wanted: Wanted, deleted: Sequence[Deleted]
) -> list[Summary]:
    """Draws the page of rows that the address names, and returns them."""
    page, pages = page_of(len(fits))
    first = (page - 1) * ROWS
    shown = fits[first : first + ROWS]
    count = f"{first + 1:,} to {first + len(shown):,} of {len(fits):,} runs" if shown else "0 runs"
    run_table(
        key=KEY,
        columns=COLUMNS,
        rows=[_row(one) for one in shown],
        gaps=[
            Gap(one.before - first, one.id, one.name) for one in deleted if first <= one.before <= first + len(shown)
        ],
        chosen=chosen,
        sort=(wanted.sort, wanted.down),
        count=count if len(fits) == total else f"{count}, of {total:,} in all",
        empty=EMPTY,
        page=page,
        pages=pages,
        height=HEIGHT_WITH_CARD if chosen else HEIGHT,
        label="Runs and models",
        on_asked=_asked,
    )
    return shown


def _asked(wish: Asked) -> None:
    """Does what the browser says that the person asked for; it may say anything."""
    kind = wish.get("kind")
    if kind == "choose" and isinstance(ids := wish.get("ids"), list):
        choose([one for one in ids if isinstance(one, str) and "," not in one])
    elif kind == "sort":
        sort_by(str(wish.get("column")))
    elif kind == "page":
        go_to_page(wish.get("page"))
    elif kind == "undo":
        with sentences():
            bring_back(str(wish.get("id")))


def _row(one: Summary) -> Row:
    config, seen = one.run.config, glimpse(one.run)
    changed = datetime.fromtimestamp(one.changed).astimezone()
    nats, how = _nats(one, seen.nats)
    cells = {
        "images": config.data.dataset,
        "model": f"{config.model.model.upper()}, {config.model.architecture}",
        "latent": f"{config.model.latent}",
        "beta": _beta(config),
        "nats": nats,
        "parent": config.parent or "",
        "age": "shipped" if one.shipped else age_text(time.time() - one.changed),
        "size": size_text(one.bytes),
    }
    titles = {"nats": how, "age": "came with the program" if one.shipped else f"{changed:%Y-%m-%d %H:%M}"}
    return Row(one.id, one.name, seen.picture, state_of(one.run, one.status, one.state), cells, titles)


def _beta(config: RunConfig) -> str:
    return f"{config.objective.beta:g}" if config.model.model == "vae" else "–"


def _nats(one: Summary, while_training: float | None) -> tuple[str, str]:
    """The figure and how it was come by: the kept one, else the last one of the training."""
    if one.nats is not None and one.figures is not None:
        return (
            NATS.text(one.nats),
            f"{NATS.title} on the {one.figures.images:,} test images of {one.figures.dataset}",
        )
    if while_training is not None:
        return f"≈ {while_training:.1f}", f"while training, on {PART}"
    return "–", "not known yet"


def live(shown: Sequence[Summary]) -> None:
    """Follows the runs that are being trained, and draws the page anew once one begins, ends, comes or goes, or the
    figures of one that is shown are there."""
    before = _signature(manager().active(), shown)
    settled = [one.run for one in shown if time.time() - one.changed > SETTLED_SECONDS]

    def look() -> None:
        active = manager().active()
        manager().figures.ask(settled)
        if _signature(active, shown) != before:
            st.rerun()
        states = {}
        for run in active:
            with sentences():
                states[run.id] = state_of(run, run.status(), run.state())
        run_table_live(key=KEY, states=states)

    st.fragment(look, run_every=POLL_SECONDS, key="library-live")()


def _signature(active: Sequence[Run], shown: Sequence[Summary]) -> tuple[object, ...]:
    """Changes where the list of runs, the state of one, or what is known of one that is shown does."""
    root = manager().root
    changed = root.stat().st_mtime_ns if files.is_folder(root) else 0
    known = sum(EVALUATION.read(one.run) is not None for one in shown)
    return (changed, known, *((run.id, equivalence.state_of(run)) for run in active))
