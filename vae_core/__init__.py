"""Latent Lab's library: train autoencoders and beta-VAEs on images, evaluate them, and explore their latent space.

The public names below are imported on first use, so that importing the package is instant and the app's first page
appears before torch is loaded.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "RunConfig": "vae_core.config",
    "make_config": "vae_core.config",
    "LatentLabError": "vae_core.errors",
    "create_run": "vae_core.training.new_run",
    "find_run": "vae_core.storage.find_runs",
    "list_runs": "vae_core.storage.runs",
    "open_run": "vae_core.storage.runs",
    "load_dataset": "vae_core.data.datasets",
    "build_model": "vae_core.models.build",
    "build_likelihood": "vae_core.objectives.likelihoods",
    "Objective": "vae_core.objectives.objective",
    "evaluate": "vae_core.metrics.elbo",
    "iw_nll": "vae_core.metrics.elbo",
    "load_trained": "vae_core.evaluation.trained",
    "Trainer": "vae_core.training.loop",
    "train": "vae_core.training.loop",
    "Driver": "vae_core.training.driver",
    "Manager": "vae_core.training.manager",
}

__all__ = sorted(_PUBLIC)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
