"""A run's settings ("dials") in the sidebar: six that matter most, the rest folded away. Each is kept in the URL.

The widgets have no bounds of their own. The configuration checks the values, so that a range is reported in the same words
wherever the value came from.
"""

from __future__ import annotations

from typing import Any, get_args

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
    sizes_text,
    where_text,
)
from pages.common.thresholds import thresholds, thresholds_job
from vae_core.config import FIELDS, RunConfig, make_config, title_of
from vae_core.data import catalogue
from vae_core.errors import ConfigError, DataError
from vae_core.presets import PRESETS
from vae_core.registry.corruption_rows import CORRUPTIONS, check_channels
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import ARCHITECTURES, MODELS
from vae_core.settings import Augmentation


def dials() -> RunConfig | None:
    """Draws the dials. Returns their configuration, or None if it is invalid, which is reported in one sentence."""
    _take_preset_of_address()
    report_missing("preset", "preset", PRESETS, next(iter(PRESETS)))
    st.selectbox(
        "Preset",
        list(PRESETS),
        key="preset",
        bind="query-params",
        on_change=_take_preset,
        help="A configuration to start from; it sets the other dials.",
    )
    about = st.container()
    values: dict[str, Any] = {"dataset": _dataset()}
    check_numbers(DEFAULTS)
    left, right = st.columns(2)
    for index, name in enumerate(("latent", "beta", "epochs", "seed")):
        with left if index % 2 == 0 else right:
            values[name] = number_setting(name, disabled=name == "beta" and not _is_variational())
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
    if thresholds_job(config) is not None:  # drawn from the start, so that nothing moves once the value is known
        collapse = expected_collapse(config)
        known = "…" if collapse is None else f"{collapse:.3g}"
        mark.caption(f"Above β ≈ {known}, the code of a linear model of these images carries no information.")
    return config


def in_words(sentence: str) -> str:
    """Replaces a field's command-line name at the start of a sentence with its label."""
    name, space, rest = sentence.partition(" ")
    return f"{title_of(name) if name in FIELDS else name}{space}{rest}"


def _more() -> dict[str, Any]:
    values: dict[str, Any] = {"model": choice_setting("model")}
    values["architecture"] = choice_setting("architecture", on_change=_take_default_sizes)
    values["hidden"] = _hidden(values["architecture"])
    values["activation"] = choice_setting("activation")
    values["encoder"] = choice_setting("encoder", disabled=not _is_variational())
    values["likelihood"] = choice_setting("likelihood")
    st.caption(LIKELIHOODS[values["likelihood"]].about)
    if LIKELIHOODS[values["likelihood"]].has_sigma:
        values["sigma"] = number_setting("sigma")
    values |= {"binarize": choice_setting("binarize"), "augment": _augment()}
    values |= _corruption()
    values |= _objective() if _is_variational() else {}
    values |= _optimisation()
    for name in ("limit", "threads"):
        values[name] = number_setting(name)
    return values | {name: choice_setting(name) for name in ("device", "precision")}


def _optimisation() -> dict[str, Any]:
    """How the weights are found."""
    values: dict[str, Any] = {name: number_setting(name) for name in ("lr", "batch_size")}
    values |= {name: choice_setting(name) for name in ("optimizer", "lr_schedule")}
    for name in ("lr_warmup_epochs", "weight_decay", "clip", "average", "patience"):
        values[name] = number_setting(name)
    return values


def _augment() -> list[str]:
    """Random changes of the training images."""
    names = get_args(Augmentation)
    report_missing("augment", "augmentation", names, st.query_params.get_all("augment"))
    return st.multiselect(
        title_of("augment"),
        names,
        key="augment",
        bind="query-params",
        help=setting_help("augment"),
        placeholder="none",
    )


def _objective() -> dict[str, Any]:
    """Draws how the KL is weighted. The objective itself has a dial only if there is more than one."""
    values: dict[str, Any] = {}
    if has_choice("objective"):
        values["objective"] = choice_setting("objective")
    values |= {"beta_schedule": choice_setting("beta_schedule"), "capacity": number_setting("capacity")}
    if values["capacity"] is not None:
        values["gamma"] = number_setting("gamma")
    if values["beta_schedule"] == "linear" or values["capacity"] is not None:
        values["warmup_epochs"] = number_setting("warmup_epochs")
    return values


def _about(config: RunConfig) -> str:
    """What the preset is for, and which dials were changed since."""
    preset = PRESETS[st.session_state.preset]
    asked, now = catalogue.settled(preset.config(config.data.dataset)).flat(), config.flat()
    changed = [title_of(name) for name in FIELDS if asked[name] != now[name]]
    return preset.about + (f" Changed since: {', '.join(changed)}." if changed else "")


def _take_preset_of_address() -> None:
    """Sets the dials of the preset in the URL, except those that the URL sets itself."""
    if "dials" in st.session_state:
        return
    st.session_state.dials = "set"
    preset = PRESETS.get(st.query_params.get("preset", ""))
    if preset is not None:
        values = preset.config(st.query_params.get("dataset", DEFAULTS["dataset"])).flat()
        for name in values.keys() - set(st.query_params):
            st.session_state[name] = _as_shown(name, values[name])


def _is_variational() -> bool:
    return MODELS[st.session_state.get("model", DEFAULTS["model"])].is_variational


def _take_preset() -> None:
    """Sets every dial to the preset's value; the dataset only if the preset has its own."""
    preset = PRESETS[st.session_state.preset]
    config = preset.config(st.session_state.get("dataset", DEFAULTS["dataset"])).flat()
    for name, value in config.items():
        st.session_state[name] = _as_shown(name, value)


def _take_default_sizes() -> None:
    """Empties the sizes, since sizes of dense layers are meaningless as channels and vice versa."""
    st.session_state.hidden = ""


def set_dials(config: RunConfig) -> None:
    """Sets every dial to a run's configuration. Call it before the dials are drawn, as in a callback."""
    for name, value in config.flat().items():
        st.session_state[name] = _as_shown(name, value)


def _dataset() -> str:
    rows = {row.name: row for row in catalogue.describe()}
    taken = st.session_state.get("dataset")  # a run's own dataset may have another size or be a file, and not be listed
    options = list(rows) if taken is None or taken in rows else [*rows, taken]
    report_missing("dataset", "dataset", options, options[0])
    chosen = st.selectbox(
        title_of("dataset"),
        options,
        key="dataset",
        bind="query-params",
        help=f"{FIELDS['dataset'].description} Samples are included; full datasets are downloaded when needed.",
    )
    try:
        source = catalogue.find(chosen)
    except DataError:  # for example a missing file; the configuration's check reports it
        return str(chosen)
    where = where_text(rows[chosen]) if chosen in rows else source.origin
    st.caption(f"{source.title}: {source.train:,} training and {source.test:,} test images, {literal(where)}")
    return str(chosen)


def _corruption() -> dict[str, Any]:
    """Draws what damages the input, and how strongly. The level's help gives its unit."""
    requested = [name for name in st.query_params.get_all("corruption") if name in CORRUPTIONS]
    report_missing("corruption", "corruption", CORRUPTIONS, requested)
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
    """Sets the corruption's usual level, since a level set for another corruption has another unit."""
    rows = [CORRUPTIONS[name] for name in st.session_state.corruption if CORRUPTIONS[name].has_level]
    low = max((row.lowest for row in rows), default=0.0)
    if rows:
        usual = min([max(rows[0].usual, low), *(row.highest for row in rows)])
        st.session_state.level = f"{usual:g}"


def _as_shown(name: str, value: Any) -> Any:
    """Converts a field's value to its widget's value."""
    if name == "hidden":
        return sizes_text(value)
    if name == "architecture" and ARCHITECTURES[value].is_former:
        return "conv"  # which has taken its place
    if name in ("corruption", "augment"):
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
    """The largest beta at which a linear model of these images still uses a dimension, or None if not known yet."""
    return next(iter(thresholds(config)), None)
