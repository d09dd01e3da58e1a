"""A trained model with the codes of held-out images, loaded once and cached for all sessions."""

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
"""Id prefixes of the shipped runs that Compare and Learn show. They are not listed here but can be opened by their URL."""
POINTS = 1_000


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A trained model and its codes of held-out images. Shared by all sessions, so it must never be changed.

    Attributes:
        run, trained, dataset: the run, its model, and the dataset with which it is shown.
        images, labels: (N, C, H, W) uint8 and (N,), from the test split.
        codes: the codes of those images.
        order: the dimensions, the one that carries most first.
        inactive: (L,) bool, from `codes.inactive_dimensions`.
        decoder: the decoder for the browser, or None if it is too large.
        note: a sentence if the images are not from the training dataset, otherwise empty.
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
        """A sentence if samples from the prior are meaningless, otherwise empty."""
        return coding.prior_warning(self.run.config)

    @property
    def start(self) -> Array:
        """The sliders' initial code (L,): the prior's mean, or the mean of the codes if there is no prior."""
        return np.zeros(self.latent) if self.codes.has_prior else self.codes.mean.mean(axis=0)


@st.cache_data(ttl=5, max_entries=4, show_spinner=False)
def choices() -> dict[str, str]:
    """The models that can be opened, id to name, shipped ones first."""
    models = [run for run in all_runs() if files.is_there(run.folder / "model.json") and not run.id.startswith(OTHERS)]
    shipped_first = sorted(models, key=lambda run: (not run.id.startswith("example-"), run.id != RECORDED))
    return names_of(shipped_first)


def open_model(run_id: str) -> OpenedModel:
    """Opens the model of a run, by the run's id.

    Raises:
        NameInvalid, RunNotFound: there is no such run.
        CheckpointCorrupt, CheckpointIncompatible: its weights cannot be used.
    """
    run = open_anywhere(run_id)
    return _load(str(run.folder), f"{_stamp(run)} {run.config.data.dataset} {bool(missing_message(run))}")


def _stamp(run: Run) -> str:
    """Changes with the weights: the final ones or, during training, those of the newest step."""
    weights = run.folder / "model.safetensors"
    newest = max((path.name for path in run.folder.glob("step-*.json")), default="")
    return str(weights.stat().st_mtime) if weights.exists() else newest


@st.cache_resource(max_entries=32, show_spinner="Opening the model")
def _load(folder: str, stamp: str) -> OpenedModel:
    run = open_run(Path(folder).parent, Path(folder).name)
    trained = load_trained(run)
    dataset, note = _dataset(run, trained)
    images, labels = batches.held_out(dataset, POINTS)
    codes = coding.encode(trained, images)
    decoder = decoder_bytes(trained.model, trained.config.objective.likelihood, trained.image_shape)
    order, inactive = coding.order_by_importance(codes).tolist(), coding.inactive_dimensions(codes)
    return OpenedModel(run, trained, dataset, images, labels, codes, order, inactive, decoder, note)


def _dataset(run: Run, trained: Trained) -> tuple[Dataset, str]:
    """The run's own dataset; if it is missing, its sample or a few images of the film, with a note that says so."""
    if missing_message(run):
        dataset = fallback_dataset(run, trained)
        return (
            dataset,
            f"Shown here with {len(dataset.test_images)} {dataset.name}, because its own images are missing.",
        )
    name = run.config.data.dataset
    shown = catalogue.at_hand(name)
    note = "" if shown == name else f"Trained on {name}; shown here with test images of {shown}."
    return datasets.load_dataset(shown), note
