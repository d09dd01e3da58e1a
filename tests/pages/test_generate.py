"""The Generate page: sliders and the picture, the address, models that are gone or damaged, every view."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.common.session import RECORDED
from pages.generate.explore import in_short
from tests.evaluation.untrained import saved, untrained
from tests.pages.opened import open_page
from vae_core.data.datasets import load_dataset
from vae_core.storage import paths

VIEWS = ("An image", "Directions", "Walks", "Take away")


def z_sliders(page: AppTest) -> dict[str, float]:
    return {slider.key.split("@")[0]: slider.value for slider in page.slider if "@" in (slider.key or "")}


def caption_of_picture(page: AppTest) -> str:
    return next(caption.value for caption in page.caption if caption.value.startswith("Decoded from z")).replace(
        "\\", ""
    )


def test_a_shipped_model_is_there_at_once() -> None:
    page = open_page("generate")
    assert not page.exception and not page.error
    assert z_sliders(page) == {"z1": 0.0, "z2": 0.0}
    assert caption_of_picture(page) == "Decoded from z = (0, 0)"


def test_a_slider_moves_the_picture_and_the_address() -> None:
    page = open_page("generate")
    next(slider for slider in page.slider if (slider.key or "").startswith("z1@")).set_value(1.5).run()
    assert caption_of_picture(page) == "Decoded from z = (1.5, 0)"
    assert "1.5,0" in page.query_params["z"]


def test_a_link_shows_the_same_code() -> None:
    page = open_page("generate", trained=RECORDED, z="1.2,-0.4")
    assert z_sliders(page) == {"z1": 1.2, "z2": -0.4}


def test_an_address_that_is_late_does_not_turn_the_sliders_back() -> None:
    """The browser asks for a run of the page before it heard what the one before put into the address."""
    page = open_page("generate", trained=RECORDED)
    for value, late in ((0.1, None), (0.2, None), (0.3, "0.1,0")):
        next(slider for slider in page.slider if (slider.key or "").startswith("z1@")).set_value(value)
        page.query_params.pop("z", None)
        if late is not None:
            page.query_params["z"] = late
        page.run()
        assert z_sliders(page) == {"z1": value, "z2": 0.0} and f"{value:g},0" in page.query_params["z"]


def test_going_back_at_once_leads_to_the_code_before_and_forward_again() -> None:
    page = open_page("generate", trained=RECORDED)
    page.button(key="random").click().run()
    code = z_sliders(page)
    first = ",".join(f"{code[name]:g}" for name in ("z1", "z2"))
    page.button(key="random").click().run()
    assert z_sliders(page) != code
    for z, shown in ((first, code), (None, {"z1": 0.0, "z2": 0.0}), (first, code)):
        page.query_params.pop("z", None)
        if z is not None:
            page.query_params["z"] = z
        page.run()
        assert z_sliders(page) == shown


@pytest.mark.parametrize("z", ["1", "1,2,3", "nan,0", "inf,0", "a,b", ""])
def test_a_code_of_the_wrong_kind_is_one_sentence(z: str) -> None:
    page = open_page("generate", trained=RECORDED, z=z)
    assert not page.exception
    assert len(page.error) == 1 and "not a list of 2 finite numbers" in page.error[0].value
    assert z_sliders(page) == {"z1": 0.0, "z2": 0.0}


@pytest.mark.parametrize("name", ["gone-model", "../../etc", "<b>x</b>"])
def test_a_model_that_is_gone_is_one_sentence_and_another_is_shown(name: str) -> None:
    page = open_page("generate", trained=name)
    assert not page.exception and not page.error
    (said,) = [info.value.replace("\\", "") for info in page.info]
    assert said.startswith(f"There is no model {name!r} here; shown instead: VAE, 2 latents")
    assert z_sliders(page) and page.query_params["trained"] == RECORDED


def test_a_damaged_model_is_one_sentence(runs: Path) -> None:
    folder = runs / "broken"
    shutil.copytree(paths.SHIPPED_RUNS / RECORDED, folder)
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    page = open_page("generate", trained="broken")
    assert not page.exception
    assert len(page.error) == 1 and "cut short or changed" in page.error[0].value
    assert page.selectbox  # another model can be chosen


def test_random_and_reset() -> None:
    page = open_page("generate")
    next(button for button in page.button if button.key == "random").click().run()
    drawn = z_sliders(page)
    assert drawn != {"z1": 0.0, "z2": 0.0}
    next(button for button in page.button if button.key == "reset").click().run()
    assert z_sliders(page) == {"z1": 0.0, "z2": 0.0}
    next(field for field in page.number_input if (field.key or "").startswith("seed@")).set_value(0).run()
    next(button for button in page.button if button.key == "random").click().run()
    assert z_sliders(page) == drawn  # the same seed, the same draw


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens(view: str) -> None:
    page = open_page("generate", view=view)
    assert not page.exception and not page.error


def test_an_upload_that_looks_inverted_is_noticed_here_as_well() -> None:
    """Fault 10."""
    content = io.BytesIO()
    Image.fromarray(np.invert(load_dataset("mnist-sample").test_images[1, 0].numpy())).save(content, "PNG")
    page = open_page("generate", trained="example-vae-20d", source="Upload")
    page.file_uploader[0].upload("digit.png", content.getvalue(), "image/png").run()
    assert not page.exception and "Turn *Invert* on" in page.warning[0].value
    next(element for element in page.toggle if element.key == "invert").set_value(True).run()
    assert not page.exception and not page.warning


def test_at_beta_0_draws_from_the_prior_are_said_to_mean_nothing(runs: Path) -> None:
    """Fault 12: beside the sliders' Random and above the random walk."""
    for beta, expected in ((0.0, 2), (1.0, 0)):
        saved(runs, f"beta-{beta:g}", untrained(beta=beta))
        page = open_page("generate", trained=f"beta-{beta:g}", view="Walks", walk="Random")
        assert not page.exception and not page.error
        said = [element.value for element in page.caption if "samples of the prior mean nothing" in element.value]
        assert len(said) == expected


@pytest.mark.parametrize("walk", ["Traversal", "Manifold", "Random", "Between two images"])
def test_every_walk_opens(walk: str) -> None:
    page = open_page("generate", view="Walks", walk=walk)
    assert not page.exception and not page.error


def test_a_direction_moves_the_picture_and_can_be_taken_over() -> None:
    page = open_page("generate", view="Directions")
    next(slider for slider in page.slider if slider.key == "strength").set_value(1.0).run()
    assert any("z \\+ 1" in caption.value for caption in page.caption)
    next(button for button in page.button if button.key == "take_direction").click().run()
    assert z_sliders(page) != {"z1": 0.0, "z2": 0.0}


def test_clicked_images_that_are_none_are_one_sentence() -> None:
    page = open_page("generate", view="Directions")
    next(field for field in page.text_input if field.key == "groups").set_value("3, x").run()
    assert not page.exception
    assert len(page.error) == 1 and "Give test images as numbers" in page.error[0].value


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ([0.0] * 20, "all 0"),
        ([0.3, 0.0], "0.3, 0"),
        ([0.0, 1.5, *[0.0] * 17, -2.0], "z20 -2, z2 1.5, the others 0"),
        ([1.0] * 20, ", ".join(f"z{number} 1" for number in range(1, 9)) + " and 12 more"),
    ],
)
def test_a_long_code_is_said_in_short(code: list[float], words: str) -> None:
    assert in_short(np.array(code)) == words
