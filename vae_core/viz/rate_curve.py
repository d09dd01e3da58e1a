"""The rate-distortion curve of a sweep over beta with a point to drag, and what its models draw at each beta, as bytes.

The curve is the plot of `viz.rate_distortion`; the browser draws it without asking again.
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
    """What the model of one beta draws; all arrays of pictures are (n, C, H, W) uint8 with one C, H, W.

    Attributes:
        reconstructions: of the inputs that all betas share.
        traversal: one dimension from end to end.
        dimension: which one, from 0 on.
        draws: from the prior.
        kl: (L,) nats of each dimension.
        active: (L,) bool, which of them are active.
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
    """The curve and its pictures for the component.

    Args:
        points: of runs that differ in beta and seed alone, each with a rate; at least two betas.
        inputs: (N, C, H, W) uint8 test images.
        pictures: one each beta, from the smallest beta on.
        start: index of the beta at which the point stands at first.
        alt: what this is a picture of.

    Raises:
        DataError: there are fewer than two betas, a run has no rate, or the pictures are not one a beta.
    """
    stops = summarise(points)
    if len(stops) < 2 or len(stops) != len(pictures) or any(point.kl_nats is None for point in points):
        raise DataError("A curve over beta needs VAEs of at least two betas, and the pictures of each.")
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
    """Names and values, for people, of the runs of one beta: means over the seeds with their deviation from three on."""
    (summary,) = summarise(points)
    beta = points[0].beta or 0.0

    def told(name: str) -> str:
        deviation = summary.deviations.get(name)
        return f"{summary.means[name]:.1f}" + ("" if deviation is None else f" ± {deviation:.1f}") + " nats"

    rate, distortion = summary.means["kl_nats"], summary.means["reconstruction_nats"]
    keys = ("kl_nats", "reconstruction_nats", "negative_elbo_nats")
    found = [(FIGURES[key].compared, told(key)) for key in keys]
    found += [("distortion + β × rate", f"{distortion + beta * rate:.1f} nats")]
    units = sorted({point.active_units for point in points if point.active_units is not None})
    if units:
        counted = str(units[0]) if len(units) == 1 else f"{units[0]} to {units[-1]}"
        found.append((FIGURES["active_units"].compared, f"{counted} of {points[0].latent}"))
    return found


def _panel(points: Sequence[Point], stops: Sequence[Summary], alt: str) -> Panel:
    """The plot, and at each stop its tangent: all places that are as good in its own objective, distortion + β × rate."""
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
