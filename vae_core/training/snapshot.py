"""Exact resume: everything the next step depends on, as named arrays and a JSON record, and back.

On the same machine, with the same device, thread count and torch version, a restored trainer continues bit for bit. If
one of them differs, the run continues and notes that it is not bit-identical.
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import torch

from vae_core.errors import CheckpointCorrupt, DataError
from vae_core.evaluation.trained import load_weights
from vae_core.training.loop import Trainer
from vae_core.training.optimizers import state_of
from vae_core.types import Array

TRAINED = "trained"
"""Key of the trained weights in the optimizer's state, for a run whose model is their moving average."""


def weights(trainer: Trainer) -> dict[str, Array]:
    """The weights, or their average, as float32 arrays of their own shapes, named `model.…` and `likelihood.…`."""
    with trainer.flat.averaged():
        return {
            f"{prefix}.{name}": tensor.detach().cpu().numpy().copy()
            for prefix, module in trainer.modules().items()
            for name, tensor in module.state_dict().items()
        }


def snapshot(trainer: Trainer) -> tuple[dict[str, Array], dict[str, Any]]:
    """Weights and optimizer state as named arrays, and the JSON record that belongs to them."""
    tensors = weights(trainer)
    for key, value in _memory(trainer).items():
        parts = trainer.flat.split(value) if value.ndim else [value] * len(trainer.flat.parameters)
        for name, part in zip(_names(trainer), parts, strict=True):
            tensors[f"optimizer.{name}.{key}"] = part.detach().cpu().numpy().copy()
    record = {
        "step": trainer.step,
        "best": trainer.best,
        "latest": trainer.latest,
        "window": list(trainer.window),
        "notes": trainer.notes,
        "environment": environment(trainer),
        "dataset_sha256": trainer.dataset_digest,
        "image_shape": list(trainer.images.shape[1:]),
    }
    return tensors, record


def restore(trainer: Trainer, tensors: dict[str, Array], record: dict[str, Any]) -> None:
    """Puts the trainer, at any step, into the state of a snapshot.

    Raises:
        DataError: the dataset is not the one the run was trained on.
        CheckpointIncompatible: the arrays belong to another network.
        CheckpointCorrupt: a weight is not finite, or the record is incomplete.
    """
    if record.get("dataset_sha256") != trainer.dataset_digest:
        raise DataError(
            f"The dataset {trainer.config.data.dataset!r} is not the one that this run was trained on; "
            "start a new run from its weights with --from."
        )
    load_weights(trainer.modules(), tensors)
    try:
        trainer.step = int(record["step"])
        trainer.best = (int(record["best"][0]), float(record["best"][1])) if record["best"] else None
        # a figure that was not finite is null in JSON
        trainer.latest = {name: float(value) for name, value in record["latest"].items() if value is not None}
        trainer.window.clear()
        trainer.window.extend(float(value) for value in record["window"])
        trainer.notes = [str(note) for note in record["notes"]]
        before = dict(record["environment"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CheckpointCorrupt("The checkpoint's record is damaged; use an earlier one.") from error
    _restore_memory(trainer, tensors)
    _note_differences(trainer, before)


def _memory(trainer: Trainer) -> dict[str, torch.Tensor]:
    """The state besides the model's weights: that of the optimizer, and the trained weights if the model is their average."""
    trained = {} if trainer.flat.average is None else {TRAINED: trainer.flat.values.detach()}
    return state_of(trainer.optimizer, trainer.flat.values) | trained


def _restore_memory(trainer: Trainer, tensors: dict[str, Array]) -> None:
    """Restores the state of `_memory`, after the model's weights were restored (which are the average if there is one)."""
    flat, names = trainer.flat, _names(trainer)
    keys = {name.rpartition(".")[2] for name in tensors if name.startswith("optimizer.")}
    memory = {key: _flat(trainer, [tensors[f"optimizer.{name}.{key}"] for name in names]) for key in keys}
    if flat.average is not None:
        flat.average.copy_(flat.values.detach())
    with torch.no_grad():
        flat.values.copy_(memory.pop(TRAINED, flat.values.detach()))
    trainer.optimizer.state.clear()
    if memory:
        trainer.optimizer.state[flat.values] = memory


def _flat(trainer: Trainer, parts: list[Array]) -> torch.Tensor:
    """Arrays, one per parameter, as one flat tensor; of scalars, which are all the same, the first."""
    first = torch.from_numpy(np.array(parts[0]))
    if first.ndim == 0 and trainer.flat.parameters[0].ndim:
        return first
    flat = torch.empty_like(trainer.flat.values, requires_grad=False)
    for view, part in zip(trainer.flat.split(flat), parts, strict=True):
        view.copy_(torch.from_numpy(np.array(part)))
    return flat


def _note_differences(trainer: Trainer, before: dict[str, Any]) -> None:
    now = environment(trainer)
    changed = [f"{key} {before.get(key)} to {now[key]}" for key in now if before.get(key) != now[key]]
    if changed:
        trainer.note(f"Resumed, but not bit-identical to a run left alone: {', '.join(changed)}.")


def environment(trainer: Trainer) -> dict[str, Any]:
    """What the bits of a training depend on besides its configuration and data."""
    return {
        "torch": torch.__version__,
        "device": trainer.device.type,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
    }


def _names(trainer: Trainer) -> list[str]:
    """The names of the parameters, in the order of `trainer.flat`."""
    return [f"{prefix}.{name}" for prefix, module in trainer.modules().items() for name, _ in module.named_parameters()]
