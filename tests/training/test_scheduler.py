"""Which schedulers a run is sent to, and what is said where Dask is missing."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from vae_core.errors import ClusterError, ConfigError
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.training import scheduler
from vae_core.training.scheduler import Trust, check_address, connect


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tcp://localhost:8786/", "tcp://localhost:8786"),
        (" tcp://[::1]:9 ", "tcp://[::1]:9"),
        ("tcp://127.5.0.1:8786", "tcp://127.5.0.1:8786"),
    ],
)
def test_this_machine_needs_no_certificate(given: str, whole: str) -> None:
    assert check_address(given, Trust()) == whole


@pytest.mark.parametrize(
    "given", ["tcp://10.0.0.5:8786", "node-1:8786", "tcp://localhost.evil.org:8786", "0.0.0.0:8786"]
)
def test_an_open_connection_to_another_machine_is_refused_unless_trusted(given: str) -> None:
    with pytest.raises(ClusterError, match="--tls-ca, --tls-cert and --tls-key, or --trust-network"):
        check_address(given, Trust())
    assert check_address(given, Trust(network=True)).startswith("tcp://")


@pytest.mark.parametrize(
    "given", ["", "here", "tcp://here", "http://here:80", "inproc://1/2", "tcp://a:b", "tcp://me@here:1", "tcp://:1"]
)
def test_what_is_no_address_is_said(given: str) -> None:
    with pytest.raises(ConfigError, match="not the address of a scheduler"):
        check_address(given, Trust(network=True))


def test_certificates_go_with_tls_and_all_three_are_there(tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")]
    with pytest.raises(ConfigError, match="give --tls-cert, --tls-key as well"):
        check_address("tls://far:1", Trust(ca=names[0]))
    with pytest.raises(ConfigError, match=r"no file .*ca\.pem' for --tls-ca"):
        check_address("tls://far:1", Trust(False, *names))
    for name in names:
        name.touch()
    assert check_address("tls://far:1", Trust(False, *names)) == "tls://far:1"
    with pytest.raises(ConfigError, match="go with a scheduler at tls://"):
        check_address("tcp://127.0.0.1:1", Trust(False, *names))


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ClusterError, match=rf"No scheduler answers at tcp://127\.0\.0\.1:{port}"):
        connect(f"127.0.0.1:{port}", Trust())


BLOCKED = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("distributed", "dask"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
from pathlib import Path
from vae_core.cli import main
from vae_core.errors import ClusterError
from vae_core.training.cluster import Cluster
from vae_core.training.scheduler import installed
assert not installed()
try:
    Cluster(Path("runs"), "127.0.0.1:8786")
except ClusterError as error:
    assert "Dask is not installed here" in str(error)
else:
    raise SystemExit("not refused")
assert main(["datasets", "--json"]) == 0
"""


def test_without_dask_one_sentence_says_so_and_the_rest_works() -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
