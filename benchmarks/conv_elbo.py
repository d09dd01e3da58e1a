"""How good the convolutional networks are after as many images as the plain loop of `plain_conv` has seen.

The negative ELBO of held-out images, one sample of z each, on sprites, on coloured clothes and on emoji (if npm can fetch
them); means over seeds.
"""

from __future__ import annotations

import itertools
import sys

import torch

from benchmarks.common import Result
from benchmarks.plain_conv import BATCH, emoji, held_out_nats, train_plain
from vae_core.architectures import sizes_of
from vae_core.config import make_config
from vae_core.data import datasets
from vae_core.data.datasets import Dataset
from vae_core.errors import DataError
from vae_core.metrics.elbo import elbo_terms
from vae_core.training.loop import Trainer

LATENT, STEPS, SEEDS = 20, 94, (0, 1)


def nats(data: Dataset, seed: int) -> tuple[float, float]:
    """Ours and the plain loop's, nats per image."""
    config = make_config(
        dataset=data.name, architecture="conv", latent=LATENT, epochs=1000, batch_size=BATCH, seed=seed, device="cpu"
    )
    trainer = Trainer(config, data)
    for _ in itertools.repeat(None, STEPS):
        trainer.train_step()
    reconstruction, kl = elbo_terms(trainer.model, trainer.likelihood, data.test_images, seed=0)
    plain, _ = train_plain(data.train_images, sizes_of(trainer.config.model), LATENT, STEPS, seed)
    return reconstruction + (kl or 0.0), held_out_nats(plain, data.test_images)


def measure() -> Result:
    """The largest ratio over the datasets."""
    torch.set_num_threads(1)
    found = [datasets.load_dataset(name) for name in ("sprites-64-20000-0", "coloured-fashion-sample")]
    try:
        found.append(emoji())
    except DataError as error:
        print(error, file=sys.stderr)
    worst, texts = 0.0, []
    for data in found:
        pairs = [nats(data, seed) for seed in SEEDS]
        ours, plain = (sum(values) / len(values) for values in zip(*pairs, strict=True))
        worst = max(worst, ours / plain)
        texts.append(f"{data.name} {ours:,.1f} against {plain:,.1f}")
    detail = f"nats after {STEPS * BATCH:,} images: {', '.join(texts)}"
    return Result("negative ELBO, convolutional / a plain loop", worst, 1.0, False, detail)
