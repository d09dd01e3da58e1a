"""Checks all files of a run's folder that came from elsewhere, with the readers that the program will use later.

A page that draws a film or a curve relies on the shapes and numbers that the program writes; here they are verified for
files that anyone may have written. `vae_core.archives.importing` checks the weights against the network.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field, Strict

from vae_core.errors import CheckpointCorrupt, NameInvalid
from vae_core.storage import checkpoints, files, frames
from vae_core.storage.documents import EXPORT_AGAIN, MAX_COUNT, Count, Document, Number, validate
from vae_core.storage.measurements import all_measurements
from vae_core.storage.records import read_records
from vae_core.storage.runs import MAX_NOTES, Run, check_name, open_folder
from vae_core.types import Array

WEIGHTS = re.compile(r"(model|best|(?:step|best)-(?P<step>[0-9]{8,12}))")
MAX_SIDE = 4096
SPLITS = ("train", "held-out")
Channels = Annotated[Count, AfterValidator(lambda value: _one_of(value, (1, 3)))]
Side = Annotated[Count, Field(ge=1, le=MAX_SIDE)]


def check_contents(folder: Path) -> Run:
    """Reads every file in a folder and returns the run.

    Raises:
        CheckpointCorrupt, SchemaTooNew, ConfigError, NameInvalid: for the first thing that is wrong.
    """
    run = open_folder(folder)
    run.status()
    notes = run.notes()
    check_name(notes.name)
    if len(notes.notes) > MAX_NOTES:
        raise NameInvalid(f"The notes of this run are longer than {MAX_NOTES:,} characters; shorten them first.")
    _check_records(folder / "metrics.jsonl")
    shapes = {shape for name in weight_names(folder) for shape in [_check_weights(folder, name)]}
    if len(shapes) > 1:
        raise _damaged("The weights of this run do not agree on the size of the images")
    _check_film(folder / "film", run.config.model.latent, next(iter(shapes), None))
    for measurements in all_measurements():
        if files.is_there(folder / measurements.file):
            measurements.parse(files.read_json(folder / measurements.file))
    return run


def weight_names(folder: Path) -> list[str]:
    """The names of the weights in a folder, without endings, whether complete or not."""
    ending = (".json", ".safetensors")
    with files.readable(folder):
        return sorted(
            {path.stem for path in folder.iterdir() if path.suffix in ending and WEIGHTS.fullmatch(path.stem)}
        )


class WeightsRecord(Document):
    """The JSON beside the weights of a checkpoint.

    Attributes:
        step: number of optimizer steps behind the weights.
        image_shape: (channels, height, width).
        metrics_bytes: length of `metrics.jsonl` at that step; only in checkpoints written during training.
    """

    step: Count
    image_shape: tuple[Channels, Side, Side]
    metrics_bytes: Count | None = None


def check_record(record: dict[str, Any]) -> WeightsRecord:
    """Validates the record of weights, from their JSON or from the header of exported weights.

    Raises:
        CheckpointCorrupt: the step is missing, or the size of the images is missing or impossible.
    """
    return validate(record, WeightsRecord, "The record of the weights", EXPORT_AGAIN)


def _check_weights(folder: Path, name: str) -> tuple[int, int, int]:
    """Checks hash, header, record and values of one file of weights, and returns the shape of its images."""
    tensors, record = checkpoints.load(folder, name)
    match = WEIGHTS.fullmatch(name)
    step_in_name = match["step"] if match else None
    checked = check_record(record)
    if step_in_name is not None and int(step_in_name) != checked.step:
        raise _damaged(f"{name}.json is not of the step in its name")
    if name.startswith("step-"):
        records = folder / "metrics.jsonl"
        length = records.stat().st_size if records.exists() else 0
        if checked.metrics_bytes is None or checked.metrics_bytes > length:
            raise _damaged(f"{name}.json says that metrics.jsonl is longer than it is")
    check_finite(tensors)
    return checked.image_shape


def check_finite(tensors: dict[str, Array]) -> None:
    """Raises CheckpointCorrupt and names the first weight that is not finite."""
    for name, values in tensors.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise CheckpointCorrupt(
                f"The weights {name[:100]} contain values that are not finite; use an earlier checkpoint."
            )


def _check_records(path: Path) -> None:
    for record in read_records(path):
        split, figures = record["split"], {key: value for key, value in record.items() if key != "split"}
        if split not in SPLITS or not _are_figures(figures):
            raise _damaged("metrics.jsonl has a line that is not a record")


def _check_film(folder: Path, latent: int, image_shape: tuple[int, int, int] | None) -> None:
    if not files.is_folder(folder):
        return
    subjects = frames.unpack_subjects(_stored(folder / "subjects.npz"))
    _check_subjects(subjects, image_shape)
    for path in sorted(folder.glob("[0-9]*.npz")):
        frame = frames.unpack_frame(_stored(path))
        _check_frame(frame, subjects, latent)
        if frames.frame_name(frame.step) != path.name:
            raise _damaged("A frame of the film is not of the step in its name")


def _check_subjects(subjects: frames.Subjects, image_shape: tuple[int, int, int] | None) -> None:
    inputs, labels = subjects.inputs, subjects.labels
    pictures = inputs.ndim == 4 and inputs.dtype == np.uint8 and inputs.shape[1] in (1, 3) and inputs.size > 0
    if not pictures or (image_shape is not None and inputs.shape[1:] != image_shape):
        raise _damaged("The film's subjects are not images of this model")
    named = all(isinstance(name, str) for name in subjects.classes)
    if labels.ndim != 1 or labels.dtype.kind != "i" or not named:
        raise _damaged("The film's subjects have no labels")
    if labels.size and not (labels.min() >= -1 and labels.max() < max(1, len(subjects.classes))):
        raise _damaged("The film's subjects have labels without a name")
    if not _are_figures(subjects.lines):
        raise _damaged("The film's subjects hold impossible numbers")


def _check_frame(frame: frames.Frame, subjects: frames.Subjects, latent: int) -> None:
    codes = (len(subjects.labels), latent)
    log_variance, kl = frame.log_variance, frame.kl_per_dimension
    fits = frame.mean.shape == codes and (log_variance is None or log_variance.shape == codes)
    fits = fits and frame.reconstructions.shape == subjects.inputs.shape and frame.reconstructions.dtype == np.uint8
    fits = fits and (kl is None or (kl.shape == (latent,) and kl.dtype.kind == "f"))
    fits = fits and 0 <= frame.step <= MAX_COUNT
    if not (fits and _are_figures({"epoch": frame.epoch, **frame.figures})):
        raise _damaged("A frame of the film does not fit the run")


def _stored(path: Path) -> bytes:
    """The bytes of a bundle of arrays. A compressed one could be far larger than it looks; this program never writes one."""
    try:
        content = files.read_bytes(path)
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            members = bundle.infolist()
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise _damaged(f"{path.name} of the film is missing, or not a bundle of arrays") from error
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise _damaged(f"{path.name} of the film is compressed, which this program never does")
    return content


def _one_of(value: int, allowed: tuple[int, ...]) -> int:
    if value not in allowed:
        raise ValueError(f"none of {allowed}")
    return value


def _are_figures(values: Mapping[str, object]) -> bool:
    """Whether all values are finite numbers, booleans or null."""
    try:
        validate(dict(values), dict[str, Number | Annotated[bool, Strict()] | None], "")
    except CheckpointCorrupt:
        return False
    return True


def _damaged(what: str) -> CheckpointCorrupt:
    return CheckpointCorrupt(f"{what}; export the run again.")
