"""Corruptions: what each does by its own measure, the ranges, and whose randomness it is."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vae_core.data import datasets
from vae_core.data.batches import to_float
from vae_core.data.corruptions import corrupt, corrupt_mixed, corrupt_split
from vae_core.data.randomness import Stream, generator
from vae_core.errors import ConfigError
from vae_core.registry.corruption_rows import CORRUPTIONS

GREY = [name for name, row in CORRUPTIONS.items() if 1 in row.channels]
BY_CHANCE = ("gaussian", "salt-and-pepper", "masking", "block", "watermark")


def draw(index: int = 0) -> torch.Generator:
    return generator(0, Stream.CORRUPTION, index)


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return to_float(datasets.load_dataset("mnist-sample").test_images[:64])


@pytest.fixture(scope="module")
def coloured() -> Tensor:
    return to_float(datasets.load_dataset("coloured-mnist-sample").test_images[:64])


def test_gaussian_noise_has_its_sigma_before_clipping() -> None:
    grey = torch.full((50, 1, 28, 28), 0.5)
    noise = corrupt(grey, "gaussian", 0.1, draw()) - grey
    assert abs(float(noise.mean())) < 0.002 and float(noise.std()) == pytest.approx(0.1, rel=0.02)


def test_clipped_noise_brightens_black() -> None:
    black = torch.zeros(50, 1, 28, 28)
    # the mean of a half-normal: sigma / sqrt(2 pi), of which clipping at 1 takes nothing here
    assert float(corrupt(black, "gaussian", 0.2, draw()).mean()) == pytest.approx(0.2 / (2 * torch.pi) ** 0.5, rel=0.03)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.95])
def test_salt_and_pepper_and_masking_take_their_share(level: float) -> None:
    grey = torch.full((50, 1, 28, 28), 0.5)
    salted = corrupt(grey, "salt-and-pepper", level, draw())
    assert set(salted.unique().tolist()) <= {0.0, 0.5, 1.0}
    assert float((salted == 0).float().mean()) == pytest.approx(level / 2, abs=0.01)
    assert float((salted == 1).float().mean()) == pytest.approx(level / 2, abs=0.01)
    masked = corrupt(grey, "masking", level, draw())
    assert float((masked == 0).float().mean()) == pytest.approx(level, abs=0.01)


@pytest.mark.parametrize("name", ["salt-and-pepper", "masking"])
def test_the_channels_of_a_pixel_go_together(name: str) -> None:
    damaged = corrupt(torch.full((8, 3, 9, 7), 0.5), name, 0.5, draw())
    assert bool((damaged == damaged[:, :1]).all()) and float((damaged == 0.5).float().mean()) < 0.7


def test_a_block_has_its_side_and_lies_within() -> None:
    damaged = corrupt(torch.ones(200, 1, 20, 30), "block", 0.4, draw())
    black = damaged[:, 0] == 0
    assert set(black.any(dim=2).sum(dim=1).tolist()) == {8} and set(black.any(dim=1).sum(dim=1).tolist()) == {12}
    tops = black.any(dim=2).int().argmax(dim=1)
    assert int(tops.min()) == 0 and int(tops.max()) == 12
    assert float(corrupt(torch.ones(3, 1, 5, 5), "block", 1.0, draw()).sum()) == 0


def test_blur_spreads_a_point_as_a_gaussian() -> None:
    point = torch.zeros(1, 1, 31, 31)
    point[0, 0, 15, 15] = 1
    blurred = corrupt(point, "blur", 2.0, draw())[0, 0]
    assert float(blurred.sum()) == pytest.approx(1, abs=1e-3)
    variance = float((blurred.sum(dim=0) * (torch.arange(31) - 15) ** 2).sum())
    assert variance == pytest.approx(4.0, rel=0.03)


def test_low_resolution_keeps_the_mean_of_a_block() -> None:
    checks = (torch.arange(28)[:, None] + torch.arange(28)) % 2
    small = corrupt(checks.float()[None, None], "low-resolution", 2.0, draw())
    assert torch.allclose(small, torch.full_like(small, 0.5))


def test_a_watermark_is_white_and_of_its_opacity(digits: Tensor) -> None:
    black = torch.zeros(64, 1, 28, 28)
    marked = corrupt(black, "watermark", 0.6, draw())
    assert float(marked.max()) == pytest.approx(0.6, abs=1e-6)
    assert bool((marked.flatten(1).max(dim=1).values > 0.2).all())
    assert bool((corrupt(digits, "watermark", 0.6, draw()) >= digits).all())


def test_greyscale_is_the_luma(coloured: Tensor) -> None:
    grey = corrupt(coloured, "greyscale", 0.0, draw())
    luma = 0.299 * coloured[:, 0] + 0.587 * coloured[:, 1] + 0.114 * coloured[:, 2]
    for channel in range(3):
        assert torch.allclose(grey[:, channel], luma, atol=1e-6)


@pytest.mark.parametrize("name", GREY)
def test_at_its_lowest_level_nothing_happens(name: str, digits: Tensor) -> None:
    same = corrupt(digits, name, CORRUPTIONS[name].lowest, draw())
    assert torch.allclose(same, digits, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(CORRUPTIONS)),
    share=st.floats(0, 1),
    size=st.tuples(st.integers(0, 3), st.integers(1, 33), st.integers(1, 33)),
    seed=st.integers(0, 1000),
)
def test_any_size_stays_in_range_and_whole(name: str, share: float, size: tuple[int, int, int], seed: int) -> None:
    row = CORRUPTIONS[name]
    count, height, width = size
    images = torch.rand(count, row.channels[-1], height, width, generator=draw(seed))
    before = images.clone()
    damaged = corrupt(images, name, row.lowest + share * (row.highest - row.lowest), draw(seed))
    assert damaged.shape == images.shape and damaged.dtype == torch.float32
    assert torch.equal(images, before)
    assert bool(((damaged >= 0) & (damaged <= 1)).all())


@pytest.mark.parametrize("name", BY_CHANCE)
def test_the_same_generator_damages_alike_and_the_next_otherwise(name: str, digits: Tensor) -> None:
    level = CORRUPTIONS[name].usual
    first = corrupt(digits, name, level, draw(3))
    assert torch.equal(first, corrupt(digits, name, level, draw(3)))
    assert not torch.equal(first, corrupt(digits, name, level, draw(4)))


def test_several_are_drawn_for_each_image_at_levels_of_its_own() -> None:
    grey = torch.full((400, 1, 28, 28), 0.5)
    damaged = corrupt_mixed(grey, ["masking", "gaussian"], (0.2, 0.6), draw())
    masked = ((damaged == 0) | (damaged == 0.5)).flatten(1).all(dim=1)
    assert 140 < int(masked.sum()) < 260
    shares = (damaged[masked] == 0).float().mean(dim=(1, 2, 3))
    assert 0.15 < float(shares.min()) < 0.28 and 0.52 < float(shares.max()) < 0.66
    assert float(shares.mean()) == pytest.approx(0.4, abs=0.04)


def test_a_split_is_damaged_for_good_and_rounded_to_bytes() -> None:
    images = datasets.load_dataset("mnist-sample").test_images[:1200]
    once = corrupt_split(images, ["gaussian"], (0.3, 0.3), seed=5)
    assert once.dtype == torch.uint8 and torch.equal(once, corrupt_split(images, ["gaussian"], (0.3, 0.3), seed=5))
    assert torch.equal(once[:500], corrupt_split(images[:500], ["gaussian"], (0.3, 0.3), seed=5))
    assert not torch.equal(once[:500], once[500:1000])
    assert corrupt_split(images, [], (0.0, 0.0), seed=5) is images


@pytest.mark.parametrize(
    ("name", "level", "channels", "words"),
    [
        ("fog", 0.1, 1, "no corruption called 'fog'"),
        ("gaussian", 1.5, 1, "must be 0 to 1, not 1.5"),
        ("low-resolution", 0.5, 1, "must be 1 to 16, not 0.5"),
        ("greyscale", 0.0, 1, "needs colour images"),
    ],
)
def test_what_cannot_be_done_is_said(name: str, level: float, channels: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        corrupt(torch.zeros(1, channels, 8, 8), name, level, draw())
    assert str(raised.value).count("\n") == 0 and str(raised.value).endswith(".")
