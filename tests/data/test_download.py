"""Downloads of a small dataset in the form of MNIST, from a server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_core.data import download, idx
from vae_core.errors import DataError, DiskError
from vae_core.storage import files
from vae_core.storage.paths import PROJECT_ROOT

ENSURE = """
import json, sys
from pathlib import Path
from vae_core.data import download as d
d.CONNECT_SECONDS = d.STALL_SECONDS = 1000.0
given = json.loads(sys.argv[1])
given["files"] = {name: d.RemoteFile(**file) for name, file in given["files"].items()}
d.ensure(d.Download(**given), Path(sys.argv[2]))
"""


def idx_bytes(values: np.ndarray) -> bytes:
    """The idx format: a magic number (type and number of dimensions), the sizes, the content."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return head + values.tobytes()


CONTENT = {
    "train-images-idx3-ubyte": idx_bytes(np.arange(40 * 784, dtype=np.uint32).astype(np.uint8).reshape(40, 28, 28)),
    "train-labels-idx1-ubyte": idx_bytes(np.arange(40, dtype=np.uint8) % 10),
    "t10k-images-idx3-ubyte": idx_bytes(np.full((10, 28, 28), 9, np.uint8)),
    "t10k-labels-idx1-ubyte": idx_bytes(np.arange(10, dtype=np.uint8)),
}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENT.items()}
TINY = download.Download(
    title="Tiny",
    subfolder="MNIST/raw",
    mirrors=(),
    sample="mnist-sample",
    files={
        name: download.RemoteFile(len(content), len(PACKED[f"{name}.gz"]), hashlib.sha256(content).hexdigest())
        for name, content in CONTENT.items()
    },
)


class Server(ThreadingHTTPServer):
    """Serves `answers` under /good/ and a captive portal's page everywhere else, and counts the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = dict(PACKED)
        self.asked: Counter[str] = Counter()
        self.go_on, self.half_sent, self.on_end = threading.Event(), threading.Event(), threading.Event()
        self.go_on.set()

    def tiny(self, *folders: str) -> download.Download:
        """The small dataset, with these folders of the server as its mirrors."""
        return replace(
            TINY, mirrors=tuple(f"http://127.0.0.1:{self.server_address[1]}/{folder}/" for folder in folders)
        )


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        folder, _, name = self.path.strip("/").partition("/")
        self.server.asked[name] += 1
        self.server.go_on.wait()
        body = self.server.answers[name] if folder != "portal" else b"<html>Please log in</html>"
        self.send_response(404 if folder == "gone" else 200)
        self.send_header("Content-Length", str(len(body)))
        if folder == "unpacking":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            half = len(body) // 2
            self.wfile.write(body[:half])
            self.server.half_sent.set()
            if folder == "stalling":
                self.server.on_end.wait()
            self.wfile.write(body[half:])
        except ConnectionError:  # the client was killed, or waits no longer
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
        served.on_end.set()
        served.shutdown()


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
    return whole and not list(data_folder.rglob(".*.tmp"))


def test_an_empty_folder_is_filled_and_progress_reported(tmp_path: Path, server: Server) -> None:
    reports: list[tuple[str, float]] = []
    folder = download.ensure(server.tiny("good"), tmp_path, lambda what, share: reports.append((what, share)))
    assert folder == tmp_path / "MNIST" / "raw"
    assert is_whole(tmp_path)
    shares = [share for _, share in reports]
    assert {what for what, _ in reports} == {"Downloading Tiny"}
    assert shares[0] == 0.0 and shares[-1] == 1.0 and shares == sorted(shares)


@pytest.mark.parametrize("bad", ["portal", "gone"])
def test_the_next_mirror_is_tried_if_one_does_not_serve_the_files(bad: str, tmp_path: Path, server: Server) -> None:
    download.ensure(server.tiny(bad, "good"), tmp_path)
    assert is_whole(tmp_path)
    assert server.asked.total() == 5, "the mirror that works is kept to"


def test_a_server_that_declares_its_gz_as_an_encoding_is_understood(tmp_path: Path, server: Server) -> None:
    """Then the library unpacks what arrives."""
    download.ensure(server.tiny("unpacking"), tmp_path)
    assert is_whole(tmp_path)


def test_files_that_are_published_unpacked_are_taken_as_they_are(tmp_path: Path, server: Server) -> None:
    server.answers = dict(CONTENT)
    plain = {name: replace(file, packed=0) for name, file in TINY.files.items()}
    download.ensure(replace(server.tiny("good"), files=plain), tmp_path)
    assert is_whole(tmp_path) and set(server.asked) == set(CONTENT)


@pytest.mark.parametrize(
    ("folder", "reason"), [("portal", "the files received are not those of the dataset"), ("gone", "404 Client Error")]
)
def test_a_download_that_fails_everywhere_says_why(folder: str, reason: str, tmp_path: Path, server: Server) -> None:
    with pytest.raises(DataError, match=rf"^Tiny could not be downloaded \({reason}.*\); put "):
        download.ensure(server.tiny(folder, folder), tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]


def test_offline_is_one_sentence(tmp_path: Path, server: Server) -> None:
    folder = place(tmp_path)
    missing = ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    for name in missing:
        (folder / name).unlink()
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError) as caught:
        download.ensure(server.tiny("good"), tmp_path)
    assert str(caught.value) == (
        f"Tiny could not be downloaded (Connection refused); put {missing[0]}, {missing[1]} (or the .gz files) into "
        f"{str(folder)!r}, or choose 'mnist-sample', which needs no network."
    )


def test_a_host_without_an_address_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^Tiny could not be downloaded \([^<>()]*\); put [^()]*\(or the \.gz files\)"):
        download.ensure(replace(TINY, mirrors=("http://nowhere.invalid/",)), tmp_path)


@pytest.mark.parametrize("damage", ["torn", "modified", "gone", "longer"])
def test_only_the_damaged_file_is_replaced(damage: str, tmp_path: Path, server: Server) -> None:
    folder = place(tmp_path)
    path = folder / "train-images-idx3-ubyte"
    before = {name: (folder / name).stat().st_ino for name in CONTENT}
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    broken = {"torn": content[:-100], "modified": content, "longer": CONTENT[path.name] + b"\0"}
    if damage in broken:
        path.write_bytes(broken[damage])
    download.ensure(server.tiny("good"), tmp_path)
    assert is_whole(tmp_path)
    assert all((folder / name).stat().st_ino == before[name] for name in CONTENT if name != path.name)


def test_files_of_another_dataset_are_not_taken(tmp_path: Path, server: Server) -> None:
    server.answers["train-labels-idx1-ubyte.gz"] = gzip.compress(idx_bytes(np.zeros(40, np.uint8)))
    folder = place(tmp_path)
    torn = folder / "train-labels-idx1-ubyte"
    torn.write_bytes(b"torn")
    with pytest.raises(DataError, match="the files received are not those of the dataset"):
        download.ensure(server.tiny("good"), tmp_path)
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


def test_a_download_that_stops_half_way_is_given_up(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)
    monkeypatch.setattr(download, "CHUNK_BYTES", 8)
    with pytest.raises(DataError, match=r"nothing arrived for 0\.3 seconds"):
        download.ensure(server.tiny("stalling"), tmp_path)
    assert not list(TINY.folder(tmp_path).iterdir())


def test_a_network_that_drops_everything_is_noticed_in_seconds(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 12: the server takes the connection and never answers. The first byte is not waited for as long as others."""
    assert download.CONNECT_SECONDS <= 10 and download.STALL_SECONDS <= 30
    server.go_on.clear()
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.5)
    with pytest.raises(DataError, match=r"nothing arrived for 0\.5 seconds"):
        download.ensure(server.tiny("good"), tmp_path)
    assert not list(TINY.folder(tmp_path).iterdir())


def test_many_addresses_that_drop_packets_cost_no_more_than_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 12: `requests` would try each of a host's addresses for the whole time."""
    opened = threading.Event()

    def connect_for_ever(*_: object, **__: object) -> None:
        opened.wait(60)
        raise TimeoutError("timed out")

    monkeypatch.setattr("socket.getaddrinfo", connect_for_ever)
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(DataError, match=r"nothing arrived for 0\.3 seconds"):
        download.ensure(replace(TINY, mirrors=("http://somewhere.invalid/",) * 2), tmp_path)
    assert time.monotonic() - began < 55, "it waited for one that never answers"
    opened.set()


@pytest.mark.parametrize("which", ["all", "some", "all and torn"])
def test_a_correct_gz_beside_the_raw_files_is_used(which: str, tmp_path: Path) -> None:
    """Fault 12: the files as they are published, without a network."""
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
def test_a_gz_that_is_not_the_file_is_downloaded_over(content: bytes, tmp_path: Path, server: Server) -> None:
    folder = place(tmp_path)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(content)
    download.ensure(server.tiny("good"), tmp_path)
    assert is_whole(tmp_path)


def test_a_report_that_raises_ends_the_download(tmp_path: Path, server: Server) -> None:
    """Ctrl-C, or a page whose script is stopped: nothing is left, and the transfer ends too."""

    def interrupt(_what: str, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.ensure(server.tiny("good"), tmp_path, interrupt)
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "download"])
    download.ensure(server.tiny("good"), tmp_path)
    assert is_whole(tmp_path)


def test_ctrl_c_ends_a_download_that_waits(tmp_path: Path, server: Server) -> None:
    server.go_on.clear()
    process = start_ensure(tmp_path, server.tiny("good"), stderr=subprocess.PIPE)
    wait_until(lambda: server.asked.total() > 0)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)  # the server would be waited for much longer
    assert process.returncode != 0 and b"KeyboardInterrupt" in complaint


def start_ensure(data_folder: Path, tiny: download.Download, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, json.dumps(asdict(tiny)), str(data_folder)], cwd=PROJECT_ROOT, **options
    )


def test_eight_processes_at_once(tmp_path: Path, server: Server) -> None:
    server.go_on.clear()
    started = [start_ensure(tmp_path, server.tiny("good")) for _ in range(8)]
    wait_until(lambda: server.asked.total() > 0)
    server.go_on.set()
    assert [process.wait(timeout=120) for process in started] == [0] * 8
    assert set(server.asked.values()) == {1}, "more than one process downloaded"
    assert is_whole(tmp_path)


def test_killed_while_downloading(tmp_path: Path, server: Server) -> None:
    """Half of a file has arrived; what is left behind is healed."""
    killed = start_ensure(tmp_path, server.tiny("stalling"))
    wait_until(server.half_sent.is_set)
    killed.kill()
    killed.wait(timeout=30)
    assert not (TINY.folder(tmp_path) / "t10k-labels-idx1-ubyte").exists(), "it was done before it was killed"
    server.on_end.set()
    download.ensure(server.tiny("good"), tmp_path)
    assert is_whole(tmp_path)


def test_killed_while_writing(tmp_path: Path, server: Server) -> None:
    place(tmp_path).joinpath("train-images-idx3-ubyte").unlink()
    (TINY.folder(tmp_path) / ".train-images-idx3-ubyte.1-1.tmp").write_bytes(b"half")
    download.ensure(server.tiny("good"), tmp_path)
    assert is_whole(tmp_path)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.mark.parametrize("published", [idx.MNIST, idx.FASHION_MNIST], ids=lambda published: published.title)
def test_the_eight_hashes(published: download.Download, full_data: Path) -> None:
    folder = download.ensure(replace(published, mirrors=()), full_data)
    assert len(published.files) == 4
    for name, file in published.files.items():
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)


def test_a_changed_hash_is_noticed(full_data: Path) -> None:
    changed = {name: replace(file, sha256="0" * 64) for name, file in idx.MNIST.files.items()}
    folder = idx.MNIST.folder(full_data)
    assert download._damaged(replace(idx.MNIST, files=changed), folder) == list(changed)
