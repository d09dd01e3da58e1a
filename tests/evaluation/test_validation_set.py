from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vae_core.config import make_config
from vae_core.data import batches, datasets
from vae_core.data.corruptions import corrupt_split
from vae_core.data.datasets import Dataset
from vae_core.evaluation.validation_set import ValidationSet, build_validation_set
from vae_core.training.loop import Trainer


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return datasets.load_dataset("mnist-sample")


def of(dataset: Dataset, **values: object) -> ValidationSet:
    return build_validation_set(dataset, make_config(**values), dataset.train_images)


def test_the_images_and_labels_are_the_fixed_held_out_ones(sample: Dataset) -> None:
    validation = of(sample)
    images, labels = batches.held_out(sample)
    assert torch.equal(validation.images, images) and torch.equal(validation.labels, labels)
    assert validation.inputs is validation.images and not validation.is_corrupted
    assert validation.classes == sample.classes


def test_floor_and_collapse_are_close_to_those_of_the_full_test_set(sample: Dataset) -> None:
    """Full MNIST: floor 45.5 and collapse 205.8 nats; the sample's 2,000 test images differ a little."""
    validation = of(sample)
    assert validation.floor == pytest.approx(45.53, abs=1.0)
    assert validation.collapse == pytest.approx(205.8, abs=3.0)


@pytest.mark.parametrize("binarize", ["threshold", "dynamic", "fixed"])
def test_binarized_pixels_have_floor_zero(binarize: str, sample: Dataset) -> None:
    validation = of(sample, binarize=binarize)
    assert validation.floor == pytest.approx(0.0, abs=1e-3)
    assert set(validation.images.unique().tolist()) == {0, 255}


def test_fault_2_a_continuous_bernoulli_has_a_collapse_line_and_no_floor(sample: Dataset) -> None:
    validation = of(sample, likelihood="continuous-bernoulli")
    assert validation.floor is None and validation.collapse < 0
    config = make_config(likelihood="continuous-bernoulli", hidden="8", limit=128)
    trainer = Trainer(config, sample)
    trainer.validate()
    assert trainer.notes == [], "without a floor nothing is said of a collapse at step 0"


def test_a_denoising_run_has_corrupted_inputs_and_clean_targets(sample: Dataset) -> None:
    plain = of(sample)
    noisy, other_seed = (of(sample, corruption="salt-and-pepper", level="0.3", seed=seed) for seed in (0, 1))
    assert noisy.is_corrupted and torch.equal(noisy.images, plain.images)
    assert torch.equal(noisy.inputs, corrupt_split(plain.images, ["salt-and-pepper"], (0.3, 0.3), seed=0))
    assert not torch.equal(noisy.inputs, other_seed.inputs), "the draw is the run's own"
    assert (noisy.floor, noisy.collapse) == (plain.floor, plain.collapse), "the targets are the clean images"


def test_trainer_and_frame_recorder_use_the_set_they_are_given(sample: Dataset) -> None:
    all_images = of(sample)
    few = replace(all_images, images=all_images.images[:7], inputs=all_images.inputs[:7], labels=all_images.labels[:7])
    trainer = Trainer(make_config(hidden="8", limit=100), sample, few)
    assert len(trainer.validation.images) == len(trainer.recorder.subjects.labels) == 7
    whole = Trainer(make_config(hidden="8", limit=100), sample)
    assert trainer.validate().record["reconstruction_nats"] != whole.validate().record["reconstruction_nats"]
    assert trainer.frame(with_log_variance=True).mean.shape == (7, 2)
