"""`evaluate`: its figures by their names, its notes, and its options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.answers import EVALUATE_KEYS, SMALL, AsJson, Call


def test_evaluate_gives_the_figures_by_their_names(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root)
    assert found.keys() >= EVALUATE_KEYS and "iw_nll_nats" not in found
    assert found["images"] == 2_000
    assert found["negative_elbo_nats"] == pytest.approx(found["reconstruction_nats"] + found["kl_nats"])
    assert sum(found["kl_per_dimension"]) == pytest.approx(found["kl_nats"]) and len(found["kl_per_dimension"]) == 2
    assert 0 < found["mse_per_pixel"] < 0.3 and found["floor_nats"] < found["reconstruction_nats"]
    assert as_json("evaluate", root / "vae") == found, (
        "a folder's path names the run as well, and nothing is drawn anew"
    )
    assert as_json("evaluate", "vae", "--runs", root, "--best").keys() == found.keys()


def test_evaluate_estimates_the_likelihood_with_importance_samples(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--iw-samples", 3)
    assert found.keys() >= EVALUATE_KEYS | {"iw_nll_nats"}
    assert found["iw_nll_nats"] < found["negative_elbo_nats"] + 0.5


def test_12_evaluate_tells_the_importance_samples_and_their_seed(as_json: AsJson, call: Call, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--iw-samples", 3)
    assert (found["iw_samples"], found["iw_seed"]) == (3, 0) and found["iw_nll_nats_standard_error"] > 0
    printed = call("evaluate", "vae", "--runs", root, "--iw-samples", 3)[1]
    assert re.search(r"iw_samples +3\b", printed) and re.search(r"iw_seed +0\b", printed)


def test_13_evaluate_says_that_grey_pixels_have_no_likelihood(as_json: AsJson, call: Call, root: Path) -> None:
    (note,) = as_json("evaluate", "vae", "--runs", root)["notes"]
    assert "not the negative log-likelihood that papers report" in note
    status, _, err = call("evaluate", "vae", "--runs", root)
    assert (status, err) == (0, f"Note: {note}\n")


def test_13_black_and_white_test_images_are_a_function_of_the_seed(as_json: AsJson, tmp_path: Path) -> None:
    """The same seed draws the same test images whenever they are evaluated; `fixed` draws the same for every seed."""
    options = ("--runs", tmp_path, *SMALL)
    first, other, fixed = (
        as_json("train", *options, "--binarize", mode, "--seed", seed)["run"]
        for mode, seed in (("dynamic", 0), ("dynamic", 1), ("fixed", 1))
    )
    assert as_json("evaluate", first) == as_json("evaluate", first)
    assert as_json("evaluate", first)["notes"] == as_json("evaluate", fixed)["notes"] == []
    assert as_json("evaluate", first)["floor_nats"] == 0.0
    assert as_json("evaluate", first)["mse_per_pixel"] != as_json("evaluate", other)["mse_per_pixel"]


def test_evaluate_can_take_a_part_of_the_test_images(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--images", 50, "--iw-samples", 2)
    assert found["images"] == 50
    whole = as_json("evaluate", "vae", "--runs", root)
    assert found["negative_elbo_nats"] != whole["negative_elbo_nats"]
    assert (
        as_json("evaluate", "vae", "--runs", root, "--images", 5_000)["negative_elbo_nats"]
        == whole["negative_elbo_nats"]
    )


def test_evaluate_takes_another_dataset(as_json: AsJson, root: Path) -> None:
    found = as_json("evaluate", "vae", "--runs", root, "--dataset", "fashion-mnist-sample")
    assert found["dataset"] == "fashion-mnist-sample"
    assert found["floor_nats"] == pytest.approx(189.9, abs=5), "Fashion-MNIST's floor"


def test_an_autoencoder_has_no_kl(as_json: AsJson, tmp_path: Path) -> None:
    run = as_json("train", "--runs", tmp_path, *SMALL, "--model", "ae")["run"]
    found = as_json("evaluate", run)
    assert found["kl_nats"] is None and found["kl_per_dimension"] is None
    assert found["negative_elbo_nats"] == found["reconstruction_nats"]
