"""Restoration quality against level, of models and baselines. Measured on 1,000 test images and kept with the runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import get_args

import pandas as pd
import streamlit as st

from pages.common.charts import static_chart
from pages.common.errors import literal, show_errors
from pages.common.jobs import follow_jobs, runner
from pages.common.opened_model import OpenedModel
from pages.common.query_params import report_missing
from pages.denoise.baselines import explain_loss
from pages.denoise.damaged_images import usual_reconstruction_psnr
from pages.denoise.models import Task, choose_models, dataset_notes, labelled, material_of
from vae_core.data.relocation import missing_message
from vae_core.evaluation import colours
from vae_core.evaluation.restoration import curve_levels, load_curve
from vae_core.figures import FIGURES
from vae_core.jobs import Key, cli_command
from vae_core.metrics.baselines import BASELINES, TONED
from vae_core.registry.corruption_rows import CORRUPTIONS, check_channels
from vae_core.storage.measurements import RestorationPoint
from vae_core.viz.restoration_chart import (
    ALONE,
    BOUND,
    DAMAGED,
    WITH_TONE,
    Measure,
    colours_of,
    quality_spec,
    quality_table,
)

TASK = Task("Against level", offered=("mnist-denoiser", "example-ae-2d", "example-vae-20d"))
IMAGES = 1_000
HEIGHT = 300
MEASURES: tuple[Measure, ...] = get_args(Measure)
Curves = Mapping[str, Sequence[RestorationPoint]]


def curves_view() -> None:
    """Draws the view."""
    with st.sidebar:
        models = choose_models(TASK)
        report_missing("corrupt", "corruption", CORRUPTIONS, next(iter(CORRUPTIONS)))
        name = st.selectbox("Corruption", list(CORRUPTIONS), key="corrupt", bind="query-params")
        st.caption(literal(CORRUPTIONS[name].about))
        dataset_notes(models)
    curves_panel(models, str(name))


def curves_panel(models: Sequence[OpenedModel], name: str) -> None:
    """Draws the button, its progress, and the results: curves, or a table for a corruption without a level."""
    with show_errors():
        check_channels([name], models[0].trained.image_shape[0])
        if lacking := [literal(label) for label, model in labelled(models).items() if missing_message(model.run)]:
            names = ", ".join(f"**{label}**" for label in lacking)
            st.info(f"Nothing can be measured: the images of {names} are missing.", icon=":material/query_stats:")
            return
        job = runner().get(_key(models, name))
        _buttons(models, name, is_active=job is not None and job.is_active)
        follow_jobs({} if job is None else {"": job}, lambda: _draw(models, name), key="curves")


def known_curves(models: Sequence[OpenedModel], name: str) -> dict[str, list[RestorationPoint]]:
    """The points measured so far, by model label. All are measured on the first model's dataset."""
    curves = {}
    for label, model in labelled(models).items():
        images = material_of(model, IMAGES, models[0].dataset)
        curves[label] = load_curve(model.run, model.trained, images, name)
    return curves


def _key(models: Sequence[OpenedModel], name: str) -> Key:
    return ("curve", name, *(str(model.run.folder) for model in models))


def _buttons(models: Sequence[OpenedModel], name: str, *, is_active: bool) -> None:
    levels = len(curve_levels(name))
    is_complete = all(len(points) >= levels for points in known_curves(models, name).values())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Measure on {IMAGES:,} test images", key="measure", icon=":material/play_arrow:",
            disabled=is_complete or is_active, on_click=_start, args=(models, name),
        )  # fmt: skip
        st.caption(
            "Measured, and kept with the runs."
            if is_complete
            else "Takes a few minutes in the background; the results are kept with the runs.",
            width="content",
        )


def _start(models: Sequence[OpenedModel], name: str) -> None:
    folders = [model.run.folder.resolve() for model in models]
    options = ("--corruption", name, "--images", IMAGES, "--dataset", models[0].dataset.name)
    runner().start(_key(models, name), cli_command("restore-curve", *folders, *options))


def _draw(models: Sequence[OpenedModel], name: str) -> None:
    curves = {label: points for label, points in known_curves(models, name).items() if points}
    if not curves:
        st.info(f"{literal(CORRUPTIONS[name].title)} has not been measured yet.", icon=":material/query_stats:")
    elif CORRUPTIONS[name].has_level:
        _charts(curves, name)
        for label, points in curves.items():
            st.markdown(where_baselines_win(label, points, name, usual_reconstruction_psnr(labelled(models)[label])))
    else:
        _table(curves)


def _charts(curves: Curves, name: str) -> None:
    row, models = CORRUPTIONS[name], tuple(curves)
    table, baselines = quality_table(_rows(curves)), tuple(baseline.title for baseline in BASELINES.values())
    _legend(colours_of(models, baselines), models)
    with st.container(key="top-curves"):
        for column, measure in zip(st.columns(2), MEASURES, strict=True):
            spec = quality_spec(models, baselines, measure, row.measure.partition(", of ")[0])
            alt = f"{measure.upper()} of {', '.join(models)} and of simple baselines against the level of {row.title.lower()}"
            with column:
                static_chart(table, spec, key=f"curve-{measure}", height=HEIGHT, alt=alt)
    st.caption(
        "Dotted: the model's reconstruction of undamaged images. Dashed: a baseline followed by a tone correction. Filters "
        "are tuned, and ridge regressions tuned and fitted, for each level on other images. All values are means over the "
        "test images."
    )


def _legend(colours_by_name: Mapping[str, str], models: Sequence[str]) -> None:
    """Draws one legend for both charts. Users choose the names, so they are escaped."""
    parts = [
        f'<span><i style="display:inline-block;width:1.4rem;height:{4 if name in models else 2}px;background:{colour};'
        f'margin-right:0.4rem;vertical-align:middle"></i>{escape(name)}</span>'
        for name, colour in colours_by_name.items()
    ]
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.2rem;font-size:0.85rem">{"".join(parts)}</div>')


def _rows(curves: Curves) -> Iterator[tuple[str, str, float, float, float]]:
    first_at: dict[float, RestorationPoint] = {}  # the baselines are the same for every model
    for label, points in curves.items():
        for point in points:
            first_at.setdefault(point.level, point)
            yield label, ALONE, point.level, point.model.psnr, point.model.ssim
            yield label, BOUND, point.level, point.clean.psnr, point.clean.ssim
    for level, point in sorted(first_at.items()):
        yield DAMAGED, ALONE, level, point.corrupted.psnr, point.corrupted.ssim
        for name, quality in point.baselines.items():
            title = BASELINES[name.removesuffix(TONED)].title
            yield title, WITH_TONE if name.endswith(TONED) else ALONE, level, quality.psnr, quality.ssim


FILTERS_ARE_FOR_NOISE = (
    " However, the filters are designed for noise, which this damage is not; only the ridge regressions are fitted to "
    "it."
)


def _filters_are_unsuitable(corruption: str) -> bool:
    """Whether the baselines include noise filters although the damage is not noise. Colourisation has its own baselines."""
    row = CORRUPTIONS.get(corruption)
    return row is not None and not row.is_noise and not row.takes_colours


def where_baselines_win(
    label: str, points: Sequence[RestorationPoint], corruption: str = "", usual: float = -math.inf
) -> str:
    """Says at which levels a baseline beats a model, and why (`baselines.explain_loss`). Returns Markdown."""
    best = {
        point.level: max((quality.psnr for quality in point.baselines.values()), default=-math.inf) for point in points
    }
    lost = [point for point in points if best[point.level] > point.model.psnr]
    if not lost:
        ahead_of_all = f"**{literal(label)}** is ahead of every baseline at every measured level."
        return ahead_of_all + (FILTERS_ARE_FOR_NOISE if _filters_are_unsuitable(corruption) else "")
    narrow = [point for point in lost if point.clean.psnr <= best[point.level]]
    unseen = [point for point in lost if point.clean.psnr > best[point.level]]
    return " ".join(_lost(label, group, best, usual) for group in (narrow, unseen) if group)


def _lost(label: str, lost: Sequence[RestorationPoint], best: Mapping[float, float], usual: float) -> str:
    """Describes the levels lost for one reason, with the largest loss as the example."""
    worst = max(lost, key=lambda point: best[point.level] - point.model.psnr)
    name = worst.winners()[0]
    title = BASELINES[name.removesuffix(TONED)].title + (", toned" if name.endswith(TONED) else "")
    levels = ", ".join(f"{point.level:g}" for point in lost)
    return (
        f"A simple baseline beats **{literal(label)}** at {literal(levels)}, most clearly at {literal(f'{worst.level:g}')}: "
        f"{literal(title)} reaches {best[worst.level]:.1f} dB, the model {worst.model.psnr:.1f} dB. "
        + explain_loss(label, worst.clean.psnr, best[worst.level], usual)
    )


def lead_text(label: str, point: RestorationPoint) -> str:
    """Says how far a model is ahead of or behind the best baseline. Returns Markdown."""
    best = max(point.baselines, key=lambda name: point.baselines[name].psnr)
    lead = point.model.psnr - point.baselines[best].psnr
    title = colours.TITLES.get(best, best)
    baseline = literal(title[0].lower() + title[1:])
    return f"**{literal(label)}** is {abs(lead):.1f} dB {'ahead of' if lead >= 0 else 'behind'} the {baseline}."


def _table(curves: Curves) -> None:
    rows: list[tuple[str, float, float]] = []
    for label, points in curves.items():
        rows.append((label, points[-1].model.psnr, points[-1].model.ssim))
    last = next(iter(curves.values()))[-1]
    rows += [(colours.TITLES.get(name, name), quality.psnr, quality.ssim) for name, quality in last.baselines.items()]
    rows.append((DAMAGED, last.corrupted.psnr, last.corrupted.ssim))
    table = pd.DataFrame(rows, columns=["method", "psnr", "ssim"])
    st.dataframe(
        table, hide_index=True, width="content", key="quality",
        column_config={
            key: st.column_config.NumberColumn(FIGURES[key].label, format=f"%{FIGURES[key].format}", help=FIGURES[key].help)
            for key in ("psnr", "ssim")
        },
    )  # fmt: skip
    st.caption(f"Means over {IMAGES:,} test images.")
    for label, points in curves.items():
        st.markdown(lead_text(label, points[-1]))
