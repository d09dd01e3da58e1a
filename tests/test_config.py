"""Ranges, defaults, and the sentence that a wrong value earns."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core.config import FIELDS, SECTIONS, RunConfig, make_config, parse_config, warnings_for
from vae_core.errors import ConfigError, SchemaTooNew
from vae_core.fields import options_of, range_text, unit_of
from vae_core.registry.model_rows import ARCHITECTURES

RANGES: dict[str, tuple[str, float, float]] = {
    "limit": ("at least 1", 1, math.inf),
    "latent": ("1 to 512", 1, 512),
    "sigma": ("0.001 to 10", 0.001, 10),
    "beta": ("0 to 1000", 0, 1000),
    "warmup_epochs": ("above 0, at most 10000", math.nextafter(0, 1), 10000),
    "capacity": ("0 to 10000", 0, 10000),
    "gamma": ("0 to 10000", 0, 10000),
    "epochs": ("1 to 100000", 1, 100000),
    "batch_size": ("1 to 65536", 1, 65536),
    "lr": ("above 0, at most 1", math.nextafter(0, 1), 1),
    "weight_decay": ("0 to 1", 0, 1),
    "clip": ("above 0, at most 1000000000", math.nextafter(0, 1), 1e9),
    "lr_warmup_epochs": ("0 to 10000", 0, 10000),
    "average": ("0 to 0.99999", 0, 0.99999),
    "patience": ("above 0, at most 100000", math.nextafter(0, 1), 100000),
    "seed": ("0 to 4294967295", 0, 2**32 - 1),
    "threads": ("1 to 256", 1, 256),
}
WHOLE = ("limit", "latent", "epochs", "batch_size", "seed", "threads")
CHOICES = {
    "binarize": ("none", "threshold", "dynamic", "fixed"),
    "model": ("ae", "vae"),
    "architecture": ("auto", "mlp", "conv", "residual", "conv-upsample"),
    "activation": ("relu", "tanh"),
    "encoder": ("shared", "separate"),
    "likelihood": ("bernoulli", "gaussian", "gaussian-learned", "discretised-logistic", "continuous-bernoulli"),
    "objective": ("beta",),
    "beta_schedule": ("constant", "linear"),
    "optimizer": ("adam", "adamw", "sgd"),
    "lr_schedule": ("constant", "cosine", "step"),
    "precision": ("float32", "bf16"),
    "device": ("cpu", "cuda", "auto"),
}


def sentence(**values: Any) -> str:
    """What a wrong request is told; it is one sentence."""
    with pytest.raises(ConfigError) as raised:
        make_config(**values)
    text = str(raised.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 400
    assert "Input should" not in text and "pydantic" not in text
    return text


def test_defaults_are_those_of_the_design() -> None:
    assert RunConfig().flat() == {
        "dataset": "mnist-sample",
        "limit": None,
        "binarize": "none",
        "corruption": (),
        "level": None,
        "augment": (),
        "model": "vae",
        "architecture": "auto",
        "hidden": None,
        "activation": "relu",
        "encoder": "shared",
        "latent": 2,
        "likelihood": "bernoulli",
        "objective": "beta",
        "sigma": 1.0,
        "beta": 1.0,
        "beta_schedule": "constant",
        "warmup_epochs": 5.0,
        "capacity": None,
        "gamma": 30.0,
        "epochs": 20,
        "batch_size": 128,
        "lr": 1e-3,
        "optimizer": "adam",
        "weight_decay": 0.0,
        "clip": None,
        "lr_schedule": "constant",
        "lr_warmup_epochs": 0.0,
        "average": 0.0,
        "patience": None,
        "precision": "float32",
        "seed": 0,
        "threads": 1,
        "device": "auto",
    }
    assert RunConfig().parent is None
    assert make_config() == RunConfig() == parse_config({})


def test_every_field_stands_once_and_says_what_it_is() -> None:
    names = [name for section in SECTIONS.values() for name in section.model_fields]
    assert sorted(names) == sorted(set(names)) == sorted(FIELDS)
    assert set(FIELDS) == {*RANGES, *CHOICES, "dataset", "hidden", "corruption", "level", "augment"}
    for name, info in FIELDS.items():
        assert info.description and info.description.endswith("."), name
    assert unit_of(FIELDS["capacity"]) == "nats per image" and unit_of(FIELDS["beta"]) == ""


@pytest.mark.parametrize("name", RANGES)
def test_ranges(name: str) -> None:
    text, low, high = RANGES[name]
    assert range_text(FIELDS[name]) == text
    assert make_config(**{name: low}).flat()[name] == low
    below = low - 1 if name in WHOLE else math.nextafter(low, -math.inf)
    told = [sentence(**{name: below})]
    if high < math.inf:
        assert make_config(**{name: high}).flat()[name] == high
        above = int(high) + 1 if name in WHOLE else math.nextafter(high, math.inf)
        told.append(sentence(**{name: above}))
    for line in told:
        assert line.startswith(f"{name} must be {text}, not ")


def test_text_has_no_range() -> None:
    assert range_text(FIELDS["dataset"]) == range_text(FIELDS["device"]) == ""


numbers = st.integers(-(10**6), 2**33) | st.floats(-1e15, 1e15) | st.sampled_from([math.nan, math.inf, -math.inf])


@given(st.sampled_from(sorted(RANGES)), numbers)
def test_a_number_is_taken_or_the_sentence_names_field_range_and_value(name: str, value: float) -> None:
    text, low, high = RANGES[name]
    whole = name in WHOLE
    if low <= value <= high and math.isfinite(value) and (not whole or value == int(value)):
        assert make_config(**{name: value}).flat()[name] == value
        return
    number = "(a whole number, )?" if whole else ""
    assert re.fullmatch(
        rf"{name} must be {number}{re.escape(text)}, not {re.escape(repr(value))}\.", sentence(**{name: value})
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"epochs": 0}, "epochs must be 1 to 100000, not 0."),
        ({"latent": 0}, "latent must be 1 to 512, not 0."),
        ({"beta": -1}, "beta must be 0 to 1000, not -1."),
        ({"beta": math.nan}, "beta must be 0 to 1000, not nan."),
        ({"lr": 0}, "lr must be above 0, at most 1, not 0."),
        ({"lr": -1e-3}, "lr must be above 0, at most 1, not -0.001."),
        ({"lr": 5}, "lr must be above 0, at most 1, not 5."),
        ({"epochs": 2.5}, "epochs must be a whole number, 1 to 100000, not 2.5."),
        ({"epochs": "many"}, "epochs must be a whole number, 1 to 100000, not 'many'."),
        ({"lr": "fast"}, "lr must be a number, above 0, at most 1, not 'fast'."),
        ({"model": "gan"}, "model must be 'ae' or 'vae', not 'gan'."),
        ({"architecture": []}, "architecture must be 'auto', 'mlp', 'conv' or 'residual', not []."),
        ({"dataset": ""}, "dataset must be a name or a path of 1 to 4096 characters, not ''."),
        ({"dataset": 3}, "dataset must be a name or a path of 1 to 4096 characters, not 3."),
        ({"parent": "x"}, "parent must be RUN@STEP, a run's id and the step of one of its checkpoints, not 'x'."),
        (
            {"parent": "../x@3"},
            "parent must be RUN@STEP, a run's id and the step of one of its checkpoints, not '../x@3'.",
        ),
        (
            {"architecture": "conv", "hidden": "none"},
            "hidden must name at least one stage for conv; a linear model is --architecture mlp.",
        ),
        ({"latent": 0, "beta": -1}, "latent must be 1 to 512, not 0."),
    ],
)
def test_sentences(values: dict[str, Any], expected: str) -> None:
    assert sentence(**values) == expected


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name: str) -> None:
    for choice in CHOICES[name]:
        assert make_config(**{name: choice}).flat()[name] == choice
    told = sentence(**{name: "another"})
    assert told.startswith(f"{name} must be ") and told.endswith(", not 'another'.")
    assert all(repr(choice) in told for choice in options_of(FIELDS[name]))


def test_unknown_keys_are_refused() -> None:
    told = sentence(betta=4)
    assert told.startswith("There is no setting called 'betta'; the settings are dataset, ")
    for document, name in (({"modell": {}}, "modell"), ({"model": {"model": "ae", "size": 3}}, "size")):
        with pytest.raises(ConfigError, match=rf"^There is no setting called '{name}'\.$"):
            parse_config(document)


@pytest.mark.parametrize("document", [None, [], "x", 3, {"model": 3}, {"data": None}, {"training": []}])
def test_what_is_no_configuration(document: Any) -> None:
    with pytest.raises(ConfigError, match=r"^[a-z]+ must be an object of settings, not .*\.$"):
        parse_config(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*SECTIONS, *FIELDS, "schema", "parent", "x"]), inner, max_size=4)
        ),
        max_leaves=8,
    )
)
def test_any_document_is_a_configuration_or_one_sentence(document: Any) -> None:
    try:
        assert isinstance(parse_config(document), RunConfig)
    except (ConfigError, SchemaTooNew) as error:
        assert str(error).endswith(".") and "\n" not in str(error)


@given(
    st.sampled_from(sorted(FIELDS)), st.text(max_size=20) | st.lists(st.integers() | st.text(max_size=3), max_size=12)
)
def test_any_value_is_taken_or_named(name: str, value: Any) -> None:
    try:
        make_config(**{name: value})
    except ConfigError as error:
        own = {"level": "A level needs a corruption", "corruption": "There is no corruption called"}
        assert str(error).startswith((f"{name} must be ", own.get(name, name))) and str(error).endswith(".")


@pytest.mark.parametrize(
    ("names", "level", "ends", "text"),
    [
        ("gaussian", None, (0.3, 0.3), None),
        ("gaussian, salt-and-pepper", "0.10:.6", (0.1, 0.6), "0.1:0.6"),
        (["blur"], 2, (2.0, 2.0), "2"),
        ("masking", (0.1, 0.2), (0.1, 0.2), "0.1:0.2"),
        ("greyscale", None, (0.0, 0.0), None),
        ("none", None, (0.0, 0.0), None),
    ],
)
def test_a_corruption_and_its_level(names: Any, level: Any, ends: tuple[float, float], text: str | None) -> None:
    data = make_config(corruption=names, level=level).data
    assert (data.levels, data.level) == (ends, text)
    assert make_config(**make_config(corruption=names, level=level).flat()).data == data


@pytest.mark.parametrize(
    ("names", "level", "words"),
    [
        ("fog", None, "There is no corruption called 'fog'; choose from gaussian, "),
        ("blur,blur", 1, "is named twice"),
        ("", 0.3, "A level needs a corruption"),
        ("greyscale", 0.3, "greyscale has no level"),
        ("gaussian", "0.1:1.5", "must be 0 to 1, not 1.5"),
        ("blur,gaussian", 2, "must be 0 to 1, not 2"),
        ("gaussian", "0.6:0.1", "or LOW:HIGH such as 0.1:0.6, not '0.6:0.1'"),
        ("gaussian", "nan", "level must be a number"),
    ],
)
def test_a_corruption_that_cannot_be_is_said(names: str, level: Any, words: str) -> None:
    assert words in sentence(corruption=names, level=level)


@pytest.mark.parametrize(
    ("typed", "sizes"),
    [
        ("256,64", (256, 64)),
        (" 400 ", (400,)),
        ("none", ()),
        ("None", ()),
        ((512, 256), (512, 256)),
        ([8], (8,)),
        ((), ()),
    ],
)
def test_hidden_sizes_as_typed(typed: Any, sizes: tuple[int, ...]) -> None:
    assert make_config(hidden=typed).model.hidden == sizes


@pytest.mark.parametrize(
    "typed", ["", "256,", "a", "256;64", "0", "9000", "1.5", [1] * 9, 256, "1,2,3,4,5,6,7,8,9", {"a": 1}]
)
def test_hidden_sizes_that_are_none(typed: Any) -> None:
    told = sentence(hidden=typed)
    assert told.startswith("hidden must be sizes from 1 to 8192 such as 256,64, at most 8 of them, or none, not ")


def test_hidden_sizes_left_out_are_those_of_the_architecture() -> None:
    assert make_config(architecture="conv").model.hidden is None  # they depend on the images
    assert make_config(architecture="mlp", hidden=None).model.hidden == ARCHITECTURES["mlp"].hidden == (256, 64)
    assert make_config(architecture="conv", hidden="16").model.hidden == (16,)


def test_hidden_sizes_without_an_architecture_are_those_of_dense_layers() -> None:
    assert make_config(hidden="400").model.architecture == "mlp"
    assert make_config(hidden="none").model.architecture == "mlp"
    assert make_config(hidden=None).model.architecture == "auto"


def test_what_conv_meant_before_schema_4_has_a_name_of_its_own_that_is_read_and_not_offered() -> None:
    old = {"schema": 3, "model": {"architecture": "conv", "hidden": [16, 32]}}
    assert parse_config(old).model.architecture == "conv-upsample"
    assert parse_config({**old, "schema": 4}).model.architecture == "conv"
    unnamed = parse_config({"schema": 1, "model": {"latent": 3}}).model
    assert (unnamed.architecture, unnamed.hidden) == ("mlp", (256, 64))
    assert parse_config({"schema": 1}).model.architecture == "mlp"
    again = parse_config(parse_config(old).model_dump(mode="json", by_alias=True))
    assert again == parse_config(old)
    assert options_of(FIELDS["architecture"]) == ("auto", "mlp", "conv", "residual")


configurations = st.builds(
    make_config,
    dataset=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    limit=st.none() | st.integers(1, 10**9),
    hidden=st.lists(st.integers(1, 8192), min_size=1, max_size=8),
    latent=st.integers(1, 512),
    beta=st.floats(0, 1000),
    lr=st.floats(0, 1, exclude_min=True),
    capacity=st.none() | st.floats(0, 10000),
    seed=st.integers(0, 2**32 - 1),
    parent=st.none() | st.from_regex(r"[a-z0-9-]{1,40}@[0-9]{1,12}", fullmatch=True),
    **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
)


@given(configurations)
def test_round_trips_lose_nothing(config: RunConfig) -> None:
    assert make_config(parent=config.parent, **config.flat()) == config
    assert config.changed() == config
    document = json.loads(json.dumps(config.model_dump(mode="json", by_alias=True), allow_nan=False))
    assert document["schema"] == 4
    assert parse_config(document) == config


def test_changed_is_a_copy_with_some_fields_replaced() -> None:
    config = make_config(latent=7, parent="a-run@30")
    longer = config.changed(epochs=99, beta=4)
    assert (longer.training.epochs, longer.objective.beta, longer.model.latent, longer.parent) == (
        99,
        4.0,
        7,
        "a-run@30",
    )
    assert config.training.epochs == 20
    assert config.changed(parent=None).parent is None
    with pytest.raises(ConfigError, match=r"^latent must be 1 to 512, not 513\.$"):
        config.changed(latent=513)
    with pytest.raises(ConfigError, match="no setting called 'latents'"):
        config.changed(latents=3)


def test_a_configuration_is_frozen() -> None:
    config = RunConfig()
    with pytest.raises(pydantic.ValidationError):
        config.model.latent = 3
    with pytest.raises(pydantic.ValidationError):
        config.parent = "a@1"


def test_a_newer_format_says_so() -> None:
    with pytest.raises(SchemaTooNew, match=r"was written in format 5 and this program knows 4; update the program\.$"):
        parse_config({"schema": 5, "something": "new"})
    with pytest.raises(ConfigError, match=r"^schema must be a whole number from 1 on, not 0\.$"):
        parse_config({"schema": 0})


def test_the_first_format_reads_as_a_run_without_corruption() -> None:
    assert parse_config({"schema": 1, "model": {"latent": 7}}) == make_config(latent=7, architecture="mlp")


def test_warnings_are_for_what_is_rarely_wanted() -> None:
    assert warnings_for(RunConfig()) == []
    assert warnings_for(make_config(lr=5e-3)) == []
    (large,) = warnings_for(make_config(lr=0.02))
    assert "0.02" in large and "0.001" in large
    (never,) = warnings_for(make_config(beta_schedule="linear", warmup_epochs=30, epochs=20))
    assert "30" in never and "20" in never
    assert len(warnings_for(make_config(capacity=25, warmup_epochs=30, lr=0.1))) == 2
    assert warnings_for(make_config(beta_schedule="linear", warmup_epochs=20, epochs=20)) == []
    assert warnings_for(make_config(model="ae", beta_schedule="linear", warmup_epochs=30)) == []
