"""Points of a comparison, as if their runs had been trained and evaluated."""

from __future__ import annotations

from vae_core.evaluation.comparison import Point


def point(beta: float, rate: float, distortion: float, seed: int = 0, **more: object) -> Point:
    return Point(
        run_id=f"b{beta:g}-s{seed}", seed=seed, value=beta, beta=beta, latent=20, final=True, step=1,
        reconstruction_nats=distortion, kl_nats=rate, negative_elbo_nats=rate + distortion, **more,  # type: ignore[arg-type]
    )  # fmt: skip
