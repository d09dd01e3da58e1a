"""Uploads on Denoise that are unlike the models' training images."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pages.common.opened_model import open_model
from pages.denoise import background
from pages.denoise import damaged_images as damaging
from pages.denoise.baselines import SLOT
from tests.pages.denoise_page import VAE, figures, sentences_of
from tests.pages.opened import open_page, wait_until
from vae_core.data.batches import to_float
from vae_core.data.datasets import load_dataset
from vae_core.evaluation.restoration import psnr, restore

pytestmark = pytest.mark.usefixtures("no_baselines")


def black_digit() -> bytes:
    """A test image in black on white, like a scan."""
    content = io.BytesIO()
    Image.fromarray(np.invert(load_dataset("mnist-sample").test_images[0, 0].numpy())).save(content, "PNG")
    return content.getvalue()


def test_an_upload_that_looks_inverted_is_noticed_and_inverted() -> None:
    """Fault 10: black on white is unlike the model's training images, and the page offers to invert it."""
    page = open_page("denoise", models="mnist-denoiser", picture="Upload")
    page.file_uploader[0].upload("digit.png", black_digit(), "image/png").run()
    assert sentences_of(page) == []
    assert [warning.value for warning in page.warning] == [
        "This picture looks inverted: the model's training images have light and dark the other way round. "
        "Turn *Invert* on to swap them."
    ]
    before = figures(page)
    page.toggle(key="invert").set_value(True).run()
    assert sentences_of(page) == [] and not page.warning
    assert "Its light and dark were swapped\\." in [caption.value for caption in page.caption]
    assert figures(page)[1] > before[1] + 8


def test_a_baseline_that_wins_on_an_unlike_picture_is_not_explained_by_the_bottleneck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fault 10."""
    monkeypatch.setattr(background, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr("vae_core.evaluation.restoration.TUNING_IMAGES", 8)
    page = open_page("denoise", models="mnist-denoiser", picture="Upload", level="0.1")
    page.file_uploader[0].upload("digit.png", black_digit(), "image/png").run()
    wait_until(lambda: bool(page.session_state[SLOT].done))
    page.run()
    words = " ".join(element.value for element in page.markdown)
    assert "Here a simple baseline wins" in words and "bottleneck" not in words
    assert "These pictures are unlike those that" in words and "95% of its own test images at" in words


def test_the_usual_bound_is_what_nearly_all_test_images_reach() -> None:
    model = open_model(VAE)
    images = to_float(model.images[: damaging.USUAL_IMAGES])
    reached = psnr(restore(model.trained, images), images) >= damaging.usual_reconstruction_psnr(model)
    assert 0.94 <= reached.double().mean() <= 0.96
