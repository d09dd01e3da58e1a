"""The snapshots of a run: where its training starts, what it saves, and what it goes back to if it diverges."""

from __future__ import annotations

from vae_core.config import warnings_for
from vae_core.data.datasets import Dataset
from vae_core.errors import Diverged
from vae_core.evaluation.trained import load_weights
from vae_core.evaluation.validation_set import ValidationSet
from vae_core.training.loop import WARN_FACTOR, Trainer
from vae_core.training.sink import Sink, Snapshot
from vae_core.training.snapshot import restore, snapshot
from vae_core.types import Array


class Recovery:
    """Keeps the snapshots that a run can go on from.

    Args:
        sink: holds the run's checkpoints.
        dataset: to train on.
    """

    def __init__(self, sink: Sink, dataset: Dataset) -> None:
        self._sink, self._dataset = sink, dataset
        self._validation: ValidationSet | None = None
        self._first_step = 0
        self._sound: Snapshot | None = None
        """The newest snapshot whose loss was as usual. It is taken at validations and checkpoints."""

    def start(self) -> tuple[Trainer, int]:
        """A trainer at the newest usable checkpoint, and the length of the records that belong to it, in bytes.

        Without a checkpoint it stands at step 0, with the weights of the parent if the run has one.
        """
        trainer, checkpoint = self._newest_usable()
        self._first_step = trainer.step
        # at step 0 training begins with a validation, which is recorded again
        length = int(checkpoint[1]["metrics_bytes"]) if checkpoint is not None and trainer.step else 0
        return trainer, length

    def keep_if_sound(self, trainer: Trainer, current: Snapshot | None = None) -> None:
        """Remembers the current weights to go back to, unless their loss has jumped.

        Args:
            trainer: has the weights.
            current: their snapshot, if it was taken already.

        Raises:
            Diverged: their loss is beyond repair.
        """
        if trainer.check_weights():
            self._sound = snapshot(trainer) if current is None else current

    def save(self, trainer: Trainer) -> None:
        """Saves a checkpoint.

        Raises:
            Diverged: the loss of the current weights is beyond repair; nothing was saved.
        """
        current = snapshot(trainer)
        self.keep_if_sound(trainer, current)
        self._sink.save_checkpoint(current)

    def go_back(self, trainer: Trainer) -> Trainer:
        """A trainer at the newest weights whose loss was as usual, after `trainer` has diverged."""
        if self._sound is None:
            return self._newest_usable(before=self._first_step)[0]
        restore(trainer, *self._sound)
        return trainer

    def _newest_usable(self, before: int | None = None) -> tuple[Trainer, Snapshot | None]:
        """A trainer at the newest checkpoint (before that step) whose loss is not beyond repair, else at the start."""
        checkpoint = self._sink.newest_checkpoint(before)
        while checkpoint is not None:
            trainer = self._new_trainer()
            restore(trainer, *checkpoint)
            try:
                self._sound = checkpoint if trainer.check_weights() else None
                return trainer, checkpoint
            except Diverged:
                checkpoint = self._sink.newest_checkpoint(trainer.step)
        trainer = self._new_trainer()
        if (parent := self._sink.parent_weights()) is not None:
            _start_from(parent, trainer)
        return trainer, None

    def _new_trainer(self) -> Trainer:
        trainer = Trainer(self._sink.config, self._dataset, self._validation)
        self._validation = trainer.validation
        trainer.notes += warnings_for(self._sink.config)
        return trainer


def _start_from(parent: dict[str, Array], trainer: Trainer) -> None:
    """Loads another run's weights, and notes it if they are far worse than untrained ones."""
    untrained = trainer.next_loss()
    load_weights(trainer.modules(), parent)
    loss = trainer.next_loss()
    if not loss - untrained <= WARN_FACTOR * trainer.scale_of(untrained):  # nor is NaN
        trainer.note(
            f"The weights it starts from are broken: {trainer.config.parent} gives a loss of {loss:.3g} nats per image, "
            f"untrained weights {untrained:.0f}; start from an earlier step."
        )
