"""The bytes that the stage's JavaScript reads."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.viz.packed import unpacked
from tests.viz.scenes import HOSTILE, scene
from vae_core.storage.frames import Frame, Subjects
from vae_core.viz.projection import project, projection_for
from vae_core.viz.stage_data import Options, stage_bytes

ROOT = Path(__file__).parents[2]


def test_a_film_arrives_as_it_was() -> None:
    subjects, frames = scene(5, latent=3)
    projection, names = projection_for(frames[-1].mean, "pca")
    content = stage_bytes(subjects, frames, projection, Options(names, "film", badge="recorded"))
    header, arrays = unpacked(content)
    assert header["steps"] == [0, 10, 20, 30, 40]
    assert (header["axes"], header["badge"], header["latents"]) == (["PC 1", "PC 2"], "recorded", 3)
    assert header["classes"][5] == HOSTILE
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(arrays["places"][index], project(frame.mean, projection))
        np.testing.assert_array_equal(arrays["reconstructions"][index], frame.reconstructions)
        np.testing.assert_array_equal(arrays["kl"][index], frame.kl_per_dimension)
    np.testing.assert_array_equal(arrays["labels"], subjects.labels)
    np.testing.assert_array_equal(arrays["inputs"], subjects.inputs)


def test_a_denoising_runs_damaged_images_are_sent_too() -> None:
    subjects, frames = scene()
    projection, names = projection_for(frames[-1].mean, (0, 1))
    assert "corrupted" not in unpacked(stage_bytes(subjects, frames, projection, Options(names)))[1]
    damaged = dataclasses.replace(subjects, corrupted=255 - subjects.inputs)
    _, arrays = unpacked(stage_bytes(damaged, frames, projection, Options(names)))
    assert (arrays["corrupted"] == 255 - subjects.inputs).all() and (arrays["inputs"] == subjects.inputs).all()


def test_live_sends_the_newest_frame_alone() -> None:
    subjects, frames = scene(4)
    projection, names = projection_for(frames[-1].mean, (0, 1))
    header, arrays = unpacked(stage_bytes(subjects, frames, projection, Options(names)))
    assert header["steps"] == [30] and len(arrays["places"]) == 1


def test_an_autoencoder_has_no_kl_and_no_prior() -> None:
    subjects, frames = scene(2, prior=False)
    projection, names = projection_for(frames[-1].mean, (0, 1))
    header, arrays = unpacked(stage_bytes(subjects, frames, projection, Options(names, samples=True)))
    assert "kl" not in arrays and "spread" not in arrays and header["prior"] is False


def test_samples_are_sent_where_asked_and_known() -> None:
    subjects, frames = scene(2, spread=True)
    projection, names = projection_for(frames[-1].mean, (0, 1))
    _, asked = unpacked(stage_bytes(subjects, frames, projection, Options(names, samples=True)))
    _, not_asked = unpacked(stage_bytes(subjects, frames, projection, Options(names)))
    np.testing.assert_allclose(asked["spread"][0, 0], [np.exp(-1), 0, np.exp(-1)], rtol=1e-5)
    assert "spread" not in not_asked


def test_points_without_a_class_and_figures_that_are_not_finite() -> None:
    subjects, frames = scene(1)
    subjects.labels[0] = -1
    frames[0].figures["loss"] = float("nan")
    projection, names = projection_for(frames[-1].mean, (0, 1))
    header, arrays = unpacked(stage_bytes(subjects, frames, projection, Options(names)))
    assert arrays["labels"][0] == 255
    assert header["figures"][0]["loss"] is None


def test_the_longest_films_stay_under_three_megabytes() -> None:
    for points, latent in ((1000, 2), (100, 512)):
        subjects = Subjects(np.zeros(points, np.int64), ("0",), np.zeros((10, 1, 28, 28), np.uint8), {})
        frame = Frame(
            0, 0.0, np.zeros((points, latent), np.float32), None, subjects.inputs, np.zeros(latent, np.float32), {}
        )
        projection, names = projection_for(frame.mean, (0, 1))
        assert len(stage_bytes(subjects, [frame] * 62, projection, Options(names, "film"))) < 1_200_000


def test_an_unchanged_film_is_not_packed_again() -> None:
    subjects, frames = scene(3)
    projection, names = projection_for(frames[-1].mean, (0, 1))
    options = Options(names, "film")
    first = stage_bytes(subjects, frames, projection, options)
    assert stage_bytes(subjects, list(frames), projection.copy(), Options(names, "film")) is first
    assert stage_bytes(subjects, frames[:2], projection, options) is not first
    assert stage_bytes(subjects, frames, projection[:, ::-1], options) is not first


def test_pictures_need_no_torch() -> None:
    """The first page appears before torch is imported."""
    modules = ("animation", "loss_chart", "network_drawing", "grids", "palette", "projection", "stage_data")
    imports = ", ".join(f"vae_core.viz.{name}" for name in modules)
    code = f"import sys, {imports}, pages.common.components.stage; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0
