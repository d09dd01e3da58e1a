"""Trains pythae's VAE with the dense network 784-256-64-2 by pythae's own trainer; prints images per second.

    python -m benchmarks.apps.pythae_dense IMAGES.npy EPOCHS

The images are float32, (n, 784), in [0, 1]. To be run by the Python of an environment that has pythae.
"""

from __future__ import annotations

import sys
import tempfile
import time

import numpy as np
import torch
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn


class Encoder(BaseEncoder):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(64, 2), nn.Linear(64, 2)

    def forward(self, images: torch.Tensor) -> ModelOutput:
        hidden = self.body(images)
        return ModelOutput(embedding=self.mean(hidden), log_covariance=self.log_variance(hidden))


class Decoder(BaseDecoder):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        layers = [nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 784), nn.Sigmoid()]
        self.body = nn.Sequential(*layers)

    def forward(self, codes: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.body(codes))


def main() -> None:
    torch.set_num_threads(1)
    images, epochs = torch.from_numpy(np.load(sys.argv[1])), int(sys.argv[2])
    model = VAE(VAEConfig(input_dim=(784,), latent_dim=2, reconstruction_loss="bce"), Encoder(), Decoder())
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder, num_epochs=epochs, per_device_train_batch_size=128, learning_rate=1e-3, no_cuda=True,
            optimizer_cls="Adam", steps_saving=None,
        )  # fmt: skip
        trainer = BaseTrainer(model, train_dataset=[{"data": image} for image in images], training_config=config)
        began = time.perf_counter()
        trainer.train()
        print(f"\nimages_per_second {len(images) * epochs / (time.perf_counter() - began)}")


if __name__ == "__main__":
    main()
