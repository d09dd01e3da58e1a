"""NumPy arrays as npz and weights as safetensors: bytes in, bytes out; nothing is ever executed.

Both formats carry a schema number. Input is checked before any memory of its declared size is allocated.
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
    RuntimeError,  # encrypted, or a compression method that is not available
    SyntaxError,
    struct.error,
    tokenize.TokenError,  # numpy tokenizes the header, which may be damaged
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile and numpy raise for bytes that are not an npz of numbers."""


def pack_bundle(arrays: Mapping[str, Array]) -> bytes:
    """Packs arrays of any shape into an uncompressed npz with a schema number."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, schema=np.int64(SCHEMA), **arrays)
    return buffer.getvalue()


def unpack_bundle(content: bytes) -> dict[str, Array]:
    """Returns the arrays of an npz by name.

    Raises:
        CheckpointCorrupt: the content is truncated, altered, too large, or holds Python objects (never loaded).
        SchemaTooNew: a newer version of the program wrote it.
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
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):  # numpy returns other members as bytes
        raise CheckpointCorrupt("A bundle of arrays holds something that is not an array; use another file.")
    schema = arrays.pop("schema", np.array(0))
    check_schema(int(schema) if schema.shape == () and schema.dtype.kind == "i" else 0, SCHEMA, "A bundle of arrays")
    return arrays


def pack_tensors(tensors: Mapping[str, Array], notes: Mapping[str, str] | None = None) -> bytes:
    """Packs arrays of any shape as safetensors, with the schema number and `notes` in the header."""
    # not ascontiguousarray, which turns a scalar into an array of one element
    whole = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    content = bytes(safetensors.numpy.save(whole, metadata={"schema": str(SCHEMA)}))
    return _with_notes(content, notes) if notes else content


def _with_notes(content: bytes, notes: Mapping[str, str]) -> bytes:
    """Rewrites the header: safetensors stores several notes in an order that changes from call to call."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] |= notes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def tensor_notes(content: bytes) -> dict[str, str]:
    """Returns the notes in a safetensors header; raises CheckpointCorrupt if the content is not safetensors."""
    notes = _checked_header(content).get("__metadata__", {})
    return {str(key): str(value) for key, value in notes.items()} if isinstance(notes, dict) else {}


def unpack_tensors(content: bytes) -> dict[str, Array]:
    """Returns the arrays of a safetensors file by name, after checking its header.

    Raises:
        CheckpointCorrupt: the content is truncated, altered, or another format such as a pickle.
        SchemaTooNew: a newer version of the program wrote it.
    """
    header = _checked_header(content)
    metadata = header.get("__metadata__", {})
    schema = metadata.get("schema", "") if isinstance(metadata, dict) else ""
    check_schema(int(schema) if re.fullmatch(r"[0-9]{1,9}", str(schema)) else 0, SCHEMA, "The file of weights")
    try:
        return dict(safetensors.numpy.load(content))
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise CheckpointCorrupt("The file of weights is damaged; use an earlier checkpoint.") from error


def _checked_header(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(MAX_HEADER_BYTES, len(content) - 8):
        # only checked here: a 640-byte header starts like a pickle, but no pickle reads as a length under the cap
        if content.startswith(PICKLES):
            raise CheckpointCorrupt(
                "This is a pickle or a torch file, which can run code when opened; export the weights as safetensors."
            )
        raise CheckpointCorrupt("This is not a complete safetensors file; use an earlier checkpoint.")
    try:
        header = json.loads(content[8 : 8 + length])
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        declared = sum(entry["data_offsets"][1] - entry["data_offsets"][0] for entry in tensors.values())
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError, IndexError) as error:
        raise CheckpointCorrupt("The header of the file of weights is damaged; use an earlier checkpoint.") from error
    if len(tensors) > MAX_TENSORS or declared != len(content) - 8 - length:
        raise CheckpointCorrupt("The file of weights does not hold the tensors it declares; use an earlier checkpoint.")
    return dict(header)
