"""`--json-lines`: progress, result and errors on standard output, one JSON object per line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.answers import AsJson, Call
from vae_core.cli.json_lines import ProgressWriter
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import open_run


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_command_reports_its_progress_and_then_its_result(call: Call, as_json: AsJson, root: Path) -> None:
    asked = ("evaluate", "vae", "--runs", root, "--iw-samples", 2, "--images", 50)
    status, out, _ = call("--json-lines", *asked)
    *progress, result = lines(out)
    assert status == 0 and progress and all(record.keys() == {"progress", "share"} for record in progress)
    assert progress[-1]["share"] == 1
    assert result == {"result": as_json(*asked)}, "and the next command does not report in lines"


@pytest.mark.parametrize(
    ("arguments", "name", "words"),
    [
        (("evaluate", "nobody"), "RunNotFound", "There is no run 'nobody'"),
        (("evaluate", "vae", "--iw-samples", 0), "ConfigError", "iw-samples must be 1 to"),
        (("evaluate",), "ConfigError", "Missing argument"),
        (("fly",), "ConfigError", "No such command 'fly'"),
    ],
)
def test_what_is_wrong_is_a_record_with_the_class_and_the_sentence(
    call: Call, root: Path, arguments: tuple[object, ...], name: str, words: str
) -> None:
    runs = ("--runs", root) if len(arguments) > 1 else ()
    status, out, err = call("--json-lines", *arguments, *runs)
    (record,) = lines(out)
    assert (status, err) == (2, "") and record["error"] == name and words in record["message"]


def test_progress_is_written_ten_times_a_second_at_most_and_always_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write = ProgressWriter()
    for step in range(1_001):
        write("counting", step / 1_000)
    shares = [record["share"] for record in lines(capsys.readouterr().out)]
    assert shares[0] == 0 and shares[-1] == 1 and len(shares) < 100


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not polled there")
def test_a_process_ends_when_nobody_reads_its_output_any_more() -> None:
    code = "import time; from vae_core.cli import json_lines; json_lines.switch(True); print('on', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT_ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"on\n"
    began = time.monotonic()
    process.stdout.close()
    assert process.wait(30) < 0 and time.monotonic() - began < 30


def test_evaluate_keeps_its_figures_with_the_run_and_gives_them_again(as_json: AsJson, call: Call, root: Path) -> None:
    (root / "vae" / "figures.json").unlink(missing_ok=True)
    plain = as_json("evaluate", "vae", "--runs", root)
    assert EVALUATION.read(open_run(root, "vae")) is None, "without --keep nothing is written"
    kept = as_json("evaluate", "vae", "--runs", root, "--keep")
    assert kept == plain
    figures = EVALUATION.read(open_run(root, "vae"))
    assert figures is not None and figures.negative_elbo_nats == kept["negative_elbo_nats"]
    written = (root / "vae" / "figures.json").stat().st_mtime_ns
    assert as_json("evaluate", "vae", "--runs", root, "--keep") == kept
    assert (root / "vae" / "figures.json").stat().st_mtime_ns == written, "they were read"
    more = as_json("evaluate", "vae", "--runs", root, "--keep", "--iw-samples", 2)
    assert more["iw_samples"] == 2 and more["iw_nll_nats"] < more["negative_elbo_nats"] + 0.5
    status, out, err = call("evaluate", "vae", "--runs", root, "--keep", "--images", 5)
    assert (status, out) == (2, "") and "without --images" in err
