"""The Library: which rows fit and in which order, the address, runs that are gone, the trash, what goes on to other pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.common.components.run_table import Row
from pages.library import table as tabled
from pages.library.filters import ROWS, Filters, all_runs, matching_rows
from pages.library.formatting import age_text, size_text
from pages.library.next_steps import as_query
from pages.library.thumbnails import Thumbnail, thumbnail
from tests.pages.opened import open_page
from vae_core.config import RunConfig, make_config
from vae_core.data import catalogue
from vae_core.storage import paths, trash
from vae_core.storage.runs import Control, Notes, Run, Status, create_run, list_runs, open_run
from vae_core.training.manager import Manager

Table = dict[str, Any]
SHIPPED = {path.parent.name for path in paths.SHIPPED_RUNS.glob("*/evaluation.json")}
NAME = "![x](http://canary.invalid/x.png) <b>$$x$$</b>"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """What the page hands to the table's component, which runs in a browser only."""
    last: Table = {}

    def run_table(**values: Any) -> None:
        last.clear()
        last.update(values)

    monkeypatch.setattr(tabled, "run_table", run_table)
    yield last


def make(runs: Path, run_id: str, state: str = "done", name: str = "", notes: str = "", **values: Any) -> Run:
    run = create_run(runs, make_config(**values), run_id=run_id)
    run.write_status(Status(state=state, step=5, total_steps=10))
    run.write_notes(Notes(name, notes))
    return run


def ids(table: Table) -> list[str]:
    return [row.id for row in table["rows"]]


def row_of(table: Table, run_id: str) -> Row:
    return next(row for row in table["rows"] if row.id == run_id)


def button(page: AppTest, key: str) -> Any:
    return next(element for element in page.button if (element.key or "").startswith(key))


def sentences(page: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in page.error]


# What the page shows


def test_without_own_runs_it_shows_the_shipped_ones_and_says_what_to_do(drawn: Table) -> None:
    page = open_page("library")
    assert not page.exception and not page.error
    assert set(ids(drawn)) < SHIPPED and len(ids(drawn)) == ROWS
    assert any("no runs of your own yet" in info.value for info in page.info)
    recorded = json.loads((paths.SHIPPED_RUNS / "example-vae-2d" / "evaluation.json").read_bytes())
    nats = recorded["splits"]["mnist"]["negative_elbo_nats"]
    open_page("library", find="example-vae-2d")
    shown = row_of(drawn, "example-vae-2d")
    assert shown.cells["nats"] == f"{nats:.2f}" and shown.cells["age"] == "shipped"
    assert shown.picture.startswith("data:image/png;base64,")


def test_names_are_handed_on_as_they_are(drawn: Table, runs: Path) -> None:
    make(runs, "mine", name=NAME)
    page = open_page("library", runs="mine")
    assert not page.exception and not page.error
    assert row_of(drawn, "mine").name == NAME
    shown = [text.value for text in page.markdown if "canary" in text.value]
    assert shown and all("\\!\\[x\\]" in text and "\\<b\\>" in text for text in shown)


def test_only_a_page_of_rows_is_drawn_and_the_address_turns_it(drawn: Table, runs: Path) -> None:
    for number in range(ROWS + 3):
        make(runs, f"run-{number:03d}")
    open_page("library", whose="own", sort="name")
    assert (len(drawn["rows"]), drawn["pages"], drawn["count"]) == (
        ROWS,
        2,
        f"1 to {ROWS} of {ROWS + 3} runs, of {ROWS + 3 + len(SHIPPED)} in total",
    )
    open_page("library", whose="own", at="2")
    assert len(drawn["rows"]) == 3
    for odd in ("0", "-1", "x", "99999999999", "٣"):
        open_page("library", whose="own", at=odd)
        assert drawn["page"] in (1, 2) and drawn["rows"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"find": "first digits"}, ["a"]),
        ({"find": "KEPT"}, ["b"]),  # in its notes
        ({"find": "a"}, None),
        ({"find": "no such thing"}, []),
        ({"in_state": "stopped"}, ["b"]),
        ({"of_images": "fashion-mnist-sample"}, ["c"]),
        ({"of_model": "ae", "whose": "own"}, ["c"]),
        ({"whose": "own", "sort": "latent"}, ["b", "a", "c"]),
        ({"whose": "own", "sort": "-latent"}, ["c", "a", "b"]),
        ({"whose": "own", "sort": "-beta"}, ["b", "a", "c"]),  # an AE has none, and stands last
        ({"whose": "own", "sort": "beta"}, ["a", "b", "c"]),
        ({"whose": "own", "sort": "nonsense", "in_state": "nonsense"}, None),
    ],
)
def test_the_address_searches_filters_and_sorts(
    drawn: Table, runs: Path, query: dict[str, str], expected: list[str] | None
) -> None:
    make(runs, "a", name="First digits", latent=5)
    make(runs, "b", state="stopped", notes="kept for the talk", latent=2, beta=4)
    make(runs, "c", latent=9, model="ae", dataset="fashion-mnist-sample")
    page = open_page("library", **query)
    assert not page.exception and not page.error
    if expected is None:
        assert {"a", "b", "c"} >= set(ids(drawn)) - SHIPPED != set()
    else:
        assert ids(drawn) == expected


def test_active_runs_stand_first_then_the_newest() -> None:
    rows, _ = all_runs()
    assert [row.shipped for row in rows] == [True] * len(SHIPPED)
    upwards = [row.nats for row in matching_rows(rows, Filters(sort="nats"))]
    assert (
        upwards == sorted(upwards)
        and [row.nats for row in matching_rows(rows, Filters(sort="nats", down=True))] == upwards[::-1]
    )


def test_a_paused_run_stands_before_a_newer_one_that_is_done(drawn: Table, runs: Path) -> None:
    make(runs, "old", state="paused")
    make(runs, "new", state="done")
    open_page("library")
    assert ids(drawn)[:2] == ["old", "new"]
    assert row_of(drawn, "old").state.share == 0.5


# Runs that are gone, damaged, or not to be believed


@pytest.mark.parametrize("gone", ["never-was", "261124-000000-vae-mnist-0000"])
def test_a_run_that_is_gone_is_said_once_and_forgotten(drawn: Table, runs: Path, gone: str) -> None:
    make(runs, "mine")
    page = open_page("library", runs=f"mine,{gone}")
    assert not page.exception
    assert sentences(page) == [f"The run '{gone}' is gone; choose another one."]
    assert page.query_params["runs"] in ("mine", ["mine"]) and drawn["chosen"] == ["mine"]
    page.run()
    assert not page.error


def test_a_run_that_is_deleted_while_it_is_open_is_one_sentence(drawn: Table, runs: Path) -> None:
    run = make(runs, "mine")
    page = open_page("library", runs="mine")
    assert any(element.key == "delete" for element in page.button)
    shutil.rmtree(run.folder)
    page.run()
    assert not page.exception and sentences(page) == ["The run 'mine' is gone; choose another one."]
    assert "mine" not in ids(drawn)


@pytest.mark.parametrize("odd", ["../../etc/passwd", "<img src=x onerror=alert(1)>", "a b", "x" * 300])
def test_an_odd_id_in_the_address_is_one_sentence(drawn: Table, odd: str) -> None:
    page = open_page("library", runs=odd)
    assert not page.exception
    assert len(page.error) == 1 and "not a run id" in sentences(page)[0]


def test_a_damaged_folder_is_told_and_the_others_stay(drawn: Table, runs: Path) -> None:
    make(runs, "whole")
    (make(runs, "broken").folder / "status.json").write_bytes(b'{"schema": 1, "step": \xff')
    page = open_page("library")
    assert not page.exception and not page.error
    assert "whole" in ids(drawn) and "broken" not in ids(drawn)
    assert any(text.value.startswith("broken: status.json is damaged") for text in page.text)


def test_a_damaged_film_is_a_row_without_a_picture(runs: Path) -> None:
    run = make(runs, "mine")
    assert thumbnail(run) == Thumbnail()
    (run.folder / "film").mkdir()
    (run.folder / "film" / "00000001.npz").write_bytes(b"PK\x03\x04 no more")
    assert thumbnail(run) == Thumbnail()


def test_weights_that_were_copied_in_by_hand_are_checked_first(drawn: Table, runs: Path) -> None:
    shutil.copytree(paths.SHIPPED_RUNS / "example-vae-2d", runs / "mine")
    (runs / "mine" / "model.json").unlink()
    page = open_page("library", runs="mine")
    assert any("not used until they have been checked" in warning.value for warning in page.warning)
    button(page, "verify").click().run()
    assert not page.exception and not page.error and not page.warning
    assert (runs / "mine" / "model.json").exists()


# What one can do


def test_a_deleted_run_goes_to_the_trash_and_comes_back(drawn: Table, runs: Path) -> None:
    for run_id in ("a", "b", "c"):
        make(runs, run_id, name=f"run {run_id}")
    page = open_page("library", runs="b", whose="own", sort="name")
    button(page, "delete").click().run()
    assert ids(drawn) == ["a", "c"] and "runs" not in page.query_params
    ((gap),) = drawn["gaps"]
    assert (gap.at, gap.name) == (1, "run b")
    page.query_params["shelf"] = "Trash"
    page = open_page("library", shelf="Trash")
    assert any("run b" in text.value.replace("\\", "") for text in page.markdown)
    button(page, "restore-b").click().run()
    assert not page.exception and page.success
    assert {run.id for run in list_runs(runs)[0]} == {"a", "b", "c"}
    assert open_run(runs, "b").name == "run b"


def test_several_are_deleted_at_once_each_with_its_way_back(drawn: Table, runs: Path) -> None:
    for run_id in ("a", "b", "c", "d"):
        make(runs, run_id, name=run_id)
    page = open_page("library", runs="a,c,example-vae-2d", whose="own", sort="name")
    button(page, "delete").click().run()
    assert ids(drawn) == ["b", "d"] and drawn["chosen"] == ["example-vae-2d"]
    assert [(gap.at, gap.name) for gap in drawn["gaps"]] == [(0, "a"), (1, "c")]


def test_emptying_the_trash_says_what_it_frees_and_is_asked_once(runs: Path) -> None:
    trash.delete(make(runs, "a"))
    page = open_page("library", shelf="Trash")
    (lies,) = trash.list_trash(runs)
    labels = [element.proto.popover.label for element in page.get("popover")]
    assert lies.bytes > 0 and f"Empty (frees {size_text(lies.bytes)})" in labels
    button(page, "empty_now").click().run()
    assert not page.exception and trash.list_trash(runs) == []
    assert any("empty" in info.value for info in page.info)


def test_a_shipped_run_can_be_copied_and_not_changed(drawn: Table, runs: Path) -> None:
    page = open_page("library", runs="example-vae-2d")
    keys = {element.key for element in page.button}
    assert "copy" in keys and "delete" not in keys and not page.text_area
    button(page, "copy").click().run()
    assert not page.exception and not page.error
    (copied,) = list_runs(runs)[0]
    assert drawn["chosen"] == [copied.id] and "delete" in {element.key for element in page.button}


def test_a_new_name_and_notes_stand_beside_the_run(drawn: Table, runs: Path) -> None:
    run = make(runs, "mine")
    before = (run.folder / "config.json").read_bytes()
    page = open_page("library", runs="mine")
    page.text_input(key="name-mine").set_value(NAME)
    page.text_area(key="text-mine").set_value("two\nlines")
    button(page, "save_notes").click().run()
    assert not page.exception and not page.error
    assert run.notes() == Notes(NAME, "two\nlines") and row_of(drawn, "mine").name == NAME
    assert page.session_state["notes_saved"] == 1  # the form is closed: its popover is a new one
    assert (run.folder / "config.json").read_bytes() == before
    assert any(text.value == "two\nlines" for text in page.text)


def test_a_disk_that_refuses_is_one_sentence(drawn: Table, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vae_core.storage import files

    make(runs, "mine")
    page = open_page("library", runs="mine")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.system, "replace", full)
    button(page, "delete").click().run()
    assert not page.exception
    assert len(page.error) == 1 and "disk is full" in page.error[0].value
    assert ids(drawn)[0] == "mine" and (runs / "mine" / "config.json").exists()


def test_make_it_longer_refuses_a_run_that_keeps_only_its_end(drawn: Table, runs: Path) -> None:
    shutil.copytree(paths.SHIPPED_RUNS / "example-vae-2d", runs / "mine")
    page = open_page("library", runs="mine")
    button(page, "longer").click().run()
    assert not page.exception and len(page.error) == 1
    assert not (runs / "mine" / "longer.json").exists()


# The card


def test_the_card_gives_figures_with_units_and_the_command(drawn: Table) -> None:
    page = open_page("library", runs="example-vae-20d")
    assert not page.exception and not page.error
    recorded = json.loads((paths.SHIPPED_RUNS / "example-vae-20d" / "evaluation.json").read_bytes())
    figures = next(frame.value for frame in page.dataframe if "figure" in frame.value)
    shown = {row.figure: (row.value, row.unit) for row in figures.itertuples()}
    nats = recorded["splits"]["mnist"]["negative_elbo_nats"]
    assert shown["negative ELBO"] == (f"{nats:.2f}", "nats per image")
    assert any(code.value == "python -m vae_core evaluate example-vae-20d --json" for code in page.code)


@pytest.mark.parametrize("view", ["Figures", "Film", "Log and files"])
@pytest.mark.parametrize("run_id", ["example-ae-2d", "empty", "trained-elsewhere"])
def test_every_view_of_the_card_is_drawn(drawn: Table, runs: Path, view: str, run_id: str) -> None:
    make(runs, "empty", state="failed")  # a queued one would be trained
    make(runs, "trained-elsewhere", parent="gone-run@12")
    page = open_page("library", runs=run_id, card=view)
    assert not page.exception and not page.error


def test_parents_and_children_are_linked(drawn: Table, runs: Path) -> None:
    make(runs, "old", name="The old one")
    make(runs, "young", name="The young one", parent="old@5")
    captions = [element.value.replace("\\", "") for element in open_page("library", runs="young").caption]
    assert not any("not here" in text for text in captions)
    make(runs, "orphan", parent="gone-run@12")
    captions = [element.value.replace("\\", "") for element in open_page("library", runs="orphan").caption]
    assert "Started from gone-run, step 12, which is not here." in captions


# On to the Train page


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"latent": 7, "beta": 2.5, "dataset": "fashion-mnist-sample", "lr": 5e-4},
        {"model": "ae", "hidden": "none", "batch_size": 64, "limit": 100},
        {"architecture": "conv", "hidden": "8,16", "capacity": 3.0, "gamma": 5.0, "seed": 9},
        {"architecture": "conv", "hidden": "32,64", "likelihood": "gaussian", "sigma": 0.2},
    ],
)
def test_the_train_page_takes_a_configuration_from_its_address(
    train_page: Callable[..., AppTest], runs: Path, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[RunConfig] = []

    def submit_once(_: Manager, config: RunConfig, control: Control) -> Run:
        """Asks for no process: what it would train is all that matters here."""
        asked.append(config)
        return make(runs, "asked-for")

    monkeypatch.setattr(Manager, "submit_once", submit_once)
    config = make_config(**{"epochs": 1, "limit": 64, **values})
    page = train_page(**as_query(config))
    assert not page.exception and not page.error
    button(page, "step").click().run()
    assert asked == [catalogue.settled(config)]


def test_an_origin_that_is_not_here_is_said_and_forgotten(train_page: Callable[..., AppTest], runs: Path) -> None:
    make(runs, "mine")
    for odd in ("gone-run@5", "mine@7", "../x@1", "mine"):
        page = train_page(**{"from": odd})
        assert not page.exception and len(page.error) == 1, odd
        assert "from" not in page.query_params
        assert "train" in {element.key for element in page.button}


# Words


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (2_345_678, "2.3 MB"), (10**10, "10.0 GB")]
)
def test_sizes_in_words(count: int, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (59, "now"), (61, "1 min"), (7300, "2 h"), (100_000, "27 h"), (400_000, "4 days")],
)
def test_ages_in_words(seconds: float, text: str) -> None:
    assert age_text(seconds) == text
