"""Estimates how long a run will take, from the operations of its network and the speed of earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from statistics import median

from vae_core.architectures import ImageShape, multiply_adds, settled_model
from vae_core.config import RunConfig
from vae_core.settings import ModelConfig
from vae_core.storage.runs import Run
from vae_core.storage.states import State

USUAL_RATE = 5e10
"""Multiply-adds per second of one core in training, a rough guess for a machine without earlier runs."""
START_SECONDS = 2.0
"""For each run: starting the process, reading the images, and computing the figures at the end."""
BELIEVED_SECONDS = 5.0
"""The speed of a run that trained for a shorter time is that of its start, not the machine's."""
BELIEVED_RUNS = 3


def work_per_image(model: ModelConfig, image_shape: ImageShape) -> float:
    """Multiply-adds per training image: one forward pass, and twice that for the backward pass."""
    return 3.0 * multiply_adds(settled_model(model, image_shape), image_shape)


def seconds_for(config: RunConfig, images: int, image_shape: ImageShape, earlier: Sequence[Run] = ()) -> float:
    """Estimated seconds at full speed on this machine.

    Args:
        config: the planned run.
        images: number of training images.
        image_shape: (channels, height, width).
        earlier: earlier runs, newest first. The median speed counts of the newest three that trained long enough with
            the same network, or else with the same architecture.
    """
    rate = _believed_rate(earlier, config, image_shape)
    used = min(images, config.data.limit or images)
    return START_SECONDS + used * config.training.epochs * work_per_image(config.model, image_shape) / rate


def _believed_rate(earlier: Sequence[Run], config: RunConfig, image_shape: ImageShape) -> float:
    """Multiply-adds per second: a median, so that no single run decides."""
    model = settled_model(config.model, image_shape)
    same_kind = [run for run in earlier if _model_of(run, image_shape).architecture == model.architecture]
    same_network = [run for run in same_kind if _model_of(run, image_shape) == model]
    for runs in (same_network, same_kind):
        speeds = (_images_per_second(run) * work_per_image(run.config.model, image_shape) for run in runs)
        believed = list(islice((speed for speed in speeds if speed), BELIEVED_RUNS))
        if believed:
            return median(believed)
    return USUAL_RATE


def _model_of(run: Run, image_shape: ImageShape) -> ModelConfig:
    return settled_model(run.config.model, image_shape)


def _images_per_second(run: Run) -> float:
    """Speed of a finished run without its slow start; 0 if it trained too briefly to tell."""
    status = run.status()
    if status.state is not State.DONE or not status.images_per_second or not status.step:
        return 0.0
    control = run.control()
    slow_steps = min(control.rate_until or status.step, status.step) if control.rate else 0
    seconds = status.seconds - (slow_steps / control.rate if control.rate else 0.0)
    if seconds < BELIEVED_SECONDS:
        return 0.0
    images = status.images_per_second * status.seconds * (1.0 - slow_steps / status.step)
    return images / seconds


def duration(seconds: float) -> str:
    """'12 s', '3 min 20 s', '2 h 5 min'."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
