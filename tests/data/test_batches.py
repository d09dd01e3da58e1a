from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vae_core.data import batches
from vae_core.data.datasets import Dataset, load_dataset
from vae_core.data.randomness import Stream, generator
from vae_core.errors import DataError


def dataset_of(train: int, test: int) -> Dataset:
    numbers = torch.arange(max(train, test), dtype=torch.int64)
    images = (numbers % 256).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 3).clone()
    return Dataset("numbers", images[:train], numbers[:train], images[:test], numbers[:test], ("0",), "")


def draw(seed: int = 0) -> torch.Generator:
    return generator(seed, Stream.PIXELS)


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 10_000])
def test_order_is_a_permutation(count: int) -> None:
    order = batches.epoch_order(count, seed=0, epoch=0)
    assert order.dtype == torch.int64
    assert torch.equal(order.sort().values, torch.arange(count))


def test_order_follows_from_seed_and_epoch_alone() -> None:
    torch.manual_seed(1)
    first = batches.epoch_order(1_000, seed=3, epoch=5)
    torch.manual_seed(2)
    assert torch.equal(batches.epoch_order(1_000, seed=3, epoch=5), first)
    assert not torch.equal(batches.epoch_order(1_000, seed=3, epoch=6), first)
    assert not torch.equal(batches.epoch_order(1_000, seed=4, epoch=5), first)


def test_order_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    batches.epoch_order(100, seed=0, epoch=0)
    batches.binarize(torch.full((10,), 0.5), "dynamic", draw())
    batches.binarize_split(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), "dynamic", 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("count", "batch_size", "steps"),
    [(1, 128, 1), (63, 64, 1), (64, 64, 1), (65, 64, 2), (60_000, 128, 469), (10_000, 128, 79), (3, 1, 3)],
)
def test_steps_walk_every_image_once(count: int, batch_size: int, steps: int) -> None:
    assert batches.steps_per_epoch(count, batch_size) == steps
    order = batches.epoch_order(count, seed=0, epoch=0)
    seen = torch.cat([order[step * batch_size : (step + 1) * batch_size] for step in range(steps)])
    assert torch.equal(seen.sort().values, torch.arange(count))


def test_take_is_the_pixels_over_255() -> None:
    images = load_dataset("mnist-sample").train_images
    indices = torch.tensor([7, 7, 0, 9_999])
    batch = batches.take(images, indices)
    assert batch.dtype == torch.float32 and batch.shape == (4, 1, 28, 28)
    assert torch.equal(batch, torch.stack([images[i].float() / 255 for i in indices.tolist()]))
    assert batch.min() == 0 and batch.max() == 1


def test_take_changes_nothing_at_rest() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    batches.take(images, torch.arange(256)).zero_()
    assert torch.equal(images.flatten(), torch.arange(256, dtype=torch.uint8))


def test_to_float_of_every_value() -> None:
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(batches.to_float(values), torch.arange(256) / 255)


def test_training_images() -> None:
    data = dataset_of(train=10, test=3)
    assert len(batches.training_images(data)) == 10
    assert torch.equal(batches.training_images(data, 4), data.train_images[:4])
    assert len(batches.training_images(data, 99)) == 10


def test_held_out_is_a_fixed_choice_of_the_test_split() -> None:
    data = dataset_of(train=1, test=5_000)
    images, labels = batches.held_out(data)
    assert images.shape == (2_000, 1, 2, 3) and images.dtype == torch.uint8
    assert len(labels.unique()) == 2_000, "an image was chosen twice"
    assert not torch.equal(labels, labels.sort().values), "the first images, not a choice among all"
    assert torch.equal(images, data.test_images[labels])
    assert torch.equal(batches.held_out(data)[1], labels)


def test_held_out_is_all_where_there_are_fewer() -> None:
    data = dataset_of(train=1, test=50)
    images, labels = batches.held_out(data)
    assert torch.equal(images, data.test_images) and torch.equal(labels, data.test_labels)


def test_held_out_of_the_full_set(full_data: Path) -> None:
    images, labels = batches.held_out(load_dataset("mnist", full_data))
    assert len(images) == 2_000
    assert labels.bincount().min() > 150, "every label is watched"


def test_binarize_none_and_threshold() -> None:
    images = torch.tensor([0.0, 0.25, 0.499, 0.5, 0.75, 1.0])
    assert torch.equal(batches.binarize(images, "none", draw()), images)
    assert batches.binarize(images, "threshold", draw()).tolist() == [0, 0, 0, 1, 1, 1]


def test_binarize_dynamic_has_the_pixel_as_its_mean() -> None:
    images = torch.tensor([0.0, 0.2, 0.5, 1.0]).view(4, 1).expand(4, 100_000)
    drawn = batches.binarize(images, "dynamic", draw())
    assert set(drawn.unique().tolist()) == {0.0, 1.0} and drawn.dtype == torch.float32
    assert torch.allclose(drawn.mean(1), torch.tensor([0.0, 0.2, 0.5, 1.0]), atol=0.008)  # 5 standard errors
    assert drawn[0].max() == 0 and drawn[3].min() == 1


def test_binarize_dynamic_is_drawn_anew_and_follows_its_generator() -> None:
    images = torch.full((1_000,), 0.5)
    one = draw()
    first, second = batches.binarize(images, "dynamic", one), batches.binarize(images, "dynamic", one)
    assert not torch.equal(first, second)
    assert torch.equal(batches.binarize(images, "dynamic", draw()), first)


def test_split_dynamic_is_fixed_by_the_seed() -> None:
    images = load_dataset("mnist-sample").test_images
    fixed = batches.binarize_split(images, "dynamic", seed=1)
    assert set(fixed.unique().tolist()) == {0, 255} and fixed.dtype == torch.uint8
    assert torch.equal(batches.binarize_split(images, "dynamic", seed=1), fixed)
    assert not torch.equal(batches.binarize_split(images, "dynamic", seed=2), fixed)
    assert fixed.float().mean() == pytest.approx(images.float().mean().item(), rel=0.01)
    assert fixed[images == 0].max() == 0 and fixed[images == 255].min() == 255


def test_split_dynamic_has_the_pixel_as_its_mean() -> None:
    images = torch.tensor([1, 100, 254], dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 1, 400, 400)
    share = batches.binarize_split(images, "dynamic", seed=0).float().mean((1, 2, 3)) / 255
    assert torch.allclose(share, torch.tensor([1.0, 100.0, 254.0]) / 255, atol=0.007)


def test_13_fixed_pixels_are_drawn_once_by_a_stated_seed_and_not_the_runs() -> None:
    sample = load_dataset("mnist-sample")
    fixed = batches.binarize_split(sample.test_images, "fixed", seed=1)
    assert torch.equal(fixed, batches.binarize_split(sample.test_images, "fixed", seed=2))
    assert torch.equal(fixed, batches.binarize_split(sample.test_images, "dynamic", seed=batches.FIXED_SEED))
    trained_on = batches.training_images(sample, mode="fixed")
    assert set(trained_on.unique().tolist()) == {0, 255}
    assert trained_on.float().mean() == pytest.approx(sample.train_images.float().mean().item(), rel=0.01)
    assert torch.equal(batches.training_images(sample, 100, "fixed"), trained_on[:100]), "a limit draws the same images"
    assert batches.training_images(sample, 100, "dynamic").unique().numel() > 2, "that is drawn at each step"


def test_13_the_splits_are_drawn_independently() -> None:
    grey = torch.full((500, 1, 28, 28), 127, dtype=torch.uint8)
    train, test = (batches.binarize_split(grey, "fixed", 0, split=split) for split in ("train", "test"))
    assert train.eq(test).float().mean() == pytest.approx(0.5, abs=0.01)


def test_13_black_and_white_images_stay_as_they_are() -> None:
    images = torch.tensor([0, 255], dtype=torch.uint8).repeat(1000).view(-1, 1, 1, 1)
    for mode in ("threshold", "dynamic", "fixed"):
        assert torch.equal(batches.binarize_split(images, mode, 3), images)


def test_split_none_and_threshold_agree_with_batches() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    assert batches.binarize_split(images, "none", 0) is images
    at_rest = batches.to_float(batches.binarize_split(images, "threshold", 0))
    assert torch.equal(at_rest, batches.binarize(batches.to_float(images), "threshold", draw()))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.01, 1.01, 255.0])
def test_check_names_the_first_image_at_fault(value: float) -> None:
    images = torch.rand(30, 3, 4, 5)
    images[17, 2, 3, 4] = value
    images[20] = value
    with pytest.raises(DataError, match=rf"^Image 17 holds the value {value:g}; .*\.$"):
        batches.check_images(images)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (1, 28, 28)])
def test_check_accepts_the_usable(count: int, shape: tuple[int, int, int]) -> None:
    usable = torch.ones(count, *shape)
    batches.check_images(torch.full((count, *shape), 255, dtype=torch.uint8))
    batches.check_images(torch.zeros(count, *shape))
    batches.check_images(usable.double())
    usable[-1, 0, -1, -1] = 1.001
    with pytest.raises(DataError, match=f"^Image {count - 1} holds"):
        batches.check_images(usable)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (torch.zeros(0, 1, 28, 28), "no usable images"),
        (torch.zeros(0, 1, 28, 28, dtype=torch.uint8), "no usable images"),
        (torch.zeros(5, 28, 28), "must have the shape"),
        (torch.zeros(5, 2, 28, 28), "must have the shape"),
        (torch.zeros(5, 1, 0, 28), "must have the shape"),
        (torch.zeros(5, 1, 28, 28, dtype=torch.int64), "must be uint8"),
    ],
)
def test_check_refuses(images: torch.Tensor, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        batches.check_images(images)
