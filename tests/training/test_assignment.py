from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from vae_core.storage.runs import Run
from vae_core.training.assignment import Assignment
from vae_core.training.sink import RunFolder


def message(number: int, attempt: str = "a") -> dict[str, Any]:
    return {"attempt": attempt, "number": number, "worker": f"worker of {attempt}", "did": [["flush", [number]]]}


def numbers(assignment: Assignment, *given: int) -> list[int]:
    """The numbers of the messages whose calls are played, in the order in which they are played."""
    return [arguments[0] for number in given for _, arguments in assignment.calls_in_order(message(number))]


def test_messages_are_played_in_the_order_in_which_they_were_sent(new_run: Callable[..., Run]) -> None:
    run = new_run("assigned")
    assignment = Assignment(run, RunFolder(run), contextlib.ExitStack())
    assignment.begin_attempt(message(0))
    assert numbers(assignment, 0) == [0]
    assert numbers(assignment, 3, 2) == [], "they wait for message 1"
    assert not assignment.has_all_messages({"attempt": "a", "messages": 4})
    assert numbers(assignment, 1) == [1, 2, 3]
    assert assignment.has_all_messages({"attempt": "a", "messages": 4})


def test_a_new_attempt_drops_what_waited_of_the_earlier_one(new_run: Callable[..., Run]) -> None:
    run = new_run("assigned")
    assignment = Assignment(run, RunFolder(run), contextlib.ExitStack())
    assignment.begin_attempt(message(0))
    assert numbers(assignment, 0, 2) == [0]
    assignment.begin_attempt(message(0, "b"))
    assert (assignment.attempts, assignment.worker) == (2, "worker of b")
    assert numbers(assignment, 0, 1) == [0, 1], "message 2 of the first attempt is not played after them"
    assert not assignment.has_all_messages({"attempt": "a", "messages": 2})
