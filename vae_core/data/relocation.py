"""Handles a run whose dataset's file was moved, renamed or deleted: reports it and lets the user name the new path.

The new path may be anywhere, as long as the content is what the run was trained on. Imports torch only when images are
read, because pages use this module to check whether the file exists.
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


def missing_message(run: Run, data_dir: Path | None = None) -> str:
    """Returns a message about a missing dataset file: what it was and what to do. Empty if the file exists."""
    try:
        catalogue.find(run.config.data.dataset, data_dir)
    except DatasetMissing:
        shape = image_shape(run)
        what = "" if shape is None else f" ({shape[2]} x {shape[1]} pixels, {'grey' if shape[0] == 1 else 'colour'})"
        return (
            f"The images of the run {run.id!r} are missing: {run.config.data.dataset!r}{what}. Put the file "
            f"back, or say where it is now, on the Train page or with 'resume {run.id} --dataset PATH'."
        )
    except DataError:
        return ""
    return ""


def check_images_exist(run: Run, data_dir: Path | None = None) -> None:
    """Checks that the file of a run's dataset exists.

    Raises:
        DatasetMissing: it does not; the message says how to give its new path.
    """
    if sentence := missing_message(run, data_dir):
        raise DatasetMissing(sentence)


def load_run_dataset(
    run: Run, dataset: str | None = None, data_dir: Path | None = None, report: Report | None = None
) -> Dataset:
    """Loads the dataset of a run, or the given one in its place.

    Raises:
        DatasetMissing: the file of the run's own dataset does not exist; the message says how to give its new path.
        LatentLabError: like `datasets.load_dataset`.
    """
    from vae_core.data import datasets

    if dataset is None:
        check_images_exist(run, data_dir)
    return datasets.load_dataset(dataset or run.config.data.dataset, data_dir, report)


def relocate_dataset(run: Run, place: str, data_dir: Path | None = None, report: Report | None = None) -> Run:
    """Sets the new path of a run's dataset, permanently, and returns the updated run.

    Args:
        run: the run.
        place: a path, or a dataset's name.
        data_dir, report: as for `datasets.load_dataset`.

    Raises:
        DataError: there are no images, or their SHA-256 shows that the run was trained on others.
        RunLocked: the run is being trained.
        RunStateError: it is a shipped run.
    """
    from vae_core.data import datasets

    if is_shipped(run):
        raise RunStateError(f"The run {run.id!r} came with the program and cannot be changed; copy it first.")
    if files.is_locked(run.lock_path):
        raise RunLocked(f"The run {run.id!r} is being trained; stop it first.")
    place = catalogue.absolute_name(place, data_dir)
    expected = checkpoints.newest_record(run.folder).get("dataset_sha256")
    if expected is not None and datasets.load_dataset(place, data_dir, report).digest != expected:
        raise DataError(
            f"{place!r} does not hold the images that the run {run.id!r} was trained on; give the path of the same file, "
            "or start a new run with --from."
        )
    return set_dataset(run, place) if place != run.config.data.dataset else run


def image_shape(run: Run) -> tuple[int, int, int] | None:
    """Returns (channels, height, width) of a run's images, from its weights or else its dataset; None if unknown."""
    try:
        channels, height, width = (int(size) for size in checkpoints.newest_record(run.folder)["image_shape"])
        return channels, height, width
    except (KeyError, TypeError, ValueError):
        pass
    try:
        return catalogue.find(run.config.data.dataset).shape
    except DataError:
        return None
