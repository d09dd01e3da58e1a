"""The program: its commands and exit statuses.

Exit status: 0 if the command succeeded; 2 if the request is wrong, with one sentence on standard error and nothing on
standard output; 1 for any other failure. Ctrl-C ends a command by the signal itself. With `--json`, a command prints
exactly one JSON object on standard output. With `--json-lines` before its name, it also reports progress and errors there,
one JSON object per line.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import typer

from vae_core.cli import json_lines
from vae_core.cli.lazy import LazyGroup
from vae_core.cli.signals import end_by
from vae_core.errors import ConfigError, LatentLabError

USAGE_ERROR: Any = typer.BadParameter.__base__  # the parser's own error, whichever click typer uses


class Program(LazyGroup):
    """All commands, in the order of the help."""

    modules: ClassVar = {
        "datasets": ("manage_datasets", "List, import, inspect, rename and delete datasets."),
        "train": ("train", "Train a model."),
        "resume": ("train", "Continue a run, or make it longer."),
        "sweep": ("run_sweep", "Train several values of one setting, with several seeds each."),
        "evaluate": ("evaluate", "Evaluate a run on the test split."),
        "disentangle": ("disentangle", "Score how well a run's codes separate known factors."),
        "restore": ("restore", "Measure restoration, or restore your own pictures."),
        "restore-curve": ("restore_curve", "Measure restoration at each level of a corruption."),
        "compress": ("compress", "Compare a run's codes with PCA, JPEG and PNG."),
        "collapse": ("compress", "Find the betas at which a linear VAE's dimensions collapse."),
        "encode": ("generate", "Write the codes of a dataset's images as CSV."),
        "sample": ("generate", "Write random samples as PNG."),
        "traverse": ("generate", "Write a traversal of each latent dimension as GIF."),
        "runs": ("manage_runs", "List, delete, restore, rename, copy, export and import runs."),
    }


program = typer.Typer(cls=Program, name="vae_core", rich_markup_mode=None, add_completion=False)


@program.callback()
def common(
    lines: Annotated[
        bool,
        typer.Option(
            "--json-lines",
            is_eager=True,
            callback=json_lines.switch,
            help="Report progress, the result or an error on standard output, one JSON object per line.",
        ),
    ] = False,
) -> None:
    """Train, evaluate and compare autoencoders and beta-VAEs on images. All losses are nats per image."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status.

    Args:
        arguments: the words after the program's name; by default those of this process.
    """
    json_lines.switch(False)
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    command = typer.main.get_command(program)
    try:
        result = command.main(arguments, prog_name="python -m vae_core", standalone_mode=False)
    except LatentLabError as error:
        return _refuse(error)
    except USAGE_ERROR as error:
        return _refuse(ConfigError(" ".join(error.format_message().split())))
    except (typer.Abort, KeyboardInterrupt):
        end_by(signal.SIGINT)
    if result == 128 + signal.SIGINT:  # how typer reports Ctrl-C
        end_by(signal.SIGINT)
    return int(result or 0)


def _refuse(error: LatentLabError) -> int:
    """Reports an error and returns the exit status."""
    if json_lines.is_on():
        json_lines.write_error(error)
    else:
        print(error, file=sys.stderr)
    return 2
