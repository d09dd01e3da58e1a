"""The stage in a real browser: what it shows, that films play without the server, that it rests."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, expect

from tests.browser.helpers import COUNT_FRAMES, comes_to_rest, eventually, pixels
from tools.served import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NOTE_STEPS = """(stage) => {
  window.steps = []
  const root = stage.getRootNode()
  const where = root.querySelector(".where"), play = root.querySelector(".play")
  const note = () => window.steps.push(`${play.getAttribute('aria-label')}: ${where.textContent}`)
  new MutationObserver(note).observe(where, { childList: true, characterData: true, subtree: true })
  new MutationObserver(note).observe(play, { attributes: true, attributeFilter: ['aria-label'] })
}"""
"""Notes what the button says and which step is shown, whenever one of them changes: a film may end before one looks."""
MAP, PICTURES = ".map canvas", ".rows canvas"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page of `apps/stage_app.py`, served by a Streamlit of its own."""
    with served("tests/browser/apps/stage_app.py") as server:
        yield server.address


def open_stage(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/?{query}")
    expect(page.locator(MAP)).to_have_attribute("aria-label", _containing("held-out images"))


def _containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def test_a_film_says_what_it_shows_and_shows_names_literally(page: Page, address: str) -> None:
    open_stage(page, address)
    label = page.locator(MAP).get_attribute("aria-label")
    assert label is not None
    assert "A run: latent map of 300 held-out images over z1 and z2" in label
    assert "step 110" in label and "loss (held-out part) 156.0 nats" in label
    expect(page.locator(".badge")).to_have_text("recorded <i>")
    expect(page.locator(".legend button").nth(5)).to_have_text("<b>5</b> ![x](http://127.0.0.1:9/x.png)")
    assert page.locator(".legend b, .legend img, .badge i").count() == 0
    assert "2 dimensions" in str(page.locator(".kl canvas").get_attribute("aria-label"))
    expect(page.get_by_text("no torch here")).to_be_visible()


def test_the_slider_and_the_keys_scrub(page: Page, address: str) -> None:
    open_stage(page, address)
    last = pixels(page.locator(MAP))
    page.locator(".scrub").evaluate("slider => { slider.value = 3; slider.dispatchEvent(new Event('input')) }")
    expect(page.locator(".where")).to_have_text("step 30 of 110")
    eventually(page, lambda: pixels(page.locator(MAP)) != last, "another frame")
    page.locator(".stage").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".where")).to_have_text("step 40 of 110")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".where")).to_have_text("step 20 of 110")


def test_space_plays_to_the_end_without_the_server(page: Page, address: str) -> None:
    open_stage(page, address)
    page.locator(".loop input").uncheck()
    page.locator(".speed").select_option("4")
    page.context.set_offline(True)
    page.locator(".stage").evaluate(NOTE_STEPS)
    page.locator(".stage").focus()
    page.keyboard.press("Space")
    page.wait_for_function("window.steps.length > 3 && window.steps.at(-1) === 'Play: step 110 of 110'")
    played = {step for step in page.evaluate("window.steps") if step.startswith("Pause: ")}
    assert len(played - {"Pause: step 110 of 110"}) > 2, "it began at the beginning"
    page.context.set_offline(False)


def test_it_plays_by_itself_where_asked_and_not_where_motion_is_unwelcome(browser: Browser, address: str) -> None:
    for motion, label in (("no-preference", "Pause"), ("reduce", "Play")):
        page = browser.new_page(reduced_motion=motion)  # type: ignore[arg-type]
        open_stage(page, address, "autoplay=1")
        expect(page.locator(".play")).to_have_attribute("aria-label", label)
        page.close()


def test_nothing_is_drawn_while_nothing_moves(page: Page, address: str) -> None:
    page.add_init_script(COUNT_FRAMES)
    open_stage(page, address)
    assert comes_to_rest(page)


def test_hovering_names_a_point_and_lights_a_class(page: Page, address: str) -> None:
    open_stage(page, address)
    box = page.locator(MAP).bounding_box()
    assert box is not None
    tip = page.locator(".map .tip")
    for step in range(400):  # sweeps over the middle until a point is met
        page.mouse.move(box["x"] + 60 + step * 1.2, box["y"] + box["height"] / 2)
        if tip.is_visible():
            break
    expect(tip).to_have_text(_containing("z1"))
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    shown = page.locator(MAP)
    plain = pixels(shown)
    page.locator(".legend button").nth(1).hover()
    eventually(page, lambda: pixels(shown) != plain, "one class to be lit")
    page.mouse.move(5, 5)
    eventually(page, lambda: pixels(shown) == plain, "all classes again")


def test_live_moves_to_each_new_frame(page: Page, address: str) -> None:
    open_stage(page, address, "mode=live")
    assert "step 0" in str(page.locator(MAP).get_attribute("aria-label"))
    expect(page.locator(".player")).to_be_hidden()
    first = pixels(page.locator(PICTURES))
    page.get_by_role("button", name="next").click()
    expect(page.locator(MAP)).to_have_attribute("aria-label", _containing("step 10,"))
    eventually(page, lambda: pixels(page.locator(PICTURES)) != first, "the next pictures")


def test_it_fits_a_phone_in_the_dark(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme="dark", device_scale_factor=2)
    open_stage(page, address)
    box = page.locator(".stage").bounding_box()
    assert box is not None and box["width"] <= 390
    for selector in (MAP, PICTURES, ".kl canvas", ".player"):
        part = page.locator(selector).bounding_box()
        assert part is not None and part["x"] >= 0 and part["x"] + part["width"] <= 390 and part["height"] > 30
    assert page.locator(MAP).evaluate("canvas => Math.round(canvas.width / canvas.clientWidth)") == 2
    page.close()


def test_leaving_and_coming_back(page: Page, address: str) -> None:
    open_stage(page, address)
    page.get_by_text("away").click()
    expect(page.locator(".stage")).to_have_count(0)
    page.get_by_text("away").click()
    expect(page.locator(".where")).to_have_text("step 110 of 110")


def test_a_denoising_run_shows_corrupted_restored_and_clean(page: Page, address: str) -> None:
    open_stage(page, address)
    two = page.locator(PICTURES).bounding_box()
    expect(page.locator(PICTURES)).to_have_attribute("aria-label", _containing("input above reconstruction"))
    open_stage(page, address, "denoising")
    expect(page.locator(PICTURES)).to_have_attribute("aria-label", _containing("corrupted above restored above clean"))
    three = page.locator(PICTURES).bounding_box()
    assert two and three and three["height"] > 0
    bright = "canvas => canvas.getContext('2d').getImageData(8, 22, 1, 1).data[0]"
    eventually(page, lambda: page.locator(PICTURES).evaluate(bright) > 200, "the pictures")
