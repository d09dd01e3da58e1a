"""The set-up of a sweep: what all its runs have in common, the field that differs, and its values."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.common.address import say_missing
from pages.common.errors import literal
from pages.common.settings import DEFAULTS, check_numbers, choice_setting, number_setting, setting_help, where_text
from vae_core.architectures import settled_model
from vae_core.config import ModelConfig, choices_of, title_of
from vae_core.data import catalogue

FIELD_NAMES = ("beta", "latent", "model", "likelihood", "architecture", "hidden", "encoder", "capacity", "lr", "limit")
"""What may stand in beta's place."""
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
"""Of the common settings' parameters in the address, since the field that differs has its own."""
START: dict[str, Any] = {"latent": 10, "hidden": "128", "epochs": 5}
"""Where a sweep's dials stand at first, where not as the Train page's: a small network, so that it ends soon."""


def dataset() -> str:
    rows = {row.name: row for row in catalogue.describe()}
    say_missing("sweep_dataset", "dataset", rows, next(iter(rows)))
    chosen = str(st.selectbox(title_of("dataset"), list(rows), key="sweep_dataset", bind="query-params"))
    if not rows[chosen].is_here:
        where = where_text(rows[chosen])
        st.caption(literal(f"{where[0].upper()}{where[1:]}."))
    return chosen


def field() -> str:
    say_missing("field", "setting", FIELD_NAMES, next(iter(FIELD_NAMES)))
    return str(
        st.selectbox(
            "What differs",
            FIELD_NAMES,
            key="field",
            bind="query-params",
            on_change=_forget_values,
            help="Runs that differ in this alone; 'model' sets an AE beside a VAE of the same network.",
        )
    )


def _forget_values() -> None:
    """The values of another field are none of this one."""
    st.session_state.pop("values", None)


def values(name: str, suggested: list[str]) -> list[str]:
    """The list that one edits: offered values, and any that one types."""
    options = suggested or OFFERED.get(name) or list(choices_of(name))
    return list(
        st.multiselect(
            f"{title_of(name)}: the values",
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
            help="From three seeds on means have error bars. The same seed gives the same "
            "initial weights and the same order of the images, whatever differs.",
        )
    )


def common(varied: str) -> dict[str, Any]:
    """What all runs share; the field that differs is left out."""
    found: dict[str, Any] = {}
    check_numbers({**DEFAULTS, **START}, PREFIX)
    left, right = st.columns(2)
    for index, name in enumerate(("epochs", "latent")):
        with left if index % 2 == 0 else right:
            found[name] = number_setting(name, prefix=PREFIX, start=START.get(name), disabled=name == varied)
    with st.expander("More dials", icon=":material/tune:"):
        for name in ("model", "architecture", "likelihood", "binarize"):
            found[name] = choice_setting(name, prefix=PREFIX, disabled=name == varied)
        found["hidden"] = _hidden(disabled=varied == "hidden", architecture=_meant(found["architecture"]))
        if "gaussian" in found["likelihood"] or varied == "likelihood":
            found["sigma"] = number_setting("sigma", prefix=PREFIX)
        for name in ("beta", "lr", "batch_size", "limit"):
            found[name] = number_setting(name, prefix=PREFIX, start=START.get(name), disabled=name == varied)
    if varied == "architecture":
        found.pop("hidden")  # each has its own
    return {name: value for name, value in found.items() if name != varied and value is not None}


def _meant(architecture: str) -> str:
    """What the architecture is for the chosen images."""
    shape = catalogue.find(st.session_state.sweep_dataset).shape
    return settled_model(ModelConfig.model_validate({"architecture": architecture}), shape).architecture


def _hidden(*, disabled: bool, architecture: str) -> str | None:
    """The sizes as typed, or None for the usual ones."""
    text = st.text_input(
        title_of("hidden"),
        value=str(START["hidden"]) if architecture == "mlp" else "",
        placeholder="by itself",
        key=f"sweep_hidden_{architecture}",
        bind="query-params",
        help=setting_help("hidden"),
        disabled=disabled,
    )
    return str(text) or None
