"""The canvas in a real browser: what is drawn is what Python gets; undo, clear, finger and keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, FloatRect, Page, expect

from tools.served import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CANVAS = ".drawer canvas"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page of `apps/canvas_app.py`, served by a Streamlit of its own."""
    with served("tests/browser/apps/canvas_app.py") as server:
        yield server.address


def open_canvas(page: Page, address: str, query: str = "") -> FloatRect:
    page.goto(f"{address}/?{query}")
    expect(page.locator(CANVAS)).to_have_attribute("aria-label", re.compile("nothing is drawn"))
    expect(page.get_by_text("nothing drawn")).to_be_visible()
    box = page.locator(CANVAS).bounding_box()
    assert box is not None
    return box


def stroke(page: Page, box: FloatRect, *places: tuple[float, float]) -> None:
    """By shares of the canvas's size."""
    for index, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if index == 0:
            page.mouse.down()
    page.mouse.up()


def told(page: Page) -> str:
    """What the page says of the picture, once there is one."""
    line = page.get_by_text(re.compile("^mean"))
    expect(line).to_be_visible()
    return line.inner_text()


def line_means(page: Page) -> list[float]:
    text = page.get_by_text(re.compile("^lines")).inner_text()
    return [float(number) for number in re.findall(r"\d+", text)]


def test_a_stroke_is_a_grey_picture(page: Page, address: str) -> None:
    box = open_canvas(page, address)
    stroke(page, box, (0.0, 0.5), (1.0, 0.5))
    told(page)
    lines = line_means(page)
    # The way is between lines 13 and 14; the brush's radius is 1.3 pixels, its edge falls linearly from 0.7 to 1.9.
    expected = [min(1.0, max(0.0, (1.9 - away) / 1.2)) for away in (0.05 + 0.1 * cell for cell in range(20))]
    assert lines[14] == pytest.approx(255 * np.mean(expected[:10]), abs=8)
    assert lines[15] == pytest.approx(255 * np.mean(expected[10:]), abs=8)
    assert lines[13] == pytest.approx(lines[14], abs=8) and sum(lines[:12]) == sum(lines[16:]) == 0


def test_nothing_is_told_before_the_stroke_ends(page: Page, address: str) -> None:
    box = open_canvas(page, address)
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 150, steps=5)
    page.wait_for_timeout(400)
    expect(page.get_by_text("nothing drawn")).to_be_visible()
    page.mouse.up()
    told(page)


def test_undo_and_clear(page: Page, address: str) -> None:
    box = open_canvas(page, address)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    stroke(page, box, (0.2, 0.3), (0.8, 0.3))
    text = told(page)
    stroke(page, box, (0.2, 0.7), (0.8, 0.7))
    expect(page.get_by_text(text)).to_be_hidden()
    two = told(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("nothing drawn")).to_be_visible()
    page.locator(CANVAS).focus()
    page.keyboard.press("Control+z")  # takes the clearing back
    expect(page.get_by_text(two)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(text)).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("nothing drawn")).to_be_visible()


def test_a_wider_brush_draws_more(page: Page, address: str) -> None:
    means = []
    for radius in ("0.5", "3"):
        box = open_canvas(page, address)
        page.get_by_label("Brush").fill(radius)
        stroke(page, box, (0.2, 0.5), (0.8, 0.5))
        means.append(float(told(page).split()[1].rstrip(",")))
    assert means[1] > 2.5 * means[0]


def test_labels_are_shown_literally_and_other_shapes_work(page: Page, address: str) -> None:
    box = open_canvas(page, address, "height=20&width=40")
    expect(page.locator(".drawer .label")).to_have_text("Draw a <b>digit</b>")
    expect(page.locator(".drawer .help")).to_have_text("White on black.")
    assert box["width"] == pytest.approx(2 * box["height"], rel=0.02)
    stroke(page, box, (0.1, 0.1), (0.9, 0.1))
    told(page)
    lines = line_means(page)
    assert len(lines) == 20 and int(np.argmax(lines)) in (1, 2)


def test_a_finger_draws_on_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 600}, has_touch=True, is_mobile=True)
    box = open_canvas(page, address)
    assert box["x"] >= 0 and box["x"] + box["width"] <= 320
    touch = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.3), ("touchMove", 0.5), ("touchMove", 0.7), ("touchEnd", None)):
        points = (
            [] if share is None else [{"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]}]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    told(page)
    assert page.evaluate("window.scrollY") == 0
    page.close()
