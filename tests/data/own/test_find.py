"""Folders, zips, arrays, IDX files, tables: each is found for what it is, with names, labels and splits."""

from __future__ import annotations

import gzip
import json
import os
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.data.own.pictures import noise, photo, sample, saved, zipped
from vae_core.data.own.find import find_pictures
from vae_core.data.own.found import Entry, Found, Missing
from vae_core.data.own.import_settings import make_settings
from vae_core.data.own.preparing import prepare_batch
from vae_core.errors import DataError, DatasetMissing
from vae_core.types import Array

PNG = saved(photo("camera").resize((8, 8)))


def write(root: Path, *names: str, content: bytes = PNG) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def entries(found: Found) -> list[tuple[str, str, str]]:
    return [tuple(entry) for entry in found.entries]


def images(found: Found, start: int = 0) -> Array:
    """All pictures from one on, (n, C, 8, 8)."""
    batch = prepare_batch(list(found.contents(start)), make_settings(size=8).recipe)
    assert batch.rejected == []
    return batch.images


def sentence(path: Path, kind: type[DataError] = DataError) -> str:
    with pytest.raises(kind) as caught:
        find_pictures(path)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    return str(caught.value)


def reasons(found: Found) -> dict[str, str]:
    return {each.file: each.reason for each in found.rejected}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png", "deep/er/b.png"], [("a.png", "", ""), ("deep/er/b.png", "deep", "")]),
        (["all/a.png", "all/b.png"], [("all/a.png", "", ""), ("all/b.png", "", "")]),
        (["x/cat/a.png", "x/dog/young/b.png"], [("x/cat/a.png", "cat", ""), ("x/dog/young/b.png", "dog", "")]),
        (
            ["pets/Train/cat/a.png", "pets/Train/dog/b.png", "pets/test/cat/c.png"],
            [
                ("pets/Train/cat/a.png", "cat", "train"),
                ("pets/Train/dog/b.png", "dog", "train"),
                ("pets/test/cat/c.png", "cat", "test"),
            ],
        ),
        (["train/a.png", "val/b.png"], [("train/a.png", "", "train"), ("val/b.png", "", "test")]),
        (
            ["test/c.png", "train/a.png", "val/b.png"],
            [("test/c.png", "", "test"), ("train/a.png", "", "train"), ("val/b.png", "", "train")],
        ),
        (["test/a.png", "other/b.png"], [("other/b.png", "other", ""), ("test/a.png", "test", "")]),
    ],
)  # fmt: skip
def test_folders_and_zips_tell_classes_and_splits(
    names: list[str], expected: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    assert entries(find_pictures(write(tmp_path / "folder", *names))) == expected
    made = zipped(tmp_path / "a.zip", {name.replace("/", "\\"): PNG for name in names})
    found = find_pictures(made)
    assert entries(found) == expected
    assert len(images(found)) == len(names) and len(images(found, 1)) == len(names) - 1


def test_links_hidden_files_and_pipes_in_a_folder(tmp_path: Path) -> None:
    root = write(tmp_path / "root", "a.png", ".hidden.png", ".git/b.png", "sub/c.png")
    write(tmp_path, "outside.png")
    (root / "inside.png").symlink_to(root / "a.png")
    (root / "out.png").symlink_to(tmp_path / "outside.png")
    (root / "circle").symlink_to(root)
    (root / "gone.png").symlink_to(root / "nowhere.png")
    (root / "loop.png").symlink_to(root / "loop.png")
    os.mkfifo(root / "pipe.png")
    found = find_pictures(root)
    assert [entry.name for entry in found.entries] == [
        *("a.png", "gone.png", "inside.png", "loop.png", "pipe.png", "sub/c.png")
    ]
    assert reasons(found) == {
        "circle": "It is a link to a folder.",
        "out.png": "It is a link that leads out of the folder.",
    }
    batch = prepare_batch(list(found.contents(0)), make_settings(size=8).recipe)
    assert batch.places == [0, 2, 5]
    assert [text[:20] for _, text in batch.rejected] == [
        "It cannot be read (N",
        "It cannot be read (T",
        "It is not a regular ",
    ]


@pytest.mark.usefixtures("ordinary_rights")
def test_folders_and_files_that_may_not_be_read_are_named(tmp_path: Path) -> None:
    root = write(tmp_path / "root", "a.png", "b.png", "locked/c.png")
    (root / "b.png").chmod(0)
    (root / "locked").chmod(0)
    try:
        found = find_pictures(root)
        assert list(reasons(found)) == ["locked"]
        assert (
            "Permission denied" in prepare_batch(list(found.contents(0)), make_settings(size=8).recipe).rejected[0][1]
        )
        root.chmod(0)
        assert "check its permissions" in sentence(root)
    finally:
        for path in (root, root / "locked"):
            path.chmod(0o700)


def test_odd_names_are_names_like_others(tmp_path: Path) -> None:
    names = ["con.png", "a b\n.png", "\x1b[2J.png", "ü" * 60 + ".png", "'\"<>|?*.png", "caf\udce9.png", "no ending"]
    found = find_pictures(write(tmp_path / "odd", *names))
    assert Counter(entry.name for entry in found.entries) == Counter(names)
    assert len(images(found)) == len(names)
    json.dumps(entries(found))


def test_members_of_a_zip_that_lead_out_or_are_zips_are_left_out(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"x.png": PNG}).read_bytes()
    members = {
        "../up.png": PNG, "a/../../up.png": PNG, "/etc/root.png": PNG, "C:\\windows\\w.png": PNG, "..\\up.png": PNG,
        "a/inner.zip": inner, "a/good.png": PNG, "b\\good.png": PNG, "__MACOSX/a/._good.png": PNG, "notes.txt": b"hello",
    }  # fmt: skip
    found = find_pictures(zipped(tmp_path / "a.zip", members))
    assert [entry.name for entry in found.entries] == ["a/good.png", "b/good.png", "notes.txt"]
    assert [entry.label for entry in found.entries] == ["a", "b", ""]
    told = reasons(found)
    assert told.pop("a/inner.zip") == "A zip within a zip is not opened; unpack it."
    assert set(told.values()) == {"Its name leads out of the zip."} and len(told) == 5


def test_a_csv_beside_pictures_gives_them_labels(tmp_path: Path) -> None:
    root = write(tmp_path / "root", "one.png", "sub/two.png", "sub/three.png", "four.png")
    (root / "labels.csv").write_text(
        "id,label\none,cat\nsub/two.png,dog\n./sub\\three.png,cat\nfive.png,cat\none.png,cat,extra\n"
    )
    expected = {"one.png": "cat", "sub/two.png": "dog", "sub/three.png": "cat", "four.png": ""}
    for path in (
        root,
        zipped(tmp_path / "a.zip", {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*.*")}),
    ):
        found = find_pictures(path)
        assert {entry.name: entry.label for entry in found.entries} == expected
        assert reasons(found) == {
            "labels.csv, row 5": "There is no picture 'five.png'.",
            "labels.csv, row 6": "It has 3 columns, and the header has 2.",
        }
        assert found.notes == ["1 of 4 pictures are not in 'labels.csv' and keep the label of their folder, if any."]
    (root / "four.png").unlink()
    write(root, "unlisted.png")
    (root / "list.csv").write_text("file;weight;species\none.png;3;cat\ntwo.png;4;dog\n")
    found = find_pictures(root / "list.csv")
    assert [(entry.name, entry.label) for entry in found.entries] == [("one.png", "cat"), ("sub/two.png", "dog")]
    assert len(images(found)) == 2


@pytest.mark.parametrize("text", ["a,b,c\n1,2,3\n", "", "file,x,y\none.png,1,2\n", "\xff\xfe"])
def test_a_csv_that_gives_no_labels_is_named_and_the_pictures_stay(text: str, tmp_path: Path) -> None:
    root = write(tmp_path / "root", "one.png", "two.png")
    (root / "t.csv").write_bytes(text.encode("latin-1"))
    found = find_pictures(root)
    assert [entry.name for entry in found.entries] == ["one.png", "two.png"] and list(reasons(found)) == ["t.csv"]
    if "one.png" not in text:
        sentence(root / "t.csv")


def pixel_lines(count: int) -> list[str]:
    pictures, labels = sample()
    return [f"{labels[index]},{','.join(map(str, pictures[index].ravel()))}" for index in range(count)]


def test_a_csv_of_pixels_as_kaggle_hands_it_out(tmp_path: Path) -> None:
    header = "label," + ",".join(f"pixel{number}" for number in range(784))
    path = tmp_path / "train.csv"
    path.write_text("\n".join([header, *pixel_lines(5), "7,1,2,3", "x", ""]))
    found = find_pictures(path)
    assert [entry.label for entry in found.entries] == [str(label) for label in sample()[1][:5]]
    assert reasons(found)["row 7"] == "It has 4 columns, and the first row has 785."
    batch = prepare_batch(list(found.contents(2)), make_settings(size=28).recipe)
    np.testing.assert_array_equal(batch.images[:, 0], sample()[0][2:5])
    path.write_text("\n".join(pixel_lines(3)))  # without a header
    assert len(find_pictures(path).entries) == 3
    path.write_text("\n".join(line.split(",", 1)[1] for line in pixel_lines(3)))  # without labels either
    assert {entry.label for entry in find_pictures(path).entries} == {""}


def test_a_csv_of_pixels_in_colour_and_of_floats(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    coloured = noise(2 * 8, 8).reshape(2, -1)[:, :192]
    lines = [",".join([*map(str, row), "cat"]) for row in coloured.tolist()]
    path.write_text("\n".join([",".join([*(f"pixel{n}" for n in range(192)), "label"]), *lines]))
    with pytest.raises(DataError):  # a label that is a name is no number, so it is no CSV of pixels
        find_pictures(path)
    path.write_text("\n".join(line.replace("cat", "3") for line in [path.read_text()]))
    found = find_pictures(path)
    np.testing.assert_array_equal(images(found), coloured.reshape(2, 8, 8, 3).transpose(0, 3, 1, 2))
    path.write_text("\n".join(",".join(["1", *["0.5"] * 64]) for _ in range(2)))
    assert images(find_pictures(path)).max() == 128


@pytest.mark.parametrize(
    ("array", "shape"),
    [
        (noise(4), (4, 1, 8, 8)),
        (noise(4)[..., None], (4, 1, 8, 8)),
        (noise(4 * 3).reshape(4, 3, 8, 8), (4, 3, 8, 8)),
        (noise(4 * 3).reshape(4, 8, 8, 3), (4, 3, 8, 8)),
        (noise(4).astype(np.float32) / 255, (4, 1, 8, 8)),
        (np.asfortranarray(noise(4)), (4, 1, 8, 8)),
    ],
)
def test_arrays_of_each_shape(array: Array, shape: tuple[int, ...], tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    found = find_pictures(tmp_path / "a.npy")
    made = images(found)
    assert made.shape == shape
    if array.shape == (4, 3, 8, 8):
        np.testing.assert_array_equal(made, array)
    np.testing.assert_array_equal(images(found, 3), made[3:])
    if not array.flags.f_contiguous:
        np.savez_compressed(tmp_path / "a.npz", images=array, labels=np.array([3, 1, 3, 2]))
        packed = find_pictures(tmp_path / "a.npz")
        np.testing.assert_array_equal(images(packed), made)
        np.testing.assert_array_equal(images(packed, 2), made[2:])
        assert [entry.label for entry in packed.entries] == ["3", "1", "3", "2"]


def test_an_npz_with_splits_as_keras_and_medmnist_have_them(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        x_train=noise(5), y_train=np.arange(5), x_test=noise(3, seed=1), y_test=np.arange(3).reshape(3, 1) + 7,
    )  # fmt: skip
    found = find_pictures(tmp_path / "a.npz")
    assert Counter(entry.split for entry in found.entries) == {"train": 5, "test": 3}
    assert [entry.label for entry in found.entries] == [*"01234", *"789"]
    np.testing.assert_array_equal(images(found, 6)[:, 0], noise(3, seed=1)[1:])


def test_arrays_that_are_no_pictures_are_one_sentence_and_objects_are_never_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for array in (np.zeros((3, 4)), np.zeros((2, 5, 4, 7)), np.zeros((2, 3, 4), complex), np.zeros((2, 0, 4))):
        np.save(path, array)
        assert "a.npy" in sentence(path)
    np.save(path, np.array([{}, print], object), allow_pickle=True)
    assert "Python objects" in sentence(path)
    np.savez(tmp_path / "a.npz", images=np.array([[[print]]], object))
    assert "Python objects, which are never read" in sentence(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", weights=np.zeros((3, 4)))
    assert "it holds weights 3 x 4" in sentence(tmp_path / "b.npz")
    path.write_bytes(b"\x93NUMPY\x01\x00" + bytes(40))
    assert "damaged" in sentence(path)
    (tmp_path / "b.npz").write_bytes(b"PK\x03\x04" + bytes(40))
    assert "damaged" in sentence(tmp_path / "b.npz")


def idx(folder: Path, prefix: str, pictures: Array, labels: Array, ending: str = "") -> None:
    pack = gzip.compress if ending else bytes
    header = struct.pack(">4B3I", 0, 0, 8, 3, *pictures.shape)
    (folder / f"{prefix}-images-idx3-ubyte{ending}").write_bytes(pack(header + pictures.tobytes()))
    content = struct.pack(">4BI", 0, 0, 8, 1, len(labels)) + labels.astype(np.uint8).tobytes()
    (folder / f"{prefix}-labels-idx1-ubyte{ending}").write_bytes(pack(content))


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_files_with_their_labels_and_splits(ending: str, tmp_path: Path) -> None:
    idx(tmp_path, "train", noise(5), np.arange(5), ending)
    idx(tmp_path, "t10k", noise(2, seed=1), np.arange(2), ending)
    found = find_pictures(tmp_path)
    assert [entry.split for entry in found.entries] == ["test"] * 2 + ["train"] * 5
    assert [entry.label for entry in found.entries] == [*"01", *"01234"]
    np.testing.assert_array_equal(images(found, 2)[:, 0], noise(5))
    alone = find_pictures(tmp_path / f"train-images-idx3-ubyte{ending}")
    assert [entry.label for entry in alone.entries] == [*"01234"] and {entry.split for entry in alone.entries} == {""}


def test_an_idx_file_that_is_cut_short_misses_its_last_pictures(tmp_path: Path) -> None:
    idx(tmp_path, "train", noise(5), np.arange(5), ".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    unpacked = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(unpacked[: 16 + 3 * 64 + 10]))
    contents = list(find_pictures(path).contents(0))
    assert [isinstance(content, Missing) for content in contents] == [False] * 3 + [True] * 2
    path.write_bytes(gzip.compress(unpacked, 0)[:150])
    assert len(list(find_pictures(path).contents(1))) == 4
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8bnothing")
    assert "damaged" in sentence(path)


def parquet(path: Path, rows: list[bytes | None], labels: list[int | None], names: list[str] | None = None) -> Path:
    pictures = pa.array(
        [None if row is None else {"bytes": row or None, "path": f"{index}.png"} for index, row in enumerate(rows)],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    table = pa.table({"label": pa.array(labels, pa.int64()), "image": pictures})
    if names:
        features = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=3)
    return path


def test_parquet_files_as_hugging_face_stores_them(tmp_path: Path) -> None:
    pictures = [saved(Image.fromarray(picture)) for picture in noise(8)]
    parquet(tmp_path / "data/train-00000-of-00001.parquet", pictures[:5], [0, 1, 1, 0, None], ["cat", "dog"])
    parquet(tmp_path / "data/test-00000-of-00001.parquet", pictures[5:], [1, 0, 5], ["cat", "dog"])
    found = find_pictures(tmp_path)
    assert [entry.split for entry in found.entries] == ["test"] * 3 + ["train"] * 5
    assert [entry.label for entry in found.entries] == ["dog", "cat", "5", "cat", "dog", "dog", "cat", ""]
    assert found.entries[3].name == "train-00000-of-00001.parquet, row 0"
    for start in range(8):
        np.testing.assert_array_equal(images(found, start)[:, 0], np.concatenate([noise(8)[5:], noise(8)[:5]])[start:])


def test_a_parquet_file_with_missing_bytes_plain_bytes_or_no_pictures(tmp_path: Path) -> None:
    found = find_pictures(parquet(tmp_path / "a.parquet", [PNG, None, b"", PNG], [0, 0, 0, 0]))
    assert [type(content) for content in found.contents(0)] == [bytes, Missing, Missing, bytes]
    pq.write_table(pa.table({"img": pa.array([PNG], pa.binary()), "label": ["x"]}), tmp_path / "b.parquet")
    assert entries(find_pictures(tmp_path / "b.parquet")) == [("b.parquet, row 0", "x", "")]
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "c.parquet")
    assert "no column of encoded pictures; it has text (string)" in sentence(tmp_path / "c.parquet")
    (tmp_path / "d.parquet").write_bytes(b"PAR1" + bytes(50))
    assert "damaged" in sentence(tmp_path / "d.parquet")


def test_what_holds_no_pictures_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "There are no pictures in" in sentence(tmp_path / "empty")
    assert "There are no pictures in" in sentence(zipped(tmp_path / "empty.zip", {}))
    for name in ("nowhere", "x" * 5_000, "nul\0"):
        assert "There is no file or folder" in sentence(tmp_path / name, DatasetMissing)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(30))
    assert "damaged or not a zip" in sentence(tmp_path / "broken.zip")
    np.save(tmp_path / "empty" / "a.npy", noise(2))
    assert len(find_pictures(tmp_path / "empty").entries) == 2
    np.save(tmp_path / "empty" / "b.npy", noise(2))
    assert "2 files of arrays; give one of them" in sentence(tmp_path / "empty")


def test_the_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    root = write(tmp_path / "root", "a.png", "b.png")
    before = find_pictures(root).fingerprint
    assert find_pictures(root).fingerprint == before
    os.utime(root / "a.png", (1, 1))
    changed = find_pictures(root).fingerprint
    write(root, "c.png")
    assert len({before, changed, find_pictures(root).fingerprint}) == 3
    assert find_pictures(root).entries[0] == Entry("a.png")
