"""Which network is built by itself, what fits the images, and that sizes are known without building anything."""

from __future__ import annotations

from typing import Any

import pytest

from vae_core.architectures import (
    ImageShape,
    parameter_count,
    settled,
    settled_model,
    sizes_of,
    step_factor,
)
from vae_core.config import ModelConfig, make_config
from vae_core.data import catalogue
from vae_core.errors import ConfigError
from vae_core.models.build import describe_model


@pytest.mark.parametrize(
    ("shape", "architecture", "hidden"),
    [
        ((1, 28, 28), "mlp", (256, 64)),
        ((3, 31, 64), "mlp", (256, 64)),
        ((1, 32, 32), "conv", (32, 64, 64)),
        ((3, 64, 64), "conv", (32, 64, 64, 64)),
        ((3, 128, 96), "conv", (32, 64, 64, 64, 64)),
    ],
)
def test_by_itself_the_program_takes_convolutions_from_32_pixels_on(
    shape: ImageShape, architecture: str, hidden: tuple[int, ...]
) -> None:
    model = settled(make_config(), shape).model
    assert (model.architecture, model.hidden) == (architecture, hidden)


def test_what_is_asked_for_stays_and_settling_again_changes_nothing() -> None:
    asked = make_config(architecture="mlp")
    assert settled(asked, (3, 64, 64)) is asked
    sizes = make_config(hidden="400")
    assert settled(sizes, (3, 64, 64)).model.architecture == "mlp"
    once = settled(make_config(architecture="residual"), (3, 64, 64))
    assert settled(once, (3, 64, 64)) is once


def test_a_dataset_settles_its_configuration_by_its_name_alone() -> None:
    assert catalogue.settled(make_config(dataset="sprites-64")).model.architecture == "conv"
    assert catalogue.settled(make_config(dataset="mnist")).model.architecture == "mlp"


@pytest.mark.parametrize("architecture", ["conv", "residual"])
def test_more_stages_than_halvings_is_one_sentence(architecture: str) -> None:
    asked = make_config(architecture=architecture, hidden="8,8,8,8,8,8")
    with pytest.raises(
        ConfigError, match=r"^hidden names 6 stages, and images of 1x28x28 can be halved 5 times; name at most 5\.$"
    ):
        settled(asked, (1, 28, 28))
    assert len(sizes_of(settled(asked, (1, 64, 64)).model)) == 6


def test_old_runs_with_more_stages_than_halvings_still_open() -> None:
    assert settled(make_config(architecture="conv-upsample", hidden="8,8,8,8,8,8"), (1, 28, 28))


def test_a_network_too_large_is_one_sentence_and_needs_no_torch() -> None:
    with pytest.raises(ConfigError, match=r"^This network would have 604,106,756 parameters for images of 3x64x64"):
        settled(make_config(hidden=(8192,) * 4), (3, 64, 64))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (1, 13, 21)])
@pytest.mark.parametrize("architecture", ["mlp", "conv", "residual", "conv-upsample"])
@pytest.mark.parametrize("kind", [{"model": "ae"}, {"encoder": "shared"}, {"encoder": "separate"}])
def test_the_count_of_parameters_is_that_of_the_network(
    architecture: str, kind: dict[str, Any], shape: ImageShape
) -> None:
    model = settled_model(ModelConfig.model_validate({"architecture": architecture, "latent": 3, **kind}), shape)
    built = describe_model(model, shape)
    assert parameter_count(model, shape) == sum(parameter.numel() for parameter in built.parameters())


def test_only_strided_networks_take_steps_of_twice_the_learning_rate() -> None:
    for architecture, step in (("mlp", 1.0), ("conv", 2.0), ("residual", 2.0), ("conv-upsample", 1.0)):
        assert step_factor(make_config(architecture=architecture).model) == step
