"""Compare says which of its models have no prior to draw from."""

from __future__ import annotations

from pathlib import Path

from tests.evaluation.untrained import saved, untrained
from tests.pages.opened import open_page
from vae_core.storage.runs import Status


def test_at_beta_0_draws_are_said_to_mean_nothing_for_that_model_alone(runs: Path) -> None:
    """Fault 12."""
    for beta in (0, 1):
        saved(runs, f"beta-{beta}", untrained(beta=beta)).write_status(
            Status("done", step=7, total_steps=7, epoch=20.0)
        )
    page = open_page("compare", runs="beta-0,beta-1", show="Pictures")
    assert not page.exception
    said = [one.value for one in page.caption if "samples of the prior mean nothing" in one.value]
    assert len(said) == 1 and said[0].startswith("beta 0")
