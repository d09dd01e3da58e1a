"""The lessons' numbers are what `vae_core` computes from the shipped models: a sample of them, computed again."""

from __future__ import annotations

from typing import Any

import pytest

from tools import learn_figures
from tools.examples import LESSON_LATENTS, LESSONS
from tools.train_examples import LEFT_OUT
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


def test_a_vaes_draws_are_nearer_to_real_images_than_an_autoencoders() -> None:
    known = files.read_json(learn_figures.FIGURES)["holes"]
    beyond = {name: one["draws"] - one["reconstructions"] for name, one in known.items()}
    assert beyond["vae"] < beyond["ae"] and beyond["vae_wide"] < beyond["ae_wide"]


@pytest.mark.parametrize("run_id", sorted(LESSONS))
def test_a_lessons_model_is_a_finished_run_in_short(run_id: str) -> None:
    run = open_run(paths.SHIPPED_RUNS, run_id)
    assert run.state() == "done" and run.config == LESSONS[run_id][1]
    assert [path for pattern in LEFT_OUT for path in run.folder.glob(pattern)] == []
    assert len(list((run.folder / "film").glob("0*.npz"))) == 1


def test_the_lessons_models_fit_into_five_megabytes() -> None:
    found = [path for run_id in LESSONS for path in (paths.SHIPPED_RUNS / run_id).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in found) < 5_000_000
