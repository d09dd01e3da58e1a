"""The runner with real processes: what they report, how they end, how many there are at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vae_core import jobs as module
from vae_core.errors import CheckpointCorrupt, Diverged, JobFailed, LatentLabError
from vae_core.jobs import Job, JobState, Runner, cli_command
from vae_core.storage.paths import PROJECT_ROOT

SECONDS = 60.0
SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def runner() -> Iterator[Runner]:
    made = Runner()
    yield made
    made.close()


def python(code: str) -> list[str]:
    """A child that speaks: `say(...)` prints a line of JSON."""
    say = "import json, sys\ndef say(**record): print(json.dumps(record), flush=True)\n"
    return [sys.executable, "-I", "-S", "-c", say + code]


def ended(job: Job) -> Job:
    assert job.wait(SECONDS), "the job should have ended"
    return job


def wait_until(done: Callable[[], bool]) -> None:
    leave = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < leave
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_job_ends_with_the_result_of_its_process(runner: Runner) -> None:
    job = runner.start(("sum",), python("say(progress='adding', share=0.5); say(result={'sum': 3})"))
    assert runner.get(("sum",)) is job and runner.get(("other",)) is None
    assert ended(job).state is JobState.DONE and job.result == {"sum": 3} and job.error is None
    assert (job.what, job.share) == ("adding", 0.5)


def test_progress_arrives_while_the_process_runs(runner: Runner) -> None:
    job = runner.start(("slow",), python(f"say(progress='half of it', share=0.5); {SLEEP}"))
    wait_until(lambda: job.what == "half of it")
    assert job.state is JobState.RUNNING and job.share == 0.5


def test_an_error_arrives_as_its_class_and_its_sentence(runner: Runner) -> None:
    damaged = runner.start(
        ("a",), python("say(error='CheckpointCorrupt', message='It is cut short: x, y.'); sys.exit(2)")
    )
    diverged = runner.start(("b",), python("say(error='Diverged', message='The loss jumped.')"))
    newer = runner.start(("c",), python("say(error='math', message='Unknown.')"))
    assert type(ended(damaged).error) is CheckpointCorrupt and str(damaged.error) == "It is cut short: x, y."
    assert type(ended(diverged).error) is Diverged and str(diverged.error) == "The loss jumped."
    assert type(ended(newer).error) is LatentLabError and str(newer.error) == "Unknown."
    assert {job.state for job in (damaged, diverged, newer)} == {JobState.FAILED}


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("sys.exit(3)", "ended with status 3 and without a result"),
        ("pass", "ended with status 0 and without a result"),
        ("import os; os.kill(os.getpid(), 9)", "was killed (SIGKILL), perhaps for lack of memory; start it again."),
    ],
)
def test_a_process_that_dies_is_one_sentence(runner: Runner, code: str, sentence: str) -> None:
    job = ended(runner.start(("dies",), python(f"say(progress='on its way', share=0.1); {code}")))
    assert job.state is JobState.FAILED and isinstance(job.error, JobFailed) and sentence in str(job.error)


def test_a_command_that_cannot_be_started_is_one_sentence_and_others_still_run(runner: Runner) -> None:
    job = ended(runner.start(("lost",), ["no-such-program-anywhere"]))
    assert isinstance(job.error, JobFailed) and "could not be started" in str(job.error)
    assert ended(runner.start(("lost",), python("say(result={})"))).state is JobState.DONE


def test_lines_of_another_form_are_ignored(runner: Runner) -> None:
    noise = "print('Downloading...'); print('[1, 2]'); say(progress='x', share=7); say(progress=1, share=0.5); say(result=3)"
    job = ended(runner.start(("noisy",), python(f"{noise}; print(b'\\xff'); say(result={{'fine': True}})")))
    assert job.result == {"fine": True} and job.what == "starting"


def test_one_process_of_each_kind_runs_at_once_and_the_others_wait_their_turn(runner: Runner, tmp_path: Path) -> None:
    waits = f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\nsay(result={{}})"
    first = runner.start(("curve", "a"), python(waits))
    second = runner.start(("curve", "b"), python("say(result={})"))
    other = runner.start(("figures", "a"), python("say(result={})"))
    assert runner.start(("curve", "a"), python("say(result={})")) is first, "a double click starts nothing twice"
    assert ended(other).state is JobState.DONE
    assert (first.state, second.state, second.what) == (JobState.RUNNING, JobState.QUEUED, "waiting")
    (tmp_path / "go").touch()
    assert ended(first).state is ended(second).state is JobState.DONE
    again = runner.start(("curve", "a"), python("say(result={'again': 1})"))
    assert again is not first and ended(again).result == {"again": 1}, "what has ended can be started again"


def test_no_more_processes_run_at_once_than_there_are_slots() -> None:
    runner = Runner(slots=2)
    try:
        started = [runner.start((kind,), python(SLEEP)) for kind in "abc"]
        assert [job.state for job in started] == ["running", "running", "queued"]
        runner.cancel(("a",))
        wait_until(lambda: started[2].state is JobState.RUNNING)
    finally:
        runner.close()


def test_a_cancelled_job_leaves_no_process_and_makes_room(runner: Runner) -> None:
    code = f"""
import os, subprocess, time
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", {SLEEP!r}])
say(progress=f"{{os.getpid()}} {{child.pid}}", share=0)
time.sleep(60)
"""
    running, queued = runner.start(("x", "1"), python(code)), runner.start(("x", "2"), python("say(result={})"))
    wait_until(lambda: " " in running.what)
    runner.cancel(("x", "1"))
    assert running.state is JobState.CANCELLED and running.error is None and running.result is None
    for process in map(int, running.what.split()):
        wait_until(lambda process=process: not is_alive(process))  # type: ignore[misc]
    assert ended(queued).state is JobState.DONE
    runner.cancel(("x", "2"))
    runner.cancel(("never", "started"))
    assert queued.state is JobState.DONE, "what has ended stays as it is"


def test_a_job_that_waits_is_cancelled_before_it_starts(runner: Runner) -> None:
    runner.start(("x", "1"), python(SLEEP))
    waiting = runner.start(("x", "2"), python("say(result={})"))
    runner.cancel(("x", "2"))
    runner.cancel(("x", "1"))
    assert waiting.state is JobState.CANCELLED and waiting.result is None


def test_a_process_that_does_not_heed_the_request_is_killed(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    deaf = "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); say(progress=str(os.getpid()), share=0)"
    job = runner.start(("deaf",), python(f"{deaf}; {SLEEP}"))
    wait_until(lambda: job.what.isdigit())
    runner.cancel(("deaf",))
    assert not is_alive(int(job.what))


def test_closing_ends_every_job_and_nothing_starts_after(runner: Runner) -> None:
    started = [runner.start(("x", name), python(SLEEP)) for name in "ab"]
    runner.close()
    started.append(runner.start(("x", "c"), python("say(result={})")))
    assert [ended(job).state for job in started] == [JobState.CANCELLED] * 3


def test_processes_end_with_a_program_that_was_not_asked_to_end_them() -> None:
    child = python(f"import os; say(progress=str(os.getpid()), share=0); {SLEEP}")
    code = f"""
import time
from vae_core.jobs import Runner
job = Runner().start(("x",), {child!r})
while not job.what.isdigit(): time.sleep(0.01)
print(job.what)
"""
    program = [sys.executable, "-c", code]
    done = subprocess.run(program, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0 and not is_alive(int(done.stdout)), done.stderr


def test_the_oldest_jobs_that_ended_are_forgotten(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    for name in "ab":
        ended(runner.start(("x", name), ["no-such-program-anywhere"]))
    runner.start(("x", "c"), python(SLEEP))
    assert runner.get(("x", "a")) is None and runner.get(("x", "b")) is not None and runner.get(("x", "c")) is not None


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="no priorities here")
def test_processes_have_low_priority_and_one_thread(runner: Runner) -> None:
    code = (
        "import os, time; time.sleep(0.2)\nsay(result={'nice': os.nice(0), 'threads': os.environ['OMP_NUM_THREADS']})"
    )
    job = ended(runner.start(("x",), python(code)))
    assert job.result == {"nice": min(19, os.nice(0) + module.NICE), "threads": "1"}


def test_a_command_of_the_command_line_is_a_job(runner: Runner) -> None:
    datasets = ended(runner.start(("datasets",), cli_command("datasets")))
    assert datasets.result is not None and "mnist-sample" in {row["name"] for row in datasets.result["datasets"]}
    wrong = ended(
        runner.start(("wrong",), cli_command("runs", "delete", "nobody", "--runs", PROJECT_ROOT / "checkpoints"))
    )
    assert wrong.state is JobState.FAILED and "nobody" in str(wrong.error)
