"""Bundles of numpy arrays as npz, and weights as safetensors: bytes in, bytes out, nothing executed.

Both carry a schema number. What comes in is checked before anything of its declared size is allocated.
"""

from __future__ import annotations

import io
import json
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from vae_core.errors import CheckpointCorrupt
from vae_core.storage.schema import check_schema
from vae_core.types import Array

SCHEMA = 1
MAX_HEADER_BYTES = 1_000_000
MAX_TENSORS = 1_000
MAX_BUNDLE_BYTES = 512_000_000
PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
NOT_A_BUNDLE = (
    ValueError,
    OSError,
    KeyError,
    EOFError,
    MemoryError,  # an array's own header may claim any size
    OverflowError,
    RuntimeError,  # encrypted, or a compression that is not there
    SyntaxError,
    struct.error,
    tokenize.TokenError,  # numpy reads a damaged header word by word
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile and numpy raise for bytes that are no npz of numbers."""


def pack_bundle(arrays: Mapping[str, Array]) -> bytes:
    """Arrays as an uncompressed npz with its schema number."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, schema=np.int64(SCHEMA), **arrays)
    return buffer.getvalue()


def unpack_bundle(content: bytes) -> dict[str, Array]:
    """The arrays of an npz.

    Raises:
        CheckpointCorrupt: cut short, changed, too large, or holding Python objects (which are never loaded).
        SchemaTooNew: a newer program wrote it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            declared = sum(entry.file_size for entry in archive.infolist())
        if declared > MAX_BUNDLE_BYTES:
            raise CheckpointCorrupt("A bundle of arrays declares more than 512 MB and was not opened.")
        with np.load(io.BytesIO(content), allow_pickle=False) as bundle:
            arrays = {name: bundle[name] for name in bundle.files}
    except NOT_A_BUNDLE as error:
        raise CheckpointCorrupt("A bundle of arrays is damaged, or holds objects in place of numbers.") from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):  # numpy hands other members out as bytes
        raise CheckpointCorrupt("A bundle of arrays holds something that is no array; use another file.")
    schema = arrays.pop("schema", np.array(0))
    check_schema(int(schema) if schema.shape == () and schema.dtype.kind == "i" else 0, SCHEMA, "A bundle of arrays")
    return arrays


def pack_tensors(tensors: Mapping[str, Array], notes: Mapping[str, str] | None = None) -> bytes:
    """Named arrays as safetensors, with the schema number in the header and what `notes` adds to it."""
    # not ascontiguousarray, which makes a list of one of a single number
    whole = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    content = bytes(safetensors.numpy.save(whole, metadata={"schema": str(SCHEMA)}))
    return _with_notes(content, notes) if notes else content


def _with_notes(content: bytes, notes: Mapping[str, str]) -> bytes:
    """The header written anew: safetensors puts several notes into an order that changes from call to call."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] |= notes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def tensor_notes(content: bytes) -> dict[str, str]:
    """The notes in the header of a safetensors file; raises CheckpointCorrupt where that is none."""
    notes = _checked_header(content).get("__metadata__", {})
    return {str(key): str(value) for key, value in notes.items()} if isinstance(notes, dict) else {}


def unpack_tensors(content: bytes) -> dict[str, Array]:
    """The arrays of a safetensors file, after its header was checked.

    Raises:
        CheckpointCorrupt: cut short, changed, or another kind of file, pickles among them.
        SchemaTooNew: a newer program wrote it.
    """
    header = _checked_header(content)
    metadata = header.get("__metadata__", {})
    found = metadata.get("schema", "") if isinstance(metadata, dict) else ""
    check_schema(int(found) if re.fullmatch(r"[0-9]{1,9}", str(found)) else 0, SCHEMA, "The file of weights")
    try:
        return dict(safetensors.numpy.load(content))
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise CheckpointCorrupt("The file of weights is damaged; use an earlier checkpoint.") from error


def _checked_header(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(MAX_HEADER_BYTES, len(content) - 8):
        # asked only now: a header of 640 bytes begins as a pickle does, but no pickle reads as a length under the cap
        if content.startswith(PICKLES):
            raise CheckpointCorrupt(
                "This is a pickle or a torch file, which can run code when opened; export the weights as safetensors."
            )
        raise CheckpointCorrupt("This is no whole safetensors file; use an earlier checkpoint.")
    try:
        header = json.loads(content[8 : 8 + length])
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        declared = sum(entry["data_offsets"][1] - entry["data_offsets"][0] for entry in tensors.values())
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError, IndexError) as error:
        raise CheckpointCorrupt("The header of the file of weights is damaged; use an earlier checkpoint.") from error
    if len(tensors) > MAX_TENSORS or declared != len(content) - 8 - length:
        raise CheckpointCorrupt("The file of weights declares other tensors than it holds; use an earlier checkpoint.")
    return dict(header)
