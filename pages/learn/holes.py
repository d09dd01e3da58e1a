"""The latent space of an autoencoder and of a VAE with the same network, side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.common.address import check_index, check_number
from pages.common.components.latent_map import map_scene, map_view
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
    check_number("draws", "Seed of the draws", 0, low=0, high=9999)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = int(st.number_input("Walk from test image", 0, last, 3, key="from", bind="query-params", width=170))
        second = int(st.number_input("to test image", 0, last, 2, key="to", bind="query-params", width=170))
        seed = int(st.number_input("Seed of the draws", 0, 9999, 0, key="draws", bind="query-params", width=170))
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
    spread = (0.0, 1.0) if is_vae else fitted_gaussian(shown.codes)
    drawn = random_codes(DRAWS, shown.trained.model.latent, seed, 1.0, *spread)
    where = "the prior" if is_vae else "a Gaussian with the mean and covariance of the codes"
    rows(
        (decode_images(shown.trained, walk), f"A straight walk from {class_of(first)} to {class_of(second)}"),
        (decode_images(shown.trained, drawn), f"Random draws from {where}"),
        columns=STEPS,
    )
    found = figures("holes")[name]
    st.caption(
        f"From a decoded draw to the nearest real image, mean of {figures('holes')['draws']:,} draws: **{_draws(found)}**; "
        f"from a decoded code: **{found['reconstructions']:.3f}** (root mean square per pixel). Neighbours share the label in "
        f"**{found['same_label']:.0%}**."
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


def _draws(one: dict[str, float]) -> str:
    """Mean distance and its standard error."""
    return f"{one['draws']:.4f} ± {one['draws_error']:.4f}"


def _numbers() -> dict[str, str]:
    spaces = dict(figures("holes"))
    found = {"draws": f"{spaces.pop('draws'):,}", "latents": str(spaces.pop("latents"))}
    for name, one in spaces.items():
        found |= {f"{name}_draws": _draws(one), f"{name}_kept": f"{one['reconstructions']:.3f}"}
        found[f"{name}_label"] = f"{one['same_label']:.0%}"
    return found
