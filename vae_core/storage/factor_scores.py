"""The scores of disentanglement of a run, computed once and kept: `disentanglement.json` beside it, or in the cache.

Those whose DCI is from boosting are in `disentanglement-boosting.json`. A file that names no model is of the forest: files
of earlier versions are.

As the figures they belong to weights, named by their SHA-256; whatever is wrong with the file, they can be computed anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

from vae_core.errors import CheckpointCorrupt, LatentLabError
from vae_core.storage import files, paths
from vae_core.storage.figures import is_number, weights_digest
from vae_core.storage.runs import Run, is_shipped
from vae_core.storage.schema import check_schema
from vae_core.types import DciModel

SCHEMA = 1
DCI_MODELS = get_args(DciModel)
"""What DCI can be computed from (`metrics.disentanglement.dci`)."""
FILES = {"forest": "disentanglement.json", "boosting": "disentanglement-boosting.json"}
SCORES = ("mig", "dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae_score")
"""0 to 1 each, by the names of the command line."""
KEYS = (*SCORES, "images", "dataset", "dci_model")

Scores = dict[str, Any]


def read_scores(run: Run, dci_model: str = "forest") -> Scores | None:
    """The kept scores of a run's final weights, or None where there are none (yet).

    Args:
        run: which run.
        dci_model: one of `DCI_MODELS`.

    Returns:
        What `KEYS` names.
    """
    digest = weights_digest(run)
    found = [] if digest is None else [_kept(path, digest, dci_model) for path in _places(run, digest, dci_model)]
    return next((one for one in found if one is not None), None)


def write_scores(run: Run, scores: Scores, weights_sha256: str) -> None:
    """Keeps what `disentangle` gave for these weights: beside the run, or in the cache where its folder is read-only.

    Raises:
        DiskError: neither can be written.
    """
    path = _places(run, weights_sha256, str(scores.get("dci_model", "forest")))[0]
    files.make_folder(path.parent)
    files.write_json(path, scores_document(scores, weights_sha256), durable=False)


def scores_document(scores: Scores, weights_sha256: str) -> dict[str, Any]:
    """What the file holds of them."""
    kept = {"dci_model": "forest", **scores}
    return {"schema": SCHEMA, "weights_sha256": weights_sha256, **{key: kept[key] for key in KEYS}}


def check_scores(document: dict[str, Any]) -> Scores:
    """The scores in the document, if it is one of them.

    Raises:
        CheckpointCorrupt: a score is missing or no number, or the model of DCI is unknown.
        SchemaTooNew: a newer program wrote it.
    """
    check_schema(document.get("schema"), SCHEMA, FILES["forest"])
    document = {"dci_model": "forest", **document}
    if document["dci_model"] not in DCI_MODELS:
        raise CheckpointCorrupt("The scores of disentanglement name an unknown model of DCI; remove the file.")
    words = all(isinstance(document.get(key), str) for key in ("weights_sha256", "dataset"))
    if not words or not all(is_number(document.get(key)) for key in (*SCORES, "images")):
        raise CheckpointCorrupt("disentanglement.json is damaged: a score is missing or no number; remove the file.")
    return {key: document[key] for key in KEYS}


def _places(run: Run, weights_sha256: str, dci_model: str) -> list[Path]:
    """Where scores are kept, the place to write to first."""
    what = files.digest(f"{weights_sha256} {run.config.model_dump_json()}".encode())
    cached = paths.cache_folder() / "disentanglement" / f"{what}-{FILES[dci_model]}"
    beside = not is_shipped(run) and os.access(run.folder, os.W_OK)
    brought = run.folder / FILES[dci_model]
    return [brought, cached] if beside else [cached, brought]


def _kept(path: Path, weights_sha256: str, dci_model: str) -> Scores | None:
    try:
        document = files.read_json(path)
        scores = check_scores(document)
    except (LatentLabError, OSError):
        return None
    fits = document["weights_sha256"] == weights_sha256 and scores["dci_model"] == dci_model
    return scores if fits else None
