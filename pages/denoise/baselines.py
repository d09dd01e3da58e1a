"""Simple baselines beside the models: computed in the background, and shown as they become ready."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.common.errors import literal, show_error
from pages.common.opened_model import OpenedModel
from pages.denoise.background import BackgroundJob, latest_job, stop_other_job
from pages.denoise.damaged_images import (
    DamagedImages,
    Restored,
    reconstruction_quality,
    restore_with_baselines,
    usual_reconstruction_psnr,
)
from pages.denoise.gallery import Picture, gallery
from pages.denoise.models import labelled
from vae_core.data.relocation import missing_message
from vae_core.metrics.baselines import BASELINES, TONED, Strength, Tuned, names_for
from vae_core.registry.corruption_rows import CORRUPTIONS
from vae_core.types import Array

SLOT = "filters"
POLL_SECONDS = 0.5
SIZE = 120


def stop_other_baselines(model: OpenedModel, damaged: DamagedImages) -> None:
    """Stops computing baselines for other images, to leave the processor to the models."""
    stop_other_job(SLOT, _key(model, damaged))


def baselines_panel(models: Sequence[OpenedModel], damaged: DamagedImages, restored: Mapping[str, Restored]) -> None:
    """Draws the baselines that are ready, and redraws until all are.

    Args:
        models: the chosen models; the baselines are tuned on the training images of the first.
        damaged: images whose originals are known.
        restored: the models' restorations, by model label.
    """
    if not CORRUPTIONS[damaged.corruption].has_level:
        st.caption("No filters are shown: a filter cannot recover colour from a grey image.")
        return
    if missing_message(models[0].run):
        st.caption("No baselines are shown: the training images on which they are tuned are missing.")
        return
    job = latest_job(SLOT, _key(models[0], damaged), lambda: restore_with_baselines(models[0], damaged))
    waiting = not job.done

    def draw() -> None:
        _draw(job, damaged)
        if job.done and job.results:
            by_label = labelled(models)
            st.markdown(
                verdict(
                    best_baseline(job),
                    restored,
                    lambda label, psnr: _explain_loss(label, by_label[label], damaged, psnr),
                )
            )
        if waiting and job.done:
            st.rerun()  # the whole page once more, without the timer

    st.fragment(draw, run_every=POLL_SECONDS if waiting else None, key="filters-panel")()


def best_baseline(job: BackgroundJob) -> tuple[Tuned, Restored] | None:
    """The baseline with the highest PSNR of those that are ready, or None if none is."""
    return max(job.results, key=lambda result: result[1].quality.psnr, default=None)


def _key(model: OpenedModel, damaged: DamagedImages) -> tuple[object, ...]:
    return (model.dataset.name, *damaged.key)


def _draw(job: BackgroundJob, damaged: DamagedImages) -> None:
    st.markdown("**Simple baselines**: filters and ridge regressions, each tuned for this damage on other images")
    if job.error is not None:
        show_error(job.error)
    if not job.results:
        st.caption("Tuning the baselines …" if not job.done else "There is nothing to show.")
        return
    clean = damaged.clean.numpy()
    gallery([_picture(tuned, restored, clean) for tuned, restored in job.results], size=SIZE)
    left = 2 * len(names_for(clean[0].size)) - len(job.results)
    st.caption(
        f"Tuning the baselines … {left} to come"
        if not job.done
        else "Toned: followed by the cubic of the grey value that best fits training images, because clipped noise brightens "
        "a black background and a filter alone cannot correct that. Ridge regression is a linear model fitted to damaged "
        "training images; its input is the patch around each pixel, or the whole image."
    )


def _picture(tuned: Tuned, restored: Restored, clean: Array) -> Picture:
    baseline = BASELINES[tuned.name.removesuffix(TONED)]
    about = strength_text(baseline.strength_name, tuned.strength)
    return Picture(tuned.title, restored.images, about, clean, restored.quality)


def strength_text(names: str, strength: Strength) -> str:
    """A baseline's parameters with their names: 'side 3', or 'side 3, sigma 0.45' for a chain of two filters."""
    values = strength if isinstance(strength, tuple) else (strength,)
    each = names.partition(",")[0].split(" and ")
    return ", ".join(f"{name} {value:g}" for name, value in zip(each, values, strict=True))


def verdict(
    best: tuple[Tuned, Restored] | None, models: Mapping[str, Restored], reason: Callable[[str, float], str]
) -> str:
    """Says which method is best, and if it is a baseline, why. Returns Markdown.

    Args:
        best: the best baseline so far.
        models: the models' restorations, by model label.
        reason: explains why the model with that label loses to a baseline with that PSNR.
    """
    scores = {name: restored.quality.psnr for name, restored in models.items() if restored.quality is not None}
    if best is None or best[1].quality is None or not scores:
        return ""
    first = max(scores, key=lambda name: scores[name])
    title, baseline_psnr = literal(best[0].title), best[1].quality.psnr
    if scores[first] >= baseline_psnr:
        ahead = scores[first] - baseline_psnr
        return f"**{literal(first)}** is {ahead:.1f} dB ahead of the best baseline ({title}, {baseline_psnr:.1f} dB)."
    return (
        f"Here a simple baseline wins: **{title}** is {baseline_psnr - scores[first]:.1f} dB ahead of {literal(first)}. "
        + reason(first, baseline_psnr)
    )


def _explain_loss(label: str, model: OpenedModel, damaged: DamagedImages, baseline_psnr: float) -> str:
    bound = reconstruction_quality(model, damaged).psnr
    return explain_loss(label, bound, baseline_psnr, usual_reconstruction_psnr(model))


def explain_loss(name: str, bound: float, baseline_psnr: float, usual: float = -math.inf) -> str:
    """Explains why a baseline beats a model. Returns Markdown.

    Args:
        name: the model's label.
        bound: PSNR in dB of the model's reconstruction of these images when undamaged.
        baseline_psnr: the baseline's PSNR in dB.
        usual: PSNR in dB that the model reaches on nearly all undamaged images of the kind it was trained on.
    """
    if bound < usual:
        return (
            f"These pictures are unlike those that {literal(name)} was trained on: it reconstructs them undamaged at "
            f"{bound:.1f} dB, but 95% of its own test images at {usual:.1f} dB or more."
        )
    if bound <= baseline_psnr:
        return (
            f"{literal(name)} reconstructs even undamaged pictures at only {bound:.1f} dB: what does not fit through its "
            "bottleneck is lost."
        )
    return (
        f"{literal(name)} reconstructs undamaged pictures at {bound:.1f} dB, so its bottleneck is not the reason: it was not "
        "trained for this damage at this level."
    )
