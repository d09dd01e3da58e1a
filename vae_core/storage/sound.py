"""Which of a run's weights are known to be sound.

A diverged run keeps only weights whose own loss was looked at. Versions before `diverged_at` was recorded kept the very
weights that gave the fatal loss, as the newest step and as the final weights; those are left out here.
"""

from __future__ import annotations

from vae_core.errors import RunStateError
from vae_core.storage import checkpoints
from vae_core.storage.runs import Run
from vae_core.storage.states import State


def broken_step(run: Run) -> int | None:
    """The step whose weights are kept though they gave the loss that ended the run; None if there is none."""
    status = run.status()
    return status.step if status.state is State.DIVERGED and status.diverged_at is None else None


def sound_steps(run: Run) -> dict[int, str]:
    """The steps that a run keeps and that another can start from, with the names of their files."""
    broken = broken_step(run)
    return {step: name for step, name in checkpoints.kept_steps(run.folder).items() if step != broken}


def check_sound(run: Run, step: int) -> None:
    """Refuses a step whose weights are known to be broken.

    Raises:
        RunStateError: the sentence names the steps that are sound.
    """
    if step == broken_step(run):
        others = ", ".join(map(str, sorted(sound_steps(run))))
        advice = f"choose one of its other steps ({others})" if others else "start a new run without it"
        raise RunStateError(
            f"The run {run.id!r} diverged with the weights of step {step}, so they are broken; {advice}."
        )
