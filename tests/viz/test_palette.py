"""The class colours keep their distance with and without colour blindness, and from both papers."""

from __future__ import annotations

import numpy as np
import pytest

from vae_core.types import Array
from vae_core.viz.palette import CLASS_COLOURS, MORE_COLOURS

# Ottosson 2020: linear sRGB to the cones, and their cube roots to OKLab.
CONES = np.array(
    [[0.41222147, 0.53633254, 0.05144599], [0.2119035, 0.68069955, 0.10739696], [0.08830246, 0.28171884, 0.6299787]]
)
OKLAB = np.array(
    [[0.21045426, 0.79361779, -0.00407205], [1.9779985, -2.4285922, 0.45059371], [0.02590404, 0.78277177, -0.80867577]]
)
# Machado et al. 2009, severity 1, on linear sRGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colours: tuple[str, ...]) -> Array:
    values = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def smallest_distance(colours: tuple[str, ...], vision: str) -> float:
    seen = np.clip(linear(colours) @ VISION[vision].T, 0, 1)
    lab = np.cbrt(seen @ CONES.T) @ OKLAB.T
    apart = np.sqrt(((lab[:, None] - lab[None]) ** 2).sum(-1))
    return float(apart[np.triu_indices(len(colours), 1)].min())


@pytest.mark.parametrize("vision", VISION)
def test_the_ten_colours_can_be_told_apart(vision: str) -> None:
    assert len(CLASS_COLOURS) == 10
    assert smallest_distance(CLASS_COLOURS, vision) > 0.112


@pytest.mark.parametrize("vision", VISION)
def test_the_further_colours_can_be_told_from_the_ten(vision: str) -> None:
    assert smallest_distance((*CLASS_COLOURS, *MORE_COLOURS), vision) > 0.091


def test_the_measure_tells_a_bad_palette() -> None:
    orange_and_green_of_tableau = ("#ff7f0e", "#2ca02c", "#d62728", "#bcbd22", "#9467bd", "#1f77b4")
    assert smallest_distance(orange_and_green_of_tableau, "protanopia") < 0.05


@pytest.mark.parametrize("paper", ["#ffffff", "#0f141c"])
def test_they_stand_out_from_the_paper(paper: str) -> None:
    light = linear((*CLASS_COLOURS, *MORE_COLOURS, paper)) @ np.array([0.2126, 0.7152, 0.0722])
    bright, dark = np.maximum(light[:-1], light[-1]), np.minimum(light[:-1], light[-1])
    assert ((bright + 0.05) / (dark + 0.05)).min() > 1.6
