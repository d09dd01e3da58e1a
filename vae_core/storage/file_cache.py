"""A cache of parsed small files, keyed by path and file stamp: listing thousands of runs reads each file only once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
SETTLED_NS = 2_000_000_000
"""A file modified more recently may change again within one tick of the disk's clock, so it is not cached."""


class FileCache(Generic[Value]):
    """Caches values parsed from files, until a file's times, size or inode change. Thread-safe.

    Args:
        capacity: the number of entries kept; when full, the older half is evicted.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[tuple[int, ...], Value]] = {}

    def get(self, path: Path | str, read: Callable[[], Value]) -> Value:
        """Returns the cached value, else the result of `read`, which must be immutable; raises what `read` raises."""
        key = str(path)
        try:
            status = os.stat(key)  # noqa: PTH116  (a third of the cost of Path.stat, and called thousands of times)
        except (OSError, ValueError):  # missing, or not a valid path: `read` raises the proper error
            return read()
        # a copy that preserves times resets the modification time, but cannot reset the change time
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        value = read()
        if time.time_ns() - status.st_mtime_ns > SETTLED_NS:
            self._keep(key, (stamp, value))
        return value

    def _keep(self, key: str, entry: tuple[tuple[int, ...], Value]) -> None:
        with self._lock:
            if len(self._kept) >= self._capacity and key not in self._kept:
                for old in list(self._kept)[: self._capacity // 2]:
                    del self._kept[old]
            self._kept[key] = entry
