"""Models from configurations: every size works or is refused, and weights are a function of the seed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core.architectures import MAX_PARAMETERS
from vae_core.data.randomness import Stream, generator
from vae_core.errors import ConfigError
from vae_core.models.autoencoder import LOG_VARIANCE_MAX, LOG_VARIANCE_MIN, Autoencoder
from vae_core.models.build import build_model
from vae_core.settings import ModelConfig

DIGIT = (1, 28, 28)


def build(seed: int = 0, shape: tuple[int, int, int] = DIGIT, **values: object) -> Autoencoder:
    return build_model(ModelConfig.model_validate(values), shape, seed)


@settings(max_examples=100)
@given(
    shape=st.sampled_from([(1, 1, 1), (1, 7, 5), (3, 7, 5), (3, 1, 1), (1, 28, 28), (3, 256, 256)]),
    latent=st.sampled_from([1, 2, 3, 512]),
    model=st.sampled_from(["ae", "vae"]),
    network=st.sampled_from(
        [
            ("mlp", ()),
            ("mlp", (256, 64)),
            ("mlp", (3,)),
            ("conv", (4,)),
            ("residual", (2, 3, 4)),
            ("conv-upsample", (2, 3, 4)),
        ]
    ),
    encoder=st.sampled_from(["shared", "separate"]),
)
def test_any_image_and_latent_size_works_or_is_refused_in_a_sentence(
    shape: tuple[int, int, int], latent: int, model: str, network: tuple[str, tuple[int, ...]], encoder: str
) -> None:
    architecture, hidden = network
    values = {"latent": latent, "model": model, "architecture": architecture, "hidden": hidden, "encoder": encoder}
    try:
        built = build(shape=shape, **values)
    except ConfigError as error:
        too_deep = len(hidden) == 3 and max(shape[1:]) == 1
        assert ("can be halved 1 times" if too_deep else f"{MAX_PARAMETERS:,}") in str(error)
        assert too_deep or shape == (3, 256, 256)
        return
    images = torch.rand(2, *shape)
    with torch.no_grad():
        posterior = built.encode(images)
        output = built.decode(posterior.sample(generator(0, Stream.EPSILON)))
    assert posterior.mean.shape == (2, latent)
    assert (posterior.log_variance is None) == (model == "ae")
    assert posterior.log_variance is None or posterior.log_variance.shape == (2, latent)
    assert output.shape == images.shape and output.isfinite().all()


def test_the_originals_network_has_its_count_of_parameters() -> None:
    def count(model: Autoencoder) -> int:
        return sum(parameter.numel() for parameter in model.parameters())

    decoder = 2 * 64 + 64 + 64 * 256 + 256 + 256 * 784 + 784
    body = 784 * 256 + 256 + 256 * 64 + 64
    head = 64 * 2 + 2
    assert count(build(model="ae")) == body + head + decoder
    assert count(build(encoder="shared")) == body + 2 * head + decoder
    assert count(build(encoder="separate")) == 2 * (body + head) + decoder


def test_weights_are_a_function_of_the_seed_and_leave_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = build(7), build(7), build(8)
    assert torch.equal(before, torch.get_rng_state())
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
        assert not torch.equal(weight, other.state_dict()[name]), name


@pytest.mark.parametrize("encoder", ["shared", "separate"])
@pytest.mark.parametrize("architecture", ["mlp", "conv", "residual"])
def test_training_mode_changes_nothing(encoder: str, architecture: str) -> None:
    model, images = build(encoder=encoder, architecture=architecture), torch.rand(3, *DIGIT)
    trained, evaluated = model.train().encode(images), model.eval().encode(images)
    assert torch.equal(trained.mean, evaluated.mean)
    assert torch.equal(model.train().decode(trained.mean), model.eval().decode(trained.mean))


@pytest.mark.parametrize("encoder", ["shared", "separate"])
def test_mean_and_log_variance_are_two_different_outputs(encoder: str) -> None:
    posterior = build(encoder=encoder).encode(torch.rand(3, *DIGIT))
    assert posterior.log_variance is not None
    assert not torch.allclose(posterior.mean, posterior.log_variance)


def test_a_separate_encoders_networks_do_not_share_a_weight() -> None:
    model = build(encoder="separate")
    posterior = model.encode(torch.rand(3, *DIGIT))
    posterior.mean.sum().backward()
    touched = {
        name.split(".")[0] for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()
    }
    assert touched == {"encoder"}


@pytest.mark.parametrize("scale", [-1e3, 1e3])
@pytest.mark.parametrize("encoder", ["shared", "separate"])
def test_the_log_variance_keeps_its_range_whatever_the_head_gives(encoder: str, scale: float) -> None:
    model = build(encoder=encoder, latent=3)
    head = model.encoder if encoder == "shared" else model.get_submodule("log_variance_encoder")
    with torch.no_grad():
        head[-1].bias[-3:] = scale
    posterior = model.encode(torch.rand(5, *DIGIT))
    assert posterior.log_variance is not None
    assert posterior.log_variance.unique().item() == (LOG_VARIANCE_MIN if scale < 0 else LOG_VARIANCE_MAX)
    assert model.decode(posterior.sample(generator(0, Stream.EPSILON))).isfinite().all()


def test_the_default_networks_fit_colour_images_of_256_by_256() -> None:
    for architecture in ("mlp", "conv"):
        assert build(shape=(3, 256, 256), architecture=architecture).latent == 2


def test_a_network_that_no_machine_would_hold_is_refused_before_it_takes_memory() -> None:
    with pytest.raises(ConfigError, match="choose fewer latents, smaller hidden sizes"):
        build(shape=(3, 256, 256), hidden=(8192,) * 8)
