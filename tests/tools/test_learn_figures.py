"""The lessons' numbers are what `vae_core` computes from the shipped models: a sample of them, computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools import learn_figures
from tools.examples import LESSON_LATENTS, LESSONS
from tools.train_examples import LEFT_OUT
from vae_core.data.datasets import load_dataset
from vae_core.metrics.latents import Pca
from vae_core.storage import files, paths
from vae_core.storage.runs import open_run


def assert_near(found: Any, kept: Any) -> None:
    if isinstance(found, dict):
        assert found.keys() == kept.keys()
        for name in found:
            assert_near(found[name], kept[name])
    elif isinstance(found, list):
        assert len(found) == len(kept)
        for one, other in zip(found, kept, strict=True):
            assert_near(one, other)
    else:
        assert found == (pytest.approx(kept, rel=1e-3, abs=2e-4) if isinstance(found, float) else kept)


@pytest.mark.parametrize("part", ["bottleneck", "loss", "kl", "collapse", "neighbours"])
def test_kept_figures_are_true(part: str) -> None:
    assert_near(learn_figures.rounded(learn_figures.PARTS[part]()), files.read_json(learn_figures.FIGURES)[part])


def test_the_models_are_those_that_are_named() -> None:
    assert files.read_json(learn_figures.FIGURES)["models"] == learn_figures.MODELS


def test_the_autoencoder_beats_pca_with_as_many_components() -> None:
    known = files.read_json(learn_figures.FIGURES)["bottleneck"]
    assert known["latents"] == list(LESSON_LATENTS)
    assert all(ae < linear for ae, linear in zip(known["ae"], known["pca"], strict=True))
    assert known["ae"] == sorted(known["ae"], reverse=True)


def test_the_holes_are_seen_with_many_latents_and_not_told_from_chance_on_the_plane() -> None:
    """What the lesson says: two networks alike but for the KL, the AE's draws with the covariance of its codes."""
    known = files.read_json(learn_figures.FIGURES)["holes"]

    def lead(one: str, other: str) -> float:
        """In standard errors, how much nearer to real images the second's draws are."""
        error = (known[one]["draws_error"] ** 2 + known[other]["draws_error"] ** 2) ** 0.5
        return float((known[one]["draws"] - known[other]["draws"]) / error)

    assert lead("ae_wide", "vae_wide") > 10 and abs(lead("ae", "vae")) < 2
    alike = [open_run(paths.SHIPPED_RUNS, run_id).config.flat() for run_id in learn_figures.CODES.values()]
    assert {key for key in alike[0] if alike[0][key] != alike[1][key]} == {"model"}


def test_neighbours_in_a_linear_code_are_about_as_good_as_in_the_learned_ones() -> None:
    known = files.read_json(learn_figures.FIGURES)["neighbours"]
    assert set(known) == {"pixels", "pca", "ae", "vae"}
    assert known["pca"] > known["ae"] and abs(known["pca"] - known["vae"]) < 0.01


@pytest.mark.slow
def test_pca_is_fitted_to_as_many_images_as_the_models_beside_it(full_data: Path) -> None:
    assert learn_figures.pca().count == 60_000
    found = Pca.fit(load_dataset("mnist", full_data).train_images.flatten(1), 32)
    assert learn_figures.pca().variances == pytest.approx(found.variances, rel=1e-5)
    assert (learn_figures.pca().components * found.components).sum(dim=1).abs() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("run_id", sorted(LESSONS))
def test_a_lessons_model_is_a_finished_run_in_short(run_id: str) -> None:
    run = open_run(paths.SHIPPED_RUNS, run_id)
    assert run.state() == "done" and run.config == LESSONS[run_id][1]
    assert [path for pattern in LEFT_OUT for path in run.folder.glob(pattern)] == []
    assert len(list((run.folder / "film").glob("0*.npz"))) == 1


def test_the_lessons_models_fit_into_five_megabytes() -> None:
    found = [path for run_id in LESSONS for path in (paths.SHIPPED_RUNS / run_id).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in found) < 5_000_000
