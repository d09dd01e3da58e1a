"""The widgets for a run's settings.

Titles, units, ranges, steps and help texts come from `vae_core.config`, so that Train and Compare show a setting alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.common.query_params import check_number, report_missing
from vae_core.config import FIELDS, RunConfig, title_of
from vae_core.data import catalogue
from vae_core.data.source import DatasetInfo
from vae_core.fields import options_of, range_text, step_of, unit_of

DEFAULTS = RunConfig().flat()
WHERE = {
    "can be downloaded": "downloaded when training starts, which needs a network",
    "needs its files": "read from files that you put into the data folder",
}
"""How a dataset that is not on this machine yet gets here."""
WHOLE = ("latent", "epochs", "seed", "batch_size", "limit", "threads")
REAL = tuple(name for name, info in FIELDS.items() if step_of(info) is not None)


def check_numbers(usual: dict[str, Any], prefix: str = "") -> None:
    """Reports, above the widgets, query parameters that are not numbers; beside a folded widget they would be hidden.

    Args:
        usual: the settings' initial values.
        prefix: the prefix of the settings' query parameters.
    """
    for name in (*WHOLE, *REAL):
        check_number(f"{prefix}{name}", title_of(name), usual[name], whole=name in WHOLE)


def setting_help(name: str) -> str:
    """A setting's description and range."""
    info = FIELDS[name]
    parts = [str(info.description), f"Range: {range_text(info)}." if range_text(info) else ""]
    return " ".join(part for part in parts if part)


def setting_label(name: str) -> str:
    """A setting's title with its unit."""
    unit = unit_of(FIELDS[name])
    return f"{title_of(name)} ({unit})" if unit and unit != "dimensions" else title_of(name)


def number_setting(name: str, *, prefix: str = "", start: Any = None, disabled: bool = False) -> float | int | None:
    """Draws a number, kept in the URL.

    Args:
        name: the setting's name.
        prefix: the prefix of its key and query parameter.
        start: the initial value; the setting's default if left out.
        disabled: whether it is greyed out.

    Returns:
        The number; if the field is empty, the setting's default, which is None for a setting that is off by default.
    """
    step = step_of(FIELDS[name])
    default: float | int | None = DEFAULTS[name]
    value: float | int | None = st.number_input(
        setting_label(name),
        value=default if start is None else start,
        step=1 if step is None else step,
        format="%d" if step is None else "%.6g",
        key=f"{prefix}{name}",
        bind="query-params",
        help=setting_help(name),
        disabled=disabled,
        placeholder="off" if default is None else None,
    )
    return default if value is None else value


def has_choice(name: str) -> bool:
    """Whether a setting has more than one option; a widget with a single option is useless."""
    return len(options_of(FIELDS[name])) != 1


def choice_setting(
    name: str, *, prefix: str = "", disabled: bool = False, on_change: Callable[[], None] | None = None
) -> str:
    """Draws the choice of one of a setting's options, kept in the URL. Arguments as for `number_setting`."""
    options = options_of(FIELDS[name])
    report_missing(f"{prefix}{name}", title_of(name).lower(), options, DEFAULTS[name])
    chosen = st.selectbox(
        title_of(name),
        options,
        index=options.index(DEFAULTS[name]),
        key=f"{prefix}{name}",
        bind="query-params",
        help=setting_help(name),
        disabled=disabled,
        on_change=on_change,
    )
    return str(chosen)


def sizes_text(sizes: tuple[int, ...] | None) -> str:
    """Sizes of hidden layers as the user types them: '256,64', 'none' for a linear model, empty for the usual ones."""
    return "" if sizes is None else ",".join(map(str, sizes)) or "none"


def where_text(info: DatasetInfo) -> str:
    """Where a dataset is and, if it is not on this machine, how it gets here."""
    files = catalogue.find(info.name).user_files if not info.is_here else ()
    return ": ".join(part for part in (WHERE.get(info.where, info.where), ", ".join(files)) if part)
