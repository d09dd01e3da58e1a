"""What is said of figures that come while a run trains: they are of a part of the test images."""

from __future__ import annotations

from vae_core.config import HELD_OUT_IMAGES

PART = f"a fixed part of the test images ({HELD_OUT_IMAGES:,} at most)"
NOTE = f"Held-out figures while training are of {PART}; the whole test split is evaluated at the end."
