"""Quality against level over 1,000 test images, of models and filters; measured in the background, kept with the runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import get_args

import pandas as pd
import streamlit as st

from pages.common.address import say_missing
from pages.common.charts import static_chart
from pages.common.errors import literal, sentences
from pages.common.jobs import follow_jobs, runner
from pages.common.opened_model import OpenedModel
from pages.denoise.case import usual_bound
from pages.denoise.filters import why
from pages.denoise.models import Task, choose_models, labelled, material_of, note
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
    """All of the view."""
    with st.sidebar:
        models = choose_models(TASK)
        say_missing("corrupt", "corruption", CORRUPTIONS, next(iter(CORRUPTIONS)))
        name = st.selectbox("Corruption", list(CORRUPTIONS), key="corrupt", bind="query-params")
        st.caption(literal(CORRUPTIONS[name].about))
        note(models)
    curves_panel(models, str(name))


def curves_panel(models: Sequence[OpenedModel], name: str) -> None:
    """The buttons, the progress, and what is known: a curve, or a table where the corruption has no level."""
    with sentences():
        check_channels([name], models[0].trained.image_shape[0])
        if lacking := [literal(label) for label, model in labelled(models).items() if missing_message(model.run)]:
            names = ", ".join(f"**{label}**" for label in lacking)
            st.info(f"Nothing can be measured: the images of {names} are not there.", icon=":material/query_stats:")
            return
        job = runner().get(_key(models, name))
        _buttons(models, name, is_active=job is not None and job.is_active)
        follow_jobs({} if job is None else {"": job}, lambda: _draw(models, name), key="curves")


def known_curves(models: Sequence[OpenedModel], name: str) -> dict[str, list[RestorationPoint]]:
    """The points that are kept, by the models' labels; all of images of the first model's dataset."""
    found = {}
    for label, model in labelled(models).items():
        images = material_of(model, IMAGES, models[0].dataset)
        found[label] = load_curve(model.run, model.trained, images, name)
    return found


def _key(models: Sequence[OpenedModel], name: str) -> Key:
    return ("curve", name, *(str(model.run.folder) for model in models))


def _buttons(models: Sequence[OpenedModel], name: str, *, is_active: bool) -> None:
    levels = len(curve_levels(name))
    whole = all(len(points) >= levels for points in known_curves(models, name).values())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Measure on {IMAGES:,} test images", key="measure", icon=":material/play_arrow:",
            disabled=whole or is_active, on_click=_start, args=(models, name),
        )  # fmt: skip
        st.caption(
            "Measured, and kept with the runs."
            if whole
            else "Takes some minutes in a process of its own; what is measured is kept with the runs.",
            width="content",
        )


def _start(models: Sequence[OpenedModel], name: str) -> None:
    folders = [model.run.folder.resolve() for model in models]
    options = ("--corruption", name, "--images", IMAGES, "--dataset", models[0].dataset.name)
    runner().start(_key(models, name), cli_command("restore-curve", *folders, *options))


def _draw(models: Sequence[OpenedModel], name: str) -> None:
    points = {label: own for label, own in known_curves(models, name).items() if own}
    if not points:
        st.info(f"Nothing is measured yet of {literal(CORRUPTIONS[name].title)}.", icon=":material/query_stats:")
    elif CORRUPTIONS[name].has_level:
        _charts(points, name)
        for label, own in points.items():
            st.markdown(ahead(label, own, name, usual_bound(labelled(models)[label])))
    else:
        _table(points)


def _charts(points: Curves, name: str) -> None:
    row, models = CORRUPTIONS[name], tuple(points)
    table, filters = quality_table(_rows(points)), tuple(one.title for one in BASELINES.values())
    _legend(colours_of(models, filters), models)
    with st.container(key="top-curves"):
        for column, measure in zip(st.columns(2), MEASURES, strict=True):
            spec = quality_spec(models, filters, measure, row.measure.partition(", of ")[0])
            alt = f"{measure.upper()} against the level of {row.title.lower()}, of {', '.join(models)} and of simple opponents"
            with column:
                static_chart(table, spec, key=f"curve-{measure}", height=HEIGHT, alt=alt)
    st.caption(
        "Dotted: a model's reconstruction of undamaged pictures. Dashed: an opponent with a tone correction behind it. "
        "Filters and ridge regressions are tuned, and the latter learned, for each level on other images. Means over the "
        "images."
    )


def _legend(colours_by_name: Mapping[str, str], models: Sequence[str]) -> None:
    """For both charts; names are people's, so they are escaped."""
    parts = [
        f'<span><i style="display:inline-block;width:1.4rem;height:{4 if name in models else 2}px;background:{colour};'
        f'margin-right:0.4rem;vertical-align:middle"></i>{escape(name)}</span>'
        for name, colour in colours_by_name.items()
    ]
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.2rem;font-size:0.85rem">{"".join(parts)}</div>')


def _rows(points: Curves) -> Iterator[tuple[str, str, float, float, float]]:
    opponents: dict[float, RestorationPoint] = {}
    for label, own in points.items():
        for point in own:
            opponents.setdefault(point.level, point)
            yield label, ALONE, point.level, point.model.psnr, point.model.ssim
            yield label, BOUND, point.level, point.clean.psnr, point.clean.ssim
    for level, point in sorted(opponents.items()):
        yield DAMAGED, ALONE, level, point.corrupted.psnr, point.corrupted.ssim
        for name, one in point.baselines.items():
            title = BASELINES[name.removesuffix(TONED)].title
            yield title, WITH_TONE if name.endswith(TONED) else ALONE, level, one.psnr, one.ssim


FILTERS_ARE_FOR_NOISE = (
    " But the filters are made for noise, which this damage is not; only the ridge regressions know of it."
)


def _is_filtered_in_vain(corruption: str) -> bool:
    """Whether the opponents are filters although the damage is no noise; colours have opponents of their own."""
    row = CORRUPTIONS.get(corruption)
    return row is not None and not row.is_noise and not row.takes_colours


def ahead(label: str, points: Sequence[RestorationPoint], corruption: str = "", usual: float = -math.inf) -> str:
    """At which levels a simple opponent beats a model, and why (`filters.why`); Markdown."""
    best = {point.level: max((one.psnr for one in point.baselines.values()), default=-math.inf) for point in points}
    lost = [point for point in points if best[point.level] > point.model.psnr]
    if not lost:
        ahead_of_all = f"**{literal(label)}** is ahead of every opponent at every level that was measured."
        return ahead_of_all + (FILTERS_ARE_FOR_NOISE if _is_filtered_in_vain(corruption) else "")
    narrow = [point for point in lost if point.clean.psnr <= best[point.level]]
    unseen = [point for point in lost if point.clean.psnr > best[point.level]]
    return " ".join(_lost(label, group, best, usual) for group in (narrow, unseen) if group)


def _lost(label: str, lost: Sequence[RestorationPoint], best: Mapping[float, float], usual: float) -> str:
    """Levels lost for one reason, the farthest as the example."""
    worst = max(lost, key=lambda point: best[point.level] - point.model.psnr)
    name = worst.winners()[0]
    title = BASELINES[name.removesuffix(TONED)].title + (", toned" if name.endswith(TONED) else "")
    levels = ", ".join(f"{point.level:g}" for point in lost)
    return (
        f"**{literal(label)}** is beaten by a simple opponent at {literal(levels)}, by most at {literal(f'{worst.level:g}')}: "
        f"{literal(title)} reaches {best[worst.level]:.1f} dB and it {worst.model.psnr:.1f} dB. "
        + why(label, worst.clean.psnr, best[worst.level], usual)
    )


def beside_baselines(label: str, point: RestorationPoint) -> str:
    """How far a model is ahead of the best baseline, or behind it; Markdown."""
    name = max(point.baselines, key=lambda one: point.baselines[one].psnr)
    lead = point.model.psnr - point.baselines[name].psnr
    title = colours.TITLES.get(name, name)
    opponent = literal(title[0].lower() + title[1:])
    return f"**{literal(label)}** is {abs(lead):.1f} dB {'ahead of' if lead >= 0 else 'behind'} the {opponent}."


def _table(points: Curves) -> None:
    rows: list[tuple[str, float, float]] = []
    for label, own in points.items():
        rows.append((label, own[-1].model.psnr, own[-1].model.ssim))
    last = next(iter(points.values()))[-1]
    rows += [(colours.TITLES.get(name, name), one.psnr, one.ssim) for name, one in last.baselines.items()]
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
    for label, own in points.items():
        st.markdown(beside_baselines(label, own[-1]))
