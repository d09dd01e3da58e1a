"""Exports a run as one file, or only its weights with the configuration in the header; and reads both formats.

    archive     a zip without compression; its first member, manifest.json, lists the size and SHA-256 of all others
    weights     safetensors; its metadata holds configuration, image shape, step and a SHA-256 of the whole file

The same run always gives the same bytes. `vae_core.archives.importing` checks either file and makes a run of it.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import Field

import vae_core
from vae_core.archives.validation import weight_names
from vae_core.errors import CheckpointCorrupt, RunNotFound, RunStateError
from vae_core.storage import checkpoints, files
from vae_core.storage.arrays import pack_tensors, tensor_notes, unpack_tensors
from vae_core.storage.documents import Count, Document, Text, plain
from vae_core.storage.install import install_run, stopped_if_active
from vae_core.storage.measurements import all_measurements
from vae_core.storage.overrides import OVERRIDES
from vae_core.storage.runs import SCHEMA as STATUS_SCHEMA
from vae_core.storage.runs import Notes, Run, check_id, new_id, open_folder
from vae_core.storage.schema import check_schema
from vae_core.types import Array

SCHEMA = 1
MANIFEST = "manifest.json"
MEMBER = re.compile(
    r"(?:config|longer|moved|notes|status|figures|disentanglement(?:-boosting)?|restoration-[a-z-]{1,30})\.json|metrics\.jsonl"
    r"|film/(?:subjects|[0-9]{8,12})\.npz"
    r"|(?:model|best|(?:step|best)-[0-9]{8,12})\.(?:json|safetensors)"
)
"""The files that an archive may contain. A name is checked against this before it is used as a path."""
MAX_BYTES = 2_000_000_000
MAX_MEMBERS = 3_000
MAX_WEIGHTS = 520_000_000
LIMITS = {".json": 2_000_000, ".npz": 64_000_000, ".jsonl": 1_000_000_000, ".safetensors": MAX_BYTES}
_DIGEST = 64
_HEADER, _ROW, _END = 30, 46, 22
"""Bytes of a zip's records without the name: a member's header, its row in the directory, the end of the directory."""
_DIRECTORY = 1_000_000
"""Bytes that zipfile may read to find the members: more than the directory of `MAX_MEMBERS`, and the search for it, take."""
_WHEN = (1980, 1, 1, 0, 0, 0)
_BLANK = "0" * _DIGEST
NOT_OURS = "This file was not exported by this program, or it was cut short or changed; export the run again."


class Proof(Document):
    """The size and the SHA-256 of one file."""

    bytes: Count
    sha256: Text


class Manifest(Document):
    """The manifest of an archive.

    Attributes:
        kind: kind of archive.
        program: name and version of the program that wrote it.
        run: id of the run.
        config: configuration of the run.
        files: every other member, by name.
    """

    kind: Literal["run"]
    program: Text = ""
    run: Text
    config: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, Proof]


def export_run(run: Run) -> bytes:
    """The whole run as one file: configuration, notes, records, film, weights, checkpoints and measurements.

    A run that is being trained is exported at its newest complete checkpoint.

    Raises:
        RunNotFound: the run no longer exists.
        CheckpointCorrupt: one of its checkpoints is damaged.
        RunStateError: the run is larger than `MAX_BYTES`.
    """
    held = _contents(run)
    manifest = Manifest(
        kind="run",
        program=f"vae_core {vae_core.__version__}",
        run=run.id,
        config=run.config.model_dump(mode="json", by_alias=True),
        files={name: Proof(bytes=len(content), sha256=files.digest(content)) for name, content in held.items()},
    )
    document = {"schema": SCHEMA, **manifest.model_dump(mode="json")}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {MANIFEST: files.json_bytes(document, indent=2), **held}.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), content)
    return buffer.getvalue()


def export_weights(run: Run, which: str = "model") -> bytes:
    """Only the final ("model") or the best held-out ("best") weights, as safetensors with the configuration in the header.

    Raises:
        CheckpointCorrupt: there are no such weights yet, or they are damaged.
    """
    checkpoint = checkpoints.load_best(run.folder) if which == "best" else checkpoints.load(run.folder, "model")
    if checkpoint is None:
        raise CheckpointCorrupt(f"The run {run.id!r} has no such weights yet; train it first.")
    tensors, record = checkpoint
    notes = {
        "sha256": _BLANK,  # the first entry, so that the first 64 zeros in the file are these
        "program": f"vae_core {vae_core.__version__}",
        "name": run.notes().name,
        "config": json.dumps(run.config.model_dump(mode="json", by_alias=True)),
        "record": json.dumps({key: record.get(key) for key in ("step", "image_shape", "dataset_sha256")}),
    }
    content = pack_tensors(tensors, notes)
    return content.replace(_BLANK.encode(), files.digest(content).encode(), 1)


def copy_run(run: Run, root: Path) -> Run:
    """Copies a run to `root`, with a new id, the same parent, and a note of what it is a copy of.

    Raises:
        RunNotFound, CheckpointCorrupt, RunStateError: as `export_run`.
        DiskError: the copy cannot be written; nothing is left behind.
    """
    held, before = _contents(run), run.notes()
    notes = Notes(before.name or run.name, f"A copy of {run.id}.\n\n{before.notes}".strip())
    return install_run(root, new_id(run.config), held, lambda folder: open_folder(folder).write_notes(notes))


def read_archive(stream: BinaryIO) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of an archive and its members by name, after all hashes, sizes and names were checked.

    Raises:
        CheckpointCorrupt: it is not an archive of this program, was truncated or changed, or does not match its manifest.
        SchemaTooNew: it was written by a newer program.
    """
    size = stream.seek(0, io.SEEK_END)
    limited = _Limited(stream, _DIRECTORY)
    try:
        with zipfile.ZipFile(limited) as archive:
            entries = archive.infolist()
            _check_layout(entries, archive.comment, size)
            limited.left = size
            manifest = _manifest(archive.read(entries[0]))
            _check_sizes(manifest, entries[1:])
            held = {entry.filename: archive.read(entry) for entry in entries[1:]}
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        RuntimeError,
        EOFError,
        OverflowError,
        NotImplementedError,
    ) as error:
        raise CheckpointCorrupt(NOT_OURS) from error
    for name, content in held.items():
        if files.digest(content) != manifest.files[name].sha256:
            raise CheckpointCorrupt(NOT_OURS)
    return manifest, held


def read_weights(content: bytes) -> tuple[dict[str, Array], dict[str, Any], dict[str, Any], str]:
    """Tensors, record, configuration and name of exported weights, after their hash was checked.

    Raises:
        CheckpointCorrupt: the file was truncated or changed, or is of another kind; the message names a pickle as one.
        SchemaTooNew: the file was written by a newer program.
    """
    notes = tensor_notes(content)
    given = notes.get("sha256", "")
    if not {"config", "record", "sha256"} <= notes.keys():
        unpack_tensors(content)
        raise CheckpointCorrupt("These weights contain no configuration; import weights that this program exported.")
    blank = content.replace(given.encode(), _BLANK.encode(), 1) if len(given) == _DIGEST else b""
    if files.digest(blank) != given:
        raise CheckpointCorrupt("The file of weights was cut short or changed; export it again.")
    try:
        config, record = json.loads(notes["config"]), json.loads(notes["record"])
    except (ValueError, RecursionError) as error:
        raise CheckpointCorrupt("These weights contain no configuration; export them again.") from error
    if not (isinstance(config, dict) and isinstance(record, dict)):
        raise CheckpointCorrupt("These weights contain no configuration; export them again.")
    return unpack_tensors(content), record, config, notes.get("name", "")


def file_name(run: Run, ending: str) -> str:
    """A name for a downloaded file: the run's id, which is valid on every system, with the ending."""
    return f"{run.id}{ending}"


def _contents(run: Run) -> dict[str, bytes]:
    """The files of a run, by name. Weights are read first, since the records can only grow meanwhile."""
    folder = run.folder
    if not files.is_folder(folder):
        raise RunNotFound(f"The run {run.id!r} is gone; choose another one.")
    held = {file: content for name in weight_names(folder) for file, content in _weights(run, name).items()}
    for name in ("config.json", *OVERRIDES, "notes.json"):
        if files.is_there(folder / name):
            held[name] = files.read_bytes(folder / name)
    if files.is_there(folder / "metrics.jsonl"):
        records = files.read_bytes(folder / "metrics.jsonl")
        held["metrics.jsonl"] = records[: records.rfind(b"\n") + 1]
    held |= {f"film/{path.name}": files.read_bytes(path) for path in (folder / "film").glob("*.npz")}
    held["status.json"] = files.json_bytes(
        {"schema": STATUS_SCHEMA, **plain(stopped_if_active(run.status()))}, indent=2
    )
    for measurements in all_measurements():
        if (measured := measurements.read(run)) is not None:
            held[measurements.file] = measurements.content(measured)
    if sum(map(len, held.values())) > MAX_BYTES:
        raise RunStateError(f"The run {run.id!r} is larger than {MAX_BYTES:,} bytes; export only its weights.")
    return {name: held[name] for name in sorted(held) if MEMBER.fullmatch(name)}


def _weights(run: Run, name: str) -> dict[str, bytes]:
    """A file of weights and its JSON; empty if a running worker is just writing or deleting it."""
    both = [run.folder / f"{name}{ending}" for ending in (".json", ".safetensors")]
    try:
        checkpoints.load(run.folder, name)
        return {path.name: files.read_bytes(path) for path in both}
    except (CheckpointCorrupt, FileNotFoundError):
        if not all(map(files.is_there, both)) and files.is_locked(run.lock_path):
            return {}
        raise


class _Limited(io.BufferedIOBase):
    """A file that can be read only up to `left` bytes: a zip may claim a directory of any size, and zipfile reads it all."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self.stream = stream
        self.left = left

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self.left + 1 if size is None or size < 0 else min(size, self.left + 1)
        content = self.stream.read(wanted)
        self.left -= len(content)
        if self.left < 0:
            raise CheckpointCorrupt(NOT_OURS)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def seekable(self) -> bool:
        return True


def _check_layout(entries: list[zipfile.ZipInfo], comment: bytes, size: int) -> None:
    """Accepts only known names, each once, neither compressed nor encrypted, and no other bytes between or around them.

    Files exported by version 0.1 end with a comment of 64 characters, a hash that the manifest makes redundant.
    """
    names = [entry.orig_filename for entry in entries]  # the other one ends at a NUL
    fits = names[:1] == [MANIFEST] and all(MEMBER.fullmatch(name) for name in names[1:])
    fits = fits and len(set(names)) == len(names) <= MAX_MEMBERS + 1 and len(comment) in (0, _DIGEST)
    place = 0
    for entry in entries:
        plain = entry.compress_type == zipfile.ZIP_STORED and entry.file_size == entry.compress_size
        plain = plain and not (entry.flag_bits & 1 or entry.volume or entry.extra or entry.comment)
        fits = (
            fits and plain and entry.file_size <= LIMITS[Path(entry.filename).suffix] and entry.header_offset == place
        )
        place += _HEADER + len(entry.orig_filename) + entry.file_size
    directory = sum(_ROW + len(name) for name in names)
    if not fits or place > MAX_BYTES + _DIRECTORY or place + directory + _END + len(comment) != size:
        raise CheckpointCorrupt(NOT_OURS)


def _manifest(content: bytes) -> Manifest:
    try:
        document = json.loads(content)
        check_schema(document.get("schema"), SCHEMA, "The exported run")
        manifest = Manifest.model_validate(document)
    except (ValueError, RecursionError, AttributeError) as error:
        raise CheckpointCorrupt(NOT_OURS) from error
    check_id(manifest.run)
    return manifest


def _check_sizes(manifest: Manifest, entries: list[zipfile.ZipInfo]) -> None:
    """Checks that the manifest and the zip's directory list the same files with the same sizes."""
    declared = {name: proof.bytes for name, proof in manifest.files.items()}
    if declared != {entry.filename: entry.file_size for entry in entries}:
        raise CheckpointCorrupt(NOT_OURS)
