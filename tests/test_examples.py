"""The shipped models: each holds to a band fixed beforehand, its recorded figures are true, and they fit into 50 MB."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from tools import learn_figures
from tools.examples import ALL, DENOISERS, PLAIN, RESTORED
from tools.train_examples import LEFT_OUT, datasets_of
from vae_core.config import RunConfig
from vae_core.data import batches, catalogue, datasets
from vae_core.evaluation import restoration
from vae_core.evaluation.trained import evaluate_run, load_trained
from vae_core.storage import files, paths
from vae_core.storage.frames import Film
from vae_core.storage.runs import Run, open_run

EXAMPLES = PLAIN | DENOISERS
NAMES = sorted(EXAMPLES)
PLAIN_AES = [name for name in NAMES if EXAMPLES[name][1].model.model == "ae" and name not in DENOISERS]
AT_MOST = {"example-vae-2d": 147.0, "example-vae-20d": 105.0, "example-fashion-40d": 244.0}
"""Negative ELBO on the full test split, nats per image."""


def example(name: str) -> Run:
    return open_run(paths.SHIPPED_RUNS, name)


def recorded(name: str) -> dict[str, dict[str, float]]:
    return dict(files.read_json(example(name).folder / "evaluation.json")["splits"])


def assert_same(found: dict[str, object], expected: dict[str, float]) -> None:
    for key in ("negative_elbo_nats", "reconstruction_nats", "mse_per_pixel"):
        assert found[key] == pytest.approx(expected[key], rel=1e-4), key
    assert found["active_units"] == expected["active_units"]


def trained_as(name: str) -> RunConfig:
    """The example's configuration with its network named. The convolutional denoisers were trained by an earlier version."""
    config = catalogue.settled(EXAMPLES[name][1])
    is_former = name in DENOISERS and config.model.architecture == "conv"
    return config.changed(architecture="conv-upsample") if is_former else config


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_finished_run_without_a_workers_leftovers(name: str) -> None:
    run = example(name)
    assert run.state() == "done" and run.config == trained_as(name)
    assert [path for pattern in LEFT_OUT for path in run.folder.glob(pattern)] == []
    film = Film(run.folder)
    film.poll()
    thinned = name in DENOISERS
    assert (8 if thinned else 40) <= len(film.frames) <= (26 if thinned else 70) and film.frames[0].step == 0


@pytest.mark.parametrize("name", sorted(AT_MOST))
def test_it_holds_to_its_band(name: str) -> None:
    full = example(name).config.data.dataset
    assert recorded(name)[full]["negative_elbo_nats"] <= AT_MOST[name]


@pytest.mark.parametrize("name", NAMES)
def test_its_figures_on_the_sample_are_true(name: str) -> None:
    sample = datasets_of(example(name))[-1]
    assert_same(evaluate_run(example(name), dataset=sample), recorded(name)[sample])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if not EXAMPLES[name][1].data.dataset.endswith("-sample")])
def test_its_figures_on_the_full_set_are_true(name: str, full_data: Path) -> None:
    full = example(name).config.data.dataset
    assert_same(evaluate_run(example(name), data_dir=full_data), recorded(name)[full])


@pytest.mark.parametrize("name", PLAIN_AES)
def test_an_autoencoder_beats_pca_with_as_many_components(name: str) -> None:
    data = datasets.load_dataset(f"{example(name).config.data.dataset}-sample")
    pca = learn_figures.pca().first(example(name).config.model.latent)  # of the full set, as the model is
    assert recorded(name)[data.name]["mse_per_pixel"] < pca.mse(batches.to_float(data.test_images).flatten(1))


def test_all_of_them_fit_into_fifty_megabytes() -> None:
    shipped = [path for name in ALL for path in (paths.SHIPPED_RUNS / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in shipped) < 50_000_000


MARGIN = {"mnist-denoiser": 1.0}
"""How far a model must lead the best of its opponents, dB."""


@pytest.mark.parametrize("name", sorted(DENOISERS))
def test_a_restoring_model_beats_its_input_and_every_opponent(name: str) -> None:
    points = files.read_json(example(name).folder / "evaluation.json")["restoration"]
    assert {(one["corruption"], one["level"]) for one in points} == set(RESTORED[name])
    for one in points:
        assert one["images"] == 1000 and one["psnr_model"] > one["psnr_corrupted"]
        best = max(other["psnr"] for other in one["baselines"].values())
        assert one["psnr_model"] >= best + MARGIN.get(name, 0.0), (one["dataset"], one["corruption"], one["level"])


@pytest.mark.parametrize("name", sorted(DENOISERS))
def test_its_recorded_restoration_is_true(name: str) -> None:
    """The damaged images and the model's, on the sample; the opponents, which take seconds, are tested elsewhere."""
    recorded_points = files.read_json(example(name).folder / "evaluation.json")["restoration"]
    sample = datasets_of(example(name))[-1]
    one = next(point for point in recorded_points if point["dataset"] == sample)
    trained = load_trained(example(name))
    found = restoration.restoration_data(datasets.load_dataset(sample), trained, one["images"])
    first = islice(restoration.methods(trained, found, one["corruption"], one["level"] or 0.0), 2)
    clean = batches.to_float(found.clean)
    for method, images in first:
        assert float(restoration.psnr(images, clean).mean()) == pytest.approx(one[f"psnr_{method}"], abs=0.01)
