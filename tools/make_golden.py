"""Makes a golden run folder in the current formats: a small, finished run that every later version must load.

python -m tools.make_golden NAME       writes tests/golden/NAME; an existing one is never replaced
"""

from __future__ import annotations

import sys

from vae_core.config import make_config
from vae_core.storage import files, paths
from vae_core.storage.runs import Control, Notes
from vae_core.training.driver import Driver
from vae_core.training.new_run import create_run

LEFT_OUT = (".lock", "preview.npz", "watched")


def main(name: str) -> None:
    root = paths.PROJECT_ROOT / "tests" / "golden"
    config = make_config(
        hidden="8", limit=256, batch_size=64, epochs=8, device="cpu", corruption="gaussian,masking", level="0.1:0.5",
        activation="tanh", binarize="fixed",
    )  # fmt: skip
    run = create_run(root, config, run_id=name)
    run.write_notes(Notes("golden", "A run folder of this format, kept for ever."))
    run.write_control(Control())
    Driver(run).drive()
    for left in LEFT_OUT:
        files.remove(run.folder / left)


if __name__ == "__main__":
    main(sys.argv[1])
