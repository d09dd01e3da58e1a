"""The metrics of disentanglement against beta: every seed a point, their mean a line, their mean_std a bar.

`points_table` holds what the chart draws, `pivot` of `figures_table` the table beside it.

Another setting than beta can stand in its place, as long as it is a number: the chart's words are then given its name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from vae_core.figures import FIGURES
from vae_core.metrics.mean_std import mean_std
from vae_core.viz.chart_theme import colours, of_rows, specification
from vae_core.viz.palette import CLASS_COLOURS

METRICS = ("mig", "dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae_score")
BESIDE = ("kl_nats", "reconstruction_nats", "active_units")
"""Figures that stand beside the scores in the table."""
DCI_NAMES = {"forest": "random forest", "boosting": "gradient boosting"}
COLUMNS = ("beta", "figure", "mean", "std", "low", "high", "seeds", "text")


def metric_names(dci_model: str) -> dict[str, str]:
    """The names of `METRICS`, each figure of DCI with the model (`DCI_MODELS`) that it comes from."""
    titles = {key: FIGURES[key].title for key in METRICS}
    return {key: f"{name} ({dci_model})" if key.startswith("dci_") else name for key, name in titles.items()}


def cap_note(images: int) -> str:
    """The sentence to stand beside any figure of mutual information."""
    return f"Mutual information from {images:,} images cannot exceed ln {images:,} = {math.log(images):.2f} nats."


def figures_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Each figure at each beta over its seeds.

    Args:
        rows: one a run, with `beta` and any keys of `METRICS` and `BESIDE`; what is missing or None is left out.

    Returns:
        Columns `beta`, `figure` (a key), `mean`, `std` (NaN below three seeds), `low`, `high`, `seeds` (how many) and `text`
        ("0.31 ± 0.04", or "0.31 (one seed)"), by figure and then beta.
    """
    found = []
    for key in (*BESIDE, *METRICS):
        for beta in sorted({float(row["beta"]) for row in rows}):
            values = [row[key] for row in rows if float(row["beta"]) == beta and row.get(key) is not None]
            over = mean_std(values)
            if over is not None:
                std = math.nan if over.std is None else over.std
                found.append((beta, key, over.mean, std, over.low, over.high, over.count, str(over)))
    return pd.DataFrame(found, columns=list(COLUMNS)).astype({"beta": "float64", "mean": "float64", "std": "float64"})


def pivot(table: pd.DataFrame, dci_model: str = "forest") -> pd.DataFrame:
    """A row each beta, a column each figure by its name, each cell with its mean_std; for a page's table."""
    names = {key: FIGURES[key].label for key in BESIDE} | metric_names(dci_model)
    kept = [key for key in names if key in set(table["figure"])]
    wide = table.pivot(index="beta", columns="figure", values="text").reindex(columns=kept)
    wide.columns = pd.Index([names[key] for key in kept])
    return wide.fillna("–")


def markdown(table: pd.DataFrame, dci_model: str = "forest") -> str:
    """The same as Markdown."""
    wide = pivot(table, dci_model)
    lines = ["| beta | " + " | ".join(wide.columns) + " |", "|---" * (len(wide.columns) + 1) + "|"]
    lines += [f"| {beta:g} | " + " | ".join(cells) + " |" for beta, *cells in wide.itertuples(name=None)]
    return "\n".join(lines)


def points_table(rows: Sequence[Mapping[str, Any]], dci_model: str = "forest") -> pd.DataFrame:
    """What `metrics_spec` draws, a row a run and score: `beta`, `metric` (its name), `score`, `seed`."""
    found = [
        (float(row["beta"]), name, float(row[key]), int(row.get("seed", 0)))
        for row in rows
        for key, name in metric_names(dci_model).items()
        if row.get(key) is not None and math.isfinite(row[key])
    ]
    return pd.DataFrame(found, columns=["beta", "metric", "score", "seed"])


@specification
def metrics_spec(*, dci_model: str = "forest", field: str = "beta") -> Any:
    """Scores against beta: the seeds as points, the mean as a line, the seeds' ends as a band.

    Args:
        dci_model: one of `DCI_MODELS`, named beside the figures of DCI.
        field: the name of what the rows call `beta`.
    """
    import altair as alt

    names = dict(zip(metric_names(dci_model).values(), CLASS_COLOURS, strict=False))
    legend = alt.Legend(orient="top", columns=1, labelLimit=260, symbolOpacity=1)
    y = alt.Y("score:Q", title="score", scale=alt.Scale(domain=[0, 1]))
    tooltip = [
        "metric:N",
        alt.Tooltip("beta:Q", title=field),
        "seed:N",
        alt.Tooltip("score:Q", format=FIGURES[METRICS[0]].format),
    ]
    scores = of_rows().encode(alt.X("beta:O", title=field), y, colours("metric", names, title=None, legend=legend))
    return alt.layer(
        scores.mark_area(opacity=0.12).encode(y.aggregate("min"), alt.Y2("score:Q", aggregate="max")),
        scores.mark_line().encode(y.aggregate("mean")),
        scores.mark_point(size=40, opacity=0.8).encode(tooltip=tooltip),
    )
