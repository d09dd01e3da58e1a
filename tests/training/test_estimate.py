from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from vae_core.config import RunConfig, make_config
from vae_core.models.build import build_model
from vae_core.settings import ModelConfig
from vae_core.storage.runs import Control, Run
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
    decoder = 2 * 4 * 14 * 14 + 16 * 4 * 1 * 14 * 14
    assert work_per_image(model, DIGITS) == 3.0 * (encoder + decoder)


def _done(run: Run, speed: float, seconds: float, steps: int = 1_000) -> Run:
    run.write_status(replace(run.status(), state="done", images_per_second=speed, seconds=seconds, step=steps))
    return run


def test_the_estimate_believes_a_run_of_the_same_kind(new_run: Callable[..., Run]) -> None:
    run = _done(new_run("earlier", RunConfig()), 10_000.0, 10.0)
    config = make_config(epochs=10)
    assert seconds_for(config, 10_000, DIGITS, [run]) == pytest.approx(START_SECONDS + 10.0)
    limited = seconds_for(make_config(epochs=10, limit=1_000), 10_000, DIGITS, [run])
    assert limited == pytest.approx(START_SECONDS + 1.0)
    conv = make_config(epochs=10, architecture="conv")
    assert seconds_for(conv, 10_000, DIGITS, [run]) == seconds_for(conv, 10_000, DIGITS)


def test_no_single_or_short_run_rules_the_estimate(new_run: Callable[..., Run]) -> None:
    """79 slow steps say nothing; of three long runs the middle one counts, whatever their order."""
    short = _done(new_run("short", RunConfig()), 100.0, 4.9, 79)
    speeds = {"one": 10_000.0, "two": 9_000.0, "odd": 500.0}
    long = [_done(new_run(name, RunConfig()), speed, 20.0) for name, speed in speeds.items()]
    config = make_config(epochs=9)
    for runs in ([short, *long], [*long[::-1], short]):
        assert seconds_for(config, 10_000, DIGITS, runs) == pytest.approx(START_SECONDS + 10.0)
    assert seconds_for(config, 10_000, DIGITS, [short]) == seconds_for(config, 10_000, DIGITS)


def test_the_same_network_is_believed_before_a_newer_other_one(new_run: Callable[..., Run]) -> None:
    other = _done(new_run("other", make_config(latent=9)), 1_000.0, 20.0)
    same = _done(new_run("same", RunConfig()), 10_000.0, 20.0)
    assert seconds_for(make_config(epochs=10), 10_000, DIGITS, [other, same]) == pytest.approx(START_SECONDS + 10.0)


def test_a_slow_start_is_not_the_speed(new_run: Callable[..., Run]) -> None:
    """200 of 1,000 steps at 20 a second take 10 s of 20; the other 800, of 100 images, take 10 s: 8,000 a second."""
    run = _done(new_run("slow", RunConfig()), 5_000.0, 20.0)
    run.write_control(Control(rate=20.0, rate_until=200))
    assert seconds_for(make_config(epochs=8), 10_000, DIGITS, [run]) == pytest.approx(START_SECONDS + 10.0)


def test_a_run_that_did_not_end_is_not_believed(new_run: Callable[..., Run]) -> None:
    run = new_run("earlier", RunConfig())
    run.write_status(replace(run.status(), state="stopped", images_per_second=1.0, seconds=60.0, step=9))
    assert seconds_for(RunConfig(), 10_000, DIGITS, [run]) == seconds_for(RunConfig(), 10_000, DIGITS)
