"""What was measured of a run's final weights, kept beside the run, or in the cache if its folder is read-only.

    figures.json               `EVALUATION`: what `evaluate` gives
    disentanglement.json       `factor_scores("forest")`: what `disentangle` gives
    disentanglement-boosting.json  `factor_scores("boosting")`: the same with DCI from gradient boosting
    restoration-NAME.json      `restoration_curve(NAME)`: quality against the level of a corruption

A measurement names the SHA-256 of the weights that it is of. Reading never raises: a file that is damaged, newer, or of
other weights counts as absent, since everything here can be measured again.
"""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, Strict
from pydantic import dataclasses as pydantic

from vae_core.errors import CheckpointCorrupt, LatentLabError
from vae_core.registry.corruption_rows import CORRUPTIONS
from vae_core.storage import files, paths
from vae_core.storage.documents import LARGEST, REMOVE, Count, Document, Number, Text, parse_document, validate
from vae_core.storage.file_cache import FileCache
from vae_core.storage.runs import KEPT_RUNS, Run, in_usual_place, is_shipped
from vae_core.types import DCI_MODELS, DciModel

SCHEMA = 1
METHODS = ("corrupted", "model", "clean")
"""The parts of a restoration's point that differ from model to model; its baselines do not."""


def _drawable(value: float) -> float:
    if abs(value) > LARGEST:
        raise ValueError(f"beyond {LARGEST:g}")
    return value


NumberOrNaN = Annotated[
    float,
    Strict(),
    AfterValidator(_drawable),
    BeforeValidator(lambda value: math.nan if value is None else value),
]
"""A number of at most `LARGEST`, or NaN, which is null in a file."""


class Measurement(Document):
    """Anything measured of weights.

    Attributes:
        weights_sha256: of the file of final weights.
    """

    weights_sha256: Text = ""

    def as_result(self) -> dict[str, Any]:
        """What was measured, as plain JSON values; what was not asked for is absent."""
        return self.model_dump(mode="json", exclude={"weights_sha256"}, exclude_unset=True)


class Figures(Measurement):
    """The figures of a run on a whole test split, in nats per image.

    Attributes:
        dataset, dataset_sha256: what was evaluated on.
        step: optimizer steps that the weights have seen.
        images: how many were evaluated.
        reconstruction_nats, kl_nats, negative_elbo_nats, floor_nats, active_units, kl_per_dimension, mse_per_pixel: as in
            `metrics.elbo.Evaluation`. None is a figure that such a model does not have.
        bits_per_dimension: as in `evaluation.trained.bits_per_dimension`.
        iw_nll_nats, iw_nll_nats_standard_error, iw_samples, iw_seed: the importance-weighted bound, its standard error,
            samples per image and seed; absent unless it was asked for.
    """

    weights_sha256: Text
    dataset: Text
    dataset_sha256: Text | None = None
    step: Count
    images: Count
    reconstruction_nats: Number
    kl_nats: Number | None = None
    negative_elbo_nats: Number
    floor_nats: Number | None = None
    active_units: Count | None = None
    kl_per_dimension: tuple[Number, ...] | None = None
    mse_per_pixel: Number
    bits_per_dimension: Number | None = None
    iw_nll_nats: Number | None = None
    iw_nll_nats_standard_error: Number | None = None
    iw_samples: Count | None = None
    iw_seed: Count | None = None


class FactorScores(Measurement):
    """How well a run's codes separate the factors that made the images; each score is 0 to 1.

    Attributes:
        images: how many test images were encoded.
        dataset: whose.
        dci_model: what DCI's importances are from; a file of an earlier version names none.
    """

    weights_sha256: Text
    mig: Number
    dci_disentanglement: Number
    dci_completeness: Number
    dci_informativeness: Number
    factor_vae_score: Number
    images: Count
    dataset: Text
    dci_model: DciModel = "forest"


@pydantic.dataclass(frozen=True)
class Quality:
    """Means over images: PSNR in dB, SSIM at most 1; SSIM is NaN if the images are smaller than 3 x 3."""

    psnr: NumberOrNaN
    ssim: NumberOrNaN


@pydantic.dataclass(frozen=True)
class RestorationPoint:
    """All methods at one level of a corruption.

    Attributes:
        level: in the corruption's unit; 0 if it has none.
        corrupted: the damaged images themselves.
        model: the model's output for them.
        clean: the model's reconstruction of the clean images, which bounds what it can do.
        baselines: what it is compared with, by name.
    """

    level: Number
    corrupted: Quality
    model: Quality
    clean: Quality
    baselines: dict[Text, Quality]

    def winners(self) -> list[str]:
        """The baselines with a higher PSNR than the model, the best first."""
        better = [name for name, quality in self.baselines.items() if quality.psnr > self.model.psnr]
        return sorted(better, key=lambda name: -self.baselines[name].psnr)


class RestorationCurve(Measurement):
    """Quality against the level of a corruption.

    Attributes:
        dataset, dataset_sha256, images, step: what was restored, how much of it, and by weights of which step.
        filters: the strengths that were tried of each classical filter.
        other_images: how many training images the opponents were tuned on and learned from.
        points: in any order.
    """

    dataset: Text = ""
    dataset_sha256: Text | None = None
    images: Count = 0
    step: Count = 0
    filters: tuple[tuple[Any, ...], ...] = ()
    other_images: Count = 0
    points: tuple[RestorationPoint, ...]


Kind = TypeVar("Kind", bound=Measurement)


class Measurements(Generic[Kind]):
    """One kind of measurement of all runs.

    Args:
        name: of its file, without `.json`.
        model: what the file holds.
        recorded: what a shipped run brings along in another file, as JSON that the model fits but for the weights; None
            if there is nothing. May raise what reading a file raises, and LookupError and TypeError.
        as_today: what a kept measurement of a run means by today's rules; None if it does not count.
    """

    def __init__(
        self,
        name: str,
        model: type[Kind],
        recorded: Callable[[Run], dict[str, Any]] | None = None,
        as_today: Callable[[Run, Kind], Kind | None] = lambda _, kept: kept,
    ) -> None:
        self.file = f"{name}.json"
        self._model = model
        self._recorded = recorded
        self._as_today = as_today
        self._cache: FileCache[Kind | None] = FileCache(KEPT_RUNS)

    def read(self, run: Run) -> Kind | None:
        """What was measured of a run's final weights, or None if nothing was yet."""
        digest = weights_digest(run)
        if digest is None:
            return None
        shipped = is_shipped(run)
        if not shipped and (kept := self._at(f"{run.folder}/{self.file}", run, digest)) is not None:
            return kept
        kept = self._at(self._cached(run, digest), run, digest)
        return self._brought(run, digest) if kept is None and shipped else kept

    def write(self, run: Run, measured: Kind) -> None:
        """Keeps it beside the run, or in the cache if the run is shipped or its folder is read-only.

        Raises:
            DiskError: neither can be written.
        """
        beside, cached = f"{run.folder}/{self.file}", self._cached(run, measured.weights_sha256)
        path = Path(cached if is_shipped(run) or not os.access(run.folder, os.W_OK) else beside)
        files.make_folder(path.parent)
        files.write_atomic(path, self.content(measured), durable=False)

    def content(self, measured: Kind) -> bytes:
        """The file that holds it."""
        given = measured.model_dump(mode="json", exclude_unset=True)  # what was not asked for is absent, not null
        return files.json_bytes({"schema": SCHEMA, **given}, indent=2)

    def parse(self, document: dict[str, Any]) -> Kind:
        """The measurement in a file's JSON.

        Raises:
            CheckpointCorrupt: it holds none.
            SchemaTooNew: a newer program wrote it.
        """
        return parse_document(document, self._model, SCHEMA, self.file, REMOVE)

    def make(self, run: Run, measured: dict[str, Any], weights_sha256: str) -> Kind:
        """The measurement made of what a command gave; keys that are not kept are left out.

        Raises:
            CheckpointCorrupt: a figure is not finite.
        """
        try:
            return validate({**measured, "weights_sha256": weights_sha256}, self._model, self.file, REMOVE)
        except CheckpointCorrupt as error:
            raise CheckpointCorrupt(
                f"The figures of {run.id!r} are no finite numbers; its weights are beyond use."
            ) from error

    def _cached(self, run: Run, digest: str) -> str:
        key = files.digest(f"{digest} {run.config.model_dump_json()}".encode())
        return f"{paths.cache_folder()}/measurements/{key}/{self.file}"

    def _at(self, path: str, run: Run, digest: str) -> Kind | None:
        kept = self._cache.get(path, lambda: self._attempt(lambda: self.parse(files.read_json(Path(path)))))
        return self._as_today(run, kept) if kept is not None and kept.weights_sha256 == digest else None

    def _brought(self, run: Run, digest: str) -> Kind | None:
        recorded = self._recorded
        if recorded is None:
            return self._at(f"{run.folder}/{self.file}", run, digest)
        path = f"{run.folder}/evaluation.json"
        kept = self._cache.get(path, lambda: self._attempt(lambda: self.make(run, recorded(run), digest)))
        return None if kept is None else self._as_today(run, kept)

    @staticmethod
    def _attempt(read: Callable[[], Kind]) -> Kind | None:
        try:
            return read()
        except (LatentLabError, OSError, LookupError, TypeError):
            return None


def _recorded_figures(run: Run) -> dict[str, Any]:
    """Those of a shipped run, on the dataset that it was trained on."""
    recorded: dict[str, Any] = files.read_json(run.folder / "evaluation.json")["splits"][run.config.data.dataset]
    return recorded


def _without_false_floor(run: Run, figures: Figures) -> Figures:
    """Earlier versions recorded a floor of likelihoods that have none, and models could pass below it."""
    if figures.floor_nats is None or run.config.objective.has_floor:
        return figures
    return figures.model_copy(update={"floor_nats": None})


EVALUATION = Measurements("figures", Figures, _recorded_figures, _without_false_floor)


def all_measurements() -> list[Measurements[Any]]:
    """Every kind that a run can bring along."""
    return [EVALUATION, *map(factor_scores, DCI_MODELS), *map(restoration_curve, CORRUPTIONS)]


@lru_cache(maxsize=8)
def factor_scores(dci_model: DciModel) -> Measurements[FactorScores]:
    """The scores whose DCI is from one model; those of each are kept by themselves."""

    def of_this_model(_: Run, scores: FactorScores) -> FactorScores | None:
        return scores if scores.dci_model == dci_model else None

    name = "disentanglement" if dci_model == "forest" else f"disentanglement-{dci_model}"
    return Measurements(name, FactorScores, as_today=of_this_model)


@lru_cache(maxsize=64)
def restoration_curve(corruption: str) -> Measurements[RestorationCurve]:
    """The curves of one corruption."""
    return Measurements(f"restoration-{corruption}", RestorationCurve)


_DIGESTS: FileCache[str | None] = FileCache(KEPT_RUNS)


def weights_digest(run: Run) -> str | None:
    """SHA-256 of the final weights as their manifest names it, or None if there are none."""
    path = f"{run.folder}/model.json"
    return _DIGESTS.get(path, lambda: _digest(Path(path)))


def _digest(path: Path) -> str | None:
    try:
        digest = files.read_json(path)["files"]["model.safetensors"]["sha256"]
    except (LatentLabError, OSError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest) else None


def require_weights_digest(run: Run) -> str:
    """As `weights_digest`.

    Raises:
        CheckpointCorrupt: there are none.
    """
    digest = weights_digest(run)
    if digest is None:
        raise CheckpointCorrupt(f"The run {run.id!r} holds no final weights yet; train it to its end first.")
    return digest


def evaluate_command(run: Run, figures: Figures) -> str:
    """The command that gives a run's figures again; with the path of a run that is not in the usual folder."""
    given = run.id if in_usual_place(run) else shlex.quote(str(run.folder))
    other = "" if figures.dataset == run.config.data.dataset else f" --dataset {shlex.quote(figures.dataset)}"
    weighted = "" if figures.iw_samples is None else f" --iw-samples {figures.iw_samples}"
    return f"python -m vae_core evaluate {given}{other}{weighted} --json"
