"""Disentanglement scores against beta: a point per seed, a line through their means, and a band over their range.

`points_table` is the data of the chart, and `pivot` turns `figures_table` into the table next to it. Any other numeric
setting can take the place of beta; the chart is then given its name.
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
"""Figures that the table shows next to the scores."""
DCI_NAMES = {"forest": "random forest", "boosting": "gradient boosting"}
COLUMNS = ("beta", "figure", "mean", "std", "low", "high", "seeds", "text")


def metric_names(dci_model: str) -> dict[str, str]:
    """The names of `METRICS`; those of DCI include the regressor (`DCI_MODELS`) behind them."""
    titles = {key: FIGURES[key].title for key in METRICS}
    return {key: f"{name} ({dci_model})" if key.startswith("dci_") else name for key, name in titles.items()}


def cap_note(images: int) -> str:
    """The sentence to show with any figure of mutual information."""
    return f"Mutual information from {images:,} images cannot exceed ln {images:,} = {math.log(images):.2f} nats."


def figures_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Summarises each figure at each beta over the seeds.

    Args:
        rows: one per run, with `beta` and any keys of `METRICS` and `BESIDE`; missing values and None are left out.

    Returns:
        Columns `beta`, `figure` (a key), `mean`, `std` (NaN for fewer than three seeds), `low`, `high`, `seeds` (their
        number) and `text` ("0.31 ± 0.04" or "0.31 (one seed)"), sorted by figure, then beta.
    """
    summaries = []
    for key in (*BESIDE, *METRICS):
        for beta in sorted({float(row["beta"]) for row in rows}):
            values = [row[key] for row in rows if float(row["beta"]) == beta and row.get(key) is not None]
            over = mean_std(values)
            if over is not None:
                std = math.nan if over.std is None else over.std
                summaries.append((beta, key, over.mean, std, over.low, over.high, over.count, str(over)))
    return pd.DataFrame(summaries, columns=list(COLUMNS)).astype(
        {"beta": "float64", "mean": "float64", "std": "float64"}
    )


def pivot(table: pd.DataFrame, dci_model: str = "forest") -> pd.DataFrame:
    """`figures_table` with a row per beta and a named column per figure; cells hold mean and standard deviation."""
    names = {key: FIGURES[key].label for key in BESIDE} | metric_names(dci_model)
    kept = [key for key in names if key in set(table["figure"])]
    wide = table.pivot(index="beta", columns="figure", values="text").reindex(columns=kept)
    wide.columns = pd.Index([names[key] for key in kept])
    return wide.fillna("–")


def markdown(table: pd.DataFrame, dci_model: str = "forest") -> str:
    """The table of `pivot` as Markdown."""
    wide = pivot(table, dci_model)
    lines = ["| beta | " + " | ".join(wide.columns) + " |", "|---" * (len(wide.columns) + 1) + "|"]
    lines += [f"| {beta:g} | " + " | ".join(cells) + " |" for beta, *cells in wide.itertuples(name=None)]
    return "\n".join(lines)


def points_table(rows: Sequence[Mapping[str, Any]], dci_model: str = "forest") -> pd.DataFrame:
    """The data of `metrics_spec`, one row per run and score: `beta`, `metric` (its name), `score`, `seed`."""
    points = [
        (float(row["beta"]), name, float(row[key]), int(row.get("seed", 0)))
        for row in rows
        for key, name in metric_names(dci_model).items()
        if row.get(key) is not None and math.isfinite(row[key])
    ]
    return pd.DataFrame(points, columns=["beta", "metric", "score", "seed"])


@specification
def metrics_spec(*, dci_model: str = "forest", field: str = "beta") -> Any:
    """Scores against beta: seeds as points, their mean as a line, their range as a band.

    Args:
        dci_model: one of `DCI_MODELS`, named with the scores of DCI.
        field: the name of the setting that the rows call `beta`.
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
