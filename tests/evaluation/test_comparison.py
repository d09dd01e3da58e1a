"""Points, summaries, slopes and suggestions, against answers that are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.points import point
from vae_core.config import make_config
from vae_core.data import datasets
from vae_core.evaluation.comparison import (
    Point,
    active_in,
    differing_fields,
    expected_active,
    point_of,
    read_point,
    slope_check,
    suggested_betas,
    summarise,
)
from vae_core.metrics.latents import collapse_beta
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.storage import checkpoints, paths
from vae_core.storage.frames import Frame, Subjects, reference_lines
from vae_core.storage.measurements import EVALUATION, require_weights_digest
from vae_core.storage.runs import create_run, open_run


def optimum(beta: float, seed: int = 0, shift: float = 0.0) -> Point:
    """On the convex curve D = 100 / (R + 1): its slope is -beta where R + 1 = sqrt(100 / beta)."""
    rate = (100.0 / beta) ** 0.5 - 1.0
    return point(beta, rate, 100.0 / (rate + 1.0) + shift, seed)


def test_the_slope_between_optima_lies_between_their_betas() -> None:
    slopes = slope_check([optimum(beta) for beta in (4.0, 1.0, 16.0)])
    assert [(slope.low, slope.high, slope.n, slope.ok) for slope in slopes] == [(1, 4, 1, True), (4, 16, 1, True)]
    assert slopes[0].slope == pytest.approx(2.0), "of the chord between R = 9 and R = 4: 10 nats over 5"
    assert slopes[0].gain_low == pytest.approx(-5.0) and slopes[0].gain_high == pytest.approx(-10.0)
    assert "slope is 2, within" in str(slopes[0])


def test_a_run_that_is_beaten_in_its_own_objective_is_named() -> None:
    (slope,) = slope_check([optimum(1.0, shift=12.0), optimum(4.0)])
    assert slope.ok is False and slope.slope == pytest.approx(-0.4)
    assert "not converged" in str(slope)
    (slope,) = slope_check([optimum(1.0, shift=6.0), optimum(4.0)])
    assert slope.ok is False and slope.slope == pytest.approx(0.8) and slope.gain_low == pytest.approx(1.0)
    assert "the run of beta 4 is 1 nats better in the objective of beta 1" in str(slope)
    (slope,) = slope_check([optimum(1.0), optimum(4.0, shift=11.0)])
    assert slope.ok is False and "the run of beta 1 is 1 nats better in the objective of beta 4" in str(slope)


def test_a_rate_that_rises_with_beta_is_not_converged() -> None:
    (slope,) = slope_check([point(1.0, 5.0, 100.0), point(2.0, 9.0, 90.0)])
    assert slope.ok is False and "not converged" in str(slope)


def test_a_run_that_is_worse_in_both_is_told_as_such() -> None:
    (slope,) = slope_check([point(1.0, 20.0, 100.0), point(4.0, 15.0, 95.0)])
    assert (slope.rise, slope.fall, slope.ok) == (-5.0, 5.0, False)
    assert "beta 4 is better in rate and in distortion: the run of beta 1 is not converged, or overfits" in str(slope)
    (slope,) = slope_check([point(1.0, 15.0, 95.0), point(4.0, 20.0, 100.0)])
    assert slope.ok is False and "the run of beta 4 is not converged" in str(slope)
    (slope,) = slope_check([point(1.0, 10.0, 95.0), point(4.0, 9.9, 120.0)])
    assert (
        slope.ok is False
        and slope.slope is None
        and "beta 1 is 25 nats better in the objective of beta 4" in str(slope)
    )


def test_figures_of_a_run_that_trains_are_not_set_against_final_ones() -> None:
    trains = replace(optimum(1.0, seed=1, shift=50.0), final=False)
    points = [optimum(1.0), trains, replace(optimum(4.0, seed=1), final=False), optimum(4.0)]
    assert [(slope.n, slope.ok) for slope in slope_check(points)] == [(1, True)]
    one, _ = summarise(points)
    assert one.n == 1 and one.means["kl_nats"] == 9.0
    assert one.means["reconstruction_nats"] == pytest.approx(10.0)
    (alone,) = summarise([trains])
    assert alone.n == 1, "held-out figures are told while there are no others"


def test_rates_that_are_too_close_say_nothing() -> None:
    (slope,) = slope_check([point(8.0, 0.02, 205.8), point(16.0, 0.01, 205.9)])
    assert (slope.ok, slope.slope) == (None, None) and "too close" in str(slope)


def test_the_seeds_spread_is_the_tolerance() -> None:
    """Off by half a nat in the mean: it counts where the seeds agree, and not where they scatter by nats."""
    agree = [optimum(1.0, seed, 5.5) for seed in range(4)] + [optimum(4.0, seed) for seed in range(4)]
    scatter = [optimum(1.0, seed, 5.5 + offset) for seed, offset in enumerate((-3.0, 3.0, -2.0, 2.0))]
    scatter += [optimum(4.0, seed) for seed in range(4)]
    assert [slope.ok for slope in slope_check(agree)] == [False]
    assert [slope.ok for slope in slope_check(scatter)] == [True]


def test_only_seeds_that_both_have_count_and_an_autoencoder_has_no_slope() -> None:
    points = [optimum(1.0, 0), optimum(1.0, 1), optimum(4.0, 1), optimum(16.0, 2)]
    assert [(slope.low, slope.high, slope.n) for slope in slope_check(points)] == [(1, 4, 1)]
    without = Point("a", 0, "ae", None, 2, True, 1, 80.0, None, 80.0)
    assert slope_check([without, optimum(1.0)]) == []


def test_a_mean_with_its_spread_comes_from_three_seeds_on() -> None:
    points = [point(2.0, rate, 90.0, seed, active_units=9) for seed, rate in enumerate((9.0, 10.0, 14.0))]
    points += [point(1.0, 20.0, 80.0, seed) for seed in (0, 1)]
    one, two = summarise(points)
    assert (one.value, one.n, dict(one.deviations)) == (1.0, 2, {}) and one.means["kl_nats"] == 20.0
    assert (two.value, two.n) == (2.0, 3)
    assert two.means["kl_nats"] == pytest.approx(11.0) and two.deviations["kl_nats"] == pytest.approx(7.0**0.5)
    assert two.means["active_units"] == 9.0 and "active_units" not in one.means and "iw_nll_nats" not in two.means


def test_betas_are_suggested_from_the_data() -> None:
    digits = datasets.load_dataset("mnist-sample").train_images
    objective = make_config().objective
    thresholds = collapse_beta(digits, build_likelihood(objective)).tolist()
    betas = suggested_betas(thresholds, latent=10)
    assert betas == (1.0, 10.0, 20.0)
    assert [expected_active(beta, thresholds, 10) for beta in betas] == [10, 7, 3]
    assert expected_active(1000.0, thresholds, 10) == 0


@pytest.mark.parametrize("latent", [1, 2, 5, 64, 512])
@pytest.mark.parametrize("top", [0.004, 0.7, 33.0, 5000.0])
def test_suggestions_are_a_few_that_rise_below_the_collapse(latent: int, top: float) -> None:
    betas = suggested_betas([top * 0.8**index for index in range(784)], latent)
    assert 1 <= len(betas) <= 5 and list(betas) == sorted(set(betas))
    assert all(0 < beta < top for beta in betas)


def test_a_point_fills_while_the_run_trains(runs_root: Path) -> None:
    run = create_run(runs_root, make_config(beta=4, seed=7, latent=3))
    assert point_of(run) is None
    record = {"split": "held-out", "step": 50, "epoch": 0.5, "reconstruction_nats": 120.0, "kl_nats": 8.0}
    early = point_of(run, held_out=record)
    assert early is not None and early.active_units is None and not early.final
    mean = np.zeros((4, 3), np.float32)
    mean[:, 1] = (-1, 1, -1, 1)
    frame = Frame(50, 0.5, mean, None, np.zeros((1, 1, 2, 2), np.uint8), np.array([0.1, 7.8, 0.1], np.float32), {})
    found = point_of(run, held_out=record, frame=frame, lines={"floor": 45.0, "collapse": 206.0})
    assert found is not None and (found.beta, found.value, found.seed, found.step) == (4.0, 4.0, 7, 50)
    assert (found.negative_elbo_nats, found.active_units, found.floor_nats, found.collapse_nats) == (128, 1, 45, 206)
    assert found.kl_per_dimension == pytest.approx((0.1, 7.8, 0.1)) and active_in(frame) == 1


def test_fault_2_floors_recorded_for_a_continuous_bernoulli_are_not_shown(tmp_path: Path) -> None:
    """Earlier versions recorded one in the film and in the figures."""
    recorded = {"floor": -4269.4, "collapse": -1500.0}
    subjects = Subjects(np.zeros(1, np.int64), ("a",), np.zeros((1, 1, 2, 2), np.uint8), recorded)
    figures = {
        "dataset": "mnist-sample",
        "step": 1,
        "images": 2,
        "mse_per_pixel": 0.1,
        "kl_nats": 1.0,
        "active_units": 1,
    }
    figures |= {"reconstruction_nats": -4000.0, "negative_elbo_nats": -3999.0, "floor_nats": -4269.4}
    for likelihood, floor in (("continuous-bernoulli", None), ("gaussian", -4269.4)):
        run = create_run(tmp_path, make_config(likelihood=likelihood))
        assert reference_lines(subjects, run.config).get("floor") == floor
        checkpoints.save(run.folder, "model", {}, {"step": 1})
        EVALUATION.write(run, EVALUATION.make(run, figures, require_weights_digest(run)))
        found = point_of(run, figures=EVALUATION.read(run), lines=reference_lines(subjects, run.config))
        assert found is not None and (found.floor_nats, found.collapse_nats) == (floor, -1500.0)


def test_an_autoencoder_has_a_point_without_a_rate(runs_root: Path) -> None:
    run = create_run(runs_root, make_config(model="ae"))
    found = point_of(run, "model", held_out={"step": 1, "epoch": 0.1, "reconstruction_nats": 150.0})
    assert found is not None and (found.value, found.beta, found.kl_nats) == ("ae", None, None)
    assert found.negative_elbo_nats == 150.0


def test_a_finished_run_is_read_from_its_folder_alone() -> None:
    run = open_run(paths.SHIPPED_RUNS, "example-vae-20d")
    found = read_point(run)
    assert found is not None and found.final and (found.step, found.active_units, found.latent) == (14070, 20, 20)
    assert found.negative_elbo_nats == pytest.approx(102.736, abs=1e-3), "as recorded beside it"
    assert found.collapse_nats == pytest.approx(206, abs=3) and found.floor_nats == pytest.approx(45.5, abs=0.1)


def test_the_fields_that_differ_are_named_in_order() -> None:
    dense = make_config(architecture="mlp")
    configs = [dense.changed(beta=1), dense.changed(beta=2), dense.changed(beta=2, hidden="8")]
    assert differing_fields(configs) == {"hidden": ((256, 64), (256, 64), (8,)), "beta": (1.0, 2.0, 2.0)}
    assert differing_fields(configs[:1]) == {}
