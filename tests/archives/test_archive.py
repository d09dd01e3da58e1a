"""A run as one file: the same bytes each time, every changed bit noticed, and nothing believed that was not proved."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finished import forged, members_of, train_small, zipped
from vae_core.archives import archive
from vae_core.errors import CheckpointCorrupt, CheckpointError, RunNotFound, SchemaTooNew
from vae_core.storage import checkpoints, files, install, runs
from vae_core.storage.arrays import pack_tensors, tensor_notes
from vae_core.storage.records import read_records
from vae_core.storage.runs import Run, Status

ROUNDS = 300


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_small(tmp_path_factory.mktemp("archive"), "mine", "<b>$x$</b> ü", seed=4)


def read(content: bytes) -> dict[str, bytes]:
    return archive.read_archive(io.BytesIO(content))[1]


def refused(content: bytes, error: type[CheckpointError] = CheckpointCorrupt) -> str:
    with pytest.raises(error, match=r"^[^\n]*\.$") as raised:
        read(content)
    return str(raised.value)


def test_an_archive_holds_the_run_and_nothing_of_this_machine(run: Run, whole: bytes) -> None:
    manifest, held = archive.read_archive(io.BytesIO(whole))
    assert next(iter(members_of(whole))) == "manifest.json" and manifest.run == "mine"
    assert manifest.config == json.loads((run.folder / "config.json").read_bytes())
    names = {"config.json", "notes.json", "status.json", "metrics.jsonl", "model.safetensors", "model.json"}
    names |= {"best.safetensors", "best.json", "step-00000003.safetensors", "step-00000003.json", "film/subjects.npz"}
    assert names <= held.keys() and not {".lock", "worker.log", "control.json", "preview.npz"} & held.keys()
    assert all(held[name] == (run.folder / name).read_bytes() for name in held if name != "status.json")
    assert str(run.folder).encode() not in whole
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert opened.testzip() is None, "any zip program opens it"


def test_the_same_run_gives_the_same_bytes(run: Run, whole: bytes, weights: bytes) -> None:
    for _ in range(5):
        assert archive.export_run(run) == whole and archive.export_weights(run) == weights


def test_weights_alone_say_what_they_are(run: Run, weights: bytes) -> None:
    tensors, record, config, name = archive.read_weights(weights)
    expected, whole_record = checkpoints.load(run.folder, "model")
    assert tensors.keys() == expected.keys() and all(np.array_equal(tensors[key], expected[key]) for key in expected)
    assert record == {key: whole_record[key] for key in ("step", "image_shape", "dataset_sha256")}
    assert (config, name) == (run.config.model_dump(mode="json", by_alias=True), "<b>$x$</b> ü")
    assert archive.export_weights(run, "best") != b"" and tensor_notes(weights)["program"].startswith("vae_core ")


def test_a_run_called_by_64_zeros_keeps_its_hash(tmp_path: Path) -> None:
    run = runs.create_run(tmp_path, runs.RunConfig(), "0" * 64)
    checkpoints.save(run.folder, "model", {"w": np.zeros(3, np.float32)}, {"step": 1, "image_shape": [1, 2, 2]})
    assert archive.read_weights(archive.export_weights(run))[3] == "0" * 64


def test_every_cut_is_noticed_and_no_flip_changes_what_is_read(whole: bytes, weights: bytes) -> None:
    """Each byte of a zip's directory or of a header, and others drawn over all.

    Only a date or a right of a member, which nobody reads, may be another one.
    """
    draw, held = random.Random(1), archive.read_archive(io.BytesIO(whole))
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        directory = range(opened.start_dir, len(whole))
    for content, look, first in (
        (whole, lambda content: archive.read_archive(io.BytesIO(content)), directory),
        (weights, archive.read_weights, range(120)),
    ):
        unnoticed = 0
        for place in [*first, *(draw.randrange(len(content)) for _ in range(ROUNDS))]:
            turned = bytearray(content)
            turned[place] ^= 1 << draw.randrange(8)
            with pytest.raises(CheckpointError, match=r"^[^\n]*\.$"):
                look(content[:place])
            try:
                found = look(bytes(turned))
            except CheckpointError as error:
                assert str(error).endswith(".") and "\n" not in str(error)
            else:
                assert content is whole and found == held
                unnoticed += 1
        assert unnoticed < len(directory) / 3
        with pytest.raises(CheckpointError):
            look(content + b"\0")


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_junk_is_one_sentence(content: bytes) -> None:
    for wrapped in (content, b"PK\x03\x04" + content, content + bytes(64)):
        refused(wrapped)
        with pytest.raises(CheckpointCorrupt, match=r"^[^\n]*\.$"):
            archive.read_weights(wrapped)


def test_a_forged_archive_with_right_hashes_is_read(whole: bytes) -> None:
    """What the refusals below change is what they are refused for."""
    assert read(forged(members_of(whole))) == read(whole)


NAMES = [
    "../evil.json",
    "/evil.json",
    "..\\evil.json",
    "C:\\evil.json",
    "film/../../config.json",
    "film/00000001.npz/x",
    "film/1.npz",
    "film/00000000.pkl",
    "config.json\n",
    "Config.json",
    "evaluation.json",
    ".lock",
    "worker.log",
    "control.json",
    "step-00000003.safetensors.exe",
    "inner.zip",
    "film/",
    "",
    "x" * 300,
    "ｃonfig.json",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_not_ours_is_refused(name: str, whole: bytes) -> None:
    refused(forged({**members_of(whole), name: b"{}"}))
    refused(zipped([(zipfile.ZipInfo(name), b"{}")]))


def test_a_name_behind_a_nul_is_refused(whole: bytes) -> None:
    entries = [(zipfile.ZipInfo(name), body) for name, body in members_of(whole).items()]
    refused(zipped(entries).replace(b"notes.json", b"notes.js\0n"))


def test_what_a_bomb_needs_is_refused(whole: bytes) -> None:
    """Compression, whatever the ratio; the same member twice; more members than a run has."""
    members = members_of(whole)
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        entries = [
            (zipfile.ZipInfo(name), body) for name, body in {**members, "metrics.jsonl": b" " * 10_000_000}.items()
        ]
        for info, _ in entries:
            info.compress_type = method
        content = zipped(entries)
        tracemalloc.start()
        refused(content)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()
    entries = [(zipfile.ZipInfo(name), body) for name, body in members.items()]
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped([*entries, entries[-1]])
    refused(twice)
    many = [(zipfile.ZipInfo(f"film/{number:08d}.npz"), b"") for number in range(archive.MAX_MEMBERS + 2)]
    refused(zipped([entries[0], *many]))


def test_a_directory_of_a_million_members_is_not_read(whole: bytes) -> None:
    """Each row of it would become an object, a gigabyte in all."""
    end = whole[-22:]
    row = b"PK\x01\x02" + bytes(42)
    directory = row * 1_000_000
    many = (
        whole[:-22]
        + directory
        + end[:8]
        + struct.pack("<2H2L", 0xFFFF, 0xFFFF, len(directory), len(whole) - 22)
        + b"\0\0"
    )
    tracemalloc.start()
    refused(many)
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_members_over_each_other_or_with_a_gap_between_are_refused(whole: bytes) -> None:
    """The directory points anywhere; members that share their bytes make a large run of a small file."""
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        start, entries = opened.start_dir, opened.infolist()
    rows = {
        entry.filename: start + sum(46 + len(other.filename) for other in entries[:place])
        for place, entry in enumerate(entries)
    }
    over = bytearray(whole)
    row = rows["model.safetensors"]
    over[row + 42 : row + 46] = struct.pack("<L", entries[2].header_offset)
    gap = zipped([(zipfile.ZipInfo(name), body) for name, body in members_of(whole).items()])
    moved = bytearray(gap[:start] + bytes(7) + gap[start:])
    moved[-6:-2] = struct.pack("<L", start + 7)
    for content in (over, moved):
        refused(bytes(content))


def change(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest.update(values)


MANIFESTS: list[Callable[[dict[str, Any]], object]] = [
    change(schema=None),
    change(schema="1"),
    change(schema=0),
    change(kind="dataset"),
    change(files=[]),
    change(files={}),
    change(files={"config.json": 3}),
    change(run=None),
    lambda manifest: manifest["files"].pop("config.json"),
    lambda manifest: manifest["files"]["config.json"].update(bytes=3),
    lambda manifest: manifest["files"]["config.json"].update(sha256="0" * 64),
    lambda manifest: manifest["files"]["config.json"].update(sha256=None),
    lambda manifest: manifest["files"].update({"longer.json": {"bytes": 1, "sha256": "0" * 64}}),
]


@pytest.mark.parametrize("edit", MANIFESTS)
def test_a_manifest_that_is_not_true_is_refused(edit: Callable[[dict[str, Any]], object], whole: bytes) -> None:
    refused(forged(members_of(whole), edit))


def test_an_archive_of_a_newer_program_says_so(whole: bytes, run: Run) -> None:
    message = refused(forged(members_of(whole), change(schema=2)), SchemaTooNew)
    assert message == "The exported run was written in format 2 and this program knows 1; update the program."
    newer = pack_tensors(
        {"w": np.zeros(1, np.float32)}, {"schema": "2", "config": "{}", "record": "{}", "sha256": "0" * 64}
    )
    newer = newer.replace(b"0" * 64, files.digest(newer).encode(), 1)
    with pytest.raises(SchemaTooNew):
        archive.read_weights(newer)


def test_other_weights_and_pickles_are_refused_by_what_they_are(run: Run) -> None:
    bare = (run.folder / "model.safetensors").read_bytes()
    with pytest.raises(CheckpointCorrupt, match="These weights contain no configuration"):
        archive.read_weights(bare)
    with pytest.raises(CheckpointCorrupt, match="This is a pickle or a torch file"):
        archive.read_weights(pickle.dumps({"a": 1}))
    for notes in ({"config": "[]", "record": "{}"}, {"config": "{", "record": "{}"}, {"config": "{}", "record": "3"}):
        content = pack_tensors({"w": np.zeros(1, np.float32)}, {"sha256": "0" * 64, **notes})
        with pytest.raises(CheckpointCorrupt, match="contain no configuration"):
            archive.read_weights(content.replace(b"0" * 64, files.digest(content).encode(), 1))


def test_a_running_run_is_exported_as_it_stands(run: Run, whole: bytes, tmp_path: Path) -> None:
    copy = archive.copy_run(run, tmp_path)
    copy.write_status(Status("running", step=3))
    with (copy.folder / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"split": "train", "st')
    (copy.folder / "step-00000009.safetensors").write_bytes(b"half")
    with files.lock(copy.lock_path):
        held = read(archive.export_run(copy))
    assert json.loads(held["status.json"])["state"] == "stopped" and "step-00000009.safetensors" not in held
    assert held["metrics.jsonl"] == read(whole)["metrics.jsonl"]
    with pytest.raises(CheckpointCorrupt, match="missing"):
        archive.export_run(copy)


def test_a_damaged_run_is_not_exported(run: Run, tmp_path: Path) -> None:
    copy = archive.copy_run(run, tmp_path)
    content = bytearray((copy.folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (copy.folder / "model.safetensors").write_bytes(content)
    for export in (archive.export_run, archive.export_weights):
        with pytest.raises(CheckpointCorrupt, match=r"model\.safetensors was cut short or changed"):
            export(copy)
    files.remove_tree(copy.folder)
    with pytest.raises(RunNotFound, match="is gone"):
        archive.export_run(copy)


def test_a_copy_is_ones_own_and_the_first_stays(run: Run, whole: bytes, tmp_path: Path) -> None:
    copy = archive.copy_run(run, tmp_path / "new" / "root")
    assert copy.id != run.id and copy.config == run.config and copy.status() == run.status()
    assert copy.notes().name == run.name and copy.notes().notes == "A copy of mine."
    assert read_records(copy.folder / "metrics.jsonl") == read_records(run.folder / "metrics.jsonl")
    assert archive.export_run(run) == whole
    assert [path.name for path in copy.folder.parent.iterdir()] == [copy.id], "no temporary folder is left"
    assert copy.folder.stat().st_mode & 0o777 == run.folder.stat().st_mode & 0o777, "as the umask says"


def test_what_a_killed_copy_left_is_swept_and_what_is_at_work_is_not(run: Run, tmp_path: Path) -> None:
    for name in (".partial-old", ".partial-new"):
        (tmp_path / name / "run").mkdir(parents=True)
    long_ago = time.time() - 2 * install.ABANDONED_SECONDS
    os.utime(tmp_path / ".partial-old", (long_ago, long_ago))
    copy = archive.copy_run(run, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".partial-new", copy.id}
