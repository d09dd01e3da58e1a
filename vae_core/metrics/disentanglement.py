"""How well codes separate the factors that made the images: MIG, DCI and the FactorVAE score.

Each is a function of codes (N, L) and factors (N, k), and knows no model. N images say less than the true figures:
`MIG` reads mutual information off a table of counts, which is too large by about (bins - 1)(classes - 1) / 2N nats and can
never exceed ln N (`information_cap`). Locatello et al. 2019, "Challenging Common Assumptions in the Unsupervised Learning
of Disentangled Representations", show that seeds differ as much as methods do: compare spreads, not single numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from vae_core.data.randomness import Stream, seed_of
from vae_core.errors import ConfigError, DataError
from vae_core.types import Array, DciModel

MAX_IMAGES = 10_000
"""Images that are looked at, drawn from more."""
BINS = 20
TREES, SMALLEST_LEAF = 10, 5
STAGES = 100
TRAINED_SHARE = 2 / 3
VOTES, VOTERS = 5_000, 64
COLLAPSED = 0.01
"""A dimension with less than this share of the largest variance has no vote."""
SHUFFLING, VOTING, FORESTS = 0, 1, 2
"""Indices in the stream of evaluation."""


@dataclass(frozen=True)
class Scores:
    """All figures, 0 to 1, higher is better, by the names of the command line.

    `images` were looked at; `dci_model`, one of `DciModel`, gave the three figures of DCI.
    """

    mig: float
    dci_disentanglement: float
    dci_completeness: float
    dci_informativeness: float
    factor_vae_score: float
    images: int
    dci_model: str


def scores(
    codes: Array,
    factors: Array,
    *,
    seed: int = 0,
    dci_model: str = "forest",
    progress: Callable[[str, float], None] | None = None,
) -> Scores:
    """The three metrics of codes, on at most `MAX_IMAGES` of them.

    Args:
        codes: (N, L), finite; a VAE's posterior means.
        factors: (N, k), whole numbers.
        seed: of all draws.
        dci_model: one of `DciModel`, as for `dci`.
        progress: called with what is being done and the share of it that is done, 0 to 1.

    Raises:
        ConfigError: there is no such model.
        DataError: the two do not belong together, or nothing can be told from them.
    """
    codes, factors = _checked(codes, factors)
    chosen = np.random.default_rng(seed_of(seed, Stream.EVALUATION, SHUFFLING)).permutation(len(codes))[:MAX_IMAGES]
    codes, factors = codes[chosen], factors[chosen]
    report = progress or (lambda text, share: None)
    report("MIG", 0.0)
    gap = mig(codes, factors)
    told = f"DCI ({dci_model})"
    found = dci(codes, factors, model=dci_model, seed=seed, progress=lambda share: report(told, 0.05 + 0.85 * share))
    report("FactorVAE score", 0.9)
    voted = factor_vae_score(codes, factors, seed=seed)
    report("FactorVAE score", 1.0)
    return Scores(gap, found.disentanglement, found.completeness, found.informativeness, voted, len(codes), dci_model)


def information_cap(images: int) -> float:
    """ln N: the most nats of mutual information that N images can show."""
    return math.log(images)


def mutual_information(codes: Array, factors: Array, bins: int = BINS) -> Array:
    """What each dimension says about each factor, in nats, after cutting each dimension into bins of equal width.

    Args:
        codes: (N, L), finite.
        factors: (N, k), whole numbers.
        bins: for each dimension, between its smallest and its largest value.

    Returns:
        (L, k) float64.
    """
    codes, factors = _checked(codes, factors)
    cut = np.stack([_binned(column, bins) for column in codes.T], axis=1)
    return np.array([[_information(dimension, factor) for factor in factors.T] for dimension in cut.T])


def mig(codes: Array, factors: Array, bins: int = BINS) -> float:
    """Mutual information gap: how much more the best dimension says about a factor than the second best, as a share of
    the factor's entropy, averaged over factors. 1 where every factor has one dimension of its own, 0 where a second
    dimension says as much.

    Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders", eq. 6; with 20 bins of posterior
    means as in Locatello et al. 2019. Of one dimension alone the second best says nothing.

    Args:
        codes, factors: as for `mutual_information`; factors with one class only are left out.
        bins: as there.

    Raises:
        DataError: as for `scores`.
    """
    codes, factors = _checked(codes, factors)
    information = mutual_information(codes, factors, bins)
    best_two = np.sort(np.vstack([information, np.zeros_like(information[:1])]), axis=0)[-2:]
    entropies = np.array([_information(factor, factor) for factor in factors.T])
    return float(np.clip((best_two[1] - best_two[0]) / entropies, 0, 1).mean())


@dataclass(frozen=True, eq=False)
class Dci:
    """Eastwood & Williams' three figures and what they are computed from.

    Attributes:
        importance: (L, k) float64, how much each dimension helps to tell each factor; columns sum to 1, or are 0.
        disentanglement, completeness, informativeness: 0 to 1.
    """

    importance: Array
    disentanglement: float
    completeness: float
    informativeness: float


def dci(
    codes: Array,
    factors: Array,
    *,
    model: str = "forest",
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Dci:
    """Disentanglement, completeness and informativeness from one classifier per factor.

    Eastwood & Williams 2018, "A Framework for the Quantitative Evaluation of Disentangled Representations". Two thirds of
    the images fit the classifiers, the rest test them. Importances are decreases in impurity. Informativeness is the
    accuracy on the test images, averaged over factors, so guessing is not 0. The figures depend on the classifier, so
    those of different classifiers cannot be compared:

    - "forest": 10 trees which look at all dimensions at each split and keep 5 images per leaf. Takes seconds.
    - "boosting": scikit-learn's GradientBoostingClassifier with its defaults, 100 stages of one tree of depth 3 per class,
      as in Locatello et al. 2019 and their disentanglement_lib. Takes minutes. Use it beside published figures.

    Args:
        codes: (N, L), finite.
        factors: (N, k), whole numbers.
        model: one of `DciModel`.
        seed: of the split and the classifiers.
        progress: called with the share that is done, 0 to 1. What it raises ends the computation.

    Raises:
        ConfigError: there is no such model.
        DataError: as for `scores`.
    """
    if model not in get_args(DciModel):
        raise ConfigError(f"The model of DCI must be {' or '.join(get_args(DciModel))}, not {model!r}.")
    codes, factors = _checked(codes, factors)
    order = np.random.default_rng(seed_of(seed, Stream.EVALUATION, FORESTS)).permutation(len(codes))
    fitted, tested = np.split(order, [round(TRAINED_SHARE * len(order))])
    columns, accuracies = [], []
    costs = [len(np.unique(factor)) for factor in factors.T]  # boosting grows one tree per class and stage
    for number, factor in enumerate(factors.T):

        def tell(share: float, number: int = number) -> None:
            if progress is not None:
                progress((sum(costs[:number]) + share * costs[number]) / sum(costs))

        state = seed_of(seed, Stream.EVALUATION, FORESTS + 1 + number) % 2**32
        classifier = _fitted(model, codes[fitted], factor[fitted], state, tell)
        columns.append(classifier.feature_importances_)
        accuracies.append(classifier.score(codes[tested], factor[tested]))
        tell(1.0)
    importance = np.stack(columns, axis=1)
    return Dci(importance, disentanglement(importance), completeness(importance), float(np.mean(accuracies)))


def _fitted(
    model: str, codes: Array, factor: Array, state: int, tell: Callable[[float], None]
) -> RandomForestClassifier | GradientBoostingClassifier:
    """The classifier of one factor; `tell` hears the share of it that is done."""
    if model == "boosting" and len(np.unique(factor)) > 1:  # of a single class, as a rare one's rest, it makes an error
        booster = GradientBoostingClassifier(n_estimators=STAGES, random_state=state)
        return booster.fit(codes, factor, monitor=lambda stage, *_: tell((stage + 1) / STAGES))
    forest = RandomForestClassifier(TREES, min_samples_leaf=SMALLEST_LEAF, max_features=None, random_state=state)
    return forest.fit(codes, factor)


def disentanglement(importance: Array) -> float:
    """Whether a dimension helps with one factor only: 1 - entropy over factors (base k), averaged over dimensions by
    their share of all importance. `importance` is (L, k), at least 0; all 0 gives 0.

    Eastwood & Williams 2018, sec. 2.
    """
    total = importance.sum()
    if total <= 0:
        return 0.0
    return float(_purity(importance) @ (importance.sum(axis=1) / total))


def completeness(importance: Array) -> float:
    """Whether a factor is told by one dimension only: 1 - entropy over dimensions (base L), averaged over factors.

    Args and source as for `disentanglement`; a factor that nothing helps with counts as 0.
    """
    return float(_purity(importance.T).mean())


def factor_vae_score(codes: Array, factors: Array, *, seed: int = 0) -> float:
    """How often the dimension that varies least among images that share a factor says which factor it is.

    Kim & Mnih 2018, "Disentangling by Factorising", sec. 4: each vote fixes one factor, drawn with equal chances, at one
    of its values, takes 64 images that have it, and finds the dimension with the smallest variance as a share of its
    variance over all images. 5,000 votes teach which factor each dimension stands for, by majority; the score is the
    accuracy on 5,000 others. Dimensions with less than a hundredth of the largest variance are collapsed and left out,
    since what remains in them is noise; where no dimension varies the score is 0. Guessing gives 1 / k.

    Args:
        codes: (N, L), finite.
        factors: (N, k), whole numbers; the images with a value are drawn from these N.
        seed: of the votes.

    Raises:
        DataError: as for `scores`.
    """
    codes, factors = _checked(codes, factors)
    variances = codes.var(axis=0)
    kept = variances > COLLAPSED * variances.max()
    if not kept.any():
        return 0.0
    scaled = codes[:, kept] / np.sqrt(variances[kept])
    draw = np.random.default_rng(seed_of(seed, Stream.EVALUATION, VOTING))
    fixed = draw.integers(factors.shape[1], size=2 * VOTES)
    steadiest = np.empty(2 * VOTES, np.int64)
    for number, factor in enumerate(factors.T):
        mine = fixed == number
        steadiest[mine] = _steadiest(scaled, factor, int(mine.sum()), draw)
    table = np.zeros((scaled.shape[1], factors.shape[1]))
    np.add.at(table, (steadiest[:VOTES], fixed[:VOTES]), 1)
    return float((table.argmax(axis=1)[steadiest[VOTES:]] == fixed[VOTES:]).mean())


def _steadiest(scaled: Array, factor: Array, votes: int, draw: np.random.Generator) -> Array:
    """For each vote the dimension that varies least over images with one value of the factor: (votes,)."""
    order = np.argsort(factor, kind="stable")
    values, starts, counts = np.unique(factor[order], return_index=True, return_counts=True)
    value = draw.integers(len(values), size=votes)
    offsets = (draw.random((votes, VOTERS)) * counts[value, None]).astype(np.int64)
    rows = order[starts[value, None] + offsets]
    found: Array = scaled[rows].var(axis=1).argmin(axis=1)
    return found


def _purity(importance: Array) -> Array:
    """1 - entropy of each row as a distribution, to the base of the row's length; 0 of a row of zeros, 1 of one number."""
    rows, columns = importance.shape
    totals = importance.sum(axis=1)
    if columns == 1:
        helps: Array = (totals > 0).astype(np.float64)
        return helps
    shares = importance / np.where(totals > 0, totals, 1)[:, None]
    logs = np.log(shares, out=np.zeros((rows, columns)), where=shares > 0)
    purity: Array = np.where(totals > 0, 1 + (shares * logs).sum(axis=1) / math.log(columns), 0.0)
    return purity


def _binned(column: Array, bins: int) -> Array:
    low, high = column.min(), column.max()
    if not high > low:
        return np.zeros(len(column), np.int64)
    numbers: Array = np.minimum((column - low) / (high - low) * bins, bins - 1).astype(np.int64)
    return numbers


def _information(one: Array, other: Array) -> float:
    """Mutual information of two columns of whole numbers, from their counts, in nats."""
    _, rows = np.unique(one, return_inverse=True)
    _, columns = np.unique(other, return_inverse=True)
    joint = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(joint, (rows, columns), 1 / len(rows))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / independent[seen])).sum())


def _checked(codes: Array, factors: Array) -> tuple[Array, Array]:
    """Codes in float64, and the factors that have two classes or more."""
    codes, factors = np.asarray(codes, np.float64), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or not codes.size:
        raise DataError(
            f"Codes must be (images, dimensions) and factors (images, factors) of the same images, not {codes.shape} and "
            f"{factors.shape}."
        )
    if factors.dtype.kind not in "iu" or not np.isfinite(codes).all():
        raise DataError("Codes must be finite and factors whole numbers; look after the model, or the file of factors.")
    varying = factors[:, (factors != factors[:1]).any(axis=0)]
    if not varying.shape[1] or len(codes) < 6:
        raise DataError("No factor has two classes among these images, so there is nothing to tell apart; use more.")
    return codes, varying
