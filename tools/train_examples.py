"""Trains the shipped examples from the full sets, with fixed seeds, into checkpoints/.

    python -m tools.train_examples [NAME ...]

An example is an ordinary run folder without what only a worker needs (step files, lock, log, wants, preview), with its
evaluation on the full test split and on the sample's beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from vae_core.config import RunConfig, make_config
from vae_core.evaluation.restoration import restore_run
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files, places
from vae_core.storage.runs import Notes, Run, create_run
from vae_core.training.driver import Driver

COMMON: dict[str, Any] = {"device": "cpu", "threads": 1}
CONV_AE: dict[str, Any] = {"model": "ae", "architecture": "conv", "hidden": "16,32"}
COLOURISER: dict[str, Any] = {
    **CONV_AE, **COMMON, "latent": 64, "epochs": 24, "corruption": "greyscale", "likelihood": "gaussian", "sigma": 0.1,
}  # fmt: skip
EXAMPLES: dict[str, tuple[str, RunConfig]] = {
    "example-vae-2d": ("VAE, 2 latents, MNIST", make_config(dataset="mnist", epochs=60, **COMMON)),
    "example-ae-2d": (
        "AE, 2 latents, MNIST",
        make_config(dataset="mnist", model="ae", epochs=60, **COMMON),
    ),
    "example-vae-3d": ("VAE, 3 latents, MNIST", make_config(dataset="mnist", latent=3, epochs=40, **COMMON)),
    "example-vae-20d": (
        "VAE, 20 latents, MNIST",
        make_config(dataset="mnist", latent=20, hidden="400", epochs=30, **COMMON),
    ),
    "example-fashion-40d": (
        "VAE, 40 latents, Fashion",
        make_config(dataset="fashion-mnist", latent=40, encoder="separate", epochs=30, **COMMON),
    ),
    "example-fashion-conv": (
        "Conv VAE, 10 latents, Fashion",
        make_config(dataset="fashion-mnist", architecture="conv", hidden="16,32", latent=10, epochs=12, **COMMON),
    ),
}
DENOISERS: dict[str, tuple[str, RunConfig]] = {
    "mnist-denoiser": (
        "Denoiser, MNIST",
        make_config(
            dataset="mnist", latent=128, epochs=12, corruption="gaussian,salt-and-pepper", level="0.1:0.6",
            **CONV_AE, **COMMON,
        ),
    ),
    "watermark-remover": (
        "Watermark remover, MNIST",
        make_config(
            dataset="mnist", latent=128, epochs=6, lr=2e-3, corruption="watermark", level="0.3:1", **CONV_AE, **COMMON
        ),
    ),
    "colouriser-digits": ("Colouriser, digits", make_config(dataset="coloured-mnist-sample", **COLOURISER)),
    "colouriser-clothes": ("Colouriser, clothes", make_config(dataset="coloured-fashion-sample", **COLOURISER)),
}  # fmt: skip
EXAMPLES |= DENOISERS
RESTORED: dict[str, tuple[tuple[str, float | None], ...]] = {
    "mnist-denoiser": (("salt-and-pepper", 0.25), ("gaussian", 0.5)),
    "watermark-remover": (("watermark", 0.7), ("watermark", 1.0)),
    "colouriser-digits": (("greyscale", None),),
    "colouriser-clothes": (("greyscale", None),),
}
"""At what the figures of restoration are measured, on 1,000 test images."""
THINNED, MOST_FRAMES = 3, 30
"""Of a denoiser's film, whose codes are long, every third frame is kept."""
LEFT_OUT = ("step-*", "best*", ".lock", "worker.log", "control.json", "preview.npz", "watched")
EVALUATION_SCHEMA = 1


def train_example(run_id: str, root: Path = places.SHIPPED_RUNS) -> Path:
    """Trains one example anew, in place of the one that stands there, and returns its folder."""
    name, config = EXAMPLES[run_id]
    files.remove_tree(root / run_id)
    run = create_run(root, config, run_id=run_id)
    run.write_notes(Notes(name, "Made by tools/train_examples.py."))
    Driver(run).drive()
    finish(run)
    return run.folder


def finish(run: Run) -> None:
    """Takes away what only a worker needs, and measures the rest."""
    for pattern in LEFT_OUT:
        for path in run.folder.glob(pattern):
            files.remove(path)
    if run.id in DENOISERS:
        _thin_film(run)
    document: dict[str, Any] = {"schema": EVALUATION_SCHEMA, "splits": _evaluations(run)}
    if run.id in RESTORED:
        document["restoration"] = [
            _without_run(restore_run(run, name, level, dataset=dataset))
            for dataset in datasets_of(run)
            for name, level in RESTORED[run.id]
        ]
    files.write_json(run.folder / "evaluation.json", document)


def _evaluations(run: Run) -> dict[str, dict[str, object]]:
    """Figures by dataset: of the full set that trained it, and of the bundled sample that everybody has."""
    return {name: _without_run(evaluate_run(run, dataset=name)) for name in datasets_of(run)}


def datasets_of(run: Run) -> list[str]:
    """What an example is measured on: the set that trained it and, where that is not bundled, the sample of it."""
    own = run.config.data.dataset
    return [own] if own.endswith("-sample") else [own, f"{own}-sample"]


def _without_run(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key != "run"}


def _thin_film(run: Run) -> None:
    """The first frame, every third and the last stay; a film that is thin already is left as it is."""
    found = sorted((run.folder / "film").glob("[0-9]*.npz"))
    if len(found) < MOST_FRAMES:
        return
    for index, path in enumerate(found[:-1]):
        if index % THINNED:
            files.remove(path)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or EXAMPLES:
        print(train_example(chosen), flush=True)
