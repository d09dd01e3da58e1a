"""Runs all benchmarks, or those named: `python -m benchmarks [NAME ...]`. Each prints its ratio beside its bound."""

from __future__ import annotations

import importlib
import sys

NAMES = (
    *("roofline", "original_loop", "dense_step", "poll", "first_loss", "watched", "slider", "latent_map"),
    *("library", "sweep", "compare", "corruption", "denoise", "sprites", "lessons", "imports"),
    *("conv_speed", "conv_elbo"),
)


NEEDING_MORE = ("pythae_trainer",)
"""Those that need what is not among the requirements; they run only when named, and say how."""


def main(names: list[str]) -> int:
    """Runs the named benchmarks, and returns 1 if one misses its bound."""
    kept = True
    for name in names or NAMES:
        if name not in (*NAMES, *NEEDING_MORE):
            print(
                f"There is no benchmark called {name!r}; choose from {', '.join((*NAMES, *NEEDING_MORE))}.",
                file=sys.stderr,
            )
            return 2
        result = importlib.import_module(f"benchmarks.{name}").measure()
        print(result, flush=True)
        kept = kept and result.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
