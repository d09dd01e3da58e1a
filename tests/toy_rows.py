"""A toy likelihood, corruption, model kind and objective: the rows that somebody who extends the program would add."""

from __future__ import annotations

from typing import Any

from vae_core.registry.corruption_rows import CORRUPTIONS, Corruption
from vae_core.registry.likelihood_rows import LIKELIHOODS, LikelihoodRow
from vae_core.registry.model_rows import MODELS, ModelRow
from vae_core.registry.objective_rows import OBJECTIVES, ObjectiveRow

NAME = "toy"

TOYS: tuple[tuple[dict[str, Any], Any], ...] = (
    (
        LIKELIHOODS,
        LikelihoodRow(
            title="Toy", label="toy pixels", formula=r"\mathrm{toy}(x)", activation="sigmoid",
            code="tests.toy_code:ToyLikelihood",
        ),
    ),
    (CORRUPTIONS, Corruption("Toy darkness", "Darkens.", "tests.toy_code:toy_corruption", "share of the light")),
    (MODELS, ModelRow(title="Toy autoencoder", short="TOY", is_variational=True, code="tests.toy_code:toy_model")),
    (
        OBJECTIVES,
        ObjectiveRow(
            title="Toy", formula=r"D + \beta\,\mathrm{KL}^2", numbers="{beta:.3g} × {kl}²", strength="toy beta {beta:g}",
            code="tests.toy_code:toy_loss", weight="beta", settings=("beta",),
        ),
    ),
)  # fmt: skip
"""Each table and the row to add to it under `NAME`."""


def add_toys() -> None:
    """Adds them for the rest of the process."""
    for table, row in TOYS:
        table[NAME] = row
