"""The divider in a real browser: dragged, clicked, moved by keys; names are literal; new pictures leave it in its place."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import FloatRect, Page, expect

from tools.served import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FRAME, HANDLE = ".divider .frame", ".divider .handle"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page of `apps/divider_app.py`, served by a Streamlit of its own."""
    with served("tests/browser/apps/divider_app.py") as server:
        yield server.address


def open_divider(page: Page, address: str) -> FloatRect:
    page.goto(address)
    expect(page.locator(HANDLE)).to_have_attribute("aria-valuenow", "50")
    box = page.locator(FRAME).bounding_box()
    assert box is not None
    return box


def share_of_black(page: Page) -> float:
    """Of the line of pixels a quarter down, clear of the grip."""
    grey = np.asarray(Image.open(io.BytesIO(page.locator(FRAME).screenshot())).convert("L"))
    return float((grey[len(grey) // 8] < 40).mean())


def test_it_is_dragged_and_shows_more_of_the_first_picture(page: Page, address: str) -> None:
    box = open_divider(page, address)
    assert box["width"] == pytest.approx(400, abs=1) and box["height"] == pytest.approx(200, abs=1)
    assert share_of_black(page) == pytest.approx(0.5, abs=0.02)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], middle, steps=6)
    expect(page.locator(HANDLE)).to_have_attribute("aria-valuenow", "80")
    page.mouse.move(box["x"] + 2 * box["width"], middle)  # past the end it stays there
    expect(page.locator(HANDLE)).to_have_attribute("aria-valuenow", "100")
    page.mouse.move(box["x"] + 0.8 * box["width"], middle)
    page.mouse.up()
    page.mouse.move(box["x"], middle)  # no longer held
    expect(page.locator(HANDLE)).to_have_attribute("aria-valuenow", "80")
    assert share_of_black(page) == pytest.approx(0.8, abs=0.02)


def test_keys_move_it_and_its_place_is_read_out(page: Page, address: str) -> None:
    open_divider(page, address)
    handle = page.locator(HANDLE)
    handle.focus()
    for key, place in (("ArrowLeft", 49), ("Shift+ArrowRight", 59), ("PageDown", 49), ("Home", 0), ("End", 100)):
        page.keyboard.press(key)
        expect(handle).to_have_attribute("aria-valuenow", str(place))
    expect(handle).to_have_attribute("aria-valuetext", "100 % <b>damaged</b>, 0 % restored")
    expect(page.locator(".names .left")).to_have_text("<b>damaged</b>")
    expect(page.get_by_role("slider", name="A <i>picture</i>: divider")).to_have_count(1)


def test_new_pictures_leave_it_where_it_is(page: Page, address: str) -> None:
    open_divider(page, address)
    page.locator(HANDLE).focus()
    page.keyboard.press("Home")
    assert share_of_black(page) < 0.02
    page.get_by_text("turn").click()
    expect(page.get_by_text("drawn again")).to_be_visible()
    page.locator(HANDLE).focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(HANDLE)).to_have_attribute("aria-valuenow", "0")
    assert share_of_black(page) > 0.95
