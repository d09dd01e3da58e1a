"""Loads the trained model of a run and evaluates it on a dataset."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_core.config import RunConfig
from vae_core.data import batches
from vae_core.data.relocation import load_run_dataset
from vae_core.errors import CheckpointCorrupt, CheckpointIncompatible, ConfigError, DataError
from vae_core.evaluation.validation_set import targets_and_inputs
from vae_core.metrics.elbo import evaluate, iw_nlls
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.build import build_model
from vae_core.objectives.likelihoods import Likelihood, build_likelihood
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.storage import checkpoints
from vae_core.storage.runs import Run
from vae_core.storage.usable_steps import broken_step
from vae_core.types import Array

MAX_IW_SAMPLES = 100_000


@dataclass(frozen=True)
class Trained:
    """A model with trained weights.

    Attributes:
        model, likelihood: on the CPU; use them under `torch.no_grad`.
        config: the run's configuration.
        image_shape: (channels, height, width).
        step: number of optimizer steps behind the weights.
    """

    model: Autoencoder
    likelihood: Likelihood
    config: RunConfig
    image_shape: tuple[int, int, int]
    step: int


def load_trained(run: Run, which: str = "model") -> Trained:
    """Loads the final ("model") or the best held-out ("best") weights of a run; while it trains, the newest ones.

    If a run diverged under an older version, its final weights are broken and the best ones are loaded instead.

    Raises:
        CheckpointCorrupt: there are no weights yet, or they are damaged.
        CheckpointIncompatible: the weights belong to another network.
    """
    checkpoint = checkpoints.load_best(run.folder) if which == "best" or broken_step(run) is not None else None
    if checkpoint is None and (run.folder / "model.json").exists():
        checkpoint = checkpoints.load(run.folder, "model")
    checkpoint = checkpoint or checkpoints.load_newest(run.folder)
    if checkpoint is None:
        raise CheckpointCorrupt(f"The run {run.id!r} holds no weights yet; train it first.")
    tensors, record = checkpoint
    try:
        channels, height, width = (int(size) for size in record["image_shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointCorrupt(f"The weights of {run.id!r} do not record the size of their images.") from error
    shape = (channels, height, width)
    model, likelihood = build_model(run.config.model, shape, seed=0), build_likelihood(run.config.objective)
    load_weights({"model": model, "likelihood": likelihood}, tensors)
    return Trained(model, likelihood, run.config, shape, int(record["step"]))


def evaluate_run(
    run: Run,
    *,
    dataset: str | None = None,
    iw_samples: int | None = None,
    images: int | None = None,
    which: str = "model",
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """Evaluates a run on its test split; returns the figures under the command line's JSON keys.

    A denoising run sees images damaged as in training (drawn once, fixed by its seed). Every figure compares with the clean
    ones: the terms of the ELBO, the floor, and the importance-weighted NLL are bounds on the clean images' likelihood.

    Args:
        run: the run whose weights are evaluated.
        dataset: a dataset to use instead of the run's own.
        iw_samples: K, importance samples per image; adds `iw_nll_nats`, its standard error over the images,
            `iw_nll_nats_standard_error`, and how it was computed, `iw_samples` and `iw_seed`.
        images: number of test images to evaluate, always the same ones (`batches.held_out`); None evaluates all.
        which: "model" or "best", as for `load_trained`.
        data_dir: folder of the full datasets.
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        ConfigError: `iw_samples` or `images` is out of range, or the run is an autoencoder and `iw_samples` is given.
        DataError: the shape of the dataset's images is not that of the training images.
        LatentLabError: anything that `load_trained` and `datasets.load_dataset` raise.
    """
    if iw_samples is not None and not 1 <= iw_samples <= MAX_IW_SAMPLES:
        raise ConfigError(f"iw-samples must be 1 to {MAX_IW_SAMPLES}, not {iw_samples}.")
    if images is not None and images < 1:
        raise ConfigError(f"images must be at least 1, not {images}.")
    trained = load_trained(run, which)
    data = load_run_dataset(run, dataset, data_dir, progress)
    if data.image_shape != trained.image_shape:
        raise DataError(
            f"The model takes images of {_size(trained.image_shape)} and {data.name!r} has {_size(data.image_shape)}; "
            "choose another dataset."
        )
    seed = run.config.training.seed
    chosen = data.test_images if images is None else batches.held_out(data, images)[0]
    target, inputs = targets_and_inputs(chosen, run.config)
    figures = asdict(evaluate(trained.model, trained.likelihood, target, seed=seed, inputs=inputs))
    if iw_samples is not None:
        nats = iw_nlls(trained.model, trained.likelihood, target, iw_samples, seed, inputs=inputs, progress=progress)
        figures |= {
            "iw_nll_nats": nats.mean().item(),
            "iw_nll_nats_standard_error": (nats.std(correction=0) / len(nats) ** 0.5).item(),
            "iw_samples": iw_samples,
            "iw_seed": seed,
        }
    bits = bits_per_dimension(figures["negative_elbo_nats"], run.config, math.prod(data.image_shape))
    figures["bits_per_dimension"] = bits
    return {"run": str(run.folder), "dataset": data.name, "dataset_sha256": data.digest, "step": trained.step} | figures


def bits_per_dimension(nats: float, config: RunConfig, dimensions: int) -> float | None:
    """The negative ELBO per pixel and channel in bits, as papers on photographs report it.

    A density on the range 0 to 1 is taken as constant over the 1/255 of a grey level, which adds log2(255) bits.

    Args:
        nats: negative ELBO, nats per image.
        config: of the run.
        dimensions: pixels times channels.

    Returns:
        None for a Bernoulli on grey pixels, to which it gives no probability, and for an autoencoder, which has no ELBO.
    """
    row = LIKELIHOODS[config.objective.likelihood]
    if not config.model.is_variational or (row.is_of_bits and config.data.binarize == "none"):
        return None
    is_density = not (row.is_of_bits or row.is_of_levels)
    return nats / (dimensions * math.log(2)) + (math.log2(255) if is_density else 0.0)


def load_weights(modules: dict[str, torch.nn.Module], tensors: dict[str, Array]) -> None:
    """Copies named arrays into modules. Raises what `check_weights` raises, and then leaves the modules untouched."""
    expected, given = check_weights(modules, tensors)
    with torch.no_grad():
        for name, tensor in expected.items():
            tensor.copy_(torch.from_numpy(np.array(given[name])))


def check_weights(
    modules: dict[str, torch.nn.Module], tensors: dict[str, Array]
) -> tuple[dict[str, torch.Tensor], dict[str, Array]]:
    """Matches arrays with the weights of modules; returns both by name.

    Raises:
        CheckpointIncompatible: names or shapes differ (the message lists the first five), or an array is not float32.
        CheckpointCorrupt: a weight is not finite (the message names the first).
    """
    expected = {
        f"{prefix}.{name}": tensor for prefix, module in modules.items() for name, tensor in module.state_dict().items()
    }
    given = {name: value for name, value in tensors.items() if name.split(".")[0] in modules}
    differing = [
        f"{name} {_shape(given.get(name))} in the file, {_shape(expected.get(name))} in the network"
        for name in sorted(expected.keys() | given.keys())
        if _shape(given.get(name)) != _shape(expected.get(name))
    ]
    if differing:
        raise CheckpointIncompatible(f"The weights belong to another network: {'; '.join(differing[:5])}.")
    for name, value in given.items():
        if value.dtype != np.float32:
            raise CheckpointIncompatible(
                f"The weights belong to another network: {name} is {value.dtype}, not float32."
            )
        if not np.isfinite(value).all():
            raise CheckpointCorrupt(
                f"The weights {name} contain values that are not finite; use an earlier checkpoint."
            )
    return expected, given


def _shape(value: Array | torch.Tensor | None) -> str:
    return "missing" if value is None else "x".join(map(str, value.shape)) or "a number"


def _size(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{width} x {height} pixels in {channels} channel{'s' if channels > 1 else ''}"
