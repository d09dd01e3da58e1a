"""Training against pythae's trainer with the same dense network.

pythae is not among the requirements. Give it an environment of its own, and its Python to this benchmark:

    python -m venv /tmp/pythae && /tmp/pythae/bin/pip install pythae
    PYTHAE_PYTHON=/tmp/pythae/bin/python python -m benchmarks pythae_trainer
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import Result, dataset_name, median, trained_images_per_second
from vae_core.config import make_config
from vae_core.data.batches import to_float
from vae_core.data.datasets import load_dataset

TURNS = 3
EPOCHS = 2


def pythae_images_per_second(python: str, images: Path) -> float:
    command = [python, "-W", "ignore", "-m", "benchmarks.apps.pythae_dense", str(images), str(EPOCHS)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.rpartition("images_per_second ")[2])


def measure() -> Result:
    python = os.environ.get("PYTHAE_PYTHON")
    if python is None:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    config = make_config(dataset=dataset_name(), epochs=EPOCHS, batch_size=128, threads=1, device="cpu")
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.npy"
        np.save(images, to_float(load_dataset(config.data.dataset).train_images).flatten(1).numpy())
        for _ in range(TURNS):
            theirs.append(pythae_images_per_second(python, images))
            ours.append(trained_images_per_second(config))
    ratio = median([mine / other for mine, other in zip(ours, theirs, strict=True)])
    detail = f"{median(ours):,.0f} against {median(theirs):,.0f} images/s"
    return Result("training / pythae's trainer", ratio, 2.0, True, detail)
