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
from vae_core.types import Array

ADAM = ("exp_avg", "exp_avg_sq", "step")


def weights(trainer: Trainer) -> dict[str, Array]:
    """The weights as float32 arrays of their own shapes, named `model.…` and `likelihood.…`."""
    return {
        f"{prefix}.{name}": tensor.detach().cpu().numpy().copy()
        for prefix, module in trainer.modules().items()
        for name, tensor in module.state_dict().items()
    }


def snapshot(trainer: Trainer) -> tuple[dict[str, Array], dict[str, Any]]:
    """Weights and optimizer state as named arrays, and the JSON record that belongs to them."""
    tensors = weights(trainer)
    for name, parameter in _named_parameters(trainer):
        state = trainer.optimizer.state.get(parameter, {})
        for key in ADAM:
            if key in state:
                tensors[f"optimizer.{name}.{key}"] = state[key].detach().cpu().numpy().copy()
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
    _restore_optimizer(trainer, tensors)
    _note_differences(trainer, before)


def _restore_optimizer(trainer: Trainer, tensors: dict[str, Array]) -> None:
    trainer.optimizer.state.clear()
    for name, parameter in _named_parameters(trainer):
        state = {key: tensors[f"optimizer.{name}.{key}"] for key in ADAM if f"optimizer.{name}.{key}" in tensors}
        if len(state) == len(ADAM):
            trainer.optimizer.state[parameter] = {key: _like(parameter, value) for key, value in state.items()}


def _like(parameter: torch.nn.Parameter, value: Array) -> torch.Tensor:
    """The value on the parameter's device, in its memory format where it has its shape."""
    given = torch.from_numpy(np.array(value)).to(parameter.device)
    return torch.empty_like(parameter).copy_(given) if given.shape == parameter.shape else given


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


def _named_parameters(trainer: Trainer) -> list[tuple[str, torch.nn.Parameter]]:
    return [
        (f"{prefix}.{name}", parameter)
        for prefix, module in trainer.modules().items()
        for name, parameter in module.named_parameters()
    ]
