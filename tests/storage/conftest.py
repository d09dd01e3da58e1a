"""A disk that fails on demand."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vae_core.errors import DiskError
from vae_core.storage import files

CALLS = [name for name in vars(files.SystemCalls) if not name.startswith("_")]
DIES = "dies"
FULL_FOR_GOOD = "stays full"
WAYS = [DIES, FULL_FOR_GOOD, errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EXDEV]


class Died(BaseException):
    """The process is gone: nothing of it runs any more, no cleanup either."""


@dataclass
class FaultySystem:
    """`files.SystemCalls` whose call number `fail_at` fails in one `way`; a failing write leaves half of its bytes."""

    way: str | int
    fail_at: int
    log: list[str] = field(default_factory=list)
    failed: bool = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in CALLS:
            raise AttributeError(name)
        return lambda *arguments: self._call(name, arguments)

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        real = getattr(files.SystemCalls, name)
        self.log.append(name)
        for_good = self.way == DIES or (self.way == FULL_FOR_GOOD and name in ("write", "mkdir"))
        if not (len(self.log) == self.fail_at or (self.failed and for_good)):
            return real(*arguments)
        if name == "close":  # the system closes what a dead process had open
            real(*arguments)
        if name == "write" and not self.failed:
            real(arguments[0], arguments[1][: len(arguments[1]) // 2])
        self.failed = True
        raise Died if self.way == DIES else self._error(arguments)

    def _error(self, arguments: tuple[Any, ...]) -> OSError:
        code = errno.ENOSPC if isinstance(self.way, str) else self.way
        return OSError(code, os.strerror(code), str(arguments[0]))


class FullSystem(files.SystemCalls):
    """A disk without room: nothing can be made or written, all else goes on."""

    @staticmethod
    def write(descriptor: int, content: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass(frozen=True)
class Fault:
    """One way to fail at one call of an action, and what came of it."""

    folder: Path
    way: str | int
    raised: BaseException | None
    log: list[str] | None

    @property
    def died(self) -> bool:
        return isinstance(self.raised, Died)


EveryFault = Callable[[Callable[[Path], object], Callable[[Path], object]], Iterator[Fault]]


@pytest.fixture
def every_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EveryFault:
    """`every_fault(prepare, action)`: in each way, and in a new folder each time, lets call 1, 2, 3, ... of the action
    fail, until it needs no more calls than went well."""

    def one(way: str | int, number: int, prepare: Callable[[Path], object], action: Callable[[Path], object]) -> Fault:
        folder = tmp_path / f"{way}-{number}"
        folder.mkdir()
        prepare(folder)
        system = FaultySystem(way, number)
        raised: BaseException | None = None
        with monkeypatch.context() as patch:
            patch.setattr(files, "system", system)
            try:
                action(folder)
            except (Died, DiskError) as error:
                raised = error
        return Fault(folder, way, raised, system.log if system.failed else None)

    def every(prepare: Callable[[Path], object], action: Callable[[Path], object]) -> Iterator[Fault]:
        for way in WAYS:
            faults = (one(way, number, prepare, action) for number in itertools.count(1))
            yield from itertools.takewhile(lambda fault: fault.log is not None, faults)

    return every
