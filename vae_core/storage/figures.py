"""The figures of a run, computed once and kept: `figures.json` beside it, as `evaluate` gives them.

They belong to weights, named by their SHA-256: those of a run that was made longer since count as not there. Whatever is
wrong with the file, they can be computed anew, so that nothing here raises for what it reads.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

from vae_core.errors import CheckpointCorrupt, LatentLabError
from vae_core.storage import files, paths
from vae_core.storage.file_cache import FileCache
from vae_core.storage.runs import KEPT_RUNS, Run, in_usual_place, is_shipped
from vae_core.storage.schema import check_schema

SCHEMA = 1
LARGEST = 1e40
"""Larger than any figure of float32 networks, and small enough for sums, squares' roots and the axes of charts."""
NUMBERS = ("images", "step", "reconstruction_nats", "negative_elbo_nats", "mse_per_pixel")
IMPORTANCE = ("iw_nll_nats", "iw_nll_nats_standard_error", "iw_samples", "iw_seed")
"""Only there if they were asked for."""
OPTIONAL = ("kl_nats", "active_units", "floor_nats", *IMPORTANCE)
"""May be None: an autoencoder has no KL and no active units, and a continuous Bernoulli has no floor."""
KNOWN = ("dataset", "dataset_sha256", "weights_sha256", *NUMBERS, *OPTIONAL, "kl_per_dimension")

Figures = dict[str, Any]
_DOCUMENTS: FileCache[Figures | None] = FileCache(KEPT_RUNS)
_DIGESTS: FileCache[str | None] = FileCache(KEPT_RUNS)


def read_figures(run: Run) -> Figures | None:
    """The kept figures of a run's final weights, or None where there are none (yet).

    Returns:
        The keys of `evaluate` (`dataset`, `step`, `images`, nats per image, `mse_per_pixel`, ...), `weights_sha256` and
        `command`, which gives them again; a dictionary of the caller's own.
    """
    digest = weights_digest(run)
    if digest is None:
        return None
    if is_shipped(run):
        document = _in_cache(run, digest) or _brought(run)
    else:
        document = _beside(run) or _in_cache(run, digest)
    if document is None or document.get("weights_sha256", digest) != digest:
        return None
    again = command(run, str(document["dataset"]), document.get("iw_samples"))
    floor = document.get("floor_nats") if run.config.objective.has_floor else None  # earlier versions recorded one
    return {**document, "floor_nats": floor, "weights_sha256": digest, "command": again}


def write_figures(run: Run, figures: Figures, weights_sha256: str) -> None:
    """Keeps what `evaluate` gave for these weights: beside the run, or in the cache where its folder is read-only.

    Raises:
        DiskError: neither can be written.
    """
    document = figures_document({**figures, "weights_sha256": weights_sha256})
    if not is_shipped(run) and os.access(run.folder, os.W_OK):
        files.write_json(run.folder / "figures.json", document)
        return
    path = _elsewhere(run, weights_sha256)
    files.make_folder(path.parent)
    files.write_json(path, document, durable=False)


def figures_document(figures: Figures) -> Figures:
    """What `figures.json` holds of them: all but the names of places, which differ from machine to machine."""
    return {"schema": SCHEMA, **{key: value for key, value in figures.items() if key not in ("run", "command")}}


def command(run: Run, dataset: str, iw_samples: int | None = None) -> str:
    """The command that gives a run's figures again; for a run elsewhere than in the usual folder with its path."""
    given = run.id if in_usual_place(run) else shlex.quote(str(run.folder))
    other = "" if dataset == run.config.data.dataset else f" --dataset {shlex.quote(dataset)}"
    weighted = "" if iw_samples is None else f" --iw-samples {iw_samples}"
    return f"python -m vae_core evaluate {given}{other}{weighted} --json"


def weights_digest(run: Run) -> str | None:
    """SHA-256 of the final weights as their manifest names it, or None where there are none."""
    path = f"{run.folder}/model.json"
    return _DIGESTS.get(path, lambda: _digest(Path(path)))


def check_figures(document: Figures) -> Figures:
    """The document, if it is one of figures.

    Raises:
        CheckpointCorrupt: a figure is missing or no number.
        SchemaTooNew: a newer program wrote it.
    """
    check_schema(document.get("schema"), SCHEMA, "figures.json")
    names = [document.get(name) for name in ("dataset", "weights_sha256")]
    numbers = [document.get(name) for name in NUMBERS]
    kl = document.get("kl_per_dimension")
    fits = all(isinstance(name, str) for name in names) and all(is_number(number) for number in numbers)
    fits = fits and all(document.get(name) is None or is_number(document[name]) for name in OPTIONAL)
    if not fits or not (kl is None or (isinstance(kl, list) and all(is_number(value) for value in kl))):
        raise CheckpointCorrupt("figures.json is damaged: a figure is missing or no number; remove the file.")
    return {key: value for key, value in document.items() if key in KNOWN}


def is_number(value: object) -> bool:
    """A number that a chart can draw, of at most `LARGEST`; true, false and NaN are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _beside(run: Run) -> Figures | None:
    path = f"{run.folder}/figures.json"
    return _DOCUMENTS.get(path, lambda: _kept(Path(path)))


def _brought(run: Run) -> Figures | None:
    return _DOCUMENTS.get(run.folder / "evaluation.json", lambda: _recorded(run))


def _in_cache(run: Run, weights_sha256: str) -> Figures | None:
    path = _elsewhere(run, weights_sha256)
    return _DOCUMENTS.get(path, lambda: _kept(path))


def _elsewhere(run: Run, weights_sha256: str) -> Path:
    """For a run whose folder takes nothing, by what the figures are of."""
    what = files.digest(f"{weights_sha256} {run.config.model_dump_json()}".encode())
    return paths.cache_folder() / "figures" / f"{what}.json"


def _digest(path: Path) -> str | None:
    try:
        digest = files.read_json(path)["files"]["model.safetensors"]["sha256"]
    except (LatentLabError, OSError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest) else None


def _kept(path: Path) -> Figures | None:
    try:
        return check_figures(files.read_json(path))
    except (LatentLabError, OSError):
        return None


def _recorded(run: Run) -> Figures | None:
    """A shipped run's, on the dataset that it was trained on."""
    try:
        splits = files.read_json(run.folder / "evaluation.json")["splits"]
        return dict(splits[run.config.data.dataset])
    except (LatentLabError, OSError, KeyError, TypeError, ValueError):
        return None
