"""The Denoise page in a browser: the level moves pictures and figures; an upload, the divider, a measurement, downloads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Locator, Page, expect

from tests.browser.helpers import open_page
from tools.served import served
from vae_core.config import make_config
from vae_core.storage.runs import create_run
from vae_core.training.driver import Driver

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
TINY: dict[str, Any] = {"model": "ae", "limit": 64, "epochs": 1, "hidden": "8"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address, with a tiny watermark remover and a tiny colouriser beside the shipped models."""
    runs = tmp_path_factory.mktemp("runs")
    marks = make_config(corruption="watermark", level="0.4:1", **TINY)
    colours = make_config(dataset="coloured-mnist-sample", corruption="greyscale", likelihood="gaussian", **TINY)
    for config, name in ((marks, "marks"), (colours, "colours")):
        Driver(create_run(runs, config, name=name)).drive()
    with served(LATENT_LAB_RUNS=str(runs)) as server:
        yield f"{server.address}/denoise"


def picture(page: Page, name: str) -> Locator:
    """The picture with that name; its alternative text also contains its figures."""
    return page.locator(f'.tiles img[alt^="{name}"]').first


def source_of(page: Page, name: str) -> str:
    return str(picture(page, name).get_attribute("src"))


def test_the_level_moves_pictures_and_figures(page: Page, address: str) -> None:
    open_page(page, f"{address}?models=example-vae-20d,example-ae-2d")
    expect(picture(page, "Damaged: PSNR")).to_be_visible()
    names = ("Original", "Damaged", "VAE, 20 latents", "AE, 2 latents", "Error map of VAE")
    before = {name: source_of(page, name) for name in names}
    words = str(picture(page, "Damaged").get_attribute("alt"))
    page.locator('[class*="st-key-level"]').get_by_role("slider").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"level=0\.5(&|$)"))
    expect(picture(page, words)).to_have_count(0)
    assert source_of(page, "Original") == before["Original"]
    assert all(source_of(page, name) != before[name] for name in names[1:])
    # the baselines follow, and leave the models' pictures unchanged
    restored = source_of(page, "VAE, 20 latents")
    expect(picture(page, "Non-local means, toned: PSNR")).to_be_visible()
    expect(page.get_by_text("Tuning the baselines")).to_have_count(0)
    assert source_of(page, "VAE, 20 latents") == restored
    expect(page.get_by_text(re.compile("ahead of"))).to_be_visible()


def test_an_upload_is_restored_and_a_file_that_is_no_image_is_one_sentence(
    page: Page, address: str, tmp_path: Path
) -> None:
    hostile, good = tmp_path / "evil.png", tmp_path / "good.png"
    hostile.write_bytes(b"<html><script>alert(1)</script></html>")
    own = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    ImageDraw.Draw(own).line((10, 5, 50, 35), fill=(250, 90, 60, 255), width=6)
    own.save(good)
    open_page(page, f"{address}?models=example-vae-20d&picture=Upload")
    page.locator('input[type="file"]').set_input_files(hostile)
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    assert page.get_by_test_id("stException").count() == 0 and page.locator(".tiles").count() == 0
    page.locator('input[type="file"]').set_input_files(good)
    expect(picture(page, "VAE, 20 latents")).to_be_visible()
    expect(page.get_by_text("transparent parts became black")).to_be_visible()
    expect(page.get_by_text("luma")).to_be_visible()
    page.get_by_text("It is damaged already").click()
    expect(picture(page, "As given")).to_be_visible()
    expect(page.locator('.tiles img[alt*="PSNR"]')).to_have_count(0)


def test_the_divider_is_dragged_between_watermarked_and_restored(page: Page, address: str) -> None:
    open_page(page, f"{address}?task=Watermark")
    handle = page.locator(".divider .handle")
    expect(handle).to_have_attribute("aria-valuenow", "50")
    before = page.locator(".divider .before").get_attribute("src")
    box = page.locator(".divider .frame").bounding_box()
    assert box is not None and box["width"] == pytest.approx(400, abs=60)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], middle, steps=5)
    page.mouse.up()
    expect(handle).to_have_attribute("aria-valuenow", "20")
    page.locator('[class*="st-key-level"]').get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".divider .before")).not_to_have_attribute("src", str(before))
    expect(handle).to_have_attribute("aria-valuenow", "20")  # where the user left it


def test_colours_are_measured_in_the_background_and_pictures_downloaded(
    page: Page, address: str, tmp_path: Path
) -> None:
    open_page(page, f"{address}?task=Colour")
    for name in ("True colours", "Mean colour", "Possible colour 1"):
        expect(picture(page, name)).to_be_visible()
    page.locator(".st-key-measure button").first.click()
    expect(page.get_by_text("Measured, and kept with the runs.")).to_be_visible(timeout=120_000)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    page.get_by_role("button", name="Download").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="All, side by side").first.click()
    download.value.save_as(tmp_path / "all.png")
    with Image.open(tmp_path / "all.png") as sheet:
        assert sheet.height == 28 * 4 and sheet.width > 5 * 28 * 4
