"""Sentences that are computed from what is shown."""

from __future__ import annotations

import pytest

from tests.evaluation.points import point
from vae_core.config import RunConfig, make_config
from vae_core.evaluation.comparison import Point
from vae_core.evaluation.findings import caption, caption_of_seeds, comparability_warnings, shown_value


def test_the_caption_tells_rate_distortion_and_units() -> None:
    points = [
        point(1.0, 25.0, 77.0, active_units=20),
        point(4.0, 15.0, 88.0, active_units=14),
        point(8.0, 9.0, 99.0, active_units=9),
    ]
    assert caption(points) == (
        "From beta 1 to 8 the rate falls from 25.0 to 9.0 nats, the distortion rises from 77.0 to 99.0 nats and 11 of "
        "20 dimensions switch off."
    )
    assert caption(points[::-1]) == caption(points), "the order in which the runs ended is nothing"
    assert caption(points[:1]) == "" and caption([]) == ""


def test_the_caption_takes_means_over_the_seeds() -> None:
    points = [point(1.0, 24.0, 80.0, 0), point(1.0, 26.0, 82.0, 1), point(2.0, 30.0, 81.02, 0)]
    assert caption(points) == (
        "From beta 1 to 2 the rate rises from 25.0 to 30.0 nats and the distortion stays at 81.0 nats."
    )


def test_the_caption_tells_of_a_bump_between_the_first_value_and_the_last() -> None:
    points = [point(value, rate, 80.0, active_units=9) for value, rate in ((1.0, 5.0), (2.0, 11.0), (4.0, 4.0))]
    assert caption(points).startswith(
        "From beta 1 to 4 the rate falls from 5.0 to 4.0 nats (as high as 11.0 at 2), the"
    )
    dip = [
        point(value, 5.0, 80.0 - 3 * (value == 2.0), active_units=9 - 4 * (value == 2.0)) for value in (1.0, 2.0, 4.0)
    ]
    assert "the distortion stays at 80.0 nats (as low as 77.0 at 2)" in caption(dip)
    assert "stay active (9 of 20) (as low as 5 at 2)." in caption(dip)


def test_a_bump_within_the_spread_over_the_seeds_is_not_told() -> None:
    rates = {1.0: (5.0, 5.1, 5.2), 2.0: (4.0, 5.0, 7.0), 4.0: (4.0, 4.1, 4.2)}
    points = [point(value, rate, 80.0, seed) for value, each in rates.items() for seed, rate in enumerate(each)]
    assert "as high" not in caption(points)


def test_half_a_unit_is_not_rounded_away() -> None:
    """2.5 dimensions on average once were 2."""
    units = {1.0: (4, 5), 2.0: (2, 2)}
    points = [
        point(value, 5.0, 80.0, seed, active_units=n) for value, each in units.items() for seed, n in enumerate(each)
    ]
    assert "2.5 of 20 dimensions switch off" in caption(points)
    nearly = [point(1.0, 5.0, 80.0, 0, active_units=3), point(2.0, 5.0, 80.0, 0, active_units=3),
              point(2.0, 5.0, 80.0, 1, active_units=3), point(2.0, 5.0, 80.0, 2, active_units=4)]  # fmt: skip
    assert "as many dimensions stay active (3 and 3.3 of 20)" in caption(nearly)


def test_an_autoencoder_is_told_by_what_it_has() -> None:
    ae = Point("a", 0, "ae", None, 2, True, 1, 140.0, None, 140.0)
    vae = Point("b", 0, "vae", 1.0, 2, True, 1, 145.0, 6.0, 151.0, active_units=2)
    assert caption([ae, vae], "model") == "From model AE to VAE the distortion rises from 140.0 to 145.0 nats."


def test_unchanged_units_and_codes_of_other_lengths() -> None:
    same = [point(1.0, 5.0, 80.0, active_units=3), point(2.0, 4.0, 81.0, active_units=3)]
    assert caption(same).endswith("and as many dimensions stay active (3 of 20).")


def test_n_is_always_told() -> None:
    one, two = [point(1.0, 1.0, 1.0, seed) for seed in range(3)], [point(2.0, 1.0, 1.0, seed) for seed in range(3)]
    assert caption_of_seeds([]) == ""
    assert caption_of_seeds([one[0], two[0]]) == "n = 1: one seed each, so the spread is unknown."
    assert caption_of_seeds(one[:2] + two[:2]) == "n = 2 seeds each: a dot each."
    assert caption_of_seeds(one + two) == "n = 3 seeds each: a dot each, their mean and one standard deviation."
    assert caption_of_seeds(one + two[:1]) == (
        "n = 1 to 3 seeds each: a dot each, their mean and one standard deviation from three on."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.5, "0.5"), (20, "20"), ((256, 64), "256,64"), ((), "none"), (None, "none"), ("ae", "AE")],
)
def test_values_are_written_as_people_do(value: object, text: str) -> None:
    assert shown_value(value) == text


def grid(**fields: list[object]) -> list[RunConfig]:
    """The n-th values of all fields together."""
    return [make_config(**dict(zip(fields, values, strict=True))) for values in zip(*fields.values(), strict=True)]


def test_runs_that_differ_as_they_should_have_no_reservation() -> None:
    assert comparability_warnings(grid(beta=[1, 2, 1, 2], seed=[0, 0, 1, 1])) == []
    assert comparability_warnings([make_config()]) == [] and comparability_warnings([]) == []


@pytest.mark.parametrize(
    ("configs", "words"),
    [
        (grid(dataset=["mnist", "fashion-mnist"]), "different images (mnist, fashion-mnist)"),
        (grid(likelihood=["bernoulli", "gaussian"]), "likelihood: bernoulli, gaussian"),
        (grid(likelihood=["gaussian", "gaussian"], sigma=[1, 0.1]), "sigma: 1, 0.1"),
        (grid(binarize=["none", "dynamic"]), "measure pixels differently"),
        (grid(model=["ae", "vae"]), "An autoencoder has no rate"),
        (grid(epochs=[1, 20]), "not trained alike (epochs: 1, 20)"),
        (grid(lr=[0.001, 0.01]), "learning rate: 0.001, 0.01"),
        (grid(latent=[2, 20]), "codes have different lengths"),
        (grid(beta=[1, 2], latent=[2, 20]), "differ in latent and beta at once"),
        (grid(beta=[1, 2, 1], seed=[0, 0, 1]), "Not every value has the same seeds"),
    ],
)
def test_what_may_not_be_compared_is_said(configs: list[RunConfig], words: str) -> None:
    assert any(words in sentence for sentence in comparability_warnings(configs)), comparability_warnings(configs)


def test_a_sigma_without_effect_is_no_reservation_of_units() -> None:
    assert not any("pixels" in sentence for sentence in comparability_warnings(grid(sigma=[1, 0.1])))


def test_runs_that_are_damaged_in_their_own_ways_are_told_so() -> None:
    weak, strong = (make_config(corruption="gaussian", level=level) for level in (0.1, 0.5))
    for pair in ([weak, strong], [weak, make_config()]):
        assert sum("damaged in different ways" in sentence for sentence in comparability_warnings(pair)) == 1
    assert not any("damaged" in sentence for sentence in comparability_warnings([weak, weak]))
