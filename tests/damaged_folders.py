"""What can stand in a runs folder beside good runs, each with what its reader says of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def loop(path: Path) -> None:
    """`ln -s loop loop`."""
    path.symlink_to(path.name)


def link_to_nowhere(path: Path) -> None:
    """As of a disk that is not there at the moment."""
    path.symlink_to(path.parent / "unmounted" / path.name)


def without_rights(path: Path) -> None:
    path.mkdir(mode=0o000)


def cannot_be_entered(path: Path) -> None:
    """Its names can be listed, and nothing in it can be looked at."""
    path.mkdir()
    (path / "config.json").write_text("{}")
    path.chmod(0o444)


def unreadable_settings(path: Path) -> None:
    path.mkdir()
    (path / "config.json").touch(mode=0o000)


def settings_that_loop(path: Path) -> None:
    path.mkdir()
    loop(path / "config.json")


def settings_are_a_folder(path: Path) -> None:
    (path / "config.json").mkdir(parents=True)


def settings_are_a_pipe(path: Path) -> None:
    """Whoever reads it waits for ever."""
    path.mkdir()
    os.mkfifo(path / "config.json")


def empty(path: Path) -> None:
    path.mkdir()


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "loop": (loop, "Too many levels of symbolic links"),
    "nowhere": (link_to_nowhere, "There is no run"),
    "closed": (without_rights, "Permission denied"),
    "entry": (cannot_be_entered, "Permission denied"),
    "settings": (unreadable_settings, "Permission denied"),
    "settings-loop": (settings_that_loop, "Too many levels of symbolic links"),
    "settings-folder": (settings_are_a_folder, "Is a directory"),
    "settings-pipe": (settings_are_a_pipe, "Not an ordinary file"),
    "empty": (empty, "There is no run"),
}


def fill(root: Path) -> None:
    """Each of them under `root`, by its name."""
    for name, (make, _) in BAD.items():
        make(root / name)


def clear(root: Path) -> None:
    """Gives the rights back and removes all, so that the test's folder can be removed."""
    for name in BAD:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
            shutil.rmtree(path)
