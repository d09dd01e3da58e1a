"""The decoder's distributions over pixels: one row each."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.registry.choice import Code

_CODE = "vae_core.objectives.likelihoods"


@dataclass(frozen=True, kw_only=True)
class LikelihoodRow:
    """A likelihood.

    Attributes:
        title: its name in words.
        label: its name in drawings; may contain {sigma}.
        formula: LaTeX of the reconstruction term D of one image, with pixels x_i.
        activation: what turns the decoder's output into the mean image outside torch: a key of `ACTIVATIONS` in
            `decoder.js` and of `MEANS` in `export/script.py`.
        code: its `Likelihood`; called with sigma if it has one, else without arguments.
        has_sigma: whether the setting sigma has an effect.
        learns_sigma: whether sigma is trained with the weights, so that its final value is not known before.
        has_floor: whether its loss has a lower bound.
        is_of_bits: whether it is a probability of pixels that are 0 or 1, and of no others.
        is_of_levels: whether it is a probability of the 256 grey levels. If it is of neither, it is a density.
        about: when to choose it, in a sentence.
    """

    title: str
    label: str
    formula: str
    activation: str
    code: Code
    has_sigma: bool = False
    learns_sigma: bool = False
    has_floor: bool = True
    is_of_bits: bool = False
    is_of_levels: bool = False
    about: str = ""


_SQUARES = r"\sum_i \left[\frac{(x_i - \hat x_i)^2}{2\sigma^2} + \ln\left(\sigma\sqrt{2\pi}\right)\right]"

LIKELIHOODS: dict[str, LikelihoodRow] = {
    "bernoulli": LikelihoodRow(
        title="Bernoulli",
        label="Bernoulli",
        formula=r"-\sum_i \left[x_i \ln \hat x_i + (1 - x_i) \ln (1 - \hat x_i)\right]",
        activation="sigmoid",
        code=f"{_CODE}:Bernoulli",
        is_of_bits=True,
        about="For pixels that are nearly black or white. It gives grey pixels no probability, and the loss of a photograph "
        "is then mostly the entropy of its grey, which no model can lower.",
    ),
    "gaussian": LikelihoodRow(
        title="Gaussian",
        label="Gaussian, σ = {sigma:g}",
        formula=_SQUARES,
        activation="none",
        code=f"{_CODE}:Gaussian",
        has_sigma=True,
        about="Squared error in nats, on one given scale: sigma decides how much reconstruction counts against the KL.",
    ),
    "gaussian-learned": LikelihoodRow(
        title="Gaussian with a learned σ",
        label="Gaussian, σ learned",
        formula=rf"{_SQUARES},\ \sigma \text{{ learned}}",
        activation="none",
        code=f"{_CODE}:LearnedGaussian",
        has_sigma=True,
        learns_sigma=True,
        about="For grey and coloured pixels: the scale of the error is learned, so beta 1 is the ELBO of the pixels' density.",
    ),
    "discretised-logistic": LikelihoodRow(
        title="Discretised logistic",
        label="discr. logistic, σ learned",
        formula=r"-\sum_i \ln \int_{x_i - 1/510}^{x_i + 1/510} \mathrm{Logistic}(t;\, \hat x_i, \sigma)\, dt,"
        r"\ \sigma \text{ learned}",
        activation="none",
        code="vae_core.objectives.discretised_logistic:DiscretisedLogistic",
        has_sigma=True,
        learns_sigma=True,
        is_of_levels=True,
        about="For photographs: a probability of each of the 256 grey levels, so bits per dimension can be compared.",
    ),
    "continuous-bernoulli": LikelihoodRow(
        title="Continuous Bernoulli",
        label="cont. Bernoulli",
        formula=r"-\sum_i \left[x_i \ln \lambda_i + (1 - x_i) \ln (1 - \lambda_i) + \ln C(\lambda_i)\right]",
        activation="continuous-bernoulli",
        code=f"{_CODE}:ContinuousBernoulli",
        about="A density for grey pixels, in place of the Bernoulli.",
        has_floor=False,  # its density grows without bound at pixels of exactly 0 or 1
    ),
}
"""Every likelihood by its name in the configuration."""
