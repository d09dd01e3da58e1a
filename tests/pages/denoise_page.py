"""Helpers that read the Denoise page in its tests."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

VAE = "example-vae-20d"
PSNR = re.compile(r"PSNR (-?[\d.]+) dB")


def gallery(page: AppTest) -> str:
    """The HTML of the first gallery."""
    return next(str(element.proto.body) for element in page.get("html") if '<div class="tiles' in element.proto.body)


def figures(page: AppTest) -> list[float]:
    """The PSNR of the damaged picture, then of each model's."""
    return [float(number) for number in PSNR.findall(re.sub(r'alt="[^"]*"', "", gallery(page)))]


def sentences_of(page: AppTest) -> list[str]:
    assert not page.exception
    return [error.value.replace("\\", "") for error in page.error]
