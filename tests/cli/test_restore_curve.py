"""`restore-curve`: what it gives and prints, what it keeps, and what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.answers import AsJson, Call, refused
from tests.evaluation.untrained import saved, untrained
from vae_core.data.datasets import load_dataset
from vae_core.evaluation import restoration_curve as curves
from vae_core.evaluation.restoration import curve_levels, load_curve, restoration_data
from vae_core.evaluation.trained import load_trained
from vae_core.jobs import cli_command
from vae_core.metrics.baselines import BASELINES
from vae_core.storage.measurements import RestorationPoint, restoration_curve
from vae_core.storage.paths import PROJECT_ROOT
from vae_core.storage.runs import Run, open_run

COLOURS = {"dataset": "coloured-mnist-sample", "corruption": "greyscale", "likelihood": "gaussian"}
LEVELS = [0.2, 0.4]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    saved(tmp_path, "grey", untrained())
    saved(tmp_path, "other", untrained(seed=3))
    saved(tmp_path, "colours", untrained((3, 28, 28), **COLOURS))
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two levels, and opponents tuned on a few images."""
    monkeypatch.setattr(curves, "curve_levels", lambda corruption: LEVELS)
    monkeypatch.setattr("vae_core.evaluation.restoration.TUNING_IMAGES", 4)
    monkeypatch.setattr("vae_core.evaluation.restoration.OTHER_IMAGES", 60)


def kept(run: Run, corruption: str, images: int) -> list[RestorationPoint]:
    trained = load_trained(run)
    return load_curve(
        run, trained, restoration_data(load_dataset(run.config.data.dataset), trained, images), corruption
    )


def test_a_curve_has_the_figures_of_restore_at_each_level(as_json: AsJson, runs: Path, quick: None) -> None:
    asked = ("grey", "--corruption", "masking", "--images", 6, "--runs", runs)
    found = as_json("restore-curve", *asked)
    assert {key: found[key] for key in ("corruption", "dataset", "images")} == {
        "corruption": "masking", "dataset": "mnist-sample", "images": 6
    }  # fmt: skip
    (curve,) = found["runs"]
    assert curve["run"] == str(runs / "grey") and curve["step"] == 7
    assert [point["level"] for point in curve["points"]] == LEVELS
    single = as_json("restore", *asked, "--level", 0.4)
    assert {key: single[key] for key in curve["points"][1]} == curve["points"][1]


def test_points_are_kept_with_the_runs_and_baselines_are_measured_once(
    as_json: AsJson, runs: Path, quick: None
) -> None:
    asked = ("restore-curve", "grey", "other", "--corruption", "masking", "--images", 6, "--runs", runs)
    found = as_json(*asked)
    first, second = (kept(open_run(runs, name), "masking", 6) for name in ("grey", "other"))
    assert [point.level for point in first] == LEVELS
    assert first[0].baselines == second[0].baselines and len(first[0].baselines) == 2 * len(BASELINES)
    written = (runs / "grey" / "restoration-masking.json").stat().st_mtime_ns
    assert as_json(*asked) == found
    assert (runs / "grey" / "restoration-masking.json").stat().st_mtime_ns == written, "nothing was measured again"


def test_a_command_that_was_interrupted_goes_on_from_the_points_it_kept(runs: Path, quick: None) -> None:
    run = open_run(runs, "grey")
    subjects = curves._subjects([run], "masking", 6, None, None, lambda what, share: None)
    steps = curves.measure(subjects, "masking")
    shares = [next(steps)[1]]
    while not kept(run, "masking", 6):
        shares.append(next(steps)[1])
    steps.close()  # as Ctrl-C does
    assert [point.level for point in kept(run, "masking", 6)] == LEVELS[:1] and shares == sorted(shares)
    again = [share for _, share in curves.measure(curves._subjects([run], "masking", 6, None, None, print), "masking")]
    assert len(again) < 2 * len(shares) and again[0] == 0.5 and again[-1] == 1
    assert [point.level for point in kept(run, "masking", 6)] == LEVELS


def test_the_table_shows_each_run_beside_its_best_opponent(call: Call, runs: Path) -> None:
    status, out, err = call("restore-curve", "colours", "--corruption", "greyscale", "--images", 6, "--runs", runs)
    title, head, line = out.splitlines()
    assert (status, err) == (0, "") and title.endswith(": PSNR, dB")
    assert "best baseline" in head and line.split()[0] == "–" and "mean-colour" in line
    assert len(kept(open_run(runs, "colours"), "greyscale", 6)) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("grey", "--corruption", "rain"), "rain"),
        (("grey", "--corruption", "greyscale"), "needs colour images"),
        (("grey", "--corruption", "masking", "--images", 0), "1 to 10000"),
        (("grey", "nobody", "--corruption", "masking"), "nobody"),
        (("grey", "colours", "--corruption", "masking"), "channels, height, width"),
        (("grey",), "--corruption"),
        (("--corruption", "masking"), "RUN"),
    ],
)
def test_what_is_refused_is_one_sentence(call: Call, runs: Path, arguments: tuple[object, ...], words: str) -> None:
    assert words in refused(call("restore-curve", *arguments, "--runs", runs))
    assert restoration_curve("masking").read(open_run(runs, "grey")) is None


@pytest.mark.slow
def test_ctrl_c_ends_the_command_by_the_signal(runs: Path) -> None:
    command = cli_command("restore-curve", runs / "grey", "--corruption", "masking", "--images", 200)
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and "progress" in json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == -signal.SIGINT
    process.stdout.close()


def test_levels_without_a_level_are_one_point() -> None:
    assert curve_levels("greyscale") == [0.0] and len(curve_levels("masking")) == len(set(curve_levels("masking"))) == 8
