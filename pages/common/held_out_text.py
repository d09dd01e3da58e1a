"""What the pages say about figures computed during training: they use only a part of the test images."""

from __future__ import annotations

from vae_core.config import HELD_OUT_IMAGES

HELD_OUT_PART = f"a fixed part of the test images ({HELD_OUT_IMAGES:,} at most)"
HELD_OUT_NOTE = f"Held-out figures during training use {HELD_OUT_PART}; the whole test split is evaluated at the end."
