"""Imports runs from elsewhere: archives, exported weights, and folders that were copied in by hand.

Everything is checked before it is used: hashes, declared sizes and names, each file by the program's usual reader, and the
weights against the network that the configuration describes. Nothing is written outside a temporary folder, which is
renamed at the very end.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import filelock
import numpy as np

from vae_core.archives import archive, validation
from vae_core.config import RunConfig, parse_config
from vae_core.data import catalogue
from vae_core.errors import CheckpointCorrupt, CheckpointIncompatible, DataError, RunLocked, RunNotFound
from vae_core.evaluation.trained import check_weights
from vae_core.models.build import describe_model
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.storage import checkpoints, files, install
from vae_core.storage.arrays import tensor_notes, unpack_tensors
from vae_core.storage.runs import Notes, Run, Status, check_id, check_name, new_id, open_folder
from vae_core.storage.states import State
from vae_core.types import Array

ZIP = b"PK\x03\x04"
TORCH = "This is a torch file or a pickle, which can run code when opened; export the weights as safetensors."


def import_run(root: Path, file: bytes | BinaryIO, name: str | None = None) -> Run:
    """Imports a run from a file made by `export_run` or `export_weights`, under its own id, or a new one if that is taken.

    If it fails, nothing is left behind.

    Args:
        root: folder of the runs.
        file: the content, or a seekable file opened for reading in binary.
        name: display name instead of the one in the file.

    Raises:
        CheckpointCorrupt: the file is of another kind, was truncated or changed, or does not match its manifest.
        CheckpointIncompatible: the weights do not fit the network that the configuration describes.
        SchemaTooNew: the file was written by a newer program.
        ConfigError, NameInvalid: the configuration or the name is invalid.
        DiskError: the folder is full or read-only.
    """
    if name is not None:
        check_name(name)
    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    stream.seek(0)
    start = stream.read(512)
    if not start.startswith(ZIP):
        return _import_weights(root, stream, name)
    if b".pkl" in start:
        raise CheckpointCorrupt(TORCH)
    return _import_archive(root, stream, name)


def verify(root: Path, run_id: str) -> Run:
    """Checks the final weights of a folder that has no manifest for them, and writes the manifest.

    The size of the images is that of the run's dataset, unless the weights' header says otherwise.

    Raises:
        RunNotFound: there is no such folder, or it has no weights.
        RunLocked: the run is being trained.
        CheckpointCorrupt, CheckpointIncompatible, ConfigError, SchemaTooNew: as `import_run`; nothing was changed.
    """
    run = open_folder(root / check_id(run_id))
    try:
        with files.lock(run.lock_path, timeout=0):
            return _verified(run)
    except filelock.Timeout as error:
        raise RunLocked(f"The run {run.id!r} is being trained by another process; stop that first.") from error


def _verified(run: Run) -> Run:
    try:
        content = files.read_bytes(run.folder / "model.safetensors")
    except FileNotFoundError as error:
        raise RunNotFound(f"The run {run.id!r} has no model.safetensors; there is nothing to check.") from error
    tensors = {key: value for key, value in unpack_tensors(content).items() if not key.startswith("optimizer.")}
    record = _record_of(run, content)
    validation.check_finite(tensors)
    _check_network(run.config, record, tensors)
    if (run.folder / "status.json").exists():
        run.status()
    else:
        run.write_status(_done(run.config, int(record["step"])))
    checkpoints.save(run.folder, "model", tensors, record)
    return open_folder(run.folder)


def _record_of(run: Run, content: bytes) -> dict[str, Any]:
    """The manifest's content besides the hashes: the record of exported weights, else one made from the run."""
    if "record" in tensor_notes(content):
        record = archive.read_weights(content)[1]
        validation.check_record(record)
        return record
    try:
        source = catalogue.find(run.config.data.dataset)
    except DataError as error:
        raise CheckpointCorrupt(
            f"The weights of {run.id!r} do not record the size of their images; train the run again."
        ) from error
    step = run.status().step if (run.folder / "status.json").exists() else 0
    return {"step": step, "image_shape": list(source.shape), "dataset_sha256": source.digest}


def _import_archive(root: Path, stream: BinaryIO, name: str | None) -> Run:
    manifest, held = archive.read_archive(stream)
    if "config.json" not in held or "status.json" not in held:
        raise CheckpointCorrupt(archive.NOT_OURS)

    def check(folder: Path) -> None:
        run = validation.check_contents(folder)
        for weights_name in validation.weight_names(folder):
            tensors, record = checkpoints.load(folder, weights_name)
            _check_network(run.config, record, tensors)
        run.write_status(install.stopped_if_active(run.status()))
        if name is not None:
            run.write_notes(Notes(check_name(name), run.notes().notes))

    return install.install_run(root, manifest.run, held, check)


def _import_weights(root: Path, stream: BinaryIO, name: str | None) -> Run:
    if stream.seek(0, io.SEEK_END) > archive.MAX_WEIGHTS:
        raise CheckpointCorrupt(
            f"The file is larger than {archive.MAX_WEIGHTS:,} bytes, the limit for a model of this program."
        )
    stream.seek(0)
    content = stream.read()
    if not content[8:9] == b"{":  # a safetensors file has its header there
        raise CheckpointCorrupt(archive.NOT_OURS)
    tensors, record, document, brought = archive.read_weights(content)
    config = parse_config(document)
    validation.check_record(record)
    validation.check_finite(tensors)
    _check_network(config, record, tensors)
    config_json = files.json_bytes(config.model_dump(mode="json", by_alias=True), indent=2)

    def complete(folder: Path) -> None:
        run = Run(folder, config)
        run.write_notes(Notes(check_name(brought if name is None else name), "Imported from weights alone."))
        run.write_status(_done(config, int(record["step"])))
        checkpoints.save(folder, "model", tensors, record)

    return install.install_run(root, new_id(config), {"config.json": config_json}, complete)


def _done(config: RunConfig, step: int) -> Status:
    return Status(State.DONE, step=step, total_steps=step, epoch=float(config.training.epochs))


def _check_network(config: RunConfig, record: dict[str, Any], tensors: dict[str, Array]) -> None:
    """Checks names, shapes and types against the network, whose weights are not allocated; the optimizer's against these."""
    model = describe_model(config.model, validation.check_record(record).image_shape)
    check_weights({"model": model, "likelihood": build_likelihood(config.objective)}, tensors)
    for name, values in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "optimizer":
            weight, _, moment = rest.rpartition(".")
            expected = () if moment == "step" else tensors[weight].shape if weight in tensors else None
            if values.shape != expected or values.dtype != np.float32:
                raise CheckpointIncompatible(f"The weights belong to another network: {name[:100]} fits none of them.")
        elif kind not in ("model", "likelihood"):
            raise CheckpointIncompatible(f"The weights belong to another network: {name[:100]} is unknown.")
