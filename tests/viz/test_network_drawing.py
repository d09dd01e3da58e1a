"""The network's drawing."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from vae_core.config import make_config
from vae_core.viz.network_drawing import WIDTH, network_svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(shape: tuple[int, int, int] = (1, 28, 28), **values: Any) -> tuple[ElementTree.Element, list[str]]:
    picture = ElementTree.fromstring(network_svg(make_config(**values), shape))
    return picture, [str(text.text) for text in picture.iter(f"{SVG}text")]


def test_a_vae_has_two_heads_epsilon_and_a_mirrored_decoder() -> None:
    _, texts = drawn(latent=7)
    for word in ("28 × 28 × 1", "μ", "log σ²", "ε", "z", "z = μ + σ ε", "7 latents", "output", "Bernoulli"):
        assert texts.count(word) == 1, word
    sizes = [text for text in texts if text in ("256", "64")]
    assert sizes == ["256", "64", "64", "256"]


def test_separate_encoders_are_two_rows() -> None:
    _, texts = drawn(encoder="separate", hidden="512,128")
    assert texts.count("512") == 3 and texts.count("128") == 3
    assert texts.count("input") == 1


def test_an_autoencoder_has_only_the_code() -> None:
    picture, texts = drawn(model="ae", latent=1)
    assert "1 latent" in texts
    assert not {"μ", "log σ²", "ε"} & set(texts)
    assert "one code z" in picture.attrib["aria-label"]


def test_a_linear_model_has_no_hidden_layers() -> None:
    picture, texts = drawn(hidden="none", likelihood="gaussian", sigma=0.25)
    assert "Gaussian, σ = 0.25" in texts and "256" not in texts
    assert "it is linear" in picture.attrib["aria-label"]


def test_a_conv_stage_names_its_channels_and_size() -> None:
    _, texts = drawn((3, 33, 20), architecture="conv", hidden="16,48")
    assert [text for text in texts if "×" in text][:5] == ["33 × 20 × 3", "17 × 10", "× 16", "9 × 5", "× 48"]


@pytest.mark.parametrize("model", ["ae", "vae"])
@pytest.mark.parametrize("hidden", ["none", "8192,1", ",".join(["4096"] * 8)])
@pytest.mark.parametrize("encoder", ["shared", "separate"])
def test_everything_stays_within_the_picture(model: str, hidden: str, encoder: str) -> None:
    picture, _ = drawn(model=model, hidden=hidden, encoder=encoder, latent=512, likelihood="continuous-bernoulli")
    height = float(picture.attrib["viewBox"].split()[3])
    for box in picture.iter(f"{SVG}rect"):
        x, y, wide, tall = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x >= 0 and x + wide <= WIDTH and y >= 0 and y + tall <= height
    for text in picture.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["y"]) <= height - 2
    assert picture.find(f"{SVG}title") is not None and picture.find(f"{SVG}desc") is not None


def test_a_corruption_stands_in_front_with_its_level() -> None:
    picture, texts = drawn(model="ae", corruption="gaussian,salt-and-pepper", level="0.1:0.6")
    assert [text for text in texts if text in ("x", "x̃", "z", "x̂")] == ["x", "x̃", "z", "x̂"]
    assert {"clean", "Gaussian noise", "Salt and pepper", "0.1 to 0.6"} <= set(texts) and "input" not in texts
    assert "damaged by Gaussian noise, Salt and pepper, 0.1 to 0.6" in picture.attrib["aria-label"]


@pytest.mark.parametrize("encoder", ["shared", "separate"])
def test_a_denoising_vae_draws_each_box_once(encoder: str) -> None:
    _, texts = drawn(corruption="masking,blur,gaussian", level=0.5, encoder=encoder)
    for word in ("x", "x̃", "μ", "log σ²", "z", "x̂", "3 corruptions"):
        assert texts.count(word) == 1, word


def test_greyscale_has_no_level_to_draw() -> None:
    _, texts = drawn((3, 28, 28), corruption="greyscale")
    assert "Greyscale" in texts and "0" not in texts
