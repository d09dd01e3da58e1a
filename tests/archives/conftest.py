"""The two forms in which a module's run leaves; each module trains a `run` of its own."""

from __future__ import annotations

import pytest

from vae_core.archives import archive
from vae_core.storage.runs import Run


@pytest.fixture(scope="module")
def whole(run: Run) -> bytes:
    """The run as an archive."""
    return archive.export_run(run)


@pytest.fixture(scope="module")
def weights(run: Run) -> bytes:
    """Its final weights alone."""
    return archive.export_weights(run)
