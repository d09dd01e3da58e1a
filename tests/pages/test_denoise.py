"""The Denoise page: pictures and figures that follow the level, the URL, refusals, each view, kept curves."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.common.jobs import runner
from pages.common.opened_model import open_model
from pages.denoise import background, curves
from pages.denoise import damaged_images as damaging
from pages.denoise.baselines import SLOT, strength_text
from pages.denoise.colour import explain_answer
from pages.denoise.curves import lead_text, where_baselines_win
from pages.denoise.download import train_query
from tests.pages.denoise_page import VAE, figures, gallery, sentences_of
from tests.pages.opened import open_app, open_page, wait_until
from vae_core.config import make_config
from vae_core.data import catalogue
from vae_core.data.datasets import load_dataset
from vae_core.evaluation.restoration import load_curve, restoration_data, save_curve
from vae_core.evaluation.trained import load_trained
from vae_core.jobs import Job
from vae_core.metrics.baselines import BASELINES
from vae_core.presets import PRESETS
from vae_core.registry.corruption_rows import CORRUPTIONS
from vae_core.storage import paths
from vae_core.storage.measurements import Quality
from vae_core.storage.measurements import RestorationPoint as Point
from vae_core.storage.runs import Run, create_run, open_run
from vae_core.training.driver import Driver

pytestmark = pytest.mark.usefixtures("no_baselines")
PLAIN = "example-ae-2d,example-vae-20d"
TINY = {"model": "ae", "limit": 64, "epochs": 1, "hidden": "8"}


def pictures(page: AppTest) -> list[str]:
    return re.findall(r'src="data:image/png;base64,([^"]+)"', gallery(page))


def of_address(page: AppTest, name: str) -> str:
    value = page.query_params[name]
    return value if isinstance(value, str) else str(value[0])


def tiny_run(root: Path, **values: Any) -> Run:
    """A run with a model of eight hidden units, trained for one step."""
    run = create_run(root, make_config(**{**TINY, **values}))
    Driver(run).drive()
    return run


def test_original_damaged_restored_and_error_maps_are_there_at_once_with_figures() -> None:
    page = open_page("denoise", models=PLAIN)
    assert sentences_of(page) == []
    assert len(figures(page)) == 3 and all(5 < psnr < 40 for psnr in figures(page))
    assert gallery(page).count("SSIM") >= 3 and gallery(page).count("Error map of") == 3
    assert len(set(pictures(page))) == 7  # four pictures, three error maps
    assert any("half of the noise is lost" in caption.value for caption in page.caption)  # the effect of clipping


def test_the_level_changes_picture_figures_and_address() -> None:
    page = open_page("denoise", models=VAE)
    before, shown = figures(page), pictures(page)
    page.slider[0].set_value(0.8).run()
    assert figures(page)[0] < before[0] - 3 and figures(page)[1] < before[1]
    assert pictures(page)[0] == shown[0] and pictures(page)[1] != shown[1]
    assert of_address(page, "level") == "0.8"


def test_a_link_shows_the_same_pictures_and_another_seed_others() -> None:
    link = {"models": VAE, "corrupt": "salt-and-pepper", "level": "0.4", "seed": "3", "number": "17"}
    first, again, other = (
        open_page("denoise", **link),
        open_page("denoise", **link),
        open_page("denoise", **{**link, "seed": "4"}),
    )
    assert first.slider[0].value == 0.4 and first.selectbox[0].value == "salt-and-pepper"
    assert gallery(first) == gallery(again) != gallery(other)
    assert pictures(first)[0] == pictures(other)[0]


def test_an_address_that_is_late_does_not_turn_the_slider_back_but_going_back_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = open_page("denoise", models=VAE, level="0.2")
    page.slider[0].set_value(0.7).run()
    page.query_params["level"] = "0.2"  # from a script run that the browser requested before it heard of 0.7
    page.run()
    assert page.slider[0].value == 0.7 and of_address(page, "level") == "0.7"
    monkeypatch.setattr("pages.common.query_params.ECHO_SECONDS", 0.0)
    page.query_params["level"] = "0.2"  # the user, later
    page.run()
    assert page.slider[0].value == 0.2


def test_a_corruption_has_a_level_of_its_own() -> None:
    page = open_page("denoise", models=VAE, level="0.8")
    page.selectbox[0].set_value("blur").run()
    assert page.slider[0].value == CORRUPTIONS["blur"].usual
    page.selectbox[0].set_value("low-resolution").run()
    assert sentences_of(page) == [] and of_address(page, "level") == "3"


@pytest.mark.parametrize("level", ["3", "nan", "much"])
def test_a_level_out_of_range_is_one_sentence_that_stands_until_the_slider_moves(level: str) -> None:
    page = open_page("denoise", models=VAE, level=level)
    for _ in range(2):
        assert len(sentences_of(page)) == 1 and "level" in sentences_of(page)[0]
        assert page.slider[0].value == CORRUPTIONS["gaussian"].usual and len(figures(page)) == 2
        page.run()
    page.slider[0].set_value(0.5).run()
    assert sentences_of(page) == []


def test_grey_images_have_no_colours_to_lose() -> None:
    page = open_page("denoise", models=VAE)
    assert "greyscale" not in page.selectbox[0].options and "gaussian" in page.selectbox[0].options
    assert sentences_of(open_page("denoise", models=VAE, corrupt="greyscale")) == []


@pytest.mark.parametrize(("shade", "words"), [(0, "near black"), (255, "near white"), (128, "as much above as below")])
def test_the_effect_of_clipping_is_described_as_measured(shade: int, words: str) -> None:
    images = np.full((1, 1, 28, 28), shade, dtype=np.uint8)
    level = 0.05 if shade == 128 else 0.3
    assert words in damaging.clipping_text(damaging.damage_images(images, "gaussian", level, 0))


def test_an_ambiguous_colour_is_explained_by_the_figures_of_the_answer() -> None:
    assert "So does this model's answer: 21.0 dB" in explain_answer([20.5, 21.0, 19.0, 18.2])
    assert "chose a side here: 27.7 dB" in explain_answer([27.7, 24.0, 18.0, 17.7])


@pytest.mark.parametrize("gone", ["gone-model", "../../etc"])
def test_a_model_that_is_gone_is_one_sentence_and_the_others_stay(gone: str) -> None:
    page = open_page("denoise", models=f"{gone},{VAE}")
    assert len(sentences_of(page)) == 1 and len(figures(page)) == 2
    assert of_address(page, "models") == VAE


def test_a_colour_model_and_a_grey_one_do_not_go_together(runs: Path) -> None:
    coloured = tiny_run(runs, dataset="coloured-mnist-sample", corruption="masking", level=0.3)
    page = open_page("denoise", models=f"{VAE},{coloured.id}", corrupt="masking")
    assert len(sentences_of(page)) == 1 and "colour images of 28 x 28 pixels" in sentences_of(page)[0]
    assert len(figures(page)) == 2
    alone = open_page("denoise", models=coloured.id, corrupt="masking")
    assert sentences_of(alone) == [] and "masking 0.3" in gallery(alone)


def test_images_that_are_damaged_already_get_no_damage_and_no_figures() -> None:
    page = open_page("denoise", models=PLAIN, damaged="true")
    assert sentences_of(page) == [] and not page.slider
    assert figures(page) == [] and "Error map" not in gallery(page) and len(pictures(page)) == 3
    assert any("no error map and no figures" in caption.value for caption in page.caption)
    assert pictures(page)[0] == pictures(open_page("denoise", models=VAE))[0]


def test_eight_in_a_row_and_no_model() -> None:
    page = open_page("denoise", models=VAE, picture="Eight in a row", number="998")
    assert sentences_of(page) == [] and 'class="tiles rows"' in gallery(page)
    page.multiselect[0].set_value([]).run()
    assert sentences_of(page) == ["Choose at least one model, in the panel on the left."]


def test_baselines_follow_tuned_and_the_page_says_which_method_is_best_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr("vae_core.evaluation.restoration.TUNING_IMAGES", 8)
    page = open_page("denoise", models=VAE, level="0.1")
    assert len(figures(page)) == 2  # not waited for
    wait_until(lambda: bool(page.session_state[SLOT].done))
    page.run()
    galleries = [element.proto.body for element in page.get("html") if "Non-local means, toned" in element.proto.body]
    assert len(galleries) == 1 and galleries[0].count("<figure>") == 2 * len(BASELINES)
    words = " ".join(element.value for element in page.markdown)
    assert "Here a simple baseline wins" in words and "what does not fit through its bottleneck is lost" in words


def test_the_watermark_view_has_a_divider_and_refuses_other_models(runs: Path) -> None:
    run = tiny_run(runs, corruption="watermark", level="0.4:1")
    page = open_page("denoise", task="Watermark", models=run.id)
    assert sentences_of(page) == []
    assert "opacity" in page.slider[0].label and len(figures(page)) == 2
    assert len(page.get("bidi_component")) == 1
    wrong = open_page("denoise", task="Watermark", models=VAE)
    assert len(sentences_of(wrong)) == 1 and "was not trained on watermark" in sentences_of(wrong)[0]


def test_the_colour_view_shows_true_colours_baselines_and_an_ambiguous_case(runs: Path) -> None:
    run = tiny_run(runs, dataset="coloured-mnist-sample", corruption="greyscale", likelihood="gaussian")
    page = open_page("denoise", task="Colour", models=run.id)
    assert sentences_of(page) == []
    for words in ("True colours", "Mean colour", "knows the true class"):
        assert words in gallery(page)
    grey, model, mean, of_class = figures(page)
    assert grey < of_class and mean < of_class and model < of_class  # one step has learnt nothing
    assert any("An image with no single answer" in element.value for element in page.markdown)
    possible = next(element.proto.body for element in page.get("html") if "Possible colour 4" in element.proto.body)
    assert len(set(re.findall(r'src="([^"]+)"', possible))) == 6
    given = open_page("denoise", task="Colour", models=run.id, damaged="true")
    assert sentences_of(given) == [] and len(given.get("bidi_component")) == 1


def test_train_opens_with_the_corruption_and_the_configuration_of_the_model() -> None:
    page = open_page("denoise", models=VAE, corrupt="masking", level="0.45")
    link = next(element for element in page.get("page_link") if element.proto.label == "Train a better one")
    query = dict(part.split("=", 1) for part in link.proto.query_string.split("&"))
    assert query["corruption"] == "masking" and query["level"] == "0.45" and query["latent"] == "20"
    train = open_app()
    for name, value in query.items():
        train.query_params[name] = value.replace("%2C", ",")
    train.switch_page("train/page.py").run()
    assert not train.exception and not train.error
    assert train.session_state["latent"] == 20 and train.session_state["level"] == "0.45"
    back = train.switch_page("denoise/page.py").run()  # the two pages name their settings differently
    assert sentences_of(back) == []


def test_train_opens_with_the_levels_that_a_denoiser_was_trained_on() -> None:
    """Its own corruptions and their range, the preset of its kind, and the sample if the full dataset is missing."""
    model = open_model("mnist-denoiser")
    query = train_query(model, "gaussian", 0.3)
    assert query["preset"] in PRESETS and query["preset"] == "Denoising autoencoder"
    assert (query["corruption"], query["level"]) == ("gaussian,salt-and-pepper", "0.1:0.6")
    here = {row.name for row in catalogue.describe() if row.is_here}
    assert query["dataset"] == ("mnist" if "mnist" in here else "mnist-sample")
    assert (train_query(model, "masking", 0.45)["corruption"], train_query(model, "masking", 0.45)["level"]) == (
        "masking",
        "0.45",
    )


def test_load_curves_are_drawn_with_the_levels_where_a_baseline_wins(runs: Path) -> None:
    run = tiny_run(runs, corruption="masking", level=0.2)
    trained, data = load_trained(run), load_dataset("mnist-sample")
    points = [point(0.05, 12.0, 13.0, 15.0), point(0.5, 11.0, 13.0, 9.0)]
    save_curve(run, trained, restoration_data(data, trained, 1000), "masking", points)
    page = open_page("denoise", task="Against level", models=run.id, corrupt="masking")
    assert sentences_of(page) == [] and len(page.get("vega_lite_chart")) == 2
    words = " ".join(element.value.replace("\\", "") for element in page.markdown)
    assert words.startswith("A simple baseline beats **") and (
        "at 0.05, most clearly at 0.05: Median, toned reaches 15.0 dB, the model 12.0 dB" in words
    )


def test_a_view_keeps_its_name_in_the_url_whatever_its_label_says() -> None:
    page = open_page("denoise", models=VAE)
    assert "task" not in page.query_params
    views = page.segmented_control(key="task")
    assert views.value == "Restore" and "Against level" not in views.options
    views.set_value("Against level").run()
    assert sentences_of(page) == [] and of_address(page, "task") == "Against level"
    page.segmented_control(key="task").set_value("Restore").run()
    assert sentences_of(page) == [] and "task" not in page.query_params
    wrong = open_page("denoise", models=VAE, task="Nonsense")
    assert ["There is no view" in element.value.replace("\\", "") for element in wrong.info] == [True]
    assert wrong.segmented_control(key="task").value == "Restore"


def test_why_a_baseline_wins_depends_on_the_reconstruction_of_undamaged_pictures() -> None:
    narrow, unseen, ahead_of = point(0.1, 12.0, 13.0, 15.0), point(0.6, 8.0, 13.0, 9.0), point(0.3, 12.0, 13.0, 9.0)
    assert where_baselines_win("m", [ahead_of]) == "**m** is ahead of every baseline at every measured level."
    assert "designed for noise" in where_baselines_win("m", [ahead_of], "blur")
    assert "designed" not in where_baselines_win("m", [ahead_of], "gaussian")
    assert "are unlike those that m was trained on" in where_baselines_win("m", [narrow], usual=20.0)
    assert "bottleneck is lost" in where_baselines_win(
        "m", [narrow, ahead_of]
    ) and "not trained" not in where_baselines_win("m", [narrow])
    both = where_baselines_win("m", [narrow, unseen]).replace("\\", "")
    assert "beats **m** at 0.1," in both and "beats **m** at 0.6," in both
    assert "was not trained for this damage" in both


def test_a_colouriser_is_compared_with_baselines_without_a_network() -> None:
    baselines = {"mean-colour": Quality(21.0, 0.8), "class-mean-colour": Quality(27.0, 0.9)}
    for psnr, words in ((28.5, "1.5 dB ahead of"), (26.0, "1.0 dB behind")):
        measured_point = Point(0.0, Quality(20.0, 0.7), Quality(psnr, 0.9), Quality(30.0, 0.9), baselines)
        assert f"{words} the mean colour of the true class" in lead_text("m", measured_point)


def measured(runs: Path, **values: Any) -> tuple[AppTest, Run, Job]:
    """The page with a run's curves after a click on Measure, the run, and the job."""
    run = tiny_run(runs, dataset="coloured-mnist-sample", corruption="greyscale", likelihood="gaussian", **values)
    page = open_page("denoise", task="Against level", models=run.id, corrupt="greyscale")
    assert sentences_of(page) == []
    page.button(key="measure").click().run()
    job = runner().get(("curve", "greyscale", str(run.folder)))
    assert job is not None
    return page, run, job


def test_a_curve_is_measured_by_the_command_and_drawn_when_it_is_there(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "IMAGES", 20)
    page, run, job = measured(runs)
    assert job.wait(60) and job.state == "done", job.error
    page.run()
    assert sentences_of(page) == [] and page.button(key="measure").disabled
    assert len(kept(run, "greyscale", 20)) == 1 and len(page.dataframe) == 1
    assert any("Measured, and kept with the runs." in caption.value for caption in page.caption)


def test_a_measurement_can_be_cancelled_and_started_again(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "cli_command", lambda *words: [sys.executable, "-c", "import time; time.sleep(60)"])
    page, _, job = measured(runs)
    assert page.button(key="measure").disabled
    page.button(key="curves-cancel").click().run()
    assert job.state == "cancelled" and sentences_of(page) == []
    assert not page.button(key="measure").disabled and "curves-cancel" not in [button.key for button in page.button]


def test_a_failed_measurement_is_one_sentence(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.dumps({"error": "CheckpointCorrupt", "message": "model.safetensors was cut short or changed."})
    monkeypatch.setattr(curves, "cli_command", lambda *words: [sys.executable, "-c", f"print({record!r})"])
    page, _, job = measured(runs)
    assert job.wait(60)
    assert sentences_of(page.run()) == ["model.safetensors was cut short or changed."]


def test_curves_of_models_of_two_datasets_use_the_images_of_the_first(runs: Path) -> None:
    first, other = tiny_run(runs, corruption="masking", level=0.2), tiny_run(runs, dataset="fashion-mnist-sample")
    trained, data = load_trained(other), load_dataset("mnist-sample")
    save_curve(other, trained, restoration_data(data, trained, 1000), "masking", [point(0.5, 11.0, 13.0, 9.0)])
    known = curves.known_curves([open_model(first.id), open_model(other.id)], "masking")
    assert [len(points) for points in known.values()] == [0, 1]


def kept(run: Run, name: str, images: int) -> list[Point]:
    trained = load_trained(run)
    return load_curve(run, trained, restoration_data(load_dataset(run.config.data.dataset), trained, images), name)


def point(level: float, model: float, clean: float, best: float) -> Point:
    """A made-up point whose best baseline is the toned median."""
    baselines = {"median": Quality(5.0, 0.1), "median-toned": Quality(best, 0.5)}
    return Point(level, Quality(6.0, 0.1), Quality(model, 0.4), Quality(clean, 0.6), baselines)


def test_the_denoiser_and_two_plain_models_are_offered() -> None:
    page = open_page("denoise")
    offered = page.multiselect[0].value
    assert offered == ["mnist-denoiser", "example-ae-2d", "example-vae-20d"]
    damaged, denoiser, *plain = figures(page)
    assert denoiser > damaged + 3 and denoiser > max(plain) + 3  # the gain from training on noise
    assert open_run(paths.SHIPPED_RUNS, offered[0]).config.data.corruption


def test_each_parameter_of_a_baseline_stands_behind_its_name() -> None:
    assert strength_text("side, in pixels", 3) == "side 3"
    assert strength_text("side and sigma, in pixels", (3, 0.45)) == "side 3, sigma 0.45"
