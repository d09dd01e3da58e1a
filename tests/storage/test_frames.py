"""Pictures of a run: exact where it matters, small, and one typed error where they are damaged."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_core.errors import CheckpointCorrupt
from vae_core.storage import files, frames
from vae_core.storage.arrays import pack_bundle, unpack_bundle
from vae_core.storage.frames import Film, Frame, Subjects

DRAW = np.random.default_rng(0)
SUBJECTS = Subjects(
    labels=np.array([3, -1, 9]),
    classes=("T-shirt/top", "ü"),
    inputs=DRAW.integers(0, 256, (2, 1, 28, 28), np.uint8),
    lines={"floor": 45.534, "collapse": 205.805},
)


def frame_at(step: int, **changes: Any) -> Frame:
    frame = Frame(
        step=step,
        epoch=step / 79,
        mean=DRAW.standard_normal((3, 2)).astype(np.float32),
        log_variance=DRAW.standard_normal((3, 2)).astype(np.float32),
        reconstructions=DRAW.integers(0, 256, (2, 3, 7, 5), np.uint8),
        kl_per_dimension=np.array([1.25, 0.0], np.float32),
        figures={"loss": 150.5, "kl": 6.25},
    )
    return dataclasses.replace(frame, **changes)


def test_subjects_round_trip() -> None:
    found = frames.unpack_subjects(frames.pack_subjects(SUBJECTS))
    assert found.classes == SUBJECTS.classes and found.lines == SUBJECTS.lines
    assert np.array_equal(found.labels, SUBJECTS.labels) and found.labels.dtype == np.int64
    assert np.array_equal(found.inputs, SUBJECTS.inputs) and found.inputs.dtype == np.uint8


def test_damaged_subjects_round_trip() -> None:
    damaged = dataclasses.replace(SUBJECTS, corrupted=255 - SUBJECTS.inputs)
    back = frames.unpack_subjects(frames.pack_subjects(damaged))
    assert back.corrupted is not None and (back.corrupted == 255 - SUBJECTS.inputs).all()
    assert frames.unpack_subjects(frames.pack_subjects(SUBJECTS)).corrupted is None


def test_a_frame_round_trips() -> None:
    frame = frame_at(13)
    found = frames.unpack_frame(frames.pack_frame(frame))
    assert (found.step, found.epoch, found.figures) == (13, 13 / 79, frame.figures)
    assert np.array_equal(found.reconstructions, frame.reconstructions) and found.reconstructions.dtype == np.uint8
    assert found.kl_per_dimension is not None and found.kl_per_dimension.tolist() == [1.25, 0.0]
    for got, given in ((found.mean, frame.mean), (found.log_variance, frame.log_variance)):
        assert got is not None and given is not None and got.dtype == np.float32
        assert np.allclose(got, given, rtol=2**-11, atol=1e-7)


def test_an_autoencoders_frame_has_no_spread_and_no_kl() -> None:
    found = frames.unpack_frame(frames.pack_frame(frame_at(0, log_variance=None, kl_per_dimension=None)))
    assert found.log_variance is None and found.kl_per_dimension is None


def test_codes_outside_half_precision_are_drawn_at_its_end() -> None:
    far = np.array([[1e30, -1e30], [np.inf, 65504.0]], np.float32)
    found = frames.unpack_frame(frames.pack_frame(frame_at(0, mean=far)))
    assert found.mean.tolist() == [[65504.0, -65504.0], [65504.0, 65504.0]]


def test_figures_that_are_not_finite_are_left_out() -> None:
    found = frames.unpack_frame(frames.pack_frame(frame_at(0, figures={"loss": float("nan"), "kl": 1.0})))
    assert found.figures == {"kl": 1.0}


def test_sixty_frames_stay_under_three_megabytes() -> None:
    frame = frame_at(
        1,
        mean=np.zeros((2_000, 2), np.float32),
        log_variance=None,
        reconstructions=np.zeros((10, 1, 28, 28), np.uint8),
    )
    assert 60 * len(frames.pack_frame(frame)) < 3_000_000


def without(content: bytes, name: str) -> bytes:
    arrays = unpack_bundle(content)
    return pack_bundle({key: value for key, value in arrays.items() if key != name})


def noted(content: bytes, note: bytes) -> bytes:
    return pack_bundle({**unpack_bundle(content), "note": np.frombuffer(note, np.uint8)})


NOTES = [
    b"",
    b"{",
    b"[]",
    b"[1]",
    b"3",
    b"null",
    b"{}",
    b'{"step": "x", "epoch": 0, "figures": {}}',
    b"\xff",
    b"[" * 99_999,
]
MORE_NOTES = [
    b'{"step": 1, "epoch": 0, "figures": []}',
    b'{"classes": 3, "lines": {}}',
    b'{"classes": [], "lines": [1]}',
]


@pytest.mark.parametrize("note", NOTES + MORE_NOTES)
def test_a_damaged_note_is_one_typed_error(note: bytes) -> None:
    with pytest.raises(CheckpointCorrupt, match=r"^[^\n]*damaged; restore the run's folder from a copy\.$"):
        frames.unpack_frame(noted(frames.pack_frame(frame_at(1)), note))
    with pytest.raises(CheckpointCorrupt, match=r"damaged; restore the run's folder from a copy\.$"):
        frames.unpack_subjects(noted(frames.pack_subjects(SUBJECTS), note))


@pytest.mark.parametrize("name", ["note", "mean", "reconstructions"])
def test_a_frame_that_lacks_something_is_one_typed_error(name: str) -> None:
    with pytest.raises(CheckpointCorrupt):
        frames.unpack_frame(without(frames.pack_frame(frame_at(1)), name))


@pytest.mark.parametrize("name", ["note", "labels", "inputs"])
def test_subjects_that_lack_something_are_one_typed_error(name: str) -> None:
    with pytest.raises(CheckpointCorrupt):
        frames.unpack_subjects(without(frames.pack_subjects(SUBJECTS), name))


def test_every_truncation_is_one_typed_error() -> None:
    content = frames.pack_frame(frame_at(1))
    for length in range(0, len(content), 7):
        with pytest.raises(CheckpointCorrupt):
            frames.unpack_frame(content[:length])


def put(folder: Path, step: int) -> None:
    files.write_atomic(folder / "film" / frames.frame_name(step), frames.pack_frame(frame_at(step)), durable=False)


def test_a_film_is_followed_frame_by_frame(tmp_path: Path) -> None:
    film = Film(tmp_path)
    assert not film.poll() and film.frames == [] and film.subjects is None
    (tmp_path / "film").mkdir()
    files.write_atomic(tmp_path / "film" / "subjects.npz", frames.pack_subjects(SUBJECTS))
    (tmp_path / "film" / ".00000001.npz.1-1.tmp").write_bytes(b"half")
    assert not film.poll()
    assert film.subjects is not None and film.subjects.classes == SUBJECTS.classes
    for step in (0, 1, 2, 100, 100_000_000):
        put(tmp_path, step)
        assert film.poll() and not film.poll()
    assert [frame.step for frame in film.frames] == [0, 1, 2, 100, 100_000_000]


def test_only_new_frames_are_read(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    film = Film(tmp_path)
    put(tmp_path, 0)
    film.poll()
    (tmp_path / "film" / frames.frame_name(0)).write_bytes(b"would be an error")
    put(tmp_path, 1)
    assert film.poll()
    assert [frame.step for frame in film.frames] == [0, 1]


def test_a_film_that_was_cut_back_starts_over(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    film = Film(tmp_path)
    for step in (0, 1, 2):
        put(tmp_path, step)
    film.poll()
    (tmp_path / "film" / frames.frame_name(2)).unlink()
    put(tmp_path, 3)
    assert film.poll()
    assert [frame.step for frame in film.frames] == [0, 1, 3]


def test_the_preview_is_the_newest_frame(tmp_path: Path) -> None:
    assert frames.read_preview(tmp_path) is None
    files.write_atomic(tmp_path / "preview.npz", frames.pack_frame(frame_at(5)), durable=False)
    found = frames.read_preview(tmp_path)
    assert found is not None and found.step == 5
