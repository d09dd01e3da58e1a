"""What the commands share: an option for every field of a configuration, made from the field itself, and the bar."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from vae_core.config import FIELDS, RunConfig, make_config, range_text, unit_of
from vae_core.data import catalogue
from vae_core.errors import ConfigError, NameInvalid
from vae_core.storage.checkpoints import load_step
from vae_core.storage.lookup import find_run, open_anywhere
from vae_core.storage.sound import check_sound

METAVARS = {"dataset": "NAME|FILE", "hidden": "SIZES", "corruption": "NAME[,NAME]", "level": "L|LOW:HIGH"}
MORE_HELP = {
    "dataset": "A name that 'datasets' lists, sprites-WIDTH-IMAGES-SEED, or the path of an npz of dSprites' form.",
}
"""What only the command line has to say about a field."""
Report = Callable[[str, float], None]


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command one option for each field of the configuration.

    All are taken as text: the configuration checks them, so that its sentence is the only one about a range.
    """

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in FIELDS}
        kwargs["ctx"].obj = {name: value for name, value in given.items() if value is not None}
        return command(*args, **kwargs)

    signature = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(name, info))
        for name, info in FIELDS.items()
    ]
    parameters = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in signature.parameters.values()]
    wrapper.__signature__ = inspect.Signature([*parameters, *added])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {item.name: item.annotation for item in [*parameters, *added]}
    return wrapper


def _annotation(name: str, info: FieldInfo) -> Any:
    choices = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    metavar = METAVARS.get(name) or "|".join(choices) or "N"
    return Annotated[str | None, typer.Option(f"--{name.replace('_', '-')}", metavar=metavar, help=_help(name, info))]


def _help(name: str, info: FieldInfo) -> str:
    parts = [str(info.description), *([MORE_HELP[name]] if name in MORE_HELP else [])]
    if unit_of(info):
        parts.append(f"In {unit_of(info)}.")
    if range_text(info):
        parts.append(f"Range: {range_text(info)}.")
    if name != "hidden" and info.default not in (None, ()):
        parts.append(f"Default: {info.default}.")
    return " ".join(parts)


def take_config(ctx: typer.Context, *, parent: str | None, root: Path) -> RunConfig:
    """The configuration that a command's options ask for.

    Raises:
        ConfigError: a value is out of its range.
        RunNotFound: the parent, or its step, is not there.
        RunStateError: the parent diverged with the weights of that step.
    """
    given = dict(ctx.obj or {})
    if given.get("dataset"):  # a run is resumed from any folder
        given["dataset"] = catalogue.absolute_name(given["dataset"])
    return make_config(**given, parent=_parent(parent, root))


def _parent(given: str | None, root: Path) -> str | None:
    """RUN@STEP in the form that the configuration keeps; the run stands under `root` or is a shipped one."""
    if given is None:
        return None
    name, _, step = given.rpartition("@")
    if not name or not step.isdecimal():
        raise ConfigError(f"--from takes RUN@STEP, such as 261124-101502-vae-mnist-3f9c@500, not {given!r}.")
    run = find_run(name, root)
    if open_anywhere(root, run.id).folder.resolve() != run.folder.resolve():
        raise NameInvalid(f"The run {run.id!r} does not stand in {str(root)!r}; name its folder with --runs.")
    load_step(run.folder, int(step))
    check_sound(run, int(step))
    return f"{run.id}@{int(step)}"


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """A bar on standard error that goes away at the end; silent where that is no terminal."""
    console = Console(stderr=True, markup=False, emoji=False)
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=1.0)

        def report(text: str, share: float) -> None:
            progress.update(task, description=text, completed=share)

        yield report
