"""The betas at which a code collapses: one answer for all pages, and none where it would cost too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.common import thresholds as module
from pages.common.session import all_runs, open_anywhere
from pages.compare.suggested_betas import offered_betas
from pages.train.dials import expected_collapse
from vae_core.archives import archive
from vae_core.config import make_config
from vae_core.storage import paths
from vae_core.storage.runs import open_run


@pytest.fixture(autouse=True)
def computed(no_thresholds: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 28 * 28)


def test_train_and_compare_have_the_same_thresholds() -> None:
    config = make_config(dataset="mnist-sample")
    assert module.thresholds(config) == () and expected_collapse(config) is None and "20" not in offered_betas(config)
    job = module.thresholds_job(config)
    assert job is not None and job.wait(60) and job is module.thresholds_job(config.changed(seed=1))
    betas = module.thresholds(config)
    assert expected_collapse(config) == betas[0] and list(betas) == sorted(betas, reverse=True)
    assert {"10", "20"} <= set(offered_betas(make_config(dataset="mnist-sample", latent=10)))


def test_large_images_an_autoencoder_and_a_learned_width_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.thresholds_job(make_config(dataset="mnist-sample", model="ae")) is None
    assert module.thresholds_job(make_config(dataset="mnist-sample", likelihood="gaussian-learned")) is None
    monkeypatch.setattr(module, "MAX_PIXELS", 28 * 28 - 1)
    large = make_config(dataset="mnist-sample")
    assert module.thresholds_job(large) is None and expected_collapse(large) is None
    assert "20" not in offered_betas(large), "neither page computes it"


def test_a_run_of_ones_own_hides_the_shipped_one_of_its_id(runs: Path) -> None:
    shipped = open_run(paths.SHIPPED_RUNS, "example-vae-2d")
    assert [run.folder for run in all_runs() if run.id == shipped.id] == [shipped.folder]
    (runs / shipped.id).mkdir(parents=True)
    assert not [run for run in all_runs() if run.id == shipped.id], "as the address has it, which says what is wrong"
    (runs / shipped.id).rmdir()
    own = archive.copy_run(shipped, runs)
    if own.id != shipped.id:
        own.folder.rename(runs / shipped.id)
    listed = [run.folder for run in all_runs() if run.id == shipped.id]
    assert listed == [runs / shipped.id] == [open_anywhere(shipped.id).folder]
