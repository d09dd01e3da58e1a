"""A comparison in a browser: a sweep that fills the page, maps that all columns follow, one slider for all."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect

from tests.browser.helpers import eventually, open_page, pixels
from tools.served import READY, Server
from vae_core.storage.runs import list_runs

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
TINY = "sweep_limit=400&sweep_epochs=2&sweep_latent=4&sweep_hidden_mlp=32&values=1&values=8&values=64&seeds=0"
"""A sweep in the URL: three betas, one seed."""
TITLES = ("beta 1", "beta 8", "beta 64")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(LATENT_LAB_RUNS=str(tmp_path_factory.mktemp("runs")))
    started.start()
    yield started
    started.end()


@pytest.fixture(scope="module")
def swept() -> dict[str, str]:
    """The URL of the finished sweep, as the first test leaves it."""
    return {}


def decoded(page: Page) -> list[bytes]:
    """The pictures decoded from the same z, one per column."""
    pictures = page.locator('img[alt*="Decoded from the same z"]')
    expect(pictures).to_have_count(3)
    return [base64.b64decode(str(picture.get_attribute("src")).partition(",")[2]) for picture in pictures.all()]


def test_a_sweep_of_three_betas_fills_the_page(page: Page, server: Server, swept: dict[str, str]) -> None:
    open_page(page, f"{server.address}/compare?{TINY}&show=Films")
    expect(page.get_by_text(re.compile(r"^3 runs, about"))).to_be_visible()
    page.locator(".st-key-sweep button").click()
    for title in TITLES:
        expect(page.locator(".columns h4", has_text=re.compile(f"^{title}$"))).to_be_visible()
    expect(page.get_by_text("From beta 1 to 64 the rate falls")).to_be_visible()
    expect(page.locator(".st-key-sweep-progress")).to_have_count(0)
    runs = list_runs(Path(server.environment["LATENT_LAB_RUNS"]))[0]
    assert sorted((run.config.objective.beta, run.state()) for run in runs) == [(1, "done"), (8, "done"), (64, "done")]
    assert all(run.id in page.url for run in runs)
    expect(page.locator(".columns .player")).to_be_visible()
    swept["address"] = page.url


def test_the_films_of_the_shipped_sweep_show_their_pictures(page: Page, server: Server) -> None:
    open_page(page, f"{server.address}/compare?show=Films")
    rows = page.locator('.columns canvas[aria-label*="inputs above reconstructions"]')
    expect(rows.first).to_be_visible()
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(v => v > 0)"
    page.wait_for_function(f"canvas => ({drawn})(canvas)", arg=rows.first.element_handle())


def test_the_films_move_together(page: Page, swept: dict[str, str]) -> None:
    open_page(page, swept["address"])
    scrub = page.locator(".columns .scrub")
    expect(scrub).to_be_visible()
    maps = page.locator(".columns .map canvas")
    expect(maps.first).to_have_attribute("aria-label", re.compile("at step 8$"))
    before = [pixels(canvas) for canvas in maps.all()]
    scrub.evaluate("input => { input.value = 0; input.dispatchEvent(new Event('input')) }")
    for canvas in maps.all():
        expect(canvas).to_have_attribute("aria-label", re.compile("at step 0$"))
    after = [pixels(canvas) for canvas in maps.all()]
    assert len(before) == 3 and all(old != new for old, new in zip(before, after, strict=True))


def test_all_columns_follow_a_picked_image_and_a_slider(page: Page, swept: dict[str, str]) -> None:
    open_page(page, swept["address"].replace("show=Films", "show=Pictures"))
    words = page.locator(".columns .words")
    expect(words).to_have_text(["test image 0: 3"] * 3)
    first = page.locator(".columns .map").first
    first.scroll_into_view_if_needed()
    box = first.bounding_box()
    assert box is not None
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):  # until it is over another image's code
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"])
        page.wait_for_timeout(200)
        if words.first.inner_text() != "test image 0: 3":
            break
    expect(words.first).not_to_have_text("test image 0: 3")
    eventually(page, lambda: len(set(words.all_inner_texts())) == 1, "all columns")
    pointed_at = words.first.inner_text()
    page.mouse.down()
    page.mouse.up()
    number = re.findall(r"\d+", pointed_at)[0]
    expect(page).to_have_url(re.compile(rf"[?&]image={number}(&|$)"))
    before = decoded(page)
    page.locator('[class*="st-key-z"]').get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator('img[alt*="the same z"][alt*="0.01"]')).to_have_count(3)
    assert decoded(page)[0] != before[0]
    page.reload()
    page.wait_for_selector(READY)
    expect(page.locator('img[alt*="the same z"][alt*="0.01"]')).to_have_count(3)
    expect(words).to_have_text([pointed_at] * 3)


def test_a_code_under_the_pointer_is_decoded_by_all(page: Page, swept: dict[str, str]) -> None:
    address = swept["address"].replace("show=Films", "show=Pictures")
    open_page(page, f"{address}&pick=a+code+z")
    words = page.locator(".columns .words")
    expect(words).to_have_text(["decoded at z"] * 3)
    pictures = page.locator(".columns .pair canvas:visible")
    expect(pictures).to_have_count(3)
    before = pixels(pictures.first)
    box = page.locator(".columns .map").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.3 * box["height"])
    expect(words).to_have_text(["decoded here"] * 3)
    eventually(page, lambda: pixels(pictures.first) != before, "another picture")
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"[?&]z="))
