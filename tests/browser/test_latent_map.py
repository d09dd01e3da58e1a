"""The latent map in a real browser: its pictures are torch's, it follows pointer, finger and keys without the server."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, FloatRect, Page, expect

from pages.common.components.bundle import bundle
from tests.browser.apps.linear_model import linear
from tests.browser.helpers import COUNT_FRAMES, comes_to_rest, eventually, pixels
from tests.viz.scenes import DIGITS, digits
from tools.served import served
from vae_core.architectures import ImageShape
from vae_core.export.browser import decoder_bytes
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.build import build_model
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ModelConfig, ObjectiveConfig
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.types import Array

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OVER, POINTS, TILES, DECODED, NEAREST = ".over", ".points", ".tiles", ".decoded canvas", ".nearest canvas"
Described = tuple[str, str, int, ImageShape] | tuple[str, str, int, ImageShape, str]
"""Architecture, hidden sizes, latents, shape of the images, and the activation where it is not ReLU."""
MODELS: list[Described] = [
    ("mlp", "512,256", 2, (1, 28, 28)),
    ("mlp", "33", 20, (1, 28, 28)),
    ("mlp", "33", 20, (1, 28, 28), "tanh"),
    ("mlp", "none", 1, (3, 5, 7)),
    ("conv", "32,64", 2, (1, 28, 28)),
    ("conv", "8,16", 3, (3, 32, 32)),
    ("conv", "4,6,8", 4, (1, 13, 21)),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page of `apps/latent_map_app.py`, served by a Streamlit of its own."""
    with served("tests/browser/apps/latent_map_app.py") as server:
        yield server.address


# The decoder


def trained(
    architecture: str, hidden: str, latent: int, shape: ImageShape, activation: str = "relu", *, spread: float
) -> Autoencoder:
    """A model whose output reaches about `spread` to both sides, as a trained one's does."""
    config = ModelConfig.model_validate(
        {"architecture": architecture, "hidden": hidden, "latent": latent, "activation": activation}
    )
    model = build_model(config, shape, seed=1)
    with torch.no_grad():
        last = next(layer for layer in reversed(model.decoder) if hasattr(layer, "weight"))
        output = model.decode(torch.randn(16, latent, generator=torch.Generator().manual_seed(0)))
        last.weight.mul_(spread / (3 * output.std()))  # type: ignore[operator, union-attr]
    return model


def decoded_in_browser(page: Page, content: bytes, codes: torch.Tensor) -> Array:
    """RGBA of each code, (codes, pixels, 4)."""
    pictures = page.evaluate(
        """([text, codes]) => {
          const decoder = new Decoder(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)))
          return codes.map((code) => Array.from(decoder.decode(code).data))
        }""",
        [base64.b64encode(content).decode(), codes.tolist()],
    )
    return np.array(pictures, dtype=np.int64).reshape(len(codes), -1, 4)


@pytest.mark.parametrize("model_of", MODELS, ids=lambda model: "-".join(map(str, model)))
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_browser_decodes_what_torch_decodes(page: Page, likelihood: str, model_of: Described) -> None:
    latent, shape = model_of[2:4]
    model = trained(*model_of, spread=1.2 if likelihood.startswith("gaussian") else 12.0)
    content = decoder_bytes(model, likelihood, shape)
    assert content is not None
    page.set_content("<p>a page</p>")
    script = bundle(PROJECT_ROOT / "pages/common/components/shared/decoder.js")
    page.add_script_tag(content=f"{script}\nglobalThis.Decoder = Decoder")
    codes = torch.randn(8, latent, generator=torch.Generator().manual_seed(5))
    decoded = decoded_in_browser(page, content, codes)
    with torch.no_grad():
        mean = build_likelihood(ObjectiveConfig(likelihood=likelihood)).mean_image(model.decode(codes))  # type: ignore[arg-type]
    expected = (mean.clamp(0, 1) * 255).round().flatten(2).numpy().astype(np.int64)
    assert expected.max() - expected.min() > 150  # a picture, not a plain grey
    assert np.abs(decoded[:, :, :3] - expected.transpose(0, 2, 1)).max() <= 1
    assert (decoded[:, :, 3] == 255).all()


# The map


def open_map(page: Page, address: str, query: str = "") -> FloatRect:
    page.goto(f"{address}/?{query}")
    expect(page.locator(OVER)).to_have_attribute("aria-label", re.compile("held-out images"))
    expect(page.locator(".spot")).to_have_text(re.compile("z1 = "))
    box = page.locator(OVER).bounding_box()
    assert box is not None
    return box


def seen(page: Page, selector: str) -> str:
    """What a canvas shows, to be compared."""
    return pixels(page.locator(selector))


def settled(page: Page, selector: str) -> str:
    """What a canvas shows once it has stayed the same for a moment."""
    shown = [seen(page, selector)]

    def same() -> bool:
        page.wait_for_timeout(200)
        shown.append(seen(page, selector))
        return len(shown) > 2 and len(set(shown[-3:])) == 1

    eventually(page, same, "the canvas to rest")
    return shown[-1]


def greys(page: Page, selector: str) -> Array:
    data = page.locator(selector).evaluate(
        "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)"
    )
    return np.array(data).reshape(-1, 4)[:, 0]


def spot(page: Page) -> list[float]:
    """The coordinates that the map names."""
    text = page.locator(".spot").inner_text().replace("−", "-")
    return [float(number) for number in re.findall(r"= (-?[\d.]+)", text)]


def run_line(page: Page) -> str:
    return page.get_by_text(re.compile(r"^run \d+, z")).inner_text()


def test_it_says_what_it_shows_and_shows_names_literally(page: Page, address: str) -> None:
    open_map(page, address)
    label = str(page.locator(OVER).get_attribute("aria-label"))
    assert label.startswith("PCA <i>: latent map of 2,000 held-out images over z1, z2")
    assert "arrow keys" in label
    expect(page.locator(".legend button").nth(5)).to_have_text("<b>5</b> ![x](http://127.0.0.1:9/x.png)")
    assert page.locator(".legend b, .legend img, figcaption img").count() == 0
    expect(page.get_by_text("no torch here")).to_be_visible()
    expect(page.locator(".note")).to_be_hidden()


def test_the_picture_follows_the_pointer_without_the_server(page: Page, address: str) -> None:
    asked: list[object] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: asked.append(data)))
    box = open_map(page, address)
    picture = linear(2)[2]
    before = run_line(page)
    page.wait_for_timeout(500)
    assert asked  # opening the page asked for something
    asked.clear()
    pictures = set()
    for share in (0.3, 0.45, 0.6, 0.75):
        before_it = seen(page, DECODED)
        page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
        eventually(page, lambda before_it=before_it: seen(page, DECODED) != before_it, "another picture")
        shown = lambda: np.abs(greys(page, DECODED) - picture(np.array(spot(page)))).max()  # noqa: E731
        eventually(page, lambda shown=shown: shown() <= 3, "the picture of two decimals of coordinates")
        pictures.add(seen(page, DECODED))
    assert len(pictures) == 4
    page.mouse.down()  # and so does a drag, which reports nothing either
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"], steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    assert asked == [] and run_line(page) == before
    page.mouse.move(5, 5)
    expect(page.locator(".decoded figcaption")).to_have_text("decoded at z")
    assert spot(page) == [0.5, 0.5]


def test_the_nearest_image_is_the_nearest(page: Page, address: str) -> None:
    box = open_map(page, address)
    codes, _, _ = linear(2)
    images, labels = digits()
    first = seen(page, NEAREST)
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.55 * box["height"])
    eventually(page, lambda: seen(page, NEAREST) != first, "another image")
    nearest = np.argsort(((codes - np.array(spot(page))) ** 2).sum(axis=1))[:3]  # the coordinates are rounded
    shown = greys(page, NEAREST)
    matching = [index for index in nearest if (images[index].reshape(-1) == shown).all()]
    assert matching
    expect(page.locator(".nearest figcaption")).to_have_text(f"nearest image: {DIGITS[labels[matching[0]]]}")


def test_a_click_sets_z_once(page: Page, address: str) -> None:
    box = open_map(page, address)
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"])
    expect(page.get_by_text(re.compile("^picked"))).to_be_visible()
    x, y = spot(page)
    expect(page.get_by_text(f"picked {x:.2f}, {y:.2f}")).to_be_visible()
    expect(page.get_by_text(f"z {x:.2f}, {y:.2f}")).to_be_visible()
    page.get_by_role("button", name="move z").click()
    expect(page.get_by_text("nothing picked")).to_be_visible()


def test_keys_move_the_cursor_and_enter_picks(page: Page, address: str) -> None:
    open_map(page, address)
    page.locator(OVER).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".decoded figcaption")).to_have_text("decoded here")
    small = spot(page)[0] - 0.5
    page.keyboard.press("Shift+ArrowRight")
    eventually(page, lambda: spot(page)[0] - 0.5 == pytest.approx(6 * small, abs=0.05), "five steps more")
    page.keyboard.press("ArrowUp")
    eventually(page, lambda: spot(page)[1] == pytest.approx(0.5 + small, abs=0.02), "a step up")
    page.keyboard.press("Enter")
    x, y = spot(page)
    expect(page.get_by_text(f"picked {x:.2f}, {y:.2f}")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".decoded figcaption")).to_have_text("decoded at z")


def test_a_finger_drags_and_taps(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900}, has_touch=True, is_mobile=True)
    box = open_map(page, address)
    before, first = run_line(page), seen(page, DECODED)
    touch = page.context.new_cdp_session(page)

    def at(share: float) -> list[dict[str, float]]:
        return [{"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]}]

    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at(0.3)})
    for share in (0.4, 0.5, 0.6):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": at(share)})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".decoded figcaption")).to_have_text("decoded here")  # it stays where the finger was
    eventually(page, lambda: seen(page, DECODED) != first, "another picture")
    assert run_line(page) == before
    page.touchscreen.tap(at(0.4)[0]["x"], at(0.4)[0]["y"])
    expect(page.get_by_text(re.compile("^picked"))).to_be_visible()
    page.close()


def test_a_new_z_sends_no_codes_images_or_weights(page: Page, address: str) -> None:
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    open_map(page, address)
    assert sum(received) > 1_500_000
    received.clear()
    page.get_by_role("button", name="move z").click()
    expect(page.get_by_text("z 0.25, 0.25")).to_be_visible()
    expect(page.locator(".spot")).to_have_text("z1 = 0.25, z2 = 0.25")
    page.wait_for_timeout(500)
    assert sum(received) < 6_000


def test_the_lattice_is_decoded_behind_the_points(page: Page, address: str) -> None:
    open_map(page, address)
    empty = settled(page, TILES)
    page.get_by_label("decoded lattice").check()
    eventually(page, lambda: len(seen(page, TILES)) > 3 * len(empty), "the lattice")
    page.get_by_label("decoded lattice").uncheck()
    eventually(page, lambda: seen(page, TILES) == empty, "it to go")


def test_posterior_and_direction_are_drawn(page: Page, address: str) -> None:
    open_map(page, address)
    plain = settled(page, OVER)
    open_map(page, address, "extras=1")
    eventually(page, lambda: seen(page, OVER) != plain, "posterior and direction")


def test_nothing_runs_while_nothing_moves(page: Page, address: str) -> None:
    page.add_init_script(COUNT_FRAMES)
    open_map(page, address, "lattice=1")
    assert comes_to_rest(page)


def test_a_cloud_of_three_latents_turns(page: Page, address: str) -> None:
    box = open_map(page, address, "latent=3&view=cloud")
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    first, before = settled(page, POINTS), run_line(page)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 120, middle[1] + 40, steps=4)
    page.mouse.up()
    page.mouse.move(5, 5)
    turned = settled(page, POINTS)
    assert turned != first and run_line(page) == before
    page.get_by_role("button", name="Reset view").click()
    eventually(page, lambda: seen(page, POINTS) == first, "the first view")
    page.locator(OVER).focus()
    page.keyboard.press("ArrowLeft")
    eventually(page, lambda: seen(page, POINTS) not in (first, turned), "another view")


def test_without_a_decoder_it_shows_real_images_and_says_so(page: Page, address: str) -> None:
    box = open_map(page, address, "server=1&latent=5")
    expect(page.locator(".note")).to_contain_text("the server decodes the picture")
    expect(page.locator(DECODED)).to_be_hidden()
    expect(page.get_by_label("decoded lattice")).to_be_hidden()
    first = seen(page, NEAREST)
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.6 * box["height"])
    eventually(page, lambda: seen(page, NEAREST) != first, "another image")


def test_one_latent_is_a_line(page: Page, address: str) -> None:
    box = open_map(page, address, "latent=1")
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
    expect(page.get_by_text(re.compile(r"^picked -?[\d.]+, 0.00$"))).to_be_visible()
    assert len(spot(page)) == 1


def test_it_fits_a_phone_in_the_dark(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme="dark", device_scale_factor=2)
    open_map(page, address, "lattice=1")
    for selector in (OVER, DECODED, NEAREST, ".legend", ".spot"):
        part = page.locator(selector).bounding_box()
        assert part is not None and part["x"] >= 0 and part["x"] + part["width"] <= 390 and part["height"] > 10
    assert page.locator(OVER).evaluate("canvas => Math.round(canvas.width / canvas.clientWidth)") == 2
    page.close()
