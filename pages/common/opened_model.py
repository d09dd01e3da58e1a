"""The model that the page explores, with the codes of held-out images; loaded once and kept for all sessions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from torch import Tensor

from pages.common.session import RECORDED, all_runs, names_of, open_anywhere
from vae_core.data import batches, catalogue, datasets
from vae_core.data.datasets import Dataset
from vae_core.data.relocation import missing_message
from vae_core.evaluation import codes as coding
from vae_core.evaluation.codes import Codes
from vae_core.evaluation.fallback import fallback_dataset
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.export.browser import decoder_bytes
from vae_core.storage import files
from vae_core.storage.runs import Run, open_run
from vae_core.types import Array

MODEL_PARAMETER = "trained"
OTHERS = ("sweep-", "learn-")
"""How the ids of shipped runs begin that Compare and Learn show; here they come by the address."""
POINTS = 1_000


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A trained model and what it makes of held-out images. Shared by all sessions: never to be changed.

    Attributes:
        run, trained, dataset: the model and the images it is shown with.
        images, labels: (N, C, H, W) uint8 and (N,), of the test split.
        codes: of those images.
        order: the dimensions, the one that carries most first.
        inactive: (L,) bool, as `codes.inactive_dimensions` gives it.
        decoder: for the browser, or None where it is too large for it.
        note: a sentence where the images are not those of training, else empty.
    """

    run: Run
    trained: Trained
    dataset: Dataset
    images: Tensor
    labels: Tensor
    codes: Codes
    order: list[int]
    inactive: Array
    decoder: bytes | None
    note: str

    @property
    def latent(self) -> int:
        return self.trained.model.latent

    @property
    def is_vae(self) -> bool:
        return self.codes.log_variance is not None

    @property
    def prior_warning(self) -> str:
        """A sentence where draws from the prior mean nothing, else empty."""
        return coding.prior_warning(self.run.config)

    @property
    def start(self) -> Array:
        """Where the sliders stand at first: the prior's mean, or the mean of the codes if no prior drew them."""
        return np.zeros(self.latent) if self.codes.has_prior else self.codes.mean.mean(axis=0)


@st.cache_data(ttl=5, max_entries=4, show_spinner=False)
def choices() -> dict[str, str]:
    """The models that can be explored: id to name, shipped ones first."""
    found = [run for run in all_runs() if files.is_there(run.folder / "model.json") and not run.id.startswith(OTHERS)]
    shipped_first = sorted(found, key=lambda run: (not run.id.startswith("example-"), run.id != RECORDED))
    return names_of(shipped_first)


def open_model(run_id: str) -> OpenedModel:
    """The model of a run, by its id.

    Raises:
        NameInvalid, RunNotFound: there is none.
        CheckpointCorrupt, CheckpointIncompatible: its weights cannot be used.
    """
    run = open_anywhere(run_id)
    return _load(str(run.folder), f"{_stamp(run)} {run.config.data.dataset} {bool(missing_message(run))}")


def _stamp(run: Run) -> str:
    """Another one where there are other weights: the final ones, or while it trains those of its newest step."""
    weights = run.folder / "model.safetensors"
    newest = max((path.name for path in run.folder.glob("step-*.json")), default="")
    return str(weights.stat().st_mtime) if weights.exists() else newest


@st.cache_resource(max_entries=32, show_spinner="Opening the model")
def _load(folder: str, stamp: str) -> OpenedModel:
    run = open_run(Path(folder).parent, Path(folder).name)
    trained = load_trained(run)
    dataset, note = _dataset(run, trained)
    images, labels = batches.held_out(dataset, POINTS)
    found = coding.encode(trained, images)
    decoder = decoder_bytes(trained.model, trained.config.objective.likelihood, trained.image_shape)
    order, inactive = coding.order_by_importance(found).tolist(), coding.inactive_dimensions(found)
    return OpenedModel(run, trained, dataset, images, labels, found, order, inactive, decoder, note)


def _dataset(run: Run, trained: Trained) -> tuple[Dataset, str]:
    """The run's own images where they are here, else the sample of them or a few of its film's, which is said."""
    if missing_message(run):
        found = fallback_dataset(run, trained)
        return found, f"Shown here with {len(found.test_images)} {found.name}, as its own images are not there."
    name = run.config.data.dataset
    shown = catalogue.at_hand(name)
    note = "" if shown == name else f"Trained on {name}; shown here with test images of {shown}."
    return datasets.load_dataset(shown), note
