"""Options that several commands share, each declared once, and groups of options that a command takes as one argument."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from vae_core.errors import ConfigError
from vae_core.storage import paths
from vae_core.storage.find_runs import find_run
from vae_core.storage.runs import Run

MAX_SEED = 2**32 - 1
MAX_SCALE = 64
"""Greatest enlargement of an image in a file, in pixels per pixel."""


def in_range(low: float, high: float | None = None) -> Callable[..., Any]:
    """A callback for an option that refuses numbers outside [low, high]; None passes.

    Its message has the form of those of the configuration, which is why typer's own `min` and `max` are not used.
    """

    def check(param: typer.CallbackParam, value: float | None) -> float | None:
        allowed = f"at least {low:.12g}" if high is None else f"{low:.12g} to {high:.12g}"
        if value is not None and not low <= value <= (value if high is None else high):
            raise ConfigError(f"{param.opts[0]} must be {allowed}, not {value:.12g}.")
        return value

    return check


def check_out(out: Path, ending: str) -> Path:
    """Checks that `out` has the given ending and its folder exists, and returns it.

    Raises:
        ConfigError: the ending is wrong, or the folder does not exist.
    """
    if out.suffix.lower() != ending:
        raise ConfigError(f"--out must name a file that ends in {ending}, not {out.name!r}.")
    # os.path, since Path.is_dir raises for names that are too long
    if not os.path.isdir(out.parent):  # noqa: PTH112
        raise ConfigError(f"The folder {str(out.parent)!r} of --out does not exist; create it or name another one.")
    return out


def check_keep(keep: bool, **others: bool) -> None:
    """Refuses `--keep` together with options that make the result differ from the one that the pages show.

    Args:
        keep: whether `--keep` was given.
        others: for each of these options, by name, whether it was given.

    Raises:
        ConfigError: `--keep` and one of the others were given.
    """
    if keep and (given := [f"--{name}" for name, is_given in others.items() if is_given]):
        raise ConfigError(
            f"--keep stores the result that the pages show, which is measured without {given[0]}; leave one of them out."
        )


def out_file(ending: str | None = None) -> Any:
    """The option `--out`, for a file that ends in `ending`. Without one, the command calls `check_out` itself."""

    def check(value: Path) -> Path:
        return value if ending is None else check_out(value, ending)

    text = "The file to write. An existing file is replaced."
    return typer.Option("--out", metavar="FILE", help=text, callback=check)


Runs = Annotated[
    Path | None, typer.Option("--runs", metavar="DIR", help="The folder of the runs. Default: checkpoints.")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="The folder of the full datasets. Default: data.")
]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, id or folder.")]
DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", metavar="NAME", help="Use this dataset instead of the one the run was trained on."),
]
BestOption = Annotated[
    bool, typer.Option("--best", help="Use the weights with the best held-out loss instead of the final ones.")
]
KeepOption = Annotated[
    bool,
    typer.Option(
        "--keep",
        help="Store the result with the run, as the pages do, or show the stored one. Downloads nothing.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", callback=in_range(0, MAX_SEED), help="Seed of the random draws. The same seed gives the same result."
    ),
]


class OptionGroup:
    """Base class of a group of options that a command takes as one argument; see `expand_options`."""


@dataclass(frozen=True)
class RunOnData(OptionGroup):
    """A trained run, and the images to use it on.

    Attributes:
        run: the run's name, id or folder.
        dataset: the dataset to use; None for the run's own.
        runs, data_dir: the folders of the runs and of the full datasets.
    """

    run: RunName
    dataset: DatasetOption = None
    runs: Runs = None
    data_dir: DataDir = None

    def find(self) -> Run:
        """Finds the run; raises what `find_run` raises."""
        return find_run(self.run, paths.runs_folder(self.runs))


def expand_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a command take groups of options: each parameter typed as an `OptionGroup` becomes the options in it."""
    parameters = inspect.signature(command, eval_str=True).parameters
    groups = {
        name: inspect.signature(item.annotation, eval_str=True).parameters
        for name, item in parameters.items()
        if isinstance(item.annotation, type) and issubclass(item.annotation, OptionGroup)
    }

    @wraps(command)
    def wrapper(**given: Any) -> Any:
        made = {
            name: parameters[name].annotation(**{option: given.pop(option) for option in options})
            for name, options in groups.items()
        }
        return command(**given, **made)

    expanded = [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, item in parameters.items()
        for option in (groups[name].values() if name in groups else (item,))
    ]
    wrapper.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {option.name: option.annotation for option in expanded}
    return wrapper
