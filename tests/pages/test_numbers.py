"""Numbers in the URL: whatever they are, every page opens, and unusable numbers are reported."""

from __future__ import annotations

import math

import pytest

from pages.common.errors import UNEXPECTED
from pages.common.query_params import LARGEST_WHOLE, read_number
from pages.learn.lessons import LESSONS
from tests.pages.opened import open_app

BAD = ("1e400", "nan", "-1", str(10**30), "", "abc", "٣")
NO_NUMBERS = ("-1e400", "inf", "Infinity", "²", "1_0", "0x10", " 1", "9" * 5000)
TRAIN = (
    *("latent", "beta", "epochs", "seed", "batch_size", "limit", "threads", "lr", "sigma", "gamma", "capacity"),
    *("warmup_epochs", "level", "from", "run", "beside"),
)
SWEEP = ("epochs", "latent", "sigma", "beta", "lr", "batch_size", "limit")
LEARN = (
    *("image", "from", "to", "draws", "latents", "raise", "written_beta", "code", "step", "at", "beta"),
    *("beta_linear", "mix", "threshold"),
)
PAGES: list[tuple[str, dict[str, str], tuple[str, ...]]] = [
    ("train", {"likelihood": "gaussian", "corruption": "gaussian", "beta_schedule": "linear"}, TRAIN),
    ("train", {"run": "example-vae-3d", "plane": "dimensions"}, ("across", "up", "smoothing")),
    ("generate", {"trained": "example-vae-20d"}, ("test", "z", "map_x", "map_y")),
    ("compare", {"source": "New sweep"}, ("image", "map_across", "map_up", *(f"sweep_{name}" for name in SWEEP))),
    ("denoise", {}, ("number", "seed", "level")),
    ("library", {}, ("at", "runs", "sort")),
    *(("learn", {"lesson": lesson.id}, LEARN) for lesson in LESSONS),
]


@pytest.mark.parametrize(
    ("text", "whole", "number"),
    [("3", True, 3), ("3.0", True, 3), ("1e3", True, 1000), ("-3", True, -3), ("2.5", False, 2.5), ("1e-05", False, 1e-5),
     (".5", False, 0.5), ("1e308", False, 1e308), (str(LARGEST_WHOLE), True, LARGEST_WHOLE)],
)  # fmt: skip
def test_a_number_is_read(text: str, whole: bool, number: float) -> None:
    value = read_number(text, whole=whole)
    assert value == number and isinstance(value, int if whole else float)


@pytest.mark.parametrize("text", [*NO_NUMBERS, *(text for text in BAD if text != "-1")])
def test_text_that_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None
    if text != str(10**30):
        assert read_number(text, whole=False) is None


def test_a_number_is_held_to_its_range_and_to_whole_ones() -> None:
    assert read_number("2.5") is None and read_number("-1", low=0) is None and read_number("9", high=8) is None
    assert read_number("1e-400", whole=False) == 0.0
    assert read_number(str(2**53)) is None and math.isclose(float(read_number(str(2**53), whole=False) or 0), 2**53)


@pytest.mark.parametrize(("name", "query", "parameters"), PAGES)
def test_no_number_in_the_url_breaks_a_page(name: str, query: dict[str, str], parameters: tuple[str, ...]) -> None:
    page = open_app()
    for text in BAD:
        page.query_params.clear()
        for parameter, value in {**query, **dict.fromkeys(parameters, text)}.items():
            page.query_params[parameter] = value
        page.switch_page(f"{name}/page.py").run()
        assert not page.exception, (text, page.exception[0].message)
        assert not [error.value for error in page.error if UNEXPECTED in error.value], text
        page.query_params.clear()
        page.switch_page("home/page.py").run()  # a widget that left the page reads the URL again
