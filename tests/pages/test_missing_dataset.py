"""Pages of a run whose dataset file is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.data.shapes_file import shapes_file
from tests.pages.opened import NAVIGATION, SECONDS
from vae_core.config import make_config
from vae_core.storage.runs import Run, create_run, open_folder
from vae_core.training.driver import Driver


@pytest.fixture
def run(runs: Path, tmp_path: Path) -> Run:
    place = shapes_file(tmp_path / "shapes.npz")
    made = create_run(runs, make_config(dataset=str(place), hidden="8", epochs=1, batch_size=50), run_id="drawn")
    Driver(made).drive()
    place.rename(tmp_path / "moved.npz")
    return made


def opened(page: str, **query: str) -> AppTest:
    test = AppTest.from_file(str(NAVIGATION), default_timeout=SECONDS).run()
    for name, value in query.items():
        test.query_params[name] = value
    return test.switch_page(page).run()


@pytest.mark.parametrize(
    ("page", "parameter"),
    [("train/page.py", "run"), ("generate/page.py", "trained"), ("denoise/page.py", "models")],
    ids=["train", "generate", "denoise"],
)
def test_the_page_says_what_is_missing_and_accepts_the_new_path(
    page: str, parameter: str, run: Run, tmp_path: Path
) -> None:
    test = opened(page, **{parameter: "drawn"})
    assert not test.exception and not test.error
    assert [element.value for element in test.warning if "are missing" in element.value]
    field = next(element for element in test.text_input if element.label == "Where the file is now")
    field.set_value(str(shapes_file(tmp_path / "other.npz", seed=1)))
    button = next(element for element in test.button if element.label == "Use this file")
    button.click().run()
    assert len(test.error) == 1 and "does not hold the images" in test.error[0].value
    field.set_value(str(tmp_path / "moved.npz"))
    button.click().run()
    assert not test.exception and not test.error and not test.warning
    assert open_folder(run.folder).config.data.dataset == str(tmp_path / "moved.npz")


def test_generate_shows_the_model_with_the_films_images(run: Run) -> None:
    test = opened("generate/page.py", trained="drawn")
    assert not test.exception
    assert any("images of the film" in element.value for element in test.caption)


def test_denoise_measures_nothing_on_stand_in_images_and_tunes_no_baseline_on_them(run: Run) -> None:
    test = opened("denoise/page.py", models="drawn")
    assert not test.exception and not test.error
    assert any("No baselines are shown" in element.value for element in test.caption)
    test = opened("denoise/page.py", models="drawn", task="Against level")
    assert not test.exception and not test.error and all(button.key != "measure" for button in test.button)
    assert any("Nothing can be measured: the images of" in element.value for element in test.info)


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("library/page.py", {"runs": "drawn"}),
        ("compare/page.py", {"runs": "drawn"}),
        ("train/page.py", {"dataset": "/nowhere/shapes.npz"}),
    ],
    ids=["library", "compare", "dials"],
)
def test_other_pages_need_no_images_or_say_so(page: str, query: dict[str, str], run: Run) -> None:
    test = opened(page, **query)
    assert not test.exception
    assert all("nowhere" in element.value for element in test.error)


def test_resuming_it_from_the_page_leaves_it_as_it_was(run: Run) -> None:
    from dataclasses import replace

    run.write_status(replace(run.status(), state="stopped"))
    test = opened("train/page.py", run="drawn")
    next(button for button in test.button if button.key == "resume").click().run()
    assert not test.exception and len(test.error) == 1 and "are missing" in test.error[0].value
    assert run.status().state == "stopped"
