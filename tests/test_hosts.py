"""Which host names the app answers to as it is shipped. A web site whose name resolves to this machine (DNS rebinding) sends
its own name in `Host` and `Origin`, and must not get a session: through a session it could do all that a person can.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tools.served import ROOT, Server, served

FIRST_STREAMLIT = (1, 61)
"""The first version that knows `server.allowedHosts`; older ones ignore it in silence."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(LATENT_LAB_RUNS=str(tmp_path_factory.mktemp("runs"))) as running:
        yield running


def handshake(port: int, host: str, origin: str | None) -> int:
    """The HTTP status with which the server answers a session's handshake: 101 opens it."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    try:
        with connect(f"ws://{host}/_stcore/stream", sock=plain, origin=origin, subprotocols=["streamlit"]):  # type: ignore[list-item, arg-type]
            return 101
    except InvalidStatus as error:
        return error.response.status_code
    finally:
        plain.close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_the_app_answers_to_this_machines_own_names(server: Server, name: str) -> None:
    host = f"{name}:{server.port}"
    assert handshake(server.port, host, f"http://{host}") == 101
    assert handshake(server.port, host, None) == 101, "a program sends no origin"


@pytest.mark.parametrize(
    "name",
    ["attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example", "0.0.0.0", "[::2]"],
)
def test_dns_rebinding_is_refused(server: Server, name: str) -> None:
    host = f"{name}:{server.port}"
    assert handshake(server.port, host, f"http://{host}") == 403
    assert handshake(server.port, name, f"http://{name}") == 403, "without a port"
    assert handshake(server.port, host, None) == 403


def test_another_site_is_refused_even_if_it_knows_the_right_host(server: Server) -> None:
    assert handshake(server.port, f"localhost:{server.port}", "http://attacker.example") == 403


def test_a_lab_can_name_the_hosts_that_it_serves(tmp_path_factory: pytest.TempPathFactory) -> None:
    runs = str(tmp_path_factory.mktemp("runs"))
    with served(LATENT_LAB_RUNS=runs, STREAMLIT_SERVER_ALLOWED_HOSTS="localhost lab.example.org") as running:
        for name, status in (("lab.example.org", 101), ("localhost", 101), ("attacker.example", 403)):
            host = f"{name}:{running.port}"
            assert handshake(running.port, host, f"http://{host}") == status


def test_no_streamlit_is_allowed_that_ignores_the_list_of_hosts() -> None:
    found = re.search(r"^streamlit>=(\d+)\.(\d+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert found is not None
    assert (int(found[1]), int(found[2])) >= FIRST_STREAMLIT
