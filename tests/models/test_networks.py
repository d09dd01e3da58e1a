"""Layers, sizes and initial weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from vae_core.data.randomness import Stream, generator
from vae_core.models.build import build_model
from vae_core.models.networks import (
    OUTPUT_GAIN,
    Enlarge,
    ResidualBlock,
    Upsample,
    conv_decoder,
    conv_encoder,
    initialise,
    initialise_strided,
    mlp_decoder,
    mlp_encoder,
    normalise_on,
    start_at,
    upsample_decoder,
)
from vae_core.presets import PRESETS

PLAIN_LAYERS = (nn.Linear, nn.ReLU, nn.Tanh, nn.Unflatten, Enlarge, ResidualBlock, Upsample, nn.Conv2d)


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


@pytest.mark.parametrize(
    "network",
    [
        mlp_decoder(2, (8, 4), (3, 7, 5)),
        conv_decoder(2, (4, 6), (3, 7, 5)),
        conv_decoder(2, (4, 6), (3, 7, 5), residual=True),
        upsample_decoder(2, (4, 6), (3, 7, 5)),
    ],
)
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
    assert conv_decoder(3, channels, shape, residual=True)(codes).shape == images.shape
    assert upsample_decoder(3, channels, shape)(codes).shape == images.shape


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


def new_strided(depth: int, activation: str, *, residual: bool) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder and decoder of 64 x 64 images in colour, as they are before they have seen any."""
    draw, channels = generator(0, Stream.INITIALISATION), (24,) * depth
    encoder = conv_encoder((3, 64, 64), channels, 6, activation, residual=residual)
    decoder = conv_decoder(6, channels, (3, 64, 64), activation, residual=residual)
    for network in (encoder, decoder):
        initialise_strided(network, draw, activation)
    return encoder, decoder


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_new_strided_network_neither_shrinks_nor_magnifies_signals_at_any_depth(
    activation: str, residual: bool
) -> None:
    """torch's own initial weights lose nine tenths of a signal in every three layers."""
    draw = generator(0, Stream.EPSILON)
    for depth in (1, 3, 6):
        encoder, decoder = new_strided(depth, activation, residual=residual)
        with torch.no_grad():
            codes = encoder(torch.randn(16, 3, 64, 64, generator=draw))
            output = decoder(torch.randn(64, 6, generator=draw))
        assert 0.2 < codes.std() < 1.6, depth
        assert 0.2 * OUTPUT_GAIN < output.std() < 1.6 * OUTPUT_GAIN, depth


@pytest.mark.parametrize("residual", [False, True])
def test_layers_normalised_on_examples_give_mean_0_and_deviation_1_but_for_the_last(residual: bool) -> None:
    draw = generator(0, Stream.EPSILON)
    encoder, decoder = new_strided(3, "relu", residual=residual)
    examples = (0.7 + 0.1 * torch.randn(32, 3, 64, 64, generator=draw), torch.randn(64, 6, generator=draw))
    for network, values in zip((encoder, decoder), examples, strict=True):
        weighted = [layer for layer in network if isinstance(layer, nn.Linear | nn.Conv2d | Enlarge)]
        last = weighted[-1].weight.clone()
        normalise_on(network, values)
        assert torch.equal(last, weighted[-1].weight)
        with torch.no_grad():
            for layer in network:
                values = layer(values)
                if layer in weighted[:-1]:
                    across = [0, *range(2, values.dim())]
                    torch.testing.assert_close(values.mean(across), torch.zeros(values.shape[1]), atol=1e-4, rtol=0)
                    deviation = values.std(across) if values.dim() > 2 else values.std()
                    torch.testing.assert_close(deviation, torch.ones_like(deviation), atol=0.01, rtol=0)


def test_images_that_are_all_alike_do_not_blow_up_the_layers() -> None:
    encoder, _ = new_strided(3, "relu", residual=False)
    normalise_on(encoder, torch.full((8, 3, 64, 64), 0.5))
    assert all(parameter.isfinite().all() for parameter in encoder.parameters())


def test_a_transposed_convolution_leaves_no_checkerboard() -> None:
    """Constant features and a constant kernel give a constant image away from the border; a kernel of 3 would not."""
    layer = Enlarge(2, 1, 16, 16)
    nn.init.constant_(layer.weight, 0.5)
    with torch.no_grad():
        inside = layer(torch.ones(1, 2, 8, 8))[:, :, 1:-1, 1:-1]
    torch.testing.assert_close(inside, torch.full_like(inside, 4.0 + layer.bias.item()))


def test_a_new_residual_block_is_the_identity() -> None:
    _, decoder = new_strided(2, "relu", residual=True)
    block = next(layer for layer in decoder if isinstance(layer, ResidualBlock))
    features = torch.randn(2, 24, 5, 5)
    assert torch.equal(block(features), features)


@pytest.mark.parametrize("decoder", [mlp_decoder(2, (8,), (3, 7, 5)), conv_decoder(2, (4,), (3, 7, 5))])
def test_a_decoder_can_start_at_an_output(decoder: nn.Sequential) -> None:
    output = torch.arange(3.0).view(3, 1, 1).expand(3, 7, 5)
    start_at(decoder, output)
    last = next(layer for layer in reversed(decoder) if isinstance(layer, nn.Linear | Enlarge))
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
