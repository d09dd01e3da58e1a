"""The errors of the library, as one small tree. Every message is one sentence that says what is wrong and what to do.

    LatentLabError
    ├── ConfigError                a setting is out of range, unknown, or conflicts with another
    ├── DataError                  a dataset is unknown, missing, damaged, or has unusable values
    │   └── DatasetMissing         there is no file at the path of a dataset
    ├── NameInvalid                a run id or a name is invalid
    ├── RunError                   something is wrong with a run
    │   ├── RunNotFound            the run does not exist (any more)
    │   ├── RunLocked              another process is training it
    │   └── RunStateError          the run's state does not allow the request
    ├── CheckpointError            a file of weights cannot be used
    │   ├── CheckpointCorrupt      truncated, altered, or not a checkpoint
    │   ├── CheckpointIncompatible intact, but of another network
    │   └── SchemaTooNew           written by a newer version of this program
    ├── DiskError                  full, read-only, or failing
    ├── ClusterError               a cluster cannot be reached, or cannot be trusted with runs
    ├── JobFailed                  a background process ended without a result
    └── Diverged                   the loss exploded or is no longer a finite number

The command line prints the message and exits with status 2; the pages show it instead of a traceback.
"""

from __future__ import annotations

import math


class LatentLabError(Exception):
    """Base class of all errors whose message is meant for the user."""


class ConfigError(LatentLabError):
    """A setting is out of range, unknown, or conflicts with another."""


class DataError(LatentLabError):
    """A dataset is unknown, missing, damaged, or has unusable values."""


class DatasetMissing(DataError):
    """There is no file at the path of a dataset: it was moved, deleted or mistyped."""


class NameInvalid(LatentLabError):
    """A run id or a name is invalid."""


class RunError(LatentLabError):
    """Something is wrong with a run."""


class RunNotFound(RunError):
    """The run does not exist, or no longer exists."""


class RunLocked(RunError):
    """Another process is training this run."""


class RunStateError(RunError):
    """The run's state does not allow the request."""


class CheckpointError(LatentLabError):
    """A file of weights cannot be used."""


class CheckpointCorrupt(CheckpointError):
    """The file was truncated or altered, or is not a checkpoint."""


class CheckpointIncompatible(CheckpointError):
    """The file is intact, but its tensors belong to another network."""


class SchemaTooNew(CheckpointError):
    """The file was written by a newer version of this program."""


class DiskError(LatentLabError):
    """The disk is full, read-only, or failing; nothing that was saved before is lost."""


class ClusterError(LatentLabError):
    """A cluster cannot be reached, was lost, or cannot be trusted with runs."""


class JobFailed(LatentLabError):
    """A background process was killed, or ended without a result."""


class Diverged(LatentLabError):
    """The loss exploded or is not finite. The weights that gave it are useless; earlier ones may still be good.

    Attributes:
        step: the step of that loss, which was computed with the weights of the step before.
    """

    def __init__(self, step: int, loss: float) -> None:
        what = f"jumped to {loss:.3g} nats per image" if math.isfinite(loss) else "stopped being a finite number"
        super().__init__(f"The loss {what} at step {step}; try a smaller learning rate, such as 0.001.")
        self.step = step
