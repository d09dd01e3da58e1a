"""Downloads from a server on this machine: a small set in MNIST's form, fetched by torchvision itself or, where the
subject is locks and files, by a few lines that start faster."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from vae_core.data import download
from vae_core.errors import DataError, DiskError
from vae_core.storage import files
from vae_core.storage.paths import PROJECT_ROOT

TORCHVISION = """
import sys, torchvision.datasets as d
d.MNIST.mirrors, d.MNIST.resources = {mirrors!r}, {resources!r}
""" + download.FETCH.partition("; ")[2]
PLAIN = """
import gzip, sys, urllib.request
from pathlib import Path
raw = Path(sys.argv[2], sys.argv[1], "raw")
raw.mkdir(parents=True)
for name, _ in {resources!r}:
    packed = urllib.request.urlopen({mirrors!r}[0] + name).read()
    (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(packed))
"""
ENSURE = """
import json, sys
from pathlib import Path
from vae_core.data import download as d
given = json.loads(sys.argv[1])
d.FETCH = given["fetch"]
raw = {name: d.RawFile(**file) for name, file in given["files"].items()}
d.ensure(d.RawSet("Tiny", "MNIST", "mnist-sample", raw), Path(sys.argv[2]))
"""


def idx(values: np.ndarray) -> bytes:
    """The idx format: a magic number (type and number of dimensions), the sizes, the content."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return head + values.tobytes()


CONTENT = {
    "train-images-idx3-ubyte": idx(np.arange(40 * 784, dtype=np.uint32).astype(np.uint8).reshape(40, 28, 28)),
    "train-labels-idx1-ubyte": idx(np.arange(40, dtype=np.uint8) % 10),
    "t10k-images-idx3-ubyte": idx(np.full((10, 28, 28), 9, np.uint8)),
    "t10k-labels-idx1-ubyte": idx(np.arange(10, dtype=np.uint8)),
}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENT.items()}
RESOURCES = [(name, hashlib.md5(content).hexdigest()) for name, content in PACKED.items()]
TINY = download.RawSet(
    title="Tiny",
    kind="MNIST",
    sample="mnist-sample",
    files={
        name: download.RawFile(len(content), len(PACKED[f"{name}.gz"]), hashlib.sha256(content).hexdigest())
        for name, content in CONTENT.items()
    },
)


class Server(ThreadingHTTPServer):
    """Serves `answers` under /good/ and a captive portal's page everywhere else, and counts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = dict(PACKED)
        self.asked: Counter[str] = Counter()
        self.go_on = threading.Event()
        self.go_on.set()

    def address(self, folder: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{folder}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        folder, _, name = self.path.strip("/").partition("/")
        self.server.asked[name] += 1
        self.server.go_on.wait()
        body = self.server.answers[name] if folder == "good" else b"<html>Please log in</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # the client only followed redirections, or was killed
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as served:
        threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
        yield served
        served.go_on.set()
        served.shutdown()


Fetch = Callable[..., str]


@pytest.fixture
def fetch_by(server: Server, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    """Sets how files are fetched, and from which of the server's folders."""

    def set_fetch(script: str, *folders: str) -> str:
        made = script.format(mirrors=[server.address(folder) for folder in folders], resources=RESOURCES)
        monkeypatch.setattr(download, "FETCH", made)
        return made

    return set_fetch


def place(data_folder: Path) -> Path:
    """All files, whole, where they belong."""
    folder = TINY.folder(data_folder)
    folder.mkdir(parents=True)
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return folder


def is_whole(data_folder: Path) -> bool:
    """All files are there, and nothing of a download is left."""
    folder = TINY.folder(data_folder)
    whole = all((folder / name).read_bytes() == content for name, content in CONTENT.items())
    return whole and not list(data_folder.rglob(".partial-*"))


@pytest.mark.slow
def test_torchvision_fetches_into_an_empty_folder(tmp_path: Path, fetch_by: Fetch) -> None:
    fetch_by(TORCHVISION, "good")
    said: list[tuple[str, float]] = []
    folder = download.ensure(TINY, tmp_path, lambda what, share: said.append((what, share)))
    assert folder == tmp_path / "MNIST" / "raw"
    assert is_whole(tmp_path)
    shares = [share for _, share in said]
    assert {what for what, _ in said} == {"Downloading Tiny"}
    assert shares[0] == 0.0 and shares[-1] == 1.0 and shares == sorted(shares)


@pytest.mark.slow
def test_captive_portal_then_a_good_mirror(tmp_path: Path, fetch_by: Fetch) -> None:
    fetch_by(TORCHVISION, "portal", "good")
    download.ensure(TINY, tmp_path)
    assert is_whole(tmp_path)


@pytest.mark.slow
def test_captive_portal_everywhere(tmp_path: Path, fetch_by: Fetch) -> None:
    fetch_by(TORCHVISION, "portal", "portal")
    with pytest.raises(DataError, match=r"^Tiny could not be downloaded \(File not found or corrupted\); put "):
        download.ensure(TINY, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]


@pytest.mark.slow
def test_offline_is_one_sentence(tmp_path: Path, server: Server, fetch_by: Fetch) -> None:
    fetch_by(TORCHVISION, "good")
    folder = place(tmp_path)
    missing = ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    for name in missing:
        (folder / name).unlink()
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError) as caught:
        download.ensure(TINY, tmp_path)
    sentence = str(caught.value)
    assert f"put {missing[0]}, {missing[1]} (or the .gz files) into {str(folder)!r}" in sentence
    assert "Connection refused" in sentence and "'mnist-sample', which needs no network." in sentence
    assert "\n" not in sentence and "Traceback" not in sentence


@pytest.mark.parametrize("damage", ["torn", "modified", "gone", "longer"])
def test_only_the_damaged_file_is_replaced(damage: str, tmp_path: Path, fetch_by: Fetch) -> None:
    fetch_by(PLAIN, "good")
    folder = place(tmp_path)
    path = folder / "train-images-idx3-ubyte"
    before = {name: (folder / name).stat().st_ino for name in CONTENT}
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    broken = {"torn": content[:-100], "modified": content, "longer": CONTENT[path.name] + b"\0"}
    if damage in broken:
        path.write_bytes(broken[damage])
    download.ensure(TINY, tmp_path)
    assert is_whole(tmp_path)
    assert all((folder / name).stat().st_ino == before[name] for name in CONTENT if name != path.name)


def test_files_of_another_dataset_are_not_taken(tmp_path: Path, server: Server, fetch_by: Fetch) -> None:
    fetch_by(PLAIN, "good")
    server.answers["t10k-labels-idx1-ubyte.gz"] = gzip.compress(idx(np.zeros(10, np.uint8)))
    folder = place(tmp_path)
    torn = folder / "train-labels-idx1-ubyte"
    torn.write_bytes(b"torn")
    with pytest.raises(DataError, match="the files that came are not those of the dataset"):
        download.ensure(TINY, tmp_path)
    assert torn.read_bytes() == b"torn"


def test_nothing_is_written_where_all_is_right(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a read-only data folder serves."""
    place(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the disk was touched")

    for call in ("make_folder", "lock", "temporary_folder", "move"):
        monkeypatch.setattr(files, call, refuse)
    before = sorted(tmp_path.rglob("*"))
    assert download.ensure(TINY, tmp_path) == TINY.folder(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before and not server.asked


def test_read_only_folder_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.system, "mkdir", refuse, raising=False)
    with pytest.raises(DiskError, match="read-only"):
        download.ensure(TINY, tmp_path)
    monkeypatch.undo()
    folder = place(tmp_path)
    monkeypatch.setattr(files, "file_digest", refuse)
    with pytest.raises(DataError, match=r"^Tiny in .* cannot be read or written \(Permission denied\); .*\.$"):
        download.ensure(TINY, tmp_path)
    assert folder.is_dir()


def test_nothing_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "FETCH", "import time; time.sleep(600)")
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)
    with pytest.raises(DataError, match=r"nothing arrived for 0\.3 seconds"):
        download.ensure(TINY, tmp_path)
    assert not list(tmp_path.rglob(".partial-*"))


def test_a_network_that_drops_everything_is_noticed_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 12: once the download has begun, its first byte is not waited for as long as a later one."""
    script = (
        "import sys, time, pathlib; pathlib.Path(sys.argv[2], sys.argv[1], 'raw').mkdir(parents=True); time.sleep(600)"
    )
    monkeypatch.setattr(download, "FETCH", script)
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.3)
    assert download.STALL_SECONDS <= 30
    with pytest.raises(DataError, match=r"nothing arrived for 0\.3 seconds"):
        download.ensure(TINY, tmp_path)
    assert not list(tmp_path.rglob(".partial-*"))


def test_the_connection_of_torchvision_is_given_up_in_seconds(
    tmp_path: Path, server: Server, fetch_by: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 12, by torchvision itself: the server takes the connection and never answers."""
    fetch_by(TORCHVISION, "good")
    server.go_on.clear()
    monkeypatch.setattr(download, "CONNECT_SECONDS", 1.0)
    with pytest.raises(DataError, match="nothing arrived for 1 seconds"):
        download.ensure(TINY, tmp_path)


@pytest.mark.parametrize("which", ["all", "some", "all and torn"])
def test_a_correct_gz_beside_the_raw_files_is_used(
    which: str, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 12: the files as they are published, without a network."""
    monkeypatch.setattr(download, "FETCH", "raise SystemExit('nothing may be downloaded')")
    folder = place(tmp_path)
    for name in list(CONTENT)[: 2 if which == "some" else 4]:
        (folder / f"{name}.gz").write_bytes(gzip.compress(CONTENT[name], compresslevel=1, mtime=0))
        (folder / name).unlink()
        if which == "all and torn":
            (folder / name).write_bytes(CONTENT[name][:-3])
    assert download.ensure(TINY, tmp_path) == folder and is_whole(tmp_path)


def test_published_gz_files_count_as_here(tmp_path: Path) -> None:
    folder = TINY.folder(tmp_path)
    folder.mkdir(parents=True)
    for name, content in PACKED.items():
        assert not download.is_here(TINY, tmp_path)
        (folder / name).write_bytes(content)
    assert download.is_here(TINY, tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"text", PACKED["t10k-labels-idx1-ubyte.gz"][:20], gzip.compress(bytes(10**6))]
)
def test_a_gz_that_is_not_the_file_is_downloaded_over(content: bytes, tmp_path: Path, fetch_by: Fetch) -> None:
    fetch_by(PLAIN, "good")
    folder = place(tmp_path)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(content)
    download.ensure(TINY, tmp_path)
    assert is_whole(tmp_path)


def test_interrupting_ends_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, or a page whose script is stopped: the child ends, nothing is left."""
    monkeypatch.setattr(download, "FETCH", "import time; time.sleep(600)")

    def interrupt(_what: str, _share: float) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        download.ensure(TINY, tmp_path, interrupt)
    assert time.monotonic() - started < 30
    assert not list(tmp_path.rglob(".partial-*"))


def start_ensure(data_folder: Path, fetch: str) -> subprocess.Popen[bytes]:
    given = json.dumps({"fetch": fetch, "files": {name: asdict(file) for name, file in TINY.files.items()}})
    return subprocess.Popen([sys.executable, "-c", ENSURE, given, str(data_folder)], cwd=PROJECT_ROOT)


def test_eight_processes_at_once(tmp_path: Path, server: Server, fetch_by: Fetch) -> None:
    fetch = fetch_by(PLAIN, "good")
    server.go_on.clear()
    started = [start_ensure(tmp_path, fetch) for _ in range(8)]
    wait_until(lambda: server.asked.total() > 0)
    server.go_on.set()
    assert [process.wait(timeout=120) for process in started] == [0] * 8
    assert set(server.asked.values()) == {1}, "more than one process downloaded"
    assert is_whole(tmp_path)


def test_killed_while_downloading(tmp_path: Path, server: Server, fetch_by: Fetch) -> None:
    fetch = fetch_by(PLAIN, "good")
    server.go_on.clear()
    killed = start_ensure(tmp_path, fetch)
    wait_until(lambda: server.asked.total() > 0)
    killed.kill()
    killed.wait(timeout=30)
    assert list(tmp_path.rglob(".partial-*")), "it was killed before it began"
    server.go_on.set()
    download.ensure(TINY, tmp_path)
    assert is_whole(tmp_path)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.mark.parametrize("raw", [download.MNIST, download.FASHION_MNIST], ids=lambda raw: raw.kind)
def test_the_eight_hashes(raw: download.RawSet, full_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "FETCH", "raise SystemExit('nothing may be downloaded')")
    folder = download.ensure(raw, full_data)
    assert len(raw.files) == 4
    for name, file in raw.files.items():
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)


def test_a_changed_hash_is_noticed(full_data: Path) -> None:
    changed = {name: replace(file, sha256="0" * 64) for name, file in download.MNIST.files.items()}
    folder = download.MNIST.folder(full_data)
    assert download._damaged(replace(download.MNIST, files=changed), folder) == list(changed)
