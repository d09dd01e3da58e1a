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
from vae_core.storage.measurements import factor_scores, require_weights_digest
from vae_core.storage.runs import Run, create_run

SPRITES = "sprites-28-600"
FOREST, BOOSTING = factor_scores("forest"), factor_scores("boosting")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return saved(tmp_path, "drawn", untrained(dataset=SPRITES))


def test_they_are_those_of_the_command_and_computed_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, told = disentangle_run(run), []
    found = scores_of(run, progress=lambda what, share: told.append(share))
    kept = found.model_dump(exclude={"weights_sha256"}, exclude_unset=True)
    assert kept == {key: expected[key] for key in kept} and found.dataset == SPRITES and told[-1] == 1.0
    assert (run.folder / FOREST.file).exists() and len(kept) == 8
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
    FOREST.write(run, scores := FOREST.make(run, KEPT, require_weights_digest(run)))
    assert FOREST.read(run) == scores
    document = json.loads((run.folder / FOREST.file).read_text())
    (run.folder / FOREST.file).write_text(json.dumps(document | change))
    assert FOREST.read(run) is None
    (run.folder / FOREST.file).write_bytes(b"\xff{")
    assert FOREST.read(run) is None


def test_fault_4_scores_are_kept_by_the_model_of_dci_and_older_ones_are_the_forests(run: Run) -> None:
    digest = require_weights_digest(run)
    older = {key: value for key, value in KEPT.items() if key != "dci_model"}
    (run.folder / FOREST.file).write_text(json.dumps({"schema": 1, "weights_sha256": digest, **older}))
    of_forest = FOREST.make(run, KEPT, digest)
    assert FOREST.read(run) == of_forest and BOOSTING.read(run) is None
    boosted = BOOSTING.make(run, {**KEPT, "dci_model": "boosting", "dci_disentanglement": 0.9}, digest)
    BOOSTING.write(run, boosted)
    assert (FOREST.read(run), BOOSTING.read(run)) == (of_forest, boosted)
    assert (FOREST.file, BOOSTING.file) == ("disentanglement.json", "disentanglement-boosting.json")
    _, members = archive.read_archive(io.BytesIO(archive.export_run(run)))
    assert members.keys() >= {FOREST.file, BOOSTING.file}, "an exported run takes both along"
    (run.folder / FOREST.file).write_bytes(BOOSTING.content(boosted))
    assert FOREST.read(run) is None, "a file of the other model's scores counts as none"


def test_those_of_a_shipped_run_stand_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = saved(tmp_path / "shipped", "drawn", untrained(dataset=SPRITES))
    (shipped.folder / "evaluation.json").write_text("{}")
    monkeypatch.setattr(paths, "SHIPPED_RUNS", tmp_path / "shipped")
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    FOREST.write(shipped, scores := FOREST.make(shipped, KEPT, require_weights_digest(shipped)))
    assert FOREST.read(shipped) == scores and not (shipped.folder / FOREST.file).exists()
    assert len(list((tmp_path / "cache" / "measurements").glob(f"*/{FOREST.file}"))) == 1


def test_a_run_without_weights_says_so(tmp_path: Path) -> None:
    bare = create_run(tmp_path, untrained(dataset=SPRITES).config, run_id="bare")
    assert FOREST.read(bare) is None
    with pytest.raises(CheckpointCorrupt, match="train it to its end"):
        scores_of(bare)
