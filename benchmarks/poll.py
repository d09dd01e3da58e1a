"""The cost of a poll of the live page after 1,000 and after 1,000,000 recorded steps: it must not grow.

A poll reads twenty new records and builds the loss chart's table, which is sent as Arrow.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pyarrow

from benchmarks.common import Result, median
from vae_core.storage.records import MetricsReader, MetricsWriter
from vae_core.viz.loss_chart import loss_table

POLLS = 40
NEW = 20


def _record(step: int) -> dict[str, float | int | str]:
    value = 150.0 + 50.0 / (1 + step / 100) + (step * 7919 % 101) / 50
    return {
        "split": "train", "step": step, "epoch": step / 79, "loss": value, "reconstruction_nats": value - 6.0,
        "kl_nats": 6.0, "beta": 1.0, "seconds": step / 100,
    }  # fmt: skip


def poll_cost(records: int) -> tuple[float, float]:
    """Median seconds and bytes of a poll after that many records."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        writer, reader = MetricsWriter(path), MetricsReader(path)
        for step in range(1, records + 1):
            writer.add(_record(step))
        writer.flush()
        reader.poll()
        seconds, sizes = [], []
        for turn in range(POLLS):
            for step in range(NEW):
                writer.add(_record(records + turn * NEW + step + 1))
            writer.flush()
            began = time.perf_counter()
            reader.poll()
            table = loss_table(reader.train.records(), reader.held_out.records(), {"floor": 45.0, "collapse": 206.0})
            sizes.append(pyarrow.Table.from_pandas(table).nbytes)
            seconds.append(time.perf_counter() - began)
        writer.close()
    return median(seconds), median(sizes)


def measure() -> Result:
    few, many = poll_cost(1_000), poll_cost(1_000_000)
    ratio = max(many[0] / few[0], many[1] / few[1])
    detail = f"{few[0] * 1e3:.1f} and {many[0] * 1e3:.1f} ms, {few[1]:,.0f} and {many[1]:,.0f} bytes"
    return Result("a poll after 1,000,000 steps / after 1,000", ratio, 1.3, False, detail)
