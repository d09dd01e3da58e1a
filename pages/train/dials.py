"""The dials of a run, in the sidebar: six that matter, the rest folded away. Each is in the address.

The widgets have no bounds of their own: the configuration checks the values, so that its sentence is the only one about a
range, wherever the value came from.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.common.address import say_missing
from pages.common.errors import literal
from pages.common.settings import (
    DEFAULTS,
    check_numbers,
    choice_setting,
    number_setting,
    setting_help,
    sizes_text,
    where_text,
)
from pages.common.thresholds import thresholds
from vae_core.config import FIELDS, RunConfig, choices_of, make_config, title_of
from vae_core.data import catalogue
from vae_core.errors import ConfigError, DataError
from vae_core.levels import CORRUPTIONS, check_channels
from vae_core.presets import PRESETS


def dials() -> RunConfig | None:
    """Draws the dials; the configuration they ask for, or None where the sentence about what is wrong stands there."""
    _take_preset_of_address()
    say_missing("preset", "preset", PRESETS, next(iter(PRESETS)))
    st.selectbox(
        "Preset",
        list(PRESETS),
        key="preset",
        bind="query-params",
        on_change=_take_preset,
        help="A set-up to start from; it sets the other dials.",
    )
    about = st.container()
    values: dict[str, Any] = {"dataset": _dataset()}
    check_numbers(DEFAULTS)
    left, right = st.columns(2)
    for index, name in enumerate(("latent", "beta", "epochs", "seed")):
        with left if index % 2 == 0 else right:
            values[name] = number_setting(name, disabled=name == "beta" and _is_ae())
    mark = st.container()
    with st.expander("More dials", icon=":material/tune:"):
        values |= _more()
    try:
        config = catalogue.settled(make_config(**values))
        check_channels(config.data.corruption, catalogue.find(config.data.dataset).shape[0])
    except (ConfigError, DataError) as error:
        st.error(literal(in_words(str(error))), icon=":material/error:")
        return None
    about.caption(_about(config))
    if thresholds(config) is not None:  # it has its place from the start, so that nothing moves when it is known
        collapse = expected_collapse(config)
        known = "…" if collapse is None else f"{collapse:.3g}"
        mark.caption(f"Above β ≈ {known} the code of a linear model of these images carries nothing.")
    return config


def in_words(sentence: str) -> str:
    """A sentence about a field with the label of its dial in place of the name that the command line has for it."""
    name, space, rest = sentence.partition(" ")
    return f"{title_of(name) if name in FIELDS else name}{space}{rest}"


def _more() -> dict[str, Any]:
    values: dict[str, Any] = {"model": choice_setting("model")}
    values["architecture"] = choice_setting("architecture", on_change=_take_default_sizes)
    values["hidden"] = _hidden(values["architecture"])
    values["activation"] = choice_setting("activation")
    values["encoder"] = choice_setting("encoder", disabled=_is_ae())
    values["likelihood"] = choice_setting("likelihood")
    if values["likelihood"].startswith("gaussian"):
        values["sigma"] = number_setting("sigma")
    values["binarize"] = choice_setting("binarize")
    values |= _corruption()
    if not _is_ae():
        values |= {"beta_schedule": choice_setting("beta_schedule"), "capacity": number_setting("capacity")}
        if values["capacity"] is not None:
            values["gamma"] = number_setting("gamma")
        if values["beta_schedule"] == "linear" or values["capacity"] is not None:
            values["warmup_epochs"] = number_setting("warmup_epochs")
    for name in ("lr", "batch_size", "limit", "threads"):
        values[name] = number_setting(name)
    values["device"] = choice_setting("device")
    return values


def _about(config: RunConfig) -> str:
    """What the preset is for, and which dials no longer stand as it set them."""
    preset = PRESETS[st.session_state.preset]
    asked, now = catalogue.settled(preset.config(config.data.dataset)).flat(), config.flat()
    changed = [title_of(name) for name in FIELDS if asked[name] != now[name]]
    return preset.about + (f" Changed since: {', '.join(changed)}." if changed else "")


def _take_preset_of_address() -> None:
    """A link that names a preset sets its dials, but for those that the link names themselves."""
    if "dials" in st.session_state:
        return
    st.session_state.dials = "set"
    preset = PRESETS.get(st.query_params.get("preset", ""))
    if preset is not None:
        values = preset.config(st.query_params.get("dataset", DEFAULTS["dataset"])).flat()
        for name in values.keys() - set(st.query_params):
            st.session_state[name] = _as_shown(name, values[name])


def _is_ae() -> bool:
    return bool(st.session_state.get("model", DEFAULTS["model"]) == "ae")


def _take_preset() -> None:
    """Sets every dial to the preset's; the images only where the preset has its own."""
    preset = PRESETS[st.session_state.preset]
    config = preset.config(st.session_state.get("dataset", DEFAULTS["dataset"])).flat()
    for name, value in config.items():
        st.session_state[name] = _as_shown(name, value)


def _take_default_sizes() -> None:
    """Dense sizes mean nothing as channels, and the other way round."""
    st.session_state.hidden = ""


def set_dials(config: RunConfig) -> None:
    """Sets every dial to a run's configuration; to be called before the dials are drawn, as in a callback."""
    for name, value in config.flat().items():
        st.session_state[name] = _as_shown(name, value)


def _dataset() -> str:
    rows = {row.name: row for row in catalogue.describe()}
    taken = st.session_state.get("dataset")  # a run's own may be of another size, or a file, and not in the list
    options = list(rows) if taken is None or taken in rows else [*rows, taken]
    say_missing("dataset", "dataset", options, options[0])
    chosen = st.selectbox(
        title_of("dataset"),
        options,
        key="dataset",
        bind="query-params",
        help=f"{FIELDS['dataset'].description} The samples come with the program; a full set is downloaded when needed.",
    )
    try:
        source = catalogue.find(chosen)
    except DataError:  # such as a file that is gone; the dials say so together with what else is wrong
        return str(chosen)
    where = where_text(rows[chosen]) if chosen in rows else source.origin
    st.caption(f"{source.title}: {source.train:,} training and {source.test:,} test images, {literal(where)}")
    return str(chosen)


def _corruption() -> dict[str, Any]:
    """What damages the input, and how strongly; the level's own help names its unit."""
    asked = [one for one in st.query_params.get_all("corruption") if one in CORRUPTIONS]
    say_missing("corruption", "corruption", CORRUPTIONS, asked)
    names = st.multiselect(
        title_of("corruption"),
        list(CORRUPTIONS),
        key="corruption",
        bind="query-params",
        help=setting_help("corruption"),
        on_change=_take_usual_level,
        placeholder="none",
    )
    rows = [CORRUPTIONS[name] for name in names if CORRUPTIONS[name].has_level]
    if not rows:
        return {"corruption": names}
    ranges = "; ".join(f"{row.title}: {row.measure}, {row.lowest:g} to {row.highest:g}" for row in rows)
    level = st.text_input(
        title_of("level"),
        value=f"{rows[0].usual:g}",
        key="level",
        bind="query-params",
        help=f"{setting_help('level')} {ranges}.",
    )
    for row in rows:
        if row.clipping:
            st.caption(row.clipping)
    return {"corruption": names, "level": level or None}


def _take_usual_level() -> None:
    """Each corruption has a unit of its own; what was set for another one means nothing."""
    rows = [CORRUPTIONS[name] for name in st.session_state.corruption if CORRUPTIONS[name].has_level]
    low = max((row.lowest for row in rows), default=0.0)
    if rows:
        usual = min([max(rows[0].usual, low), *(row.highest for row in rows)])
        st.session_state.level = f"{usual:g}"


def _as_shown(name: str, value: Any) -> Any:
    """A field's value as its widget has it."""
    if name == "hidden":
        return sizes_text(value)
    if name == "architecture" and value not in choices_of(name):  # of an old run: what has taken its place
        return "conv"
    if name == "corruption":
        return list(value)
    return value or "" if name == "level" else value


def _hidden(architecture: str) -> str | None:
    """The sizes as typed, or None for the usual ones."""
    text = st.text_input(
        title_of("hidden"),
        key="hidden",
        bind="query-params",
        help=setting_help("hidden"),
        placeholder=_usual_sizes(architecture),
    )
    return str(text) or None


def _usual_sizes(architecture: str) -> str:
    """What an empty field means for the chosen images."""
    try:
        config = make_config(architecture=architecture, dataset=st.session_state.get("dataset", DEFAULTS["dataset"]))
        return sizes_text(catalogue.settled(config).model.hidden)
    except (ConfigError, DataError):  # the dials say so together with what else is wrong
        return ""


def expected_collapse(config: RunConfig) -> float | None:
    """The largest beta at which a linear model of these images still uses a dimension; None while that is not known."""
    asked = thresholds(config)
    return asked.result()[0] if asked is not None and asked.done() else None
