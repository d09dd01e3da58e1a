"""A page with only the latent map of an untrained network of the shipped sizes: `?architecture=mlp|conv`."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from pages.common.components.latent_map import map_scene, map_view
from vae_core.data import batches, datasets
from vae_core.export.browser import decoder_bytes
from vae_core.models.build import build_model
from vae_core.settings import ModelConfig

HIDDEN = {"mlp": "512,256", "conv": "32,64"}

architecture = st.query_params["architecture"]
images, labels = batches.held_out(datasets.load_dataset("mnist-sample"))
model = build_model(
    ModelConfig.model_validate({"model": "vae", "architecture": architecture, "hidden": HIDDEN[architecture]}),
    (1, 28, 28),
    seed=0,
)
codes = torch.randn(len(images), 2, generator=torch.Generator().manual_seed(0)).numpy()
map_scene(
    key="map", codes=codes, labels=labels.numpy(), classes=tuple("0123456789"), images=images.numpy(),
    decoder=decoder_bytes(model, "bernoulli", (1, 28, 28)),
)  # fmt: skip
map_view(key="map", z=np.zeros(2), axes=(0, 1), axis_names=("z1", "z2"), prior=True)
