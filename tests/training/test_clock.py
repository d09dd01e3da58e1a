from __future__ import annotations

import time

import pytest

from vae_core.training.clock import Interval, Stopwatch


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """`now[0]` is the monotonic time."""
    moment = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def test_a_stopwatch_counts_only_while_it_runs(now: list[float]) -> None:
    watch = Stopwatch()
    now[0] += 5
    assert watch.seconds == 0.0
    watch.start()
    now[0] += 2
    watch.start()
    now[0] += 1
    watch.stop()
    now[0] += 10
    assert watch.seconds == 3.0
    watch.start()
    now[0] += 4
    assert watch.seconds == 7.0


def test_an_interval_is_due_once_per_its_length(now: list[float]) -> None:
    interval = Interval(0.25)
    due = []
    for _ in range(9):
        due.append(interval.restart_if_due())
        now[0] += 0.125
    assert due == [True, False] * 4 + [True]


def test_an_interval_may_begin_later_and_be_longer_once(now: list[float]) -> None:
    interval = Interval(10.0, due_now=False)
    assert not interval.is_due()
    now[0] += 10
    assert interval.is_due() and interval.is_due(), "asking does not restart it"
    interval.restart(25.0)
    now[0] += 20
    assert not interval.is_due()
    now[0] += 5
    assert interval.restart_if_due() and not interval.is_due()
