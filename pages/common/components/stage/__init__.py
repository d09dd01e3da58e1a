"""The stage: the live picture of one run, drawn in the browser.

It shows the latent map, inputs above reconstructions (for a denoising run corrupted, restored and clean images) and KL per
dimension, and moves from frame to frame. A film is sent once; scrubbing and playing it need no server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pages.common.components.bundle import register
from vae_core.storage.frames import Frame, Subjects
from vae_core.types import Array
from vae_core.viz.stage_data import Options, stage_bytes

_COMPONENT = register(__file__)


def stage(
    *,
    key: str,
    subjects: Subjects,
    frames: Sequence[Frame],
    projection: Array,
    axis_names: tuple[str, str],
    mode: Literal["live", "film"] = "live",
    samples: bool = False,
    autoplay: bool = False,
    badge: str = "",
    height: int = 460,
    alt: str = "A run",
) -> None:
    """Puts the stage on the page. A stage with the same key moves on to the new frames.

    Args:
        key: identifies the stage on the page.
        subjects: the images that all frames show.
        frames: at least one, in the order of their steps.
        projection, axis_names: from `projection_for`.
        mode: "live" shows the last frame and moves to it; "film" sends all frames once, with a slider and a play button.
        samples: draw posterior samples instead of the means, if the frames have log-variances.
        autoplay: the film plays by itself, unless the user prefers reduced motion.
        badge: a word beside the figures, such as "recorded"; shown literally.
        height: height of the map in pixels; on a narrow screen the panels are below each other.
        alt: what the picture shows; step, number of points and figures are added to it.
    """
    options = Options(axis_names, mode, samples, autoplay, badge, height, alt)
    _COMPONENT(key=key, data=stage_bytes(subjects, frames, projection, options))
