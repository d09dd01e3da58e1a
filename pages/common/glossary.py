"""The glossary: one sentence per term, and links to a term from where a page first uses it."""

from __future__ import annotations

import re

import streamlit as st

GLOSSARY, TERM_PARAMETER = "glossary", "term"
TERMS = {
    "Active unit": "A latent dimension that depends on the image: the variance of its posterior mean over the images is "
    "above 0.01. The other dimensions are inactive.",
    "Autoencoder (AE)": "A network that copies its input through a narrow middle, the code.",
    "Beta (β)": "The weight of the KL in the objective, with both terms in nats per image; 1 gives the standard VAE.",
    "Collapse": "A posterior that equals the prior for every image, in one dimension or in all. A collapsed dimension tells "
    "the decoder nothing; if the whole code collapses, the decoder can only draw the mean image.",
    "Cross-entropy": "The loss of the Bernoulli likelihood, −Σ [x ln x̂ + (1 − x) ln (1 − x̂)]; on grey pixels it never "
    "reaches 0.",
    "Decoder": "The network that turns a code into an image.",
    "Disentanglement": "The degree to which each dimension of a code represents a single factor of the images, such as size "
    "or position. MIG, DCI and the FactorVAE score measure it if the factors are known.",
    "Distortion": "What the reconstruction loses: −log p(x | z) in nats, or the squared error.",
    "ELBO": "Evidence lower bound, −(reconstruction + KL): on average never above log p(x). Training with β = 1 maximises it.",
    "Encoder": "The network that turns an image into its code, or into its posterior.",
    "Epsilon (ε)": "The standard normal noise that is scaled by the standard deviation and shifted by the mean to give a "
    "code.",
    "Floor": "The smallest possible reconstruction loss, that of a perfect reconstruction; with a learned σ, at the "
    "smallest σ allowed. The continuous Bernoulli has none: its density is unbounded at black and white pixels.",
    "KL divergence": "How far one distribution is from another, in nats; here, a posterior from the prior.",
    "Latent": "One of the numbers of a code; also the code as a whole.",
    "Likelihood": "The decoder's distribution over pixels: Bernoulli, Gaussian, continuous Bernoulli.",
    "Log-variance": "The logarithm of a posterior's variance. The encoder outputs it because any number is a valid "
    "logarithm.",
    "MIG": "Mutual information gap: how much more information the best dimension has about a factor than the second best, "
    "as a share of the factor's entropy; averaged over the factors, from 0 to 1.",
    "Nat": "The unit of information for the natural logarithm: 1 nat is 1.443 bits.",
    "PCA": "Principal component analysis: of all linear codes of a given size, the one with the smallest squared error on "
    "the images it was fitted to.",
    "Posterior": "q(z | x): the distribution of an image's code according to the encoder, a Gaussian with a mean and a "
    "variance for each dimension. It approximates the true posterior p(z | x).",
    "Prior": "p(z) = N(0, I): the distribution of codes before any image is seen; random samples are drawn from it.",
    "PSNR": "Peak signal-to-noise ratio, −10 log₁₀ of the mean squared error of pixels from 0 to 1, in dB; higher is better.",
    "Rate": "The cost of a code: the KL in nats, or the bits after quantisation. The KL is an upper bound on the information "
    "that codes carry about images.",
    "Reconstruction": "The image decoded from an image's code; as a loss, −log p(x | z).",
    "ROC curve": "A detector's share of detections against its share of false alarms, for every threshold.",
    "Traversal": "A walk along one dimension of a code while the others stay fixed.",
    "VAE": "Variational autoencoder: codes are distributions kept close to a prior, so that new images can be sampled.",
}


def slug(name: str) -> str:
    """Returns a term's name in the URL: lower case, without anything in brackets, other characters as hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.split(" (")[0].lower()).strip("-")


def find_term(wanted: str | None) -> str | None:
    """Returns the term with that name in the URL, or None if there is none."""
    return next((name for name in TERMS if slug(name) == wanted), None)


def glossary_links(*names: str) -> None:
    """Draws a row of links that open the glossary at these terms.

    Raises:
        KeyError: the glossary has no such term.
    """
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for name in names:
            st.page_link(
                "learn/page.py", label=name.split(" (")[0], icon=":material/dictionary:", help=TERMS[name], width="content",
                query_params={"lesson": GLOSSARY, TERM_PARAMETER: slug(name)},
            )  # fmt: skip
