"""Puts a comparison of runs into sentences: what it shows, and how far its runs may be compared at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vae_core.config import RunConfig
from vae_core.evaluation.comparison import Point, Summary, differing_fields, summarise
from vae_core.figures import FIGURES
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import MODELS

STEADY_NATS = 0.05
"""A change below this does not count."""
SOME_UNITS = 0.5
UNITS_OF_NATS = ("likelihood", "binarize")
EFFORT = ("epochs", "limit", "batch_size", "lr")


def caption(points: Sequence[Point], field: str = "beta") -> str:
    """Describes the change from the first value to the last, and any extreme in between, in means over the seeds.

    'From beta 1 to 8 the rate falls from 25.4 to 9.1 nats, the distortion rises from 77.3 to 101.2 nats and 11 of 20
    dimensions switch off.' Empty if there is only one value.

    Args:
        points: points from `point_of`; the values are in the order of `summarise`.
        field: the field that differs.
    """
    summaries = summarise(points)
    if len(summaries) < 2:
        return ""
    first, last = summaries[0], summaries[-1]
    with_elbo = field != "beta" and all(point.kl_nats is not None for point in points)  # an autoencoder has no ELBO
    names = ["kl_nats", "reconstruction_nats", *(["negative_elbo_nats"] if with_elbo else [])]
    parts = [_change(name, summaries) for name in names if name in first.means and name in last.means]
    units = _units(points, summaries)
    return f"From {_called(field, first)} to {shown_value(last.value)} {_joined([*parts, *units])}."


def caption_of_seeds(points: Sequence[Point]) -> str:
    """States the number of runs per value and what the chart draws of them.

    'n = 3 seeds each: a dot each, their mean and one standard deviation.'
    """
    counts = sorted({summary.n for summary in summarise(points)})
    if not counts:
        return ""
    if counts == [1]:
        return "n = 1: one seed each, so the spread is unknown."
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    drawn = "a dot each, their mean and one standard deviation" if counts[-1] >= 3 else "a dot each"
    return f"n = {n} seeds each: {drawn}{'' if counts[0] >= 3 or counts[-1] < 3 else ' from three on'}."


def shown_value(value: object) -> str:
    """A field's value as it is displayed: 0.5, 256,64, none, VAE."""
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, str) and value in MODELS:
        return MODELS[value].short
    return f"{value:g}" if isinstance(value, float) else str(value)


def _called(field: str, summary: Summary) -> str:
    return f"{field.replace('_', ' ')} {shown_value(summary.value)}"


def _change(key: str, summaries: Sequence[Summary]) -> str:
    name = f"the {FIGURES[key].compared}"
    before, after = summaries[0].means[key], summaries[-1].means[key]
    if abs(after - before) < STEADY_NATS:
        change = f"{name} stays at {_nats(after)} nats"
    else:
        change = f"{name} {'rises' if after > before else 'falls'} from {_nats(before)} to {_nats(after)} nats"
    return change + _between(summaries, key, STEADY_NATS, _nats)


def _between(summaries: Sequence[Summary], key: str, least: float, write: Callable[[float], str]) -> str:
    """' (as low as 12.3 at 4)' if a mean in between exceeds both ends by `least` and by the deviation over seeds."""
    first, *inner, last = (summary for summary in summaries if key in summary.means)
    extremes = []
    for word, sign in (("low", -1.0), ("high", 1.0)):
        end = max((first, last), key=lambda summary: sign * summary.means[key])
        most = max(inner, key=lambda summary: sign * summary.means[key], default=end)
        margin = max(least, *(summary.deviations.get(key, 0.0) for summary in (most, end)))
        if sign * (most.means[key] - end.means[key]) > margin:
            extremes.append(f"as {word} as {write(most.means[key])} at {shown_value(most.value)}")
    return f" ({' and '.join(extremes)})" if extremes else ""


def _nats(value: float) -> str:
    return f"{value:.1f}"


def _units(points: Sequence[Point], summaries: Sequence[Summary]) -> list[str]:
    """'11 of 20 dimensions switch off', if all runs have equally many dimensions; a mean over seeds gets a decimal."""
    latents, key = {point.latent for point in points}, "active_units"
    first, last = summaries[0], summaries[-1]
    if len(latents) > 1 or any(key not in summary.means for summary in (first, last)):
        return []
    before, after = first.means[key], last.means[key]
    beyond = _between(summaries, key, SOME_UNITS, _count)
    if abs(after - before) < SOME_UNITS:
        counts = " and ".join(dict.fromkeys([_count(before), _count(after)]))
        return [f"as many dimensions stay active ({counts} of {latents.pop()}){beyond}"]
    return [
        f"{_count(abs(after - before))} of {latents.pop()} dimensions switch {'on' if after > before else 'off'}{beyond}"
    ]


def _count(value: float) -> str:
    """A count, or a mean of counts: 3, 2.5."""
    return f"{value:.1f}".removesuffix(".0")


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def comparability_warnings(configs: Sequence[RunConfig]) -> list[str]:
    """Says what cannot be compared between runs, or only with care, one sentence each; empty if the runs differ only in one
    field and the seed, as they should.

    Args:
        configs: the configurations of the compared runs.
    """
    fields = differing_fields(configs)
    listed = {name: _list(fields[name]) for name in fields}
    warnings = []
    if "dataset" in fields:
        warnings.append(
            f"They were trained on different images ({listed['dataset']}): nats and errors of one cannot be compared with "
            "those of another, and each run is shown on its own images."
        )
    units = [name for name in UNITS_OF_NATS if name in fields]
    if "sigma" in fields and any(LIKELIHOODS[config.objective.likelihood].has_sigma for config in configs):
        units.append("sigma")
    if units:
        warnings.append(
            f"They measure pixels differently ({'; '.join(f'{name}: {listed[name]}' for name in units)}): distortion and "
            "ELBO have a different zero in each; rates, active units and MSE per pixel can be compared."
        )
    if "corruption" in fields or "level" in fields:
        warnings.append(
            "Their encoders see images damaged in different ways: rate, distortion and their sum depend on the damage as "
            "much as on the model. The sum and the importance-weighted NLL still bound the clean images' −log p(x) from "
            "above; the more damage, the looser the bound."
        )
    if len({config.model.is_variational for config in configs}) > 1:
        warnings.append(
            "An autoencoder has no rate and no ELBO: it is compared by its reconstruction, and by its MSE per pixel."
        )
    effort = [name for name in EFFORT if name in fields]
    if effort:
        warnings.append(
            f"They were not trained alike ({'; '.join(f'{_word(name)}: {listed[name]}' for name in effort)}): any "
            "difference may come from that alone."
        )
    if "latent" in fields:
        warnings.append(
            "Their codes have different lengths: dimensions do not correspond between runs, and counts depend on the length."
        )
    others = [name for name in fields if name not in ("seed", "threads", "device")]
    if len(others) > 1:
        warnings.append(
            f"They differ in {_joined([_word(name) for name in others])} at once, so no difference can be put down to one "
            "of these alone."
        )
    if "seed" in fields and others and not _seeds_agree(configs, others):
        warnings.append("Not every value has the same seeds, so part of a difference may be chance.")
    return warnings


def _seeds_agree(configs: Sequence[RunConfig], fields: Sequence[str]) -> bool:
    seeds: dict[tuple[object, ...], set[int]] = {}
    for config in configs:
        flat = config.flat()
        seeds.setdefault(tuple(flat[name] for name in fields), set()).add(config.training.seed)
    return len({frozenset(each) for each in seeds.values()}) == 1


def _list(values: Sequence[object]) -> str:
    return ", ".join(dict.fromkeys(map(shown_value, values)))


def _word(name: str) -> str:
    return {"lr": "learning rate", "limit": "number of images"}.get(name, name.replace("_", " "))
