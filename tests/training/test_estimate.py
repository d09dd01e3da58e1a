from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from vae_core.config import ModelConfig, RunConfig, make_config
from vae_core.models.build import build_model
from vae_core.storage.runs import Run
from vae_core.training.estimate import START_SECONDS, seconds_for, work_per_image

DIGITS = (1, 28, 28)


@pytest.mark.parametrize(
    "model",
    [
        ModelConfig(),
        ModelConfig(model="ae"),
        ModelConfig(encoder="separate", latent=40),
        ModelConfig(hidden=(), latent=7),
    ],
    ids=str,
)
def test_the_work_of_dense_layers_is_their_weights(model: ModelConfig) -> None:
    """A dense layer's weight is one multiply-add forward and two backward."""
    built = build_model(model, DIGITS, seed=0)
    weights = sum(parameter.numel() for parameter in built.parameters() if parameter.ndim == 2)
    assert work_per_image(model, DIGITS) == 3.0 * weights


def test_a_convolution_works_at_every_place() -> None:
    model = ModelConfig(model="ae", architecture="conv", hidden=(4,), latent=2)
    encoder = 9 * 1 * 4 * 14 * 14 + 4 * 14 * 14 * 2
    decoder = 2 * 4 * 14 * 14 + 9 * 4 * 1 * 28 * 28
    assert work_per_image(model, DIGITS) == 3.0 * (encoder + decoder)


def test_the_estimate_believes_a_run_of_the_same_kind(new_run: Callable[..., Run]) -> None:
    run = new_run("earlier", RunConfig())
    run.write_status(replace(run.status(), state="done", images_per_second=10_000.0))
    config = make_config(epochs=10)
    assert seconds_for(config, 10_000, DIGITS, [run]) == pytest.approx(START_SECONDS + 10.0)
    limited = seconds_for(make_config(epochs=10, limit=1_000), 10_000, DIGITS, [run])
    assert limited == pytest.approx(START_SECONDS + 1.0)
    conv = make_config(epochs=10, architecture="conv")
    assert seconds_for(conv, 10_000, DIGITS, [run]) == seconds_for(conv, 10_000, DIGITS)


def test_a_run_that_did_not_end_is_not_believed(new_run: Callable[..., Run]) -> None:
    run = new_run("earlier", RunConfig())
    run.write_status(replace(run.status(), state="stopped", images_per_second=1.0))
    assert seconds_for(RunConfig(), 10_000, DIGITS, [run]) == seconds_for(RunConfig(), 10_000, DIGITS)
