"""The words of the field in a sentence each, and links to single ones for where a page first uses them."""

from __future__ import annotations

import re

import streamlit as st

GLOSSARY, TERM_PARAMETER = "glossary", "term"
TERMS = {
    "Active unit": "A latent dimension that depends on the image: over the images, the variance of its posterior mean is "
    "above 0.01. The other dimensions are inactive.",
    "Autoencoder (AE)": "A network that copies its input through a narrow middle, the code.",
    "Beta (β)": "The weight of the KL in the objective, both in nats per image; 1 is the VAE.",
    "Collapse": "A posterior that is the prior whatever the image, in one dimension or in all. A collapsed dimension tells "
    "the decoder nothing; if the whole code collapses, all that is left to draw is the mean image.",
    "Cross-entropy": "The Bernoulli likelihood's loss, −Σ [x ln x̂ + (1 − x) ln (1 − x̂)]; on grey pixels it is never 0.",
    "Decoder": "The network from a code to an image.",
    "Disentanglement": "How far each dimension of a code tells one factor of the images alone, such as size or place; MIG, "
    "DCI and the FactorVAE score measure it where the factors are known.",
    "Distortion": "What the reconstruction loses: −log p(x | z) in nats, or the squared error.",
    "ELBO": "Evidence lower bound, −(reconstruction + KL): on average never above log p(x). Training with β = 1 raises it.",
    "Encoder": "The network from an image to its code, or to its posterior.",
    "Epsilon (ε)": "The standard normal draw that is shifted by the mean and scaled by the deviation to give a code.",
    "Floor": "The smallest reconstruction loss possible, that of a perfect reconstruction; with a learned σ, at the "
    "smallest σ allowed. The continuous Bernoulli has none: its density has no bound at black and white pixels.",
    "KL divergence": "How far one distribution is from another, in nats; here of a posterior from the prior.",
    "Latent": "One of the numbers of a code; also the code as a whole.",
    "Likelihood": "The decoder's distribution over pixels: Bernoulli, Gaussian, continuous Bernoulli.",
    "Log-variance": "The logarithm of a posterior's variance, which the encoder gives, as any number is one.",
    "MIG": "Mutual information gap: how much more the best dimension says about a factor than the second best, as a share "
    "of the factor's entropy; the mean over the factors, from 0 to 1.",
    "Nat": "The unit of information with the natural logarithm: 1 nat is 1.443 bits.",
    "PCA": "Principal component analysis: of all linear codes of a given size, the one with the smallest squared error on "
    "the images that it was fitted to.",
    "Posterior": "q(z | x): where the encoder places an image's code, a Gaussian with a mean and a variance for each "
    "dimension. It approximates the true posterior p(z | x).",
    "Prior": "p(z) = N(0, I): where codes lie before any image is seen; random draws come from it.",
    "PSNR": "Peak signal-to-noise ratio, −10 log₁₀ of the mean squared error of pixels from 0 to 1, in dB; larger is better.",
    "Rate": "What a code costs: the KL in nats, or the bits after quantising. The KL is at least what the code says about "
    "the image.",
    "Reconstruction": "The decoded code of an image; as a loss, −log p(x | z).",
    "ROC curve": "For every threshold the share of false alarms and the share of finds of a detector.",
    "Traversal": "One dimension of a code from end to end, the others standing still.",
    "VAE": "Variational autoencoder: codes are distributions, held near a prior, so that new images can be drawn.",
}


def slug(name: str) -> str:
    """A term as it stands in an address: what is before any bracket in small letters, hyphens for the rest."""
    return re.sub(r"[^a-z0-9]+", "-", name.split(" (")[0].lower()).strip("-")


def find_term(wanted: str | None) -> str | None:
    """The term of an address's word, or None where there is none of that name."""
    return next((name for name in TERMS if slug(name) == wanted), None)


def glossary_links(*names: str) -> None:
    """Links that open the glossary at these terms, in a row.

    Raises:
        KeyError: the glossary has no such term.
    """
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for name in names:
            st.page_link(
                "learn/page.py", label=name.split(" (")[0], icon=":material/dictionary:", help=TERMS[name], width="content",
                query_params={"lesson": GLOSSARY, TERM_PARAMETER: slug(name)},
            )  # fmt: skip
