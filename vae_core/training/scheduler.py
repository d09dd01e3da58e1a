"""Connects to a Dask scheduler: checks its address and certificates, and whether Dask is installed."""

from __future__ import annotations

import importlib
import importlib.util
import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vae_core.errors import ClusterError, ConfigError

CONNECT_SECONDS = 10.0
MISSING = "Dask is not installed here; install it with 'pip install -r requirements-cluster.txt'."
OPEN = (
    "The scheduler {address!r} is not on this machine and its connection is not encrypted: Dask's messages are Python "
    "pickles, so anyone on the network could run code here; use a tls:// address with --tls-ca, --tls-cert and --tls-key, "
    "or --trust-network if you trust the network."
)


@dataclass(frozen=True)
class Trust:
    """Why the connection to the scheduler may be trusted.

    Attributes:
        network: the network is the user's own, as in a batch cluster.
        ca, cert, key: PEM files of the certificate authority and of this machine.
    """

    network: bool = False
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @property
    def files(self) -> Mapping[str, Path | None]:
        return {"--tls-ca": self.ca, "--tls-cert": self.cert, "--tls-key": self.key}


def installed() -> bool:
    """Whether `dask.distributed` is installed."""
    try:
        return importlib.util.find_spec("distributed") is not None
    except (ImportError, ValueError):  # blocked, or partly removed
        return False


def check_address(address: str, trust: Trust) -> str:
    """Checks that runs may be sent to an address, and returns it with its scheme.

    Raises:
        ConfigError: the address is invalid, or certificates or their files are missing.
        ClusterError: Dask is not installed, or the connection is open and leaves this machine.
    """
    whole = _whole(address)
    if whole.startswith("tls://"):
        _check_files(trust)
    elif any(trust.files.values()):
        raise ConfigError("--tls-ca, --tls-cert and --tls-key go with a scheduler at tls://, such as tls://host:8786.")
    elif not (trust.network or _is_loopback(str(urlsplit(whole).hostname))):
        raise ClusterError(OPEN.format(address=whole))
    if not installed():
        raise ClusterError(MISSING)
    return whole


def _whole(address: str) -> str:
    whole = address.strip() if "://" in address else f"tcp://{address.strip()}"
    wrong = (
        f"{address[:80]!r} is not the address of a scheduler; give one such as tcp://127.0.0.1:8786 or tls://host:8786."
    )
    try:
        parts = urlsplit(whole)
        port = parts.port
    except ValueError as error:
        raise ConfigError(wrong) from error
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or not port or extra:
        raise ConfigError(wrong)
    return whole.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_files(trust: Trust) -> None:
    missing = [option for option, path in trust.files.items() if path is None]
    if missing:
        raise ConfigError(f"A scheduler at tls:// needs its certificates; give {', '.join(missing)} as well.")
    for option, path in trust.files.items():
        if path is not None and not path.is_file():
            raise ConfigError(f"There is no file {str(path)!r} for {option}; name one in PEM format.")


def connect(address: str, trust: Trust) -> Any:
    """A client of the scheduler; it does not become Dask's default client.

    Raises:
        ConfigError, ClusterError: as `check_address`, or if no scheduler answers.
    """
    whole = check_address(address, trust)
    distributed: Any = importlib.import_module("distributed")
    logging.getLogger("distributed").setLevel(
        logging.CRITICAL
    )  # what an error means for a sweep is reported in a sentence
    security = None
    if whole.startswith("tls://"):
        names = {"tls_ca_file": trust.ca, "tls_client_cert": trust.cert, "tls_client_key": trust.key}
        security = distributed.Security(require_encryption=True, **{name: str(path) for name, path in names.items()})
    try:
        return distributed.Client(whole, timeout=CONNECT_SECONDS, security=security, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
        raise ClusterError(
            f"No scheduler answers at {whole}{' to these certificates' if security else ''}; "
            "start one there, or train on this machine without one."
        ) from error
