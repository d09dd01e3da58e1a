"""What can go wrong, as one small tree. Every message is one sentence that says what is wrong and what to do.

    LatentLabError
    ├── ConfigError                a setting is out of range, unknown, or does not go with another
    ├── DataError                  a dataset is unknown, missing, damaged, or its values are unusable
    │   └── DatasetMissing         there is no file at the path that a dataset is named by
    ├── NameInvalid                a run id or a name is not one
    ├── RunError                   something about one run's folder
    │   ├── RunNotFound            there is no such run (any more)
    │   ├── RunLocked              another process is training it
    │   └── RunStateError          the run is in no state for that request
    ├── CheckpointError            a file of weights cannot be used
    │   ├── CheckpointCorrupt      cut short, changed, or never a checkpoint
    │   ├── CheckpointIncompatible whole, but of another network
    │   └── SchemaTooNew           written by a newer version of this program
    ├── DiskError                  full, read-only, or failing
    ├── ClusterError               a cluster cannot be reached, or is none to be trusted with runs
    ├── JobFailed                  a background process ended without a result
    └── Diverged                   the loss is no longer a finite number

The command line prints the sentence and exits with status 2; the pages show it in place of a traceback.
"""

from __future__ import annotations

import math


class LatentLabError(Exception):
    """Base of all errors whose sentence is meant for the person who asked."""


class ConfigError(LatentLabError):
    """A setting is out of its range, unknown, or does not go with another."""


class DataError(LatentLabError):
    """A dataset is unknown, missing, damaged, or holds values that cannot be used."""


class DatasetMissing(DataError):
    """There is no file at the path that a dataset is named by: it was moved, deleted or mistyped."""


class NameInvalid(LatentLabError):
    """A run id or a name is not one that this program would give."""


class RunError(LatentLabError):
    """Something about one run's folder."""


class RunNotFound(RunError):
    """There is no such run, or no longer."""


class RunLocked(RunError):
    """Another process is training this run."""


class RunStateError(RunError):
    """The run is in no state in which this can be done."""


class CheckpointError(LatentLabError):
    """A file of weights cannot be used."""


class CheckpointCorrupt(CheckpointError):
    """The file was cut short or changed, or never was a checkpoint."""


class CheckpointIncompatible(CheckpointError):
    """The file is whole, but its tensors are those of another network."""


class SchemaTooNew(CheckpointError):
    """The file was written by a newer version of this program."""


class DiskError(LatentLabError):
    """The disk is full, read-only, or failing; nothing that was saved before is lost."""


class ClusterError(LatentLabError):
    """A cluster cannot be reached, was lost, or is none to be trusted with runs."""


class JobFailed(LatentLabError):
    """A background process was killed, or ended without a result."""


class Diverged(LatentLabError):
    """The loss jumped beyond repair or is not finite. The weights that gave it are of no use; earlier ones may be.

    Attributes:
        step: the step whose loss it was, computed with the weights of the step before.
    """

    def __init__(self, step: int, loss: float) -> None:
        what = f"jumped to {loss:.3g} nats per image" if math.isfinite(loss) else "stopped being a finite number"
        super().__init__(f"The loss {what} at step {step}; try a smaller learning rate, such as 0.001.")
        self.step = step
