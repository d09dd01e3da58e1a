"""Exports a trained model for use elsewhere: its weights as safetensors, and a short Python script that samples images.

The script needs only numpy, safetensors and Pillow. It is written for one model, with one line per layer of the decoder.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy

from vae_core.errors import ConfigError
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import MODELS
from vae_core.storage.arrays import SCHEMA
from vae_core.types import Array

if TYPE_CHECKING:  # both import torch, which the first page must not wait for
    from vae_core.evaluation.codes import Codes
    from vae_core.evaluation.trained import Trained

WEIGHTS_NAME = "weights.safetensors"
ROOT = "gaussian.root"


def weights_for_script(trained: Trained, codes: Codes | None = None) -> bytes:
    """All weights as a safetensors file, named as in the run's own file, with what the script needs in the metadata.

    The metadata, all text, are `schema` and, as JSON, `config` (the run's model and objective), `image_shape` (channels,
    height, width), `step`, and `gaussian`: mean and standard deviation, per dimension, of the distribution that random
    codes are drawn from. It is the prior or, for an autoencoder, a Gaussian fitted to its codes. An autoencoder's file also
    holds the tensor `gaussian.root`, (L, L), the symmetric square root of the codes' covariance.

    Args:
        trained: the model.
        codes: codes of many images; only needed for an autoencoder.

    Raises:
        ConfigError: the model is an autoencoder and `codes` is missing.
    """
    config = trained.config.model_dump(mode="json", by_alias=True, include={"schema_version", "model", "objective"})
    gaussian, root = _gaussian(trained, codes)
    note = {
        "config": config,
        "image_shape": trained.image_shape,
        "step": trained.step,
        "gaussian": gaussian,
    }
    tensors: dict[str, Array] = {
        f"{prefix}.{name}": np.asarray(tensor.numpy(), order="C")
        for prefix, module in (("model", trained.model), ("likelihood", trained.likelihood))
        for name, tensor in module.state_dict().items()
    }
    if root is not None:
        tensors[ROOT] = root
    metadata = {"schema": str(SCHEMA), **{name: json.dumps(value) for name, value in note.items()}}
    return bytes(safetensors.numpy.save(tensors, metadata=metadata))


def _gaussian(trained: Trained, codes: Codes | None) -> tuple[dict[str, list[float]], Array | None]:
    """Mean and standard deviations, each of length L; for an autoencoder also the root of the covariance, (L, L)."""
    if trained.config.model.is_variational:
        return {"mean": [0.0] * trained.model.latent, "std": [1.0] * trained.model.latent}, None
    if codes is None:
        raise ConfigError("An autoencoder has no prior; give codes to fit a Gaussian to.")
    from vae_core.evaluation.codes import fitted_gaussian

    mean, root = fitted_gaussian(codes)
    return {"mean": mean.tolist(), "std": np.linalg.norm(root, axis=1).tolist()}, root


def generation_script(trained: Trained, weights_name: str = WEIGHTS_NAME) -> str:
    """A Python script that loads the file of `weights_for_script`, decodes 64 random codes and writes `grid.png`.

    With seed 0 it draws the codes of `walks.random_codes(64, L, 0)`, and its images equal those of
    `evaluation.codes.decode_images` within one grey level.

    Args:
        trained: the model.
        weights_name: name of the file of weights next to the script.
    """
    layers = list(trained.model.decoder)
    kinds = {type(layer).__name__ for layer in layers}
    lines = [f"    x = {_LAYERS[type(layer).__name__](index, layer)}" for index, layer in enumerate(layers)]
    helpers = [text for kind, text in _HELPERS.items() if kind in kinds]
    if "ResidualBlock" in kinds:
        block = next(layer for layer in layers if type(layer).__name__ == "ResidualBlock")
        helpers = [_CONVOLVE, _ACTIVATE[type(block.activation).__name__], *helpers]
    channels, height, width = trained.image_shape
    mean_image = MEANS[LIKELIHOODS[trained.config.objective.likelihood].activation]
    decode = _DECODE.format(layers="\n".join(lines), channels=channels, height=height, width=width)
    return "\n\n".join([_head(trained, weights_name), *helpers, mean_image, decode, _MAIN])


def _head(trained: Trained, weights_name: str) -> str:
    from vae_core.evaluation.codes import prior_warning

    _, height, width = trained.image_shape
    latent = trained.model.latent
    kind = MODELS[trained.config.model.model]
    return _HEAD.format(
        kind=kind.title.lower(),
        size=f"{width} x {height}",
        latents=f"{latent} latent{'s' if latent > 1 else ''}",
        weights=json.dumps(weights_name),
        warning=f"\n{warning}\n" if (warning := prior_warning(trained.config)) else "",
        gaussian="the prior N(0, I)"
        if kind.is_variational
        else "the Gaussian fitted to its codes, since it has no prior",
    )


_LAYERS: dict[str, Callable[[int, Any], str]] = {
    "Linear": lambda index, layer: f"dense(x, {index})",
    "ReLU": lambda index, layer: "np.maximum(x, 0)",
    "Tanh": lambda index, layer: "np.tanh(x)",
    "Unflatten": lambda index, layer: f"x.reshape(-1, {', '.join(map(str, layer.unflattened_size))})",
    "Upsample": lambda index, layer: f"enlarge(x, {layer.height}, {layer.width})",
    "Conv2d": lambda index, layer: f"convolve(x, {index})",
    "Enlarge": lambda index, layer: f"transpose_convolve(x, {index}, {layer.height}, {layer.width})",
    "ResidualBlock": lambda index, layer: f"add_changes(x, {index})",
}
"""For each kind of decoder layer (`models.networks`), its expression in x."""

_HEAD = '''"""Generates images with the decoder of a trained {kind}: {latents}, images of {size} pixels.

    pip install numpy safetensors pillow

The file of weights must be next to this script; grid.png is written there.
{warning}"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open

WEIGHTS = Path(__file__).resolve().with_name({weights})
COUNT, COLUMNS = 64, 8
SEED = 0
TEMPERATURE = 1.0  # below 1: more typical images; above 1: more varied ones

with safe_open(str(WEIGHTS), framework="np") as file:
    header = file.metadata()
    weights = {{name: file.get_tensor(name) for name in file.keys()}}
gaussian = json.loads(header["gaussian"])  # {gaussian}


def layer(index):
    """Weight and bias of one layer of the decoder, such as 3 or, within a residual block, 3.reduce."""
    return weights[f"model.decoder.{{index}}.weight"], weights[f"model.decoder.{{index}}.bias"]
'''

_CONVOLVE = '''def convolve(x, index):
    """A 3 x 3 convolution with zero padding, as a sum over the nine positions of its kernel."""
    weight, bias = layer(index)
    height, width = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    total = bias[:, None, None]
    for row in range(3):
        for column in range(3):
            part = padded[:, :, row : row + height, column : column + width]
            total = total + np.einsum("oi,nihw->nohw", weight[:, :, row, column], part, optimize=True)
    return total
'''
_ACTIVATE = {
    "ReLU": """def activate(x):
    return np.maximum(x, 0)
""",
    "Tanh": """def activate(x):
    return np.tanh(x)
""",
}
_HELPERS = {
    "Linear": """def dense(x, index):
    weight, bias = layer(index)
    return x @ weight.T + bias
""",
    "Upsample": '''def enlarge(x, height, width):
    """Repeats every pixel twice in both directions, cropped to the given size."""
    return x.repeat(2, axis=2).repeat(2, axis=3)[:, :, :height, :width]
''',
    "Conv2d": _CONVOLVE,
    "Enlarge": '''def transpose_convolve(x, index, height, width):
    """A transposed 4 x 4 convolution of stride 2: every place of x adds its products to a field of 4 x 4 pixels."""
    weight, bias = layer(index)
    high, wide = x.shape[2:]
    field = np.zeros((len(x), weight.shape[1], 2 * high + 2, 2 * wide + 2), dtype=np.float32)
    for row in range(4):
        for column in range(4):
            part = np.einsum("io,nihw->nohw", weight[:, :, row, column], x, optimize=True)
            field[:, :, row : row + 2 * high : 2, column : column + 2 * wide : 2] += part
    return field[:, :, 1 : 1 + height, 1 : 1 + width] + bias[:, None, None]
''',
    "ResidualBlock": '''def add_changes(x, index):
    """A residual block: x plus a 1 x 1 convolution of a 3 x 3 convolution of x."""
    changes = activate(convolve(activate(x), f"{index}.reduce"))
    weight, bias = layer(f"{index}.expand")
    return x + np.einsum("oi,nihw->nohw", weight[:, :, 0, 0], changes, optimize=True) + bias[:, None, None]
''',
}
"""The functions that layers need, by kind of layer."""

MEANS = {
    "none": '''def mean_image(output):
    """A Gaussian's mean is the output itself, which may leave the range of pixels."""
    return output.clip(0, 1)
''',
    "sigmoid": '''def mean_image(logit):
    """A Bernoulli's mean: 1 / (1 + exp(-logit)), written so that it cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * logit)
''',
    "continuous-bernoulli": '''def mean_image(logit):
    """A continuous Bernoulli's mean: 1 / (1 - exp(-logit)) - 1 / logit, by its series near 0."""
    near = np.abs(logit) < 0.1
    y = np.where(near, 1, logit).clip(-500, 500).astype(np.float64)
    return np.where(near, 0.5 + logit / 12, -1 / np.expm1(-y) - 1 / y)
''',
}
"""The function from output to mean image, by the activation in the likelihood's row."""

_DECODE = '''def decode(z):
    """Codes (N, latents) to images (N, {channels}, {height}, {width}), 0 to 1."""
    x = z
{layers}
    return mean_image(x)
'''

_MAIN = """noise = np.random.default_rng(SEED).standard_normal((COUNT, len(gaussian["mean"])))
spread = weights.get("gaussian.root", np.diag(gaussian["std"]))  # a square root of the covariance
z = (np.array(gaussian["mean"]) + TEMPERATURE * noise @ spread.T).astype(np.float32)
pictures = np.rint(255 * decode(z)).astype(np.uint8)

lines = -(-COUNT // COLUMNS)
_, channels, height, width = pictures.shape
sheet = np.zeros((lines * COLUMNS, channels, height, width), dtype=np.uint8)
sheet[:COUNT] = pictures
sheet = sheet.reshape(lines, COLUMNS, channels, height, width).transpose(0, 3, 1, 4, 2)
sheet = sheet.reshape(lines * height, COLUMNS * width, channels)
Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet).save(WEIGHTS.with_name("grid.png"))
print(f"{COUNT} images are in grid.png.")
"""
