"""Groups of commands that import a command's module only when that command runs.

A module that declares commands does not load torch. Whatever needs torch is imported in the body of the command, after its
arguments were checked, so that `--help` and wrong arguments get an immediate answer.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


class LazyGroup(TyperGroup):
    """A group that lists commands by name and summary, and imports a module to run one of its commands.

    Attributes:
        modules: for each of these commands, the module in `vae_core.cli` whose `app` holds it, and its summary.
    """

    modules: ClassVar[dict[str, tuple[str, str]]] = {}

    def __init__(self, *, commands: Any = None, **settings: Any) -> None:
        listed = {name: TyperCommand(name, short_help=summary) for name, (_, summary) in self.modules.items()}
        super().__init__(commands={**(commands or {}), **listed}, **settings)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The name, the command and the arguments that remain for it."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in self.modules:
            module = import_module(f"vae_core.cli.{self.modules[name][0]}")
            command = typer.main.get_group(module.app).commands[name]
        return name, command, rest
