"""What was parsed from small files, kept by path and stamp, so that a list of thousands of runs is read once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
SETTLED_NS = 2_000_000_000
"""A file changed less than this ago may change again within one tick of the disk's clock: it is read each time."""


class FileCache(Generic[Value]):
    """Values of files, each read again once its time, size or inode differ. Safe to call from many threads.

    Args:
        capacity: how many are kept; the half that came first makes room.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[tuple[int, ...], Value]] = {}

    def get(self, path: Path | str, read: Callable[[], Value]) -> Value:
        """What `read` makes of the file, which must be nothing that anybody changes; raises what `read` raises."""
        key = str(path)
        try:
            found = os.stat(key)  # noqa: PTH116  (a third of the cost of Path's, thousands of times)
        except (OSError, ValueError):  # not there, or no path at all: `read` has the words for it
            return read()
        # the last one cannot be set back, as a copy that keeps times does
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        value = read()
        if time.time_ns() - found.st_mtime_ns > SETTLED_NS:
            self._keep(key, (stamp, value))
        return value

    def _keep(self, key: str, entry: tuple[tuple[int, ...], Value]) -> None:
        with self._lock:
            if len(self._kept) >= self._capacity and key not in self._kept:
                for old in list(self._kept)[: self._capacity // 2]:
                    del self._kept[old]
            self._kept[key] = entry
