"""Which steps of a run have usable weights.

A diverged run keeps only weights whose own loss was evaluated and finite. Versions from before `diverged_at` was recorded
also kept the weights that caused the divergence, as the newest step and as the final weights; these are excluded here.
"""

from __future__ import annotations

from vae_core.errors import RunStateError
from vae_core.storage import checkpoints
from vae_core.storage.runs import Run
from vae_core.storage.states import State


def broken_step(run: Run) -> int | None:
    """Returns the step whose weights were kept although they caused the divergence, or None if there is none."""
    status = run.status()
    return status.step if status.state is State.DIVERGED and status.diverged_at is None else None


def usable_steps(run: Run) -> dict[int, str]:
    """Returns the steps from which another run can start, with the names of their checkpoints."""
    broken = broken_step(run)
    return {step: name for step, name in checkpoints.kept_steps(run.folder).items() if step != broken}


def check_usable(run: Run, step: int) -> None:
    """Refuses a step whose weights are broken.

    Raises:
        RunStateError: they are; the message lists the usable steps.
    """
    if step == broken_step(run):
        others = ", ".join(map(str, sorted(usable_steps(run))))
        advice = f"choose one of its other steps ({others})" if others else "start a new run without it"
        raise RunStateError(
            f"The run {run.id!r} diverged with the weights of step {step}, so they are broken; {advice}."
        )
