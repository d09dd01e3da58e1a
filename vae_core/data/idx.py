"""MNIST and Fashion-MNIST: four IDX files each, memory-mapped and never copied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae_core.data.download import Download, RemoteFile
from vae_core.data.source import Content, Source
from vae_core.types import Report

IMAGE_HEADER, LABEL_HEADER = 16, 8
"""Bytes before the content: a magic number and three sizes for images, or one size for labels."""

MNIST = Download(
    title="MNIST",
    subfolder="MNIST/raw",
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    sample="mnist-sample",
    files={
        "train-images-idx3-ubyte": RemoteFile(
            47040016, 9912422, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": RemoteFile(
            60008, 28881, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": RemoteFile(
            7840016, 1648877, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": RemoteFile(
            10008, 4542, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
)

FASHION_MNIST = Download(
    title="Fashion-MNIST",
    subfolder="FashionMNIST/raw",
    mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    sample="fashion-mnist-sample",
    files={
        "train-images-idx3-ubyte": RemoteFile(
            47040016, 26421880, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": RemoteFile(
            60008, 29515, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": RemoteFile(
            7840016, 4422102, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": RemoteFile(
            10008, 5148, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    },
)


@dataclass(frozen=True, kw_only=True)
class IdxSource(Source):
    """Four IDX files, downloaded when first needed."""

    download: Download

    def read(self, data_folder: Path, report: Report) -> Content:
        """Memory-maps the files. Their hashes are already checked, so the headers need not be read."""
        folder = self.download.folder(data_folder)
        arrays = {
            f"{split}_{kind}": np.memmap(
                folder / f"{prefix}-{kind}-{suffix}", np.uint8, mode="c", offset=header, shape=(count, *shape)
            )
            for split, prefix, count in (("train", "train", self.train), ("test", "t10k", self.test))
            for kind, suffix, header, shape in (
                ("images", "idx3-ubyte", IMAGE_HEADER, self.shape),
                ("labels", "idx1-ubyte", LABEL_HEADER, ()),
            )
        }
        return Content(arrays, self.classes, self.digest)
