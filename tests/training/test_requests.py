from __future__ import annotations

from collections.abc import Callable

from vae_core.storage.runs import Control, Run
from vae_core.training.requests import Requests
from vae_core.training.sink import RunFolder


def test_a_run_without_requests_goes_on_at_full_speed(new_run: Callable[..., Run]) -> None:
    requests = Requests(RunFolder(new_run("free")))
    requests.read()
    assert not requests.wants_stop and not requests.wants_pause(10**6) and not requests.has_rate
    assert requests.seconds_per_step(0) == 0.0


def test_requests_are_read_from_the_folder_and_stay_until_changed(new_run: Callable[..., Run]) -> None:
    run = new_run("asked")
    requests = Requests(RunFolder(run))
    run.write_control(Control(step_until=3))
    requests.read()
    requests.read()
    assert [requests.wants_pause(step) for step in (2, 3, 4)] == [False, True, True]
    run.request(step_until=None, want="pause")
    requests.read()
    assert requests.wants_pause(0)
    requests.clear()
    requests.read()
    assert not requests.wants_pause(10**6) and run.control() == Control()


def test_a_rate_holds_until_its_last_step(new_run: Callable[..., Run]) -> None:
    run = new_run("slow")
    requests = Requests(RunFolder(run))
    run.write_control(Control(rate=20.0, rate_until=5))
    requests.read()
    assert [requests.seconds_per_step(step) for step in (0, 4, 5)] == [0.05, 0.05, 0.0]


def test_a_stop_comes_before_a_pause(new_run: Callable[..., Run]) -> None:
    run = new_run("both")
    requests = Requests(RunFolder(run))
    run.write_control(Control(want="pause"))
    requests.read()
    requests.stop()
    assert requests.wants_stop and not requests.wants_pause(1)
    requests.read()
    assert requests.wants_stop, "a stop from this process is not taken back by the folder"
