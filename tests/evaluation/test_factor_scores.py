"""The scores of disentanglement are kept with the weights that they are of; whatever else stands there counts as none."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.untrained import saved, untrained
from vae_core.archives import archive
from vae_core.errors import CheckpointCorrupt
from vae_core.evaluation import factor_scores as module
from vae_core.evaluation.factor_scores import disentangle_run, scores_of
from vae_core.storage import paths
from vae_core.storage.factor_scores import FILES, read_scores, write_scores
from vae_core.storage.figures import weights_digest
from vae_core.storage.runs import Run, create_run

SPRITES = "sprites-28-600"
FILE = FILES["forest"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return saved(tmp_path, "drawn", untrained(dataset=SPRITES))


def test_they_are_those_of_the_command_and_computed_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, told = disentangle_run(run), []
    found = scores_of(run, progress=lambda what, share: told.append(share))
    assert found == {key: expected[key] for key in found} and found["dataset"] == SPRITES and told[-1] == 1.0
    assert (run.folder / FILE).exists() and len(found) == 8
    monkeypatch.setattr(module, "disentangle_run", lambda *_, **__: pytest.fail("computed twice"))
    assert scores_of(run) == found


KEPT: dict[str, Any] = {
    "mig": 0.1, "dci_disentanglement": 0.2, "dci_completeness": 0.3, "dci_informativeness": 0.4, "factor_vae_score": 0.5,
    "images": 100, "dataset": SPRITES, "dci_model": "forest",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"weights_sha256": "0" * 64}, {"mig": None}, {"images": True}, {"schema": 99}, {"dataset": 3}, {"dci_model": "lasso"},
        {"factor_vae_score": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_scores_of_other_weights_or_of_no_sense_count_as_none(run: Run, change: dict[str, Any]) -> None:
    write_scores(run, KEPT, str(weights_digest(run)))
    assert read_scores(run) == KEPT
    document = json.loads((run.folder / FILE).read_text())
    (run.folder / FILE).write_text(json.dumps(document | change))
    assert read_scores(run) is None
    (run.folder / FILE).write_bytes(b"\xff{")
    assert read_scores(run) is None


def test_fault_4_scores_are_kept_by_the_model_of_dci_and_older_ones_are_the_forests(run: Run) -> None:
    digest = str(weights_digest(run))
    older = {key: value for key, value in KEPT.items() if key != "dci_model"}
    (run.folder / FILE).write_text(json.dumps({"schema": 1, "weights_sha256": digest, **older}))
    assert read_scores(run) == KEPT and read_scores(run, "boosting") is None
    boosted = {**KEPT, "dci_model": "boosting", "dci_disentanglement": 0.9}
    write_scores(run, boosted, digest)
    assert (read_scores(run), read_scores(run, "boosting")) == (KEPT, boosted)
    _, members = archive.read_archive(io.BytesIO(archive.export_run(run)))
    assert members.keys() >= {FILES["forest"], FILES["boosting"]}, "an exported run takes both along"


def test_those_of_a_shipped_run_stand_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = saved(tmp_path / "shipped", "drawn", untrained(dataset=SPRITES))
    (shipped.folder / "evaluation.json").write_text("{}")
    monkeypatch.setattr(paths, "SHIPPED_RUNS", tmp_path / "shipped")
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    write_scores(shipped, KEPT, str(weights_digest(shipped)))
    assert read_scores(shipped) == KEPT and not (shipped.folder / FILE).exists()
    assert len(list((tmp_path / "cache" / "disentanglement").glob("*.json"))) == 1


def test_a_run_without_weights_says_so(tmp_path: Path) -> None:
    bare = create_run(tmp_path, untrained(dataset=SPRITES).config, run_id="bare")
    assert read_scores(bare) is None
    with pytest.raises(CheckpointCorrupt, match="train it to its end"):
        scores_of(bare)
