"""The lessons in a person's hands: each is walked to, touched and answers; the KL surface follows the pointer by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Locator, Page, expect

from pages.learn.lessons import IDS, LESSONS
from tests.browser.helpers import eventually, open_page, pixels
from tools.served import READY, served

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(LATENT_LAB_RUNS=str(tmp_path_factory.mktemp("runs"))) as server:
        yield f"{server.address}/learn"


def picture(page: Page, words: str) -> Locator:
    return page.locator(f'img[alt*="{words}"]').first


def press(page: Page, key: str, name: str) -> None:
    page.locator(f".st-key-{name}").get_by_role("slider").first.press(key)


def count(page: Page, name: str, number: int) -> None:
    field = page.locator(f".st-key-{name} input").first
    field.fill(str(number))
    field.press("Enter")


def touch_bottleneck(page: Page) -> None:
    expect(page.get_by_text("2 latents", exact=True)).to_be_visible()
    before = picture(page, "autoencoder, error").get_attribute("src")
    press(page, "End", "latents")
    expect(page.get_by_text("32 latents", exact=True)).to_be_visible()
    expect(picture(page, "autoencoder, error")).not_to_have_attribute("src", str(before))


def touch_loss(page: Page) -> None:
    before = picture(page, "prediction").get_attribute("src")
    press(page, "End", "mix")
    expect(page.locator(".chart .figures")).to_have_text(re.compile("half the squared error0 nats"))
    expect(picture(page, "prediction")).not_to_have_attribute("src", str(before))


def touch_holes(page: Page) -> None:
    over = page.locator(".latent canvas.over")
    expect(over).to_have_count(2)
    for index in (0, 1):
        spot = page.locator(".latent .spot").nth(index)
        before = spot.inner_text()
        over.nth(index).hover(position={"x": 120, "y": 60})
        expect(spot).not_to_have_text(before)


def touch_reparameterisation(page: Page) -> None:
    last = page.locator("table tr").last
    before = last.inner_text()
    page.locator(".st-key-again button").first.click()
    expect(last).not_to_have_text(before)


def touch_kl(page: Page) -> None:
    page.locator(".kl-lesson .home").click()
    expect(page.locator(".kl-lesson .sum")).to_have_text("KL = 0.000 nats")


def touch_beta(page: Page) -> None:
    """The point is dragged to the other end; numbers and pictures are there before it is let go of."""
    curve, where = page.locator(".rate-lesson .curve"), page.locator(".rate-lesson .where")
    expect(where).to_have_text("β = 4")
    pictures = page.locator(".rate-lesson .pictures")
    before = pixels(pictures)
    curve.scroll_into_view_if_needed()
    box = curve.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 30)
    expect(where).to_have_text("β = 16")
    eventually(page, lambda: pixels(pictures) != before, "the pictures of beta 16")
    page.mouse.up()
    expect(page.get_by_role("link", name="Train with β = 16")).to_be_visible()
    curve.press("End")
    curve.press("Home")
    expect(where).to_have_text("β = 1")
    expect(page.locator(".rate-lesson .figures")).to_contain_text("active units")
    expect(page.get_by_role("link", name="Train with β = 1", exact=True)).to_be_visible()


def touch_collapse(page: Page) -> None:
    press(page, "End", "beta_linear")
    expect(page.locator(".chart .figures dd")).to_have_text("0")
    expect(picture(page, "best linear VAE, β = 7")).to_be_visible()


def touch_compression(page: Page) -> None:
    before = picture(page, "Through the code").get_attribute("alt")
    press(page, "End", "step")
    expect(picture(page, "Through the code")).not_to_have_attribute("alt", str(before))


def touch_known(page: Page) -> None:
    """The threshold is dragged: the shares follow before it is let go of, then the verdict of the picture."""
    grip, shares = page.locator(".chart canvas.gripped"), page.locator(".chart .figures dd")
    expect(shares.first).to_have_text("21.1%")
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    expect(shares.first).to_have_text(re.compile(r"^[89]\d\.\d%$"))
    assert "threshold=0.0200" in page.url
    page.mouse.up()
    expect(page).not_to_have_url(re.compile("threshold=0.0200"))
    press(page, "End", "threshold")
    expect(page.get_by_text("classified as known").first).to_be_visible()


def touch_neighbours(page: Page) -> None:
    before = picture(page, "Nearest in pixels").get_attribute("src")
    count(page, "image", 77)
    expect(picture(page, "Nearest in pixels")).not_to_have_attribute("src", str(before))


TOUCHES: dict[str, Callable[[Page], None]] = {
    name.removeprefix("touch_"): function for name, function in list(globals().items()) if name.startswith("touch_")
}


def test_a_walk_through_all_lessons_touches_each_and_sees_it_answer(page: Page, address: str) -> None:
    assert TOUCHES.keys() == set(IDS)
    open_page(page, address)
    for number, lesson in enumerate(LESSONS, start=1):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{number}. {lesson.title}")
        expect(page.locator(f".st-key-answer-{lesson.id}")).to_be_visible()
        page.wait_for_selector(READY)
        expect(page.get_by_text("Try it.")).to_be_in_viewport(ratio=1)
        TOUCHES[lesson.id](page)
        page.wait_for_selector(READY)
        if lesson.id != IDS[-1]:
            page.get_by_role("link", name="Next").click()
    expect(page.get_by_text(f"{len(IDS) - 1} of {len(IDS)} done")).to_be_visible()


def test_the_contents_lead_to_every_lesson_and_keep_what_is_done(page: Page, address: str) -> None:
    open_page(page, f"{address}?lesson=glossary&term=elbo&done=kl")
    contents = page.get_by_role("navigation", name="Lessons")
    expect(contents.get_by_role("link")).to_have_count(len(IDS) + 2)  # the glossary, a teacher's mode
    expect(contents.locator("[aria-current=page]")).to_have_text("Glossary")
    expect(contents.get_by_role("link", name="The KL surface, done")).to_be_visible()
    contents.get_by_text("Glossary").click()
    expect(page.locator(".st-key-term")).to_have_count(0)  # all terms, no longer one first
    contents.get_by_text("Beta").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("6. Beta")
    expect(contents.locator("[aria-current=page]")).to_have_text("6. Beta")
    assert "lesson=beta" in page.url and "done=kl" in page.url
    address_of_first = contents.get_by_role("link").first.evaluate("link => link.href")
    open_page(page, address_of_first)  # what a new tab opens
    expect(page.get_by_role("heading", level=1)).to_have_text(f"1. {LESSONS[0].title}")


def test_a_lesson_is_ticked_and_unticked_and_letters_in_a_field_go_nowhere(page: Page, address: str) -> None:
    open_page(page, f"{address}?lesson=bottleneck")
    expect(page.get_by_role("link", name="Previous")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Mark as done").click()
    expect(page.get_by_text(f"1 of {len(IDS)} done")).to_be_visible()
    page.get_by_role("link", name="Done", exact=True).click()
    expect(page.get_by_text(f"0 of {len(IDS)} done")).to_be_visible()
    page.locator(".st-key-image input").focus()
    page.keyboard.press("n")
    page.keyboard.press("p")
    page.locator(".st-key-image input").blur()
    page.keyboard.press("Control+n")
    expect(page.get_by_role("heading", level=1)).to_have_text("1. The bottleneck")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("2. Reading the loss")
    expect(page.get_by_text(f"1 of {len(IDS)} done")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("heading", level=1)).to_have_text("1. The bottleneck")


def test_the_kl_surface_follows_the_pointer_without_the_server(page: Page, address: str) -> None:
    open_page(page, f"{address}?lesson=kl")
    contour, total = page.locator(".kl-lesson .contour"), page.locator(".kl-lesson .sum")
    expect(total).to_have_text("KL = 1.377 nats")  # ½ (1.5² + 0.3 − 1 − ln 0.3)
    box = contour.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    for step in range(10):
        before = total.inner_text()
        page.mouse.move(box["x"] + (0.3 + 0.04 * step) * box["width"], box["y"] + 0.4 * box["height"])
        expect(total).not_to_have_text(before)
    page.mouse.up()
    contour.focus()
    before = total.inner_text()
    page.keyboard.press("ArrowUp")
    expect(total).not_to_have_text(before)
    page.locator(".kl-lesson .home").click()
    expect(total).to_have_text("KL = 0.000 nats")


def test_the_surface_turns_by_dragging_and_by_keys_and_its_point_stays(page: Page, address: str) -> None:
    open_page(page, f"{address}?lesson=kl")
    surface, total = page.locator(".kl-lesson .surface"), page.locator(".kl-lesson .sum")
    expect(total).to_have_text("KL = 1.377 nats")
    changed = "([canvas, before]) => canvas.toDataURL() !== before"
    drawn = surface.evaluate("canvas => canvas.toDataURL()")
    surface.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(changed, arg=[surface.element_handle(), drawn])
    drawn = surface.evaluate("canvas => canvas.toDataURL()")
    surface.hover(position={"x": 250, "y": 20})
    page.mouse.down()
    box = surface.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.up()
    page.wait_for_function(changed, arg=[surface.element_handle(), drawn])
    expect(total).to_have_text("KL = 1.377 nats")


def test_beta_is_taken_along_to_train(page: Page, address: str) -> None:
    open_page(page, f"{address}?lesson=kl")
    slider = page.locator(".kl-lesson .beta")
    expect(slider).to_be_visible()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    door = page.get_by_role("link", name=re.compile("Train with β = 2"))
    expect(door).to_be_visible()
    door.click()
    expect(page).to_have_url(re.compile(r"/train\?.*beta=2"))


def test_a_code_is_taken_along_to_generate(page: Page, address: str) -> None:
    open_page(page, f"{address}?lesson=bottleneck&latents=4")
    page.get_by_role("link", name="Open this model and code in Generate").click()
    expect(page).to_have_url(re.compile(r"/generate\?.*trained=learn-ae-4"))
    expect(page.locator('img[alt^="Decoded from z = ("]')).to_be_visible()
    assert page.locator('[data-testid="stAlert"]').count() == 0


def test_keys_go_on_and_back_and_a_teacher_sees_one_lesson_alone(page: Page, address: str) -> None:
    open_page(page, f"{address}?lesson=kl&teacher=true")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile("The KL surface"))
    expect(page.locator('[data-testid="stSidebar"]')).to_be_hidden()
    assert (
        page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    )  # all letters are a quarter larger
    expect(page.locator(".st-key-answer-kl")).to_be_visible()
    page.wait_for_selector(READY)
    page.keyboard.press("n")
    expect(heading).to_have_text(re.compile("Beta"))
    expect(page.locator(".st-key-answer-beta")).to_be_visible()
    page.wait_for_selector(READY)
    page.keyboard.press("p")
    expect(heading).to_have_text(re.compile("The KL surface"))
    expect(page.locator('[data-testid="stSidebar"]')).to_be_hidden()
    page.get_by_role("link", name="Leave").click()
    expect(page.locator('[data-testid="stSidebar"]')).to_be_visible()
