"""Draws the configured network: sizes, one or two encoders, mean, log-variance, epsilon, code, decoder, output.

The colours are those of the page (`currentColor`, and the accent colour of the theme), so that one drawing fits both themes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

from vae_core.architectures import settled_model, sizes_of
from vae_core.config import RunConfig
from vae_core.registry.corruption_rows import CORRUPTIONS, level_text
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import ARCHITECTURES

WIDTH, MARGIN = 720.0, 14.0
TALLEST = 132.0
IMAGE, HEAD = 62.0, 48.0
ACCENT = "var(--st-primary-color, #5f7ff2)"


@dataclass(frozen=True)
class _Box:
    """A part of the network: its centre (x, y), its size, a name inside it and lines of text below."""

    width: float
    height: float
    below: tuple[str, ...] = ()
    name: str = ""
    kind: str = "layer"
    x: float = 0.0
    y: float = 0.0


def network_svg(config: RunConfig, image_shape: tuple[int, int, int]) -> str:
    """The network as an SVG picture, 720 units wide, that scales to the available width.

    Args:
        config: the run's configuration; its model and likelihood are drawn.
        image_shape: (channels, height, width) of the images.
    """
    config = config.model_copy(update={"model": settled_model(config.model, image_shape)})
    separate = config.model.is_variational and config.model.encoder == "separate"
    height = 306.0 if separate else 214.0 if config.model.is_variational else 184.0
    tallest = TALLEST * (0.72 if separate else 1.0)
    columns = _placed(_columns(config, image_shape, tallest), height / 2 - 4)
    parts = _vae(columns, separate) if config.model.is_variational else _chain(columns)
    described = escape(_description(config, image_shape))
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" width="100%" role="img" aria-label="{described}" '
        'style="max-width:960px;display:block;margin:auto" font-family="inherit" font-size="12" fill="currentColor" '
        f'xmlns="http://www.w3.org/2000/svg"><title>The network</title><desc>{described}</desc>{"".join(parts)}</svg>'
    )


def _columns(config: RunConfig, shape: tuple[int, int, int], tallest: float) -> list[_Box]:
    """The columns: input (for a denoising model the clean image, then the damaged one), hidden layers, a VAE's two heads,
    code, mirrored hidden layers, output."""
    channels, height, width = shape
    size = f"{height} × {width} × {channels}"
    hidden = [replace(box, height=box.height * tallest) for box in _hidden(config, shape)]
    latent = config.model.latent
    number = f"{latent} latent{'s' if latent > 1 else ''}"
    likelihood = LIKELIHOODS[config.objective.likelihood].label.format(sigma=config.objective.sigma)
    corruption = _corruption(config)
    front = [_Box(IMAGE, IMAGE, ("clean", size), "x", "image")] if corruption else []
    entry = _Box(IMAGE, IMAGE, corruption or ("input", size), "x̃" if corruption else "x", "image")
    code = _Box(HEAD, 34.0, (number,), "z", "code")
    heads = [_Box(HEAD, 34.0, (), "μ", "head")] if config.model.is_variational else []
    return [
        *front,
        entry,
        *hidden,
        *heads,
        code,
        *reversed(hidden),
        _Box(IMAGE, IMAGE, ("output", likelihood), "x̂", "image"),
    ]


def _corruption(config: RunConfig) -> tuple[str, ...]:
    """The text below the damaged image: its corruptions and their level; empty without a corruption."""
    names = config.data.corruption
    titles = [CORRUPTIONS[name].title for name in names] if len(names) < 3 else [f"{len(names)} corruptions"]
    level = level_text(*config.data.levels).replace(":", " to ")
    return (*titles, level) if any(CORRUPTIONS[name].has_level for name in names) else tuple(titles if names else ())


def _hidden(config: RunConfig, shape: tuple[int, int, int]) -> list[_Box]:
    """The encoder's hidden layers. Their heights, as shares of the tallest, show units (mlp) or the image side (conv)."""
    if not ARCHITECTURES[config.model.architecture].is_convolutional:
        most = math.log2(max(math.prod(shape), 2, *sizes_of(config.model)))
        return [_Box(13.0, 0.2 + 0.8 * math.log2(size) / most, (str(size),)) for size in sizes_of(config.model)]
    height, width = shape[1:]
    boxes = []
    for channels in sizes_of(config.model):
        height, width = (height + 1) // 2, (width + 1) // 2
        thickness = 6.0 + 2.5 * math.log2(channels)
        share = 0.2 + 0.8 * height / shape[1]
        boxes.append(_Box(thickness, share, (f"{height} × {width}", f"× {channels}")))
    return boxes


def _placed(boxes: list[_Box], middle: float) -> list[_Box]:
    """The boxes arranged from left to right with equal gaps."""
    gap = (WIDTH - 2 * MARGIN - sum(box.width for box in boxes)) / (len(boxes) - 1)
    placed, left = [], MARGIN
    for box in boxes:
        placed.append(replace(box, x=left + box.width / 2, y=middle))
        left += box.width + gap
    return placed


def _vae(columns: list[_Box], separate: bool) -> list[str]:
    """The parts of a VAE: one encoder or two, the heads, epsilon, and z, which is made from these."""
    head = next(index for index, box in enumerate(columns) if box.kind == "head")
    first = max(index for index in range(head) if columns[index].kind == "image")
    entry, encoder, mean, rest = columns[first], columns[first + 1 : head], columns[head], columns[head + 1 :]
    apart = 74.0 if separate else 32.0
    mean, log_variance = replace(mean, y=mean.y - apart), replace(mean, y=mean.y + apart, name="log σ²")
    parts = _chain(columns[: first + 1])[:-1]  # the damaged image itself is drawn below
    if separate:
        for end in (mean, log_variance):
            row = [*[replace(box, y=end.y) for box in encoder], end]
            parts += [_funnel(entry, row[0]), *_chain(row)]
        parts.append(_drawn(entry))
    else:
        parts += _chain([entry, *encoder])
        last = encoder[-1] if encoder else entry
        parts += [_funnel(last, mean), _funnel(last, log_variance), _drawn(mean), _drawn(log_variance)]
    code = rest[0]
    noise = _Box(HEAD, 26.0, (), "ε", "noise", code.x, code.y + 70.0)
    parts += [_arrow(mean, code), _arrow(log_variance, code), _drawn(noise)]
    parts += [_line(noise.x, noise.y - 13.0, code.x, code.y + 34.0)]
    parts += [_text(noise.x, noise.y + 27.0, "ε ~ N(0, I)"), _text(code.x, code.y - 24.0, "z = μ + σ ε")]
    return parts + _chain(rest)


def _chain(boxes: list[_Box]) -> list[str]:
    """Boxes in a row, with a funnel between neighbours."""
    links = [
        (_arrow if left.kind == right.kind == "image" else _funnel)(left, right) for left, right in pairwise(boxes)
    ]
    return links + [_drawn(box) for box in boxes]


def _funnel(left: _Box, right: _Box) -> str:
    x0, x1 = left.x + left.width / 2, right.x - right.width / 2
    corners = [
        (x0, left.y - left.height / 2),
        (x1, right.y - right.height / 2),
        (x1, right.y + right.height / 2),
        (x0, left.y + left.height / 2),
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'<polygon points="{points}" fill="{ACCENT}" opacity="0.14"/>'


def _drawn(box: _Box) -> str:
    x, y = box.x - box.width / 2, box.y - box.height / 2
    radius = {"layer": 3.0, "image": 4.0}.get(box.kind, box.height / 2)
    filled = f'fill="{ACCENT}"' if box.kind in ("layer", "code") else 'fill="none"'
    stroke = 'stroke-dasharray="4 3" ' if box.kind == "noise" else ""
    opacity = "0.85" if box.kind == "layer" else "1"
    shape = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius:.1f}" {filled} '
        f'opacity="{opacity}" {stroke}stroke="{ACCENT}" stroke-width="1.5"/>'
    )
    colour = ' fill="#fff" font-weight="600"' if box.kind == "code" else ""
    name = _text(box.x, box.y + 4.5, box.name, 14 if len(box.name) < 3 else 12, colour) if box.name else ""
    below = box.y + box.height / 2 + 15.0
    return shape + name + "".join(_text(box.x, below + 14.0 * at, line) for at, line in enumerate(box.below))


def _arrow(left: _Box, right: _Box) -> str:
    return _line(left.x + left.width / 2, left.y, right.x - right.width / 2, right.y)


def _line(x0: float, y0: float, x1: float, y1: float) -> str:
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" fill="none" stroke="{ACCENT}" stroke-width="1.5"/>'


def _text(x: float, y: float, text: str, size: int = 12, extra: str = "") -> str:
    near = min(x, WIDTH - x)
    anchor = "middle" if near > 60 or len(text) * size * 0.27 < near else "start" if x < WIDTH / 2 else "end"
    at = x if anchor == "middle" else 2.0 if anchor == "start" else WIDTH - 2.0
    return f'<text x="{at:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'


def _description(config: RunConfig, shape: tuple[int, int, int]) -> str:
    model = config.model
    layers = ", ".join(map(str, sizes_of(model))) or "none, it is linear"
    kind = ARCHITECTURES[model.architecture].title
    encoder = "two separate encoders" if model.encoder == "separate" else "one encoder with two heads"
    heads = f"{encoder} for mean and log-variance, and z = mean + sigma times epsilon"
    code = heads if model.is_variational else "one code z"
    likelihood = LIKELIHOODS[config.objective.likelihood].label.format(sigma=config.objective.sigma)
    damaged = f"; damaged by {', '.join(_corruption(config))} before the encoder" if config.data.corruption else ""
    return (
        f"Images of {shape[1]} by {shape[2]} with {shape[0]} channel{'s' if shape[0] > 1 else ''}{damaged}; {kind}: {layers}; "
        f"{code} ({model.latent} dimension{'s' if model.latent > 1 else ''}); a decoder that mirrors the encoder; likelihood: "
        f"{likelihood}."
    )
