from __future__ import annotations

import os

import numpy as np
import pytest

from tools import make_samples
from vae_core.data.bundled import SAMPLES
from vae_core.storage import arrays, paths


def test_choice_keeps_the_shares_and_repeats() -> None:
    labels = np.repeat(np.arange(3), [500, 300, 201])
    chosen = make_samples.choose(labels, 100)
    assert len(np.unique(chosen)) == 100
    assert np.bincount(labels[chosen]).tolist() == [50, 30, 20]
    assert np.array_equal(make_samples.choose(labels, 100), chosen)
    assert not np.array_equal(np.sort(chosen), chosen), "the order is shuffled"


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_makes_the_bundled_content_again(name: str) -> None:
    if not os.environ.get(paths.DATA_VARIABLE):
        pytest.skip(f"the full sets are needed: set {paths.DATA_VARIABLE} to their folder")
    bundled = arrays.unpack_bundle((SAMPLES / f"{name}-sample.npz").read_bytes())
    made = arrays.unpack_bundle(make_samples.pack(make_samples.sample(name)))
    assert made.keys() == bundled.keys()
    assert all(np.array_equal(made[part], bundled[part]) for part in made)
