"""What comes from outside becomes a run with the same figures, or is refused in one sentence and leaves nothing behind."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.finished import everything_in, forged, members_of, train_small
from vae_core.archives import archive
from vae_core.archives.importing import import_run, verify
from vae_core.config import SCHEMA
from vae_core.errors import (
    CheckpointCorrupt,
    CheckpointIncompatible,
    ConfigError,
    DiskError,
    LatentLabError,
    NameInvalid,
    RunLocked,
    RunNotFound,
    SchemaTooNew,
)
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import checkpoints, files, paths, runs
from vae_core.storage.arrays import pack_bundle, pack_tensors, tensor_notes, unpack_bundle, unpack_tensors
from vae_core.storage.runs import Run, list_runs
from vae_core.training.driver import Driver

Members = dict[str, bytes]
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_small(tmp_path_factory.mktemp("incoming"), "mine", "Mine", likelihood="gaussian-learned")


def figures(run: Run) -> dict[str, Any]:
    return {key: value for key, value in evaluate_run(run).items() if key != "run"}


def refused(root: Path, content: bytes, error: type[LatentLabError], match: str | None = None) -> str:
    """One sentence, and no file more or less than before, in the folder or beside it."""
    before = everything_in(root.parent)
    with pytest.raises(error, match=match) as raised:
        import_run(root, content)
    assert everything_in(root.parent) == before
    assert str(raised.value).endswith(".") and "\n" not in str(raised.value)
    return str(raised.value)


def test_an_imported_run_is_the_same_run(run: Run, whole: bytes, runs_root: Path) -> None:
    imported = import_run(runs_root, whole)
    assert (imported.id, imported.name, imported.config, imported.status()) == (
        "mine",
        "Mine",
        run.config,
        run.status(),
    )
    assert figures(imported) == figures(run) and archive.export_run(imported) == whole
    again = import_run(runs_root, io.BytesIO(whole), " <b>Other</b> ")
    assert (again.id, again.name) == ("mine-2", "<b>Other</b>")
    assert sorted(path.name for path in runs_root.iterdir()) == ["mine", "mine-2"], "nothing temporary is left"
    assert len(list_runs(runs_root)[0]) == 2
    with (paths.SHIPPED_RUNS / "example-vae-2d" / "config.json").open("rb") as stream:
        refused(runs_root, stream.read(), CheckpointCorrupt)


def test_an_archive_of_version_0_1_is_imported(runs_root: Path) -> None:
    """It ends with a comment, the SHA-256 of all that stands before, which later ones do without."""
    content = (GOLDEN / "export-with-comment.zip").read_bytes()
    imported = import_run(runs_root, content)
    assert (imported.id, imported.name, imported.state()) == ("of-old", "Of an earlier program", "done")
    assert figures(imported)["step"] == 1
    later, held = members_of(archive.export_run(imported)), members_of(content)
    assert later.keys() == held.keys()
    assert {name for name, body in held.items() if body != later[name]} <= {"manifest.json", "status.json"}


def test_an_imported_run_goes_on_with_the_same_bits(run: Run, whole: bytes, runs_root: Path, tmp_path: Path) -> None:
    here, there = archive.copy_run(run, tmp_path / "here"), import_run(runs_root, whole)
    for each in (here, there):
        Driver(runs.extend_run(each, 2)).drive()
    for name in ("model.safetensors", "best.safetensors"):
        assert (here.folder / name).read_bytes() == (there.folder / name).read_bytes()


def test_a_running_run_comes_as_a_stopped_one(whole: bytes, runs_root: Path) -> None:
    status = {"schema": 1, "state": "running", "step": 3, "total_steps": 9}
    imported = import_run(runs_root, forged({**members_of(whole), "status.json": files.json_bytes(status)}))
    assert (imported.state(), imported.status().step) == ("stopped", 3)


def test_weights_alone_become_a_run(run: Run, weights: bytes, runs_root: Path) -> None:
    imported = import_run(runs_root, weights)
    assert (imported.name, imported.state(), imported.config) == ("Mine", "done", run.config)
    assert figures(imported) == figures(run)
    assert import_run(runs_root, weights, "Other").name == "Other"


def replaced(name: str, content: bytes) -> Callable[[Members], Members]:
    return lambda members: {**members, name: content}


def document(file: str, **changes: Any) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        return {**members, file: json.dumps({**json.loads(members[file]), **changes}).encode()}

    return change


def without(*names: str) -> Callable[[Members], Members]:
    return lambda members: {name: body for name, body in members.items() if name not in names}


def record(line: str) -> Callable[[Members], Members]:
    return lambda members: {**members, "metrics.jsonl": members["metrics.jsonl"] + line.encode() + b"\n"}


def checkpoint(name: str, tensors: Callable[[dict[str, Any]], Any], **changes: Any) -> Callable[[Members], Members]:
    """Other weights with hashes that are right."""

    def change(members: Members) -> Members:
        content = pack_tensors(tensors(unpack_tensors(members[f"{name}.safetensors"])))
        found = json.loads(members[f"{name}.json"]) | changes
        found["files"] = {f"{name}.safetensors": {"bytes": len(content), "sha256": files.digest(content)}}
        found["sha256"] = checkpoints._own_digest(found)
        return {**members, f"{name}.safetensors": content, f"{name}.json": json.dumps(found).encode()}

    return change


def bundle(name: str, **changes: Any) -> Callable[[Members], Members]:
    return lambda members: {**members, name: pack_bundle({**unpack_bundle(members[name]), **changes})}


def newer_bundle(members: Members) -> Members:
    buffer = io.BytesIO()
    np.savez(buffer, **unpack_bundle(members[FRAME]), schema=np.int64(2))
    return {**members, FRAME: buffer.getvalue()}


def compressed(name: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, **unpack_bundle(members[name]), schema=np.int64(1), more=np.zeros(40_000_000, np.uint8)
        )
        return {**members, name: buffer.getvalue()}

    return change


def changed(name: str, value: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda tensors: {**tensors, name: value(tensors[name])}


BIAS = "model.decoder.0.bias"
SAME: Callable[[Any], Any] = lambda tensors: tensors  # noqa: E731
FRAME = "film/00000001.npz"
CORRUPT = CheckpointCorrupt
HOSTILE: dict[str, tuple[Callable[[Members], Members], type[LatentLabError], str]] = {
    "no configuration": (without("config.json"), CORRUPT, "was not exported by this program"),
    "no status": (without("status.json"), CORRUPT, "was not exported by this program"),
    "weights without their proof": (without("model.json"), CORRUPT, "model.json is missing"),
    "a proof without weights": (without("model.safetensors"), CORRUPT, "model.safetensors is missing"),
    "an unknown setting": (document("config.json", colour=1), ConfigError, "no setting called 'colour'"),
    "a newer configuration": (document("config.json", schema=SCHEMA + 1), SchemaTooNew, "update the program"),
    "a newer status": (document("status.json", schema=2), SchemaTooNew, "update the program"),
    "a newer checkpoint": (checkpoint("model", SAME, schema=2), SchemaTooNew, "update the program"),
    "no JSON": (replaced("config.json", b"\xff"), CORRUPT, "config.json is damaged"),
    "deep JSON": (replaced("notes.json", b"[" * 100_000), CORRUPT, "notes.json is damaged"),
    "another state": (document("status.json", state="flying"), CORRUPT, "status.json is damaged"),
    "an endless speed": (document("status.json", images_per_second=float("inf")), CORRUPT, "images_per_second is inf"),
    "a step beyond all": (document("status.json", step=10**30), CORRUPT, "step is a number out of range"),
    "a name of 300 letters": (document("notes.json", name="x" * 300), NameInvalid, "at most 80 printable"),
    "a name of two lines": (document("notes.json", name="a\nb"), NameInvalid, "at most 80 printable"),
    "a book of notes": (document("notes.json", notes="x" * 10_001), NameInvalid, "shorten them"),
    "a record of words": (record('{"split": "train", "step": 9, "epoch": 1, "loss": "<b>"}'), CORRUPT, "not a record"),
    "an infinite record": (record('{"split": "train", "step": 9, "epoch": 1, "loss": 1e999}'), CORRUPT, "not a record"),
    "a record of nothing": (record('{"step": 9}'), CORRUPT, "not a record"),
    "a line that is no record": (record("[]"), CORRUPT, "not a record"),
    "other weights under the same proof": (replaced("model.safetensors", b"x" * 100), CORRUPT, "cut short or changed"),
    "a pickle for weights": (replaced("best.safetensors", pickle.dumps([1])), CORRUPT, "cut short or changed"),
    "other weights": (checkpoint("model", changed(BIAS, lambda w: w[:-1])), CheckpointIncompatible, "another network"),
    "weights too many": (checkpoint("model", lambda t: {**t, "model.x": t[BIAS]}), CheckpointIncompatible, "model.x 8"),
    "weights of another kind": (
        checkpoint("best", lambda t: {**t, "x.y": t[BIAS]}),
        CheckpointIncompatible,
        "x.y is unknown",
    ),
    "weights too few": (checkpoint("best", lambda t: {BIAS: t[BIAS]}), CheckpointIncompatible, "missing in the file"),
    "whole numbers": (
        checkpoint("model", changed(BIAS, lambda w: w.astype(np.int32))),
        CheckpointIncompatible,
        "int32, not float32",
    ),
    "not a number": (
        checkpoint("model", changed(BIAS, lambda w: w * np.nan)),
        CORRUPT,
        f"{BIAS} contain values that are not",
    ),
    "another network": (
        document("config.json", model={"model": "vae", "hidden": [9]}),
        CheckpointIncompatible,
        "another network",
    ),
    "an optimizer of another network": (
        checkpoint("step-00000003", changed(f"optimizer.{BIAS}.exp_avg", lambda w: w[:-1])),
        CheckpointIncompatible,
        "fits none of them",
    ),
    "other images": (checkpoint("model", SAME, image_shape=[1, 28, 27]), CORRUPT, "agree on the size"),
    "images of no size": (checkpoint("model", SAME, image_shape=[1, 0, 28]), CORRUPT, "image_shape.1 is 0"),
    "images of all sizes": (checkpoint("model", SAME, image_shape=[1, 10**9, 28]), CORRUPT, "image_shape.1 is 10000"),
    "images of words": (checkpoint("model", SAME, image_shape="28x28"), CORRUPT, "image_shape is '28x28'"),
    "no step": (checkpoint("model", SAME, step=None), CORRUPT, "step is None"),
    "another step": (checkpoint("step-00000003", SAME, step=4), CORRUPT, "not of the step"),
    "records that are not there": (
        checkpoint("step-00000003", SAME, metrics_bytes=10**9),
        CORRUPT,
        "longer than it is",
    ),
    "a film of objects": (
        lambda members: {**members, FRAME: objects(Path("never"))},
        CORRUPT,
        "holds objects in place of numbers",
    ),
    "a film that unpacks": (compressed(FRAME), CORRUPT, "compressed"),
    "a film that is none": (replaced(FRAME, b"\xff\xd8\xff\xe0"), CORRUPT, "not a bundle of arrays"),
    "a film without subjects": (without("film/subjects.npz"), CORRUPT, "missing"),
    "a newer film": (newer_bundle, SchemaTooNew, "update the program"),
    "a film of other codes": (bundle(FRAME, mean=np.zeros((1, 7), np.float16)), CORRUPT, "does not fit the run"),
    "a film of other pictures": (
        bundle(FRAME, reconstructions=np.zeros((1, 1, 2, 2), np.uint8)),
        CORRUPT,
        "does not fit",
    ),
    "a film of another step": (
        bundle(FRAME, note=np.frombuffer(b'{"step": 7, "epoch": 1.0, "figures": {}}', np.uint8)),
        CORRUPT,
        "not of the step",
    ),
    "labels without a name": (bundle("film/subjects.npz", labels=np.full(1000, 77)), CORRUPT, "labels without a name"),
    "subjects of another size": (
        bundle("film/subjects.npz", inputs=np.zeros((9, 1, 2, 2), np.uint8)),
        CORRUPT,
        "not images",
    ),
    "figures of words": (
        replaced("figures.json", b'{"schema": 1, "dataset": "x", "weights_sha256": "y"}'),
        CORRUPT,
        "figures.json is damaged",
    ),
}


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def objects(sentinel: Path) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, schema=np.int64(1), mean=np.array([Bomb(sentinel)], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_archive_with_right_hashes_and_a_wrong_part_is_refused(kind: str, whole: bytes, runs_root: Path) -> None:
    change, error, match = HOSTILE[kind]
    refused(runs_root, forged(change(members_of(whole))), error, match)


def test_a_pickle_in_any_clothes_is_refused_and_not_run(whole: bytes, runs_root: Path, tmp_path: Path) -> None:
    sentinel = tmp_path / "executed"
    clothes = [pickle.dumps(Bomb(sentinel), protocol) for protocol in range(6)] + [objects(sentinel)]
    torch_zip = io.BytesIO()
    with zipfile.ZipFile(torch_zip, "w") as opened:
        opened.writestr("archive/data.pkl", clothes[2])
    assert "export the weights as safetensors" in refused(runs_root, torch_zip.getvalue(), CheckpointCorrupt)
    for content in clothes:
        refused(runs_root, content, CheckpointCorrupt)
        for name in (FRAME, "film/subjects.npz", "model.safetensors", "metrics.jsonl", "config.json"):
            refused(runs_root, forged({**members_of(whole), name: content}), LatentLabError)
    assert not sentinel.exists()
    pickle.loads(clothes[4])  # noqa: S301
    assert sentinel.exists(), "the bomb would have gone off"


def rewritten(content: bytes, **changes: str) -> bytes:
    """Exported weights with other notes, and a hash that is right."""
    notes = {**tensor_notes(content), **changes, "sha256": "0" * 64}
    packed = pack_tensors(unpack_tensors(content), {key: value for key, value in notes.items() if key != "schema"})
    return packed.replace(b"0" * 64, files.digest(packed).encode(), 1)


WEIGHTS: list[tuple[dict[str, str], type[LatentLabError], str]] = [
    ({"config": '{"schema": 1, "model": {"latent": 3}}'}, CheckpointIncompatible, "another network"),
    ({"config": f'{{"schema": {SCHEMA + 1}}}'}, SchemaTooNew, "update the program"),
    ({"config": '{"colour": 1}'}, ConfigError, "no setting called"),
    ({"record": '{"step": 1, "image_shape": [1, 14, 14]}'}, CheckpointIncompatible, "another network"),
    ({"record": '{"step": -1, "image_shape": [1, 28, 28]}'}, CheckpointCorrupt, "step is -1"),
    ({"record": '{"step": 1, "image_shape": [1, 1e9, 28]}'}, CheckpointCorrupt, "image_shape.1 is 1000000000.0"),
    ({"name": "x" * 300}, NameInvalid, "at most 80"),
]


@pytest.mark.parametrize(("changes", "error", "match"), WEIGHTS)
def test_weights_with_a_wrong_note_are_refused(
    changes: dict[str, str], error: type[LatentLabError], match: str, weights: bytes, runs_root: Path
) -> None:
    import_run(runs_root, rewritten(weights))
    refused(runs_root, rewritten(weights, **changes), error, match)


def test_a_header_that_declares_huge_tensors_allocates_nothing(runs_root: Path) -> None:
    entry = {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}
    text = json.dumps({"__metadata__": {"schema": "1"}, "w": entry}).encode()
    refused(runs_root, len(text).to_bytes(8, "little") + text + bytes(64), CheckpointCorrupt)
    refused(runs_root, (2**62).to_bytes(8, "little") + bytes(64), CheckpointCorrupt)


@pytest.mark.parametrize("name", ["x" * 300, "two\nlines", "nul\0"])
def test_a_name_that_is_none_is_refused_before_anything(name: str, whole: bytes, runs_root: Path) -> None:
    with pytest.raises(NameInvalid):
        import_run(runs_root, whole, name)
    assert list(runs_root.iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "<img onerror=x>", "![](http://host/x)", "=cmd()", "a/b\\c"])
def test_a_name_is_text_and_never_a_path(name: str, whole: bytes, runs_root: Path) -> None:
    imported = import_run(runs_root, whole, name)
    assert imported.name == name and [path.name for path in runs_root.iterdir()] == [imported.id]


def test_a_failing_disk_leaves_nothing_behind(whole: bytes, runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(files.SystemCalls):
        def replace(self, source: Path, target: Path) -> None:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "system", Full())
    refused(runs_root, whole, DiskError, "The disk is full")


def test_weights_copied_in_by_hand_are_checked_and_then_used(run: Run, whole: bytes, runs_root: Path) -> None:
    made = import_run(runs_root, whole)
    for name in ("model.json", "status.json", "best.json", "best.safetensors"):
        files.remove(made.folder / name)
    with pytest.raises(RunNotFound):
        verify(runs_root, "nowhere")
    with files.lock(made.lock_path), pytest.raises(RunLocked):
        verify(runs_root, made.id)
    checked = verify(runs_root, made.id)
    assert (checked.state(), list_runs(runs_root)) == ("done", ([checked], []))
    assert figures(checked) == {**figures(run), "step": 0}, "the step is all that nobody can know any more"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda t: {**t, BIAS: t[BIAS][:-1]}, CheckpointIncompatible),
        (lambda t: {**t, BIAS: t[BIAS] * np.inf}, CheckpointCorrupt),
        (None, CheckpointCorrupt),
    ],
)
def test_wrong_weights_copied_in_by_hand_are_refused(
    change: Callable[[Any], Any] | None, error: type[LatentLabError], whole: bytes, runs_root: Path
) -> None:
    made = import_run(runs_root, whole)
    files.remove(made.folder / "model.json")
    path = made.folder / "model.safetensors"
    path.write_bytes(b"PK" if change is None else pack_tensors(change(unpack_tensors(path.read_bytes()))))
    before = everything_in(made.folder)
    with pytest.raises(error):
        verify(runs_root, made.id)
    assert [name for name in everything_in(made.folder) if name != ".lock"] == before


def test_exported_weights_put_into_a_folder_by_hand_say_their_size(weights: bytes, run: Run, runs_root: Path) -> None:
    folder = runs_root / "by-hand"
    folder.mkdir()
    (folder / "config.json").write_bytes((run.folder / "config.json").read_bytes())
    (folder / "model.safetensors").write_bytes(weights)
    verified = verify(runs_root, "by-hand")
    assert (figures(verified), verified.status().step) == (figures(run), 3)
