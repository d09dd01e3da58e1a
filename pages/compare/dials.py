"""The settings of a sweep: the field that differs, its values, and what all runs share."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.common.errors import literal
from pages.common.query_params import report_missing
from pages.common.settings import (
    DEFAULTS,
    check_numbers,
    choice_setting,
    has_choice,
    number_setting,
    setting_help,
    where_text,
)
from vae_core.architectures import settled_model
from vae_core.config import FIELDS, title_of
from vae_core.data import catalogue
from vae_core.fields import options_of
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.settings import ModelConfig

FIELD_NAMES = (
    "beta",
    "latent",
    "model",
    "likelihood",
    "objective",
    "architecture",
    "hidden",
    "encoder",
    "capacity",
    "lr",
    "limit",
)
"""The settings that a sweep can vary."""
OFFERED: dict[str, list[str]] = {
    "latent": ["2", "5", "10", "20"],
    "architecture": ["mlp", "conv", "residual"],
    "hidden": ["none", "64", "128", "256,64"],
    "capacity": ["5", "10", "20"],
    "lr": ["0.0003", "0.001", "0.003"],
    "limit": ["500", "2000", "10000"],
}
FIRST = 5
PREFIX = "sweep_"
"""Prefix of the shared settings' query parameters; the field that differs has its own."""
START: dict[str, Any] = {"latent": 10, "hidden": "128", "epochs": 5}
"""Initial values where they differ from the Train page's: a small network and few epochs, so that the sweep ends soon."""


def dataset() -> str:
    rows = {row.name: row for row in catalogue.describe()}
    report_missing("sweep_dataset", "dataset", rows, next(iter(rows)))
    chosen = str(st.selectbox(title_of("dataset"), list(rows), key="sweep_dataset", bind="query-params"))
    if not rows[chosen].is_here:
        where = where_text(rows[chosen])
        st.caption(literal(f"{where[0].upper()}{where[1:]}."))
    return chosen


def field() -> str:
    names = [name for name in FIELD_NAMES if has_choice(name)]
    report_missing("field", "setting", names, names[0])
    return str(
        st.selectbox(
            "What differs",
            names,
            key="field",
            bind="query-params",
            on_change=_forget_values,
            help="The only setting in which the runs differ. 'model' compares an AE and a VAE with the same network.",
        )
    )


def _forget_values() -> None:
    """The values belong to the field chosen before."""
    st.session_state.pop("values", None)


def values(name: str, suggested: list[str]) -> list[str]:
    """Draws the list of values: those offered, and any that the user types."""
    options = suggested or OFFERED.get(name) or list(options_of(FIELDS[name]))
    return list(
        st.multiselect(
            f"Values of {title_of(name)}",
            options,
            default=options[:FIRST],
            key="values",
            bind="query-params",
            accept_new_options=True,
            help=setting_help(name),
        )
    )


def seeds() -> list[str]:
    return list(
        st.multiselect(
            "Seeds",
            ["0", "1", "2"],
            default=["0", "1", "2"],
            key="seeds",
            bind="query-params",
            accept_new_options=True,
            help="With three seeds or more, means have error bars. Runs with the same seed have the same initial weights "
            "and see the images in the same order, whatever else differs.",
        )
    )


def common(varied: str) -> dict[str, Any]:
    """Draws the settings that all runs share, and returns them without the field that differs."""
    settings: dict[str, Any] = {}
    check_numbers({**DEFAULTS, **START}, PREFIX)
    left, right = st.columns(2)
    for index, name in enumerate(("epochs", "latent")):
        with left if index % 2 == 0 else right:
            settings[name] = number_setting(name, prefix=PREFIX, start=START.get(name), disabled=name == varied)
    with st.expander("More dials", icon=":material/tune:"):
        for name in filter(has_choice, ("model", "architecture", "likelihood", "objective", "binarize")):
            settings[name] = choice_setting(name, prefix=PREFIX, disabled=name == varied)
        settings["hidden"] = _hidden(disabled=varied == "hidden", architecture=_settled(settings["architecture"]))
        if LIKELIHOODS[settings["likelihood"]].has_sigma or varied == "likelihood":
            settings["sigma"] = number_setting("sigma", prefix=PREFIX)
        for name in ("beta", "lr", "batch_size", "limit"):
            settings[name] = number_setting(name, prefix=PREFIX, start=START.get(name), disabled=name == varied)
    if varied == "architecture":
        settings.pop("hidden")  # each architecture has its own sizes
    return {name: value for name, value in settings.items() if name != varied and value is not None}


def _settled(architecture: str) -> str:
    """What the architecture is for the chosen images."""
    shape = catalogue.find(st.session_state.sweep_dataset).shape
    return settled_model(ModelConfig.model_validate({"architecture": architecture}), shape).architecture


def _hidden(*, disabled: bool, architecture: str) -> str | None:
    """Draws the sizes; None stands for the usual ones."""
    text = st.text_input(
        title_of("hidden"),
        value=str(START["hidden"]) if architecture == "mlp" else "",
        placeholder="as usual",
        key=f"sweep_hidden_{architecture}",
        bind="query-params",
        help=setting_help("hidden"),
        disabled=disabled,
    )
    return str(text) or None
