"""How well codes separate the generative factors of the images: MIG, DCI and the FactorVAE score.

Each is a function of codes (N, L) and factors (N, k), independent of any model. With N images the figures are estimates:
`MIG` computes mutual information from a table of counts, which overestimates it by about (bins - 1)(classes - 1) / 2N nats
and can never exceed ln N (`information_cap`). Locatello et al. 2019, "Challenging Common Assumptions in the Unsupervised
Learning of Disentangled Representations", show that seeds differ as much as methods: compare distributions, not single
numbers.
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
"""The largest number of images used; more are subsampled."""
BINS = 20
TREES, SMALLEST_LEAF = 10, 5
STAGES = 100
TRAINED_SHARE = 2 / 3
VOTES, VOTERS = 5_000, 64
COLLAPSED = 0.01
"""A dimension with less than this share of the largest variance does not vote."""
SHUFFLING, VOTING, FORESTS = 0, 1, 2
"""Indices of draws in the stream of evaluation."""


@dataclass(frozen=True)
class Scores:
    """All scores, 0 to 1, higher is better; the names are those of the command line.

    `images` is the number of images used. `dci_model`, one of `DciModel`, is the classifier behind the three DCI scores.
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
    """Computes the three metrics, on at most `MAX_IMAGES` images.

    Args:
        codes: (N, L), finite; a VAE's posterior means.
        factors: (N, k), integers.
        seed: of all random draws.
        dci_model: one of `DciModel`, as for `dci`.
        progress: called with the current metric and the progress, 0 to 1.

    Raises:
        ConfigError: `dci_model` is unknown.
        DataError: the shapes do not match, values are invalid, or no factor varies.
    """
    codes, factors = _checked(codes, factors)
    chosen = np.random.default_rng(seed_of(seed, Stream.EVALUATION, SHUFFLING)).permutation(len(codes))[:MAX_IMAGES]
    codes, factors = codes[chosen], factors[chosen]
    report = progress or (lambda text, share: None)
    report("MIG", 0.0)
    gap = mig(codes, factors)
    title = f"DCI ({dci_model})"
    dci_scores = dci(
        codes, factors, model=dci_model, seed=seed, progress=lambda share: report(title, 0.05 + 0.85 * share)
    )
    report("FactorVAE score", 0.9)
    factor_vae = factor_vae_score(codes, factors, seed=seed)
    report("FactorVAE score", 1.0)
    return Scores(
        gap,
        dci_scores.disentanglement,
        dci_scores.completeness,
        dci_scores.informativeness,
        factor_vae,
        len(codes),
        dci_model,
    )


def information_cap(images: int) -> float:
    """Returns ln N, the largest mutual information, in nats, that can be measured on N images."""
    return math.log(images)


def mutual_information(codes: Array, factors: Array, bins: int = BINS) -> Array:
    """Returns the mutual information of each dimension and each factor, in nats, with dimensions cut into equal bins.

    Args:
        codes: (N, L), finite.
        factors: (N, k), integers.
        bins: number of bins per dimension, between its smallest and its largest value.

    Returns:
        (L, k) float64.
    """
    codes, factors = _checked(codes, factors)
    cut = np.stack([_binned(column, bins) for column in codes.T], axis=1)
    return np.array([[_information(dimension, factor) for factor in factors.T] for dimension in cut.T])


def mig(codes: Array, factors: Array, bins: int = BINS) -> float:
    """Returns the mutual information gap: how much more information the best dimension has about a factor than the second
    best, as a share of the factor's entropy, averaged over factors. It is 1 if every factor has a dimension of its own, and
    0 if a second dimension has as much information.

    Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders", eq. 6; with 20 bins of posterior
    means as in Locatello et al. 2019. If there is only one dimension, the second best counts as 0.

    Args:
        codes, factors: as for `mutual_information`; factors with a single class are ignored.
        bins: as for `mutual_information`.

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
    """The three scores of Eastwood & Williams and the importances they are computed from.

    Attributes:
        importance: (L, k) float64, how much each dimension helps to predict each factor; columns sum to 1, or are 0.
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
    """Computes disentanglement, completeness and informativeness with one classifier per factor.

    Eastwood & Williams 2018, "A Framework for the Quantitative Evaluation of Disentangled Representations". Two thirds of
    the images are used to fit the classifiers, the rest to test them. Importances are decreases in impurity.
    Informativeness is the accuracy on the test images, averaged over factors, so guessing scores above 0. The scores
    depend on the classifier, so those of different classifiers cannot be compared:

    - "forest": 10 trees that consider all dimensions at each split and keep at least 5 images per leaf. Takes seconds.
    - "boosting": scikit-learn's GradientBoostingClassifier with its defaults, 100 stages of one tree of depth 3 per class,
      as in Locatello et al. 2019 and their disentanglement_lib. Takes minutes. Use it to compare with published figures.

    Args:
        codes: (N, L), finite.
        factors: (N, k), integers.
        model: one of `DciModel`.
        seed: of the split and the classifiers.
        progress: called with the progress, 0 to 1. An exception that it raises ends the computation.

    Raises:
        ConfigError: `model` is unknown.
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

        def report(share: float, number: int = number) -> None:
            if progress is not None:
                progress((sum(costs[:number]) + share * costs[number]) / sum(costs))

        state = seed_of(seed, Stream.EVALUATION, FORESTS + 1 + number) % 2**32
        classifier = _fitted(model, codes[fitted], factor[fitted], state, report)
        columns.append(classifier.feature_importances_)
        accuracies.append(classifier.score(codes[tested], factor[tested]))
        report(1.0)
    importance = np.stack(columns, axis=1)
    return Dci(importance, disentanglement(importance), completeness(importance), float(np.mean(accuracies)))


def _fitted(
    model: str, codes: Array, factor: Array, state: int, report: Callable[[float], None]
) -> RandomForestClassifier | GradientBoostingClassifier:
    """Fits the classifier of one factor; `report` is called with its progress."""
    if (
        model == "boosting" and len(np.unique(factor)) > 1
    ):  # it raises for a single class, left over from a rare second one
        booster = GradientBoostingClassifier(n_estimators=STAGES, random_state=state)
        return booster.fit(codes, factor, monitor=lambda stage, *_: report((stage + 1) / STAGES))
    forest = RandomForestClassifier(TREES, min_samples_leaf=SMALLEST_LEAF, max_features=None, random_state=state)
    return forest.fit(codes, factor)


def disentanglement(importance: Array) -> float:
    """Returns how far each dimension is important for a single factor only: 1 - entropy over factors (base k), averaged
    over dimensions weighted by importance. `importance` is (L, k), at least 0; if all is 0, so is the result.

    Eastwood & Williams 2018, sec. 2.
    """
    total = importance.sum()
    if total <= 0:
        return 0.0
    return float(_purity(importance) @ (importance.sum(axis=1) / total))


def completeness(importance: Array) -> float:
    """Returns how far each factor is predicted by a single dimension only: 1 - entropy over dimensions (base L), averaged
    over factors.

    `importance` and source as for `disentanglement`; a factor for which no dimension is important counts as 0.
    """
    return float(_purity(importance.T).mean())


def factor_vae_score(codes: Array, factors: Array, *, seed: int = 0) -> float:
    """Returns how often the dimension that varies least among images sharing a factor's value identifies that factor.

    Kim & Mnih 2018, "Disentangling by Factorising", sec. 4: each vote fixes one factor, chosen uniformly, at one of its
    values, draws 64 images with that value, and finds the dimension with the smallest variance relative to its variance
    over all images. 5,000 votes determine by majority which factor each dimension stands for; the score is the accuracy on
    5,000 others. Dimensions with less than a hundredth of the largest variance have collapsed to noise and are left out; if
    no dimension varies, the score is 0. Guessing gives 1 / k.

    Args:
        codes: (N, L), finite.
        factors: (N, k), integers; images with a given value are drawn from these N.
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
        votes = fixed == number
        steadiest[votes] = _steadiest(scaled, factor, int(votes.sum()), draw)
    table = np.zeros((scaled.shape[1], factors.shape[1]))
    np.add.at(table, (steadiest[:VOTES], fixed[:VOTES]), 1)
    return float((table.argmax(axis=1)[steadiest[VOTES:]] == fixed[VOTES:]).mean())


def _steadiest(scaled: Array, factor: Array, votes: int, draw: np.random.Generator) -> Array:
    """Returns for each vote the dimension that varies least over images with one value of the factor: (votes,) int64."""
    order = np.argsort(factor, kind="stable")
    values, starts, counts = np.unique(factor[order], return_index=True, return_counts=True)
    value = draw.integers(len(values), size=votes)
    offsets = (draw.random((votes, VOTERS)) * counts[value, None]).astype(np.int64)
    rows = order[starts[value, None] + offsets]
    dimensions: Array = scaled[rows].var(axis=1).argmin(axis=1)
    return dimensions


def _purity(importance: Array) -> Array:
    """Returns 1 - the entropy of each row of (R, C), in base C: (R,). A row of zeros gives 0; a row of one number, 1."""
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


def _information(first: Array, second: Array) -> float:
    """Returns the mutual information, in nats, of two columns of integers, (N,) each, from their counts."""
    _, rows = np.unique(first, return_inverse=True)
    _, columns = np.unique(second, return_inverse=True)
    joint = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(joint, (rows, columns), 1 / len(rows))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / independent[seen])).sum())


def _checked(codes: Array, factors: Array) -> tuple[Array, Array]:
    """Returns codes as float64, and the factors that have at least two classes."""
    codes, factors = np.asarray(codes, np.float64), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or not codes.size:
        raise DataError(
            f"Codes must be (images, dimensions) and factors (images, factors) of the same images, not {codes.shape} and "
            f"{factors.shape}."
        )
    if factors.dtype.kind not in "iu" or not np.isfinite(codes).all():
        raise DataError("Codes must be finite and factors whole numbers; check the model and the file of factors.")
    varying = factors[:, (factors != factors[:1]).any(axis=0)]
    if not varying.shape[1] or len(codes) < 6:
        raise DataError("No factor has two classes among these images, so there is nothing to tell apart; use more.")
    return codes, varying
