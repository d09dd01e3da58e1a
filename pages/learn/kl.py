"""The KL surface: a point to drag, in nats."""

from __future__ import annotations

from pages.common.components.kl_surface import KlPoint, kl_surface
from pages.learn.figures import figures
from pages.learn.lessons import Link, Shown


def draw() -> Shown:
    point = kl_surface(key="kl-surface", start=KlPoint(mean=1.5, variance=0.3, beta=1.0))
    costs = figures("kl")
    settings = {"beta": f"{point.beta:g}", "latent": "2", "epochs": "5"}
    links = (Link("train/page.py", f"Train with β = {point.beta:g}", settings),)
    return Shown(links, {name: f"{value:.3f}" for name, value in costs.items()})
