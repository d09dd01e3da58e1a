"""The model to take away: what the file holds, and that the script draws the pictures of the model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors
from PIL import Image

from tests.evaluation.untrained import Shape, untrained
from vae_core.config import FIELDS
from vae_core.data.datasets import load_dataset
from vae_core.errors import ConfigError
from vae_core.evaluation.codes import Codes, decode_images, encode, fitted_gaussian
from vae_core.evaluation.trained import Trained
from vae_core.export import script
from vae_core.export.script import generation_script, weights_for_script
from vae_core.fields import options_of
from vae_core.models.build import describe_model
from vae_core.registry.model_rows import ARCHITECTURES
from vae_core.settings import ModelConfig
from vae_core.storage.arrays import unpack_tensors
from vae_core.viz.walks import random_codes


def run_script(folder: Path, trained: Trained, codes: Codes | None) -> np.ndarray:
    """The pictures that the script draws in a process of its own: (64, C, H, W)."""
    (folder / "weights.safetensors").write_bytes(weights_for_script(trained, codes))
    (folder / "generate.py").write_text(generation_script(trained), encoding="utf-8")
    command = [sys.executable, "-W", "error", "generate.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    channels, height, width = trained.image_shape
    with Image.open(folder / "grid.png") as picture:
        sheet = np.asarray(picture).reshape(8, height, 8, width, channels)
    return sheet.transpose(0, 2, 4, 1, 3).reshape(64, channels, height, width)


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        ((1, 28, 28), {"likelihood": "bernoulli"}),
        ((1, 28, 28), {"likelihood": "gaussian", "hidden": "none"}),
        ((1, 28, 28), {"hidden": "20,10", "activation": "tanh"}),
        ((1, 28, 28), {"likelihood": "continuous-bernoulli", "encoder": "separate"}),
        ((1, 28, 28), {"likelihood": "gaussian-learned", "architecture": "conv", "hidden": "4,8"}),
        ((3, 13, 10), {"likelihood": "bernoulli", "architecture": "residual", "hidden": "5,6,7", "latent": 1}),
        ((1, 13, 10), {"architecture": "residual", "hidden": "5,6", "activation": "tanh"}),
        ((3, 13, 10), {"likelihood": "bernoulli", "architecture": "conv-upsample", "hidden": "5,6,7", "latent": 1}),
    ],
)
def test_its_pictures_are_those_of_the_model(tmp_path: Path, shape: Shape, values: dict[str, str]) -> None:
    trained = untrained(shape, **values)
    drawn = run_script(tmp_path, trained, None).astype(int)
    expected = decode_images(trained, random_codes(64, trained.model.latent, 0)).astype(int)
    assert np.abs(drawn - expected).max() <= 1
    assert expected.std(axis=0).max() > 1  # they differ from code to code


def test_an_autoencoder_draws_from_the_gaussian_fitted_to_its_codes(tmp_path: Path) -> None:
    trained = untrained(model="ae")
    codes = encode(trained, load_dataset("mnist-sample").test_images[:200])
    drawn = run_script(tmp_path, trained, codes).astype(int)
    z = random_codes(64, 3, 0, 1.0, *fitted_gaussian(codes))
    assert np.abs(drawn - decode_images(trained, z)).max() <= 1
    assert np.abs(drawn - decode_images(trained, random_codes(64, 3, 0))).max() > 1
    with pytest.raises(ConfigError, match="no prior"):
        weights_for_script(trained)


def test_the_file_holds_all_weights_and_says_what_they_are(tmp_path: Path) -> None:
    trained = untrained(likelihood="gaussian-learned", dataset="/" + "a/private/folder")
    content = weights_for_script(trained)
    tensors = unpack_tensors(content)
    state = {f"model.{name}": value for name, value in trained.model.state_dict().items()}
    assert tensors.keys() == {*state, "likelihood.log_sigma"}
    for name, value in state.items():
        np.testing.assert_array_equal(tensors[name], value)
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with safetensors.safe_open(path, framework="np") as file:
        header = file.metadata()
    assert header["schema"] == "1" and json.loads(header["image_shape"]) == [1, 28, 28]
    assert json.loads(header["config"])["model"]["latent"] == 3 and json.loads(header["step"]) == 7
    assert b"private" not in content


def test_the_script_is_short_and_its_file_can_have_any_name() -> None:
    text = generation_script(untrained(architecture="conv", hidden="4,8"), 'a"b\\c.safetensors')
    compile(text, "generate.py", "exec")
    assert len(text.splitlines()) < 100 and max(map(len, text.splitlines())) <= 120


def test_at_beta_0_the_script_says_that_its_pictures_mean_nothing() -> None:
    """Fault 12."""
    assert "samples of the prior mean nothing" in generation_script(untrained(beta=0))
    assert "mean nothing" not in generation_script(untrained())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("activation", options_of(FIELDS["activation"]))
def test_every_layer_of_a_decoder_can_be_written(architecture: str, activation: str) -> None:
    config = ModelConfig.model_validate({"architecture": architecture, "hidden": "4", "activation": activation})
    kinds = {type(layer).__name__ for layer in describe_model(config, (1, 8, 8)).decoder}
    assert kinds <= script._LAYERS.keys()
