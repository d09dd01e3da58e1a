"""The figures of a run, computed once and kept: `figures.json` beside it, as `evaluate` gives them.

They belong to weights, named by their SHA-256: those of a run that was made longer since count as not there. A shipped
run is read-only, and its recorded `evaluation.json` serves. Importing this module costs no torch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vae_core.data import catalogue
from vae_core.errors import DiskError, LatentLabError
from vae_core.storage import files, places
from vae_core.storage.arrays import check_schema
from vae_core.storage.runs import Run

SCHEMA = 1
NUMBERS = ("images", "step", "reconstruction_nats", "negative_elbo_nats", "floor_nats", "mse_per_pixel")
Figures = dict[str, Any]
"""The keys of `evaluate`: dataset, step, images, nats per image, ...; with iw_samples also iw_nll_nats."""


def figures_of(
    run: Run,
    *,
    iw_samples: int | None = None,
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Figures:
    """The figures of a run's final weights on the whole test split of its dataset: the kept ones, else computed and kept.

    Args:
        run: a run that ended.
        iw_samples: also `iw_nll_nats` with this many importance samples; None asks for none.
        data_dir: of the full datasets.
        progress: is told what is done, and its share.

    Raises:
        LatentLabError: as `evaluate_run` does.
    """
    kept = read_figures(run)
    if kept is not None and (iw_samples is None or kept.get("iw_samples") == iw_samples):
        return kept
    from vae_core.evaluation.trained import evaluate_run

    found = evaluate_run(run, iw_samples=iw_samples, data_dir=data_dir, progress=progress)
    figures: Figures = files.finite({key: value for key, value in found.items() if key != "run"})
    if iw_samples is not None:
        figures["iw_samples"] = iw_samples
    with contextlib.suppress(DiskError):  # they are computed again where they are wanted
        keep_figures(run, figures)
    return figures


def read_figures(run: Run) -> Figures | None:
    """The kept figures of a run's final weights, or None where there are none (yet).

    Whatever is wrong with the file, they can be computed anew, so that nothing is raised for what it holds.
    """
    return _readable(run, _kept) or _readable(run, _recorded)


def keep_figures(run: Run, figures: Figures) -> None:
    """Writes the figures of the run's final weights beside it; those of a shipped run, which is read-only, in the cache.

    Raises:
        DiskError: the folder is full or read-only.
    """
    path = _path(run)
    proof = {"schema": SCHEMA, "weights_sha256": _weights_digest(run), "dataset_sha256": _dataset_digest(run)}
    files.make_folder(path.parent)
    files.write_json(path, {**proof, **figures})


def _path(run: Run) -> Path:
    return places.cache_folder() / "figures" / f"{run.id}.json" if _is_shipped(run) else run.folder / "figures.json"


def _is_shipped(run: Run) -> bool:
    in_place = run.folder.parent.resolve() == places.SHIPPED_RUNS.resolve()
    return in_place and (run.folder / "evaluation.json").exists()


def _readable(run: Run, reading: Callable[[Run], Figures | None]) -> Figures | None:
    """The figures, if they can be read and every number is one."""
    try:
        found = reading(run)
        whole = found is not None and all(isinstance(found[name], int | float) for name in NUMBERS)
    except (LatentLabError, OSError, KeyError, TypeError, ValueError):
        return None
    return found if whole else None


def _kept(run: Run) -> Figures | None:
    document = files.read_json(_path(run))
    check_schema(document.get("schema"), SCHEMA, "figures.json")
    proof = {"weights_sha256": _weights_digest(run), "dataset_sha256": _dataset_digest(run)}
    if any(document[name] != value for name, value in proof.items()):
        return None
    return {key: value for key, value in document.items() if key not in (*proof, "schema")}


def _recorded(run: Run) -> Figures | None:
    """A shipped run's, on the dataset that it was trained on."""
    if not _is_shipped(run):
        return None
    return dict(files.read_json(run.folder / "evaluation.json")["splits"][run.config.data.dataset])


def _weights_digest(run: Run) -> str:
    return str(files.read_json(run.folder / "model.json")["files"]["model.safetensors"]["sha256"])


def _dataset_digest(run: Run) -> str | None:
    """What the dataset's content is known to be; None for one that only its name tells."""
    row = catalogue.ROWS.get(run.config.data.dataset)
    return row.digest if row is not None else None
