"""Models with drawn weights, large enough that codes and pictures differ from image to image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from vae_core.config import make_config
from vae_core.evaluation.trained import Trained
from vae_core.models.build import build_model
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.storage import checkpoints
from vae_core.storage.runs import Run, create_run

Shape = tuple[int, int, int]


@torch.no_grad()
def untrained(shape: Shape = (1, 28, 28), **values: Any) -> Trained:
    config = make_config(**{"latent": 3, "hidden": "32", **values})
    model = build_model(config.model, shape, seed=1)
    for weight in model.parameters():
        weight.mul_(3)
    return Trained(model, build_likelihood(config.objective), config, shape, 7)


def saved(root: Path, run_id: str, trained: Trained) -> Run:
    """A run folder that holds a model's weights as the final ones."""
    run = create_run(root, trained.config, run_id=run_id)
    tensors = {f"model.{name}": tensor.numpy() for name, tensor in trained.model.state_dict().items()}
    tensors |= {f"likelihood.{name}": tensor.numpy() for name, tensor in trained.likelihood.state_dict().items()}
    checkpoints.save(run.folder, "model", tensors, {"step": trained.step, "image_shape": trained.image_shape})
    return run
