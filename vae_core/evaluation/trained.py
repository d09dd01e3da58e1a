"""From a run folder to a model that can be used, and its figures on a dataset."""

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
        model, likelihood: on the CPU, to be used under `torch.no_grad`.
        config: what the run was asked to be.
        image_shape: (channels, height, width).
        step: optimizer steps that the weights have seen.
    """

    model: Autoencoder
    likelihood: Likelihood
    config: RunConfig
    image_shape: tuple[int, int, int]
    step: int


def load_trained(run: Run, which: str = "model") -> Trained:
    """The final ("model") or the best held-out ("best") weights of a run; while it trains, those of its newest step.

    A run that diverged under an older version has broken final weights; the best ones stand in for them.

    Raises:
        CheckpointCorrupt: there are no weights yet, or they are damaged.
        CheckpointIncompatible: they are of another network.
    """
    found = checkpoints.load_best(run.folder) if which == "best" or broken_step(run) is not None else None
    if found is None and (run.folder / "model.json").exists():
        found = checkpoints.load(run.folder, "model")
    found = found or checkpoints.load_newest(run.folder)
    if found is None:
        raise CheckpointCorrupt(f"The run {run.id!r} holds no weights yet; train it first.")
    tensors, record = found
    try:
        channels, height, width = (int(size) for size in record["image_shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointCorrupt(f"The weights of {run.id!r} do not say the size of their images.") from error
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
    """The figures of a run on its test split, by the names of the command line.

    A denoising run sees images damaged as in training (one draw, fixed by its seed) and is compared with the clean ones,
    for every figure: the ELBO's terms, the floor, and the importance-weighted NLL. All bounds are on the clean images'
    likelihood.

    Args:
        run: its final weights are evaluated.
        dataset: other images than its own.
        iw_samples: K; adds `iw_nll_nats`, its `iw_nll_nats_standard_error` over the images, and how it was computed:
            `iw_samples` and `iw_seed`.
        images: evaluate only this many test images, always the same (`batches.held_out`); None evaluates all.
        which: as for `load_trained`.
        data_dir: of the full datasets.
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        ConfigError: `iw_samples` or `images` is out of range, or an autoencoder is asked for importance samples.
        DataError: the dataset's images have another shape than those of training.
        LatentLabError: as `load_trained` and `datasets.load_dataset` do.
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
    found = asdict(evaluate(trained.model, trained.likelihood, target, seed=seed, inputs=inputs))
    if iw_samples is not None:
        nats = iw_nlls(trained.model, trained.likelihood, target, iw_samples, seed, inputs=inputs, progress=progress)
        found |= {
            "iw_nll_nats": nats.mean().item(),
            "iw_nll_nats_standard_error": (nats.std(correction=0) / len(nats) ** 0.5).item(),
            "iw_samples": iw_samples,
            "iw_seed": seed,
        }
    found["bits_per_dimension"] = bits_per_dimension(
        found["negative_elbo_nats"], run.config, math.prod(data.image_shape)
    )
    return {"run": str(run.folder), "dataset": data.name, "dataset_sha256": data.digest, "step": trained.step, **found}


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
    """Puts named arrays into modules; raises as `check_weights` does, and then nothing was put."""
    expected, given = check_weights(modules, tensors)
    with torch.no_grad():
        for name, tensor in expected.items():
            tensor.copy_(torch.from_numpy(np.array(given[name])))


def check_weights(
    modules: dict[str, torch.nn.Module], tensors: dict[str, Array]
) -> tuple[dict[str, torch.Tensor], dict[str, Array]]:
    """The weights of the modules, and the arrays that go into them, by the same names; all must agree.

    Raises:
        CheckpointIncompatible: lists the first five that differ in name or shape, or names one of another type.
        CheckpointCorrupt: names the first weight that is not finite.
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
        raise CheckpointIncompatible(f"The weights are of another network: {'; '.join(differing[:5])}.")
    for name, value in given.items():
        if value.dtype != np.float32:
            raise CheckpointIncompatible(f"The weights are of another network: {name} is {value.dtype}, not float32.")
        if not np.isfinite(value).all():
            raise CheckpointCorrupt(f"The weights {name} hold values that are not finite; use an earlier checkpoint.")
    return expected, given


def _shape(value: Array | torch.Tensor | None) -> str:
    return "missing" if value is None else "x".join(map(str, value.shape)) or "a number"


def _size(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{width} x {height} pixels in {channels} channel{'s' if channels > 1 else ''}"
