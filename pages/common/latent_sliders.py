"""One slider per latent dimension: those that carry most first, inactive ones folded away."""

from __future__ import annotations

import streamlit as st

from pages.common.latent_code import decimals, request_code, slider_key
from pages.common.opened_model import OpenedModel
from vae_core.evaluation.codes import dimension_importance, fitted_gaussian, slider_range
from vae_core.viz.walks import random_codes


def sliders(model: OpenedModel) -> None:
    """Draws the sliders and the buttons that move them all."""
    _buttons(model)
    active = [dimension for dimension in model.order if not model.inactive[dimension]]
    rest = [dimension for dimension in model.order if model.inactive[dimension]]
    amounts = dimension_importance(model.codes)
    for dimension in active:
        _slider(model, dimension, float(amounts[dimension]))
    if rest:
        plural = "s" if len(rest) > 1 else ""
        with st.expander(f"{len(rest)} inactive dimension{plural}", icon=":material/visibility_off:"):
            why = "posterior mean varies by 0.01 or less (variance)" if model.is_vae else "code does not vary"
            st.caption(f"Their {why} over the images, so the picture hardly depends on them.")
            for dimension in rest:
                _slider(model, dimension, float(amounts[dimension]))


def _slider(model: OpenedModel, dimension: int, amount: float) -> None:
    key = slider_key(model, dimension)
    low, high = slider_range(model.codes, dimension)
    value = st.session_state[key]
    digits = decimals(model, dimension)
    unit = f"carries {amount:.2f} nats" if model.is_vae else f"variance {amount:.3g}"
    ends = "the prior's quantiles .001 to .999" if model.codes.has_prior else "that of the images' codes"
    st.slider(
        f"z{dimension + 1}, {unit}",
        round(min(low, value), digits),
        round(max(high, value), digits),
        value=value,  # otherwise a script run that is interrupted by the next one leaves the slider at its end
        step=10.0**-digits,
        format=f"%.{digits}f",
        key=key,
        help=f"Range: {ends}.",
    )


def _buttons(model: OpenedModel) -> None:
    source = "the prior" if model.is_vae else "a Gaussian fitted to the codes, as an AE has no prior"
    left, right = st.columns(2)
    seed = left.number_input(
        "Seed", value=0, min_value=0, step=1, key=f"seed@{model.run.id}", help="Seed of the random draw."
    )
    temperature = right.number_input(
        "Temperature", value=1.0, min_value=0.0, max_value=5.0, step=0.1, key=f"temperature@{model.run.id}",
        help="Multiplies the standard deviation of the draw; 0 gives the mean.",
    )  # fmt: skip
    left.button("Random", icon=":material/casino:", width="stretch", help=f"A draw from {source}.",
                key="random", on_click=_random, args=(model, int(seed), float(temperature)))  # fmt: skip
    right.button(
        "Reset",
        icon=":material/restart_alt:",
        width="stretch",
        key="reset",
        on_click=request_code,
        args=(model, model.start),
    )


def _random(model: OpenedModel, seed: int, temperature: float) -> None:
    mean, std = (0.0, 1.0) if model.is_vae else fitted_gaussian(model.codes)
    request_code(model, random_codes(1, model.latent, seed, temperature, mean, std)[0])
    st.session_state[f"seed@{model.run.id}"] = seed + 1
