"""What the Library's card says beside a run's figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pages.library import table
from tests.pages.opened import open_page
from vae_core.evaluation.run_figures import GREY_PIXELS
from vae_core.storage import paths
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.runs import open_folder


def test_12_and_13_the_card_tells_importance_samples_and_that_grey_pixels_have_no_likelihood(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "run_table", lambda **_: None)  # it runs in a browser only
    shutil.copytree(paths.SHIPPED_RUNS / "example-vae-2d", runs / "mine")
    kept = EVALUATION.read(open_folder(paths.SHIPPED_RUNS / "example-vae-2d"))
    assert kept is not None
    figures = kept.model_copy(update={"iw_nll_nats": 138.25, "iw_samples": 64, "iw_seed": 3})
    EVALUATION.write(open_folder(runs / "mine"), figures)
    page = open_page("library", runs="mine")
    shown = next(frame.value for frame in page.dataframe if "figure" in frame.value)
    rows = {row.figure: (row.value, row.unit) for row in shown.itertuples()}
    assert rows["importance-weighted NLL"] == ("138.25", "nats per image; 64 importance samples, seed 3")
    assert GREY_PIXELS in [caption.value for caption in page.caption]
