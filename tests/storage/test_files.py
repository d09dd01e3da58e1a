from __future__ import annotations

import errno
import itertools
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.errors import CheckpointCorrupt, DiskError
from vae_core.storage import files
from vae_core.storage.paths import PROJECT_ROOT

OLD, NEW = b"old " * 2_000, b"new content " * 1_000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("durable", [True, False])
def test_whatever_fails_the_file_is_old_or_new(durable: bool, every_fault: Any) -> None:
    def prepare(folder: Path) -> None:
        (folder / "a.json").write_bytes(OLD)

    count = 0
    for fault in every_fault(prepare, lambda folder: files.write_atomic(folder / "a.json", NEW, durable=durable)):
        count += 1
        found = (fault.folder / "a.json").read_bytes()
        assert found in (OLD, NEW)
        assert fault.raised is not None, "a failing call must not pass unnoticed"
        if "replace" not in fault.log:
            assert found == OLD
        if not fault.died:
            assert names(fault.folder) == ["a.json"], "an error must leave no temporary"
        files.sweep_temporaries(fault.folder)
        files.write_atomic(fault.folder / "a.json", NEW, durable=durable)
        assert names(fault.folder) == ["a.json"]
        assert (fault.folder / "a.json").read_bytes() == NEW
    assert count >= 7 * (8 if durable else 4), "each of the calls was to fail in each way"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "The disk is full: 'a' was not saved; free some space and resume the run."),
        (errno.EDQUOT, "The disk is full: 'a' was not saved; free some space and resume the run."),
        (errno.EROFS, "The folder {parent!r} is read-only; allow writing to it or choose another one."),
        (errno.EACCES, "The folder {parent!r} is read-only; allow writing to it or choose another one."),
        (errno.EIO, "'a' could not be written (Input/output error); check the disk and try again."),
        (errno.EXDEV, "'a' could not be written (Invalid cross-device link); check the disk and try again."),
    ],
)
def test_a_failing_disk_is_one_sentence(
    code: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> Any:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.SystemCalls, "open", staticmethod(refuse))
    with pytest.raises(DiskError) as raised:
        files.write_atomic(tmp_path / "a", NEW)
    assert str(raised.value) == sentence.format(parent=str(tmp_path))


def test_a_durable_write_waits_for_the_disk_before_and_after_the_rename(every_fault: Any) -> None:
    faults = list(every_fault(lambda folder: None, lambda folder: files.write_atomic(folder / "a", NEW)))
    longest = max((fault.log for fault in faults), key=len)
    assert longest == ["open", "write", "fsync", "close", "replace", "open", "fsync", "close"]


def test_a_failed_fsync_is_not_tried_again(every_fault: Any) -> None:
    """After a failed fsync the kernel may call the lost pages clean: only a new file tells the truth."""
    for fault in every_fault(lambda folder: None, lambda folder: files.write_atomic(folder / "a", NEW)):
        if fault.way == errno.EIO and fault.log[-3:] == ["fsync", "close", "unlink"]:
            assert fault.log.count("fsync") == 1 and not (fault.folder / "a").exists()
            return
    pytest.fail("no fsync of the file was made to fail")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_modes_follow_the_umask(mask: int, mode: int, tmp_path: Path, umask: Callable[[int], int]) -> None:
    umask(mask)
    files.write_atomic(tmp_path / "whole", NEW)
    appender = files.Appender(tmp_path / "grows")
    appender.close()
    files.touch(tmp_path / "watched")
    os.close(files.log_descriptor(tmp_path / "log"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {mode}


def test_the_temporary_is_a_sibling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another disk (a tmpfs /tmp) the rename would fail with EXDEV."""
    seen: list[Path] = []

    def replace(source: Path, target: Path) -> None:
        seen.append(source)
        source.replace(target)

    monkeypatch.setattr(files.SystemCalls, "replace", staticmethod(replace))
    files.write_atomic(tmp_path / "a.json", NEW)
    assert [path.parent for path in seen] == [tmp_path]
    assert seen[0].match(".a.json.*.tmp")


def test_sweep_takes_temporaries_only(tmp_path: Path) -> None:
    for name in (".a.json.17-3.tmp", ".b.1-1.tmp", "a.tmp", ".lock", "a.json"):
        (tmp_path / name).write_bytes(b"x")
    assert files.sweep_temporaries(tmp_path) == 2
    assert names(tmp_path) == [".lock", "a.json", "a.tmp"]


def test_two_writers_and_a_reader_see_whole_files_only(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    contents = [bytes([letter]) * 50_000 for letter in b"ab"]
    files.write_atomic(path, contents[0])

    def write(content: bytes) -> None:
        for _ in range(100):
            files.write_atomic(path, content, durable=False)

    writers = [threading.Thread(target=write, args=[content]) for content in contents]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_bytes())
    for writer in writers:
        writer.join()
    assert seen <= set(contents)
    assert names(tmp_path) == ["status.json"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's list of open descriptors")
def test_no_descriptor_is_left_open(tmp_path: Path, every_fault: Any) -> None:
    before = descriptors()
    for number in range(500):
        files.write_atomic(tmp_path / "a", b"%d" % number)
    assert descriptors() == before
    for _ in every_fault(lambda folder: None, lambda folder: files.write_atomic(folder / "a", NEW)):
        assert descriptors() == before


def test_an_appender_grows_cuts_and_tells_its_length(tmp_path: Path) -> None:
    appender = files.Appender(tmp_path / "a")
    appender.append(b"one\n")
    appender.append(b"two\n")
    appender.sync()
    assert appender.length == 8
    appender.cut(4)
    appender.append(b"three\n")
    assert (tmp_path / "a").read_bytes() == b"one\nthree\n" and appender.length == 10
    appender.close()
    with pytest.raises(DiskError, match=r"^'a' could not be written"):
        appender.append(b"closed")


def test_a_short_write_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.SystemCalls, "write", staticmethod(lambda fd, view: os.write(fd, view[:7])))
    files.write_atomic(tmp_path / "a", NEW)
    assert (tmp_path / "a").read_bytes() == NEW


def test_folders_are_made_and_kept(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b")
    files.make_folder(tmp_path / "a" / "b")
    with pytest.raises(DiskError, match=r"'.*b' already exists; choose another name\.$"):
        files.make_folder(tmp_path / "a" / "b", must_be_new=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError, match="already exists"):
        files.make_folder(tmp_path / "file")
    with pytest.raises(DiskError, match="already exists"):
        files.make_folder(tmp_path / "file" / "below")
    with pytest.raises(DiskError, match="File name too long"):
        files.make_folder(tmp_path / ("x" * 300))


def test_removing_what_is_not_there_is_fine(tmp_path: Path) -> None:
    files.remove(tmp_path / "a")
    files.remove_tree(tmp_path / "b")
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "d").write_bytes(b"")
    files.remove_tree(tmp_path / "b")
    assert names(tmp_path) == []


def test_a_temporary_folder_stands_beside_and_goes(tmp_path: Path) -> None:
    with pytest.raises(KeyError), files.temporary_folder(tmp_path / "mnist") as folder:
        assert folder.parent == tmp_path
        (folder / "half").write_bytes(b"")
        raise KeyError
    assert names(tmp_path) == []


def test_digests_agree_with_the_published_one(tmp_path: Path) -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    (tmp_path / "a").write_bytes(b"abc")
    assert files.digest(b"abc") == files.file_digest(tmp_path / "a") == expected


def test_what_is_not_finite_becomes_null() -> None:
    document = {"a": float("nan"), "b": [float("inf"), (1.5, -float("inf"))], "c": "nan", "d": 0}
    assert files.json_bytes(document) == b'{"a": null, "b": [null, [1.5, null]], "c": "nan", "d": 0}\n'


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(inner), max_leaves=9))
def test_json_round_trip(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.json"
    files.write_json(path, {"value": value}, durable=False)
    assert files.read_json(path) == {"value": value}


def test_a_lone_surrogate_survives(tmp_path: Path) -> None:
    """As in a file name of another encoding."""
    files.write_json(tmp_path / "a.json", {"name": "caf\udce9"})
    assert files.read_json(tmp_path / "a.json") == {"name": "caf\udce9"}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null", b"[]", b"3", b"[" * 100_000, b'{"a": 1}x'])
def test_what_is_no_json_object_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "status.json").write_bytes(content)
    with pytest.raises(CheckpointCorrupt, match=r"^status\.json is damaged: it .*; restore the folder from a copy\.$"):
        files.read_json(tmp_path / "status.json")


def test_what_cannot_be_read_is_a_disk_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_json(tmp_path / "none.json")
    with pytest.raises(DiskError, match=r"cannot be read \(Is a directory\); check its permissions and the disk\.$"):
        files.read_json(tmp_path)


HOLDER = """
import sys, time
from pathlib import Path
from vae_core.storage import files
with files.lock(Path(sys.argv[1]), timeout=0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_seen_and_freed_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert not files.is_locked(path) and names(tmp_path) == [], "looking makes no file"
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, cwd=PROJECT_ROOT) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        assert files.is_locked(path)
        with pytest.raises(filelock.Timeout), files.lock(path, timeout=0.05):
            pytest.fail("two held it")
        holder.send_signal(signal.SIGKILL)
    assert not files.is_locked(path)
    with files.lock(path, timeout=0):
        assert files.is_locked(path), "one's own lock counts"
    assert not files.is_locked(path)


def test_an_error_under_the_lock_frees_it(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError), files.lock(tmp_path / ".lock"):
        raise TimeoutError
    assert not files.is_locked(tmp_path / ".lock")


def test_a_lock_that_cannot_be_made_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError), files.lock(tmp_path / "file" / ".lock"):
        pytest.fail("that is no folder")


def test_looking_at_a_lock_does_not_disturb_those_who_want_it(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    path.touch()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            files.is_locked(path)

    looker = threading.Thread(target=look)
    looker.start()
    held = []
    for _ in itertools.repeat(None, 20):
        with files.lock(path, timeout=60.0):
            held.append(files.is_locked(path))
    stop.set()
    looker.join()
    assert held == [True] * 20 and not files.is_locked(path)
