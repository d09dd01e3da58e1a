"""What a comparison shows, in sentences that are computed from it, and how far its runs may be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vae_core.config import RunConfig
from vae_core.evaluation.comparison import Point, Summary, differing_fields, summarise
from vae_core.figures import FIGURES
from vae_core.registry.likelihood_rows import LIKELIHOODS
from vae_core.registry.model_rows import MODELS

STEADY_NATS = 0.05
"""A change below this is none."""
SOME_UNITS = 0.5
UNITS_OF_NATS = ("likelihood", "binarize")
EFFORT = ("epochs", "limit", "batch_size", "lr")


def caption(points: Sequence[Point], field: str = "beta") -> str:
    """What happens from the first value to the last one, and beyond both in between, from the means over the seeds of each.

    'From beta 1 to 8 the rate falls from 25.4 to 9.1 nats, the distortion rises from 77.3 to 101.2 nats and 11 of 20
    dimensions switch off.' Empty where there is but one value.

    Args:
        points: as from `point_of`; the values' order is that of `summarise`.
        field: what differs.
    """
    summaries = summarise(points)
    if len(summaries) < 2:
        return ""
    first, last = summaries[0], summaries[-1]
    whole = field != "beta" and all(point.kl_nats is not None for point in points)  # an autoencoder has no ELBO
    names = ["kl_nats", "reconstruction_nats", *(["negative_elbo_nats"] if whole else [])]
    parts = [_change(name, summaries) for name in names if name in first.means and name in last.means]
    units = _units(points, summaries)
    return f"From {_called(field, first)} to {shown_value(last.value)} {_joined([*parts, *units])}."


def caption_of_seeds(points: Sequence[Point]) -> str:
    """How many runs stand behind each value, and what is drawn of them.

    '3 seeds each: dots, their mean and one standard deviation.'
    """
    counts = sorted({summary.n for summary in summarise(points)})
    if not counts:
        return ""
    if counts == [1]:
        return "n = 1: one seed each, so no spread is known."
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    drawn = "a dot each, their mean and one standard deviation" if counts[-1] >= 3 else "a dot each"
    return f"n = {n} seeds each: {drawn}{'' if counts[0] >= 3 or counts[-1] < 3 else ' from three on'}."


def shown_value(value: object) -> str:
    """A field's value as people write it: 0.5, 256,64, none, VAE."""
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
        told = f"{name} stays at {_nats(after)} nats"
    else:
        told = f"{name} {'rises' if after > before else 'falls'} from {_nats(before)} to {_nats(after)} nats"
    return told + _between(summaries, key, STEADY_NATS, _nats)


def _between(summaries: Sequence[Summary], key: str, least: float, write: Callable[[float], str]) -> str:
    """' (as low as 12.3 at 4)', where a mean in between lies beyond both ends by `least` and by its deviation over seeds."""
    first, *inner, last = (one for one in summaries if key in one.means)
    told = []
    for word, sign in (("low", -1.0), ("high", 1.0)):
        end = max((first, last), key=lambda one: sign * one.means[key])
        most = max(inner, key=lambda one: sign * one.means[key], default=end)
        margin = max(least, *(one.deviations.get(key, 0.0) for one in (most, end)))
        if sign * (most.means[key] - end.means[key]) > margin:
            told.append(f"as {word} as {write(most.means[key])} at {shown_value(most.value)}")
    return f" ({' and '.join(told)})" if told else ""


def _nats(value: float) -> str:
    return f"{value:.1f}"


def _units(points: Sequence[Point], summaries: Sequence[Summary]) -> list[str]:
    """'11 of 20 dimensions switch off', where all have the same number of them; a mean over seeds has a decimal."""
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


def how_far_comparable(configs: Sequence[RunConfig]) -> list[str]:
    """What may not be compared among runs, or only with care, a sentence each; empty where they differ as they should,
    in one field and the seed.

    Args:
        configs: of the runs that stand side by side.
    """
    fields = differing_fields(configs)
    told = {name: _list(fields[name]) for name in fields}
    found = []
    if "dataset" in fields:
        found.append(
            f"They were trained on different images ({told['dataset']}): nats and errors of one cannot be set against "
            "those of another, and each run is shown on its own images."
        )
    units = [name for name in UNITS_OF_NATS if name in fields]
    if "sigma" in fields and any(LIKELIHOODS[config.objective.likelihood].has_sigma for config in configs):
        units.append("sigma")
    if units:
        found.append(
            f"They measure pixels differently ({'; '.join(f'{name}: {told[name]}' for name in units)}): distortion and "
            "ELBO have another zero in each; rates, active units and MSE per pixel can be compared."
        )
    if "corruption" in fields or "level" in fields:
        found.append(
            "Their encoders see images damaged in different ways: rate, distortion and their sum depend on the damage as "
            "much as on the model. The sum and the importance-weighted NLL still bound the clean images' −log p(x) from "
            "above; the more damage, the looser the bound."
        )
    if len({config.model.is_variational for config in configs}) > 1:
        found.append(
            "An autoencoder has no rate and no ELBO: it is compared by its reconstruction, and by its MSE per pixel."
        )
    effort = [name for name in EFFORT if name in fields]
    if effort:
        found.append(
            f"They were not trained alike ({'; '.join(f'{_word(name)}: {told[name]}' for name in effort)}): what "
            "differs may come from that alone."
        )
    if "latent" in fields:
        found.append(
            "They have codes of different lengths: a dimension of one is none of another, and counts go with it."
        )
    others = [name for name in fields if name not in ("seed", "threads", "device")]
    if len(others) > 1:
        found.append(
            f"They differ in {_joined([_word(name) for name in others])} at once, so that no difference is owed to one "
            "of them alone."
        )
    if "seed" in fields and others and not _seeds_agree(configs, others):
        found.append("Not every value has the same seeds, so that part of a difference may be chance.")
    return found


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
