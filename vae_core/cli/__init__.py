"""The command line: one module per group of commands, a thin layer over the functions that the pages call too.

`app.py` lists the commands and imports the module of a command only when it runs. Each module has an `app` with its
commands. Shared options and output are in `options.py`, `config_options.py` and `output.py`.
"""

from vae_core.cli.app import main

__all__ = ["main"]
