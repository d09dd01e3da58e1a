"""Disentanglement scores on Compare: requested, computed by the command in the background, drawn."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pages.common.jobs import runner
from pages.compare import disentanglement
from tests.evaluation.untrained import saved, untrained
from tests.pages.compare_page import button, errors, said
from tests.pages.opened import open_page
from vae_core.evaluation.factor_scores import scores_of
from vae_core.metrics.mean_std import mean_std
from vae_core.storage.measurements import weights_digest
from vae_core.storage.runs import Run


@pytest.fixture
def drawn(runs: Path) -> list[Run]:
    """Runs on tiny sprites at two betas and two seeds, with untrained weights."""
    pairs = [(beta, seed) for beta in (1, 4) for seed in (0, 1)]
    models = [untrained(dataset="sprites-28-600", beta=float(beta), seed=seed) for beta, seed in pairs]
    return [saved(runs, f"drawn-{beta}-{seed}", model) for (beta, seed), model in zip(pairs, models, strict=True)]


def ids(runs: list[Run]) -> str:
    return ",".join(run.id for run in runs)


def wait_for_jobs(runs: list[Run]) -> None:
    for run in runs:
        job = runner().get(("scores", str(run.folder), weights_digest(run) or "", "forest"))
        assert job is not None and job.wait(60)


def test_disentanglement_scores_are_drawn_with_their_spread_over_the_seeds(drawn: list[Run]) -> None:
    kept = {run.id: scores_of(run) for run in drawn}
    page = open_page("compare", runs=ids(drawn), show="Disentanglement")
    assert not page.exception and not page.error
    table = page.dataframe[0].value
    assert table.index.name == "beta" and table.index.tolist() == [1, 4]
    assert table.loc[4, "MIG"] == str(mean_std([kept["drawn-4-0"].mig, kept["drawn-4-1"].mig]))
    assert "n = 4 runs, 2 seeds; posterior means of 100 test images" in said(page)
    assert "measure_scores" not in [widget.key for widget in page.button]


def test_scores_are_computed_by_the_command_and_a_failure_is_one_sentence(
    drawn: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    requested: list[tuple[object, ...]] = []
    record = json.dumps({"error": "CheckpointCorrupt", "message": "model.safetensors was cut short."})

    def command(*words: object) -> list[str]:
        requested.append(words)
        return [sys.executable, "-I", "-S", "-c", f"print({record!r})"]

    monkeypatch.setattr(disentanglement, "cli_command", command)
    scores_of(drawn[0])
    page = open_page("compare", runs="drawn-1-0,drawn-4-1", show="Disentanglement")
    assert button(page, "measure_scores").label == "Score 1 of 2 runs"
    button(page, "measure_scores").click().run()
    assert requested == [("disentangle", drawn[3].folder, "--dci-model", "forest", "--keep")]
    wait_for_jobs(drawn[3:])
    page = page.run()
    assert errors(page) == ["The scores of beta 4, seed 1: model.safetensors was cut short."] and not page.exception
    assert "(one seed)" in page.dataframe[0].value.loc[1, "MIG"]
    assert button(page, "measure_scores").label == "Score 1 of 2 runs", "they can be requested again"


def test_scores_being_computed_are_cancelled_together(drawn: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        disentanglement, "cli_command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"]
    )
    page = open_page("compare", runs=ids(drawn), show="Disentanglement")
    button(page, "measure_scores").click().run()
    assert "measure_scores" not in [widget.key for widget in page.button]
    assert any(bar.proto.text.startswith("0 of 4 done; ") for bar in page.get("progress"))
    button(page, "compare-disentangled-cancel").click().run()
    wait_for_jobs(drawn)
    assert not page.exception and not page.error and button(page, "measure_scores").label == "Score 4 of 4 runs"
