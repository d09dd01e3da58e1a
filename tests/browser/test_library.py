"""The Library in a real browser: train, name, carry out and in, delete and undo; links bring the same state back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Locator, Page, expect

from tests.browser.helpers import App, button, eventually, open_page, press, wait_for_state
from vae_core.config import make_config
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.runs import Run, create_run, open_run
from vae_core.training.driver import Driver

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
NAME = "<b>Mine</b> ![x](http://canary.invalid/x.png) $$x$$ :material/bolt: =1+1"
TINY = "limit=64&epochs=1&hidden=8&slow=false"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    runs = tmp_path_factory.mktemp("library") / "runs"
    runs.mkdir()
    started = App(runs)
    started.start()
    yield started
    started.stop_all()


def train(server: App, page: Page, query: str = TINY) -> Run:
    open_page(page, f"{server.address}/train?{query}")
    press(page, "train")
    page.wait_for_url(re.compile("[?&]run="))
    return server.run_of(page)


def trained(server: App, **values: float) -> Run:
    """A run that was trained in this process, as the command line does."""
    run = create_run(server.runs, make_config(limit=64, epochs=1, hidden="8", **values))
    Driver(run).drive()
    return run


def row(page: Page, run_id: str) -> Locator:
    return page.locator(f'tr.run[data-id="{run_id}"]')


def choose(page: Page, run_id: str) -> None:
    row(page, run_id).locator("td.name button").click()
    expect(row(page, run_id)).to_have_attribute("aria-selected", "true")
    page.wait_for_url(re.compile(f"[?&]runs={run_id}"))


def rename(page: Page, name: str) -> None:
    page.locator("[class*=st-key-notes-] button").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    save = page.get_by_role("button", name="Save")
    save.click()
    expect(save).to_be_hidden()


def test_trained_named_exported_deleted_and_imported_it_is_the_same(server: App, page: Page, tmp_path: Path) -> None:
    run = train(server, page)
    wait_for_state(run, "done")
    page.get_by_test_id("stTopNavLink").filter(has_text="Library").click()
    expect(row(page, run.id)).to_contain_text("done")
    choose(page, run.id)
    rename(page, NAME)
    expect(row(page, run.id).locator("td.name button")).to_have_text(NAME)
    nats = row(page, run.id).locator("td.number").first
    expect(nats).to_have_text(re.compile(r"^\d+\.\d\d$"))  # without anybody asking for it
    shown, figures = nats.inner_text(), EVALUATION.read(run)

    page.locator(".st-key-export button").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Whole run").click()
    assert download.value.suggested_filename == f"{run.id}.zip"
    carried = tmp_path / download.value.suggested_filename
    download.value.save_as(carried)
    page.keyboard.press("Escape")

    button(page, "delete").click()
    expect(row(page, run.id)).to_have_count(0)
    expect(page.locator("tr.gap")).to_contain_text(NAME)
    assert not run.folder.exists()

    bring_in(page, carried)
    expect(row(page, run.id).locator("td.name button")).to_have_text(NAME)
    expect(nats).to_have_text(shown)
    saved = EVALUATION.read(open_run(server.runs, run.id))
    assert saved == figures and saved is not None


def bring_in(page: Page, *paths: Path) -> None:
    page.locator(".st-key-import button").first.click()
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(list(paths))


def test_a_delete_is_undone_where_the_run_was(server: App, page: Page) -> None:
    run = trained(server)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name == "model.safetensors"}
    open_page(page, f"{server.address}/library?whose=own")
    names = page.locator("tr.run")
    expect(row(page, run.id)).to_be_visible()
    order = names.evaluate_all("rows => rows.map(row => row.dataset.id)")
    choose(page, run.id)
    button(page, "delete").click()
    gap = page.locator("tr.gap")
    expect(gap).to_contain_text("is in the trash")
    places = page.locator("tbody tr")
    where = "rows => rows.findIndex(row => row.className === 'gap')"
    eventually(page, lambda: places.evaluate_all(where) == order.index(run.id), "the gap in its place")
    gap.get_by_role("button").click()
    expect(row(page, run.id)).to_have_attribute("aria-selected", "true")
    expect(gap).to_have_count(0)
    ids = "rows => rows.map(row => row.dataset.id)"
    eventually(page, lambda: names.evaluate_all(ids) == order, "the rows as before")
    assert before == {name: (run.folder / name).read_bytes() for name in before} != {}


def test_a_running_run_is_shown_at_once_and_stopped_before_it_is_deleted(server: App, page: Page) -> None:
    run = train(server, page, "hidden=8&epochs=2000&slow=false")
    wait_for_state(run, "running")
    open_page(page, f"{server.address}/library?runs={run.id}")
    state = row(page, run.id).locator("td.state")
    expect(state).to_contain_text("running")
    expect(state.locator("progress")).to_be_visible()
    said = state.inner_text()
    expect(state).not_to_have_text(said)  # it moves by itself
    page.locator(".st-key-delete_active button").first.click()
    page.get_by_role("button", name="Stop, then delete").click()
    expect(row(page, run.id)).to_have_count(0)
    open_page(page, f"{server.address}/library?shelf=Trash")
    page.locator(f'[class*="st-key-restore-{run.id}"] button').first.click()
    expect(page.get_by_text("was restored and is selected")).to_be_visible()
    assert open_run(server.runs, run.id).state() == "stopped"


def test_bad_files_are_a_sentence_each_and_nothing_comes_in(server: App, page: Page, tmp_path: Path) -> None:
    pickled = tmp_path / "evil.zip"
    pickled.write_bytes(b"\x80\x04\x95" + bytes(50))
    junk = tmp_path / "![x](http:).safetensors"
    junk.write_bytes(b"\xff\xd8\xff" * 100)
    before = sorted(path.name for path in server.runs.iterdir())
    open_page(page, f"{server.address}/library")
    bring_in(page, pickled, junk)
    expect(page.get_by_text("evil.zip:")).to_be_visible()
    expect(page.get_by_text("![x](http:).safetensors:")).to_be_visible()
    assert sorted(path.name for path in server.runs.iterdir()) == before


def test_a_link_brings_search_order_and_choice_back(server: App, page: Page) -> None:
    open_page(page, f"{server.address}/library")
    expect(page.locator("tr.run").first).to_be_visible()
    search = page.locator(".st-key-find input")
    search.fill("example- mnist")
    search.press("Enter")
    expect(page.locator("tr.run").first).to_contain_text("MNIST")
    expect(page.locator(".count")).to_contain_text("of 4 runs")
    for _ in range(2):
        page.get_by_role("columnheader", name="Latents").get_by_role("button").click()
        page.wait_for_url(re.compile("sort="))
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("Latents")
    choose(page, "example-vae-20d")
    expect(page.locator("tr.run").first).to_have_attribute("data-id", "example-vae-20d")
    link = page.url
    page.goto("about:blank")
    open_page(page, link)
    expect(search).to_have_value("example- mnist")
    expect(page.locator("tr.run").first).to_have_attribute("aria-selected", "true")
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("Latents")
    expect(page.locator(".count")).to_contain_text("of 4 runs")


def test_open_in_train_takes_the_configuration_and_the_step_along(server: App, page: Page) -> None:
    parent = trained(server, latent=3, beta=2.5)
    open_page(page, f"{server.address}/library?runs={parent.id}")
    page.locator(".st-key-onward button").first.click()
    page.get_by_role("link", name="Open in Train, from step").click()
    expect(page.get_by_text("Starts from the weights of")).to_be_visible()
    press(page, "train")
    page.wait_for_url(re.compile("[?&]run="))
    child = server.run_of(page)
    assert child.config == parent.config.changed(parent=f"{parent.id}@1")
    open_page(page, f"{server.address}/library?runs={child.id}")
    page.get_by_role("link", name="Started from").click()
    expect(row(page, parent.id)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("link", name="From its step 1 started")).to_be_visible()
