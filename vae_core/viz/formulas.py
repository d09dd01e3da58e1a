"""The objective as formulas, and with the current numbers; the symbols are those of the code."""

from __future__ import annotations

from vae_core.config import RunConfig
from vae_core.registry.likelihood_rows import LIKELIHOODS

KL = r"\tfrac12 \sum_j \left[\mu_j^2 + \sigma_j^2 - 1 - \ln \sigma_j^2\right]"


def objective_latex(config: RunConfig) -> list[str]:
    """The objective of one image and its terms, one formula per line, with sums over pixels i and latents j.

    D is the reconstruction term (the distortion), as in the rest of the program.
    """
    reconstruction = f"D = {LIKELIHOODS[config.objective.likelihood].formula}"
    if not config.model.is_variational:
        return [r"\mathcal{L} = D", reconstruction]
    return [rf"\mathcal{{L}} = {config.objective.kind.formula}", reconstruction, rf"\mathrm{{KL}} = {KL}"]


def objective_numbers(config: RunConfig, record: dict[str, float | None]) -> str:
    """The objective with the numbers of one record: '148.5 = 141.2 + 1 × 7.3 nats per image'; empty if it has none."""
    loss, reconstruction, kl = record.get("loss"), record.get("reconstruction_nats"), record.get("kl_nats")
    if loss is None or reconstruction is None:
        return ""
    if kl is None:
        return f"{_nats(loss)} nats per image"
    settings = dict(config.objective)
    if (beta := record.get("beta")) is not None:  # its value at that step
        settings["beta"] = beta
    penalty = config.objective.kind.numbers.format_map({**settings, "kl": _nats(kl, 2)})
    return f"{_nats(loss)} = {_nats(reconstruction)} + {penalty} nats per image"


def _nats(value: float, digits: int = 1) -> str:
    """A figure of bounded width, even if the run diverges."""
    return f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.3g}"
