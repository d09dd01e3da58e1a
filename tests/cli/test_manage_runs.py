"""The commands that keep runs in order, their JSON, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.answers import SMALL, AsJson, Call, contents, refused
from vae_core.storage import files, paths
from vae_core.storage.runs import Status, list_runs, open_run

COMMANDS = ("delete", "trash", "restore", "empty-trash", "rename", "copy", "export", "import", "check")
WHOLE = {"run", "folder", "name", "state"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, call: Call) -> None:
    status, out, err = call("runs", command, "--help")
    assert (status, err) == (0, "") and f"runs {command}" in out and "--runs" in out and "--json" in out


def test_the_list_says_what_a_table_shows(as_json: AsJson, call: Call, root: Path) -> None:
    (row,) = as_json("runs", "--runs", root)["runs"]
    assert (row["run"], row["folder"], row["name"], row["state"]) == ("vae", str(root / "vae"), "", "done")
    assert (row["step"], row["total_steps"], row["parent"], row["latent"], row["beta"]) == (3, 3, None, 2, 1.0)
    assert (row["nats"], row["shipped"], row["verified"]) == (None, False, True)
    assert row["bytes"] == files.size_of(root / "vae")
    assert all(row["shipped"] and row["nats"] is not None for row in as_json("runs")["runs"]), "the program's own"
    files.remove(root / "vae" / "model.json")
    status, out, err = call("runs", "--runs", root)
    assert status == 0 and "vae" in out
    assert err == "vae: its weights have no manifest, so they are not used; 'runs check vae' checks them.\n"
    assert as_json("runs", "check", "vae", "--runs", root).keys() == WHOLE
    assert as_json("runs", "--runs", root)["runs"][0]["verified"]


def test_a_delete_is_undone_and_the_trash_emptied(as_json: AsJson, call: Call, root: Path) -> None:
    before = contents(root / "vae")
    (deleted,) = as_json("runs", "delete", "vae", "vae", "--runs", root)["deleted"]
    assert (deleted["run"], deleted["bytes"]) == ("vae", sum(len(body) for _, body in before.values()))
    assert as_json("runs", "--runs", root)["runs"] == []
    assert as_json("runs", "trash", "--runs", root) == {"trash": [deleted], "bytes": deleted["bytes"]}
    assert as_json("runs", "restore", "vae", "--runs", root)["run"] == "vae"
    after = contents(root / "vae")
    assert {name: body for name, body in after.items() if name != ".lock"} == {
        name: body for name, body in before.items() if name != ".lock"
    }
    (again,) = as_json("runs", "--runs", root, "delete", root / "vae")["deleted"]
    status, out, _ = call("runs", "--runs", root, "--json", "trash")
    assert status == 0 and json.loads(out)["trash"] == [again], "options of the group hold for its commands"
    assert as_json("runs", "restore", again["trashed"], "--runs", root)["run"] == "vae"
    as_json("runs", "delete", "vae", "--runs", root)
    assert as_json("runs", "empty-trash", "--runs", root) == {"bytes": again["bytes"]}
    assert as_json("runs", "trash", "--runs", root) == {"trash": [], "bytes": 0}


def test_an_exported_run_is_imported_elsewhere_with_the_same_figures(
    as_json: AsJson, root: Path, tmp_path: Path
) -> None:
    figures = as_json("evaluate", "vae", "--runs", root)
    elsewhere = tmp_path / "elsewhere"
    for options, out in (((), tmp_path / "run.zip"), (("--weights",), tmp_path / "run.safetensors")):
        exported = as_json("runs", "export", "vae", "--out", out, *options, "--runs", root)
        assert (exported["bytes"], exported["sha256"]) == (out.stat().st_size, files.file_digest(out))
        imported = as_json("runs", "--runs", elsewhere, "import", out, "--name", "<b>Mine</b>")
        assert imported.keys() == WHOLE and imported["name"] == "<b>Mine</b>"
        found = as_json("evaluate", imported["folder"])
        assert {**found, "run": ""} == {**figures, "run": ""}
    assert len(list_runs(elsewhere)[0]) == 2


def test_a_copy_is_renamed_and_the_first_is_not(as_json: AsJson, call: Call, root: Path) -> None:
    copy = as_json("runs", "copy", "vae", "--runs", root)["run"]
    status, out, err = call("runs", "rename", copy, "![](http://host) [red]x[/red]", "--runs", root)
    assert (status, err) == (0, "") and "![](http://host) [red]x[/red]" in out
    assert (
        open_run(root, copy).notes().name == "![](http://host) [red]x[/red]"
        and open_run(root, "vae").notes().name == ""
    )
    shipped = as_json("runs", "copy", "example-fashion-conv", "--runs", root)
    assert shipped["name"] == "Conv VAE, 10 latents, Fashion" and shipped["run"] != "example-fashion-conv"
    for command in ("delete", "trash", "restore", "empty-trash"):
        assert call("runs", command, *([copy] if command in ("delete", "restore") else []), "--runs", root)[0] == 0


def test_what_is_running_or_shipped_or_not_there_is_refused(call: Call, as_json: AsJson, root: Path) -> None:
    copy = as_json("runs", "copy", "vae", "--runs", root)["run"]
    open_run(root, copy).write_status(Status("running"))
    with files.lock(root / copy / ".lock"):
        sentence = refused(call("runs", "delete", "vae", copy, "--runs", root))
        assert sentence == f"The run {copy!r} is being trained; stop it first, then delete it."
    assert (root / "vae").is_dir(), "all or none"
    assert "came with the program" in refused(call("runs", "delete", "example-vae-2d"))
    assert "came with the program" in refused(call("runs", "rename", "example-vae-2d", "Mine"))
    assert (paths.SHIPPED_RUNS / "example-vae-2d").is_dir()
    for command in ("delete", "copy", "check"):
        assert "There is no run 'nowhere'" in refused(call("runs", command, "nowhere", "--runs", root))
    assert "in the trash" in refused(call("runs", "restore", "vae", "--runs", root))
    assert "at most 80" in refused(call("runs", "rename", "vae", "x" * 300, "--runs", root))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("export", "vae", "--out", "x.tar"), "must name a file that ends in .zip"),
        (("export", "vae", "--weights", "--out", "x.zip"), "must name a file that ends in .safetensors"),
        (("export", "vae", "--out", "nowhere/x.zip"), "does not exist; create it or name another one."),
        (("export", "vae"), "Missing option '--out'"),
        (("import", "nowhere.zip"), "No such file or directory"),
        (("import", "."), "Is a directory"),
        (("import", "nul\0"), "null byte"),
        (("import", "x" * 5_000), "File name too long"),
        (("import", "README.md"), "This file was not exported by this program"),
        (("delete",), "Missing argument 'RUN...'"),
        (("fly",), "No such command 'fly'"),
    ],
)
def test_a_wrong_request_is_one_sentence(
    arguments: tuple[str, ...], expected: str, call: Call, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(paths.PROJECT_ROOT)
    assert expected in refused(call("runs", "--runs", root, *arguments))


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "[red]not red[/red] [link=javascript:x]y[/link]",
    ":smile: :material/home:",
    "![](http://host/x) $$x$$ `x`",
    "=cmd()",
    "{task.description} %s {0}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(name: str, call: Call, as_json: AsJson, root: Path) -> None:
    as_json("train", "--runs", root, *SMALL, "--name", name)
    assert name in call("runs", "--runs", root)[1]
    assert name in [run["name"] for run in as_json("runs", "--runs", root)["runs"]]
