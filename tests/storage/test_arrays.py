"""Foreign and damaged bytes: one typed error, nothing executed, nothing large allocated."""

from __future__ import annotations

import io
import json
import pickle
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import example, given
from hypothesis import strategies as st

from vae_core.errors import CheckpointCorrupt, SchemaTooNew
from vae_core.storage.arrays import pack_bundle, pack_tensors, unpack_bundle, unpack_tensors

TENSORS = {"weight": np.arange(12, dtype=np.float32).reshape(3, 4), "step": np.array(7, dtype=np.int64)}


def with_header(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def one_tensor(shape: list[int], offsets: list[int], dtype: str = "F32", schema: str = "1") -> dict[str, Any]:
    return {"__metadata__": {"schema": schema}, "w": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


def npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(header: str) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)


@pytest.mark.parametrize(("pack", "unpack"), [(pack_tensors, unpack_tensors), (pack_bundle, unpack_bundle)])
def test_round_trip_is_exact_and_repeatable(
    pack: Callable[[dict[str, Any]], bytes], unpack: Callable[[bytes], dict[str, Any]]
) -> None:
    odd = {"a.b-c d": np.array([np.nan, np.inf, -0.0, 1e-45], np.float32), "empty": np.zeros((0, 3), np.uint8)}
    for arrays in (TENSORS, odd, {}, {"turned": np.asfortranarray(np.arange(6.0).reshape(2, 3))}):
        content = pack(arrays)
        found = unpack(content)
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype and found[name].shape == array.shape
            assert found[name].tobytes() == np.ascontiguousarray(array).tobytes()
        assert pack(arrays) == content


def test_every_length_of_header_is_read() -> None:
    """A header of 640 bytes (80 02 in hexadecimal) begins as a pickle does."""
    lengths = set()
    for size in range(1, 1_500):
        tensors = {"n" * size: np.zeros(1, np.float32)}
        content = pack_tensors(tensors)
        lengths.add(int.from_bytes(content[:8], "little"))
        assert_same(unpack_tensors(content), tensors)
    assert {0x280, 0x380, 0x480, 0x580} <= lengths


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def pickles(sentinel: Path) -> dict[str, bytes]:
    objects = io.BytesIO()
    np.save(objects, np.array([Bomb(sentinel)], dtype=object), allow_pickle=True)
    dumps = {f"protocol {protocol}": pickle.dumps(Bomb(sentinel), protocol) for protocol in range(6)}
    torch_zip = io.BytesIO()
    with zipfile.ZipFile(torch_zip, "w") as archive:
        archive.writestr("archive/data.pkl", dumps["protocol 2"])
    return {**dumps, "an npz with objects": npz(schema=objects.getvalue()), "torch": torch_zip.getvalue()}


def test_a_pickle_in_any_clothes_is_refused_and_not_run(tmp_path: Path) -> None:
    sentinel = tmp_path / "executed"
    for kind, content in pickles(sentinel).items():
        with pytest.raises(CheckpointCorrupt) as refused:
            unpack_tensors(content)
        if kind not in ("protocol 0", "protocol 1"):  # these two have no mark of their own
            assert "export the weights as safetensors" in str(refused.value), kind
        with pytest.raises(CheckpointCorrupt):
            unpack_bundle(content)
        assert not sentinel.exists(), kind
    pickle.loads(pickles(sentinel)["protocol 2"])  # noqa: S301
    assert sentinel.exists(), "the bomb would have gone off"


CRAFTED = {
    "empty": b"",
    "seven bytes": b"\x01" * 7,
    "a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200),
    "a header of 100 MB": (100_000_000).to_bytes(8, "little") + b"{" + bytes(1000),
    "a header of 2**63 bytes": (2**63).to_bytes(8, "little") + b"{" + bytes(1000),
    "a header beyond the cap, all there": with_header(b"{" + b" " * 1_000_001 + b"}"),
    "no JSON": with_header(b"\x00" * 64),
    "a list": with_header([1, 2]),
    "a number": with_header(3),
    "deep JSON": with_header(b"[" * 200_000),
    "no offsets": with_header({"w": {"dtype": "F32", "shape": [1]}}, bytes(4)),
    "offsets of text": with_header({"w": {"dtype": "F32", "shape": [1], "data_offsets": ["0", "4"]}}, bytes(4)),
    "one offset": with_header({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4]}}, bytes(4)),
    "metadata of another kind": with_header(
        {"__metadata__": 3, **one_tensor([1], [0, 4])} | {"__metadata__": 3}, bytes(4)
    ),
    "no schema": with_header({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
    "schema of words": with_header(one_tensor([1], [0, 4], schema="one"), bytes(4)),
    "schema 0": with_header(one_tensor([1], [0, 4], schema="0"), bytes(4)),
    "schema of 5,000 digits": with_header(one_tensor([1], [0, 4], schema="9" * 5000), bytes(4)),
    "10 TB declared": with_header(one_tensor([2_500_000_000_000], [0, 10_000_000_000_000])),
    "an overflowing shape": with_header(one_tensor([2**62, 2**62], [0, 4]), bytes(4)),
    "a negative shape": with_header(one_tensor([-1], [0, 4]), bytes(4)),
    "another size than its shape": with_header(one_tensor([2], [0, 4]), bytes(4)),
    "a dtype that is none": with_header(one_tensor([1], [0, 4], dtype="X9"), bytes(4)),
    "trailing bytes": pack_tensors(TENSORS) + b"\0",
    "a hole": with_header(one_tensor([1], [4, 8]), bytes(8)),
    "overlapping": with_header(
        {
            "__metadata__": {"schema": "1"},
            "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
            "c": {"dtype": "F32", "shape": [0], "data_offsets": [12, 8]},
        },
        bytes(12),
    ),
    "1,001 tensors": pack_tensors({str(number): np.zeros(1, np.uint8) for number in range(1001)}),
    "100,000 tensors": with_header(
        {str(n): {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for n in range(10_000)}
    ),
}


@pytest.mark.parametrize("content", CRAFTED.values(), ids=CRAFTED.keys())
def test_crafted_weights_are_refused_before_they_are_allocated(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointCorrupt) as refused:
            unpack_tensors(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(refused.value).count(".") == 1 and str(refused.value).endswith(".")
    assert peak < 50_000_000


SCALAR = "{'descr': '<i8', 'fortran_order': False, 'shape': (), }"

CRAFTED_NPZ = {
    "empty": b"",
    "no zip": b"PK\x03\x04 and no more",
    "no schema": npz(a=npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }")),
    "a member that is no array": npz(schema=b"hello"),
    "another member that is no array": npz(a=b"hello", schema=npy(SCALAR) + np.int64(1).tobytes()),
    "cut short": npz(schema=npy(SCALAR) + b"\1"),
    "800 GB": npz(a=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000,), }")),
    "2**70 numbers": npz(a=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1180591620717411303424,), }")),
    "a negative shape": npz(a=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-4,), }")),
    "code for a header": npz(a=npy("__import__('os').abort()")),
    "half a header": npz(a=npy("{'descr': '<f8', 'fortran_order': ")),
    "a float as schema": npz(schema=npy(SCALAR.replace("i8", "f8")) + np.float64(1).tobytes()),
}


@pytest.mark.parametrize("content", CRAFTED_NPZ.values(), ids=CRAFTED_NPZ.keys())
def test_crafted_bundles_are_refused(content: bytes) -> None:
    with pytest.raises(CheckpointCorrupt) as refused:
        unpack_bundle(content)
    assert str(refused.value).count(".") == 1 and str(refused.value).endswith(".")


def test_a_zip_that_declares_too_much_is_not_opened() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"{number}.npy", bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(CheckpointCorrupt, match="512 MB"):
        unpack_bundle(buffer.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_a_newer_format_says_so() -> None:
    weights = safetensors.numpy.save({"w": np.zeros(1, np.float32)}, metadata={"schema": "2"})
    with pytest.raises(SchemaTooNew, match=r"^The file of weights was written in format 2 and this program knows 1"):
        unpack_tensors(weights)
    newer = npz(schema=npy(SCALAR) + np.int64(2).tobytes())
    with pytest.raises(SchemaTooNew, match="update the program"):
        unpack_bundle(newer)


def whole_or_refused(unpack: Callable[[bytes], dict[str, Any]], content: bytes) -> None:
    try:
        assert isinstance(unpack(content), dict)
    except (CheckpointCorrupt, SchemaTooNew) as error:
        assert str(error).endswith(".")


@given(st.binary(max_size=300))
@example(b"\x80\x02\0\0\0\0\0\0")
def test_junk_is_one_typed_error(junk: bytes) -> None:
    for unpack in (unpack_tensors, unpack_bundle):
        with pytest.raises(CheckpointCorrupt):
            unpack(junk)


@pytest.mark.parametrize(("pack", "unpack"), [(pack_tensors, unpack_tensors), (pack_bundle, unpack_bundle)])
def test_damage_anywhere_is_noticed_or_harmless(
    pack: Callable[[dict[str, Any]], bytes], unpack: Callable[[bytes], dict[str, Any]]
) -> None:
    """Not all damage can be seen without a hash; none of it may end in another error than ours."""
    content = pack(TENSORS)
    for position in range(len(content)):
        for value in (0x00, 0x22, 0xFF, content[position] ^ 1, content[position] ^ 0x80):
            whole_or_refused(unpack, content[:position] + bytes([value]) + content[position + 1 :])
        with pytest.raises((CheckpointCorrupt, SchemaTooNew)):
            unpack(content[:position])


keys = st.sampled_from(["w", "__metadata__", "dtype", "shape", "data_offsets", "schema"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["F32", "I64", "BF16", "F8_E4M3", "1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
)


@given(st.dictionaries(keys, values, max_size=4), st.binary(max_size=32))
def test_any_header_is_one_typed_error_or_read(header: dict[str, Any], body: bytes) -> None:
    whole_or_refused(unpack_tensors, with_header({"__metadata__": {"schema": "1"}, **header}, body))


@given(
    st.sampled_from(["F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F4", "I8", "BOOL", "C64", "U64"]),
    st.lists(st.integers(-1, 4), max_size=4),
    st.integers(0, 32),
)
def test_any_tensor_is_one_typed_error_or_read(dtype: str, shape: list[int], size: int) -> None:
    whole_or_refused(unpack_tensors, with_header(one_tensor(shape, [0, size], dtype), bytes(size)))
