"""The split: stratified, a function of the seed, and never with a picture on both sides."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.data.own.splitting import Division, divide
from vae_core.errors import DataError


def names(count: int) -> list[str]:
    return [f"picture {index}" for index in range(count)]


def split(digests: list[str], labels: list[str] | None = None, share: float = 0.1, seed: int = 0) -> Division:
    return divide(digests, labels or ["x"] * len(digests), [""] * len(digests), share, seed)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc"), st.sampled_from(["train", "test", ""])), max_size=40)
)
def test_no_picture_is_on_both_sides_and_none_is_lost_without_mention(rows: list[tuple[int, str, str]]) -> None:
    digests = [str(row[0]) for row in rows]
    if len(set(digests)) < 2:
        with pytest.raises(DataError, match=r"(only one picture|no pictures).*can be used; at least two"):
            divide(digests, [row[1] for row in rows], [row[2] for row in rows], 0.3, 0)  # type: ignore[misc]
        return
    found = divide(digests, [row[1] for row in rows], [row[2] for row in rows], 0.3, 0)  # type: ignore[misc]
    train, held = set(found.train.tolist()), set(found.held_out.tolist())
    assert train and held and not train & held
    assert sorted([*train, *held, *found.left_out]) == list(range(len(rows)))
    assert not {digests[place] for place in train} & {digests[place] for place in held}
    assert len({digests[place] for place in held}) == len(held)
    assert len(found.copies) == len(rows) - len(set(digests))


def test_each_class_gives_its_share() -> None:
    labels = ["a"] * 700 + ["b"] * 200 + ["c"] * 95 + ["d"] * 5
    found = split(names(1_000), labels)
    assert Counter(labels[place] for place in found.held_out) == {"a": 70, "b": 20, "c": 10} or Counter(
        labels[place] for place in found.held_out
    ) == {"a": 70, "b": 20, "c": 9, "d": 1}
    assert len(split(names(9), share=0.1).held_out) == 1 and len(split(names(2), share=0.9).held_out) == 1


def test_the_same_seed_gives_the_same_split_in_any_order_of_the_files() -> None:
    digests = names(300)
    first, again, other = split(digests), split(digests), split(digests, seed=1)
    assert first.held_out.tolist() == again.held_out.tolist() and first.train.tolist() == again.train.tolist()
    assert set(first.held_out.tolist()) != set(other.held_out.tolist())
    backwards = split(digests[::-1])
    assert {digests[::-1][place] for place in backwards.held_out} == {digests[place] for place in first.held_out}
    assert first.train.tolist() != sorted(first.train.tolist())  # so that the first ones are of all classes


def test_a_picture_with_copies_is_never_held_out() -> None:
    digests = [*names(50), *names(25)]
    found = split(digests, share=0.5)
    assert all(25 <= place < 50 for place in found.held_out) and found.left_out == []
    assert found.copies[0] == (50, 0) and len(found.copies) == 25
    everything_twice = split([*names(20), *names(20)], share=0.2)
    assert len(everything_twice.held_out) == 8 and len(everything_twice.left_out) == 8


def test_a_split_that_is_given_is_kept_but_for_copies() -> None:
    digests = [*names(8), "picture 0", "test only"]
    found = divide(digests, ["x"] * 10, ["train"] * 8 + ["test"] * 2, 0.5, 0)  # type: ignore[list-item]
    assert found.held_out.tolist() == [9] and set(found.train.tolist()) == set(range(9)) and found.moved == 1
    assert len(divide(names(4), ["x"] * 4, ["test"] * 4, 0.5, 0).held_out) == 2  # nothing would be left to train on


def test_sixty_thousand_classes_are_divided_in_a_moment() -> None:
    digests = names(60_000)
    assert len(split(digests, digests).held_out) == 6_000
