"""What training minimises, as a formula and with the numbers of this moment; symbols as in the code."""

from __future__ import annotations

from vae_core.config import RunConfig

RECONSTRUCTION = {
    "bernoulli": r"-\sum_i \left[x_i \ln \hat x_i + (1 - x_i) \ln (1 - \hat x_i)\right]",
    "gaussian": r"\sum_i \left[\frac{(x_i - \hat x_i)^2}{2\sigma^2} + \ln\left(\sigma\sqrt{2\pi}\right)\right]",
    "gaussian-learned": r"\sum_i \left[\frac{(x_i - \hat x_i)^2}{2\sigma^2} + \ln\left(\sigma\sqrt{2\pi}\right)\right],"
    r"\ \sigma \text{ learned}",
    "continuous-bernoulli": r"-\sum_i \left[x_i \ln \lambda_i + (1 - x_i) \ln (1 - \lambda_i)"
    r" + \ln C(\lambda_i)\right]",
}
KL = r"\tfrac12 \sum_j \left[\mu_j^2 + \sigma_j^2 - 1 - \ln \sigma_j^2\right]"


def objective_latex(config: RunConfig) -> list[str]:
    """The objective of one image and its terms, a formula a line; sums over pixels i and over latents j.

    As in the rest of the program D is the reconstruction term (distortion); R would be the rate, which is the KL.
    """
    reconstruction = rf"D = {RECONSTRUCTION[config.objective.likelihood]}"
    if config.model.model == "ae":
        return [r"\mathcal{L} = D", reconstruction]
    kl = rf"\mathrm{{KL}} = {KL}"
    if config.objective.capacity is not None:
        return [r"\mathcal{L} = D + \gamma\,|\mathrm{KL} - C|", reconstruction, kl]
    return [r"\mathcal{L} = D + \beta\,\mathrm{KL}", reconstruction, kl]


def objective_numbers(config: RunConfig, record: dict[str, float | None]) -> str:
    """The same with the numbers of one record, as text: '148.5 = 141.2 + 1 × 7.3 nats per image'."""
    loss, reconstruction, kl = record.get("loss"), record.get("reconstruction_nats"), record.get("kl_nats")
    if loss is None or reconstruction is None:
        return ""
    if kl is None:
        return f"{_nats(loss)} nats per image"
    if config.objective.capacity is not None:
        return f"{_nats(loss)} = {_nats(reconstruction)} + {config.objective.gamma:g} × |{_nats(kl, 2)} − C| nats per image"
    beta = record.get("beta")
    weight = config.objective.beta if beta is None else beta
    return f"{_nats(loss)} = {_nats(reconstruction)} + {weight:.3g} × {_nats(kl, 2)} nats per image"


def _nats(value: float, digits: int = 1) -> str:
    """A figure that keeps its place in a line, whatever a diverging run makes of it."""
    return f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.3g}"
