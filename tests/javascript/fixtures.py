"""What the browser must compute, computed here: `python -m tests.javascript.fixtures` writes fixtures.json.

All inputs are round numbers of few digits, so that the file is the same on every machine but for the last digits of the
results.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_core.architectures import ImageShape
from vae_core.config import FIELDS
from vae_core.export.browser import decoder_bytes
from vae_core.export.packing import pack_blocks
from vae_core.fields import options_of
from vae_core.metrics.active import is_active
from vae_core.models.autoencoder import Autoencoder, Posterior
from vae_core.models.build import build_model
from vae_core.objectives.divergences import kl_per_dimension
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import ARCHITECTURES
from vae_core.settings import ModelConfig, ObjectiveConfig
from vae_core.storage.frames import Frame, Subjects
from vae_core.types import Array
from vae_core.viz.stage_data import NO_LABEL, Options, stage_bytes

FILE = Path(__file__).with_name("fixtures.json")
ACTIVATIONS = options_of(FIELDS["activation"])
MODELS: tuple[tuple[str, str, int, ImageShape], ...] = (
    ("mlp", "6,5", 3, (1, 4, 3)),
    ("mlp", "none", 1, (3, 2, 3)),
    ("conv", "2,3", 2, (1, 7, 9)),
    ("conv", "3,2", 2, (3, 8, 4)),
    ("residual", "3,2", 2, (3, 7, 4)),
    ("conv-upsample", "2,3", 2, (1, 7, 9)),
    ("conv-upsample", "3,2", 2, (3, 8, 4)),
)


def fixtures() -> dict[str, Any]:
    return {
        "constants": {"no_label": NO_LABEL},
        "blocks": _blocks(),
        "decoders": [_decoder(*model, list(LIKELIHOODS)[at % len(LIKELIHOODS)]) for at, model in enumerate(MODELS)],
        "activations": [_activation(likelihood) for likelihood in LIKELIHOODS],
        "kl": _kl(),
        "normals": _normals(8),
        "axes": _axes(),
        "stage": _stage(),
        "cloud": _cloud(),
        "shared_codes": [_shared_code(None), _shared_code([2, 0, 1])],
    }


def decoder_tables() -> dict[str, set[str]]:
    """The layers and activations of decoders over all architectures, hidden activations and likelihoods."""
    shape = (1, 8, 8)
    headers = []
    for architecture, activation in itertools.product(ARCHITECTURES, ACTIVATIONS):
        model = _model(architecture, "4", 2, shape, activation)
        headers += [_header(decoder_bytes(model, likelihood, shape)) for likelihood in LIKELIHOODS]
    return {
        "layers": {layer["kind"] for header in headers for layer in header["layers"]},
        "activations": {header["activation"] for header in headers},
    }


def _header(content: bytes | None) -> dict[str, Any]:
    assert content is not None
    header: dict[str, Any] = json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])
    return header


def _waves(shape: tuple[int, ...], height: float = 1.0, phase: float = 0.0) -> Array:
    """Numbers between -height and height that look random, of three digits."""
    count = math.prod(shape)
    waves: Array = (height * np.sin(1.7 * np.arange(count) ** 1.1 + phase)).round(3).astype(np.float32).reshape(shape)
    return waves


def _text(content: bytes | None) -> str:
    assert content is not None
    return base64.b64encode(content).decode()


def _blocks() -> dict[str, Any]:
    arrays = {"bytes": np.arange(5, dtype=np.uint8), "floats": _waves((2, 3))}
    content = pack_blocks({"title": "β, <b>"}, arrays)
    return {"content": _text(content), "title": "β, <b>", **{name: array.tolist() for name, array in arrays.items()}}


def _model(architecture: str, hidden: str, latent: int, shape: ImageShape, activation: str = "relu") -> Autoencoder:
    config = ModelConfig.model_validate(
        {"architecture": architecture, "hidden": hidden, "latent": latent, "activation": activation}
    )
    model = build_model(config, shape, seed=0)
    with torch.no_grad():
        for index, parameter in enumerate(model.decoder.parameters()):
            parameter.copy_(torch.from_numpy(_waves(tuple(parameter.shape), phase=index)))
    return model


def _decoder(architecture: str, hidden: str, latent: int, shape: ImageShape, likelihood: str) -> dict[str, Any]:
    """A decoder, two codes, and for each the network's output and the expected image."""
    model = _model(architecture, hidden, latent, shape)
    codes = torch.from_numpy(_waves((2, latent), 2.0))
    with torch.no_grad():
        output = model.decode(codes)
        image = build_likelihood(ObjectiveConfig(likelihood=likelihood)).mean_image(output)  # type: ignore[arg-type]
    return {
        "name": f"{architecture} {hidden}, {likelihood}",
        "content": _text(decoder_bytes(model, likelihood, shape)),
        "codes": codes.tolist(),
        "output": output.flatten(1).tolist(),
        "image": image.flatten(1).tolist(),
    }


def _activation(likelihood: str) -> dict[str, Any]:
    """The expected pixels of some outputs, those around 0 among them, where a closed form divides 0 by 0."""
    output = torch.tensor([-30.0, -3.0, -0.51, -0.49, -0.01, 0.0, 1e-4, 0.49, 0.51, 2.0, 30.0]).reshape(1, 1, 1, -1)
    header = _header(decoder_bytes(_model("mlp", "none", 1, (1, 2, 2)), likelihood, (1, 2, 2)))
    mean = build_likelihood(ObjectiveConfig(likelihood=likelihood)).mean_image(output)  # type: ignore[arg-type]
    return {"name": header["activation"], "output": output.flatten().tolist(), "image": mean.flatten().tolist()}


def _kl() -> list[list[float]]:
    """Rows of mean, variance and the KL from N(0, 1) in nats."""
    pairs = [(0.0, 1.0), (1.0, 1.0), (-2.5, 0.04), (0.3, 3.5)]
    rows = []
    for mean, variance in pairs:
        posterior = Posterior(torch.tensor([[mean]]).double(), torch.tensor([[variance]]).double().log())
        rows.append([mean, variance, float(kl_per_dimension(posterior))])
    return rows


def _normals(count: int) -> list[float]:
    """mulberry32 with the seed of `numbers.js`, and Box-Muller."""
    state, mask = 20130420, 0xFFFFFFFF

    def uniform() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & mask
        bits = ((state ^ (state >> 15)) * (1 | state)) & mask
        bits = ((bits + (((bits ^ (bits >> 7)) * (61 | bits)) & mask)) & mask) ^ bits
        return ((bits ^ (bits >> 14)) & mask) / 2**32

    return [math.sqrt(-2 * math.log(1 - uniform())) * math.cos(2 * math.pi * uniform()) for _ in range(count)]


def _axes() -> list[dict[str, Any]]:
    values = [0.5, 1.0, 3.0, 40.0]
    found = []
    for base in (None, 2, 10):
        ends, pixels = [0.5, 50.0], [58.0, 500.0]
        scale = np.log if base else np.asarray
        places = np.interp(scale(values), scale(ends), pixels)
        found.append({"base": base, "ends": ends, "pixels": pixels, "values": values, "places": places.tolist()})
    return found


def _stage() -> dict[str, Any]:
    """A film of two frames of three points in three latents, with samples from the posterior, as the stage gets it."""
    latent, points = 3, 3
    projection = np.array([[0.8, 0.0], [0.6, 0.0], [0.0, 1.0]], dtype=np.float32)
    pixels = np.arange(2 * 4, dtype=np.uint8).reshape(2, 1, 2, 2)
    subjects = Subjects(np.array([0, 1, -1]), ("a", "b"), pixels, {})
    means = [_waves((points, latent), 1.5, phase) * np.array([1, 0.01, 1], np.float32) for phase in (0.0, 1.0)]
    spread = _waves((points, latent), 1.0, 2.0)
    kl = np.array([0.25, 0.001, 1.5], dtype=np.float32)
    frames = [Frame(10 * at, at / 2, mean, spread, pixels + at, kl * (1 + at), {}) for at, mean in enumerate(means)]
    content = stage_bytes(subjects, frames, projection, Options(("PC 1", "PC 2"), mode="film", samples=True))
    noise = np.array(_normals(2 * points)).reshape(points, 2)
    directions = projection.astype(np.float64)
    covariances = [directions.T @ np.diag(np.exp(row)) @ directions for row in spread.astype(np.float64)]
    moved = np.stack([np.linalg.cholesky(own) @ one for own, one in zip(covariances, noise, strict=True)])
    places = [mean @ directions + moved for mean in means]
    return {
        "content": _text(content),
        "steps": [frame.step for frame in frames],
        "epochs": [frame.epoch for frame in frames],
        "kl": [frame.kl_per_dimension.tolist() for frame in frames if frame.kl_per_dimension is not None],
        "active": [is_active(frame.mean).astype(int).tolist() for frame in frames],
        "pixels": [frame.reconstructions.flatten().tolist() for frame in frames],
        "places": [one.flatten().tolist() for one in places],
        "boxes": [_box(one) for one in places],
    }


def _box(places: Array) -> list[float]:
    """[left, right, bottom, top]: all points and the prior's circles, with 4 % of the longer side as room."""
    low, high = np.minimum(places.min(axis=0), -2.3), np.maximum(places.max(axis=0), 2.3)
    room = 0.04 * (high - low).max()
    return [float(low[0] - room), float(high[0] + room), float(low[1] - room), float(high[1] + room)]


def _cloud() -> dict[str, Any]:
    """Codes (5, 3) seen from a turned eye: rotation matrices about the upright axis, then about the horizontal one."""
    codes, width, height, edge = _waves((5, 3), 2.0), 300.0, 200.0, 24.0
    yaw, pitch = 0.6, 0.35
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turned = codes.astype(np.float64) @ (about_x @ about_y).T
    reach = max(2.3, float(np.sort(np.linalg.norm(codes, axis=1))[math.floor(0.99 * (len(codes) - 1))]))
    unit = (min(width, height) / 2 - edge) / reach
    places = np.array([width / 2, height / 2]) + unit * turned[:, :2] * [1, -1]
    return {
        "codes": codes.flatten().tolist(),
        "turn": {"yaw": yaw, "pitch": pitch},
        "size": [width, height],
        "places": places.flatten().tolist(),
        "depths": (turned[:, 2] / reach).tolist(),
        "order": turned[:, 2].argsort().tolist(),
    }


def _shared_code(order: list[int] | None) -> dict[str, Any]:
    """A code of four dimensions on the map of a model that has three, and the code moved to another place there."""
    code, target = np.array([0.5, -1.0, 2.0, 3.0]), np.array([1.5, -0.5])
    plane = np.array([[0.6, 0.0], [0.0, 1.0], [0.8, 0.0]])
    mine = list(range(3)) if order is None else order
    own = np.zeros(3)
    own[mine] = code[:3]
    moved = code.copy()
    moved[:3] = (own + plane @ (target - own @ plane))[mine]
    return {
        "order": order,
        "code": code.tolist(),
        "plane": plane.flatten().tolist(),
        "own": own.tolist(),
        "place": (own @ plane).tolist(),
        "target": target.tolist(),
        "moved": moved.tolist(),
    }


def written() -> str:
    """The file's text: a line per entry, results with seven digits."""
    entries = (f'"{name}": {json.dumps(_rounded(value))}' for name, value in fixtures().items())
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.7g}")
        case list() | tuple():
            return [_rounded(item) for item in value]
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
