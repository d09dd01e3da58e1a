"""The run folder: ids, documents, states as readers conclude them, and folders that are damaged."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core.config import SCHEMA, RunConfig, make_config
from vae_core.errors import (
    CheckpointCorrupt,
    ConfigError,
    DiskError,
    LatentLabError,
    NameInvalid,
    RunNotFound,
    SchemaTooNew,
)
from vae_core.storage import files, find_runs, runs
from vae_core.storage.documents import LARGEST
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import Control, Notes, Run, Status
from vae_core.storage.states import State

ID = re.compile(r"^[a-z0-9-]{1,40}$")


@pytest.fixture
def run(runs_root: Path) -> Run:
    return runs.create_run(runs_root, RunConfig(), "Mine", "a-run")


def test_a_new_run_is_queued_and_found_again(runs_root: Path) -> None:
    config = make_config(dataset="fashion-mnist", latent=20, hidden="400", beta=4)
    made = runs.create_run(runs_root / "not" / "there", config, " Mine ")
    again = runs.open_run(runs_root / "not" / "there", made.id)
    assert again == made and again.config == config
    assert (again.name, again.state(), again.status(), again.control()) == ("Mine", "queued", Status(), Control())
    assert find_runs.find_run(str(made.folder), Path("elsewhere")).config == config
    assert find_runs.find_run(made.id, made.folder.parent).folder == made.folder
    assert json.loads((made.folder / "config.json").read_bytes())["schema"] == SCHEMA


def test_a_run_without_a_name_goes_by_what_it_is(runs_root: Path) -> None:
    made = runs.create_run(runs_root, RunConfig())
    assert made.name == "VAE, 2 latents, beta 1, mnist-sample" and not (made.folder / "notes.json").exists()
    assert runs.create_run(runs_root, RunConfig().changed(model="ae", latent=1)).name == "AE, 1 latent, mnist-sample"


@pytest.mark.parametrize(
    "dataset", ["mnist-sample", "/data/My Pictures (2).zip", "..", "ü", "x" * 4096, "a\0b", "A-" * 20]
)
def test_every_id_is_one(dataset: str) -> None:
    ids = {runs.new_id(make_config(dataset=dataset)) for _ in range(50)}
    assert all(ID.match(run_id) for run_id in ids)
    assert len(ids) > 40, "ids made in one second differ"


def test_an_id_that_is_taken_is_refused_and_its_run_left_alone(run: Run) -> None:
    with pytest.raises(DiskError, match=r"'.*a-run' already exists; choose another name\.$"):
        runs.create_run(run.folder.parent, make_config(latent=9), run_id="a-run")
    assert runs.open_run(run.folder.parent, "a-run").config == RunConfig()


traversals = st.lists(
    st.sampled_from(
        [
            "..",
            "/",
            "\\",
            ".",
            "%2e%2e",
            "%252e",
            "\0",
            "a",
            "run-1",
            "~",
            "C:",
            "\n",
            "-",
            " ",
            "a" * 41,
            "ａ",
            "$HOME",
        ]
    ),
    max_size=6,
).map("".join)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(st.text(max_size=50) | traversals | st.from_regex(r"[a-z0-9./-]{1,42}", fullmatch=True))
def test_no_id_leads_out_of_the_root(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = tmp_path_factory.getbasetemp() / "root"
    if ID.fullmatch(name) and not name.endswith("\n"):
        assert runs.check_id(name) == name
        resolved = (root / name).resolve()
        assert resolved.parent == root.resolve() and resolved.name == name
        with pytest.raises(RunNotFound):
            runs.open_run(root, name)
        return
    for refused in (runs.open_run, lambda root, name: runs.create_run(root, RunConfig(), run_id=name)):
        if name:  # without an id a new run gets one
            with pytest.raises(NameInvalid, match=r"is not a run id; an id has at most 40 lower-case .* hyphens\.$"):
                refused(root, name)
    with pytest.raises((NameInvalid, RunNotFound)):
        find_runs.find_run(name, root)
    assert not root.exists()


@pytest.mark.parametrize("name", ["../../etc", "a/b", "<img onerror=x>", "$$x$$", "ü", "=cmd()", ".", "x" * 80])
def test_a_name_is_text_and_never_a_path(name: str, runs_root: Path) -> None:
    made = runs.create_run(runs_root, RunConfig(), name)
    assert made.name == name
    assert [path.name for path in runs_root.iterdir()] == [made.id]
    assert made.folder.resolve().parent == runs_root.resolve()


@pytest.mark.parametrize("name", ["x" * 81, "two\nlines", "nul\0", "tab\t", "right-to-left \u202e", "caf\udce9"])
def test_a_name_of_several_lines_or_too_long_is_refused(name: str, runs_root: Path) -> None:
    with pytest.raises(
        NameInvalid, match=r"^A run's name is one line of at most 80 printable characters; shorten it\.$"
    ):
        runs.create_run(runs_root, RunConfig(), name)
    assert list(runs_root.iterdir()) == []


@pytest.mark.parametrize("given_name", ["x" * 5_000, "nowhere/at/all", "nul\0", ""])
def test_a_run_that_is_not_there(given_name: str, runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs_root)
    with pytest.raises((RunNotFound, NameInvalid)):
        find_runs.find_run(given_name, runs_root)


figures = st.floats(-LARGEST, LARGEST)
counts = st.integers(0, 2**53)
statuses = st.builds(
    Status,
    st.sampled_from([state for state in State if state.is_written]),
    st.integers(0, 2**40),
    counts,
    figures,
    st.text(),
    st.none() | figures,
    figures,
    counts,
    st.lists(st.text()).map(tuple),
    st.none() | counts,
    was=st.none() | st.sampled_from([state for state in State if state.is_written]),
    diverged_at=st.none() | counts,
)
controls = st.builds(
    Control, st.sampled_from(["run", "pause", "stop"]), st.none() | counts, st.none() | figures, st.none() | counts
)


@given(statuses, controls, st.builds(Notes, st.text(), st.text()))
@settings(max_examples=50)
def test_documents_round_trip(
    tmp_path_factory: pytest.TempPathFactory, status: Status, control: Control, notes: Notes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "documents"
    folder.mkdir(exist_ok=True)
    run = Run(folder, RunConfig())
    run.write_status(status)
    run.write_control(control)
    run.write_notes(notes)
    assert (run.status(), run.control(), run.notes()) == (status, control, notes)
    assert {path.name for path in folder.iterdir()} == {"status.json", "control.json", "notes.json"}


def test_a_status_without_a_state_before_it_may_say_so_in_two_ways(run: Run) -> None:
    for nothing in ("", None):
        files.write_json(run.folder / "status.json", {"schema": 1, "state": "queued", "was": nothing})
        assert run.status().was is None
    files.write_json(run.folder / "status.json", {"schema": 1, "state": "queued", "was": "diverged"})
    assert run.status().was is State.DIVERGED


def test_requests_are_idempotent_and_leave_the_others(run: Run) -> None:
    run.request(rate=20.0, rate_until=200)
    run.request(want="pause")
    run.request(want="pause")
    assert run.control() == Control("pause", None, 20.0, 200)


def test_a_newer_minor_writer_does_no_harm(run: Run) -> None:
    document = json.loads((run.folder / "status.json").read_bytes())
    files.write_json(run.folder / "status.json", {**document, "colour": "green"})
    assert run.status() == Status()


DAMAGE: dict[str, Any] = {
    "empty": b"",
    "half": b'{"schema": 1, "state": "run',
    "binary": b"\xff\xfe\x00",
    "a list": b"[]",
    "null": b"null",
    "no schema": b"{}",
    "schema true": b'{"schema": true}',
    "schema 0": b'{"schema": 0}',
    "another state": b'{"schema": 1, "state": "flying"}',
    "a number for a state": b'{"schema": 1, "state": 3}',
    "text for a step": b'{"schema": 1, "step": "3"}',
    "true for a step": b'{"schema": 1, "step": true}',
    "null for a step": b'{"schema": 1, "step": null}',
    "text for notes": b'{"schema": 1, "notes": "x"}',
    "an object for seconds": b'{"schema": 1, "seconds": {}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_status_is_one_sentence_and_the_list_goes_past_it(content: bytes, run: Run) -> None:
    other = runs.create_run(run.folder.parent, RunConfig(), run_id="b-run")
    (run.folder / "status.json").write_bytes(content)
    for look in (run.status, run.state, run.is_finished):
        with pytest.raises(CheckpointCorrupt, match=r"^[^.\n]*status\.json [^\n]*\.$"):
            look()
    found, problems = runs.list_runs(run.folder.parent)
    assert [each.id for each in found] == [other.id]
    assert len(problems) == 1 and problems[0].startswith("a-run: ")


@pytest.mark.parametrize("content", [b'{"schema": 1, "want": "fly"}', b'{"schema": 1, "rate": "x"}', b"{"])
def test_a_damaged_control_is_one_sentence(content: bytes, run: Run) -> None:
    (run.folder / "control.json").write_bytes(content)
    with pytest.raises(CheckpointCorrupt, match=r"^control\.json is damaged: "):
        run.control()


CONFIG_DAMAGE = {
    "missing": (None, RunNotFound),
    "empty": (b"", CheckpointCorrupt),
    "a list": (b"[]", CheckpointCorrupt),
    "a section of another kind": (b'{"schema": 1, "model": 3}', ConfigError),
    "out of range": (b'{"schema": 1, "model": {"latent": 0}}', ConfigError),
    "not hashable": (b'{"schema": 1, "model": {"architecture": []}}', ConfigError),
    "unknown key": (b'{"schema": 1, "colour": 1}', ConfigError),
    "newer": (b'{"schema": 99}', SchemaTooNew),
    "schema 0": (b'{"schema": 0}', ConfigError),
    "schema of words": (b'{"schema": "one"}', ConfigError),
}


@pytest.mark.parametrize(("content", "error"), CONFIG_DAMAGE.values(), ids=CONFIG_DAMAGE.keys())
def test_a_damaged_configuration_is_one_sentence(content: bytes | None, error: type[LatentLabError], run: Run) -> None:
    root = run.folder.parent
    path = run.folder / "config.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=r"^[^\n]*\.$"):
        runs.open_run(root, run.id)
    found, problems = runs.list_runs(root)
    assert found == [] and len(problems) == 1


def test_the_list_goes_past_all_that_is_no_run(runs_root: Path) -> None:
    ids = ["250101-000000-vae-x-0000", "250101-000001-ae-x-0000", "250102-000000-vae-x-0000"]
    for run_id in ids:
        runs.create_run(runs_root, RunConfig(), run_id=run_id)
    (runs_root / "README.md").write_text("a file")
    (runs_root / "Not An Id").mkdir()
    (runs_root / ".hidden").mkdir()
    (runs_root / "empty").mkdir()
    (runs_root / "a-folder" / "config.json").mkdir(parents=True)
    runs.create_run(runs_root, RunConfig(), "x", "bad-notes")
    (runs_root / "bad-notes" / "notes.json").write_bytes(b"?")
    (runs_root / "dangling").symlink_to(runs_root / "nowhere")
    found, problems = runs.list_runs(runs_root)
    assert [run.id for run in found] == ids[::-1], "newest first"
    assert sorted(text.split(":")[0] for text in problems) == ["a-folder", "bad-notes", "dangling", "empty"]
    assert runs.list_runs(runs_root / "nowhere") == ([], [])


def test_a_run_that_was_removed_says_so(run: Run) -> None:
    files.remove_tree(run.folder)
    for look in (run.status, run.state):
        with pytest.raises(RunNotFound, match=r"^The run 'a-run' is gone; choose another one\.$"):
            look()
    with pytest.raises(RunNotFound, match=r"^There is no run 'a-run' in .*; list them with 'runs'\.$"):
        runs.open_run(run.folder.parent, "a-run")
    with pytest.raises(DiskError):
        run.write_status(Status())
    assert not run.is_watched()


def test_watching_is_the_time_of_a_file(run: Run) -> None:
    assert not run.is_watched()
    run.watch()
    assert run.is_watched()
    long_ago = time.time() - 2 * runs.WATCHED_SECONDS
    os.utime(run.folder / "watched", (long_ago, long_ago))
    assert not run.is_watched()
    run.watch()
    assert run.is_watched()


HOLDER = """
import sys, time
from dataclasses import replace
from pathlib import Path
from vae_core.storage import files, runs
from vae_core.storage.documents import LARGEST
run = runs.open_folder(Path(sys.argv[1]))
with files.lock(run.lock_path, timeout=60):
    run.write_status(replace(run.status(), state=sys.argv[2], step=7))
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("said", "concluded"), [("running", "interrupted"), ("paused", "paused"), ("done", "done")])
def test_interrupted_is_concluded_where_the_worker_was_killed(said: str, concluded: str, run: Run) -> None:
    command = [sys.executable, "-c", HOLDER, run.folder, said]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT_ROOT) as worker:
        assert worker.stdout is not None and worker.stdout.readline() == b"held\n"
        assert run.state() == said
        worker.send_signal(signal.SIGKILL)
    assert run.state() == concluded
    assert run.status().state == said, "it is never written"
    assert run.status().step == 7


def test_readers_see_whole_documents_while_one_writes(run: Run) -> None:
    def write() -> None:
        for step in range(400):
            run.write_status(replace(Status(), state="running", step=step, message="x" * (step % 50)))

    writer = threading.Thread(target=write)
    writer.start()
    last = 0
    while writer.is_alive():
        status = run.status()
        assert status.step >= last and len(status.message) == status.step % 50
        last = status.step
    writer.join()


def test_a_run_made_longer_keeps_what_was_asked_at_first(run: Run) -> None:
    before = (run.folder / "config.json").read_bytes()
    assert runs.extend_run(run, 50).config == run.config.changed(epochs=50)
    again = runs.open_run(run.folder.parent, run.id)
    assert again.config.training.epochs == 50
    assert (run.folder / "config.json").read_bytes() == before
    with pytest.raises(ConfigError, match=r"^epochs must be at least 50, the number the run has now, not 49\.$"):
        runs.extend_run(again, 49)
    with pytest.raises(ConfigError, match="epochs must be"):
        runs.extend_run(again, 0)
    (run.folder / "longer.json").write_bytes(b'{"schema": 1}')
    with pytest.raises(ConfigError, match=r"^epochs must be a whole number, 1 to 100000, not None\.$"):
        runs.open_run(run.folder.parent, run.id)


def test_a_run_is_finished_when_it_has_all_the_epochs_asked_for(run: Run) -> None:
    run.write_status(Status("done", 100, 100, 20.0))
    assert run.is_finished()
    assert not runs.extend_run(run, 21).is_finished()
    run.write_status(Status("running", 100, 100, 20.0))
    assert not run.is_finished()
