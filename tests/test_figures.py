"""One table of figures: whoever shows one takes its words from there."""

from __future__ import annotations

import re

import pytest

from pages.library.details import SHOWN as ON_THE_CARD
from vae_core.cli.run_sweep import SHOWN as IN_THE_TERMINAL
from vae_core.cli.run_sweep import table_row
from vae_core.evaluation.comparison import COMPARED, Point
from vae_core.figures import FIGURES, Figure
from vae_core.storage.measurements import FactorScores, Figures
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.viz.factor_scores_chart import BESIDE, METRICS
from vae_core.viz.rate_distortion import rate_distortion

NO_FIGURES = {
    "weights_sha256", "dataset", "dataset_sha256", "kl_per_dimension", "iw_nll_nats_standard_error", "iw_samples",
    "iw_seed", "dci_model",
}  # fmt: skip


def test_everything_that_is_kept_of_a_run_has_a_row() -> None:
    assert {*Figures.model_fields, *FactorScores.model_fields} - NO_FIGURES <= FIGURES.keys()
    assert all(key == figure.key for key, figure in FIGURES.items())


@pytest.mark.parametrize("keys", [ON_THE_CARD, IN_THE_TERMINAL, COMPARED, METRICS, BESIDE], ids=str)
def test_whoever_shows_figures_names_rows_of_the_table(keys: tuple[str, ...]) -> None:
    assert set(keys) <= FIGURES.keys()


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_a_format_is_one_that_python_and_a_column_of_numbers_know(figure: Figure) -> None:
    assert figure.text(3) in ("3", "3.00", "3.000", "3.00000") and figure.text(None) == "–"
    assert re.fullmatch(r",?(d|\.\df)", figure.format)


def test_a_figure_has_one_name_wherever_it_stands() -> None:
    rate = FIGURES["kl_nats"]
    assert (rate.title, rate.compared, rate.column) == ("KL", "rate", "rate")
    assert (rate.label, rate.axis) == ("rate, nats per image", "rate: KL, nats per image")
    elbo = FIGURES["negative_elbo_nats"]
    assert (elbo.compared, elbo.column) == ("negative ELBO", "-ELBO")
    assert elbo.help == "negative ELBO, nats per image; lower is better"


def test_a_renamed_figure_is_renamed_in_the_terminal_and_in_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {**dict.fromkeys(IN_THE_TERMINAL, 1.5), "active_units": 2, "beta": 4.0, "seed": 0, "state": "done"}
    assert table_row(row, "beta") == {
        "beta": "4", "seed": "0", "distortion": "1.50", "rate": "1.50", "-ELBO": "1.50", "active": "2", "MSE": "1.50000",
        "state": "done",
    }  # fmt: skip
    plot = rate_distortion([Point("run", 0, 1.0, 1.0, 4, True, 8, 80.0, 5.0, 85.0)], alt="")
    assert (plot.x.title, plot.y.title) == (FIGURES["kl_nats"].axis, FIGURES["reconstruction_nats"].axis)
    renamed = Figure("kl_nats", "divergence", "bits", role="cost")
    monkeypatch.setitem(FIGURES, "kl_nats", renamed)  # type: ignore[arg-type]
    assert "cost" in table_row(row, "beta") and "rate" not in table_row(row, "beta")


def test_a_point_of_a_comparison_holds_what_is_compared() -> None:
    point = Point("run", 0, 1.0, 1.0, 4, True, 8, 80.0, 5.0, 85.0)
    assert [point.figure(key) for key in COMPARED] == [80.0, 5.0, 85.0, None, None, None]


@pytest.mark.parametrize("title", ["importance-weighted NLL", "DCI completeness", "MSE per pixel"])
def test_no_other_module_spells_a_figures_name_as_a_heading(title: str) -> None:
    files = [path for folder in ("vae_core", "pages") for path in (PROJECT_ROOT / folder).rglob("*.py")]
    spelled = [path.name for path in files if f'"{title}"' in path.read_text()]
    assert spelled == ["figures.py"]
