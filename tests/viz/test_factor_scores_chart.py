"""The scores against beta: no number without its spread."""

from __future__ import annotations

from typing import Any

import pytest

from vae_core.figures import FIGURES
from vae_core.viz.factor_scores_chart import (
    METRICS,
    cap_note,
    figures_table,
    markdown,
    metrics_spec,
    pivot,
    points_table,
)

ROWS = [
    {"beta": 4, "seed": 0, "mig": 0.25, "kl_nats": 10.0},
    {"beta": 1, "seed": 0, "mig": 0.1, "kl_nats": 20.0, "factor_vae_score": 0.5},
    {"beta": 1.0, "seed": 1, "mig": 0.3, "kl_nats": None, "factor_vae_score": float("nan")},
    {"beta": 1.0, "seed": 2, "mig": 0.2},
]


def encoding(spec: dict[str, Any]) -> dict[str, Any]:
    """That of the points, the last layer."""
    found: dict[str, Any] = spec["layer"][-1]["encoding"]
    return found


def test_each_figure_has_its_spread_over_seeds() -> None:
    table = figures_table(ROWS).set_index(["figure", "beta"])
    one = table.loc[("mig", 1.0)]
    assert (one["mean"], one["low"], one["high"], one["seeds"]) == pytest.approx((0.2, 0.1, 0.3, 3))
    assert one["std"] == pytest.approx(0.1) and one["text"] == "0.20 ± 0.10"
    assert table.loc[("mig", 4.0)]["text"] == "0.25 (one seed)"
    assert table.loc[("kl_nats", 1.0)]["seeds"] == 1 and ("factor_vae_score", 4.0) not in table.index


def test_two_seeds_tell_no_spread() -> None:
    (one,) = figures_table([{"beta": 1, "mig": 0.1}, {"beta": 1, "mig": 0.3}]).to_dict("records")
    assert one["text"] == "0.20 (2 seeds)" and one["std"] != one["std"]


def test_the_table_for_people() -> None:
    wide = pivot(figures_table(ROWS))
    assert list(wide.columns) == ["rate, nats per image", "MIG", "FactorVAE score"] and wide.index.tolist() == [1, 4]
    assert wide.loc[4.0, "FactorVAE score"] == "–"
    lines = markdown(figures_table(ROWS)).splitlines()
    assert lines[0] == "| beta | rate, nats per image | MIG | FactorVAE score |" and lines[1] == "|---|---|---|---|"
    assert lines[2].startswith("| 1 | 20.00 (one seed) | 0.20 ± 0.10 |") and len(lines) == 4


@pytest.mark.parametrize("dci_model", ["forest", "boosting"])
def test_fault_4_each_figure_of_dci_stands_with_its_model(dci_model: str) -> None:
    rows = [{"beta": 1, "seed": 0, "mig": 0.1, "dci_disentanglement": 0.2}]
    names = ["MIG", f"DCI disentanglement ({dci_model})"]
    assert list(pivot(figures_table(rows), dci_model).columns) == names
    assert points_table(rows, dci_model)["metric"].tolist() == names
    assert names[1] in encoding(metrics_spec(dci_model=dci_model))["color"]["scale"]["domain"]
    assert names[1] in markdown(figures_table(rows), dci_model)


def test_nothing_yet() -> None:
    assert figures_table([]).empty and pivot(figures_table([])).empty and points_table([]).empty


def test_every_seed_is_a_point() -> None:
    points = points_table(ROWS)
    assert points["metric"].tolist() == ["MIG", "MIG", "FactorVAE score", "MIG", "MIG"]
    assert points[points.metric == "MIG"].score.tolist() == [0.25, 0.1, 0.3, 0.2]


def test_the_specification_is_built_once_and_scores_run_from_0_to_1() -> None:
    spec = metrics_spec()
    assert metrics_spec() is spec and encoding(spec)["y"]["scale"]["domain"] == [0, 1]
    assert all(FIGURES[key].meaning and FIGURES[key].better == "higher" for key in METRICS)


def test_the_cap_is_said() -> None:
    assert cap_note(5_000) == "Mutual information from 5,000 images cannot exceed ln 5,000 = 8.52 nats."


def test_another_setting_can_stand_in_betas_place() -> None:
    spec = metrics_spec(field="latents")
    assert encoding(spec)["x"]["title"] == "latents" and encoding(metrics_spec())["x"]["title"] == "beta"
    assert "latents" in [one.get("title") for one in encoding(spec)["tooltip"]]
