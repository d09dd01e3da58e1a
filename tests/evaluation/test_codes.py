"""Codes of real digits under models with known weights, and of hand-made codes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.evaluation.untrained import untrained
from tests.viz.packed import unpacked
from vae_core.config import make_config
from vae_core.data.batches import to_float
from vae_core.data.datasets import load_dataset
from vae_core.errors import ConfigError, DataError
from vae_core.evaluation.codes import (
    Codes,
    codes_to_csv,
    decode_images,
    dimension_importance,
    encode,
    fitted_gaussian,
    inactive_dimensions,
    nearest,
    order_by_importance,
    prior_warning,
    slider_range,
)
from vae_core.evaluation.comparison import active_in
from vae_core.evaluation.trained import load_trained
from vae_core.metrics.active import is_active
from vae_core.metrics.elbo import evaluate
from vae_core.metrics.latents import active_units
from vae_core.storage import paths
from vae_core.storage.frames import Frame, Subjects
from vae_core.storage.runs import open_run
from vae_core.types import Array
from vae_core.viz.stage_data import Options, stage_bytes
from vae_core.viz.walks import random_codes


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return load_dataset("mnist-sample").test_images[:65]


def codes_of(mean: Array, log_variance: Array | None = None) -> Codes:
    error = np.zeros(len(mean), dtype=np.float32)
    return Codes(mean.astype(np.float32), log_variance, error, has_prior=log_variance is not None)


def vae_codes() -> Codes:
    """KL per dimension 1/2, 0 and 2."""
    signs = np.array([1.0, -1.0] * 50)[:, None]
    return codes_of(signs * np.array([1.0, 0.0, 2.0]), np.zeros((100, 3), dtype=np.float32))


@pytest.mark.parametrize("batch_size", [1, 64, 500])
def test_an_image_is_encoded_as_the_model_does(digits: Tensor, batch_size: int) -> None:
    trained = untrained()
    codes = encode(trained, digits, batch_size=batch_size)
    with torch.no_grad():
        posterior = trained.model.encode(to_float(digits))
        picture = trained.model.decode(posterior.mean).sigmoid()
    assert posterior.log_variance is not None and codes.log_variance is not None
    np.testing.assert_allclose(codes.mean, posterior.mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(codes.log_variance, posterior.log_variance, rtol=1e-4, atol=1e-5)
    error = (picture - to_float(digits)).square().mean(dim=(1, 2, 3))
    np.testing.assert_allclose(codes.reconstruction_error, error, rtol=1e-4)


def test_the_mean_error_and_the_kl_are_those_of_evaluate(digits: Tensor) -> None:
    trained = untrained()
    codes = encode(trained, digits.numpy())
    whole = evaluate(trained.model, trained.likelihood, digits, seed=0)
    assert codes.reconstruction_error.mean() == pytest.approx(whole.mse_per_pixel, rel=1e-5)
    assert dimension_importance(codes).tolist() == pytest.approx(list(whole.kl_per_dimension or ()), rel=1e-5)


def test_progress_ends_at_one(digits: Tensor) -> None:
    shares: list[float] = []
    encode(untrained(), digits, batch_size=30, progress=lambda _, share: shares.append(share))
    assert shares == [30 / 65, 60 / 65, 1.0]


def test_a_model_of_binary_pixels_is_shown_binary_pixels(digits: Tensor) -> None:
    grey = encode(untrained(), digits)
    cut = encode(untrained(binarize="threshold"), digits)
    by_hand = encode(untrained(), digits.gt(127).to(torch.uint8) * 255)
    assert np.abs(cut.mean - grey.mean).max() > 1e-3
    np.testing.assert_array_equal(cut.mean, by_hand.mean)


def test_images_of_another_size_and_none_are_refused(digits: Tensor) -> None:
    with pytest.raises(DataError, match=r"1 x 28 x 28 .*not 1 x 27 x 28"):
        encode(untrained(), digits[:, :, 1:])
    with pytest.raises(DataError, match="at least one"):
        encode(untrained(), digits[:0])


def test_a_picture_is_the_rounded_mean_image(digits: Tensor) -> None:
    z = np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5]])
    for likelihood in ("bernoulli", "gaussian", "gaussian-learned", "continuous-bernoulli"):
        trained = untrained(likelihood=likelihood)
        pictures = decode_images(trained, z, batch_size=1)
        with torch.no_grad():
            mean = trained.likelihood.mean_image(trained.model.decode(torch.tensor(z).float()))
        assert pictures.dtype == np.uint8 and pictures.shape == (2, 1, 28, 28)
        np.testing.assert_allclose(pictures / 255, mean.clamp(0, 1), atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("z", [np.zeros((1, 2)), np.zeros(3), np.zeros((0, 3)), np.array([[0.0, np.nan, 0.0]])])
def test_what_is_no_code_is_said(z: Array) -> None:
    with pytest.raises(ConfigError, match="3 finite numbers"):
        decode_images(untrained(), z)


def test_dimensions_are_sorted_by_what_they_carry() -> None:
    codes = vae_codes()
    assert dimension_importance(codes).tolist() == pytest.approx([0.5, 0.0, 2.0])
    assert order_by_importance(codes).tolist() == [2, 0, 1]
    assert inactive_dimensions(codes).tolist() == [False, True, False]
    autoencoder = codes_of(codes.mean * 3 + 5)
    assert dimension_importance(autoencoder).tolist() == pytest.approx([9.0, 0.0, 36.0])
    assert inactive_dimensions(autoencoder).tolist() == [False, True, False]
    assert inactive_dimensions(codes_of(np.ones((4, 2)))).all()


def test_fault_3_a_dimension_is_active_by_one_definition_everywhere() -> None:
    """Its posterior mean varies: a KL of 2 nats that is the same for every image says nothing of an image, and one whose
    KL is small counts if the mean varies."""
    signs = np.array([1.0, -1.0] * 50)[:, None]
    codes = codes_of(
        signs * np.array([1.0, 0.0, 0.11, 0.09]) + np.array([0, 2.0, 0, 0]), np.zeros((100, 4), np.float32)
    )
    assert dimension_importance(codes) == pytest.approx([0.5, 2.0, 0.00605, 0.00405], rel=1e-4)
    assert is_active(codes.mean).tolist() == [True, False, True, False] == (~inactive_dimensions(codes)).tolist()
    assert active_units(torch.from_numpy(codes.mean)) == 2
    picture = np.zeros((1, 1, 2, 2), np.uint8)
    frame = Frame(1, 0.1, codes.mean, None, picture, dimension_importance(codes).astype(np.float32), {})
    assert active_in(frame) == 2
    subjects = Subjects(np.zeros(100, np.int64), ("a",), picture, {})
    _, arrays = unpacked(stage_bytes(subjects, [frame], np.eye(4, 2), Options(("z1", "z2"))))
    assert arrays["active"].tolist() == [[1, 0, 1, 0]], "what Train's bars and its count show"


@pytest.mark.parametrize("run_id", ["learn-linear-vae-beta-1", "sweep-beta-2-seed-0"])
def test_fault_3_generate_and_evaluate_count_the_same_active_units(run_id: str) -> None:
    trained = load_trained(open_run(paths.SHIPPED_RUNS, run_id))
    images = load_dataset("mnist-sample").test_images
    found = evaluate(trained.model, trained.likelihood, images, seed=0)
    codes = encode(trained, images)
    assert (~inactive_dimensions(codes)).sum() == found.active_units == (17 if run_id.startswith("learn") else 16)


def test_a_vae_is_asked_within_its_prior_and_an_autoencoder_within_its_data() -> None:
    assert slider_range(vae_codes(), 1) == pytest.approx((-3.0902, 3.0902), abs=1e-4)
    line = codes_of(np.stack([np.linspace(0, 1000, 1001), np.full(1001, -7.0)], axis=1))
    assert slider_range(line, 0) == pytest.approx((5 - 49.5, 995 + 49.5))
    low, high = slider_range(line, 1)
    assert low < -7 < high


def test_fault_12_a_vae_without_a_kl_is_asked_within_its_codes_as_an_autoencoder_is(digits: Tensor) -> None:
    codes = encode(untrained(beta=0, latent=2), digits)
    assert codes.log_variance is not None and not codes.has_prior
    assert slider_range(codes, 0) == slider_range(replace(codes, log_variance=None), 0) != slider_range(vae_codes(), 0)
    assert encode(untrained(beta=0.5, latent=2), digits).has_prior


def test_the_gaussian_has_the_moments_of_the_codes() -> None:
    mean, root = fitted_gaussian(codes_of(np.array([[0.0, 5.0], [2.0, 5.0]])))
    assert mean.tolist() == [1.0, 5.0] and root == pytest.approx(np.diag([1.0, 0.0]))
    assert fitted_gaussian(codes_of(np.array([[0.0], [4.0]])))[1].tolist() == [[2.0]]


def test_draws_of_an_autoencoder_are_correlated_as_its_codes_are() -> None:
    """Lesson Holes once drew each dimension by itself, though codes correlate by up to 0.5."""
    one, other = np.random.default_rng(0).standard_normal((2, 5_000))
    codes = codes_of(np.stack([one, one + other, 3 - other], axis=1))
    drawn = random_codes(50_000, 3, 0, 1.0, *fitted_gaussian(codes))
    assert np.cov(drawn.T) == pytest.approx(np.cov(codes.mean.T), abs=0.05)
    assert drawn.mean(axis=0) == pytest.approx(codes.mean.mean(axis=0), abs=0.03)


def test_the_nearest_come_first() -> None:
    codes = codes_of(np.array([[0.0], [10.0], [4.0], [3.0]]))
    assert nearest(codes, np.array([3.4]), 3).tolist() == [3, 2, 0]
    assert nearest(codes, np.array([9.0]), 99).tolist() == [1, 2, 3, 0]


def test_the_table_can_be_read_back_and_holds_no_formula() -> None:
    codes = codes_of(np.array([[0.1, -2.5], [1 / 3, 1e-9], [0.0, 4.0]]))
    text = codes_to_csv(codes, [1, 0, -1], ["=1+2", 'a,"b'])
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["index", "label", "z1", "z2", "mse_per_pixel"]
    assert [row[:2] for row in rows[1:]] == [["0", 'a,"b'], ["1", "'=1+2"], ["2", ""]]
    np.testing.assert_array_equal(np.array([row[2:4] for row in rows[1:]], dtype=np.float32), codes.mean)


def test_draws_from_the_prior_mean_nothing_where_the_kl_had_no_weight() -> None:
    """Fault 12."""
    assert "at beta 0" in prior_warning(make_config(beta=0))
    assert "at gamma 0" in prior_warning(make_config(capacity=5, gamma=0))
    for config in (make_config(), make_config(beta=0.5), make_config(beta=0, capacity=5), make_config(model="ae")):
        assert prior_warning(config) == ""
