"""Rate and distortion: code lengths against the entropy, file formats against their bytes, PCA against its error."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from tests.evaluation.untrained import untrained
from vae_core.data.datasets import Dataset, load_dataset
from vae_core.errors import DataError
from vae_core.evaluation.compression import (
    JPEG,
    JPEG_MOSAIC,
    MODEL,
    PCA,
    PNG,
    PNG_MOSAIC,
    QUALITIES,
    Compression,
    Point,
    _jpeg_points,
    as_mosaic,
    code_length,
    codes_round_trip,
    compress,
    jpeg_payload,
    jpeg_round_trip,
    png_payload,
    rate_at,
)
from vae_core.evaluation.trained import load_trained
from vae_core.metrics.latents import Pca
from vae_core.storage import paths
from vae_core.storage.runs import open_run

IMAGES = 200


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_dataset("mnist-sample")


@pytest.fixture(scope="module")
def found(data: Dataset) -> Compression:
    return compress(load_trained(open_run(paths.SHIPPED_RUNS, "learn-ae-8")), data, limit=IMAGES)


def of(found: Compression, codec: str) -> list[Point]:
    return [point for point in found.points if point.codec == codec]


def test_a_code_length_is_the_cross_entropy_of_the_training_histogram() -> None:
    draw = np.random.default_rng(0)
    train, test = draw.integers(0, 8, (50_000, 2)), draw.integers(0, 8, (1_000, 2))
    assert code_length(train, test) == pytest.approx(2 * 1_000 * math.log2(8), rel=1e-3)
    skewed = np.repeat([0, 1], [7_500, 2_500])[:, None]
    expected = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    assert code_length(skewed, skewed) / len(skewed) == pytest.approx(expected, rel=1e-3)


def test_the_code_is_a_code_its_lengths_satisfy_krafts_inequality() -> None:
    """Summed over every symbol, far ones included, 2^-length is at most 1: no decoder could do with less."""
    train = np.array([0, 0, 0, 1, 1, 5])[:, None]
    total = sum(2.0 ** -code_length(train, np.array([[symbol]])) for symbol in range(-3_000, 3_000))
    assert 0.9 < total <= 1.0


def test_symbols_that_training_never_had_can_be_coded() -> None:
    train = np.zeros((1_000, 1), dtype=np.int64)
    near, far = (code_length(train, np.array([[symbol]])) for symbol in (1, -1_000))
    assert 10 < near < far < 40


def test_payloads_of_files_are_their_coded_pixels(data: Dataset) -> None:
    picture = Image.fromarray(data.test_images[0, 0].numpy())
    jpeg, png = io.BytesIO(), io.BytesIO()
    picture.save(jpeg, format="JPEG")
    picture.save(png, format="PNG")
    content = jpeg.getvalue()
    assert 100 < jpeg_payload(content) < len(content) - 300  # 300 and more bytes of tables
    assert content[-2 - jpeg_payload(content) - 1] == 0  # the scan's header ends with 0x3f, 0x00
    # signature 8, IHDR 25, IDAT 12, IEND 12
    assert png_payload(png.getvalue()) == len(png.getvalue()) - 57


def test_a_mosaic_holds_all_images_in_the_order_of_reading(data: Dataset) -> None:
    images = data.test_images[:5].numpy()
    sheet = as_mosaic(images)
    assert sheet.shape == (1, 56, 84)
    assert (sheet[:, :28, 28:56] == images[1]).all() and (sheet[:, 28:, :28] == images[3]).all()
    assert not sheet[:, 28:, 56:].any()


def test_a_colour_image_keeps_its_planes() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 16, 16), dtype=np.uint8)
    assert as_mosaic(images).shape == (3, 32, 32)
    smooth = np.broadcast_to(np.array([200, 50, 120], np.uint8)[None, :, None, None], (2, 3, 16, 16)).copy()
    assert np.abs(jpeg_round_trip(smooth, 95).astype(int) - smooth).max() <= 4


def test_finer_steps_cost_more_and_lose_less(found: Compression) -> None:
    for codec in (MODEL, PCA):
        points = of(found, codec)
        rates, psnrs = [point.bits_per_pixel for point in points], [point.psnr for point in points]
        assert rates == sorted(rates, reverse=True) and psnrs == sorted(psnrs, reverse=True)
    for codec in (JPEG, JPEG_MOSAIC):
        assert [p.psnr for p in of(found, codec)] == sorted(p.psnr for p in of(found, codec))


def test_the_finest_step_comes_to_the_error_without_rounding(found: Compression, data: Dataset) -> None:
    pca = Pca.fit(data.train_images.flatten(1), 8)
    rows = data.test_images[:IMAGES].flatten(1).float() / 255
    error = (pca.reconstruct(pca.project(rows)).clamp(0, 1) - rows).square().mean()
    assert of(found, PCA)[0].psnr == pytest.approx(-10 * math.log10(error), abs=0.05)
    assert found.decoder_bytes > 4 * (8 * 64 + 64 + 64 * 784 + 784)
    assert found.pca_bytes > 4 * 9 * 784


def test_nothing_is_lost_in_png_and_its_rate_is_that_of_the_files(found: Compression, data: Dataset) -> None:
    (alone,), (together,) = of(found, PNG), of(found, PNG_MOSAIC)
    assert alone.psnr is None and together.psnr is None
    content = io.BytesIO()
    Image.fromarray(as_mosaic(data.test_images[:IMAGES].numpy())[0]).save(content, format="PNG", optimize=True)
    assert together.bits_per_pixel == 8 * len(content.getvalue()) / (IMAGES * 784)


def test_a_decoder_pays_when_its_weight_is_saved(data: Dataset) -> None:
    found = compress(load_trained(open_run(paths.SHIPPED_RUNS, "learn-ae-32")), data, limit=IMAGES)
    paid = [one for one in found.payback if one.images is not None]
    assert paid
    for one in paid:
        assert one.jpeg_bits_per_pixel is not None
        saved = (one.jpeg_bits_per_pixel - one.bits_per_pixel) * 784 / 8
        assert one.images is not None and (one.images - 1) * saved < found.decoder_bytes <= one.images * saved


def test_rates_are_interpolated_within_and_never_beyond() -> None:
    points = [Point(JPEG, 1, 0.1, 10.0), Point(JPEG, 2, 0.4, 20.0)]
    assert rate_at(points, JPEG, 15.0) == pytest.approx(0.2)
    assert rate_at(points, JPEG, 9.9) is None and rate_at(points, JPEG, 20.1) is None
    assert rate_at(points, PCA, 15.0) is None


def test_what_arrives_has_the_error_that_was_counted(found: Compression, data: Dataset) -> None:
    trained = load_trained(open_run(paths.SHIPPED_RUNS, "learn-ae-8"))
    images = data.test_images[:IMAGES]
    arrived = codes_round_trip(trained, data.train_images, images, 1.0)
    error = np.square((arrived.astype(float) - images.numpy()) / 255).mean()
    (point,) = [one for one in of(found, MODEL) if one.setting == 1.0]
    assert point.psnr == pytest.approx(-10 * math.log10(error), abs=0.02)


def test_a_constant_code_costs_next_to_nothing(data: Dataset) -> None:
    trained = untrained(model="ae", hidden="none")
    with torch.no_grad():
        for weight in trained.model.encoder.parameters():
            weight.zero_()
    found = compress(trained, data, limit=20)
    assert of(found, MODEL)[-1].bits_per_pixel < 1e-3


def test_no_image_and_another_size_are_refused(data: Dataset) -> None:
    with pytest.raises(DataError, match="no test image"):
        compress(untrained(), data, limit=0)
    with pytest.raises(DataError, match="takes images of"):
        compress(untrained(shape=(1, 8, 8)), data, limit=5)


def test_the_payload_of_a_jpeg_is_counted_with_the_tables_that_all_share(data: Dataset) -> None:
    """Else each image's own tables, which the payload leaves out, would shorten it for nothing."""
    images = data.test_images[:20].numpy()
    found = next(one for one in _jpeg_points(images) if one.codec == JPEG and one.setting == QUALITIES[0])
    bits = 0
    for image in images:
        stream = io.BytesIO()
        Image.fromarray(image[0]).save(stream, format="JPEG", quality=QUALITIES[0])
        bits += 8 * jpeg_payload(stream.getvalue())
    assert found.bits_per_pixel == pytest.approx(bits / images.size)
