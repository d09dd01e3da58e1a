"""The buttons Train, Step, Pause, Stop and Resume, with their keyboard shortcuts."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import show_errors
from pages.common.session import choose_run, manager
from pages.train.remedy import RESUME_HELP
from vae_core.config import RunConfig, warnings_for
from vae_core.data import catalogue
from vae_core.storage.runs import Control, Run, list_runs
from vae_core.storage.states import State
from vae_core.training.estimate import duration, seconds_for

SLOW_STEPS = 200
SLOW_RATE = 20.0
SPEED_SOURCES = 200


def controls(config: RunConfig | None, run: Run | None, state: State) -> None:
    """Draws the buttons for the state of the selected run."""
    if run is not None and state.is_active:
        _while_active(run, state)
    else:
        _before(config, run, state)


def _before(config: RunConfig | None, run: Run | None, state: State) -> None:
    slow = _slow_start()
    left, right = st.columns(2)
    start = Control(rate=SLOW_RATE, rate_until=SLOW_STEPS) if slow else Control()
    blocked = config is None
    with left:
        st.button(
            "Train", key="train", type="primary", icon=":material/play_arrow:", shortcut="t",
            disabled=blocked, width="stretch", on_click=_start, args=(config, start),
        )  # fmt: skip
    with right:
        st.button(
            "Step", key="step", icon=":material/skip_next:", shortcut="s",
            help="Starts a run and stops after its first step.",
            disabled=blocked, width="stretch", on_click=_start, args=(config, Control(step_until=1)),
        )  # fmt: skip
    if config is not None:
        st.caption(_estimate(config))
        for warning in warnings_for(config):
            st.warning(warning, icon=":material/warning:")
        if config.training.lr > 5e-3:
            st.button("Use 0.001 instead", key="smaller_lr", on_click=_smaller_rate, width="stretch")
    if run is not None and state.can_resume:
        st.button(
            f"Resume the {state} run", key="resume", icon=":material/resume:", width="stretch", shortcut="g",
            on_click=_resume, args=(run, Control()), help=RESUME_HELP if state is State.DIVERGED else None,
        )  # fmt: skip


def _slow_start(*, disabled: bool = False) -> bool:
    """Draws the slow-start toggle. It is drawn while a run is active too, so that Pause appears where Train was."""
    return st.toggle(
        "Slow start",
        value=True,
        key="slow",
        bind="query-params",
        help="Spreads the first 200 steps over about ten seconds, then continues at full speed.",
        disabled=disabled,
    )


def _while_active(run: Run, state: State) -> None:
    waiting = state is State.QUEUED
    _slow_start(disabled=True)
    first, second = st.columns(2)
    with first:
        if state is State.PAUSED:
            st.button(
                "Go on", key="go_on", type="primary", icon=":material/play_arrow:", shortcut="p", width="stretch",
                on_click=_resume, args=(run, Control()),
            )  # fmt: skip
        else:
            st.button(
                "Pause", key="pause", icon=":material/pause:", shortcut="p", width="stretch", disabled=waiting,
                on_click=_request, args=(run, "pause"),
            )  # fmt: skip
    with second:
        st.button(
            "Step", key="step", icon=":material/skip_next:", shortcut="s", width="stretch", disabled=waiting,
            on_click=_step, args=(run,),
        )  # fmt: skip
    st.button("Stop", key="stop", icon=":material/stop:", shortcut="x", width="stretch", on_click=_stop, args=(run,))
    if state is State.RUNNING and run.control().rate:
        st.button("Full speed", key="full_speed", shortcut="f", width="stretch", on_click=_full_speed, args=(run,))
    st.caption("Keys: P pause or go on, S step, X stop.")


def _start(config: RunConfig, control: Control) -> None:
    """Starts a run. A double click, or the same configuration in another tab, shows the run that is already active."""
    with show_errors():
        choose_run(manager().submit_once(config, control))


def _resume(run: Run, control: Control) -> None:
    with show_errors():
        manager().resume(run, control)


def _request(run: Run, want: str) -> None:
    with show_errors():
        run.request(want=want)


def _full_speed(run: Run) -> None:
    with show_errors():
        run.request(rate=None, rate_until=None)


def _step(run: Run) -> None:
    """Takes one more step and pauses after it."""
    with show_errors():
        control = Control(step_until=run.status().step + 1)
        if run.state() is State.RUNNING:
            run.write_control(control)
        else:
            manager().resume(run, control)


def _stop(run: Run) -> None:
    with show_errors():
        manager().stop(run)


def _smaller_rate() -> None:
    st.session_state.lr = 1e-3


@st.cache_data(ttl=20, max_entries=256, show_spinner=False)
def _estimate(config: RunConfig) -> str:
    source = catalogue.find(config.data.dataset)
    images = min(source.train, config.data.limit or source.train)
    batch = min(config.training.batch_size, images)
    steps = -(-images // batch) * config.training.epochs
    runs, _ = list_runs(manager().root)
    seconds = seconds_for(config, images, source.shape, runs[:SPEED_SOURCES])
    return f"About {duration(seconds)} at full speed: {steps:,} steps of {batch} images. Keys: T train, S step."
