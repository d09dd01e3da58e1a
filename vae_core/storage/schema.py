"""The schema number that every file format carries."""

from __future__ import annotations

from vae_core.errors import CheckpointCorrupt, SchemaTooNew


def check_schema(found: object, known: int, what: str) -> None:
    """Refuses a format newer than this program.

    Raises:
        SchemaTooNew: `found` is larger than `known`.
        CheckpointCorrupt: it is no number from 1 on.
    """
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise CheckpointCorrupt(f"{what} carries no schema number: it was not written by this program.")
    if found > known:
        raise SchemaTooNew(f"{what} was written in format {found} and this program knows {known}; update the program.")
