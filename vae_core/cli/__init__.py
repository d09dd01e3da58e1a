"""The command line: one module per group of commands, thin over the calls that the pages make too.

`app.py` lists the commands and imports a command's module only when it runs. Each module has an `app` that holds its
commands; the options and the output that they share are in `options.py`, `config_options.py` and `output.py`.
"""

from vae_core.cli.app import main

__all__ = ["main"]
