"""The latent space of an autoencoder and of a VAE with the same network, side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.components.latent_map import map_scene, map_view
from pages.common.query_params import check_index, check_number
from pages.learn.figures import POINTS, Model, dataset, figures, model, test_images, test_labels
from pages.learn.lessons import Link, Shown
from pages.learn.pictures import class_of, rows
from vae_core.evaluation.codes import decode_images, fitted_gaussian
from vae_core.viz.walks import interpolate, random_codes

TITLES = {"ae": "Autoencoder", "vae": "VAE"}
HEIGHT = 264
STEPS, DRAWS = 12, 24


def draw() -> Shown:
    ids = figures("models")["plane"]
    last = len(test_images()) - 1
    check_index("from", "test image", last, 3)
    check_index("to", "test image", last, 2)
    check_number("draws", "Seed of the samples", 0, low=0, high=9999)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = int(st.number_input("Walk from test image", 0, last, 3, key="from", bind="query-params", width=170))
        second = int(st.number_input("to test image", 0, last, 2, key="to", bind="query-params", width=170))
        seed = int(st.number_input("Seed of the samples", 0, 9999, 0, key="draws", bind="query-params", width=170))
    for column, name in zip(st.columns(2), TITLES, strict=True):
        with column:
            st.markdown(f"**{TITLES[name]}**")
            _side(name, model(ids[name]), first, second, seed)
    return Shown(_links(ids), _numbers())


def _side(name: str, shown: Model, first: int, second: int, seed: int) -> None:
    is_vae = shown.codes.log_variance is not None
    codes = shown.codes.mean
    map_scene(
        key=f"holes-{name}", codes=codes[:POINTS], labels=test_labels()[:POINTS], classes=dataset().classes,
        images=test_images()[:POINTS], decoder=shown.decoder, height=HEIGHT, alt=TITLES[name],
    )  # fmt: skip
    map_view(
        key=f"holes-{name}", z=codes[first].astype(np.float32), axes=(0, 1), axis_names=("z1", "z2"), prior=is_vae,
        direction=codes[second] - codes[first], density=True,
    )  # fmt: skip
    walk = interpolate(codes[first], codes[second], STEPS)
    gaussian = (0.0, 1.0) if is_vae else fitted_gaussian(shown.codes)
    drawn = random_codes(DRAWS, shown.trained.model.latent, seed, 1.0, *gaussian)
    where = "the prior" if is_vae else "a Gaussian with the mean and covariance of the codes"
    rows(
        (decode_images(shown.trained, walk), f"A straight walk from {class_of(first)} to {class_of(second)}"),
        (decode_images(shown.trained, drawn), f"Random samples from {where}"),
        columns=STEPS,
    )
    space = figures("holes")[name]
    st.caption(
        f"Distance to the nearest real image: **{_draws(space)}** from a decoded sample (mean of "
        f"{figures('holes')['draws']:,}), **{space['reconstructions']:.3f}** from a decoded code (root mean square per "
        f"pixel). **{space['same_label']:.0%}** of neighbours share the label."
    )


def _links(ids: dict[str, str]) -> tuple[Link, ...]:
    walks = (
        Link("generate/page.py", f"Walk through the {TITLES[name]} in Generate", {"trained": run_id, "view": "Walks"})
        for name, run_id in ids.items()
    )
    return (
        *walks,
        Link("train/page.py", "Train this VAE", {"latent": "2", "beta": "1"}),
        Link("compare/page.py", "Compare the two", {"runs": ",".join(ids.values())}),
    )


def _draws(space: dict[str, float]) -> str:
    """Formats the mean distance of decoded samples and its standard error."""
    return f"{space['draws']:.4f} ± {space['draws_error']:.4f}"


def _numbers() -> dict[str, str]:
    spaces = dict(figures("holes"))
    numbers = {"draws": f"{spaces.pop('draws'):,}", "latents": str(spaces.pop("latents"))}
    for name, space in spaces.items():
        numbers |= {f"{name}_draws": _draws(space), f"{name}_kept": f"{space['reconstructions']:.3f}"}
        numbers[f"{name}_label"] = f"{space['same_label']:.0%}"
    return numbers
