from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from vae_core.config import make_config, warnings_for
from vae_core.data.datasets import Dataset, load_dataset
from vae_core.errors import ConfigError, Diverged
from vae_core.training.loop import FrameRecorded, Stepped, Trainer, Validated, is_validation_step, train
from vae_core.training.snapshot import restore, snapshot, weights

BASE: dict[str, Any] = {"batch_size": 32, "epochs": 3, "hidden": "16", "latent": 2}


def same_weights(left: Trainer, right: Trainer) -> bool:
    ours, theirs = weights(left), weights(right)
    return ours.keys() == theirs.keys() and all((ours[name] == theirs[name]).all() for name in ours)


def test_the_same_seed_gives_the_same_bits(course: Callable[..., Any]) -> None:
    one, other = course(), course()
    assert one.losses == other.losses and len(one.losses) == 39
    assert same_weights(one.trainer, other.trainer)
    assert not same_weights(one.trainer, course(seed=1).trainer)


def test_another_beta_starts_from_the_same_weights_and_order(small: Dataset) -> None:
    one, other = (Trainer(make_config(**BASE, beta=beta), small) for beta in (1.0, 4.0))
    assert same_weights(one, other)
    for step in (0, 12, 13, 38):
        one.step = other.step = step
        assert torch.equal(one.batch(), other.batch())


def test_an_epoch_shows_each_image_once_in_an_order_of_its_own(small: Dataset) -> None:
    trainer = Trainer(make_config(**BASE), small)
    assert (trainer.steps_per_epoch, trainer.total_steps) == (13, 39)
    orders = []
    for epoch in (0, 1):
        batches = []
        for index in range(13):
            trainer.step = epoch * 13 + index
            batches.append(trainer.batch())
        assert [len(batch) for batch in batches] == [32] * 12 + [26]
        orders.append(torch.cat(batches).flatten(1).sum(dim=1))
    whole = small.train_images.flatten(1).float().div(255).sum(dim=1)
    assert all(torch.allclose(order.sort().values, whole.sort().values) for order in orders)
    assert not torch.equal(orders[0], orders[1])


def test_images_are_counted_with_the_smaller_last_batch(small: Dataset) -> None:
    trainer = Trainer(make_config(**BASE), small)
    assert sum(trainer.images_in(step) for step in range(1, 14)) == 410
    assert (trainer.images_in(12), trainer.images_in(13), trainer.images_in(14)) == (32, 26, 32)


CHANGES = [
    {"beta": 4.0},
    {"beta_schedule": "linear"},
    {"beta_schedule": "linear", "warmup_epochs": 1.0},
    {"capacity": 10.0},
    {"capacity": 10.0, "gamma": 5.0},
    {"capacity": 3.0},
    {"capacity": 10.0, "warmup_epochs": 1.0},
    {"likelihood": "gaussian"},
    {"likelihood": "gaussian", "sigma": 0.5},
    {"likelihood": "gaussian-learned"},
    {"likelihood": "gaussian-learned", "sigma": 0.5},
    {"likelihood": "continuous-bernoulli"},
    {"binarize": "threshold"},
    {"binarize": "dynamic"},
    {"model": "ae"},
    {"architecture": "conv", "hidden": "4,8"},
    {"encoder": "separate"},
    {"hidden": "17"},
    {"latent": 3},
    {"lr": 2e-3},
    {"seed": 1},
    {"batch_size": 31},
    {"limit": 400},
]


def test_every_setting_changes_the_loss(course: Callable[..., Any]) -> None:
    """More than one published library has had a beta that was never used."""
    second = [tuple(course(steps=3, **change).losses) for change in [{}, *CHANGES]]
    assert len(set(second)) == len(second)


def test_a_warm_up_changes_nothing_without_something_that_rises(course: Callable[..., Any]) -> None:
    assert course(steps=3, warmup_epochs=1.0).losses == course(steps=3).losses
    assert course(steps=3, gamma=1.0).losses == course(steps=3).losses


def test_evaluation_leaves_no_trace(small: Dataset) -> None:
    alone, looked_at = (Trainer(make_config(**BASE, binarize="dynamic"), small) for _ in range(2))
    for step in range(20):
        if step == 10:
            for _ in range(3):
                looked_at._validation_record()
                looked_at.frame(with_log_variance=True)
        assert alone.train_step() == looked_at.train_step()
    left, right = snapshot(alone), snapshot(looked_at)
    assert left[1] == right[1]
    assert all((left[0][name] == right[0][name]).all() for name in left[0])


def test_a_batch_larger_than_the_data_is_cut_with_a_note(small: Dataset) -> None:
    trainer = Trainer(make_config(**{**BASE, "batch_size": 1000, "limit": 100}), small)
    assert (trainer.batch_size, trainer.steps_per_epoch) == (100, 1)
    assert trainer.notes == ["The batch of 1000 images was cut to the 100 that there are."]
    assert Trainer(make_config(**{**BASE, "batch_size": 100, "limit": 100}), small).notes == []


@pytest.mark.parametrize("images", [1, 2, 63, 64, 65])
@pytest.mark.parametrize("model", ["vae", "ae"])
def test_any_number_of_images_trains(images: int, model: str, course: Callable[..., Any]) -> None:
    done = course(limit=images, batch_size=64, model=model, epochs=2)
    assert done.trainer.total_steps == 2 * (2 if images == 65 else 1)
    assert all(math.isfinite(loss) for loss in done.losses)
    assert done.trainer.epoch == 2.0


@pytest.mark.parametrize("value", [0, 128])
def test_images_without_variance_train(value: int, small: Dataset, course: Callable[..., Any]) -> None:
    flat = replace(
        small,
        train_images=torch.full_like(small.train_images, value),
        test_images=torch.full_like(small.test_images, value),
    )
    done = course(dataset=flat)
    assert all(math.isfinite(loss) for loss in done.losses) and done.losses[-1] < done.losses[0]


VARIANTS = [
    {"model": "ae"},
    {"encoder": "separate"},
    {"architecture": "conv", "hidden": "4,8"},
    {"hidden": "none", "model": "ae", "likelihood": "gaussian"},
    {"hidden": "none"},
    {"likelihood": "gaussian"},
    {"likelihood": "gaussian", "sigma": 0.1},
    {"likelihood": "gaussian-learned"},
    {"likelihood": "continuous-bernoulli"},
    {"binarize": "dynamic"},
    {"binarize": "threshold"},
    {"capacity": 5.0},
    {"beta": 0.0},
    {"latent": 40},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_variant_learns(variant: dict[str, Any], course: Callable[..., Any]) -> None:
    done = course(epochs=6, **variant)
    nats = [event.record["reconstruction_nats"] for event in done.events if isinstance(event, Validated)]
    assert nats[-1] < nats[0] - 1
    assert done.trainer.best is not None and done.trainer.best[0] > 0


def test_the_order_of_events(course: Callable[..., Any]) -> None:
    events = course().events
    assert [type(event) for event in events[:3]] == [Validated, FrameRecorded, FrameRecorded]
    assert isinstance(events[3], Stepped) and events[3].step == 1
    assert [event.step for event in events if isinstance(event, Stepped)] == list(range(1, 40))
    assert [event.record["step"] for event in events if isinstance(event, Validated)] == [0, 10, 20, 39]
    assert isinstance(events[-1], Stepped), "all that belongs to a step is told before the step is"


def test_validation_steps_are_ends_of_epochs_at_least_200_apart() -> None:
    assert [step for step in range(801) if is_validation_step(step, 79, 800)] == [
        0,
        10,
        20,
        50,
        100,
        237,
        474,
        711,
        800,
    ]
    assert [step for step in range(1001) if is_validation_step(step, 500, 1000)] == [0, 10, 20, 50, 100, 500, 1000]


def test_records_carry_the_terms_of_their_loss(course: Callable[..., Any]) -> None:
    done = course(beta=3.0)
    for event in done.events:
        record = event.record if isinstance(event, Stepped | Validated) else None
        if record is not None:
            assert record["loss"] == pytest.approx(record["reconstruction_nats"] + 3.0 * record["kl_nats"], rel=1e-5)
            assert record["beta"] == 3.0
    assert all("kl_nats" not in event.record for event in course(model="ae").events if isinstance(event, Stepped))


def test_a_poisoned_batch_leaves_the_weights_of_the_step_before(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(make_config(**BASE), small)
    steps = train(trainer)
    while trainer.step < 7:
        next(steps)
    before = snapshot(trainer)
    healthy = trainer.batch

    def poisoned() -> torch.Tensor:
        images = healthy()
        images[0, 0, 14, 14] = math.nan
        return images

    monkeypatch.setattr(trainer, "batch", poisoned)
    with pytest.raises(Diverged) as raised:
        list(steps)
    assert raised.value.step == 8 and "at step 8" in str(raised.value)
    assert "smaller learning rate, such as 0.001" in str(raised.value)
    after = snapshot(trainer)
    assert before[1] == after[1]
    assert all((before[0][name] == after[0][name]).all() for name in before[0])


@pytest.mark.parametrize(("lr", "warned"), [(1e-3, False), (0.02, False), (0.1, True)])
def test_a_jump_of_the_loss_is_told(lr: float, warned: bool, course: Callable[..., Any]) -> None:
    done = course(lr=lr, hidden="256,64", epochs=2)
    assert any("more than ten times" in note for note in done.trainer.notes) is warned
    assert len(done.losses) == 26


def test_a_loss_beyond_repair_ends_the_training(small: Dataset) -> None:
    trainer = Trainer(make_config(**{**BASE, "hidden": "256,64"}, lr=1.0), small)
    with pytest.raises(Diverged, match=r"stopped being a finite number|jumped to \S+ nats"):
        list(train(trainer))
    assert trainer.step < trainer.total_steps
    with pytest.raises(Diverged):
        trainer.check_weights()


def test_the_next_loss_is_that_of_the_next_step_and_changes_nothing(small: Dataset) -> None:
    looked_at, alone = (Trainer(make_config(**BASE, binarize="dynamic", corruption="masking"), small) for _ in range(2))
    for _ in range(15):
        ahead = looked_at.next_loss()
        assert looked_at.check_weights()
        record = looked_at.train_step()
        assert record is not None and record["loss"] == ahead
        alone.train_step()
    assert same_weights(looked_at, alone) and looked_at.window == alone.window


def test_a_collapsed_code_is_named(course: Callable[..., Any]) -> None:
    settings = {"batch_size": 32, "epochs": 20, "lr": 3e-3}
    assert any("collapse line" in note for note in course(beta=1000.0, **settings).trainer.notes)
    assert not any("collapse line" in note for note in course(beta=1.0, **settings).trainer.notes)


def test_a_warm_up_longer_than_the_training_is_warned_of() -> None:
    rising = {"beta_schedule": "linear", "warmup_epochs": 5.0}
    assert any("longer than the training of 4" in warning for warning in warnings_for(make_config(epochs=4, **rising)))
    assert warnings_for(make_config(epochs=5, **rising)) == []
    assert warnings_for(make_config(epochs=4, model="ae", **rising)) == []


def test_selection_looks_at_the_target_while_beta_rises(course: Callable[..., Any]) -> None:
    """Early in a warm-up the KL costs next to nothing, so the annealed loss falls while the target rises."""
    done = course(beta=100.0, beta_schedule="linear", warmup_epochs=30.0, lr=3e-3)
    records = [event.record for event in done.events if isinstance(event, Validated)]
    for record in records:
        expected = record["reconstruction_nats"] + 100.0 * record["kl_nats"]
        assert record["target"] == pytest.approx(expected, rel=1e-6)
    by_target = min(records, key=lambda record: record["target"])
    by_loss = min(records, key=lambda record: record["loss"])
    assert by_target["step"] != by_loss["step"], "the two must disagree for this test to say anything"
    assert done.trainer.best == (by_target["step"], by_target["target"])
    flags = [(event.record["step"], event.is_best) for event in done.events if isinstance(event, Validated)]
    assert [step for step, best in flags if best][-1] == by_target["step"]


def test_a_denoising_run_sees_damage_that_is_new_each_step_and_the_same_for_a_seed(small: Dataset) -> None:
    values = {**BASE, "corruption": "masking", "level": "0.5"}
    one, other = Trainer(make_config(**values), small), Trainer(make_config(**values, beta=4), small)
    clean = one.batch()
    first = one.corrupted(clean)
    assert torch.equal(first, other.corrupted(clean))
    assert 0.4 < float((first == 0).float()[clean > 0].mean()) < 0.6
    one.step = 1
    assert not torch.equal(first, one.corrupted(clean))
    assert torch.equal(Trainer(make_config(**BASE), small).corrupted(clean), clean)


def test_a_denoising_run_aims_at_the_clean_image(course: Callable[..., Any], small: Dataset) -> None:
    trainer = course(model="ae", corruption="gaussian", level=0.4, epochs=6, hidden="64", latent=16).trainer
    with torch.no_grad():
        clean = trainer.validation.images.float() / 255
        seen = trainer.validation.inputs.float() / 255
        picture = trainer.likelihood.mean_image(trainer.model.decode(trainer.model.encode(seen).mean))
    to_clean, to_seen = ((picture - target).square().mean() for target in (clean, seen))
    assert float(to_clean) < 0.75 * float(to_seen)
    assert trainer.recorder.subjects.lines == Trainer(make_config(**BASE, model="ae"), small).recorder.subjects.lines


def test_a_denoising_run_goes_on_with_the_same_bits(course: Callable[..., Any], small: Dataset) -> None:
    values = {"corruption": "gaussian,salt-and-pepper", "level": "0.1:0.6"}
    whole, half = course(**values), course(**values, steps=20).trainer
    resumed = Trainer(half.config, small)
    restore(resumed, *snapshot(half))
    for _ in train(resumed):
        pass
    assert same_weights(whole.trainer, resumed)


def test_greyscale_of_grey_images_is_refused(small: Dataset) -> None:
    with pytest.raises(ConfigError, match="needs colour images"):
        Trainer(make_config(**BASE, corruption="greyscale"), small)


def test_13_a_tanh_network_starts_near_the_mean_image() -> None:
    config = make_config(activation="tanh", binarize="fixed", hidden="32", limit=500)
    trainer = Trainer(config, load_dataset("mnist-sample"))
    start = trainer.validate().record["reconstruction_nats"]
    assert start == pytest.approx(trainer.validation.collapse, rel=0.1)
    plain = Trainer(config.changed(activation="relu"), load_dataset("mnist-sample"))
    assert plain.validate().record["reconstruction_nats"] > 2 * start
