"""One option per field of a configuration, generated from the field; and the reverse, a `train` command."""

from __future__ import annotations

import inspect
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from vae_core.cli.options import OptionGroup
from vae_core.config import FIELDS, RunConfig, make_config
from vae_core.data import catalogue
from vae_core.data.own import suited
from vae_core.errors import ConfigError, NameInvalid
from vae_core.fields import options_of, range_text, unit_of
from vae_core.storage.checkpoints import load_step
from vae_core.storage.find_runs import find_run, open_anywhere
from vae_core.storage.usable_steps import check_usable

METAVARS = {
    "dataset": "NAME|PATH",
    "hidden": "SIZES",
    "corruption": "NAME[,NAME]",
    "augment": "NAME[,NAME]",
    "level": "L|LOW:HIGH",
}
MORE_HELP = {
    "dataset": "A name listed by 'datasets', sprites-WIDTH-IMAGES-SEED, the path of an npz in the format of dSprites, or "
    "that of a folder, a zip or another file of your own pictures, which are then imported as 'datasets add' does.",
}
"""Additions to the description of a field that concern only the command line."""


def _option(name: str, info: FieldInfo) -> inspect.Parameter:
    metavar = METAVARS.get(name) or "|".join(options_of(info)) or "N"
    option = typer.Option(f"--{name.replace('_', '-')}", metavar=metavar, help=_help(name, info))
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option]
    )


def _help(name: str, info: FieldInfo) -> str:
    parts = [str(info.description), *([MORE_HELP[name]] if name in MORE_HELP else [])]
    if unit_of(info):
        parts.append(f"In {unit_of(info)}.")
    if range_text(info):
        parts.append(f"Range: {range_text(info)}.")
    if name != "hidden" and info.default not in (None, ()):
        parts.append(f"Default: {info.default}.")
    return " ".join(parts)


class ConfigOptions(OptionGroup):
    """The fields of a configuration that were given on the command line.

    Their values stay text. The configuration checks them, so that each range is checked in one place with one message.
    """

    __signature__ = inspect.Signature([_option(name, info) for name, info in FIELDS.items()])

    def __init__(self, **given: str | None) -> None:
        self.given = {name: text for name, text in given.items() if text is not None}

    def config(self, root: Path, parent: str | None = None, data_dir: Path | None = None) -> RunConfig:
        """The configuration that the options ask for, its network settled for the dataset's images.

        Args:
            root: the folder of the runs.
            parent: RUN@STEP, where the initial weights come from.
            data_dir: the folder of the datasets; None for the usual one.

        Raises:
            ConfigError: a value is out of range, or the network does not fit the images.
            RunNotFound: there is no such parent, or it has no checkpoint of that step.
            RunStateError: the parent had diverged by that step.
        """
        given: dict[str, Any] = dict(self.given)
        if given.get("dataset"):  # a run can be resumed from any folder
            given["dataset"] = catalogue.absolute_name(given["dataset"], data_dir)
        return catalogue.settled(make_config(**given, parent=_parent(parent, root)), data_dir)


def _parent(given: str | None, root: Path) -> str | None:
    """RUN@STEP in the form used in a configuration; the run is under `root` or shipped."""
    if given is None:
        return None
    name, _, step = given.rpartition("@")
    if not name or not step.isdecimal():
        raise ConfigError(f"--from takes RUN@STEP, such as 261124-101502-vae-mnist-3f9c@500, not {given!r}.")
    run = find_run(name, root)
    if open_anywhere(root, run.id).folder.resolve() != run.folder.resolve():
        raise NameInvalid(f"The run {run.id!r} is not in {str(root)!r}; name its folder with --runs.")
    load_step(run.folder, int(step))
    check_usable(run, int(step))
    return f"{run.id}@{int(step)}"


def train_command(
    config: RunConfig,
    runs: Path | None = None,
    data_dir: Path | None = None,
    always: tuple[str, ...] = ("beta", "seed"),
) -> str:
    """The `train` command for this configuration, quoted for a shell. Defaults are left out unless named in `always`.

    For an imported dataset, the settings that `train` would choose by itself are never left out.
    """
    if catalogue.is_imported(config.data.dataset, data_dir):
        always = (*always, "hidden", *suited.FIELDS)
    usual, words = catalogue.usual_settings(config, data_dir), ["python", "-m", "vae_core", "train"]
    for name, value in config.flat().items():
        if name in always or value != usual[name]:
            text = ",".join(map(str, value)) or "none" if isinstance(value, tuple) else _number(value)
            words += [f"--{name.replace('_', '-')}", text]
    for option, given in (("--from", config.parent), ("--runs", runs), ("--data-dir", data_dir)):
        words += [option, str(given)] if given is not None else []
    return shlex.join(words)


def _number(value: object) -> str:
    """A number to its last digit, whole ones without a decimal point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
