"""Computes every number in the lessons from the shipped models and the bundled images, and writes pages/learn/figures.json.

    python -m tools.learn_figures

All figures use `mnist-sample`, which everyone has, whatever dataset a model was trained on. PCA is compared with models of
the full dataset, so it is fitted to that too; its components are saved with the figures, so that only this tool needs the
full dataset.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

import torch

from tools.examples import LESSON_LATENTS, LESSONS
from vae_core.data.batches import to_float
from vae_core.data.datasets import Dataset, load_dataset
from vae_core.evaluation.codes import decode_images, encode, fitted_gaussian
from vae_core.evaluation.compression import compress
from vae_core.evaluation.trained import Trained, load_trained
from vae_core.metrics.elbo import evaluate
from vae_core.metrics.latents import Pca, collapse_beta, label_neighbours, pca_training_images
from vae_core.metrics.linear_vae import LinearVae
from vae_core.metrics.neighbours import distance_to_nearest, nearest_others, share_label
from vae_core.metrics.novelty import KINDS, detect, unknown_images
from vae_core.models.autoencoder import Posterior
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.settings import ObjectiveConfig
from vae_core.storage import files, paths
from vae_core.storage.arrays import pack_bundle, unpack_bundle
from vae_core.storage.runs import open_run
from vae_core.viz.walks import random_codes

FIGURES = paths.PROJECT_ROOT / "pages" / "learn" / "figures.json"
COMPONENTS = FIGURES.with_name("pca.npz")
SCHEMA = 1
DRAWS = 5_000
"""Random codes: enough to support the lesson's claims about the two models; each mean is saved with its standard error."""
DIGITS = 6
SHOWN_THRESHOLDS = 40
COMPRESSED = (8, 16, 32)
PLANE = {"ae": "example-ae-2d", "vae": "example-vae-2d"}
CODES = {"ae": "learn-ae-20", "vae": "sweep-beta-1-seed-0"}
"""One network, without and with the KL."""
DETECTOR = "learn-ae-16"
LOSS_MODEL = "example-vae-20d"
NEIGHBOURS = 10
MODELS = {"plane": PLANE, "codes": CODES, "detector": DETECTOR, "loss": LOSS_MODEL}


@cache
def data() -> Dataset:
    return load_dataset("mnist-sample")


@cache
def model(run_id: str) -> Trained:
    return load_trained(open_run(paths.SHIPPED_RUNS, run_id))


@cache
def pca() -> Pca:
    """PCA of the full training set, as saved by `python -m tools.learn_figures`."""
    return Pca.from_arrays(unpack_bundle(files.read_bytes(COMPONENTS)))


def fit_pca() -> Pca:
    """Fits PCA on as many images as the models were trained on."""
    return Pca.fit(pca_training_images(load_dataset("mnist").train_images).flatten(1), max(LESSON_LATENTS))


def bottleneck() -> dict[str, Any]:
    """Mean squared error per pixel of the small autoencoders, and of PCA with the same number of components."""
    rows = to_float(data().test_images).flatten(1)
    linear = [pca().first(latent).mse(rows) for latent in LESSON_LATENTS]
    errors = [
        float(encode(model(f"learn-ae-{latent}"), data().test_images).reconstruction_error.mean())
        for latent in LESSON_LATENTS
    ]
    return {"latents": list(LESSON_LATENTS), "ae": errors, "pca": linear, "pca_images": pca().count}


def loss() -> dict[str, Any]:
    """The floor, the collapse line and a trained model's figures, in nats per image."""
    trained, images = model(LOSS_MODEL), data().test_images
    mean, target = to_float(data().train_images).mean(dim=0), to_float(images)
    figures = evaluate(trained.model, trained.likelihood, images, seed=trained.config.training.seed)
    floor = trained.likelihood.floor(target)
    assert floor is not None, "the lesson's model has a Bernoulli likelihood"
    return {
        "pixels": images[0].numel(),
        "floor": float(floor.mean()),
        "collapse": float(trained.likelihood.collapse(mean, target).mean()),
        "reconstruction": figures.reconstruction_nats,
        "kl": figures.kl_nats,
        "collapse_beta": float(_thresholds("bernoulli")[0]),
    }


def holes() -> dict[str, Any]:
    """How far decoded samples and decoded codes are from real images, and how often neighbouring codes share a label."""
    plane = {name: _holes(model(run_id)) for name, run_id in PLANE.items()}
    wide = {f"{name}_wide": _holes(model(run_id)) for name, run_id in CODES.items()}
    return {"draws": DRAWS, "latents": model(CODES["ae"]).model.latent, **plane, **wide}


def _holes(trained: Trained) -> dict[str, float]:
    codes = encode(trained, data().test_images)
    gaussian = fitted_gaussian(codes) if codes.log_variance is None else (0.0, 1.0)
    drawn = decode_images(trained, random_codes(DRAWS, trained.model.latent, 0, 1.0, *gaussian))
    kept = decode_images(trained, codes.mean[:DRAWS])
    real = data().train_images.numpy()
    labels = data().test_labels
    distances = distance_to_nearest(drawn, real)
    return {
        "draws": float(distances.mean()),
        "draws_error": float(distances.std(ddof=1) / DRAWS**0.5),
        "reconstructions": float(distance_to_nearest(kept, real).mean()),
        "same_label": label_neighbours(torch.from_numpy(codes.mean), labels),
    }


def kl() -> dict[str, float]:
    """KL of N(mean, variance) from N(0, 1) in nats, at the points that the lesson mentions."""
    points = {"mean_one": (1.0, 1.0), "narrow": (0.0, 0.1), "wide": (0.0, 3.0)}
    return {name: _kl(mean, variance) for name, (mean, variance) in points.items()}


def _kl(mean: float, variance: float) -> float:
    posterior = Posterior(torch.tensor([[mean]]).double(), torch.tensor([[variance]]).double().log())
    return float(kl_per_dimension(posterior))


def collapse() -> dict[str, Any]:
    """The betas at which dimensions of a linear VAE collapse, and trained models compared with the prediction."""
    linear = {run_id: config for run_id, (_, config) in LESSONS.items() if config.model.model == "vae"}
    latent = next(iter(linear.values())).model.latent
    theory = LinearVae(Pca.fit(data().train_images.flatten(1), latent))
    rows = to_float(data().test_images).flatten(1)
    models = []
    for run_id, config in linear.items():
        trained, beta = model(run_id), config.objective.beta
        figures = evaluate(trained.model, trained.likelihood, data().test_images, seed=config.training.seed)
        kl_each = torch.tensor(figures.kl_per_dimension)
        models.append({
            "run": run_id, "beta": beta, "kl": figures.kl_nats, "mse": figures.mse_per_pixel,
            "kept": figures.active_units, "predicted_kept": theory.kept(beta),
            "kl_per_dimension": sorted(kl_each.tolist(), reverse=True),
            "predicted_kl": float(theory.kl_per_dimension(beta).sum()), "predicted_mse": theory.mse(rows, beta),
            "predicted_kl_per_dimension": theory.kl_per_dimension(beta).tolist(),
        })  # fmt: skip
    names = ("gaussian", "bernoulli")
    return {"latents": latent, "models": models, **{name: _thresholds(name)[:SHOWN_THRESHOLDS] for name in names}}


@cache
def _thresholds(likelihood: str) -> list[float]:
    objective = ObjectiveConfig.model_validate({"likelihood": likelihood})
    return [float(value) for value in collapse_beta(data().train_images, build_likelihood(objective))]


def compression() -> dict[str, Any]:
    """Rate and distortion of some of the small autoencoders, as computed by `python -m vae_core compress`, and of PCA."""
    return {
        f"learn-ae-{latent}": asdict(compress(model(f"learn-ae-{latent}"), data(), pca=pca().first(latent)))
        for latent in COMPRESSED
    }


def novelty() -> dict[str, float]:
    """The area under the ROC curve of the model of digits, for each kind of unknown images."""
    trained, known = model(DETECTOR), data().test_images.numpy()
    unknown = {"clothes": load_dataset("fashion-mnist-sample").test_images.numpy()}
    unknown |= {kind: unknown_images(kind, known) for kind in KINDS}
    errors = encode(trained, known).reconstruction_error
    return {kind: detect(errors, encode(trained, images).reconstruction_error).auc for kind, images in unknown.items()}


def neighbours() -> dict[str, float]:
    """The share of an image's nearest neighbours with its label: in pixels, in PCA codes and in each model's codes."""
    pixels = to_float(data().test_images).flatten(1)
    linear = pca().first(model(CODES["ae"]).model.latent).project(pixels)
    rows = {"pixels": pixels.numpy(), "pca": linear.float().numpy()}
    rows |= {name: encode(model(run_id), data().test_images).mean for name, run_id in CODES.items()}
    labels = data().test_labels.numpy()
    return {name: float(share_label(nearest_others(row, NEIGHBOURS), labels).mean()) for name, row in rows.items()}


PARTS = {
    "bottleneck": bottleneck, "loss": loss, "holes": holes, "kl": kl, "collapse": collapse, "compression": compression,
    "novelty": novelty, "neighbours": neighbours,
}  # fmt: skip


def rounded(value: Any) -> Any:
    """Rounds numbers to six significant digits; further digits differ between machines."""
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


if __name__ == "__main__":
    files.write_atomic(COMPONENTS, pack_bundle(fit_pca().to_arrays()))
    parts = {name: rounded(compute()) for name, compute in PARTS.items()}
    files.write_json(FIGURES, {"schema": SCHEMA, "models": MODELS, **parts})
    print(FIGURES)
