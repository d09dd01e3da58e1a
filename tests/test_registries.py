"""What can be chosen by name: one row each, which configuration, command line, pages and drawings all read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.toy_code import ToyLikelihood, ToyModel
from tests.toy_rows import NAME, TOYS
from vae_core.config import FIELDS, RunConfig, make_config, parse_config
from vae_core.data.corruptions import corrupt
from vae_core.errors import ConfigError
from vae_core.evaluation.findings import shown_value
from vae_core.export.script import MEANS
from vae_core.fields import options_of
from vae_core.models.build import build_model
from vae_core.objectives.likelihoods import Likelihood, build_likelihood
from vae_core.objectives.objective import Objective
from vae_core.registry.choice import resolve
from vae_core.registry.corruption_rows import CORRUPTIONS
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import ARCHITECTURES, MODELS
from vae_core.registry.objective_rows import OBJECTIVES
from vae_core.settings import ObjectiveConfig
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import in_short
from vae_core.viz.formulas import objective_latex, objective_numbers
from vae_core.viz.network_drawing import network_svg

NAVIGATION = PROJECT_ROOT / "pages/navigation.py"
CHOSEN = ("model", "likelihood", "objective")
TABLES: tuple[dict[str, Any], ...] = (LIKELIHOODS, CORRUPTIONS, MODELS, OBJECTIVES)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row more in each table, for one test."""
    for table, row in TOYS:
        monkeypatch.setitem(table, NAME, row)


def toy_config() -> RunConfig:
    return make_config(
        model=NAME, likelihood=NAME, objective=NAME, corruption=NAME, level=0.25, beta=3, latent=2, hidden="8"
    )


@pytest.mark.parametrize("code", [row.code for table in TABLES for row in table.values()])
def test_every_row_names_code_that_is_there(code: str) -> None:
    assert callable(resolve(code))


@pytest.mark.parametrize(
    "row", [row for name, row in ARCHITECTURES.items() if name != "auto"], ids=lambda row: row.decoder
)
def test_every_architecture_has_an_encoder_and_a_decoder(row: Any) -> None:
    encoder = resolve(row.encoder)((1, 8, 8), (4,), 3, "relu")
    decoder = resolve(row.decoder)(3, (4,), (1, 8, 8), "relu")
    assert decoder(encoder(torch.zeros(2, 1, 8, 8))).shape == (2, 1, 8, 8)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_flags_of_a_likelihood_are_true(name: str) -> None:
    row = LIKELIHOODS[name]
    likelihood = build_likelihood(ObjectiveConfig(likelihood=name))
    assert isinstance(likelihood, Likelihood)
    assert (likelihood.floor(torch.rand(2, 1, 3, 3)) is not None) == row.has_floor
    assert bool(list(likelihood.parameters())) == row.learns_sigma
    assert hasattr(likelihood, "sigma") == row.has_sigma
    assert row.activation in MEANS


@pytest.mark.parametrize("row", OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_settings_of_an_objective_are_there(row: Any) -> None:
    settings = {row.weight, *row.settings, *filter(None, [row.chosen_by])}
    assert settings <= ObjectiveConfig.model_fields.keys() and row.weight in row.settings


def test_the_script_knows_just_the_activations_that_likelihoods_name() -> None:
    assert {row.activation for row in LIKELIHOODS.values()} == set(MEANS)


def test_a_name_that_is_no_row_is_told_the_names() -> None:
    with pytest.raises(ConfigError) as raised:
        make_config(likelihood="poisson")
    names = "'bernoulli', 'gaussian', 'gaussian-learned', 'discretised-logistic' or 'continuous-bernoulli'"
    assert str(raised.value) == f"likelihood must be {names}, not 'poisson'."
    for wrong in (3, None, ["vae"]):
        with pytest.raises(ConfigError, match=r"^model must be 'ae' or 'vae', not "):
            make_config(model=wrong)


def test_the_default_objective_is_not_written_and_another_one_is(toys: None) -> None:
    """So programs that know one objective only can read the files of today."""
    assert "objective" not in make_config().model_dump(mode="json")["objective"]
    written = json.loads(toy_config().model_dump_json(by_alias=True))
    assert written["objective"]["objective"] == NAME and parse_config(written) == toy_config()


def test_a_capacity_is_refused_beside_an_objective_that_does_not_read_it(toys: None) -> None:
    with pytest.raises(ConfigError, match=r"^capacity has no effect with the objective toy; leave one of them out.$"):
        make_config(objective=NAME, capacity=5)


@pytest.mark.parametrize(
    ("values", "beta", "weighs", "strength"),
    [
        ({}, 1.0, True, "beta 1"),
        ({"beta": 0}, 0.0, False, "beta 0"),
        ({"beta": 0, "capacity": 25, "gamma": 1000}, None, True, "C 25, gamma 1000"),
        ({"beta": 4, "beta_schedule": "linear"}, 4.0, True, "beta 4"),
        ({"capacity": 25, "gamma": 0}, None, False, "C 25, gamma 0"),
        ({"model": "ae", "beta": 4, "capacity": 25}, None, False, ""),
    ],
)
def test_one_place_says_whether_beta_applies_and_how_strong_the_objective_is(
    values: dict[str, Any], beta: float | None, weighs: bool, strength: str
) -> None:
    config = make_config(**values)
    assert (config.beta, config.weighs_kl, config.strength) == (beta, weighs, strength)
    assert in_short(config).split(", ")[2:-1] == [word for word in strength.split(", ") if word]


def test_a_new_row_is_a_choice_of_the_configuration(toys: None) -> None:
    for name in CHOSEN:
        assert options_of(FIELDS[name])[-1] == NAME
    assert toy_config().flat()["likelihood"] == NAME
    assert "'continuous-bernoulli' or 'toy', not" in _refusal(likelihood="poisson")
    assert _refusal(corruption=NAME, level=2) == "The level of toy darkness (share of the light) must be 0 to 1, not 2."
    with pytest.raises(ConfigError, match="toy"):
        make_config(corruption="fog")


def _refusal(**values: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        make_config(**values)
    return str(raised.value)


def test_a_new_row_is_what_is_built_and_minimised(toys: None) -> None:
    config = toy_config()
    assert isinstance(build_likelihood(config.objective), ToyLikelihood)
    assert isinstance(build_model(config.model, (1, 4, 4), seed=0), ToyModel)
    assert Objective(config.objective, 10).target(100.0, 2.0) == 100 + 3 * 2**2
    images = torch.full((1, 1, 2, 2), 0.8)
    assert torch.allclose(corrupt(images, NAME, 0.25, torch.Generator()), torch.full_like(images, 0.6))


def test_a_new_row_is_in_formulas_drawings_and_names(toys: None) -> None:
    config = toy_config()
    assert objective_latex(config)[:2] == [r"\mathcal{L} = D + \beta\,\mathrm{KL}^2", r"D = \mathrm{toy}(x)"]
    record = {"loss": 112.0, "reconstruction_nats": 100.0, "kl_nats": 2.0, "beta": 3.0}
    assert objective_numbers(config, record) == "112.0 = 100.0 + 3 × 2.00² nats per image"
    drawn = network_svg(config, (1, 28, 28))
    assert "toy pixels" in drawn and "Toy darkness" in drawn and "log σ²" in drawn
    assert in_short(config) == "TOY, 2 latents, toy beta 3, mnist-sample"
    assert shown_value(NAME) == "TOY"


def test_a_new_row_is_offered_on_the_train_page(toys: None, runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_LAB_RUNS", str(runs_root))
    page = AppTest.from_file(str(NAVIGATION), default_timeout=60).run()
    for name in CHOSEN:
        page.query_params[name] = NAME
    page.query_params["corruption"] = NAME
    page = page.switch_page("train/page.py").run()
    assert not page.exception and not page.error
    boxes = {box.key: box for box in [*page.selectbox, *page.multiselect]}
    for name in CHOSEN:
        assert NAME in boxes[name].options and boxes[name].value == NAME
    assert NAME in boxes["corruption"].options and boxes["corruption"].value == [NAME]
    assert any(r"\mathrm{KL}^2" in text.value for text in page.markdown)


def test_the_objective_has_no_dial_while_there_is_but_one(runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_LAB_RUNS", str(runs_root))
    page = AppTest.from_file(str(NAVIGATION), default_timeout=60).run().switch_page("train/page.py").run()
    assert "objective" not in {box.key for box in page.selectbox}


def test_a_new_row_is_in_the_help_and_can_be_trained(tmp_path: Path) -> None:
    """In a process where the rows are added before the command line is imported."""
    chosen = [f"--{name}={NAME}" for name in (*CHOSEN, "corruption")]
    size = ("--limit", "64", "--epochs", "1", "--hidden", "8")
    script = """
        import sys
        from tests.toy_rows import add_toys
        add_toys()
        from vae_core.cli import main
        assert main(["train", "--help"]) == 0
        sys.exit(main(["train", *sys.argv[1:], "--json"]))"""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *chosen, *size, "--runs", str(tmp_path)],
        cwd=PROJECT_ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "400"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *help_text, last = done.stdout.splitlines()
    choices = (
        "ae|vae|toy",
        "bernoulli|gaussian|gaussian-learned|discretised-logistic|continuous-bernoulli|toy",
        "beta|toy",
    )
    for words in (*choices, "watermark, greyscale, toy"):
        assert words in " ".join(" ".join(help_text).split())
    result = json.loads(last)
    assert result["state"] == "done"
    config = json.loads((Path(result["run"]) / "config.json").read_text())
    assert config["objective"]["objective"] == config["objective"]["likelihood"] == config["model"]["model"] == NAME
