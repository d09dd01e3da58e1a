"""Which pictures are held out: a share of each class, drawn by a seed, and none that occurs more than once.

Pictures with the same pixels are copies. A picture that has a copy is never held out, since the model would have seen it.
Only if nothing else is left to hold out are first copies held out, and then the others are left out of the dataset.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vae_core.data.own.found import Split
from vae_core.errors import DataError
from vae_core.types import Array


@dataclass(frozen=True, eq=False)
class Division:
    """How pictures are divided, by their places in the list that was given, each part in a random order.

    Attributes:
        train, held_out: `int64`, (n,).
        copies: for each picture that is a copy of an earlier one its place and that one's place.
        left_out: copies that are in neither part.
        moved: pictures meant for the held-out part that were moved to training because they have copies.
    """

    train: Array
    held_out: Array
    copies: list[tuple[int, int]]
    left_out: list[int]
    moved: int


def divide(digests: Sequence[str], labels: Sequence[str], splits: Sequence[Split], share: float, seed: int) -> Division:
    """Divides pictures into a training and a held-out part: a function of their content, labels and the seed.

    Args:
        digests: of each picture's pixels, equal for copies.
        labels: of the classes, for a share of each class.
        splits: the part each picture is meant for. If any is meant to be held out, these and no others are.
        share: of the pictures to hold out otherwise, between 0 and 1.
        seed: of the draw.

    Raises:
        DataError: there are fewer than two different pictures.
    """
    first: dict[str, int] = {}
    copies = [
        (place, first[digest]) for place, digest in enumerate(digests) if first.setdefault(digest, place) != place
    ]
    if len(first) < 2:
        raise DataError(
            f"There {'is only one picture' if first else 'are no pictures'} that can be used; at least two different ones "
            "are needed, one to train on and one to hold out."
        )
    counts = Counter(digests)
    order = sorted(range(len(digests)), key=lambda place: _rank(digests[place], place, seed))
    single = [place for place in order if counts[digests[place]] == 1]
    meant = [place for place in order if splits[place] == "test"]
    held = [place for place in single if splits[place] == "test"]
    if not held or len(held) == len(digests):
        candidates = single or [place for place in order if first[digests[place]] == place]
        held = _stratified(candidates, labels, share, Counter(labels), len(first))
    seen = {digests[place] for place in held}
    chosen = set(held)
    left_out = [place for place in range(len(digests)) if place not in chosen and digests[place] in seen]
    gone = chosen.union(left_out)
    train = [place for place in order if place not in gone]
    return Division(np.array(train, np.int64), np.array(held, np.int64), copies, left_out, len(set(meant) - gone))


def _rank(digest: str, place: int, seed: int) -> tuple[bytes, int]:
    return hashlib.sha256(f"{seed}/{digest}".encode()).digest()[:8], place


def _stratified(
    candidates: Sequence[int], labels: Sequence[str], share: float, sizes: Counter[str], different: int
) -> list[int]:
    """Takes a share of each class from the first candidates; fractions go to the classes with the largest remainders."""
    wanted = min(max(1, round(share * sum(sizes.values()))), different - 1, len(candidates))
    of_class: dict[str, list[int]] = {}
    for place in candidates:
        of_class.setdefault(labels[place], []).append(place)
    exact = {label: min(share * sizes[label], len(places)) for label, places in of_class.items()}
    taken = {label: int(number) for label, number in exact.items()}
    by_remainder = sorted(of_class, key=lambda label: (-(exact[label] - taken[label]), -sizes[label], label))
    missing = wanted - sum(taken.values())
    while missing > 0:
        for label in by_remainder:
            if missing > 0 and taken[label] < len(of_class[label]):
                taken[label] += 1
                missing -= 1
    chosen = {place for label, places in of_class.items() for place in places[: taken[label]]}
    return [place for place in candidates if place in chosen][:wanted]
