"""Simple opponents beside the models: they come when they are ready, and nothing waits for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.common.errors import literal, show_error
from pages.common.opened_model import OpenedModel
from pages.denoise.background import Job, give_way, newest
from pages.denoise.case import Case, Restored, bound_of, filtered, usual_bound
from pages.denoise.gallery import Tile, gallery
from pages.denoise.models import labelled
from vae_core.data.relocation import missing_message
from vae_core.metrics.baselines import BASELINES, TONED, Strength, Tuned, names_for
from vae_core.registry.corruption_rows import CORRUPTIONS
from vae_core.types import Array

SLOT = "filters"
POLL_SECONDS = 0.5
SIZE = 120


def make_way(model: OpenedModel, case: Case) -> None:
    """The filters of another case stop, so that the models have the processor."""
    give_way(SLOT, _key(model, case))


def filters_panel(models: Sequence[OpenedModel], case: Case, restored: Mapping[str, Restored]) -> None:
    """Draws what is ready, and looks again until all is.

    Args:
        models: those that restored; the filters are tuned on the training images of the first.
        case: a known one.
        restored: what the models made of it, by their labels.
    """
    if not CORRUPTIONS[case.corruption].has_level:
        st.caption("No filter is shown: from grey alone none can tell a colour.")
        return
    if missing_message(models[0].run):
        st.caption("No opponents are shown: the training images that they are tuned on are not there.")
        return
    job = newest(SLOT, _key(models[0], case), lambda: filtered(models[0], case))
    waiting = not job.done

    def draw() -> None:
        _draw(job, case)
        if job.done and job.results:
            st.markdown(
                verdict(best_of(job), restored, lambda label, psnr: _why(label, labelled(models)[label], case, psnr))
            )
        if waiting and job.done:
            st.rerun()  # once more and whole, without the timer

    st.fragment(draw, run_every=POLL_SECONDS if waiting else None, key="filters-panel")()


def best_of(job: Job) -> tuple[Tuned, Restored] | None:
    """The opponent with the highest PSNR, of those that are ready."""
    return max(job.results, key=lambda one: one[1].quality.psnr, default=None)


def _key(model: OpenedModel, case: Case) -> tuple[object, ...]:
    return (model.dataset.name, *case.key)


def _draw(job: Job, case: Case) -> None:
    st.markdown("**Simple opponents**: filters and ridge regressions, each tuned for this damage on other images")
    if job.error is not None:
        show_error(job.error)
    if not job.results:
        st.caption("Tuning the opponents …" if not job.done else "There is nothing to show.")
        return
    clean = case.clean.numpy()
    gallery([_tile(tuned, restored, clean) for tuned, restored in job.results], size=SIZE)
    left = 2 * len(names_for(clean[0].size)) - len(job.results)
    st.caption(
        f"Tuning the opponents … {left} to come"
        if not job.done
        else "Toned: followed by the cubic of the grey value that fits training images best, since clipped noise lifts a "
        "black background and a filter alone cannot know that. Ridge regression is a linear model learned from damaged "
        "training images, of the patch around each pixel or of the whole image."
    )


def _tile(tuned: Tuned, restored: Restored, clean: Array) -> Tile:
    name = BASELINES[tuned.name.removesuffix(TONED)]
    return Tile(tuned.title, restored.images, about(name.strength_name, tuned.strength), clean, restored.quality)


def about(names: str, strength: Strength) -> str:
    """Each number behind its name: 'side 3', or of a chain 'side 3, sigma 0.45'."""
    values = strength if isinstance(strength, tuple) else (strength,)
    each = names.partition(",")[0].split(" and ")
    return ", ".join(f"{name} {value:g}" for name, value in zip(each, values, strict=True))


def verdict(
    best: tuple[Tuned, Restored] | None, models: Mapping[str, Restored], reason: Callable[[str, float], str]
) -> str:
    """Who is ahead, and why if it is a simple opponent; Markdown.

    Args:
        best: the best opponent so far.
        models: what the models made of the case, by their labels.
        reason: why a model, given by its label, is beaten by an opponent of that PSNR.
    """
    scores = {name: one.quality.psnr for name, one in models.items() if one.quality is not None}
    if best is None or best[1].quality is None or not scores:
        return ""
    first = max(scores, key=lambda name: scores[name])
    title, filter_psnr = literal(best[0].title), best[1].quality.psnr
    if scores[first] >= filter_psnr:
        ahead = scores[first] - filter_psnr
        return f"**{literal(first)}** is {ahead:.1f} dB ahead of the best opponent ({title}, {filter_psnr:.1f} dB)."
    return (
        f"Here a simple opponent wins: **{title}** is {filter_psnr - scores[first]:.1f} dB ahead of {literal(first)}. "
        + reason(first, filter_psnr)
    )


def _why(label: str, model: OpenedModel, case: Case, filter_psnr: float) -> str:
    return why(label, bound_of(model, case).psnr, filter_psnr, usual_bound(model))


def why(name: str, bound: float, filter_psnr: float, usual: float = -math.inf) -> str:
    """Why a filter can win; Markdown.

    Args:
        name: of the model.
        bound: PSNR of the model's reconstruction of these pictures when they are undamaged.
        filter_psnr: what the filter reaches.
        usual: what the model reaches or exceeds with nearly all undamaged pictures of the kind that it was trained on.
    """
    if bound < usual:
        return (
            f"These pictures are unlike those that {literal(name)} was trained on: undamaged they come back with "
            f"{bound:.1f} dB, and of its own test images 95% do with {usual:.1f} dB or more."
        )
    if bound <= filter_psnr:
        return (
            f"Undamaged pictures come back from {literal(name)} with only {bound:.1f} dB: what does not fit through "
            "its bottleneck is lost, and damage does not bring it back."
        )
    return (
        f"Undamaged pictures come back from {literal(name)} with {bound:.1f} dB, so its bottleneck is not the reason: it was "
        "not trained for this damage at this level."
    )
