"""The dials of a run, in the sidebar: six that matter, the rest folded away. Each is in the address.

The widgets have no bounds of their own: the configuration checks the values, so that its sentence is the only one about a
range, wherever the value came from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import streamlit as st

from pages.common.address import check_number, say_missing
from pages.common.errors import literal
from pages.common.thresholds import thresholds
from vae_core.config import DEFAULT_HIDDEN, FIELDS, RunConfig, make_config, range_text, unit_of
from vae_core.data import catalogue
from vae_core.data.source import DatasetInfo
from vae_core.errors import ConfigError, DataError
from vae_core.levels import CORRUPTIONS, check_channels
from vae_core.presets import PRESETS

DEFAULTS = RunConfig().flat()
TITLES = {
    "dataset": "Images",
    "latent": "Latents",
    "beta": "Beta β",
    "epochs": "Epochs",
    "seed": "Seed",
    "model": "Model",
    "architecture": "Layers",
    "hidden": "Hidden sizes",
    "activation": "Activation",
    "encoder": "Encoder",
    "likelihood": "Likelihood",
    "sigma": "Sigma σ",
    "binarize": "Binarised pixels",
    "beta_schedule": "Schedule of β",
    "warmup_epochs": "Warm-up",
    "capacity": "Capacity C",
    "gamma": "Gamma γ",
    "batch_size": "Batch size",
    "lr": "Learning rate",
    "limit": "Limit",
    "corruption": "Corruption",
    "level": "Level",
    "threads": "Threads",
    "device": "Device",
}
WHERE = {
    "can be downloaded": "downloaded when training starts, which needs a network",
    "needs its files": "read from files that you put into the data folder",
}
"""Where a dataset is, for those that are not here yet."""
FORMATS = {"beta": "%.4g", "lr": "%.6g", "sigma": "%.4g", "gamma": "%.4g", "capacity": "%.4g", "warmup_epochs": "%.4g"}
WHOLE = ("latent", "epochs", "seed", "batch_size", "limit", "threads")
STEPS = {"beta": 0.5, "lr": 0.001, "sigma": 0.1, "gamma": 1.0, "capacity": 1.0, "warmup_epochs": 1.0}


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
            values[name] = _number(name, disabled=name == "beta" and _is_ae())
    mark = st.container()
    with st.expander("More dials", icon=":material/tune:"):
        values |= _more()
    try:
        config = make_config(**values)
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


def check_numbers(usual: dict[str, Any], prefix: str = "") -> None:
    """Before dials are drawn: a sentence for each whose text in the address is no number. Above them there is room, and a
    folded dial hides none.

    Args:
        usual: what each starts with.
        prefix: of their parameters in the address.
    """
    for name in (*WHOLE, *STEPS):
        check_number(f"{prefix}{name}", TITLES[name], usual[name], whole=name not in STEPS)


def in_words(sentence: str) -> str:
    """A sentence about a field with the label of its dial in place of the name that the command line has for it."""
    name, space, rest = sentence.partition(" ")
    return f"{TITLES.get(name, name)}{space}{rest}"


def _more() -> dict[str, Any]:
    values: dict[str, Any] = {"model": _choice("model")}
    values["architecture"] = _choice("architecture", on_change=_take_default_sizes)
    values["hidden"] = _hidden()
    values["activation"] = _choice("activation")
    values["encoder"] = _choice("encoder", disabled=_is_ae())
    values["likelihood"] = _choice("likelihood")
    if values["likelihood"].startswith("gaussian"):
        values["sigma"] = _number("sigma")
    values["binarize"] = _choice("binarize")
    values |= _corruption()
    if not _is_ae():
        values |= {"beta_schedule": _choice("beta_schedule"), "capacity": _number("capacity")}
        if values["capacity"] is not None:
            values["gamma"] = _number("gamma")
        if values["beta_schedule"] == "linear" or values["capacity"] is not None:
            values["warmup_epochs"] = _number("warmup_epochs")
    for name in ("lr", "batch_size", "limit", "threads"):
        values[name] = _number(name)
    values["device"] = _choice("device")
    return values


def _about(config: RunConfig) -> str:
    """What the preset is for, and which dials no longer stand as it set them."""
    preset = PRESETS[st.session_state.preset]
    asked, now = preset.config(config.data.dataset).flat(), config.flat()
    changed = [TITLES[name] for name in TITLES if asked[name] != now[name]]
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
    st.session_state.hidden = _hidden_text(DEFAULT_HIDDEN[st.session_state.architecture])


def set_dials(config: RunConfig) -> None:
    """Sets every dial to a run's configuration; to be called before the dials are drawn, as in a callback."""
    for name, value in config.flat().items():
        st.session_state[name] = _as_shown(name, value)


def _hidden_text(sizes: tuple[int, ...]) -> str:
    return ",".join(map(str, sizes)) or "none"


def _dataset() -> str:
    rows = {row.name: row for row in catalogue.describe()}
    taken = st.session_state.get("dataset")  # a run's own may be of another size, or a file, and not in the list
    options = list(rows) if taken is None or taken in rows else [*rows, taken]
    say_missing("dataset", "dataset", options, options[0])
    chosen = st.selectbox(
        TITLES["dataset"],
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


def where_text(info: DatasetInfo) -> str:
    """Where a dataset is, and for one that is not here how its images get here."""
    files = catalogue.find(info.name).user_files if not info.is_here else ()
    return ": ".join(part for part in (WHERE.get(info.where, info.where), ", ".join(files)) if part)


def _help(name: str) -> str:
    info = FIELDS[name]
    parts = [str(info.description), f"Range: {range_text(info)}." if range_text(info) else ""]
    return " ".join(part for part in parts if part)


def _label(name: str) -> str:
    unit = unit_of(FIELDS[name])
    return f"{TITLES[name]} ({unit})" if unit and unit != "dimensions" else TITLES[name]


def _number(name: str, *, disabled: bool = False) -> float | int | None:
    whole = name not in STEPS
    value: float | int | None = st.number_input(
        _label(name),
        value=DEFAULTS[name],
        step=1 if whole else STEPS[name],
        format="%d" if whole else FORMATS[name],
        key=name,
        bind="query-params",
        help=_help(name),
        disabled=disabled,
        placeholder="off" if DEFAULTS[name] is None else None,
    )
    default: float | int | None = DEFAULTS[name]
    return default if value is None else value


def _choice(name: str, *, disabled: bool = False, on_change: Callable[[], None] | None = None) -> str:
    options = get_args(FIELDS[name].annotation)
    say_missing(name, TITLES[name].lower(), options, DEFAULTS[name])
    chosen = st.selectbox(
        TITLES[name],
        options,
        index=options.index(DEFAULTS[name]),
        key=name,
        bind="query-params",
        help=_help(name),
        disabled=disabled,
        on_change=on_change,
    )
    return str(chosen)


def _corruption() -> dict[str, Any]:
    """What damages the input, and how strongly; the level's own help names its unit."""
    asked = [one for one in st.query_params.get_all("corruption") if one in CORRUPTIONS]
    say_missing("corruption", "corruption", CORRUPTIONS, asked)
    names = st.multiselect(
        TITLES["corruption"],
        list(CORRUPTIONS),
        key="corruption",
        bind="query-params",
        help=_help("corruption"),
        on_change=_take_usual_level,
        placeholder="none",
    )
    rows = [CORRUPTIONS[name] for name in names if CORRUPTIONS[name].has_level]
    if not rows:
        return {"corruption": names}
    ranges = "; ".join(f"{row.title}: {row.measure}, {row.lowest:g} to {row.highest:g}" for row in rows)
    level = st.text_input(
        TITLES["level"],
        value=f"{rows[0].usual:g}",
        key="level",
        bind="query-params",
        help=f"{_help('level')} {ranges}.",
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
        return _hidden_text(value)
    if name == "corruption":
        return list(value)
    return value or "" if name == "level" else value


def _hidden() -> str:
    text = st.text_input(
        TITLES["hidden"],
        value=_hidden_text(DEFAULT_HIDDEN[st.session_state.get("architecture", DEFAULTS["architecture"])]),
        key="hidden",
        bind="query-params",
        help=_help("hidden"),
    )
    return str(text)


def expected_collapse(config: RunConfig) -> float | None:
    """The largest beta at which a linear model of these images still uses a dimension; None while that is not known."""
    asked = thresholds(config)
    return asked.result()[0] if asked is not None and asked.done() else None
