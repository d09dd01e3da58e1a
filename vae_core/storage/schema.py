"""The schema number that every file format carries."""

from __future__ import annotations

from vae_core.errors import CheckpointCorrupt, SchemaTooNew


def check_schema(number: object, supported: int, what: str) -> None:
    """Refuses a format newer than this program.

    Raises:
        SchemaTooNew: `number` is larger than `supported`.
        CheckpointCorrupt: `number` is not a positive integer.
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise CheckpointCorrupt(f"{what} carries no schema number: it was not written by this program.")
    if number > supported:
        raise SchemaTooNew(
            f"{what} was written in format {number} and this program knows {supported}; update the program."
        )
