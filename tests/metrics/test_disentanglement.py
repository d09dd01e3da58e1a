"""The metrics on codes whose answer is known, degenerate ones included."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingClassifier

from vae_core.errors import ConfigError, DataError
from vae_core.metrics import disentanglement as metrics
from vae_core.metrics.mean_std import MeanStd, mean_std
from vae_core.types import Array

SIZES = (3, 6, 8, 16, 16)


@pytest.fixture(scope="module")
def factors() -> Array:
    draw = np.random.default_rng(0)
    return np.stack([draw.integers(size, size=4_000) for size in SIZES], axis=1)


def test_mutual_information_is_that_of_small_tables() -> None:
    both = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 2)
    information = metrics.mutual_information(both[:, :1], both)
    assert information.shape == (1, 2)
    assert information[0].tolist() == pytest.approx([math.log(2), 0.0])
    half = np.array([[0], [0], [1], [1]] * 2)
    four = np.array([[0], [1], [2], [3]] * 2)
    assert metrics.mutual_information(half, four).item() == pytest.approx(math.log(2))


def test_mig_of_a_known_gap() -> None:
    """One dimension tells the factor of four classes, another half of it: (ln 4 - ln 2) / ln 4. Three dimensions and two
    factors, so that a table read the wrong way round gives something else."""
    rows = np.array([(a, b) for a in range(4) for b in range(2)] * 50)
    codes = np.stack([rows[:, 0], rows[:, 0] // 2, 5 - rows[:, 1]], axis=1).astype(float)
    assert metrics.mig(codes[:, :2], rows[:, :1]) == pytest.approx(0.5)
    assert metrics.mig(codes, rows) == pytest.approx((0.5 + 1.0) / 2)
    assert metrics.mutual_information(codes, rows).shape == (3, 2)


def test_mig_of_degenerate_codes(factors: Array) -> None:
    assert metrics.mig(factors, factors) > 0.98
    assert metrics.mig(np.concatenate([factors, factors], axis=1), factors) < 1e-9
    assert metrics.mig(np.zeros((4_000, 5)), factors) == pytest.approx(0, abs=1e-12)
    assert metrics.mig(np.random.default_rng(1).normal(size=(4_000, 5)), factors) < 0.01
    assert metrics.mig(factors[:, :1], factors[:, :1]) == pytest.approx(1), "one dimension: the second says nothing"


def test_mig_does_not_depend_on_order_scale_or_sign(factors: Array) -> None:
    codes = factors + np.random.default_rng(1).normal(0, 0.4, factors.shape)
    other = codes[:, ::-1] * np.array([-1, 100, -0.01, 3, 1]) + 7
    assert metrics.mig(other, factors) == pytest.approx(metrics.mig(codes, factors), abs=0.01)
    assert 0.5 < metrics.mig(codes, factors) < 0.98


def test_dci_of_known_importances() -> None:
    """[I|I]: each of 5 factors in two of 10 dimensions."""
    one = np.eye(5)
    assert (metrics.disentanglement(one), metrics.completeness(one)) == pytest.approx((1, 1))
    twice = np.concatenate([one, one]) / 2
    assert metrics.disentanglement(twice) == pytest.approx(1)
    assert metrics.completeness(twice) == pytest.approx(1 - math.log(2) / math.log(10))
    assert metrics.completeness(twice) == pytest.approx(0.69897, abs=1e-5)
    even = np.ones((4, 5)) / 4
    assert (metrics.disentanglement(even), metrics.completeness(even)) == pytest.approx((0, 0))
    all_in_one = np.array([[1.0] * 5, [0.0] * 5])
    assert (metrics.disentanglement(all_in_one), metrics.completeness(all_in_one)) == pytest.approx((0, 1))
    nothing = np.zeros((4, 5))
    assert (metrics.disentanglement(nothing), metrics.completeness(nothing)) == (0, 0)
    weighted = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]])
    assert metrics.completeness(weighted) == pytest.approx((1 + 1 - math.log(2) / math.log(3)) / 2)
    assert metrics.disentanglement(weighted[:, :1]) == 1


def test_dci_of_codes(factors: Array) -> None:
    found = metrics.dci(factors, factors)
    assert found.importance.shape == (5, 5) and found.importance.sum(axis=0) == pytest.approx(np.ones(5))
    assert min(found.disentanglement, found.completeness, found.informativeness) > 0.99
    twice = metrics.dci(np.concatenate([factors, factors], axis=1), factors)
    assert twice.disentanglement > 0.99 and twice.completeness == pytest.approx(0.69897, abs=0.06)
    constant = metrics.dci(np.zeros((4_000, 5)), factors)
    assert (constant.disentanglement, constant.completeness) == (0, 0)
    assert constant.informativeness == pytest.approx(np.mean([1 / size for size in SIZES]), abs=0.05), "guessing"
    noise = metrics.dci(np.random.default_rng(1).normal(size=(1_500, 5)), factors[:1_500])
    assert noise.disentanglement < 0.05 and noise.completeness < 0.05 and noise.informativeness < 0.25


def test_fault_4_dci_from_boosting_is_that_of_the_reference_implementation() -> None:
    """disentanglement_lib (Locatello et al. 2019): scikit-learn's GradientBoostingClassifier as it comes for each factor,
    its importances, and scipy's entropy."""
    draw = np.random.default_rng(0)
    known = np.stack([draw.integers(size, size=450) for size in (2, 3)], axis=1)
    codes = known @ np.array([[1, 0, 0, 0.3], [0, 1, 0.5, 0]]) + draw.normal(0, 0.4, (450, 4))
    told: list[float] = []
    found = metrics.dci(codes, known, model="boosting", progress=told.append)
    order = np.random.default_rng(metrics.seed_of(0, metrics.Stream.EVALUATION, metrics.FORESTS)).permutation(450)
    fitted, tested = order[:300], order[300:]
    models = [GradientBoostingClassifier(random_state=0).fit(codes[fitted], factor[fitted]) for factor in known.T]
    importance = np.stack([model.feature_importances_ for model in models], axis=1)
    assert found.importance == pytest.approx(importance, abs=0.01), "but for the order in which ties are looked at"
    share = importance.sum(axis=1) / importance.sum()
    expected = ((1 - entropy(importance.T + 1e-11, base=2)) * share).sum()
    assert found.disentanglement == pytest.approx(expected, abs=0.01)
    assert found.completeness == pytest.approx((1 - entropy(importance + 1e-11, base=4)).mean(), abs=0.01)
    scored = [model.score(codes[tested], factor[tested]) for model, factor in zip(models, known.T, strict=True)]
    assert found.informativeness == pytest.approx(np.mean(scored), abs=0.02)
    assert abs(found.disentanglement - metrics.dci(codes, known).disentanglement) > 0.03, "the forest's is another"
    assert told == sorted(told) and told[-1] == 1 and len(told) > 200


def test_fault_4_boosting_takes_a_factor_of_which_one_class_is_left() -> None:
    known = np.zeros((30, 2), int)
    known[:, 0], known[0, 1] = np.arange(30) % 2, 1  # the second has one image of its other class
    for seed in range(3):
        found = metrics.dci(known[:, :1] + np.zeros((30, 2)), known, model="boosting", seed=seed)
        assert np.isfinite(found.importance).all()


def test_fault_4_scores_say_what_dci_is_from(factors: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "STAGES", 3)
    few = factors[:300, :2]
    assert metrics.scores(few, few).dci_model == "forest"
    said: list[str] = []
    assert (
        metrics.scores(few, few, dci_model="boosting", progress=lambda text, _: said.append(text)).dci_model
        == "boosting"
    )
    assert "DCI (boosting)" in said
    with pytest.raises(ConfigError, match="must be forest or boosting, not 'lasso'"):
        metrics.scores(few, few, dci_model="lasso")


def test_the_factor_vae_score_of_codes(factors: Array) -> None:
    draw = np.random.default_rng(1)
    assert metrics.factor_vae_score(factors, factors) == 1
    assert metrics.factor_vae_score(factors[:, ::-1] * np.array([-1, 1, 2, 1, 5]), factors) == 1
    assert metrics.factor_vae_score(np.zeros((4_000, 5)), factors) == 0
    assert metrics.factor_vae_score(draw.normal(size=(4_000, 5)), factors) == pytest.approx(1 / 5, abs=0.03)
    one = metrics.factor_vae_score(factors[:, :1], factors)
    assert one == pytest.approx(1 / 5, abs=0.03), "one dimension cannot tell five factors apart"


def test_collapsed_dimensions_have_no_vote(factors: Array) -> None:
    """A dimension that only echoes one factor weakly would win every vote of it, and stand for it."""
    noise = np.random.default_rng(1).normal(size=(4_000, 3)) * 1e-3
    lost = np.concatenate([factors[:, 1:] / factors[:, 1:].std(axis=0), factors[:, :1] * 1e-3, noise], axis=1)
    expected = metrics.factor_vae_score(lost[:, :4], factors)
    assert metrics.factor_vae_score(lost, factors) == expected < 0.95


def test_a_rotation_spoils_the_gap_and_keeps_the_information(factors: Array) -> None:
    """What each metric is for: turned by 45 degrees, two factors share two dimensions."""
    pair = factors[:, 3:] - 7.5
    turned = pair @ np.array([[1, -1], [1, 1]]) / math.sqrt(2)
    assert metrics.mig(pair, factors[:, 3:]) > 0.9 > 0.2 > metrics.mig(turned, factors[:, 3:])
    found = metrics.dci(turned, factors[:, 3:])
    assert found.disentanglement < 0.2 and found.informativeness > 0.8


def test_scores_follow_from_the_seed_and_tell_progress(factors: Array) -> None:
    codes = factors + np.random.default_rng(1).normal(0, 0.5, factors.shape)
    said: list[float] = []
    first = metrics.scores(codes[:1_000], factors[:1_000], progress=lambda _, share: said.append(share))
    assert (
        first
        == metrics.scores(codes[:1_000], factors[:1_000])
        != metrics.scores(codes[:1_000], factors[:1_000], seed=1)
    )
    assert said == sorted(said) and (said[0], said[-1], first.images) == (0, 1, 1_000)


def test_more_images_than_are_looked_at(factors: Array) -> None:
    many = np.tile(factors[:, :2], (3, 1))
    assert metrics.scores(many, many).images == metrics.MAX_IMAGES


def test_a_factor_with_one_class_is_left_out(factors: Array) -> None:
    padded = np.concatenate([factors, np.full((4_000, 1), 3)], axis=1)
    assert metrics.mig(factors, padded) == metrics.mig(factors, factors)


@pytest.mark.parametrize(
    ("codes", "known"),
    [
        (np.zeros((10, 2)), np.zeros((9, 2), int)),
        (np.zeros((2, 10)), np.zeros((10, 2), int)),
        (np.zeros(10), np.zeros((10, 1), int)),
        (np.zeros((10, 0)), np.arange(10)[:, None]),
        (np.full((10, 2), np.nan), np.arange(10)[:, None]),
        (np.zeros((10, 2)), np.arange(10)[:, None] / 2),
        (np.zeros((10, 2)), np.zeros((10, 2), int)),
        (np.zeros((5, 2)), np.arange(5)[:, None]),
        (np.zeros((0, 2)), np.zeros((0, 2), int)),
    ],
)
def test_what_cannot_be_told_is_one_sentence(codes: Array, known: Array) -> None:
    for metric in (metrics.mig, metrics.dci, metrics.factor_vae_score, metrics.scores):
        with pytest.raises(DataError, match=r"^(Codes|No factor).*\.$"):
            metric(codes, known)  # type: ignore[operator]


def test_no_more_information_than_images() -> None:
    """Codes that are all different say everything about anything: ln N, and no more."""
    numbers = np.arange(16)[:, None]
    assert metrics.mutual_information(numbers, numbers).item() == pytest.approx(metrics.information_cap(16))


def test_spread() -> None:
    assert mean_std([1.0, 2.0, 6.0]) == MeanStd(3.0, pytest.approx(math.sqrt(7)), 1.0, 6.0, 3)
    assert mean_std([0.5]) == MeanStd(0.5, None, 0.5, 0.5, 1)
    assert mean_std([]) is mean_std([math.nan]) is None
    assert (
        str(mean_std([0.5, 0.7])) == "0.60 (2 seeds)"
        and str(mean_std([0.5, 0.7, 0.9])) == "0.70 ± 0.20"
        and "one seed" in str(mean_std([0.5]))
    )
