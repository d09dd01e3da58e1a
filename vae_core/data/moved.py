"""A run's dataset whose file was moved, renamed or deleted: saying so, and pointing to it again.

The file may be anywhere, as long as its content is that which the run was trained on. Imports no torch until images are
read, since pages ask here whether there are any.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vae_core.data import catalogue
from vae_core.errors import DataError, DatasetMissing, RunLocked, RunStateError
from vae_core.storage import checkpoints, files
from vae_core.storage.overrides import set_dataset
from vae_core.storage.runs import Run, is_shipped
from vae_core.types import Report

if TYPE_CHECKING:
    from vae_core.data.datasets import Dataset


def missing(run: Run) -> str:
    """A sentence that says that the file of a run's dataset is not there, what it was, and what to do; else empty."""
    try:
        catalogue.find(run.config.data.dataset)
    except DatasetMissing:
        shape = image_shape(run)
        what = "" if shape is None else f" ({shape[2]} x {shape[1]} pixels, {'grey' if shape[0] == 1 else 'colour'})"
        return (
            f"The images of the run {run.id!r} are not there any more: {run.config.data.dataset!r}{what}. Put the file "
            f"back, or say where it is now, on the Train page or with 'resume {run.id} --dataset PATH'."
        )
    except DataError:
        return ""
    return ""


def check_there(run: Run) -> None:
    """Refuses what needs a run's images if their file is not there.

    Raises:
        DatasetMissing: the sentence says how to point to it.
    """
    if sentence := missing(run):
        raise DatasetMissing(sentence)


def load_for(
    run: Run, dataset: str | None = None, data_dir: Path | None = None, report: Report | None = None
) -> Dataset:
    """The dataset of a run, or another one in its place.

    Raises:
        DatasetMissing: the file of the run's own dataset is not there; the sentence says how to point to it.
        LatentLabError: as `datasets.load_dataset` does.
    """
    from vae_core.data import datasets

    if dataset is None:
        check_there(run)
    return datasets.load_dataset(dataset or run.config.data.dataset, data_dir, report)


def point_to(run: Run, place: str, data_dir: Path | None = None, report: Report | None = None) -> Run:
    """The same run with its dataset at another place, where it is looked for from now on.

    Args:
        run: the run.
        place: a path, or a dataset's name.
        data_dir, report: as for `datasets.load_dataset`.

    Raises:
        DataError: there are no images, or others than the run was trained on, by their SHA-256.
        RunLocked: it is being trained.
        RunStateError: it is a shipped run.
    """
    from vae_core.data import datasets

    if is_shipped(run):
        raise RunStateError(f"The run {run.id!r} came with the program and is not changed; copy it first.")
    if files.is_locked(run.lock_path):
        raise RunLocked(f"The run {run.id!r} is being trained; stop it first.")
    place = catalogue.absolute_name(place)
    expected = checkpoints.newest_record(run.folder).get("dataset_sha256")
    if expected is not None and datasets.load_dataset(place, data_dir, report).digest != expected:
        raise DataError(
            f"{place!r} holds other images than those that the run {run.id!r} was trained on; name the same file, or "
            "start a new run with --from."
        )
    return set_dataset(run, place) if place != run.config.data.dataset else run


def image_shape(run: Run) -> tuple[int, int, int] | None:
    """(channels, height, width) of a run's images as its weights name it, else as its dataset does; None if unknown."""
    try:
        channels, height, width = (int(size) for size in checkpoints.newest_record(run.folder)["image_shape"])
        return channels, height, width
    except (KeyError, TypeError, ValueError):
        pass
    try:
        return catalogue.find(run.config.data.dataset).shape
    except DataError:
        return None
