"""The Compare page: the shipped sweep, a new sweep, invalid settings, runs that are missing or damaged."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.common import missing_figures
from pages.common.opened_model import open_model
from pages.common.session import manager
from pages.compare import cluster
from pages.compare.model_columns import make_column
from pages.compare.pictures import inputs_of
from tests.pages.compare_page import button, errors, said
from tests.pages.opened import open_app, open_page
from vae_core.config import make_config
from vae_core.evaluation.run_figures import figures_of
from vae_core.storage import paths
from vae_core.storage.runs import create_run, list_runs, open_run
from vae_core.storage.states import State
from vae_core.training import scheduler
from vae_core.training.driver import Driver

TINY = {"dataset": "mnist-sample", "limit": 300, "hidden": "16", "latent": 4, "epochs": 2}
BETAS = ("1", "8", "64")
VIEWS = ("Pictures", "Films", "Loss curves", "Table")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tiny runs that differ in beta, and an autoencoder on other images."""
    root = tmp_path_factory.mktemp("trained")
    for beta in BETAS:
        run = create_run(root, make_config(**TINY, beta=float(beta)), run_id=f"beta-{beta}")
        Driver(run).drive()
        figures_of(run)  # saved with the run, so that no test waits for them
    other = {**TINY, "dataset": "fashion-mnist-sample", "model": "ae"}
    Driver(create_run(root, make_config(**other), run_id="other")).drive()
    return root


@pytest.fixture
def three(trained: Path, runs: Path) -> str:
    """Copies the three runs to this test's folder, and returns their ids as the URL has them."""
    shutil.copytree(trained, runs, dirs_exist_ok=True)
    return ",".join(f"beta-{beta}" for beta in BETAS)


def address(page: AppTest) -> str:
    """The runs named in the URL."""
    runs = page.query_params["runs"]
    return str(runs[0] if isinstance(runs, list) else runs)


def charts(page: AppTest) -> int:
    """The number of charts: those built by Altair, and the rate-distortion plot."""
    plots = [component for component in page.get("bidi_component") if '"panels"' in component.proto.json]
    return len(page.get("vega_lite_chart")) + len(plots)


def values_of(page: AppTest, key: str):  # type: ignore[no-untyped-def]
    return next(widget for widget in page.multiselect if widget.key == key)


def test_the_shipped_sweep_fills_the_page_before_the_first_click() -> None:
    page = open_page("compare")
    assert not page.exception and not page.error
    assert charts(page) == 3
    assert "From beta 1 to" in said(page) and "dimensions switch off" in said(page)
    assert "n = 3 seeds each" in said(page)
    assert button(page, "sweep").disabled is False


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens(three: str, view: str) -> None:
    page = open_page("compare", runs=three, show=view)
    assert not page.exception and not page.error
    assert charts(page) >= 3
    assert "From beta 1 to 64 the rate falls" in said(page)


def test_the_table_holds_what_differs_and_the_differences_from_the_base(three: str) -> None:
    page = open_page("compare", runs=three, base="beta-8", show="Table")
    rows = page.dataframe[0].value
    assert list(rows["beta"]) == list(BETAS)
    assert "latent" not in rows.columns and "hidden" not in rows.columns
    assert rows["negative_elbo_nats - base"].iloc[1] == 0.0
    for name in ("kl_nats", "mse_per_pixel"):
        assert rows[f"{name} - base"].iloc[2] == pytest.approx(rows[name].iloc[2] - rows[name].iloc[1])


@pytest.mark.parametrize(
    ("key", "given", "sentence"),
    [
        ("values", ["1", "many"], "beta must be a number"),
        ("values", ["1", "-2"], "beta must be"),
        ("values", ["1", "nan"], "beta must be"),
        ("values", ["2", "2.0"], "beta 2 is given twice"),
        ("values", [str(number) for number in range(1, 101)], "at most"),
        ("values", [], "at least one value of beta"),
        ("seeds", [], "at least one seed"),
        ("seeds", ["0", "x"], "seed must be"),
    ],
)
def test_an_invalid_list_is_one_sentence_and_nothing_can_be_started(
    three: str, key: str, given: Sequence[str], sentence: str
) -> None:
    page = open_page("compare", runs=three, show="Table")
    values_of(page, key).set_value(list(given)).run()
    assert not page.exception
    assert len(page.error) == 1 and sentence in errors(page)[0]
    assert button(page, "sweep").disabled
    assert charts(page) == 3  # the rest of the page stays


def test_a_sweep_starts_and_its_runs_fill_the_page(runs: Path) -> None:
    page = open_page(
        "compare", **{"sweep_limit": "300", "sweep_epochs": "1", "sweep_hidden_mlp": "16", "show": "Table"}
    )
    values_of(page, "values").set_value(["1", "16"])
    values_of(page, "seeds").set_value(["0"]).run()
    assert any(caption.value.startswith("2 runs, about") for caption in page.caption)
    button(page, "sweep").click().run()
    assert not page.exception and not page.error
    started, _ = list_runs(runs)
    assert sorted(run.config.objective.beta for run in started) == [1.0, 16.0]
    assert set(address(page).split(",")) == {run.id for run in started}
    leave = time.monotonic() + 60
    while any(run.state() != "done" for run in started) and time.monotonic() < leave:
        time.sleep(0.1)
    page.run()
    while "From beta 1 to 16" not in said(page) and time.monotonic() < leave:  # a thread computes the figures
        time.sleep(0.1)
        page.run()
    assert "From beta 1 to 16" in said(page)
    button(page, "sweep").click().run()
    assert len(list_runs(runs)[0]) == 2  # existing runs are reused, not trained again


def test_a_waiting_sweep_is_paused_and_stopped_as_a_whole(runs: Path) -> None:
    manager().slots = 1
    page = open_page("compare", sweep_epochs="500", show="Table", sweep_hidden_mlp="16")
    values_of(page, "values").set_value(["1", "2", "4"])
    values_of(page, "seeds").set_value(["0"]).run()
    button(page, "sweep").click().run()
    assert "place 1 in the queue" in said(page)
    button(page, "pause_all").click().run()
    _wait_for({"paused"}, runs)
    page.run()
    button(page, "stop_all").click().run()
    _wait_for({"stopped"}, runs)
    page.run()
    assert not page.exception and "go_on_all" in [widget.key for widget in page.button]


def _wait_for(states: set[str], runs: Path) -> None:
    leave = time.monotonic() + 60
    while {run.state() for run in list_runs(runs)[0]} != states:
        assert time.monotonic() < leave, [run.state() for run in list_runs(runs)[0]]
        time.sleep(0.05)


def test_an_autoencoder_beside_a_vae_is_offered() -> None:
    page = open_page("compare", show="Table")
    button(page, "ae_vae").click().run()
    assert not page.exception and not page.error
    assert any(caption.value.startswith("2 runs") for caption in page.caption)
    assert next(box for box in page.selectbox if box.key == "field").value == "model"


def test_a_run_deleted_while_it_is_shown_is_one_sentence(three: str, runs: Path) -> None:
    page = open_page("compare", runs=three, show="Table")
    shutil.rmtree(runs / "beta-8")
    page.run()
    assert not page.exception
    assert len(page.error) == 1 and "There is no run 'beta-8'" in errors(page)[0]
    assert list(page.dataframe[0].value["beta"]) == ["1", "64"]


@pytest.mark.parametrize(
    "file", ["config.json", "status.json", "metrics.jsonl", "film/subjects.npz", "model.safetensors"]
)
def test_a_damaged_run_is_one_sentence_and_the_others_stay(three: str, runs: Path, file: str) -> None:
    (runs / "beta-8" / file).write_bytes(b'{"schema": 1, "step": \xff\n\n')
    page = open_page("compare", runs=three)
    assert not page.exception
    assert len({*errors(page)}) == 1
    assert charts(page) == 3
    assert "From beta 1 to 64" in said(page)


def test_a_damaged_shipped_run_is_one_sentence(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "shipped"
    for beta in BETAS:
        shutil.copytree(trained / f"beta-{beta}", shipped / f"sweep-beta-{beta}-seed-0")
    (shipped / "sweep-beta-8-seed-0" / "config.json").write_text("{")
    monkeypatch.setattr(paths, "SHIPPED_RUNS", shipped)
    page = open_page("compare", show="Table")
    assert not page.exception and len(page.error) == 1
    assert list(page.dataframe[0].value["beta"]) == ["1", "64"]


def test_runs_that_differ_in_more_than_beta_are_compared_as_far_as_that_makes_sense(three: str) -> None:
    page = open_page("compare", runs="beta-1,other", show="Pictures")
    assert not page.exception and not page.error
    assert "different images" in said(page) and "has no rate" in said(page)
    assert "cannot be shown beside pictures of" in said(page)


def test_runs_on_different_data_have_no_headline(three: str, runs: Path) -> None:
    other = make_config(**{**TINY, "dataset": "fashion-mnist-sample", "epochs": 1}, beta=1.0)
    Driver(create_run(runs, other, run_id="clothes")).drive()
    page = open_page("compare", runs="beta-1,clothes", show="Table")
    assert "different images" in said(page) and "the rate" not in said(page)


def test_nothing_is_concluded_before_each_value_has_a_finished_run(three: str, runs: Path) -> None:
    create_run(runs, make_config(**TINY, beta=16.0), run_id="beta-16")
    page = open_page("compare", runs=f"{three},beta-16", show="Table")
    assert not page.exception and charts(page) == 3
    assert "the rate falls" not in said(page)
    assert not any(words in expander.label for expander in page.expander for words in ("onverged", "slopes"))


def test_the_row_of_inputs_holds_every_class(three: str, runs: Path) -> None:
    model = open_model("beta-1")
    inputs = inputs_of(model, 7)
    assert inputs[0] == 7 and len(inputs) == len(set(inputs)) == 12
    assert set(model.labels[inputs].tolist()) == set(range(10))


@pytest.mark.parametrize("name", ["../../etc", "gone", "<b>x</b>", ",,,"])
def test_a_hostile_or_empty_address_leaves_a_page(name: str) -> None:
    page = open_page("compare", runs=name)
    assert not page.exception and len(page.error) <= 1
    assert "No runs are chosen" in said(page)


def test_matched_by_rank_the_first_shared_dimension_is_the_strongest_of_each_model(three: str) -> None:
    page = open_page("compare", runs=three, match="rank")
    assert not page.exception and not page.error
    for beta in BETAS:
        model = open_model(f"beta-{beta}")
        ranked = make_column("", "", model, by_rank=True)
        shared = ranked.shared(model.codes.mean, 6)
        assert np.array_equal(shared[:, 0], model.codes.mean[:, model.order[0]])
        assert not shared[:, 4:].any()  # the model has four latents, the other dimensions belong to a wider one
        assert np.allclose(ranked.own(shared), model.codes.mean)


def test_picked_runs_are_in_the_address(three: str) -> None:
    page = open_page("compare", runs="beta-1", source="Pick runs", show="Table")
    values_of(page, "picked_runs").set_value(["beta-1", "beta-64"]).run()
    assert address(page) == "beta-1,beta-64"
    assert list(page.dataframe[0].value["beta"]) == ["1", "64"]


def test_generate_does_not_list_the_shipped_sweep() -> None:
    page = open_app()
    page.switch_page("generate/page.py").run()
    models = next(box for box in page.selectbox if box.label == "Model").options
    assert models and not any("sweep" in name.lower() for name in models)


def test_disentanglement_is_offered_where_the_factors_are_known_alone(three: str) -> None:
    page = open_page("compare", runs=three, show="Table")
    shown = next(element for element in page.get("button_group") if element.key == "show")
    assert "Disentanglement" not in [option.content for option in shown.proto.options]


def test_a_scheduler_elsewhere_is_refused_with_the_way_and_nothing_can_be_started() -> None:
    page = open_page("compare")
    assert not button(page, "sweep").disabled
    page.text_input(key="scheduler").set_value("tcp://10.0.0.5:8786").run()
    assert any("10.0.0.5" in error and "--trust-network" in error for error in errors(page))
    assert button(page, "sweep").disabled and not page.exception
    page.text_input(key="scheduler").set_value("127.0.0.1:8786").run()
    assert not button(page, "sweep").disabled and any("on the cluster" in element.value for element in page.caption)


def test_a_scheduler_that_is_not_there_is_one_sentence(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.3)
    page = open_page("compare")
    page.text_input(key="scheduler").set_value("127.0.0.1:1").run()
    button(page, "sweep").click().run()
    assert any("No scheduler answers at tcp://127.0.0.1:1" in error for error in errors(page)) and not page.exception
    assert list_runs(runs)[0] == []


def test_without_dask_the_field_is_grey_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "installed", lambda: False)
    page = open_page("compare")
    field = page.text_input(key="scheduler")
    assert field.disabled and "Dask is not installed here" in field.help
    assert not button(page, "sweep").disabled


def test_12_the_table_tells_how_the_importance_weighted_nll_was_estimated(three: str, runs: Path) -> None:
    assert not any("IW-NLL:" in caption.value for caption in open_page("compare", runs=three, show="Table").caption)
    path = runs / "beta-8" / "figures.json"
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps({**document, "iw_nll_nats": 130.5, "iw_samples": 64, "iw_seed": 0}))
    captions = [caption.value for caption in open_page("compare", runs=three, show="Table").caption]
    assert any("IW-NLL: 64 importance samples per image, drawn with each run's own seed." in text for text in captions)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that compute figures; a process that fails at once replaces them."""
    requested: list[tuple[str, ...]] = []
    record = json.dumps({"error": "DiskError", "message": "no room."})

    def command(*words: object) -> list[str]:
        requested.append(tuple(map(str, words)))
        return [sys.executable, "-I", "-S", "-c", f"print({record!r})"]

    monkeypatch.setattr(missing_figures, "cli_command", command)
    return requested


def test_missing_figures_are_computed_once_by_the_command_and_a_failure_is_one_sentence(
    three: str, runs: Path, commands: list[tuple[str, ...]]
) -> None:
    for run_id in ("beta-8", "beta-64"):
        (runs / run_id / "figures.json").unlink()
    for run_id, age in (("beta-1", 60), ("beta-8", 60), ("beta-64", 0)):
        os.utime(runs / run_id / "model.json", (time.time(), time.time() - age))
    open_page("compare", runs=three, show="Table")
    assert commands == [("evaluate", str(runs / "beta-8"), "--keep")], "the other run's worker may still compute them"
    job = missing_figures.figure_job(open_run(runs, "beta-8"))
    assert job is not None and job.wait(60)
    page = open_page("compare", runs=three, show="Table")
    assert any(sentence.endswith("could not be computed: no room.") for sentence in errors(page))
    assert len(commands) == 1, "a failure is not tried again"
    button(page, "iw").click().run()
    samples = ("--keep", "--iw-samples", "64")
    assert set(commands[1:]) == {("evaluate", str(runs / run_id), *samples) for run_id in ("beta-1", "beta-8")}


def test_requested_importance_samples_can_be_cancelled_and_requested_again(
    three: str, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(missing_figures, "cli_command", lambda *words: sleeping)
    for run_id in three.split(","):
        os.utime(runs / run_id / "model.json", (time.time(), time.time() - 60))
    page = open_page("compare", runs=three, show="Table")
    button(page, "iw").click().run()
    assert button(page, "iw").disabled
    button(page, "figures-cancel").click().run()
    states = [missing_figures.figure_job(open_run(runs, run_id), 64) for run_id in three.split(",")]
    assert {job.state for job in states if job is not None} == {"cancelled"}
    assert not page.exception and not errors(page) and not button(page, "iw").disabled
    button(page, "iw").click().run()
    assert button(page, "figures-cancel") is not None


def test_a_lost_scheduler_is_reported_beside_the_progress_and_other_stops_are_not(three: str, runs: Path) -> None:
    run = open_run(runs, "beta-8")
    lost = replace(run.status(), state=State.STOPPED, message="The scheduler was lost.")
    for scheduler_lost in (True, False):
        run.write_status(replace(lost, scheduler_lost=scheduler_lost))
        page = open_page("compare", runs=three, show="Table")
        progress = [element.proto.text for element in page.get("progress")]
        assert any("The scheduler was lost" in text for text in progress) is scheduler_lost
