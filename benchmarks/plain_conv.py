"""The plain loop that the convolutional networks are measured against, and the images that it is measured on.

The loop: strided 3x3 convolutions, transposed 4x4 convolutions, batch normalisation and ReLU after each, channels_last, Adam;
the same channels, latents, batches and learning rate as ours, in float32, on one thread.
"""

from __future__ import annotations

import hashlib
import io
import math
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from vae_core.architectures import ImageShape, stage_sizes
from vae_core.data.datasets import Dataset
from vae_core.errors import DataError
from vae_core.storage import paths

BATCH = 128
EMOJI = "emoji-datasource-twitter@16.0.0"
EMOJI_HELD_OUT = 600
_PICTURES = "package/img/twitter/64/"


class Plain(nn.Module):
    """A convolutional VAE as one writes it by hand."""

    def __init__(self, shape: ImageShape, channels: Sequence[int], latent: int) -> None:
        super().__init__()
        sizes = stage_sizes(shape, len(channels))
        smallest = (channels[-1], *sizes[-1])
        encoder: list[nn.Module] = []
        for before, after in zip((shape[0], *channels), channels, strict=False):
            encoder += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(math.prod(smallest), 2 * latent))
        decoder: list[nn.Module] = [nn.Linear(latent, math.prod(smallest)), nn.Unflatten(1, smallest), nn.ReLU()]
        for stage in reversed(range(len(channels))):
            leaving = channels[stage - 1] if stage else shape[0]
            too_high, too_wide = (
                2 * inner - outer for inner, outer in zip(sizes[stage + 1], sizes[stage], strict=True)
            )
            decoder.append(nn.ConvTranspose2d(channels[stage], leaving, 4, stride=2, padding=1))
            decoder += [nn.ZeroPad2d((0, -too_wide, 0, -too_high))] if too_high or too_wide else []
            decoder += [nn.BatchNorm2d(leaving), nn.ReLU()] if stage else []
        self.decoder = nn.Sequential(*decoder)

    def nats(self, images: Tensor) -> Tensor:
        """The negative ELBO of each image, (B,), with one sample of z."""
        mean, log_variance = self.encoder(images.contiguous(memory_format=torch.channels_last)).chunk(2, dim=1)
        output = self.decoder(mean + torch.randn_like(mean) * (0.5 * log_variance).exp())
        loss: Tensor = (
            functional.binary_cross_entropy_with_logits(output, images, reduction="none").flatten(1).sum(dim=1)
        )
        kl: Tensor = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(dim=1)
        return loss + kl


def train_plain(images: Tensor, channels: Sequence[int], latent: int, steps: int, seed: int = 0) -> tuple[Plain, float]:
    """Trains the plain loop on `uint8` images; the model, and images a second."""
    torch.manual_seed(seed)
    _, *shape = images.shape
    model = Plain((shape[0], shape[1], shape[2]), channels, latent).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    order, seen, began = torch.empty(0, dtype=torch.int64), 0, time.perf_counter()
    for _ in range(steps):
        if len(order) == 0:
            order = torch.randperm(len(images))
        chosen, order = order[:BATCH], order[BATCH:]
        loss = model.nats(images[chosen].float() / 255).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        seen += len(chosen)
    return model, seen / (time.perf_counter() - began)


@torch.no_grad()
def held_out_nats(model: Plain, images: Tensor) -> float:
    """The mean negative ELBO of `uint8` images, with the statistics that the normalisation has kept."""
    model.eval()
    return torch.cat([model.nats(batch.float() / 255) for batch in torch.split(images, 500)]).mean().item()


def emoji() -> Dataset:
    """3,786 emoji of 64 x 64 pixels on white, from npm: CC BY 4.0, Twitter; kept in the cache folder, never committed.

    Raises:
        DataError: they are not here, and npm cannot fetch them.
    """
    package = paths.cache_folder() / "benchmarks" / "emoji.tgz"
    if not package.exists():
        _fetch(package)
    pictures = []
    with tarfile.open(package) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            if member.name.startswith(_PICTURES) and (file := archive.extractfile(member)):
                picture = Image.open(io.BytesIO(file.read())).convert("RGBA")
                white = Image.new("RGBA", picture.size, "white")
                white.alpha_composite(picture)
                pictures.append(np.asarray(white.convert("RGB")).transpose(2, 0, 1))
    images = np.stack(pictures)[np.random.default_rng(0).permutation(len(pictures))]
    train, test = torch.from_numpy(images[:-EMOJI_HELD_OUT]), torch.from_numpy(images[-EMOJI_HELD_OUT:])
    labels = [torch.zeros(len(part), dtype=torch.int64) for part in (train, test)]
    return Dataset("emoji", train, labels[0], test, labels[1], ("emoji",), hashlib.sha256(images.tobytes()).hexdigest())


def _fetch(package: Path) -> None:
    if shutil.which("npm") is None:
        raise DataError("The emoji are left out: npm, which fetches them, is not installed.")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["npm", "pack", EMOJI, "--silent"], cwd=folder, capture_output=True, text=True, check=False
        )
        found = list(Path(folder).glob("*.tgz"))
        if done.returncode or not found:
            raise DataError(f"The emoji are left out: npm could not fetch {EMOJI}.")
        package.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found[0], package)
