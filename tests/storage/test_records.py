"""The records of a run: one writer, readers that follow at a constant cost, half lines ignored."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_core.errors import CheckpointCorrupt, SchemaTooNew
from vae_core.storage import files
from vae_core.storage.records import MetricsReader, MetricsWriter, Series, read_records

IO = Path("/proc/self/io")


def record_of(step: int, loss: float | None = None, split: str = "train", **more: Any) -> dict[str, Any]:
    return {"split": split, "step": step, "loss": 200.0 / (step + 1) if loss is None else loss, **more}


def write(path: Path, records: list[dict[str, Any]]) -> None:
    writer = MetricsWriter(path)
    for record in records:
        writer.add(record)
    writer.close()


def seen_by(reader: MetricsReader) -> tuple[Any, ...]:
    return (reader.train.records(), reader.held_out.records(), reader.last_train, reader.last_held_out)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_records(path) == []
    records = [record_of(step, split="train" if step % 3 else "held-out", seconds=0.25) for step in range(10)]
    write(path, records)
    assert read_records(path) == records
    assert json.loads(path.read_bytes().splitlines()[0]) == {"schema": 1}
    write(path, [record_of(10)])
    assert read_records(path) == [*records, record_of(10)], "a second writer goes on where the first ended"


def test_records_wait_for_a_flush(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    writer = MetricsWriter(path)
    writer.add(record_of(0))
    assert read_records(path) == []
    writer.flush()
    assert read_records(path) == [record_of(0)]
    writer.add(record_of(1))
    assert writer.sync() == path.stat().st_size
    assert len(read_records(path)) == 2
    writer.close()


def test_cut_goes_back_to_what_a_checkpoint_recorded(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    writer = MetricsWriter(path)
    writer.add(record_of(0))
    length = writer.sync()
    writer.add(record_of(1))
    writer.flush()
    writer.add(record_of(2))
    writer.cut(length)
    writer.add(record_of(1, 5.0))
    writer.flush()
    assert read_records(path) == [record_of(0), record_of(1, 5.0)]
    writer.cut(0)
    writer.close()
    assert read_records(path) == [] and path.read_bytes() == b'{"schema": 1}\n'


def test_a_file_shorter_than_the_checkpoint_says_is_not_filled_up(tmp_path: Path) -> None:
    writer = MetricsWriter(tmp_path / "metrics.jsonl")
    with pytest.raises(CheckpointCorrupt, match=r"^metrics\.jsonl is shorter than the checkpoint says"):
        writer.cut(10_000)
    writer.close()
    assert read_records(tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_null_and_flagged(value: float, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, [record_of(0, value), record_of(1)])

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    lines = [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]
    assert lines[1] == {"split": "train", "step": 0, "loss": None, "non_finite": True}
    assert "non_finite" not in lines[2]
    reader = MetricsReader(path)
    reader.poll()
    assert len(reader.train.records()) == 2


def test_a_half_line_is_ignored_and_the_next_record_starts_a_line(tmp_path: Path) -> None:
    """At every byte of the last three lines."""
    path = tmp_path / "metrics.jsonl"
    records = [record_of(step, kl=0.125, name="ü") for step in range(6)]
    write(path, records)
    content = path.read_bytes()
    start = len(b"".join(content.splitlines(keepends=True)[:-3]))
    for length in range(start, len(content) + 1):
        path.write_bytes(content[:length])
        whole = records[: content[:length].count(b"\n") - 1]
        reader = MetricsReader(path)
        reader.poll()
        assert read_records(path) == whole and reader.train.records() == whole
        write(path, [record_of(99)])
        reader.poll()
        assert read_records(path) == [*whole, record_of(99)]
        assert reader.train.records() == [*whole, record_of(99)]


def test_a_half_schema_line_starts_over(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b'{"sche')
    write(tmp_path / "metrics.jsonl", [record_of(0)])
    assert read_records(tmp_path / "metrics.jsonl") == [record_of(0)]


@pytest.mark.parametrize("line", [b"{", b"\xff", b"[]", b"3", b'{"loss": 1}', b'{"step": "x"}', b"[" * 100_000])
def test_a_damaged_line_is_one_typed_error(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"schema": 1}\n' + files.json_bytes(record_of(0)) + line + b"\n" + files.json_bytes(record_of(1))
    )
    reader = MetricsReader(path)
    for _ in range(2):
        with pytest.raises(
            CheckpointCorrupt, match=r"^metrics\.jsonl has a .*; restore the run's folder from a copy\.$"
        ):
            reader.poll()
    with pytest.raises(CheckpointCorrupt):
        read_records(path)


def test_a_newer_format_says_so(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"schema": 2}\n')
    for read in (MetricsReader(path).poll, lambda: read_records(path)):
        with pytest.raises(SchemaTooNew, match=r"^metrics\.jsonl was written in format 2"):
            read()


records = st.builds(
    record_of,
    st.integers(0, 5_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["train", "held-out"]),
)


@given(st.lists(records, max_size=80), st.lists(st.integers(0, 8_000), max_size=12), st.integers(2, 20))
def test_following_equals_reading_anew(
    tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, Any]], cuts: list[int], capacity: int
) -> None:
    """However the writer's bytes arrive, in the middle of lines as well."""
    path = tmp_path_factory.getbasetemp() / "followed.jsonl"
    content = b"".join(map(files.json_bytes, [{"schema": 1}, *written]))
    path.unlink(missing_ok=True)
    reader = MetricsReader(path, capacity)
    assert not reader.poll()
    for length in [*sorted(cut % (len(content) + 1) for cut in cuts), len(content)]:
        path.write_bytes(content[:length])
        version, before = reader.version, seen_by(reader)
        assert reader.poll() == (reader.version != version)
        assert not (reader.version == version and seen_by(reader) != before)
    fresh = MetricsReader(path, capacity)
    fresh.poll()
    assert seen_by(reader) == seen_by(fresh)
    assert not reader.poll()


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 60))
def test_a_reader_notices_that_a_run_was_resumed(
    tmp_path_factory: pytest.TempPathFactory, first: int, kept: int, again: int
) -> None:
    """A killed run is cut back and goes on with other clock fields; no poll need have fallen in between."""
    path = tmp_path_factory.getbasetemp() / "resumed.jsonl"
    path.unlink(missing_ok=True)
    write(path, [record_of(step, seconds=step / 8) for step in range(first)])
    reader = MetricsReader(path)
    reader.poll()
    writer = MetricsWriter(path)
    writer.cut(len(b"".join(path.read_bytes().splitlines(keepends=True)[: 1 + min(kept, first)])))
    for step in range(min(kept, first), min(kept, first) + again):
        writer.add(record_of(step, seconds=step / 7 + 1))
    writer.close()
    reader.poll()
    fresh = MetricsReader(path)
    fresh.poll()
    assert seen_by(reader) == seen_by(fresh)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.floats(-1e6, 1e6)), min_size=1, max_size=300), st.integers(2, 30))
@settings(max_examples=60)
def test_a_series_keeps_its_extremes_within_its_capacity(points: list[tuple[int, float]], capacity: int) -> None:
    series = Series("loss", capacity)
    for step, loss in sorted(points):
        series.add(record_of(step, loss))
        kept = series.records()
        assert len(kept) <= capacity
    losses = [loss for _, loss in points]
    kept_losses = [record["loss"] for record in kept]
    assert min(kept_losses) == min(losses) and max(kept_losses) == max(losses)
    steps = [record["step"] for record in kept]
    assert steps == sorted(steps)
    assert all((record["step"], record["loss"]) in points for record in kept), "points are chosen, never made up"


def test_a_series_is_whole_while_it_fits_and_spans_all_steps_after() -> None:
    series = Series("loss", 400)
    for step in range(200):
        series.add(record_of(step))
    assert [record["step"] for record in series.records()] == list(range(200))
    for step in range(200, 1_000_000, 100):
        series.add(record_of(step, 50.0 + step % 7))
    steps = [record["step"] for record in series.records()]
    assert len(steps) > 100 and steps[0] == 0 and steps[-1] > 990_000
    assert max(b - a for a, b in itertools.pairwise(steps)) < 40_000


@pytest.mark.skipif(not IO.exists(), reason="needs Linux's count of the bytes that a process reads")
def test_the_bytes_of_a_poll_do_not_grow_with_the_file(tmp_path: Path) -> None:
    def bytes_read() -> int:
        return int(IO.read_text().split()[1])

    path = tmp_path / "metrics.jsonl"
    costs = []
    for total in (1_000, 100_000):
        path.unlink(missing_ok=True)
        write(path, [record_of(step, 100.0, kl=1.25) for step in range(total)])
        reader = MetricsReader(path)
        reader.poll()
        write_one = MetricsWriter(path)
        write_one.add(record_of(total))
        write_one.close()
        before = bytes_read()
        assert reader.poll()
        costs.append(bytes_read() - before)
        assert reader.last_train == record_of(total)
    assert costs[1] < costs[0] + 20_000 < 60_000 < path.stat().st_size
