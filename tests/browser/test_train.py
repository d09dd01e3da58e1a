"""Training in a browser: train on the sample, reload, visit another page, stop, resume, scrub the film."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Page, expect

from tests.browser.helpers import App, button, eventually, open_page, pixels, press, wait_for_state
from vae_core.data import batches, datasets
from vae_core.metrics.latents import Pca, label_neighbours
from vae_core.storage.frames import Film
from vae_core.storage.records import read_records
from vae_core.storage.runs import Run, list_runs

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[App]:
    runs = tmp_path / "runs"
    runs.mkdir()
    started = App(runs)
    started.start()
    yield started
    started.stop_all()


def set_number(page: Page, key: str, value: str) -> None:
    field = page.locator(f".st-key-{key} input")
    field.fill(value)
    field.press("Enter")


def shown_step(page: Page) -> int:
    text = page.locator(".figures").last.inner_text()
    match = re.search(r"step\s+([\d,]+)", text)
    return int(match.group(1).replace(",", "")) if match else -1


def wait_for_step(page: Page, least: int) -> None:
    eventually(page, lambda: shown_step(page) >= least, f"step {least}")


def test_a_user_trains_a_vae_and_watches_it_learn(server: App, page: Page) -> None:
    open_page(page, f"{server.address}/")
    page.get_by_role("link", name="Train: set up an AE").click()
    expect(page.get_by_text("press Train, in the panel on the left")).to_be_visible()
    press(page, "train")
    expect(button(page, "pause")).to_be_enabled()
    wait_for_step(page, 5)
    run = server.run_of(page)
    run.request(rate=15.0, rate_until=None)  # so that it is still training after the visits to other pages below

    page.reload()  # reloading during training finds the run again
    wait_for_step(page, 30)
    assert server.run_of(page).id == run.id

    page.get_by_test_id("stTopNavLink").filter(has_text="Home").click()  # to another page, and back by the chip
    expect(page.get_by_role("heading", name="Latent Lab")).to_be_visible()
    chip = page.get_by_test_id("stSidebar").get_by_text("VAE, 2 latents").first
    expect(chip).to_be_visible()
    chip.click()
    wait_for_step(page, 60)

    press(page, "stop")
    wait_for_state(run, "stopped")
    expect(button(page, "resume")).to_be_visible()
    stopped_at = run.status().step
    assert 60 <= stopped_at < 1580

    run.request(rate=None)
    press(page, "resume")
    assert wait_for_state(run, "done") == "done"
    expect(button(page, "train")).to_be_enabled()
    wait_for_step(page, 1580)
    _learned(run)
    _film_can_be_scrubbed(page)


def _learned(run: Run) -> None:
    """The held-out loss ends 40 nats below collapse, and digits of one label are closer together than in the PCA plane."""
    film = Film(run.folder)
    film.poll()
    assert film.subjects is not None
    held_out = [record for record in read_records(run.folder / "metrics.jsonl") if record["split"] == "held-out"]
    assert held_out[-1]["step"] == 1580
    assert held_out[-1]["loss"] <= film.subjects.lines["collapse"] - 40
    data = datasets.load_dataset("mnist-sample")
    images, labels = batches.held_out(data)
    points = len(film.subjects.labels)
    pca = Pca.fit(batches.to_float(data.train_images).flatten(1), 2)
    plane = pca.project(batches.to_float(images[:points]).flatten(1)).float()
    neighbours = label_neighbours(torch.from_numpy(film.frames[-1].mean), labels[:points], k=5)
    assert neighbours > label_neighbours(plane, labels[:points], k=5) + 0.1


def _film_can_be_scrubbed(page: Page) -> None:
    scrub = page.locator(".scrub")
    scrub.evaluate("slider => { slider.value = 0; slider.dispatchEvent(new Event('input')) }")
    expect(page.locator(".where")).to_have_text("step 0 of 1,580")
    canvas = page.locator(".map canvas")
    first = pixels(canvas)
    scrub.evaluate("slider => { slider.value = slider.max; slider.dispatchEvent(new Event('input')) }")
    expect(page.locator(".where")).to_have_text("step 1,580 of 1,580")
    eventually(page, lambda: pixels(canvas) != first, "the last frame")
    with page.expect_download() as download:
        page.get_by_role("button", name="Film as GIF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"GIF89a")


def test_step_pause_and_the_keys(server: App, page: Page) -> None:
    open_page(page, f"{server.address}/train?latent=3&epochs=200")
    press(page, "step")
    expect(button(page, "go_on")).to_be_visible()
    run = server.run_of(page)
    assert (run.status().step, run.config.model.latent) == (1, 3)
    wait_for_step(page, 1)
    page.keyboard.press("s")
    wait_for_step(page, 2)
    expect(button(page, "go_on")).to_be_visible()  # until then P is the key of Pause
    page.keyboard.press("p")
    expect(button(page, "pause")).to_be_enabled()
    wait_for_step(page, 20)
    page.keyboard.press("p")
    expect(button(page, "go_on")).to_be_visible()
    paused_at = run.status().step
    page.wait_for_timeout(700)
    assert run.status().step == paused_at
    page.keyboard.press("x")
    wait_for_state(run, "stopped")


def test_training_outlives_the_tab_and_the_server(server: App, page: Page) -> None:
    open_page(page, f"{server.address}/train?slow=false&epochs=300")
    press(page, "train")
    expect(button(page, "pause")).to_be_enabled()
    run, url = server.run_of(page), page.url
    page.goto("about:blank")
    server.end()
    before = run.status().step
    eventually(page, lambda: run.status().step > before, "the worker to go on")
    assert run.state() == "running"
    server.start()
    open_page(page, url)
    expect(button(page, "pause")).to_be_enabled()
    wait_for_step(page, before + 1)
    press(page, "stop")
    wait_for_state(run, "stopped")


def test_two_runs_are_watched_side_by_side_and_a_third_waits(server: App, page: Page) -> None:
    runs = []
    for seed, model in enumerate(("vae", "ae", "vae")):
        open_page(page, f"{server.address}/train?epochs=300&model={model}&seed={seed}")
        press(page, "train")
        page.wait_for_url(re.compile("run="))
        runs.append(server.run_of(page))
    if os.cpu_count() == 2:
        expect(page.get_by_text(re.compile("place 1 in the queue")).first).to_be_visible()
    open_page(page, f"{server.address}/train?run={runs[0].id}&beside={runs[1].id}")
    expect(page.locator(".stage")).to_have_count(2)
    assert len(page.locator(".map canvas").all()) == 2
    for run in reversed(runs):
        open_page(page, f"{server.address}/train?run={run.id}")
        press(page, "stop")
        wait_for_state(run, "stopped")


def test_a_double_click_on_train_is_one_run(server: App, page: Page) -> None:
    open_page(page, f"{server.address}/train?epochs=300")
    button(page, "train").dblclick()
    expect(button(page, "pause")).to_be_enabled()
    assert len(list_runs(server.runs)[0]) == 1


def test_an_invalid_dial_is_one_sentence(server: App, page: Page) -> None:
    open_page(page, f"{server.address}/train")
    set_number(page, "latent", "0")
    expect(page.get_by_test_id("stAlert")).to_have_text(re.compile("Latents must be 1 to 512, not 0"))
    expect(button(page, "train")).to_be_disabled()
    assert page.get_by_test_id("stException").count() == 0
    set_number(page, "latent", "2")
    expect(button(page, "train")).to_be_enabled()


def test_a_link_opens_the_same_settings(server: App, page: Page) -> None:
    open_page(page, f"{server.address}/train")
    set_number(page, "latent", "7")
    set_number(page, "beta", "2.5")
    expect(page).to_have_url(re.compile("latent=7"))
    expect(page).to_have_url(re.compile("beta=2.5"))
    url = page.url
    page.goto("about:blank")
    open_page(page, url)
    expect(page.locator(".st-key-latent input")).to_have_value("7")
    expect(page.locator(".st-key-beta input")).to_have_value("2.5")
