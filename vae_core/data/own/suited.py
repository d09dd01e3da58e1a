"""Settings that suit a dataset, chosen by its numbers, size and tones; a sentence says why."""

from __future__ import annotations

from typing import Any, NamedTuple

from vae_core.data.own.stored import Summary

FIELDS = ("architecture", "likelihood", "latent", "epochs", "batch_size", "augment")
"""The settings that are chosen."""
CONVOLUTIONAL_FROM = 32
NEARLY_BINARY = 0.8
SEEN_DENSE, SEEN_CONVOLUTIONAL, MOST_EPOCHS, FEWEST_EPOCHS = 60_000, 12_000, 300, 2
"""Pictures that training sees in all: those of a dense network, and those of 64 x 64 of a convolutional one."""
LATENTS = ((200, 4), (1_000, 8), (5_000, 16), (50_000, 32))
MOST_LATENTS = 64
FEW, VERY_FEW = 2_000, 100


class Suited(NamedTuple):
    """Settings by name, and why each was chosen, a sentence each."""

    values: dict[str, Any]
    reasons: list[str]


def suited(summary: Summary) -> Suited:
    """Chooses settings for a dataset: a pure function of its summary.

    The rules: convolutions from 32 pixels on; a Bernoulli likelihood if nearly all pixels are black or white, else a Gaussian
    with a learned sigma; more latents for more pictures; as many epochs as take about a minute on two cores, but at least
    two; smaller batches and augmentation for few pictures.
    """
    number, side = summary.train, min(summary.shape[1:])
    values: dict[str, Any] = {}
    reasons = []

    def choose(name: str, value: Any, why: str) -> None:
        values[name] = value
        shown = ",".join(value) if isinstance(value, tuple) else value
        reasons.append(f"--{name.replace('_', '-')} {shown}: {why}")

    if side >= CONVOLUTIONAL_FROM:
        choose("architecture", "conv", f"pictures of {side} pixels have more detail than dense layers keep.")
    else:
        choose("architecture", "mlp", f"dense layers are enough for {side} pixels.")
    if summary.extreme >= NEARLY_BINARY:
        choose("likelihood", "bernoulli", f"{summary.extreme:.0%} of the pixels are nearly black or white.")
    else:
        choose("likelihood", "gaussian-learned", f"only {summary.extreme:.0%} of the pixels are nearly black or white.")
    latent = next((latents for most, latents in LATENTS if number < most), MOST_LATENTS)
    choose("latent", latent, f"more pictures fill more latents, and {number:,} train here.")
    seen = SEEN_CONVOLUTIONAL * (64 / side) ** 2 if side >= CONVOLUTIONAL_FROM else SEEN_DENSE
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(seen / max(1, number))))
    choose("epochs", epochs, f"{epochs * number:,} pictures seen in all.")
    if number < FEW:
        choose("batch_size", 32, "few pictures need small steps.")
        changes = ("shift",) if summary.extreme >= NEARLY_BINARY else ("flip", "shift")
        choose("augment", changes, "few pictures go further if each is shown a little different every time.")
    if number < VERY_FEW:
        reasons.append(
            f"With so few training pictures ({number:,}) the model will learn them by heart: expect good copies of them, not "
            "new pictures of the same kind."
        )
    return Suited(values, reasons)
