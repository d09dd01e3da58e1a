"""The shipped sweep: whole, small, and showing on digits what beta does."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tools.examples import SWEEP, SWEEP_BETAS, SWEEP_SEEDS
from tools.train_examples import LEFT_OUT, SWEEP_FRAMES
from vae_core.evaluation.comparison import Point, read_point, slope_check, summarise
from vae_core.evaluation.findings import caption, comparability_warnings
from vae_core.evaluation.trained import evaluate_run
from vae_core.storage import files, paths
from vae_core.storage.frames import Film
from vae_core.storage.runs import Run, open_run
from vae_core.training.equivalence import find_same

NAMES = sorted(SWEEP)


def member(name: str) -> Run:
    return open_run(paths.SHIPPED_RUNS, name)


@pytest.fixture(scope="module")
def points() -> list[Point]:
    found = [read_point(member(name)) for name in NAMES]
    assert len(found) == len(SWEEP_BETAS) * len(SWEEP_SEEDS) == 15
    return [point for point in found if point is not None]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_finished_run_that_is_found_again(name: str) -> None:
    run = member(name)
    assert run.is_finished() and run.config == SWEEP[name][1]
    assert [path for pattern in LEFT_OUT for path in run.folder.glob(pattern)] == []
    assert find_same(paths.SHIPPED_RUNS, run.config) == run
    film = Film(run.folder)
    film.poll()
    assert len(film.frames) == (SWEEP_FRAMES if run.config.training.seed == 0 else 1)
    assert film.frames[-1].step == run.status().total_steps and film.subjects is not None
    assert len(film.subjects.labels) == len(film.frames[0].mean)


@pytest.mark.parametrize("name", ["sweep-beta-1-seed-1", "sweep-beta-8-seed-0"])
def test_its_recorded_figures_are_true(name: str) -> None:
    recorded = files.read_json(member(name).folder / "evaluation.json")["splits"]["mnist-sample"]
    found = evaluate_run(member(name), dataset="mnist-sample")
    for key in ("reconstruction_nats", "kl_nats", "mse_per_pixel"):
        assert found[key] == pytest.approx(recorded[key], rel=1e-4), key
    assert found["active_units"] == recorded["active_units"]


def test_larger_beta_has_smaller_rate_and_larger_distortion_in_every_seed(points: list[Point]) -> None:
    for seed in SWEEP_SEEDS:
        own = sorted((point for point in points if point.seed == seed), key=lambda point: float(point.beta or 0))
        rates, distortions = [point.kl_nats for point in own], [point.reconstruction_nats for point in own]
        assert len(own) == 5 and rates == sorted(rates, reverse=True) and distortions == sorted(distortions)  # type: ignore[type-var]
        assert len(set(rates)) == 5
        active = [point.active_units or 0 for point in own]
        assert active == sorted(active, reverse=True) and active[-1] < active[0] / 2, "dimensions switch off"


def test_the_slopes_lie_where_they_must(points: list[Point]) -> None:
    slopes = slope_check(points)
    assert [(slope.low, slope.high, slope.n) for slope in slopes] == [(1, 2, 3), (2, 4, 3), (4, 8, 3), (8, 16, 3)]
    assert [slope.ok for slope in slopes] == [True] * 4, [str(slope) for slope in slopes]
    for seed in SWEEP_SEEDS:
        alone = slope_check([point for point in points if point.seed == seed])
        assert all(slope.ok for slope in alone), [str(slope) for slope in alone]


def test_betas_differ_by_more_than_their_seeds_and_the_words_are_of_these_runs(points: list[Point]) -> None:
    """Near the collapse the seeds scatter by nats, since one dimension more or less is left to them."""
    summaries = summarise(points)
    assert [(summary.value, summary.n) for summary in summaries] == [(beta, 3) for beta in SWEEP_BETAS]
    for low, high in pairwise(summaries):
        for figure in ("kl_nats", "reconstruction_nats", "negative_elbo_nats"):
            gap = abs(high.means[figure] - low.means[figure])
            assert gap > 2 * max(low.deviations[figure], high.deviations[figure]) > 0, (low.value, figure)
    assert caption(points).startswith("From beta 1 to 16 the rate falls from ")
    assert "of 20 dimensions switch off" in caption(points)
    assert comparability_warnings([SWEEP[name][1] for name in NAMES]) == []


def test_it_is_small_and_git_takes_it() -> None:
    own = [path for name in NAMES for path in (paths.SHIPPED_RUNS / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in own) < 9_000_000
    shipped = [path for path in paths.SHIPPED_RUNS.glob("*/**/*") if path.is_file() and _is_shipped(path)]
    assert sum(path.stat().st_size for path in shipped) < 50_000_000
    command = ["git", "-C", str(paths.PROJECT_ROOT), "check-ignore", *map(str, own)]
    ignored = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ignored.stdout == "", "what is ignored would not be shipped"


def _is_shipped(path: Path) -> bool:
    folder = paths.SHIPPED_RUNS / path.relative_to(paths.SHIPPED_RUNS).parts[0]
    return (folder / "evaluation.json").exists()
