"""The words of the field in a sentence each; other pages' help links to `/learn?lesson=glossary`."""

from __future__ import annotations

import streamlit as st

GLOSSARY = "glossary"
TERMS = {
    "Active unit": "A latent dimension whose posterior mean has a variance over the images above 0.01; the others carry "
    "nothing.",
    "Autoencoder (AE)": "A network that copies its input through a narrow middle, the code.",
    "Beta (β)": "The weight of the KL in the objective, both in nats per image; 1 is the VAE.",
    "Collapse": "A dimension, or the whole code, whose posterior equals the prior; the decoder then draws the "
    "mean image.",
    "Cross-entropy": "The Bernoulli likelihood's loss, −Σ x ln x̂ + (1 − x) ln (1 − x̂); on grey pixels it is never 0.",
    "Decoder": "The network from a code to an image.",
    "Distortion": "What the reconstruction loses: −log p(x | z) in nats, or the squared error.",
    "ELBO": "Evidence lower bound, −(reconstruction + KL): never above log p(x). Training raises it.",
    "Encoder": "The network from an image to its code, or to its posterior.",
    "Epsilon (ε)": "The standard normal draw that is shifted by the mean and scaled by the deviation to give a code.",
    "Floor": "The loss of a perfect reconstruction: no model does better.",
    "KL divergence": "How far one distribution is from another, in nats; here of a posterior from the prior.",
    "Latent": "One of the numbers of a code; also the code as a whole.",
    "Likelihood": "The decoder's distribution over pixels: Bernoulli, Gaussian, continuous Bernoulli.",
    "Log-variance": "The logarithm of a posterior's variance, which the encoder gives, as any number is one.",
    "Nat": "The unit of information with the natural logarithm: 1 nat is 1.443 bits.",
    "PCA": "Principal component analysis: the best linear code of a given size.",
    "Posterior": "q(z | x): where an image's code lies, a Gaussian with a mean and a variance for each dimension.",
    "Prior": "p(z) = N(0, I): where codes lie before any image is seen; random draws come from it.",
    "PSNR": "Peak signal-to-noise ratio, −10 log₁₀ of the mean squared error, in dB; larger is better.",
    "Rate": "What a code costs: the KL in nats, or the bits after quantising.",
    "Reconstruction": "The decoded code of an image; as a loss, −log p(x | z).",
    "ROC curve": "For every threshold the share of false alarms and the share of finds of a detector.",
    "Traversal": "One dimension of a code from end to end, the others standing still.",
    "VAE": "Variational autoencoder: codes are distributions, held near a prior, so that new images can be drawn.",
}


def glossary() -> None:
    """All terms, in alphabetical order."""
    st.title("Glossary", anchor=False)
    st.caption("The words of the field, a sentence each; units and symbols are those of the code.")
    left, right = st.columns(2)
    middle = -(-len(TERMS) // 2)
    for at, (term, meaning) in enumerate(TERMS.items()):
        (left if at < middle else right).markdown(f"**{term}.** {meaning}")
