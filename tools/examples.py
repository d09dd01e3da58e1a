"""The configurations of the shipped examples, by the ids of their folders under checkpoints/."""

from __future__ import annotations

from typing import Any

from vae_core.config import RunConfig, make_config

Examples = dict[str, tuple[str, RunConfig]]
"""A run's id: its name and configuration."""

COMMON: dict[str, Any] = {"device": "cpu", "threads": 1}
CONV_AE: dict[str, Any] = {"model": "ae", "architecture": "conv", "hidden": "16,32"}
COLOURISER: dict[str, Any] = {
    **CONV_AE, **COMMON, "latent": 64, "epochs": 24, "corruption": "greyscale", "likelihood": "gaussian", "sigma": 0.1,
}  # fmt: skip
PLAIN: Examples = {
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
        make_config(dataset="fashion-mnist", architecture="conv", hidden="32,64", latent=10, epochs=12, **COMMON),
    ),
}
DENOISERS: Examples = {
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
RESTORED: dict[str, tuple[tuple[str, float | None], ...]] = {
    "mnist-denoiser": (("salt-and-pepper", 0.25), ("gaussian", 0.5)),
    "watermark-remover": (("watermark", 0.7), ("watermark", 1.0)),
    "colouriser-digits": (("greyscale", None),),
    "colouriser-clothes": (("greyscale", None),),
}
"""The corruptions and levels at which restoration is measured, on 1,000 test images."""
SWEEP_BETAS, SWEEP_SEEDS = (1, 2, 4, 8, 16), (0, 1, 2)
SWEEP: Examples = {
    f"sweep-beta-{beta}-seed-{seed}": (
        f"Beta {beta}, seed {seed}, MNIST",
        make_config(dataset="mnist", latent=20, hidden="64", beta=beta, seed=seed, epochs=20, **COMMON),
    )
    for beta in SWEEP_BETAS
    for seed in SWEEP_SEEDS
}
LESSON_LATENTS = (1, 2, 4, 8, 16, 32)
LINEAR_EPOCHS = {
    1.0: (1000, 1000),
    1.5: (1000, 1000),
    2.0: (300, 250),
    3.0: (300, 250),
    4.5: (1000, 1000),
    6.0: (300, 250),
}
"""Epochs and batch size by beta: the KL of a dimension near its threshold converges slowly, and is hidden by noise."""
LINEAR_LATENTS = 20
LESSONS: Examples = {
    f"learn-ae-{latent}": (
        f"AE, {latent} latent{'s' if latent > 1 else ''}, for the lessons",
        make_config(
            dataset="mnist", model="ae", hidden="64", latent=latent, epochs=30, batch_size=256, lr=2e-3, **COMMON
        ),
    )
    for latent in LESSON_LATENTS
} | {
    "learn-ae-20": (
        "AE, 20 latents, for the lessons",
        make_config(dataset="mnist", model="ae", latent=20, hidden="64", epochs=20, **COMMON),  # beside SWEEP's VAE
    )
} | {
    f"learn-linear-vae-beta-{f'{beta:g}'.replace('.', '-')}": (
        f"Linear VAE, beta {beta:g}, for the lessons",
        make_config(
            dataset="mnist-sample", hidden="none", latent=LINEAR_LATENTS, likelihood="gaussian", beta=beta, epochs=epochs,
            batch_size=batch_size, lr=2e-3, **COMMON,
        ),
    )
    for beta, (epochs, batch_size) in LINEAR_EPOCHS.items()
}  # fmt: skip
"""Small models shown in the lessons."""
ALL: Examples = PLAIN | DENOISERS | SWEEP | LESSONS
