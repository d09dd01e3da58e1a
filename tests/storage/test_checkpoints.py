"""A checkpoint is whole or it is not there, whatever dies or fails; and a damaged one is never believed."""

from __future__ import annotations

import errno
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.errors import CheckpointCorrupt, CheckpointError, DiskError, RunNotFound, SchemaTooNew
from vae_core.storage import checkpoints, files
from vae_core.storage.arrays import pack_tensors
from vae_core.storage.paths import PROJECT_ROOT

STEP = checkpoints.step_name


def tensors_of(step: int, size: int = 5) -> dict[str, Any]:
    return {"model.w": np.full(size, step, np.float32), "optimizer.w.step": np.array(step, np.float32)}


def save_step(folder: Path, step: int) -> None:
    checkpoints.save(folder, STEP(step), tensors_of(step), {"step": step, "loss": step / 7})


def assert_step(found: tuple[dict[str, Any], dict[str, Any]] | None, step: int) -> None:
    assert found is not None
    tensors, record = found
    assert record["step"] == step and record["loss"] == step / 7
    for name, expected in tensors_of(step).items():
        assert tensors[name].dtype == expected.dtype and np.array_equal(tensors[name], expected)


def forge(folder: Path, name: str, content: bytes, **changes: Any) -> None:
    """A checkpoint of these bytes whose hashes are right, as somebody with a text editor could make one."""
    weights = f"{name}.safetensors"
    (folder / weights).write_bytes(content)
    proof = {weights: {"bytes": len(content), "sha256": files.digest(content)}}
    document = {"schema": 1, "step": 1, "files": proof, **changes}
    own = files.digest(files.json_bytes(document))
    (folder / f"{name}.json").write_bytes(files.json_bytes({**document, "sha256": own}))


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """The weights and the JSON of a whole checkpoint at step 5, with a whole one of step 4 before it."""
    save_step(tmp_path, 4)
    save_step(tmp_path, 5)
    return tmp_path / f"{STEP(5)}.safetensors", tmp_path / f"{STEP(5)}.json"


def test_round_trip(tmp_path: Path) -> None:
    assert checkpoints.load_newest(tmp_path) is None
    assert checkpoints.steps(tmp_path) == []
    for step in (9, 10, 123_456_789):
        save_step(tmp_path, step)
        assert_step(checkpoints.load(tmp_path, STEP(step)), step)
        assert_step(checkpoints.load_newest(tmp_path), step)
    assert checkpoints.steps(tmp_path) == [123_456_789, 10, 9]
    record = checkpoints.load(tmp_path, STEP(9))[1]
    assert record["schema"] == 1
    weights = tmp_path / f"{STEP(9)}.safetensors"
    assert record["files"] == {
        weights.name: {"bytes": weights.stat().st_size, "sha256": files.file_digest(weights)},
    }


def test_whatever_fails_the_newest_is_the_old_or_the_new(every_fault: Any) -> None:
    def action(folder: Path) -> None:
        save_step(folder, 3)
        checkpoints.prune(folder)

    def prepare(folder: Path) -> None:
        save_step(folder, 1)
        save_step(folder, 2)

    count = 0
    for fault in every_fault(prepare, action):
        count += 1
        assert fault.raised is not None
        newest = checkpoints.load_newest(fault.folder)
        assert newest is not None
        step = newest[1]["step"]
        assert step in ((2, 3) if fault.log.count("replace") == 2 else (2,)), "the JSON's rename is what makes it count"
        for listed in checkpoints.steps(fault.folder):
            assert_step(checkpoints.load(fault.folder, STEP(listed)), listed)
        if isinstance(fault.raised, DiskError):
            assert str(fault.raised).endswith(".") and not list(fault.folder.glob(".*.tmp"))
        files.sweep_temporaries(fault.folder)
        checkpoints.drop_after(fault.folder, step)
        action(fault.folder)
        assert_step(checkpoints.load_newest(fault.folder), 3)
        left = {path.stem for path in fault.folder.iterdir()}
        assert left == {STEP(2), STEP(3)}, "nothing of an earlier try stays behind"
    assert count >= 7 * 18, "each of the calls was to fail in each way"


def test_a_full_disk_says_so(every_fault: Any) -> None:
    told = {
        str(fault.raised)
        for fault in every_fault(lambda folder: None, lambda folder: save_step(folder, 1))
        if fault.way == errno.ENOSPC and "write" in fault.log
    }
    assert any(text.startswith(f"The disk is full: '{STEP(1)}.safetensors' was not saved") for text in told)


WRITER = """
import os, signal, sys, random, time
from pathlib import Path
import numpy as np
from vae_core.storage import checkpoints, files

folder, kills, draw = Path(sys.argv[1]), int(sys.argv[2]), random.Random(0)

def tensors_of(step):
    return {"w": np.random.default_rng(step).standard_normal(20_000, dtype=np.float32)}

def start():
    files.sweep_temporaries(folder)
    found = checkpoints.load_newest(folder)
    step = found[1]["step"] if found else 0
    if found:
        assert np.array_equal(found[0]["w"], tensors_of(step)["w"]), f"step {step} holds other weights"
    checkpoints.drop_after(folder, step)
    return step

def write(step, told):
    while True:
        step += 1
        checkpoints.save(folder, checkpoints.step_name(step), tensors_of(step), {"step": step})
        os.write(told, b"%12d" % step)
        checkpoints.prune(folder)

began, torn = time.monotonic(), 0
for step in range(1, 11):
    checkpoints.save(folder, checkpoints.step_name(step), tensors_of(step), {"step": step})
one_save = (time.monotonic() - began) / 10
for _ in range(kills):
    before = start()
    read, told = os.pipe()
    writer = os.fork()
    if writer == 0:
        write(before, told)
    os.close(told)
    said = [os.read(read, 12) for _ in range(draw.randrange(4))]  # waits for as many saves, however long they take
    time.sleep(draw.uniform(0.0, 2 * one_save))
    os.kill(writer, signal.SIGKILL)
    assert os.waitpid(writer, 0)[1] == signal.SIGKILL, "the writer ended by itself"
    said.append(os.read(read, 1_000_000))
    os.close(read)
    saved = b"".join(said)
    last = int(saved[-12:]) if saved else before
    weights = {path.stem for path in folder.glob("step-*.safetensors")}
    torn += bool(list(folder.glob(".*.tmp")) or weights - {path.stem for path in folder.glob("step-*.json")})
    assert start() in (last, last + 1)
checkpoints.prune(folder)
assert len(list(folder.iterdir())) == 2 * checkpoints.KEPT_STEPS, "leftovers pile up"
print(start(), torn)
"""


@pytest.mark.slow
def test_80_kills_of_a_writer_never_cost_a_checkpoint(tmp_path: Path) -> None:
    """Each kill hits a real process at a random moment; it had said which step was its last."""
    outcome = subprocess.run(
        [sys.executable, "-W", "error", "-c", WRITER, tmp_path, "80"], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr
    steps, torn = map(int, outcome.stdout.split())
    assert steps > 60, "the writers hardly wrote"
    assert torn >= 4, "hardly a kill fell into the middle of a save"


def test_every_truncation_of_the_weights_is_noticed(pair: tuple[Path, Path]) -> None:
    weights, _ = pair
    content = weights.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    body = random.Random(0).choices(range(header, len(content)), k=200)
    began = time.process_time()
    for length in [*range(header), *body]:
        weights.write_bytes(content[:length])
        with pytest.raises(CheckpointCorrupt, match=r"was cut short or changed; use another checkpoint\.$"):
            checkpoints.load(weights.parent, STEP(5))
        assert_step(checkpoints.load_newest(weights.parent), 4)
    assert (time.process_time() - began) / (header + 200) < 0.1, "each is refused without much work"


def test_every_truncation_of_the_json_is_noticed(pair: tuple[Path, Path]) -> None:
    _, record = pair
    content = record.read_bytes()
    for length in range(len(content) - 1):  # the line's end is no loss
        record.write_bytes(content[:length])
        with pytest.raises(CheckpointCorrupt):
            checkpoints.load(record.parent, STEP(5))
        assert_step(checkpoints.load_newest(record.parent), 4)


def test_one_bit_flipped_anywhere_is_noticed(tmp_path: Path) -> None:
    checkpoints.save(tmp_path, STEP(5), tensors_of(5, 2_000), {"step": 5, "best": [3, 105.25], "notes": ["ü"]})
    draw = random.Random(0)
    for suffix in (".safetensors", ".json"):
        path = tmp_path / f"{STEP(5)}{suffix}"
        content = path.read_bytes()
        header = len(content) if suffix == ".json" else 8 + int.from_bytes(content[:8], "little")
        places = [(byte, bit) for byte in range(header) for bit in (range(8) if suffix == ".json" else [byte % 8])]
        places += [
            divmod(draw.randrange(8 * header, 8 * len(content) + 1), 8) for _ in range(1_000) if header < len(content)
        ]
        whole = checkpoints.load(tmp_path, STEP(5))
        for byte, bit in places:
            if byte == len(content):
                continue
            flipped = content[:byte] + bytes([content[byte] ^ (1 << bit)]) + content[byte + 1 :]
            path.write_bytes(flipped)
            assert_refused_or_same(tmp_path, whole, refused=suffix == ".safetensors")
        path.write_bytes(content)


def assert_refused_or_same(folder: Path, whole: tuple[dict[str, Any], dict[str, Any]], refused: bool) -> None:
    """A bit in the JSON's white space changes nothing; any other one is an error of ours."""
    try:
        tensors, record = checkpoints.load(folder, STEP(5))
    except CheckpointError:
        return
    assert not refused
    assert record == whole[1]
    assert all(np.array_equal(tensors[name], value) for name, value in whole[0].items())


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(500), bytes(64)])
def test_another_file_under_the_name_is_noticed(content: bytes, pair: tuple[Path, Path]) -> None:
    pair[0].write_bytes(content)
    with pytest.raises(CheckpointCorrupt, match="cut short or changed"):
        checkpoints.load(pair[0].parent, STEP(5))
    forge(pair[0].parent, STEP(5), content)
    with pytest.raises(CheckpointCorrupt, match="use an earlier checkpoint"):
        checkpoints.load(pair[0].parent, STEP(5))


def test_trailing_bytes_are_noticed(pair: tuple[Path, Path]) -> None:
    content = pair[0].read_bytes() + b"\0"
    pair[0].write_bytes(content)
    with pytest.raises(CheckpointCorrupt, match="cut short or changed"):
        checkpoints.load(pair[0].parent, STEP(5))
    forge(pair[0].parent, STEP(5), content)
    with pytest.raises(CheckpointCorrupt, match="does not hold the tensors it declares"):
        checkpoints.load(pair[0].parent, STEP(5))


def assert_refused(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(pack_tensors(tensors_of(1)))
    (folder / "model.json").write_bytes(content)
    with pytest.raises(CheckpointCorrupt):
        checkpoints.load(folder, "model")


@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_junk_for_json_is_one_typed_error(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    assert_refused(tmp_path_factory.getbasetemp(), junk)


json_values = st.recursive(
    st.none() | st.integers(-3, 3) | st.sampled_from(["sha256", "model.safetensors", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sha256", "bytes"]), inner),
)


@given(st.dictionaries(st.sampled_from(["schema", "step", "files", "sha256"]), json_values))
def test_any_json_is_one_typed_error(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    assert_refused(tmp_path_factory.getbasetemp(), json.dumps(document).encode())


def test_deeply_nested_json_is_one_typed_error(pair: tuple[Path, Path]) -> None:
    nested = '{"schema": 1, "files": {"step-00000005.safetensors": {"sha256": ""}}, "a": ' + "[" * 900 + "]" * 900 + "}"
    pair[1].write_text(nested)
    with pytest.raises(CheckpointCorrupt):
        checkpoints.load(pair[1].parent, STEP(5))


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_a_missing_half_is_named_and_passed_over(suffix: str, pair: tuple[Path, Path]) -> None:
    folder = pair[0].parent
    (folder / f"{STEP(5)}{suffix}").unlink()
    with pytest.raises(CheckpointCorrupt, match=rf"^{STEP(5)}{suffix} is missing from .*; use another checkpoint\.$"):
        checkpoints.load(folder, STEP(5))
    assert_step(checkpoints.load_newest(folder), 4)


def test_where_all_are_damaged_the_newest_is_named(pair: tuple[Path, Path]) -> None:
    folder = pair[0].parent
    for path in folder.glob("*.safetensors"):
        path.write_bytes(b"x")
    with pytest.raises(CheckpointCorrupt, match=STEP(5)):
        checkpoints.load_newest(folder)


def test_a_newer_format_is_not_passed_over(pair: tuple[Path, Path]) -> None:
    """Going back to an older one in silence would throw away what the newer program has trained."""
    forge(pair[0].parent, STEP(5), pair[0].read_bytes(), schema=2)
    with pytest.raises(SchemaTooNew, match=r"was written in format 2 and this program knows 1; update the program\.$"):
        checkpoints.load_newest(pair[0].parent)
    forge(pair[0].parent, STEP(5), pair[0].read_bytes(), schema=None)
    assert_step(checkpoints.load_newest(pair[0].parent), 4)


def test_what_was_loaded_stays_when_it_is_saved_over(tmp_path: Path) -> None:
    checkpoints.save(tmp_path, "best", tensors_of(1, 100_000), {"step": 1})
    loaded, _ = checkpoints.load(tmp_path, "best")
    checkpoints.save(tmp_path, "best", tensors_of(2, 100_000), {"step": 2})
    assert (loaded["model.w"] == 1).all()
    assert (checkpoints.load(tmp_path, "best")[0]["model.w"] == 2).all()


def test_prune_keeps_the_last_two_and_takes_orphans(tmp_path: Path) -> None:
    for step in range(1, 6):
        save_step(tmp_path, step)
    (tmp_path / f"{STEP(2)}.json").unlink()  # a kill in the middle of pruning
    checkpoints.save(tmp_path, "model", tensors_of(5), {"step": 5})
    checkpoints.save(tmp_path, checkpoints.best_name(3), tensors_of(3), {"step": 3})
    checkpoints.prune(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {STEP(4), STEP(5), "model", checkpoints.best_name(3)}


def test_drop_after_frees_the_names(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_step(tmp_path, step)
        checkpoints.save(tmp_path, checkpoints.best_name(step), tensors_of(step), {"step": step})
    (tmp_path / f"{STEP(3)}.json").write_bytes(b"")
    (tmp_path / f"{STEP(4)}.safetensors").write_bytes(b"")
    checkpoints.save(tmp_path, "model", tensors_of(9), {"step": 9})
    checkpoints.drop_after(tmp_path, 2)
    kept = {STEP(1), STEP(2), checkpoints.best_name(1), checkpoints.best_name(2), "model"}
    assert {path.stem for path in tmp_path.iterdir()} == kept


def test_best_is_the_newest_whole_one_and_is_published_at_the_end(tmp_path: Path) -> None:
    assert checkpoints.load_best(tmp_path) is None
    checkpoints.publish_best(tmp_path)
    assert list(tmp_path.iterdir()) == []
    for step in (10, 200):
        checkpoints.save(tmp_path, checkpoints.best_name(step), tensors_of(step), {"step": step, "target": 1 / step})
    (tmp_path / f"{checkpoints.best_name(200)}.safetensors").write_bytes(b"")
    found = checkpoints.load_best(tmp_path)
    assert found is not None and found[1]["step"] == 10
    checkpoints.drop_best(tmp_path, keep=checkpoints.best_name(10))
    checkpoints.publish_best(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"best.json", "best.safetensors"}
    tensors, record = checkpoints.load(tmp_path, "best")
    assert record["target"] == 0.1 and (tensors["model.w"] == 10).all()


def test_whatever_fails_while_publishing_the_best_is_there(every_fault: Any) -> None:
    """Also where a run was made longer, so that a `best` of its first part stands there already."""

    def prepare(folder: Path) -> None:
        checkpoints.save(folder, "best", tensors_of(1), {"step": 1})
        checkpoints.save(folder, checkpoints.best_name(2), tensors_of(2), {"step": 2})

    for fault in every_fault(prepare, checkpoints.publish_best):
        found = checkpoints.load_best(fault.folder)
        assert found is not None and found[1]["step"] == 2 and (found[0]["model.w"] == 2).all()
        shutil.rmtree(fault.folder)


def test_another_run_starts_from_a_kept_step(tmp_path: Path) -> None:
    save_step(tmp_path, 7)
    checkpoints.save(tmp_path, "best", tensors_of(3), {"step": 3})
    checkpoints.save(tmp_path, "model", tensors_of(9), {"step": 9})
    assert checkpoints.kept_steps(tmp_path) == {3: "best", 7: STEP(7), 9: "model"}
    tensors, _ = checkpoints.load_step(tmp_path, 7)
    assert set(tensors) == {"model.w"} and (tensors["model.w"] == 7).all()
    with pytest.raises(RunNotFound, match=r"keeps no step 8; it keeps 3, 7, 9\.$"):
        checkpoints.load_step(tmp_path, 8)
    (tmp_path / "model.json").write_bytes(b"{}")
    (tmp_path / "best.json").write_bytes(b"?")
    assert checkpoints.kept_steps(tmp_path) == {7: STEP(7)}
