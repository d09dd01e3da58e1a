"""Looks through all the files of a run's folder that came from outside, as a run's own readers would meet them later.

A page that draws a film or a curve relies on shapes and numbers that the program itself wrote; here they are proved for
files that somebody else may have written. Weights against the network is a matter for `vae_core.archives.importing`.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from vae_core.errors import CheckpointCorrupt, NameInvalid
from vae_core.storage import checkpoints, factor_scores, files, frames
from vae_core.storage.figures import LARGEST, check_figures
from vae_core.storage.records import read_records
from vae_core.storage.restorations import check_curve
from vae_core.storage.runs import MAX_NOTES, Run, check_name, open_folder
from vae_core.types import Array

WEIGHTS = re.compile(r"(model|best|(?:step|best)-(?P<step>[0-9]{8,12}))")
MAX_COUNT = 2**53
"""The largest whole number that JSON carries exactly, and more than any step or byte."""
MAX_SIDE = 4096
SPLITS = ("train", "held-out")


def check_contents(folder: Path) -> Run:
    """The run in a folder, after everything in it was read.

    Raises:
        CheckpointCorrupt, SchemaTooNew, ConfigError, NameInvalid: the first thing that is wrong, in one sentence.
    """
    run = open_folder(folder)
    check_status(run)
    notes = run.notes()
    check_name(notes.name)
    if len(notes.notes) > MAX_NOTES:
        raise NameInvalid(f"The notes of this run are longer than {MAX_NOTES:,} characters; shorten them before.")
    _check_records(folder / "metrics.jsonl")
    shapes = {shape for name in weight_names(folder) for shape in [_check_weights(folder, name)]}
    if len(shapes) > 1:
        raise _damaged("The weights of this run do not agree on the size of the images")
    _check_film(folder / "film", run.config.model.latent, next(iter(shapes), None))
    if files.is_there(folder / "figures.json"):
        check_figures(files.read_json(folder / "figures.json"))
    for name in factor_scores.FILES.values():
        if files.is_there(folder / name):
            factor_scores.check_scores(files.read_json(folder / name))
    for path in folder.glob("restoration-*.json"):
        check_curve(files.read_json(path))
    return run


def weight_names(folder: Path) -> list[str]:
    """The files of weights in a folder without their endings, whether whole or not."""
    ending = (".json", ".safetensors")
    with files.readable(folder):
        return sorted(
            {path.stem for path in folder.iterdir() if path.suffix in ending and WEIGHTS.fullmatch(path.stem)}
        )


def check_status(run: Run) -> None:
    """The status, with numbers that a page can draw."""
    status = run.status()
    counts = (status.step, status.total_steps, status.heartbeat, status.best_step or 0, status.diverged_at or 0)
    if not (all(_is_count(count) for count in counts) and all(isinstance(note, str) for note in status.notes)):
        raise _damaged("status.json holds impossible numbers")
    if not all(_is_number(value) for value in (status.epoch, status.seconds, status.images_per_second)):
        raise _damaged("status.json holds impossible numbers")


def check_record(record: dict[str, Any]) -> tuple[int, int, int]:
    """(channels, height, width), as the record of a checkpoint names it beside its step.

    Raises:
        CheckpointCorrupt: it names no step, or images of no possible size.
    """
    if not _is_count(record.get("step")):
        raise _damaged("The weights name an impossible step")
    found = record.get("image_shape")
    if not (isinstance(found, list) and len(found) == 3 and all(_is_count(size) for size in found)):
        raise _damaged("The weights do not say the size of their images")
    channels, height, width = found
    if channels not in (1, 3) or not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise _damaged("The weights are for images of an impossible size")
    return channels, height, width


def _check_weights(folder: Path, name: str) -> tuple[int, int, int]:
    """Hash, header, record and values of one file of weights."""
    tensors, record = checkpoints.load(folder, name)
    match = WEIGHTS.fullmatch(name)
    named = match["step"] if match else None
    if named is not None and int(named) != record.get("step"):
        raise _damaged(f"{name}.json is not of the step that its name says")
    if name.startswith("step-"):
        records = folder / "metrics.jsonl"
        there = records.stat().st_size if records.exists() else 0
        length = record.get("metrics_bytes")
        if not (isinstance(length, int) and 0 <= length <= there):
            raise _damaged(f"{name}.json says that metrics.jsonl is longer than it is")
    check_finite(tensors)
    return check_record(record)


def check_finite(tensors: dict[str, Array]) -> None:
    """Raises CheckpointCorrupt and names the first weight that is not finite."""
    for name, values in tensors.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise CheckpointCorrupt(
                f"The weights {name[:100]} hold values that are not finite; use an earlier checkpoint."
            )


def _check_records(path: Path) -> None:
    for record in read_records(path):
        fits = record.get("split") in SPLITS and _is_count(record["step"]) and _is_number(record.get("epoch"))
        if not (fits and all(_is_number(value) for key, value in record.items() if key != "split")):
            raise _damaged("metrics.jsonl has a line that is no record")


def _check_film(folder: Path, latent: int, image_shape: tuple[int, int, int] | None) -> None:
    if not files.is_folder(folder):
        return
    subjects = frames.unpack_subjects(_stored(folder / "subjects.npz"))
    _check_subjects(subjects, image_shape)
    for path in sorted(folder.glob("[0-9]*.npz")):
        frame = frames.unpack_frame(_stored(path))
        _check_frame(frame, subjects, latent)
        if frames.frame_name(frame.step) != path.name:
            raise _damaged("A frame of the film is not of the step that its name says")


def _check_subjects(subjects: frames.Subjects, image_shape: tuple[int, int, int] | None) -> None:
    inputs, labels = subjects.inputs, subjects.labels
    pictures = inputs.ndim == 4 and inputs.dtype == np.uint8 and inputs.shape[1] in (1, 3) and inputs.size > 0
    if not pictures or (image_shape is not None and inputs.shape[1:] != image_shape):
        raise _damaged("The film's subjects are no images of this model")
    named = all(isinstance(name, str) for name in subjects.classes)
    if labels.ndim != 1 or labels.dtype.kind != "i" or not named:
        raise _damaged("The film's subjects have no labels")
    if labels.size and not (labels.min() >= -1 and labels.max() < max(1, len(subjects.classes))):
        raise _damaged("The film's subjects have labels without a name")
    if not all(_is_number(value) for value in subjects.lines.values()):
        raise _damaged("The film's subjects hold impossible numbers")


def _check_frame(frame: frames.Frame, subjects: frames.Subjects, latent: int) -> None:
    codes = (len(subjects.labels), latent)
    spread, kl = frame.log_variance, frame.kl_per_dimension
    fits = frame.mean.shape == codes and (spread is None or spread.shape == codes)
    fits = fits and frame.reconstructions.shape == subjects.inputs.shape and frame.reconstructions.dtype == np.uint8
    fits = fits and (kl is None or (kl.shape == (latent,) and kl.dtype.kind == "f"))
    numbers = [frame.epoch, *frame.figures.values()]
    if not (fits and _is_count(frame.step) and all(_is_number(value) for value in numbers)):
        raise _damaged("A frame of the film does not fit the run")


def _stored(path: Path) -> bytes:
    """A bundle's bytes, if it is as large as it says: the program never compresses one."""
    try:
        content = files.read_bytes(path)
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            members = bundle.infolist()
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise _damaged(f"{path.name} of the film is missing or no bundle of arrays") from error
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise _damaged(f"{path.name} of the film is compressed, which this program never does")
    return content


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


def _is_number(value: object) -> bool:
    """A number that a chart can draw, or none at all; true and false pass for what they are."""
    if value is None or isinstance(value, int):
        return value is None or abs(value) <= MAX_COUNT
    return isinstance(value, float) and abs(value) <= LARGEST


def _damaged(what: str) -> CheckpointCorrupt:
    return CheckpointCorrupt(f"{what}; export the run again.")
