"""Layers, sizes and initial weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from vae_core.data.randomness import Stream, generator
from vae_core.models.build import build_model
from vae_core.models.networks import (
    Upsample,
    conv_decoder,
    conv_encoder,
    initialise,
    mlp_decoder,
    mlp_encoder,
    start_at,
)
from vae_core.presets import PRESETS

PLAIN_LAYERS = (nn.Linear, nn.ReLU, nn.Tanh, nn.Unflatten, Upsample, nn.Conv2d)


def test_an_mlp_is_the_dense_layers_asked_for_and_its_decoder_their_mirror() -> None:
    def sizes(network: nn.Sequential) -> list[tuple[int, int]]:
        return [(layer.in_features, layer.out_features) for layer in network if isinstance(layer, nn.Linear)]

    assert sizes(mlp_encoder((1, 28, 28), (256, 64), 4)) == [(784, 256), (256, 64), (64, 4)]
    assert sizes(mlp_decoder(2, (256, 64), (1, 28, 28))) == [(2, 64), (64, 256), (256, 784)]


def test_13_the_preset_of_burda_et_al_is_the_network_of_their_paper() -> None:
    """One stochastic layer of 50 units, and two deterministic layers of 200 with tanh on each side."""
    model = build_model(PRESETS["Burda et al. 2015"].config("mnist").model, (1, 28, 28), seed=0)
    for network, sizes in ((model.encoder, [784, 200, 200, 100]), (model.decoder, [50, 200, 200, 784])):
        layers = [layer for layer in network if not isinstance(layer, nn.Flatten | nn.Unflatten)]
        assert [type(layer) for layer in layers] == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]
        assert [layers[0].in_features, *(layer.out_features for layer in layers[::2])] == sizes
    wider = PRESETS["VAE 784-500-500"].config("mnist")
    assert wider.model.hidden == (500, 500) and wider.data.binarize == "dynamic"


def test_without_hidden_layers_both_networks_are_affine() -> None:
    encoder, decoder = mlp_encoder((3, 4, 5), (), 2), mlp_decoder(2, (), (3, 4, 5))
    for network, a, b in ((encoder, *torch.randn(2, 1, 3, 4, 5)), (decoder, *torch.randn(2, 1, 2))):
        middle = network((a + b) / 2)
        torch.testing.assert_close(middle, (network(a) + network(b)) / 2)


@pytest.mark.parametrize("network", [mlp_decoder(2, (8, 4), (3, 7, 5)), conv_decoder(2, (4, 6), (3, 7, 5))])
def test_a_decoder_is_one_flat_list_of_plain_layers(network: nn.Sequential) -> None:
    assert all(isinstance(layer, PLAIN_LAYERS) for layer in network)
    codes = torch.randn(3, 2)
    output = codes
    for layer in network:
        output = layer(output)
    assert torch.equal(output, network(codes))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (1, 28, 28), (3, 256, 256), (1, 1, 9)])
@pytest.mark.parametrize("channels", [(2,), (2, 3), (2, 3, 4, 5)])
def test_convolutions_come_back_to_the_size_of_the_image(
    shape: tuple[int, int, int], channels: tuple[int, ...]
) -> None:
    images = torch.rand(2, *shape)
    codes = conv_encoder(shape, channels, 3)(images)
    assert codes.shape == (2, 3)
    assert conv_decoder(3, channels, shape)(codes).shape == images.shape


def test_upsampling_doubles_each_pixel_and_crops() -> None:
    small = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert Upsample(3, 4)(small).tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4]]]]


def test_initial_weights_of_tanh_are_those_of_glorot_and_bengio() -> None:
    network = nn.Sequential(nn.Linear(400, 200), nn.Conv2d(8, 64, 3))
    initialise(network, generator(0, Stream.INITIALISATION), "tanh")
    for layer, bound in ((network[0], math.sqrt(6 / 600)), (network[1], math.sqrt(6 / (9 * 8 + 9 * 64)))):
        assert 0.98 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
        assert not layer.bias.any()


@pytest.mark.parametrize("decoder", [mlp_decoder(2, (8,), (3, 7, 5)), conv_decoder(2, (4,), (3, 7, 5))])
def test_a_decoder_can_start_at_an_output(decoder: nn.Sequential) -> None:
    output = torch.arange(3.0).view(3, 1, 1).expand(3, 7, 5)
    start_at(decoder, output)
    last = next(layer for layer in reversed(decoder) if isinstance(layer, nn.Linear | nn.Conv2d))
    with torch.no_grad():
        last.weight.zero_()
        torch.testing.assert_close(decoder(torch.randn(4, 2)), output.expand(4, 3, 7, 5))


def test_initial_weights_are_uniform_within_the_bound_of_torchs_layers() -> None:
    network = nn.Sequential(nn.Linear(400, 300), nn.Conv2d(8, 64, 3))
    initialise(network, generator(0, Stream.INITIALISATION))
    for layer, inputs in zip(network, (400, 72), strict=True):
        bound = 1 / math.sqrt(inputs)
        for values in (layer.weight, layer.bias):
            assert values.abs().max() <= bound
        # The standard deviation of a uniform distribution, to four standard errors.
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=4 / math.sqrt(layer.weight.numel()))
        assert layer.weight.abs().max() > 0.99 * bound
