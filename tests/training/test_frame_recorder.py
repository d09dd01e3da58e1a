from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vae_core.config import make_config
from vae_core.data.datasets import Dataset
from vae_core.evaluation.validation_set import build_validation_set
from vae_core.storage.frames import Film, pack_frame
from vae_core.storage.runs import Run
from vae_core.training.driver import Driver
from vae_core.training.frame_recorder import FrameRecorder, frame_steps
from vae_core.training.loop import FrameRecorded, Trainer
from vae_core.training.snapshot import weights


@pytest.mark.parametrize("total", [79, 1_580, 9_380, 10_000_000])
def test_a_film_keeps_about_sixty_steps(total: int) -> None:
    steps = sorted(frame_steps(total))
    assert steps[:6] == [0, 1, 2, 3, 5, 8] and steps[-1] == total
    assert len(steps) <= 62 and (total < 1_000 or len(steps) >= 50)
    gaps = np.diff(steps[5:])
    assert (gaps[1:-1] >= gaps[:-2] - 1).all(), "the distances grow, but for rounding"


@given(st.integers(1, 10**6))
def test_a_film_stays_within_the_run(total: int) -> None:
    steps = frame_steps(total)
    assert {0, total} <= steps and max(steps) == total and min(steps) == 0
    assert steps == frame_steps(total)


def test_a_longer_run_keeps_its_first_frames() -> None:
    assert {step for step in frame_steps(100) if step <= 8} == {step for step in frame_steps(5_000) if step <= 8}


def test_the_loop_films_these_steps(course: Callable[..., Any]) -> None:
    filmed = [event.frame.step for event in course().events if isinstance(event, FrameRecorded)]
    assert filmed == sorted(frame_steps(39))


@pytest.mark.parametrize(("latent", "points"), [(2, 1_000), (40, 400), (512, 100)])
def test_a_frame_shows_fewer_points_of_larger_codes(latent: int, points: int, sample: Dataset) -> None:
    trainer = Trainer(make_config(latent=latent, hidden="16"), sample)
    frame = trainer.frame(with_log_variance=True)
    assert frame.mean.shape == (points, latent)
    assert frame.log_variance is not None and frame.log_variance.shape == (points, latent)
    assert frame.reconstructions.shape == (10, 1, 28, 28) and frame.reconstructions.dtype == np.uint8
    assert trainer.recorder.subjects.inputs.shape == (10, 1, 28, 28)
    assert len(trainer.recorder.subjects.labels) == points
    assert trainer.frame(with_log_variance=False).log_variance is None


def test_the_row_shows_a_digit_of_each_class(sample: Dataset) -> None:
    validation = build_validation_set(sample, make_config(), sample.train_images)
    subjects = FrameRecorder(validation, latents=2).subjects
    for position, image in enumerate(subjects.inputs):
        places = (validation.images[: len(subjects.labels)].numpy() == image).all(axis=(1, 2, 3)).nonzero()[0]
        assert subjects.labels[places[0]] == position


def test_a_single_held_out_image_can_be_filmed(small: Dataset) -> None:
    one = replace(small, test_images=small.test_images[:1], test_labels=small.test_labels[:1])
    frame = Trainer(make_config(hidden="16"), one).frame(with_log_variance=True)
    assert frame.mean.shape == (1, 2) and frame.reconstructions.shape == (1, 1, 28, 28)


def test_a_frame_is_of_the_means(small: Dataset) -> None:
    trainer = Trainer(make_config(hidden="16"), small)
    before = weights(trainer)
    frame = trainer.frame(with_log_variance=False)
    with torch.no_grad():
        codes = trainer.model.encode(trainer.validation.images[:100].float() / 255).mean
    assert np.allclose(frame.mean, codes.numpy(), atol=1e-6)
    again = trainer.frame(with_log_variance=False)
    assert pack_frame(frame) == pack_frame(again), "nothing in it is drawn"
    after = weights(trainer)
    assert all((before[name] == after[name]).all() for name in before)


def test_a_film_of_forty_latents_is_under_three_megabytes(
    new_run: Callable[..., Run], sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"latent": 40, "hidden": "16", "limit": 1_000, "batch_size": 10, "epochs": 5}
    run = new_run("forty", make_config(**settings))
    Driver(run).drive()
    kept = list((run.folder / "film").iterdir())
    assert len(kept) >= 50
    assert sum(path.stat().st_size for path in kept) < 3_000_000
    film = Film(run.folder)
    assert film.poll() and not film.poll()
    assert [frame.step for frame in film.frames] == sorted(frame_steps(500))
    assert film.subjects is not None and len(film.subjects.labels) == len(film.frames[0].mean) == 400
    assert film.frames[-1].figures["reconstruction_nats"] < film.frames[0].figures["reconstruction_nats"]


def test_a_denoising_film_shows_corrupted_images_and_keeps_the_clean_ones(small: Dataset) -> None:
    plain, noisy = (
        Trainer(make_config(hidden="16", **values), small).recorder.subjects
        for values in ({}, {"corruption": "salt-and-pepper", "level": "0.3"})
    )
    assert plain.corrupted is None
    assert noisy.corrupted is not None and (noisy.inputs == plain.inputs).all()
    assert 0.14 < (noisy.corrupted != noisy.inputs).mean() < 0.35


def test_the_film_keeps_the_reference_lines_of_its_validation_set(small: Dataset) -> None:
    validation = build_validation_set(small, make_config(), small.train_images)
    lines = FrameRecorder(validation, latents=2).subjects.lines
    assert lines == {"floor": validation.floor, "collapse": validation.collapse}
    assert FrameRecorder(replace(validation, floor=None), latents=2).subjects.lines.keys() == {"collapse"}
