"""The training loop: a generator of events that knows neither files nor pages.

    trainer = Trainer(config, dataset)
    for event in train(trainer):
        ...

Worker processes, the command line and the tests all drive this loop. Between two events they may save, report or stop.
Everything the next step depends on is held by `Trainer`: either a function of (seed, stream, step), or in its snapshot.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from vae_core.architectures import is_strided, settled, step_factor
from vae_core.config import RunConfig
from vae_core.data import batches
from vae_core.data.augmentations import augment
from vae_core.data.corruptions import corrupt_mixed
from vae_core.data.datasets import Dataset
from vae_core.data.randomness import Stream, generator, seed_of
from vae_core.errors import Diverged
from vae_core.evaluation.validation_set import MEAN_IMAGES, ValidationSet, build_validation_set
from vae_core.metrics.elbo import elbo_terms
from vae_core.models.build import build_model
from vae_core.models.networks import normalise_on, start_at
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.objectives.objective import LossTerms, Objective
from vae_core.objectives.schedules import learning_rate_at
from vae_core.registry.corruption_rows import check_channels
from vae_core.storage.frames import Frame
from vae_core.storage.records import Record
from vae_core.training.dense_step import DenseStep, is_dense
from vae_core.training.device import device_of
from vae_core.training.flat_parameters import FlatParameters
from vae_core.training.frame_recorder import FrameRecorder, frame_steps
from vae_core.training.optimizers import build_optimizer, set_learning_rate

DENSE_RECORDS = 1_000
SPARSE_EVERY = 10
FIRST_VALIDATIONS = (0, 10, 20, 50, 100)
VALIDATE_EVERY = 200
LOSS_WINDOW = 50
NORMALISED_ON = 256
"""Images, and codes drawn from the prior, that set the scale of a strided network's layers."""
MEAN_MARGIN = 0.001
"""Keeps the logit of a pixel that is always black, or always white, finite at the start."""
WARN_FACTOR, STOP_FACTOR = 10.0, 10_000.0


@dataclass(frozen=True)
class Stepped:
    """An optimizer step is done. This is the last event of the step; `record` is None if the step is not recorded."""

    step: int
    record: Record | None


@dataclass(frozen=True)
class Validated:
    """The validation set was evaluated. `is_best` says that the target objective is the lowest so far."""

    record: Record
    is_best: bool


@dataclass(frozen=True)
class FrameRecorded:
    """A frame of the film was recorded."""

    frame: Frame


Event = Stepped | Validated | FrameRecorded


class Trainer:
    """A model with its optimizer and data, at some step of its training.

    Attributes:
        step: optimizer steps done.
        steps_per_epoch, total_steps: as configured, for this data.
        best: (step, target objective) of the best validation so far, or None.
        latest: figures of the newest validation, in nats per image, with its step as `evaluated_step`.
        notes: warnings about this run, one sentence each.

    Args:
        config: the run's configuration.
        dataset: provides the training images.
        validation: what the run is evaluated on; built from the dataset by default.

    Raises:
        ConfigError: the device is missing or lacks the precision, or a corruption does not apply to these images.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, validation: ValidationSet | None = None) -> None:
        config, training = settled(config, dataset.image_shape), config.training
        check_channels(config.data.corruption, dataset.image_shape[0])
        self.config = config
        self.dataset_digest = dataset.digest
        self.device = torch.device(device_of(training.device, training.precision))
        self.images = batches.training_images(dataset, config.data.limit, config.data.binarize).to(self.device)
        self.batch_size = min(training.batch_size, len(self.images))
        self.steps_per_epoch = batches.steps_per_epoch(len(self.images), self.batch_size)
        self.total_steps = self.steps_per_epoch * training.epochs
        self.model = build_model(config.model, dataset.image_shape, training.seed).to(self.device)
        self.likelihood = build_likelihood(config.objective).to(self.device)
        if is_strided(config.model):
            self._normalise_layers()
        if config.model.activation == "tanh" or is_strided(config.model):
            self._start_at_mean_image()
        self.objective = Objective(config.objective, self.steps_per_epoch)
        self.flat = FlatParameters([*self.model.parameters(), *self.likelihood.parameters()], training.average)
        self.optimizer = build_optimizer(self.flat.values, training)
        self._dense_step: DenseStep | None = None
        if is_dense(self.model) and self.device.type == "cpu" and training.precision == "float32":
            self._dense_step = DenseStep(self.model, self.likelihood, self.objective, self.batch_size)
        validation = validation or build_validation_set(dataset, config, self.images)
        self.recorder = FrameRecorder(validation, config.model.latent)
        self.validation = validation.to(self.device)
        self.step = 0
        self.best: tuple[int, float] | None = None
        self.latest: dict[str, float] = {}
        self.window: deque[float] = deque(maxlen=LOSS_WINDOW)
        self.notes: list[str] = []
        if self.batch_size < training.batch_size:
            self.note(f"The batch of {training.batch_size} images was cut to the {self.batch_size} that there are.")
        self._order: tuple[int, torch.Tensor] | None = None
        self._epsilon = torch.Generator(self.device)
        self._pixels = torch.Generator(self.device)
        self._corruption = torch.Generator(self.device)
        self._augmentation = torch.Generator(self.device)

    @property
    def has_stalled(self) -> bool:
        """Whether the target objective on the validation set has not improved for as long as the run is patient."""
        patience = self.config.training.patience
        if patience is None or self.best is None:
            return False
        return self.latest["evaluated_step"] - self.best[0] >= patience * self.steps_per_epoch

    @property
    def is_finished(self) -> bool:
        """Whether there is no further step: all are done, or the training has stalled."""
        return self.step >= self.total_steps or self.has_stalled

    @property
    def epoch(self) -> float:
        """Passes over the training images, including a fraction of the current one."""
        return self.step / self.steps_per_epoch

    def images_in(self, step: int) -> int:
        """Size of the batch of step number `step` (from 1 on); the last batch of an epoch may be smaller."""
        last = step % self.steps_per_epoch == 0
        return len(self.images) - (self.steps_per_epoch - 1) * self.batch_size if last else self.batch_size

    def _start_at_mean_image(self) -> None:
        """As Burda et al. 2015 do: otherwise a tanh network first spends hundreds of steps on a plateau."""
        mean = batches.to_float(self.images[:MEAN_IMAGES]).mean(dim=0).clamp(MEAN_MARGIN, 1 - MEAN_MARGIN)
        start_at(self.model.decoder, self.likelihood.output_of(mean))

    def _normalise_layers(self) -> None:
        """Gives the layers of a strided network the scale that batch normalisation would give them at the start."""
        examples = batches.to_float(self.images[:NORMALISED_ON])
        for encoder in self.model.encoders():
            normalise_on(encoder, examples)
        draw = generator(self.config.training.seed, Stream.INITIALISATION, 1)
        normalise_on(self.model.decoder, torch.randn(NORMALISED_ON, self.model.latent, generator=draw).to(self.device))

    def modules(self) -> dict[str, torch.nn.Module]:
        """The trained modules, by the prefix of their weights in a file."""
        return {"model": self.model, "likelihood": self.likelihood}

    def batch(self) -> torch.Tensor:
        """Images of the next step: (batch, channel, height, width) float32 in [0, 1]."""
        epoch, index = divmod(self.step, self.steps_per_epoch)
        if self._order is None or self._order[0] != epoch:
            order = batches.epoch_order(len(self.images), self.config.training.seed, epoch)
            self._order = (epoch, order.to(self.device))
        chosen = self._order[1][index * self.batch_size : (index + 1) * self.batch_size]
        images = batches.take(self.images, chosen)
        if self.config.data.augment:
            changes = self._augmentation.manual_seed(seed_of(self.config.training.seed, Stream.AUGMENTATION, self.step))
            images = augment(images, self.config.data.augment, changes)
        if self.config.data.binarize in ("none", "fixed"):
            return images
        pixels = self._pixels.manual_seed(seed_of(self.config.training.seed, Stream.PIXELS, self.step))
        return batches.binarize(images, self.config.data.binarize, pixels)

    def corrupted(self, clean: torch.Tensor) -> torch.Tensor:
        """What the encoder sees of a batch, same shape: the images, in a denoising run corrupted anew at each step."""
        data = self.config.data
        if not data.corruption:
            return clean
        draw = self._corruption.manual_seed(seed_of(self.config.training.seed, Stream.CORRUPTION, self.step))
        return corrupt_mixed(clean, data.corruption, data.levels, draw)

    def train_step(self) -> Record | None:
        """Does one optimizer step and returns its record, or None if this step is not recorded.

        On a GPU only the losses of recorded steps are read, so that the other steps need not be waited for.

        Raises:
            Diverged: the loss is beyond repair, as are the weights that gave it, those of the previous update. They are
                left unchanged.
        """
        terms, loss = self._gradients()
        is_recorded = self._is_recorded(self.step + 1)
        value = loss.item() if is_recorded or self.device.type != "cuda" else None  # reading it waits for the GPU
        if value is not None:
            self._watch_loss(value)
        self._update()
        self.step += 1
        return self._record("train", value, *terms.means()) if is_recorded and value is not None else None

    def _update(self) -> None:
        """Moves the weights along the gradients."""
        training = self.config.training
        if training.clip is not None:
            self.flat.clip(training.clip)
        rate = step_factor(self.config.model) * learning_rate_at(training, self.step, self.steps_per_epoch)
        set_learning_rate(self.optimizer, rate)
        self.optimizer.step()
        self.flat.update_average(self.step + 1)

    def _gradients(self) -> tuple[LossTerms, torch.Tensor]:
        """As `_forward`, and puts the gradients into the parameters."""
        if self._dense_step is None:
            terms, loss = self._forward()
            self.flat.take_gradients(torch.autograd.grad(loss, self.flat.parameters))
            return terms, loss
        target = self.batch()
        epsilon = self._epsilon.manual_seed(seed_of(self.config.training.seed, Stream.EPSILON, self.step))
        return self._dense_step(self.corrupted(target), target, epsilon, self.step)

    def _forward(self) -> tuple[LossTerms, torch.Tensor]:
        """Terms of the objective and the loss (a scalar, nats per image) of the next batch."""
        target = self.batch()
        epsilon = self._epsilon.manual_seed(seed_of(self.config.training.seed, Stream.EPSILON, self.step))
        with self._precision():
            posterior = self.model.encode(self.corrupted(target)).float()
            output = self.model.decode(posterior.sample(epsilon)).float()
        terms = self.objective.terms(self.likelihood, output, target, posterior)
        return terms, self.objective.loss(terms, self.step)

    def _precision(self) -> torch.autocast:
        """Within it, layers compute in bfloat16 if the run asks for that."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.training.precision == "bf16")

    @torch.no_grad()
    def next_loss(self) -> float:
        """Loss of the next batch with the current weights, in nats per image; changes nothing."""
        return self._forward()[1].item()

    def check_weights(self) -> bool:
        """Whether the loss of the next batch is as usual, so that the current weights may be kept.

        "As usual" means that it exceeds the usual loss by at most `WARN_FACTOR` times that loss.

        Raises:
            Diverged: the loss is beyond repair.
        """
        return self._jump(self.next_loss()) <= WARN_FACTOR

    def _is_recorded(self, step: int) -> bool:
        """The first thousand steps are recorded, then every tenth, and the last."""
        return step <= DENSE_RECORDS or step % SPARSE_EVERY == 0 or step == self.total_steps

    def _record(self, split: str, loss: float, reconstruction: float, kl: float | None) -> Record:
        record: Record = {"split": split, "step": self.step, "epoch": round(self.epoch, 6), "loss": loss}
        record["reconstruction_nats"] = reconstruction
        if kl is not None:
            record |= {"kl_nats": kl, "beta": self.objective.beta_at(max(self.step - 1, 0))}
        return record

    def _watch_loss(self, loss: float) -> None:
        """Notes a jump of the loss; raises `Diverged` if it is beyond repair."""
        if self._jump(loss) > WARN_FACTOR:
            self.note("The loss jumped to more than ten times its usual value; a smaller learning rate is safer.")
        self.window.append(loss)

    def _jump(self, loss: float) -> float:
        """How far a loss lies above the usual one (the median of the last `LOSS_WINDOW` losses), in multiples of it.

        Raises:
            Diverged: it lies more than `STOP_FACTOR` above, or is not finite.
        """
        usual = statistics.median(self.window) if self.window else loss
        jump = (loss - usual) / self.scale_of(usual)
        if not math.isfinite(loss) or jump > STOP_FACTOR:
            raise Diverged(self.step + 1, loss)
        return jump

    def scale_of(self, loss: float) -> float:
        """The unit in which jumps of a loss are measured: its size, but at least a twentieth of a nat per pixel."""
        return max(abs(loss), 0.05 * math.prod(self.images.shape[1:]))

    def note(self, sentence: str) -> None:
        """Adds a warning about this run, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def validate(self) -> Validated:
        """Evaluates the validation set and remembers the best result; changes no state of the training itself."""
        with self.flat.averaged():
            record = self._validation_record()
        target = record["target"]
        is_best = math.isfinite(target) and (self.best is None or target < self.best[1])
        if is_best:
            self.best = (self.step, target)
        names = ("loss", "reconstruction_nats", "kl_nats")  # and the step, as frames are taken between evaluations
        self.latest = {name: record[name] for name in names if name in record} | {"evaluated_step": float(self.step)}
        self._note_collapse(record["reconstruction_nats"])
        return Validated(record, is_best)

    def _validation_record(self) -> Record:
        seed, validation = self.config.training.seed, self.validation
        reconstruction, kl = elbo_terms(
            self.model, self.likelihood, validation.images, seed=seed, inputs=validation.inputs
        )
        now = self.objective.value(reconstruction, kl, max(self.step - 1, 0))
        record = self._record("held-out", now, reconstruction, kl)
        return {**record, "target": self.objective.target(reconstruction, kl)}

    def _note_collapse(self, reconstruction: float) -> None:
        """Notes that the loss sits at the collapse line after the first epochs, or no longer does."""
        collapse, floor = self.validation.collapse, self.validation.floor
        # a density's floor is thousands of nats below, or absent: a healthy run only passes by the line
        scale = min(collapse - (-math.inf if floor is None else floor), 0.5 * self.validation.images[0].numel())
        sits = abs(collapse - reconstruction) < 0.02 * scale
        sentence = (
            f"The reconstruction sits at the collapse line ({collapse:.1f} nats per image): the code carries nothing "
            "and every picture is the mean image; lower beta, or the learning rate."
        )
        if sits and self.step >= max(VALIDATE_EVERY, self.steps_per_epoch):
            self.note(sentence)
        elif not sits and sentence in self.notes:
            self.notes.remove(sentence)

    def frame(self, *, with_log_variance: bool) -> Frame:
        """The current frame: how the model sees the film's subjects."""
        with self.flat.averaged():
            return self.recorder.frame(
                self.model, self.likelihood, self.step, self.epoch, self.latest, with_log_variance=with_log_variance
            )


def train(trainer: Trainer) -> Iterator[Event]:
    """Trains from the trainer's current step to the end and yields what happens.

    Raises:
        Diverged: the loss is beyond repair, as are the trainer's weights; the caller keeps earlier ones.
    """
    frames = frame_steps(trainer.total_steps)
    if trainer.step == 0:
        yield trainer.validate()
        yield FrameRecorded(trainer.frame(with_log_variance=False))
    while not trainer.is_finished:
        record = trainer.train_step()
        step = trainer.step
        if is_validation_step(step, trainer.steps_per_epoch, trainer.total_steps):
            yield trainer.validate()
        if step in frames or trainer.has_stalled:
            yield FrameRecorded(trainer.frame(with_log_variance=False))
        yield Stepped(step, record)


def is_validation_step(step: int, steps_per_epoch: int, total_steps: int) -> bool:
    """Some early steps, then ends of epochs at least `VALIDATE_EVERY` steps apart, and the last step."""
    if step in FIRST_VALIDATIONS or step == total_steps:
        return True
    every = steps_per_epoch * max(1, math.ceil(VALIDATE_EVERY / steps_per_epoch))
    return step % every == 0
