"""A page that is opened by its address shows, in its widgets, the values that it computes with: on every load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, expect

from tools.served import READY, Server, served
from vae_core.registry.corruption_rows import CORRUPTIONS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
LOADS = 10
CHIPS = '[data-tag], [data-baseweb="tag"]'
"""What a multiselect has chosen, in newer versions of Streamlit and in older ones."""
LEVELS = {"/denoise": CORRUPTIONS["gaussian"].usual, "/denoise?level=0.45": 0.45}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(LATENT_LAB_RUNS=str(tmp_path_factory.mktemp("runs"))) as running:
        yield running


def loads(browser: Browser, url: str) -> Iterator[Page]:
    """The page in ten sessions, one after the other, each once its script has run."""
    for _ in range(LOADS):
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(url)
        page.wait_for_selector(READY)
        yield page
        page.close()


@pytest.mark.parametrize(("path", "level"), LEVELS.items())
def test_denoise_shows_its_level_and_its_models_on_every_load(
    path: str, level: float, browser: Browser, server: Server
) -> None:
    for page in loads(browser, server.address + path):
        slider = page.locator('[class*="st-key-level"]').get_by_role("slider")
        expect(slider).to_have_value(f"{level:g}")
        expect(page.locator('[class*="st-key-models"]').locator(CHIPS)).to_have_count(3)


def test_generate_shows_the_code_of_its_address_on_every_load(browser: Browser, server: Server) -> None:
    for page in loads(browser, f"{server.address}/generate?trained=example-vae-2d&z=1.5,-1"):
        sliders = page.get_by_role("slider", name="z1,")
        expect(sliders.first).to_have_value("1.5")


def test_train_shows_the_dials_of_its_address_and_preset_on_every_load(browser: Browser, server: Server) -> None:
    for page in loads(browser, f"{server.address}/train?preset=Denoising+autoencoder&epochs=7"):
        expect(page.locator('.st-key-epochs input[type="number"]')).to_have_value("7")
        latents = page.locator('.st-key-latent input[type="number"]')
        expect(latents).to_have_value("64")


def test_compare_shows_the_runs_and_the_base_of_its_address_on_every_load(browser: Browser, server: Server) -> None:
    query = "source=Pick+runs&runs=sweep-beta-1-seed-0,sweep-beta-4-seed-0&base=sweep-beta-4-seed-0"
    for page in loads(browser, f"{server.address}/compare?{query}"):
        expect(page.locator(".st-key-picked_runs").locator(CHIPS)).to_have_count(2)
        expect(page.locator(".st-key-base_run").get_by_role("combobox")).to_have_value("beta 4, seed 0")
