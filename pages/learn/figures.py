"""The shipped models of the lessons, and numbers computed from them once, by `tools/learn_figures.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from vae_core.storage import files, paths
from vae_core.storage.arrays import unpack_bundle
from vae_core.storage.runs import open_run
from vae_core.types import Array

if TYPE_CHECKING:
    from vae_core.data.datasets import Dataset
    from vae_core.evaluation.codes import Codes
    from vae_core.evaluation.trained import Trained
    from vae_core.metrics.latents import Pca

DATASET = "mnist-sample"
POINTS = 1_000


@st.cache_resource(show_spinner=False)
def figures(part: str) -> Any:
    """Returns a part of `figures.json`; shared by all sessions, so treat it as immutable."""
    return files.read_json(Path(__file__).parent / "figures.json")[part]


@st.cache_resource(show_spinner=False)
def linear(components: int) -> Pca:
    """Returns the PCA of the full training set with up to 32 components, stored beside the figures."""
    from vae_core.metrics.latents import Pca

    return Pca.from_arrays(unpack_bundle(files.read_bytes(Path(__file__).parent / "pca.npz"))).first(components)


@dataclass(frozen=True, eq=False)
class Model:
    """A shipped model and its codes of the sample's test images. Shared by all sessions, so treat it as immutable."""

    trained: Trained
    codes: Codes
    decoder: bytes | None


@st.cache_resource(show_spinner=False)
def dataset(name: str = DATASET) -> Dataset:
    """Loads a bundled dataset."""
    from vae_core.data import datasets

    return datasets.load_dataset(name)


@st.cache_resource(max_entries=32, show_spinner="Opening the model")
def model(run_id: str) -> Model:
    """Opens a shipped model.

    Raises:
        RunNotFound, CheckpointCorrupt: it is missing or damaged.
    """
    from vae_core.evaluation.codes import encode
    from vae_core.evaluation.trained import load_trained
    from vae_core.export.browser import decoder_bytes

    trained = load_trained(open_run(paths.SHIPPED_RUNS, run_id))
    decoder = decoder_bytes(trained.model, trained.config.objective.likelihood, trained.image_shape)
    return Model(trained, encode(trained, dataset().test_images), decoder)


def test_images() -> Array:
    """Returns the images of the sample's test split, (N, 1, 28, 28) uint8."""
    images: Array = dataset().test_images.numpy()
    return images


def test_labels() -> Array:
    """Returns the class indices of the sample's test split, (N,) int64."""
    labels: Array = dataset().test_labels.numpy()
    return labels
