"""The rate-distortion curve of a sweep over beta with a point to drag, and the images of its models at each beta, as bytes.

The curve is the plot of `viz.rate_distortion`. The browser has all data at once, so dragging needs no request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vae_core.errors import DataError
from vae_core.evaluation.comparison import Point, Summary, summarise
from vae_core.evaluation.findings import shown_value
from vae_core.export.packing import pack_blocks
from vae_core.figures import FIGURES
from vae_core.types import Array
from vae_core.viz.compared_values import colour_of, labels_of
from vae_core.viz.plot import Frame, Panel, Series, chart_data
from vae_core.viz.rate_distortion import rate_distortion

TANGENT = "slope −β"


@dataclass(frozen=True, eq=False)
class BetaPictures:
    """The images of the model at one beta. All image arrays are (n, C, H, W) uint8 with the same C, H and W.

    Attributes:
        reconstructions: of the inputs, which all betas share.
        traversal: one dimension moving from end to end.
        dimension: index of that dimension, from 0.
        draws: samples decoded from the prior.
        kl: (L,) KL of each dimension in nats.
        active: (L,) bool, whether each dimension is active.
    """

    reconstructions: Array
    traversal: Array
    dimension: int
    draws: Array
    kl: Array
    active: Array


def rate_curve_bytes(
    points: Sequence[Point], inputs: Array, pictures: Sequence[BetaPictures], *, start: int, alt: str
) -> bytes:
    """Packs the curve and its images for the browser component.

    Args:
        points: points of runs that differ only in beta and seed, each with a rate; at least two betas.
        inputs: (N, C, H, W) uint8 test images.
        pictures: one per beta, in ascending order of beta.
        start: index of the beta that is selected at first.
        alt: alternative text.

    Raises:
        DataError: there are fewer than two betas, a run has no rate, or there is not one set of images per beta.
    """
    stops = summarise(points)
    if len(stops) < 2 or len(stops) != len(pictures) or any(point.kl_nats is None for point in points):
        raise DataError("A curve over beta needs VAEs with at least two betas, and images from each.")
    colours = colour_of(labels_of(points))
    header = {
        "alt": alt,
        "start": min(max(start, 0), len(stops) - 1),
        "stops": [
            {
                "beta": shown_value(stop.value),
                "colour": colours[shown_value(stop.value)],
                "rate": stop.means["kl_nats"],
                "distortion": stop.means["reconstruction_nats"],
                "dimension": shown.dimension + 1,
                "figures": stop_figures([point for point in points if point.value == stop.value]),
            }
            for stop, shown in zip(stops, pictures, strict=True)
        ],
        "panel": chart_data([_panel(points, stops, alt)])["panels"][0],
        "most": max(float(shown.kl.max()) for shown in pictures),
    }
    arrays = {"inputs": np.ascontiguousarray(inputs)}
    for index, shown in enumerate(pictures):
        arrays |= {f"reconstructions{index}": shown.reconstructions, f"traversal{index}": shown.traversal}
        arrays |= {f"draws{index}": shown.draws, f"kl{index}": shown.kl.astype(np.float32)}
        arrays[f"active{index}"] = shown.active.astype(np.uint8)
    return pack_blocks(header, arrays)


def stop_figures(points: Sequence[Point]) -> list[tuple[str, str]]:
    """Figures of the runs at one beta as names and texts: means over the seeds, with the deviation from three seeds on."""
    (summary,) = summarise(points)
    beta = points[0].beta or 0.0

    def mean_text(name: str) -> str:
        deviation = summary.deviations.get(name)
        return f"{summary.means[name]:.1f}" + ("" if deviation is None else f" ± {deviation:.1f}") + " nats"

    rate, distortion = summary.means["kl_nats"], summary.means["reconstruction_nats"]
    keys = ("kl_nats", "reconstruction_nats", "negative_elbo_nats")
    texts = [(FIGURES[key].compared, mean_text(key)) for key in keys]
    texts += [("distortion + β × rate", f"{distortion + beta * rate:.1f} nats")]
    units = sorted({point.active_units for point in points if point.active_units is not None})
    if units:
        counted = str(units[0]) if len(units) == 1 else f"{units[0]} to {units[-1]}"
        texts.append((FIGURES["active_units"].compared, f"{counted} of {points[0].latent}"))
    return texts


def _panel(points: Sequence[Point], stops: Sequence[Summary], alt: str) -> Panel:
    """The plot with a tangent at each stop: the points that are equally good in its objective, distortion + β × rate."""
    panel = rate_distortion(points, alt=alt)
    right = panel.x.ends[1] if panel.x.ends else 0.0
    frames = []
    for stop in stops:
        rate, distortion, beta = stop.means["kl_nats"], stop.means["reconstruction_nats"], float(str(stop.value))
        nats = [distortion + beta * (rate - other) for other in (0.0, right)]
        frames.append(Frame(panel.x.title, (Series(TANGENT, "line", [0.0, right], nats, 1.75),)))
    return replace(
        panel, frames=tuple(frames), frame_of=list(range(len(stops))), looks={**panel.looks, TANGENT: (None, (7, 4))}
    )
