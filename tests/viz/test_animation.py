"""The film as a GIF."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from tests.viz.scenes import scene
from vae_core.errors import DataError
from vae_core.viz.animation import HEIGHT, WIDTH, film_gif, sequence_gif
from vae_core.viz.palette import CLASS_COLOURS
from vae_core.viz.projection import projection_for


def test_it_holds_every_frame_and_plays_as_long_as_asked() -> None:
    subjects, frames = scene(6)
    projection, _ = projection_for(frames[-1].mean, (0, 1))
    with Image.open(io.BytesIO(film_gif(subjects, frames, projection, seconds=3))) as film:
        assert film.size == (WIDTH, HEIGHT)
        assert film.n_frames == 6
        assert film.info["loop"] == 0
        durations = []
        for index in range(6):
            film.seek(index)
            durations.append(film.info["duration"])
    assert durations == [500] * 5 + [2000]


def test_its_frames_differ_and_show_the_classes() -> None:
    subjects, frames = scene(4)
    projection, _ = projection_for(frames[-1].mean, (0, 1))
    with Image.open(io.BytesIO(film_gif(subjects, frames, projection))) as film:
        first = np.asarray(film.convert("RGB")).astype(int)
        film.seek(3)
        last = np.asarray(film.convert("RGB")).astype(int)
    assert (first != last).any(axis=-1).mean() > 0.01
    for colour in CLASS_COLOURS:
        near = np.abs(last - ImageColor.getrgb(colour)[:3]).max(axis=-1) < 40
        assert near.sum() > 20, colour


@pytest.mark.slow
def test_a_whole_film_stays_under_two_megabytes() -> None:
    subjects, frames = scene(60, points=1000)
    projection, _ = projection_for(frames[-1].mean, (0, 1))
    assert len(film_gif(subjects, frames, projection)) < 2_000_000


def test_an_autoencoder_of_one_number_can_be_filmed() -> None:
    subjects, frames = scene(2, latent=1, prior=False)
    projection, _ = projection_for(frames[-1].mean, "pca")
    assert film_gif(subjects, frames, projection).startswith(b"GIF89a")


def test_no_frame_is_said() -> None:
    subjects, frames = scene(1)
    projection, _ = projection_for(frames[-1].mean, (0, 1))
    with pytest.raises(DataError, match="train the run first"):
        film_gif(subjects, [], projection)


def test_a_sequence_goes_there_and_back_in_its_own_greys() -> None:
    pictures = [Image.fromarray(np.full((5, 7), grey, dtype=np.uint8)) for grey in (3, 77, 200, 255)]
    with Image.open(io.BytesIO(sequence_gif(pictures, seconds=2))) as film:
        assert film.size == (7, 5) and film.info["loop"] == 0
        seen = []
        for index in range(film.n_frames):
            film.seek(index)
            seen.append((film.convert("L").getpixel((0, 0)), film.info["duration"]))
    assert seen == [(grey, 500) for grey in (3, 77, 200, 255, 200, 77)]


def test_a_sequence_keeps_its_colours() -> None:
    colours = ["#59a1fc", "#c42914", "#0c755b"]
    with Image.open(io.BytesIO(sequence_gif([Image.new("RGB", (4, 4), colour) for colour in colours]))) as film:
        assert film.n_frames == 4
        for index, colour in enumerate(colours):
            film.seek(index)
            assert film.convert("RGB").getpixel((1, 1)) == ImageColor.getrgb(colour)


def test_one_picture_is_a_sequence_and_none_is_not() -> None:
    with Image.open(io.BytesIO(sequence_gif([Image.new("L", (4, 4))]))) as film:
        assert getattr(film, "n_frames", 1) == 1
    with pytest.raises(DataError, match="at least one"):
        sequence_gif([])
