"""How long a run will take, before it starts: from the arithmetic of its network and the speed of runs before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from vae_core.config import ModelConfig, RunConfig
from vae_core.storage.runs import Run

USUAL_RATE = 5e10
"""Multiply-adds a second of one core in training, where no run has shown this machine's speed yet; a rough guess."""
START_SECONDS = 1.0


def work_per_image(model: ModelConfig, image_shape: tuple[int, int, int]) -> float:
    """Multiply-adds of one training image: forward once, backward twice."""
    heads = 2 if model.model == "vae" else 1
    encoders = heads if model.encoder == "separate" and model.model == "vae" else 1
    counted = _mlp if model.architecture == "mlp" else _conv
    encoder, decoder = counted(model, image_shape, heads if encoders == 1 else 1)
    return 3.0 * (encoders * encoder + decoder)


def _mlp(model: ModelConfig, image_shape: tuple[int, int, int], heads: int) -> tuple[float, float]:
    sizes = [math.prod(image_shape), *model.hidden, model.latent]
    pairs = list(pairwise(sizes))
    body = float(sum(before * after for before, after in pairs))
    return body + (heads - 1) * pairs[-1][0] * pairs[-1][1], body


def _conv(model: ModelConfig, image_shape: tuple[int, int, int], heads: int) -> tuple[float, float]:
    channels, height, width = image_shape
    body, decoder = 0.0, 0.0
    for stage in model.hidden:
        decoder += 9.0 * channels * stage * height * width
        height, width = -(-height // 2), -(-width // 2)
        body += 9.0 * channels * stage * height * width
        channels = stage
    dense = channels * height * width * model.latent
    return body + heads * dense, decoder + dense


def seconds_for(
    config: RunConfig, images: int, image_shape: tuple[int, int, int], earlier: Sequence[Run] = ()
) -> float:
    """Seconds at full speed on this machine.

    Args:
        config: the run to come.
        images: training images.
        image_shape: (channels, height, width).
        earlier: runs whose measured speed is believed, the newest of the same architecture first.
    """
    rate = next((found for run in earlier if (found := _measured_rate(run, config, image_shape))), USUAL_RATE)
    used = min(images, config.data.limit or images)
    return START_SECONDS + used * config.training.epochs * work_per_image(config.model, image_shape) / rate


def _measured_rate(run: Run, config: RunConfig, image_shape: tuple[int, int, int]) -> float | None:
    speed = run.status().images_per_second
    same = run.config.model.architecture == config.model.architecture and run.status().state == "done"
    return speed * work_per_image(run.config.model, image_shape) if same and speed else None


def duration(seconds: float) -> str:
    """'12 s', '3 min 20 s', '2 h 5 min'."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
