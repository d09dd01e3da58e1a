"""The scores of disentanglement of a run, computed once and kept: `disentanglement.json` beside it, or in the cache.

As the figures they belong to weights, named by their SHA-256; whatever is wrong with the file, they can be computed anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vae_core.errors import CheckpointCorrupt, LatentLabError
from vae_core.storage import files, paths
from vae_core.storage.figures import is_number, weights_digest
from vae_core.storage.runs import Run, is_shipped
from vae_core.storage.schema import check_schema

SCHEMA = 1
FILE = "disentanglement.json"
SCORES = ("mig", "dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae_score")
"""0 to 1 each, by the names of the command line."""
KEYS = (*SCORES, "images", "dataset")

Scores = dict[str, Any]


def read_scores(run: Run) -> Scores | None:
    """The kept scores of a run's final weights, or None where there are none (yet).

    Returns:
        What `KEYS` names.
    """
    digest = weights_digest(run)
    found = [] if digest is None else [_kept(path, digest) for path in _places(run, digest)]
    return next((one for one in found if one is not None), None)


def write_scores(run: Run, scores: Scores, weights_sha256: str) -> None:
    """Keeps what `disentangle` gave for these weights: beside the run, or in the cache where its folder is read-only.

    Raises:
        DiskError: neither can be written.
    """
    path = _places(run, weights_sha256)[0]
    files.make_folder(path.parent)
    files.write_json(path, scores_document(scores, weights_sha256), durable=False)


def scores_document(scores: Scores, weights_sha256: str) -> dict[str, Any]:
    """What `FILE` holds of them."""
    return {"schema": SCHEMA, "weights_sha256": weights_sha256, **{key: scores[key] for key in KEYS}}


def check_scores(document: dict[str, Any]) -> Scores:
    """The scores in the document, if it is one of them.

    Raises:
        CheckpointCorrupt: a score is missing or no number.
        SchemaTooNew: a newer program wrote it.
    """
    check_schema(document.get("schema"), SCHEMA, FILE)
    words = all(isinstance(document.get(key), str) for key in ("weights_sha256", "dataset"))
    if not words or not all(is_number(document.get(key)) for key in (*SCORES, "images")):
        raise CheckpointCorrupt(f"{FILE} is damaged: a score is missing or no number; remove the file.")
    return {key: document[key] for key in KEYS}


def _places(run: Run, weights_sha256: str) -> list[Path]:
    """Where scores are kept, the place to write to first."""
    what = files.digest(f"{weights_sha256} {run.config.model_dump_json()}".encode())
    cached = paths.cache_folder() / "disentanglement" / f"{what}.json"
    beside = not is_shipped(run) and os.access(run.folder, os.W_OK)
    return [run.folder / FILE, cached] if beside else [cached, run.folder / FILE]


def _kept(path: Path, weights_sha256: str) -> Scores | None:
    try:
        document = files.read_json(path)
        scores = check_scores(document)
    except (LatentLabError, OSError):
        return None
    return scores if document["weights_sha256"] == weights_sha256 else None
