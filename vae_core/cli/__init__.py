"""The command line: one module for each group of commands, thin over the calls that the pages make too."""

from vae_core.cli.train import main

__all__ = ["main"]
