"""A URL that names what does not exist: reported in a sentence, with what is shown instead, until the setting is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opened import open_page
from vae_core.config import RunConfig
from vae_core.storage.runs import create_run

SWEPT = "sweep-beta-1-seed-0,sweep-beta-8-seed-0"


def said(page: AppTest) -> list[str]:
    texts = [info.value.replace("\\", "") for info in page.info]
    return [text for text in texts if text.startswith("There is no ")]


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("train", {"dataset": "cats"}, "dataset 'cats' here; shown instead: mnist-sample."),
        ("train", {"preset": "Magic"}, "preset 'Magic' here; shown instead: VAE."),
        ("train", {"architecture": "<b>"}, "layers '<b>' here; shown instead: auto."),
        ("train", {"corruption": ["rain", "blur"]}, "corruption 'rain' here; shown instead: blur."),
        ("train", {"corruption": "rain"}, "corruption 'rain' here; shown instead: none."),
        ("generate", {"view": "Inside"}, "view 'Inside' here; shown instead: An image."),
        ("generate", {"test": "1000"}, "test image '1000' here; shown instead: 0."),
        ("compare", {"runs": SWEPT, "base": "gone"}, "run to compare with 'gone' here; shown instead: beta 1"),
        ("compare", {"runs": SWEPT, "show": "Smoke"}, "view 'Smoke' here; shown instead: Pictures."),
        ("compare", {"sweep_dataset": "cats"}, "dataset 'cats' here; shown instead: mnist-sample."),
        ("learn", {"image": "2000"}, "test image '2000' here; shown instead: 0."),
        ("denoise", {"task": "Wash"}, "view 'Wash' here; shown instead: Restore."),
        ("denoise", {"corrupt": "rain"}, "corruption for these images 'rain' here; shown instead: gaussian."),
        ("denoise", {"number": "-1"}, "test image '-1' here; shown instead: 0."),
    ],
)  # fmt: skip
def test_a_value_that_does_not_exist_is_reported_with_what_is_shown(
    name: str, query: dict[str, str], sentence: str
) -> None:
    page = open_page(name, **query)
    assert not page.exception and not page.error
    (text,) = said(page)
    assert text.startswith(f"There is no {sentence}")


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("train", {"beta": "abc"}, "Beta β 'abc' in the address is not a number; shown instead: 1.0."),
        ("train", {"latent": "2.5"}, "Latents '2.5' in the address is not a whole number; shown instead: 2."),
        ("compare", {"sweep_epochs": "few"}, "Epochs 'few' in the address is not a whole number; shown instead: 5."),
        ("train", {"capacity": "much"}, "Capacity C 'much' in the address is not a number; shown instead: none."),
    ],
)
def test_a_value_that_is_no_number_is_reported_with_what_is_shown(
    name: str, query: dict[str, str], sentence: str
) -> None:
    page = open_page(name, **query)
    assert not page.exception and not page.error
    assert [info.value.replace("\\", "") for info in page.info if "address" in info.value] == [sentence]
    (parameter,) = query
    page.number_input(key=parameter).set_value(4).run()
    assert not [info for info in page.info if "address" in info.value]


def test_the_sentence_stands_until_the_setting_is_changed() -> None:
    page = open_page("train", dataset="cats")
    for _ in range(2):
        page.run()
        assert len(said(page)) == 1
    page.selectbox(key="dataset").set_value("fashion-mnist-sample").run()
    assert said(page) == []
    page.selectbox(key="dataset").set_value("mnist-sample").run()
    assert said(page) == [], "nothing has been requested since"


def test_a_second_run_to_watch_that_is_gone_is_reported(runs: Path) -> None:
    for run_id in ("a", "b"):
        create_run(runs, RunConfig(), run_id=run_id)
    page = open_page("train", run="a", beside="gone")
    assert said(page) == ["There is no run 'gone' here; shown instead: no other run."]
    assert said(open_page("train", run="a", beside="b")) == []


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("train", {"dataset": "fashion-mnist-sample", "corruption": ["blur", "masking"], "architecture": "conv"}),
        ("compare", {"runs": SWEPT, "base": "sweep-beta-8-seed-0", "show": "Table"}),
        ("denoise", {"task": "Watermark", "number": "3"}),
        ("generate", {"view": "Walks"}),
    ],
)
def test_values_that_exist_are_not_reported(name: str, query: dict[str, str]) -> None:
    assert said(open_page(name, **query)) == []
