"""Compares models as image compressors: bits per pixel against distortion for model codes, PCA, JPEG and PNG.

Codes are quantised with steps that cost the same error in the picture in every dimension. Their symbols are coded with a
static model: for each dimension, a histogram counted on training images. The rate is the exact ideal code length of the
test symbols under that model. An arithmetic coder comes within two bits of it for the whole stream (Witten, Neal & Cleary
1987, "Arithmetic Coding for Data Compression"), which is negligible over thousands of images.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vae_core.data.batches import to_float
from vae_core.data.datasets import Dataset
from vae_core.errors import DataError
from vae_core.evaluation.codes import encode
from vae_core.evaluation.trained import Trained
from vae_core.metrics.latents import Pca, pca_training_images
from vae_core.types import Array

STEPS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Quantiser steps, each the Euclidean norm of the change of the whole picture; pixels range from 0 to 1."""
QUALITIES = (1, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90)
MODEL_IMAGES = 10_000
"""Training images that the coder's histograms are counted on."""
GAIN_IMAGES = 500
PROBE = 0.1
"""How far a code is moved to measure its effect on the picture, as a share of the dimension's standard deviation."""
FLOAT_BYTES, COUNT_BYTES = 4, 4
SMOOTHING = 0.5
MODEL, PCA, JPEG, JPEG_MOSAIC, PNG, PNG_MOSAIC = "model", "PCA", "JPEG", "JPEG mosaic", "PNG", "PNG mosaic"

Decode = Callable[[Array], Array]


@dataclass(frozen=True)
class Point:
    """One setting of one codec on all test images.

    Attributes:
        codec: "model", "PCA", "JPEG" or "PNG" (each image by itself, payload without headers), or "JPEG mosaic" or "PNG
            mosaic" (all images as a mosaic in one file, headers included).
        setting: the quantiser's step, or JPEG's quality; None for PNG.
        bits_per_pixel: coded bits per pixel; the channels of a colour image share a pixel.
        psnr: 10 log10(1 / MSE) in dB, with the MSE over all pixels of all images, range 0 to 1; None if lossless.
    """

    codec: str
    setting: float | None
    bits_per_pixel: float
    psnr: float | None


@dataclass(frozen=True)
class Payback:
    """After how many images shorter codes make up for the decoder, which has to be sent too.

    Attributes:
        setting: the quantiser's step.
        bits_per_pixel, psnr: the model's at this step.
        jpeg_bits_per_pixel: the JPEG mosaic's at the same PSNR, interpolated; None if JPEG does not reach this PSNR.
        images: the number of images; None if the model's codes are not shorter or JPEG does not reach this PSNR.
    """

    setting: float
    bits_per_pixel: float
    psnr: float
    jpeg_bits_per_pixel: float | None
    images: int | None


@dataclass(frozen=True)
class Compression:
    """The result of `compress`.

    Attributes:
        dataset: the dataset whose test images were coded.
        images: how many of them.
        latents: length of a code; PCA has as many components.
        pca_images: number of training images that PCA was fitted to.
        decoder_bytes, pca_bytes: what the receiver must have: float32 weights and the coder's histograms.
        points: all codecs, each in the order of its settings.
        payback: one per point of the model.
    """

    dataset: str
    images: int
    latents: int
    pca_images: int
    decoder_bytes: int
    pca_bytes: int
    points: tuple[Point, ...]
    payback: tuple[Payback, ...]


def compress(
    trained: Trained,
    dataset: Dataset,
    *,
    limit: int | None = None,
    pca: Pca | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Compression:
    """Measures rate and distortion on a dataset's test images.

    Args:
        trained: the model.
        dataset: provides the test images to code, and the training images for the coder's histograms.
        limit: code only the first `limit` test images.
        pca: a PCA with as many components as the model has latents. By default it is fitted to as many of the dataset's
            training images as the model was trained on (`latents.pca_training_images`).
        progress: called with the current task and the share done, 0 to 1.

    Raises:
        DataError: there are no images, or they do not have the model's size.
    """
    test = dataset.test_images[:limit]
    if not len(test):
        raise DataError("There are no test images to compress; give at least one.")
    model, decoder_tables = _model_points(trained, dataset.train_images, test)
    _report(progress, "PCA", 0.4)
    if pca is None:
        fitted_to = pca_training_images(dataset.train_images, trained.config.data.limit)
        pca = Pca.fit(fitted_to.flatten(1), min(trained.model.latent, fitted_to[0].numel()))
    linear, pca_tables = _pca_points(pca, dataset.train_images, test)
    _report(progress, "JPEG and PNG", 0.6)
    images = test.numpy()
    points = (*model, *linear, *_jpeg_points(images), *_png_points(images))
    decoder = FLOAT_BYTES * sum(weight.numel() for weight in trained.model.decoder.parameters()) + decoder_tables
    pca_bytes = FLOAT_BYTES * (trained.model.latent + 1) * images[0].size + pca_tables
    pixels = images.shape[2] * images.shape[3]
    payback = tuple(_payback(point, points, decoder, pixels) for point in model)
    latent = trained.model.latent
    return Compression(dataset.name, len(test), latent, pca.count, decoder, pca_bytes, points, payback)


def code_length(train: Array, test: Array) -> float:
    """Bits of the integer test symbols (N, L) under a static model: a histogram of the training symbols (M, L) per column.

    Half a count is added to every symbol between the smallest and the largest training symbol (Krichevsky & Trofimov 1981)
    and to an escape symbol. The escape is followed by the distance outside that range in Elias' gamma code, and a bit for
    the side.
    """
    return float(sum(_column_bits(train[:, column], test[:, column]) for column in range(test.shape[1])))


def _column_bits(train: Array, test: Array) -> float:
    low, high = int(train.min()), int(train.max())
    counts = np.bincount(train - low, minlength=high - low + 1) + SMOOTHING
    total = counts.sum() + SMOOTHING
    inside = (test >= low) & (test <= high)
    bits = -np.log2(counts[test[inside] - low] / total).sum()
    outside = test[~inside]
    beyond = np.where(outside > high, outside - high, low - outside)
    gamma = 2 * np.floor(np.log2(np.maximum(beyond, 1))) + 1
    return float(bits + (gamma + 1).sum() - len(outside) * math.log2(SMOOTHING / total))


def jpeg_payload(content: bytes) -> int:
    """Bytes of a JPEG file's coded pixels: from the end of its scan header to the end marker."""
    start = content.index(b"\xff\xda")
    header = int.from_bytes(content[start + 2 : start + 4], "big")
    return len(content) - 2 - (start + 2 + header)


def png_payload(content: bytes) -> int:
    """Bytes of a PNG file's compressed pixels: the content of its IDAT chunks."""
    offset, payload = 8, 0
    while offset < len(content):
        length = int.from_bytes(content[offset : offset + 4], "big")
        payload += length if content[offset + 4 : offset + 8] == b"IDAT" else 0
        offset += 12 + length
    return payload


def as_mosaic(images: Array) -> Array:
    """Tiles images (N, C, H, W) uint8 without gaps, in a grid as square as possible, (C, rows H, columns W); the empty
    cells are black."""
    count, channels, height, width = images.shape
    columns = math.ceil(math.sqrt(count))
    lines = -(-count // columns)
    sheet = np.zeros((lines * columns, channels, height, width), dtype=np.uint8)
    sheet[:count] = images
    tiled: Array = sheet.reshape(lines, columns, channels, height, width).transpose(2, 0, 3, 1, 4)
    return tiled.reshape(channels, lines * height, columns * width)


def rate_at(points: Sequence[Point], codec: str, psnr: float) -> float | None:
    """Bits per pixel of a codec at a PSNR, interpolated linearly in log rate; None outside the range of its points."""
    of_codec = sorted((point.psnr, point.bits_per_pixel) for point in points if point.codec == codec and point.psnr)
    if not of_codec or not of_codec[0][0] <= psnr <= of_codec[-1][0]:
        return None
    psnrs, rates = zip(*of_codec, strict=True)
    return float(np.exp(np.interp(psnr, psnrs, np.log(rates))))


def _model_points(trained: Trained, train: Tensor, test: Tensor) -> tuple[list[Point], int]:
    train_codes, codes = encode(trained, train[:MODEL_IMAGES]).mean, encode(trained, test).mean
    return _coded(MODEL, train_codes, codes, _decoder(trained), test)


def _decoder(trained: Trained) -> Decode:
    """A function from codes (N, L) to the pixels of their mean images (N, D)."""

    @torch.no_grad()
    def decode(z: Array) -> Array:
        output = trained.model.decode(torch.from_numpy(z.astype(np.float32)))
        pictures: Array = trained.likelihood.mean_image(output).flatten(1).numpy()
        return pictures

    return decode


def _pca_points(pca: Pca, train: Tensor, test: Tensor) -> tuple[list[Point], int]:
    train_codes, codes = (pca.project(to_float(part).flatten(1)).numpy() for part in (train[:MODEL_IMAGES], test))

    def decode(z: Array) -> Array:
        pictures: Array = pca.reconstruct(torch.from_numpy(z)).numpy()
        return pictures

    return _coded(PCA, train_codes, codes, decode, test)


def codes_round_trip(trained: Trained, train: Tensor, images: Tensor, step: float) -> Array:
    """Images as a receiver decodes them from a model's codes quantised with this step.

    Args:
        trained: the model.
        train: (M, C, H, W) uint8, training images, which set the scale of each dimension.
        images: (N, C, H, W) uint8, the images to send.
        step: one of `STEPS`, or any positive number.

    Returns:
        (N, C, H, W) uint8.
    """
    train_codes, codes = encode(trained, train[:MODEL_IMAGES]).mean, encode(trained, images).mean
    decode = _decoder(trained)
    steps, middle = step / _gains(train_codes[:GAIN_IMAGES], decode), train_codes.mean(axis=0)
    pictures = decode(np.rint((codes - middle) / steps) * steps + middle)
    received: Array = np.rint(255 * np.clip(pictures, 0, 1)).astype(np.uint8).reshape(images.shape)
    return received


def jpeg_round_trip(images: Array, quality: int) -> Array:
    """Images (N, C, H, W) uint8 after saving each as a JPEG of this quality, 1 to 95: same shape and type."""
    return np.stack([_pixels(_file(image, "JPEG", quality)) for image in images])


def _coded(codec: str, train_codes: Array, codes: Array, decode: Decode, test: Tensor) -> tuple[list[Point], int]:
    """A point for each quantiser step, and the bytes of the largest set of histograms."""
    gains = _gains(train_codes[:GAIN_IMAGES], decode)
    target = to_float(test).flatten(1).numpy()
    middle = train_codes.mean(axis=0)
    pixels = len(test) * test.shape[2] * test.shape[3]
    points, tables = [], 0
    for step in STEPS:
        steps = step / gains
        train_symbols, symbols = (np.rint((part - middle) / steps).astype(np.int64) for part in (train_codes, codes))
        bits = code_length(train_symbols, symbols)
        pictures = np.clip(decode(symbols * steps + middle), 0, 1)
        points.append(Point(codec, step, bits / pixels, _psnr(np.square(pictures - target).mean())))
        spans = train_symbols.max(axis=0) - train_symbols.min(axis=0) + 1
        tables = max(tables, COUNT_BYTES * int(spans.sum()))
    return points, tables


def _gains(codes: Array, decode: Decode) -> Array:
    """How much a unit step in each dimension changes the picture, (L,): the root mean square over the codes (N, L)."""
    base = decode(codes)
    gains = np.ones(codes.shape[1])
    for dimension, deviation in enumerate(codes.std(axis=0)):
        moved = codes.copy()
        moved[:, dimension] += PROBE * max(float(deviation), 1e-6)
        change = np.square(decode(moved) - base).sum(axis=1).mean()
        gains[dimension] = max(float(np.sqrt(change)) / (PROBE * max(float(deviation), 1e-6)), 1e-9)
    return gains


def _jpeg_points(images: Array) -> list[Point]:
    sheet = as_mosaic(images)
    points = []
    for quality in QUALITIES:
        # Tables optimised for an image would have to be sent with it, and the payload does not count tables.
        files = [_file(image, "JPEG", quality, own_tables=False) for image in images]
        decoded = np.stack([_pixels(content) for content in files])
        bits = 8 * sum(map(jpeg_payload, files))
        points.append(_image_point(JPEG, quality, bits, images, decoded))
    for quality in QUALITIES:
        content = _file(sheet, "JPEG", quality)
        # The rest of the last row is black and holds no image; including it in the error would flatter JPEG.
        decoded = _cut(_pixels(content), images)
        points.append(_image_point(JPEG_MOSAIC, quality, 8 * len(content), images, decoded))
    return points


def _png_points(images: Array) -> list[Point]:
    pixels = len(images) * images.shape[2] * images.shape[3]
    alone = 8 * sum(png_payload(_file(image, "PNG")) for image in images)
    together = 8 * len(_file(as_mosaic(images), "PNG"))
    return [Point(PNG, None, alone / pixels, None), Point(PNG_MOSAIC, None, together / pixels, None)]


def _image_point(codec: str, quality: int, bits: int, images: Array, decoded: Array) -> Point:
    error = np.square((decoded.astype(np.float64) - images) / 255).mean()
    return Point(codec, quality, bits / (len(images) * images.shape[2] * images.shape[3]), _psnr(float(error)))


def _file(image: Array, kind: str, quality: int = 75, own_tables: bool = True) -> bytes:
    """An image (C, H, W) as a file, as small as Pillow makes it; colour at full resolution, like the other codecs."""
    picture = Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))
    content = io.BytesIO()
    if kind == "JPEG":
        picture.save(content, format="JPEG", quality=quality, optimize=own_tables, subsampling=0)
    else:
        picture.save(content, format="PNG", optimize=True)
    return content.getvalue()


def _pixels(content: bytes) -> Array:
    with Image.open(io.BytesIO(content)) as picture:
        values = np.asarray(picture)
    image: Array = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    return image


def _cut(sheet: Array, images: Array) -> Array:
    """The images of a mosaic, (N, C, H, W)."""
    count, channels, height, width = images.shape
    lines, columns = sheet.shape[1] // height, sheet.shape[2] // width
    parts = sheet.reshape(channels, lines, height, columns, width).transpose(1, 3, 0, 2, 4)
    cut: Array = parts.reshape(lines * columns, channels, height, width)[:count]
    return cut


def _payback(point: Point, points: Sequence[Point], decoder_bytes: int, pixels: int) -> Payback:
    assert point.setting is not None and point.psnr is not None
    jpeg = rate_at(points, JPEG_MOSAIC, point.psnr)
    saved = 0.0 if jpeg is None else (jpeg - point.bits_per_pixel) * pixels
    images = math.ceil(8 * decoder_bytes / saved) if saved > 0 else None
    return Payback(point.setting, point.bits_per_pixel, point.psnr, jpeg, images)


def _psnr(mse: float) -> float | None:
    return None if mse <= 0 else float(-10 * math.log10(mse))


def _report(progress: Callable[[str, float], None] | None, text: str, share: float) -> None:
    if progress is not None:
        progress(text, share)
