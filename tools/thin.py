"""Makes a finished run smaller for shipping: fewer records, frames and points. Weights and figures stay unchanged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vae_core.storage import files, frames
from vae_core.storage.records import MetricsWriter, Record, Series, read_records


def thin_records(path: Path, count: int) -> None:
    """Keeps all held-out records, and about `count` training records: the lowest and highest loss of each span of steps."""
    records = read_records(path)
    series = Series("loss", count)
    for record in records:
        if record["split"] == "train":
            series.add(record)
    kept: list[Record] = [*series.records(), *(record for record in records if record["split"] == "held-out")]
    writer = MetricsWriter(path)
    writer.cut(0)
    for record in sorted(kept, key=lambda record: record["step"]):
        writer.add(record)
    writer.close()


def thin_film(folder: Path, count: int, points: int | None = None) -> None:
    """Keeps `count` evenly spaced frames, including the last one, with the first `points` points."""
    paths = sorted(folder.glob("[0-9]*.npz"))
    last = len(paths) - 1
    kept = {last - round(last * index / max(1, count - 1)) for index in range(count)}
    for index, path in enumerate(paths):
        if index not in kept:
            files.remove(path)
        elif points is not None:
            frame = frames.unpack_frame(files.read_bytes(path))
            files.write_atomic(path, frames.pack_frame(replace(frame, mean=frame.mean[:points])))
    if points is not None:
        path = folder / "subjects.npz"
        subjects = frames.unpack_subjects(files.read_bytes(path))
        files.write_atomic(path, frames.pack_subjects(replace(subjects, labels=subjects.labels[:points])))
