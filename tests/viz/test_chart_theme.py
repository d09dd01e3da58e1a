"""Static charts: one theme, built once, without data, and Altair only where a chart is built."""

from __future__ import annotations

import json
import subprocess
import sys

import altair
import pandas as pd
import pytest
import streamlit as st

from pages.common.charts import static_chart
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.viz.active_units_chart import units_spec
from vae_core.viz.chart_theme import ROWS, THEME, of_rows, specification
from vae_core.viz.factor_scores_chart import metrics_spec
from vae_core.viz.kl_heat_map import kl_spec, kl_steps_spec
from vae_core.viz.loss_chart import loss_spec
from vae_core.viz.restoration_chart import quality_spec
from vae_core.viz.sweep_curves_chart import curves_spec

SPECS = {
    "loss": loss_spec,
    "active units": lambda: units_spec(("1", "2")),
    "KL": lambda: kl_spec(("1", "2")),
    "KL over steps": kl_steps_spec,
    "curves": lambda: curves_spec(("1", "2")),
    "scores": metrics_spec,
    "restoration": lambda: quality_spec(("mine",), ("Median",), "psnr", "level"),
}
MODULES = [path.stem for path in (PROJECT_ROOT / "vae_core" / "viz").glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("name", SPECS)
def test_every_chart_has_the_theme_and_names_its_rows_once(name: str) -> None:
    spec = SPECS[name]()
    assert SPECS[name]() is spec, "built once"
    assert spec["data"] == {"name": ROWS} and "datasets" not in spec and spec["config"] is THEME
    assert json.dumps(spec).count('"data"') == 1
    altair.Chart.from_dict(spec).to_dict()  # valid as a whole, the theme too


def test_a_chart_is_built_once_for_each_set_of_options() -> None:
    built: list[str] = []

    @specification
    def spec(title: str, *, wide: bool = False) -> altair.Chart:
        built.append(title)
        return of_rows().mark_bar().encode(altair.X("a:Q", title=title))

    assert spec("one")["encoding"]["x"]["title"] == "one"
    assert spec("one") is spec("one") and spec("one", wide=True) is not spec("one") and spec("two") is not spec("one")
    assert built == ["one", "one", "two"]


def test_altair_is_not_imported_before_a_chart_is_built() -> None:
    """It takes as long as a page may take to open."""
    imports = "\n".join(f"import vae_core.viz.{name}" for name in MODULES)
    script = f"import sys\n{imports}\nimport pages.common.loss_chart\nassert 'altair' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_rows_go_with_the_specification_and_no_rows_are_no_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, object]] = []
    monkeypatch.setattr(st, "vega_lite_chart", lambda spec, **_: drawn.append(spec))
    rows = pd.DataFrame({"a": [1.0]})
    spec = curves_spec(("1",))
    static_chart(rows, spec, key="a", height=100, alt="")
    static_chart(rows[:0], spec, key="a", height=100, alt="")
    assert len(drawn) == 1 and drawn[0]["datasets"] == {ROWS: rows} and drawn[0]["data"] == {"name": ROWS}
    assert "datasets" not in spec
