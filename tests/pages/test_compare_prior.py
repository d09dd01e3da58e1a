"""Compare warns about models whose prior cannot be sampled from."""

from __future__ import annotations

from pathlib import Path

from tests.evaluation.untrained import saved, untrained
from tests.pages.opened import open_page
from vae_core.storage.runs import Status


def test_at_beta_0_a_warning_about_prior_samples_appears_for_that_model_alone(runs: Path) -> None:
    """Fault 12."""
    for beta in (0, 1):
        saved(runs, f"beta-{beta}", untrained(beta=beta)).write_status(
            Status("done", step=7, total_steps=7, epoch=20.0)
        )
    page = open_page("compare", runs="beta-0,beta-1", show="Pictures")
    assert not page.exception
    warnings = [caption.value for caption in page.caption if "samples of the prior mean nothing" in caption.value]
    assert len(warnings) == 1 and warnings[0].startswith("beta 0")
