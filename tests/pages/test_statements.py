"""Sentences of the pages that were once false (faults 5 and 7), each held to what it speaks of."""

from __future__ import annotations

import re

import numpy as np

from pages.common.glossary import TERMS
from pages.common.held_out_text import HELD_OUT_NOTE, HELD_OUT_PART
from pages.learn.figures import figures
from pages.learn.lessons import LESSONS, find
from pages.library.table import COLUMNS
from vae_core.config import HELD_OUT_IMAGES, make_config
from vae_core.data.datasets import load_dataset
from vae_core.evaluation.compression import QUALITIES, jpeg_round_trip
from vae_core.types import Array
from vae_core.viz.formulas import objective_latex
from vae_core.viz.loss_chart import loss_spec

IMAGES = 200
PHONE = 40
"""Letters of an axis's title that stand below a chart on a phone."""


def test_fault_5_cross_entropy_has_both_its_terms_with_one_sign() -> None:
    for formula in (TERMS["Cross-entropy"], objective_latex(make_config(likelihood="bernoulli"))[1]):
        plain = re.sub(r"\\sum_i|\\left|\\right|\\hat |_i|Σ|\s", "", formula).replace("−", "-").replace("x̂", "x")
        assert "-[xlnx+(1-x)ln(1-x)]" in plain.replace("\\ln", "ln")


def test_fault_5_no_sentence_says_more_than_is_so_of_collapse_and_of_pca() -> None:
    collapse = TERMS["Collapse"]
    assert "if the whole code collapses" in collapse and collapse.index("whole code") < collapse.index("mean image")
    assert "fitted to" in TERMS["PCA"] and "squared error" in TERMS["PCA"]
    for text in TERMS.values():
        assert "carry nothing" not in text and "best linear code" not in text


def test_fault_5_jpeg_is_said_to_end_where_the_tries_end_and_goes_on_from_there() -> None:
    points = next(iter(figures("compression").values()))["points"]
    finest = max((point for point in points if point["codec"] == "JPEG"), key=_setting)
    assert finest["setting"] == max(QUALITIES) < 95
    answer = find("compression").answer
    assert "at quality {jpeg_quality}, the highest tried, and could go further" in answer
    images = load_dataset("mnist-sample").test_images[:IMAGES].numpy()
    last, beyond = (_psnr(images, jpeg_round_trip(images, quality)) for quality in (max(QUALITIES), 95))
    assert beyond > last + 3


def _setting(point: dict[str, float]) -> float:
    return float(point["setting"])


def _psnr(images: Array, arrived: Array) -> float:
    return float(-10 * np.log10(np.square((images.astype(float) - arrived) / 255).mean()))


def test_fault_5_r_is_the_rate_and_d_the_distortion_wherever_formulas_stand() -> None:
    for config in (make_config(), make_config(model="ae"), make_config(capacity=5.0)):
        assert objective_latex(config)[0].startswith(r"\mathcal{L} = D")
        assert all(not line.startswith("R") for line in objective_latex(config))
    for lesson in LESSONS:
        symbols = re.findall(r"\bR\b", re.sub(r"mathbb\{R\}", "", lesson.formula))
        assert not symbols or r"R = \mathbb{E}\,\mathrm{KL}" in lesson.formula


def test_fault_7_figures_of_a_running_training_are_said_to_be_of_a_part_of_the_test_images() -> None:
    assert (
        "a fixed part of the test images" in HELD_OUT_PART
        and f"{HELD_OUT_IMAGES:,}" in HELD_OUT_PART
        and HELD_OUT_PART in HELD_OUT_NOTE
    )
    assert HELD_OUT_PART in next(column.help for column in COLUMNS if column.name == "nats")
    title = loss_spec(("held-out",))["layer"][0]["encoding"]["x"]["title"]
    assert any(f"at most {HELD_OUT_IMAGES:,}" in line for line in title)
    assert max(map(len, title)) <= PHONE
