"""Restoring: known answers of the measures, who is compared, and what is kept of a curve."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.evaluation.untrained import saved, untrained
from vae_core.data import datasets
from vae_core.data.batches import to_float
from vae_core.data.corruptions import greyscale
from vae_core.errors import ConfigError, DataError, LatentLabError
from vae_core.evaluation.colours import mean_colours
from vae_core.evaluation.restoration import (
    CLEAN,
    CORRUPTED,
    MODEL,
    RestorationData,
    baseline_names,
    curve_levels,
    load_curve,
    methods,
    psnr,
    restoration_data,
    restore,
    restore_run,
    save_curve,
    ssim,
)
from vae_core.evaluation.trained import Trained
from vae_core.metrics.baselines import BASELINES
from vae_core.registry.corruption_rows import CORRUPTIONS
from vae_core.storage import paths
from vae_core.storage.measurements import METHODS, Quality
from vae_core.storage.measurements import RestorationPoint as Point
from vae_core.storage.runs import open_run


@pytest.fixture(scope="module")
def plain() -> Trained:
    return untrained()


@pytest.fixture(scope="module")
def digits(plain: Trained) -> RestorationData:
    return restoration_data(datasets.load_dataset("mnist-sample"), plain, 20)


def test_psnr_of_a_known_difference() -> None:
    clean = torch.full((2, 1, 8, 8), 0.5)
    other = torch.stack([clean[0] + 0.1, clean[1]])
    assert psnr(other, clean).tolist() == pytest.approx([20.0, 100.0], abs=1e-4)


def test_ssim_is_one_for_the_same_and_less_for_others() -> None:
    images = to_float(datasets.load_dataset("mnist-sample").test_images[:4])
    assert ssim(images, images).tolist() == pytest.approx([1.0] * 4)
    assert float(ssim(1 - images, images).max()) < 0.2
    assert ssim(images[:, :, :4, :5], images[:, :, :4, :5]).tolist() == pytest.approx([1.0] * 4)
    assert math.isnan(float(ssim(images[:1, :, :2], images[:1, :, :2])))


def test_restore_is_the_picture_of_the_mean_and_only_of_its_own_shape(plain: Trained, digits: RestorationData) -> None:
    images = to_float(digits.clean)
    with torch.no_grad():
        expected = plain.likelihood.mean_image(plain.model.decode(plain.model.encode(images).mean))
    assert torch.allclose(restore(plain, images), expected)
    with pytest.raises(DataError, match="takes images of 1 x 28 x 28"):
        restore(plain, torch.zeros(1, 3, 28, 28))


def test_a_colouriser_keeps_the_brightness_that_it_is_given() -> None:
    trained = untrained((3, 28, 28), corruption="greyscale", likelihood="gaussian")
    coloured = to_float(datasets.load_dataset("coloured-mnist-sample").test_images[:8])
    grey = greyscale(coloured)
    restored = restore(trained, coloured)
    assert torch.allclose(restored, restore(trained, grey), atol=1e-3)
    assert not torch.allclose(restored, grey, atol=0.05)
    inside = (restored < 1).all(dim=1, keepdim=True).expand_as(grey)  # elsewhere a colour was cut at white
    assert torch.allclose(greyscale(restored)[inside], grey[inside], atol=1e-3)


def test_the_methods_are_in_order_and_of_fixed_damage(plain: Trained, digits: RestorationData) -> None:
    found = dict(methods(plain, digits, "salt-and-pepper", 0.25))
    assert list(found)[:3] == [CORRUPTED, MODEL, CLEAN] and len(found) == 3 + 2 * len(BASELINES)
    again = next(methods(plain, digits, "salt-and-pepper", 0.25))[1]
    assert torch.equal(again, found[CORRUPTED])
    changed = (found[CORRUPTED] != to_float(digits.clean)).float().mean()
    assert 0.1 < float(changed) < 0.25
    assert all(images.shape == found[CORRUPTED].shape for images in found.values())


def test_mean_colours_are_the_least_squares_factor() -> None:
    data = datasets.load_dataset("coloured-mnist-sample")
    shown = data.train_images[:2000]
    grey = (greyscale(to_float(shown)) * 255).round().to(torch.uint8)
    means = mean_colours(data, grey, shown, data.train_labels[:2000])
    own = data.train_labels[:2000] == 1
    x, y = to_float(grey[own])[:, 0].double().flatten(), to_float(shown[own]).double()
    for channel in range(3):
        slope = torch.linalg.lstsq(x[:, None], y[:, channel].flatten()[:, None]).solution
        assert float(means.of_class[1, channel]) == pytest.approx(float(slope), rel=1e-4)
    assert means.of_class.std(dim=0).min() > 0.1


def test_the_class_told_is_better_than_the_mean_of_all() -> None:
    trained = untrained((3, 28, 28))
    found = restoration_data(datasets.load_dataset("coloured-mnist-sample"), trained, 100)
    images = dict(methods(trained, found, "greyscale", 0.0))
    clean = to_float(found.clean)
    score = {name: float(psnr(one, clean).mean()) for name, one in images.items()}
    assert score["class-mean-colour"] > score["mean-colour"] + 2 and score["mean-colour"] > score[CORRUPTED]


@pytest.mark.parametrize(("name", "dataset"), [("masking", "mnist-sample"), ("greyscale", "coloured-mnist-sample")])
def test_the_opponents_are_named_before_they_are_measured(name: str, dataset: str) -> None:
    data = datasets.load_dataset(dataset)
    trained = untrained(data.image_shape)
    found = [method for method, _ in methods(trained, restoration_data(data, trained, 4), name, 0.2)]
    assert found == [*METHODS, *baseline_names(name, data.train_images[0].numel())]


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_the_levels_of_a_curve_lie_within_the_range(name: str) -> None:
    levels = curve_levels(name)
    assert levels == sorted(set(levels))
    if CORRUPTIONS[name].has_level:
        assert levels[-1] == CORRUPTIONS[name].highest and levels[0] > CORRUPTIONS[name].lowest


def test_winners_are_named_the_best_first() -> None:
    worse, model, better, best = (Quality(psnr=value, ssim=0.5) for value in (10.0, 20.0, 21.0, 22.0))
    point = Point(0.1, worse, model, best, {"median": better, "gaussian": best, "total-variation": worse})
    assert point.winners() == ["gaussian", "median"]


def test_a_curve_is_kept_with_the_run_until_the_weights_are_others(
    tmp_path: Path, plain: Trained, digits: RestorationData, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = saved(tmp_path, "kept", plain)
    nothing = Quality(psnr=1.5, ssim=float("nan"))
    points = [Point(level, nothing, nothing, nothing, {"median": nothing}) for level in (0.4, 0.1)]
    assert load_curve(run, plain, digits, "masking") == []
    save_curve(run, plain, digits, "masking", points)
    assert (run.folder / "restoration-masking.json").exists()
    found = load_curve(run, plain, digits, "masking")
    assert [point.level for point in found] == [0.1, 0.4] and found[0].model.psnr == 1.5
    assert math.isnan(found[0].model.ssim)
    later = Trained(plain.model, plain.likelihood, plain.config, plain.image_shape, plain.step + 1)
    assert load_curve(run, later, digits, "masking") == []
    with monkeypatch.context() as changed:
        changed.setattr("vae_core.storage.measurements.weights_digest", lambda run: "0" * 64)
        assert load_curve(run, plain, digits, "masking") == [], "other weights of the same step"
    with monkeypatch.context() as changed:
        changed.setitem(BASELINES, "median", replace(BASELINES["median"], strengths=(3,)))
        assert load_curve(run, plain, digits, "masking") == [], "other opponents"
    (run.folder / "restoration-masking.json").write_bytes(b'{"schema": 1')
    assert load_curve(run, plain, digits, "masking") == []


def test_a_shipped_runs_curve_stands_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: Trained, digits: RestorationData
) -> None:
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    run = open_run(paths.SHIPPED_RUNS, "example-vae-2d")
    nothing = Quality(1.0, 0.5)
    save_curve(run, plain, digits, "blur", [Point(1.0, nothing, nothing, nothing, {})])
    assert not (run.folder / "restoration-blur.json").exists()
    assert [point.level for point in load_curve(run, plain, digits, "blur")] == [1.0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"corruption": "gaussian", "level": 2.0}, "must be 0 to 1, not 2"),
        ({"corruption": "greyscale"}, "needs colour images"),
        ({"corruption": "greyscale", "level": 0.5}, "greyscale has no level"),
        ({"corruption": "blur", "images": 0}, "must be 1 to 10000, not 0"),
        ({"corruption": "blur", "dataset": "coloured-mnist-sample"}, "choose another dataset"),
    ],
)
def test_what_cannot_be_measured_is_said(tmp_path: Path, plain: Trained, values: dict[str, object], words: str) -> None:
    run = saved(tmp_path, "plain", plain)
    with pytest.raises((ConfigError, DataError), match=words) as raised:
        restore_run(run, **values)  # type: ignore[arg-type]
    assert isinstance(raised.value, LatentLabError) and str(raised.value).endswith(".")


def test_a_shipped_denoiser_beats_every_opponent_and_a_plain_vae_does_not() -> None:
    data = datasets.load_dataset("mnist-sample")
    for run_id, wins in (("mnist-denoiser", True), ("example-vae-20d", False)):
        found = restore_run(
            open_run(paths.SHIPPED_RUNS, run_id), "salt-and-pepper", 0.25, images=200, dataset=data.name
        )
        best = max(one["psnr"] for one in found["baselines"].values())
        assert (found["psnr_model"] > best + 1) == wins
