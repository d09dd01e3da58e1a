"""The widgets of a run's settings, and what the pages say about them.

Titles, units, ranges, steps and help come from `vae_core.config`, so that Train and Compare show the same setting alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.common.address import check_number, say_missing
from vae_core.config import FIELDS, RunConfig, choices_of, range_text, step_of, title_of, unit_of
from vae_core.data import catalogue
from vae_core.data.source import DatasetInfo

DEFAULTS = RunConfig().flat()
WHERE = {
    "can be downloaded": "downloaded when training starts, which needs a network",
    "needs its files": "read from files that you put into the data folder",
}
"""Where a dataset is, for those that are not here yet."""
WHOLE = ("latent", "epochs", "seed", "batch_size", "limit", "threads")
REAL = tuple(name for name, info in FIELDS.items() if step_of(info) is not None)


def check_numbers(usual: dict[str, Any], prefix: str = "") -> None:
    """Says, above the widgets, which parameters of the address are not numbers; a folded widget would hide it.

    Args:
        usual: what each setting starts with.
        prefix: of the settings' parameters in the address.
    """
    for name in (*WHOLE, *REAL):
        check_number(f"{prefix}{name}", title_of(name), usual[name], whole=name in WHOLE)


def setting_help(name: str) -> str:
    """What a setting is, and its range."""
    info = FIELDS[name]
    parts = [str(info.description), f"Range: {range_text(info)}." if range_text(info) else ""]
    return " ".join(part for part in parts if part)


def setting_label(name: str) -> str:
    """A setting's title with its unit."""
    unit = unit_of(FIELDS[name])
    return f"{title_of(name)} ({unit})" if unit and unit != "dimensions" else title_of(name)


def number_setting(name: str, *, prefix: str = "", start: Any = None, disabled: bool = False) -> float | int | None:
    """A number in the address.

    Args:
        name: of the setting.
        prefix: of its key and its parameter in the address.
        start: where it stands at first; the setting's default if left out.
        disabled: whether it is greyed out.

    Returns:
        The number; where the field is empty its default, which is None for a setting that is off by default.
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


def choice_setting(
    name: str, *, prefix: str = "", disabled: bool = False, on_change: Callable[[], None] | None = None
) -> str:
    """One of a setting's values, in the address; arguments as for `number_setting`."""
    options = choices_of(name)
    say_missing(f"{prefix}{name}", title_of(name).lower(), options, DEFAULTS[name])
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
    """Sizes of hidden layers as they are typed: '256,64', 'none' for a linear model, empty for the usual ones."""
    return "" if sizes is None else ",".join(map(str, sizes)) or "none"


def where_text(info: DatasetInfo) -> str:
    """Where a dataset is and, if it is not here, how its images get here."""
    files = catalogue.find(info.name).user_files if not info.is_here else ()
    return ": ".join(part for part in (WHERE.get(info.where, info.where), ", ".join(files)) if part)
