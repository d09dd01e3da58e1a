"""A trained model under a person's fingers: sliders, the map that decodes in the browser, a drawing, a link, a script."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Locator, Page, expect

from tests.browser import helpers
from tools.served import READY, served

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
COUNT_MESSAGES = """() => {
  window.sent = 0;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (...parts) { window.sent += 1; return send.apply(this, parts); };
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(LATENT_LAB_RUNS=str(tmp_path_factory.mktemp("runs"))) as server:
        yield f"{server.address}/generate"


def open_page(page: Page, url: str) -> None:
    helpers.open_page(page, url)
    expect(page.locator(".latent canvas.over")).to_be_visible()


def main_picture(page: Page) -> Locator:
    """The picture beside the sliders."""
    return page.locator('img[alt^="Decoded from z = ("]')


def shown(picture: Locator) -> bytes:
    """The bytes of a picture on the page."""
    address = str(picture.get_attribute("src"))
    return base64.b64decode(address.partition(",")[2])


def test_a_slider_shows_another_picture(page: Page, address: str) -> None:
    open_page(page, address)
    before = shown(main_picture(page))
    thumb = page.locator('[class*="st-key-z1"]').get_by_role("slider").first
    thumb.focus()
    for step in (1, 2, 3):  # each answered before the next: a server that lags may drop presses in between
        page.keyboard.press("ArrowRight")
        expect(page.locator(f'img[alt="Decoded from z = (0.0{step}, 0)"]')).to_be_visible()
        expect(page).to_have_url(re.compile(rf"z=0\.0{step}"))
    assert shown(main_picture(page)) != before


def test_dragging_over_the_map_morphs_without_a_request(page: Page, address: str) -> None:
    open_page(page, address)
    box = page.locator(".latent canvas.over").bounding_box()
    assert box is not None
    decoded = page.locator(".decoded canvas")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.evaluate(COUNT_MESSAGES)
    began = time.monotonic()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    for step in range(1, 13):
        before = helpers.pixels(decoded)
        page.mouse.move(box["x"] + (0.3 + 0.03 * step) * box["width"], box["y"] + (0.5 - 0.02 * step) * box["height"])
        helpers.eventually(page, lambda before=before: helpers.pixels(decoded) != before, "another picture")
    polls = page.evaluate("() => window.sent")  # of the chip, which looks for running runs every two seconds
    assert asked == [] and polls <= 2 + (time.monotonic() - began) / 2
    page.mouse.up()


def test_a_click_on_the_map_sets_the_sliders(page: Page, address: str) -> None:
    open_page(page, address)
    box = page.locator(".latent canvas.over").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    expect(page.locator('img[alt="Decoded from z = (0, 0)"]')).to_have_count(0)
    expect(page).to_have_url(re.compile("z="))


def test_a_drawn_digit_is_reconstructed(page: Page, address: str) -> None:
    open_page(page, f"{address}?source=Draw")
    drawing = page.locator(".drawer canvas")
    expect(drawing).to_be_visible()
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=12)
    page.mouse.up()
    pair = page.locator('img[alt^="The image and its reconstruction"]')
    expect(pair).to_be_visible()
    picture = np.asarray(Image.open(io.BytesIO(shown(pair))).convert("L"), dtype=float)
    left, right = picture[:, : picture.shape[1] // 2], picture[:, picture.shape[1] // 2 :]
    assert left.max() > 200 and right.max() > 100  # the stroke, and a digit made of it
    middle = right[:, int(0.4 * right.shape[1]) : int(0.6 * right.shape[1])]
    assert middle.mean() > 1.5 * right.mean()  # an upright stroke comes back as one


def test_an_upload_that_is_no_picture_is_one_sentence_and_a_picture_goes_through(
    page: Page, address: str, tmp_path: Path
) -> None:
    open_page(page, f"{address}?source=Upload")
    hostile, good = tmp_path / "evil.png", tmp_path / "good.png"
    hostile.write_bytes(b"<html><script>alert(1)</script></html>")
    Image.new("RGB", (60, 40), (250, 90, 60)).save(good)
    page.locator('input[type="file"]').set_input_files(hostile)
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    assert page.get_by_test_id("stException").count() == 0
    page.locator('input[type="file"]').set_input_files(good)
    expect(page.locator('img[alt^="The image and its reconstruction"]')).to_be_visible()
    expect(page.get_by_text("luma")).to_be_visible()


def test_a_link_shows_the_same_picture(page: Page, address: str) -> None:
    open_page(page, f"{address}?trained=example-vae-2d&z=1.2,-0.4")
    expect(page.locator('img[alt="Decoded from z = (1.2, -0.4)"]')).to_be_visible()
    first, url = shown(main_picture(page)), page.url
    assert "trained=example-vae-2d" in url
    page.goto("about:blank")
    open_page(page, url)
    expect(page.locator('img[alt="Decoded from z = (1.2, -0.4)"]')).to_be_visible()
    assert shown(main_picture(page)) == first


def test_back_shows_the_code_before_and_leads_out_of_the_page(page: Page, address: str) -> None:
    open_page(page, f"{address}?trained=example-vae-2d")
    captions = []
    for _ in range(2):
        before = main_picture(page).get_attribute("alt")
        page.locator(".st-key-random button").first.click()
        expect(page.locator(f'img[alt="{before}"]')).to_have_count(0)
        captions.append(main_picture(page).get_attribute("alt"))
    page.go_back()
    expect(page.locator(f'img[alt="{captions[0]}"]')).to_be_visible()
    page.go_back()
    expect(page.locator('img[alt="Decoded from z = (0, 0)"]')).to_be_visible()


def test_a_direction_is_added_and_the_picture_follows(page: Page, address: str) -> None:
    open_page(page, f"{address}?view=Directions&add=0")
    moved = page.locator('img[alt^="z + "]')
    expect(moved).to_be_visible()
    before = shown(moved)
    page.locator(".st-key-strength").get_by_role("slider").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.locator('img[alt="z + 1 × direction"]')).to_be_visible()
    assert shown(moved) != before


def test_the_script_is_taken_away_and_runs(page: Page, address: str, tmp_path: Path) -> None:
    open_page(page, f"{address}?trained=example-vae-2d&view=Take%20away")
    for name in ("Weights", "Python script"):
        page.wait_for_selector(READY)
        with page.expect_download() as download:
            page.get_by_role("button", name=name).first.click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    assert not zipfile.is_zipfile(tmp_path / "example-vae-2d.safetensors")
    done = subprocess.run([sys.executable, "generate.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    picture = np.asarray(Image.open(tmp_path / "grid.png"))
    assert picture.max() > 200 and picture.std() > 20


def test_the_address_carries_the_axes_of_the_map(page: Page, address: str) -> None:
    open_page(page, f"{address}?trained=example-vae-20d")
    names = [page.locator(f".st-key-{key} input") for key in ("map_x", "map_y")]
    first = [name.input_value() for name in names]
    open_page(page, f"{address}?trained=example-vae-20d&map_x={first[1]}&map_y={first[0]}")
    for name, value in zip(names, reversed(first), strict=True):
        expect(name).to_have_value(value)
