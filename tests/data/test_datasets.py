from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_core.data import bundled, catalogue, datasets
from vae_core.data.source import PARTS
from vae_core.errors import ConfigError, DataError, DiskError
from vae_core.storage import arrays, files
from vae_core.storage.paths import PROJECT_ROOT

SAMPLES = [("mnist-sample", "mnist"), ("fashion-mnist-sample", "fashion-mnist")]


def cached_file(cache: Path, part: str = "train_images") -> Path:
    (found,) = cache.glob(f"datasets/mnist-sample-*/{part}.npy")
    return found


@pytest.mark.parametrize("name", [sample for sample, _ in SAMPLES])
def test_sample_is_whole(name: str) -> None:
    sample = datasets.load_dataset(name)
    assert sample.name == name
    assert sample.image_shape == (1, 28, 28)
    assert sample.train_images.shape == (10_000, 1, 28, 28) and sample.test_images.shape == (2_000, 1, 28, 28)
    assert sample.train_images.dtype == sample.test_images.dtype == torch.uint8
    assert sample.train_labels.dtype == sample.test_labels.dtype == torch.int64
    assert len(sample.classes) == 10
    assert datasets.content_digest(sample) == sample.digest == catalogue.SOURCES[name].digest


@pytest.mark.parametrize(("name", "full_name"), SAMPLES)
def test_sample_is_a_part_of_the_full_set(name: str, full_name: str, full_data: Path) -> None:
    sample, full = datasets.load_dataset(name), datasets.load_dataset(full_name, full_data)
    bundle = arrays.unpack_bundle((bundled.SAMPLES / f"{name}.npz").read_bytes())
    for split in ("train", "test"):
        index = torch.from_numpy(bundle[f"{split}_index"].astype(np.int64))
        labels, full_labels = getattr(sample, f"{split}_labels"), getattr(full, f"{split}_labels")
        assert len(index.unique()) == len(labels)
        assert torch.equal(getattr(sample, f"{split}_images"), getattr(full, f"{split}_images")[index])
        assert torch.equal(labels, full_labels[index])
        share = full_labels.bincount() * len(labels) / len(full_labels)
        assert (labels.bincount() - share).abs().max() < 1


def test_labels_are_mixed_at_the_start() -> None:
    """So that `--limit` takes of every label."""
    for name, _ in SAMPLES:
        assert len(datasets.load_dataset(name).train_labels[:100].unique()) == 10


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_full_set(name: str, full_data: Path) -> None:
    full = datasets.load_dataset(name, full_data)
    assert full.train_images.shape == (60_000, 1, 28, 28) and full.test_images.shape == (10_000, 1, 28, 28)
    assert datasets.content_digest(full) == full.digest


def test_known_images(full_data: Path) -> None:
    """The mean pixel of MNIST's training split, as torchvision's users know it, and its first labels."""
    full = datasets.load_dataset("mnist", full_data)
    assert full.train_images.float().mean().item() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert full.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert full.classes[9] == "9"
    fashion = datasets.load_dataset("fashion-mnist", full_data)
    assert fashion.train_images.float().mean().item() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert fashion.classes[int(fashion.train_labels[0])] == "Ankle boot"


def test_digest_sees_one_bit_and_the_shape() -> None:
    sample = datasets.load_dataset("mnist-sample")
    before = datasets.content_digest(sample)
    flipped = sample.test_images.clone()
    flipped[1999, 0, 27, 27] ^= 1
    assert datasets.content_digest(replace(sample, test_images=flipped)) != before
    assert datasets.content_digest(replace(sample, test_images=sample.test_images.view(2000, 1, 14, 56))) != before


def test_sources_name_the_files() -> None:
    """SOURCES.md holds each file's size and SHA-256; both together stay under 8 MB."""
    text = (bundled.SAMPLES / "SOURCES.md").read_text("utf-8")
    rows = re.findall(r"\| `(\S+\.npz)` \| (\d+) \| `([0-9a-f]{64})` \|", text)
    found = sorted(path.name for path in bundled.SAMPLES.glob("*.npz"))
    assert sorted(name for name, _, _ in rows) == found == ["fashion-mnist-sample.npz", "mnist-sample.npz"]
    for name, size, sha256 in rows:
        content = (bundled.SAMPLES / name).read_bytes()
        assert (len(content), files.digest(content)) == (int(size), sha256)
    assert sum(int(size) for _, size, _ in rows) < 8_000_000
    for phrase in ("creativecommons.org/licenses/by-sa/3.0", "LeCun", "Cortes", "Burges", "MIT License", "Zalando SE"):
        assert phrase in text


def test_cache_is_used_and_maps_are_private(cache: Path) -> None:
    first = datasets.load_dataset("mnist-sample")
    written = cached_file(cache).stat()
    second = datasets.load_dataset("mnist-sample")
    assert cached_file(cache).stat().st_ino == written.st_ino, "the second load wrote the cache again"
    first.train_images[0].fill_(7)
    assert not torch.equal(second.train_images[0], first.train_images[0])
    assert torch.equal(datasets.load_dataset("mnist-sample").train_images[0], second.train_images[0])


@pytest.mark.parametrize("damage", ["cut", "empty", "bit", "gone", "text"])
def test_damaged_cache_is_made_anew(cache: Path, damage: str) -> None:
    datasets.load_dataset("mnist-sample")
    path = cached_file(cache)
    content = bytearray(path.read_bytes())
    content[5_000] ^= 1
    path.unlink()
    broken = {"cut": content[:9_000], "empty": b"", "bit": content, "text": b"no array"}
    if damage in broken:
        path.write_bytes(broken[damage])
    sample = datasets.load_dataset("mnist-sample")
    assert datasets.content_digest(sample) == sample.digest
    assert np.array_equal(np.load(path, allow_pickle=False), sample.train_images.numpy())


def test_cache_that_cannot_be_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DiskError("The folder is read-only.")

    monkeypatch.setattr(files, "make_folder", refuse)
    sample = datasets.load_dataset("mnist-sample")
    assert datasets.content_digest(sample) == sample.digest
    assert not cache.exists()


@pytest.mark.parametrize("damage", ["cut", "bit", "gone", "pickle", "other"])
def test_damaged_bundle(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray((bundled.SAMPLES / "mnist-sample.npz").read_bytes())
    content[len(content) // 2] ^= 1
    other = arrays.pack_bundle({part: np.zeros((3, 1, 2, 2), np.uint8) for part in PARTS})
    broken = {"cut": content[:9_000], "bit": content, "pickle": b"\x80\x04K\x01.", "other": other}
    if damage in broken:
        (tmp_path / "mnist-sample.npz").write_bytes(broken[damage])
    monkeypatch.setattr(bundled, "SAMPLES", tmp_path)
    with pytest.raises(DataError, match=r"^The bundled dataset 'mnist-sample' is missing or damaged; .*\.$"):
        datasets.load_dataset("mnist-sample")


def test_data_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        datasets.load_dataset("mnist-sample", tmp_path / "nowhere")


@pytest.mark.slow
def test_two_processes_at_once(cache: Path) -> None:
    code = "from vae_core.data import datasets; print(datasets.load_dataset('mnist-sample').train_images.sum().item())"
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", code], cwd=PROJECT_ROOT, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert said[0] == said[1] == f"{datasets.load_dataset('mnist-sample').train_images.sum().item()}\n".encode()
    assert not list(cache.rglob("*.tmp"))
