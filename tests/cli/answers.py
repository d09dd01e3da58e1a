"""What the tests of the command line share: its shortest training, its answers, a folder's content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

SMALL = ("--limit", "96", "--batch-size", "32", "--hidden", "8", "--epochs", "1")
EVALUATE_KEYS = {
    "images",
    "reconstruction_nats",
    "kl_nats",
    "negative_elbo_nats",
    "floor_nats",
    "active_units",
    "kl_per_dimension",
    "mse_per_pixel",
}
"""The keys of a run's figures, in the JSON of `evaluate` and `sweep`."""
Call = Callable[..., tuple[int, str, str]]
AsJson = Callable[..., dict[str, Any]]


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def refused(result: tuple[int, str, str]) -> str:
    """The sentence of a request that was wrong: status 2, one line on standard error, nothing on standard output."""
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and err.strip() and "Traceback" not in err
    return err.strip()
