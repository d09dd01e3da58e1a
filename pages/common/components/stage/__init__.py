"""The stage: the live picture of one run, drawn in the browser.

It shows the latent map, inputs above reconstructions (of a denoising run corrupted, restored and clean images), and KL
per dimension, and moves from frame to frame. A film is
sent once; scrubbing and playing it need no server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pages.common.components.bundle import register
from vae_core.storage.arrays import Array
from vae_core.storage.frames import Frame, Subjects
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
    """Puts the stage on the page; with the same key, new frames move what is there.

    Args:
        key: of this place on the page.
        subjects: what all frames look at.
        frames: at least one, in the order of their steps. "live" shows the last and moves to it; "film" sends all of
            them once, with a slider and a play button.
        projection, axis_names: as `projection_for` gives them.
        mode: live or film.
        samples: draw posterior samples in place of the means, where frames hold log-variances.
        autoplay: the film plays by itself, unless the person prefers reduced motion.
        badge: a word beside the figures, such as "recorded"; shown literally.
        height: of the map, in pixels; on a narrow screen the panels stand below each other.
        alt: what this is a picture of; step, number of points and figures are added to it.
    """
    options = Options(axis_names, mode, samples, autoplay, badge, height, alt)
    _COMPONENT(key=key, data=stage_bytes(subjects, frames, projection, options))
