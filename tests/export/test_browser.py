"""The decoder written down as a list: run from its bytes alone it gives the same picture."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from vae_core.architectures import ImageShape
from vae_core.export import browser
from vae_core.export.browser import decoder_bytes
from vae_core.models.autoencoder import Autoencoder
from vae_core.models.build import build_model
from vae_core.settings import ModelConfig

CASES = [
    ("mlp", "20,10", 3, (1, 9, 9), "tanh"),
    ("conv", "4,8", 3, (1, 12, 12), "tanh"),
    ("mlp", "512,256", 2, (1, 28, 28)),
    ("mlp", "none", 5, (3, 4, 7)),
    ("mlp", "30", 1, (1, 9, 9)),
    ("conv", "4,8", 3, (1, 28, 28)),
    ("conv", "8,4", 2, (3, 32, 32)),
    ("conv", "2,3,4", 2, (1, 13, 21)),
    ("residual", "2,3,4", 2, (3, 13, 21)),
    ("residual", "4,5", 2, (1, 8, 8), "tanh"),
    ("conv-upsample", "2,3,4", 2, (1, 13, 21)),
]


def built(architecture: str, hidden: str, latent: int, shape: ImageShape, activation: str = "relu") -> Autoencoder:
    config = ModelConfig.model_validate(
        {"architecture": architecture, "hidden": hidden, "latent": latent, "activation": activation}
    )
    return build_model(config, shape, seed=3)


def read(content: bytes) -> tuple[dict[str, Any], dict[str, Tensor]]:
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    arrays = {}
    for name, (kind, shape, offset) in header["arrays"].items():
        values = np.frombuffer(content, dtype=kind, count=int(np.prod(shape)), offset=4 + length + offset)
        arrays[name] = torch.from_numpy(values.reshape(shape).copy())
    return header, arrays


def run(content: bytes, code: Tensor) -> Tensor:
    """The list, layer by layer."""
    header, arrays = read(content)
    values = code
    for index, layer in enumerate(header["layers"]):
        shape = layer["shape"]
        weights = [arrays[f"{index}.{name}"] for name in ("weight", "bias") if f"{index}.{name}" in arrays]
        if layer["kind"] == "dense":
            values = functional.linear(values, *weights)
        elif layer["kind"] == "relu":
            values = values.relu()
        elif layer["kind"] == "tanh":
            values = values.tanh()
        elif layer["kind"] == "reshape":
            values = values.reshape(len(values), *shape)
        elif layer["kind"] == "upsample":
            values = values.repeat_interleave(2, 2).repeat_interleave(2, 3)[:, :, : shape[1], : shape[2]]
        elif layer["kind"] == "enlarge":
            values = functional.conv_transpose2d(values, *weights, stride=2, padding=1)[:, :, : shape[1], : shape[2]]
        elif layer["kind"] == "residual":
            act = getattr(torch, layer["activation"])
            between = functional.conv2d(
                act(values), *(arrays[f"{index}.reduce.{n}"] for n in ("weight", "bias")), padding=1
            )
            values = values + functional.conv2d(
                act(between), *(arrays[f"{index}.expand.{n}"] for n in ("weight", "bias"))
            )
        else:
            assert layer["kind"] == "convolution"
            values = functional.conv2d(values, *weights, padding=1)
        assert list(values.shape[1:]) == shape
    return values


@pytest.mark.parametrize("case", CASES)
def test_the_list_is_the_decoder(
    case: tuple[str, str, int, ImageShape] | tuple[str, str, int, ImageShape, str],
) -> None:
    model = built(*case)
    content = decoder_bytes(model, "bernoulli", case[3])
    assert content is not None
    code = torch.randn(4, case[2], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(run(content, code), model.decode(code))
    header = read(content)[0]
    assert (header["latent"], header["image"]) == (case[2], list(case[3]))


def test_weights_are_float32_and_nothing_else_is_large() -> None:
    model = built("mlp", "512,256", 2, (1, 28, 28))
    content = decoder_bytes(model, "bernoulli", (1, 28, 28))
    weights = 4 * sum(parameter.numel() for parameter in model.decoder.parameters())
    assert content is not None and weights <= len(content) <= weights + 1500


@pytest.mark.parametrize(
    ("likelihood", "activation"),
    [
        ("bernoulli", "sigmoid"),
        ("gaussian", "none"),
        ("gaussian-learned", "none"),
        ("discretised-logistic", "none"),
        ("continuous-bernoulli",) * 2,
    ],
)
def test_the_likelihood_says_the_activation(likelihood: str, activation: str) -> None:
    content = decoder_bytes(built("mlp", "8", 2, (1, 5, 5)), likelihood, (1, 5, 5))
    assert content is not None and read(content)[0]["activation"] == activation


@pytest.mark.parametrize(
    ("architecture", "hidden", "shape", "fits"),
    [
        ("mlp", "512,256", (1, 28, 28), True),
        ("conv", "32,64", (1, 28, 28), True),
        ("conv", "32,64", (3, 32, 32), True),
        ("conv", "32,64,64,64", (3, 64, 64), True),
        ("residual", "32,64,64,64", (3, 64, 64), True),
        ("residual", "32,64,64,64,64", (3, 128, 128), False),  # too many multiply-adds
        ("mlp", "256,64", (3, 128, 128), False),  # too many weights
    ],
)
def test_what_is_too_large_for_a_browser(architecture: str, hidden: str, shape: ImageShape, fits: bool) -> None:
    assert (decoder_bytes(built(architecture, hidden, 2, shape), "bernoulli", shape) is not None) == fits


def test_the_bound_counts_multiply_adds_of_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dense layer of 2 x 4 (2 x 2 pixels); then one kernel of 4 x 4 at these pixels, or of 3 x 3 at 4 x 4 pixels."""
    for architecture, work in (
        ("conv", 8 + 16 * 4),
        ("residual", 8 + (9 + 1) * 4 + 16 * 4),
        ("conv-upsample", 8 + 9 * 16),
    ):
        model = built(architecture, "1", 2, (1, 4, 4))
        monkeypatch.setattr(browser, "MAX_MULTIPLY_ADDS", work)
        assert decoder_bytes(model, "bernoulli", (1, 4, 4)) is not None
        monkeypatch.setattr(browser, "MAX_MULTIPLY_ADDS", work - 1)
        assert decoder_bytes(model, "bernoulli", (1, 4, 4)) is None


def test_an_unknown_layer_is_refused() -> None:
    model = Autoencoder(nn.Sequential(), nn.Sequential(nn.Softmax(dim=1)), 2)
    with pytest.raises(TypeError, match="Softmax is not one of them"):
        decoder_bytes(model, "bernoulli", (1, 1, 2))
