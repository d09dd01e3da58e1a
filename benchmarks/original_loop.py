"""Training against the loop of the text that this project grew from.

That loop uses a DataLoader whose images are transformed individually (ToTensor), batches of 128, the same network, optimizer
and number of threads; its loss is a sigmoid with binary cross-entropy, summed over pixels, plus the KL. Both sides train the
same number of epochs.
"""

from __future__ import annotations

import time

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

from benchmarks.common import Result, dataset_name, median, trained_images_per_second
from vae_core.config import RunConfig, make_config
from vae_core.data import datasets
from vae_core.models.build import build_model
from vae_core.storage import paths

TURNS = 3


class _OneByOne(TorchDataset[tuple[torch.Tensor, int]]):
    """The sample's images in the manner of torchvision's MNIST: a Pillow image is created and transformed on each access."""

    def __init__(self, name: str) -> None:
        data = datasets.load_dataset(name)
        self.images, self.labels = data.train_images[:, 0], data.train_labels
        self.transform = ToTensor()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[index].numpy())), int(self.labels[index])


def _images(name: str) -> TorchDataset[tuple[torch.Tensor, int]]:
    """torchvision's MNIST if it is available, otherwise the sample in its manner."""
    return MNIST(paths.data_folder(), transform=ToTensor()) if name == "mnist" else _OneByOne(name)


def original_images_per_second(config: RunConfig) -> float:
    """The speed over all epochs; loading the data is not included."""
    model = build_model(config.model, (1, 28, 28), seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.training.lr)
    loss_of = nn.BCELoss(reduction="sum")
    loader = DataLoader(_images(config.data.dataset), batch_size=config.training.batch_size, shuffle=True)
    seen, began = 0, time.perf_counter()
    for images, _ in (batch for _ in range(config.training.epochs) for batch in loader):
        posterior = model.encode(images)
        log_variance = posterior.log_variance
        assert log_variance is not None
        z = posterior.mean + torch.randn_like(posterior.mean) * (0.5 * log_variance).exp()
        kl = -0.5 * (1 + log_variance - posterior.mean.square() - log_variance.exp()).sum()
        loss = (loss_of(model.decode(z).sigmoid(), images) + kl) / len(images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += len(images)
    return seen / (time.perf_counter() - began)


def measure() -> Result:
    torch.set_num_threads(1)
    config = make_config(dataset=dataset_name(), epochs=3, batch_size=128, threads=1, device="cpu")
    ours, theirs = [], []
    for _ in range(TURNS):
        theirs.append(original_images_per_second(config))
        ours.append(trained_images_per_second(config))
    ratio = median([our / their for our, their in zip(ours, theirs, strict=True)])
    detail = f"{median(ours):,.0f} against {median(theirs):,.0f} images/s"
    return Result("training / the original text's loop", ratio, 3.0, True, detail)
