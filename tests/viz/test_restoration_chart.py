"""Quality against level: the table keeps every number, the specification draws models bold and knows every method's colour."""

from __future__ import annotations

import math

import pytest

from vae_core.metrics.baselines import BASELINES as OPPONENTS
from vae_core.viz.palette import CLASS_COLOURS, LINE_COLOUR
from vae_core.viz.restoration_chart import (
    ALONE,
    BOUND,
    DAMAGED,
    WITH_TONE,
    Measure,
    colours_of,
    quality_spec,
    quality_table,
)

MODELS, FILTERS = ("mine", "other"), ("Median", "Gaussian")


def test_the_table_holds_the_rows_as_numbers() -> None:
    table = quality_table([("mine", ALONE, 0.1, 20.5, 0.9), ("Median", WITH_TONE, 1, 18, math.nan)])
    assert table["level"].tolist() == [0.1, 1.0] and table["psnr"].tolist() == [20.5, 18.0]
    assert table["ssim"].isna().tolist() == [False, True]
    assert quality_table([]).empty


def test_every_method_has_a_colour_of_its_own() -> None:
    colours = colours_of(MODELS, FILTERS)
    assert list(colours) == ["mine", "other", DAMAGED, "Median", "Gaussian"]
    assert colours["mine"] == CLASS_COLOURS[0] and colours[DAMAGED] == LINE_COLOUR
    assert len(set(colours.values())) == 5
    six = tuple("abcdef")
    assert len(set(colours_of(six, [row.title for row in OPPONENTS.values()]).values())) == 6 + 1 + len(OPPONENTS)


@pytest.mark.parametrize(("measure", "title"), [("psnr", "PSNR, dB"), ("ssim", "SSIM")])
def test_the_specification_draws_the_asked_measure(measure: Measure, title: str) -> None:
    spec = quality_spec(MODELS, FILTERS, measure, "share of the pixels")
    thin, bold = spec["layer"]
    for encoding in (thin["encoding"], bold["encoding"]):
        assert encoding["y"]["field"] == measure and encoding["y"]["title"] == title
        assert encoding["x"]["title"] == "share of the pixels"
        assert encoding["strokeDash"]["scale"]["domain"] == [ALONE, WITH_TONE, BOUND]
    assert bold["transform"] == [{"filter": {"field": "method", "oneOf": ["mine", "other"]}}]
    assert bold["mark"]["strokeWidth"] > thin["mark"]["strokeWidth"]
    assert spec is quality_spec(MODELS, FILTERS, measure, "share of the pixels")  # built once
