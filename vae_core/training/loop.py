"""The training loop: a generator of events that knows no files and no page.

    trainer = Trainer(config, dataset)
    for event in train(trainer): ...

The worker, the command line and the tests drive this same loop; between two events they may save, look or stop.
Everything that the next step depends on is in `Trainer` and is a function of (seed, stream, step) or in its snapshot.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from vae_core.config import RunConfig
from vae_core.data import batches
from vae_core.data.corruptions import corrupt_mixed
from vae_core.data.datasets import Dataset
from vae_core.data.randomness import Stream, seed_of
from vae_core.errors import ConfigError, Diverged
from vae_core.levels import check_channels
from vae_core.metrics.elbo import elbo_terms
from vae_core.models.build import build_model
from vae_core.models.networks import start_at
from vae_core.objectives.likelihoods import build_likelihood
from vae_core.objectives.objective import LossTerms, Objective
from vae_core.storage.frames import Frame
from vae_core.storage.records import Record
from vae_core.training.film import MEAN_IMAGES, FrameRecorder, film_steps

DENSE_RECORDS = 1_000
SPARSE_EVERY = 10
FIRST_LOOKS = (0, 10, 20, 50, 100)
HELD_OUT_EVERY = 200
WINDOW = 50
MEAN_MARGIN = 0.001
"""A pixel that is always black would start with an infinite logit."""
WARN_FACTOR, STOP_FACTOR = 10.0, 10_000.0


@dataclass(frozen=True)
class Stepped:
    """One optimizer step was done, and this is the last event of it; `record` is None where it is not recorded."""

    step: int
    record: Record | None


@dataclass(frozen=True)
class HeldOut:
    """The held-out images were evaluated; `best` says that their target objective is the lowest so far."""

    record: Record
    best: bool


@dataclass(frozen=True)
class Filmed:
    """A frame for the film was taken."""

    frame: Frame


Event = Stepped | HeldOut | Filmed


class Trainer:
    """A model, its optimizer and its data, standing at a step.

    Attributes:
        step: optimizer steps done.
        steps_per_epoch, total_steps: of this configuration and data.
        best: (step, target objective) of the best held-out evaluation so far, or None.
        notes: warnings about this run, a sentence each.
    """

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        training = config.training
        check_channels(config.data.corruption, dataset.image_shape[0])
        self.config = config
        self.dataset_digest = dataset.digest
        self.device = torch.device(device_of(training.device))
        self.images = batches.training_images(dataset, config.data.limit, config.data.binarize).to(self.device)
        self.batch_size = min(training.batch_size, len(self.images))
        self.steps_per_epoch = batches.steps_per_epoch(len(self.images), self.batch_size)
        self.total_steps = self.steps_per_epoch * training.epochs
        self.model = build_model(config.model, dataset.image_shape, training.seed).to(self.device)
        self.likelihood = build_likelihood(config.objective).to(self.device)
        if config.model.activation == "tanh":
            self._start_at_mean_image()
        self.objective = Objective(config.objective, self.steps_per_epoch)
        self.parameters = [*self.model.parameters(), *self.likelihood.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=training.lr, fused=True)
        self.camera = FrameRecorder(dataset, config, self.images)
        self.held_out = self.camera.held_out.to(self.device)
        self.held_out_inputs = self.camera.held_out_inputs.to(self.device)
        self.step = 0
        self.best: tuple[int, float] | None = None
        self.latest: dict[str, float] = {}
        self.window: deque[float] = deque(maxlen=WINDOW)
        self.notes: list[str] = []
        if self.batch_size < training.batch_size:
            self.note(f"The batch of {training.batch_size} images was cut to the {self.batch_size} that there are.")
        self._order: tuple[int, torch.Tensor] | None = None
        self._epsilon = torch.Generator(self.device)
        self._pixels = torch.Generator(self.device)
        self._corruption = torch.Generator(self.device)

    @property
    def epoch(self) -> float:
        """Passes over the training images, as a fraction."""
        return self.step / self.steps_per_epoch

    def images_in(self, step: int) -> int:
        """How many images the step that ended as number `step` has seen; the last of an epoch may be smaller."""
        last = step % self.steps_per_epoch == 0
        return len(self.images) - (self.steps_per_epoch - 1) * self.batch_size if last else self.batch_size

    def _start_at_mean_image(self) -> None:
        """As Burda et al. 2015 do: otherwise a tanh network first spends hundreds of steps on a plateau."""
        mean = batches.to_float(self.images[:MEAN_IMAGES]).mean(dim=0).clamp(MEAN_MARGIN, 1 - MEAN_MARGIN)
        start_at(self.model.decoder, self.likelihood.output_of(mean))

    def modules(self) -> dict[str, torch.nn.Module]:
        """What is trained, by the prefix of its weights in a file."""
        return {"model": self.model, "likelihood": self.likelihood}

    def batch(self) -> torch.Tensor:
        """The images of the step that comes next, (batch, channel, height, width) float32 in [0, 1]."""
        epoch, index = divmod(self.step, self.steps_per_epoch)
        if self._order is None or self._order[0] != epoch:
            order = batches.epoch_order(len(self.images), self.config.training.seed, epoch)
            self._order = (epoch, order.to(self.device))
        chosen = self._order[1][index * self.batch_size : (index + 1) * self.batch_size]
        images = batches.take(self.images, chosen)
        if self.config.data.binarize in ("none", "fixed"):
            return images
        pixels = self._pixels.manual_seed(seed_of(self.config.training.seed, Stream.PIXELS, self.step))
        return batches.binarize(images, self.config.data.binarize, pixels)

    def damaged(self, clean: torch.Tensor) -> torch.Tensor:
        """What the encoder sees of a batch: the images themselves, or of a denoising run damaged anew at each step."""
        data = self.config.data
        if not data.corruption:
            return clean
        draw = self._corruption.manual_seed(seed_of(self.config.training.seed, Stream.CORRUPTION, self.step))
        return corrupt_mixed(clean, data.corruption, data.levels, draw)

    def train_step(self) -> Record | None:
        """One optimizer step, and its record where this step is recorded.

        Raises:
            Diverged: the loss is beyond repair, and so are the weights that gave it, those of the update before.
                They are left as they are.
        """
        terms, loss = self._forward()
        value = loss.item()
        self._watch_loss(value)
        gradients = torch.autograd.grad(loss, self.parameters)  # into new memory: nothing to set to zero before
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizer.step()
        self.step += 1
        return self._record("train", value, *terms.means()) if self._is_recorded() else None

    def _forward(self) -> tuple[LossTerms, torch.Tensor]:
        """The terms of the objective and the loss, a scalar, of the batch that comes next."""
        target = self.batch()
        epsilon = self._epsilon.manual_seed(seed_of(self.config.training.seed, Stream.EPSILON, self.step))
        posterior = self.model.encode(self.damaged(target))
        output = self.model.decode(posterior.sample(epsilon))
        terms = self.objective.terms(self.likelihood, output, target, posterior)
        return terms, self.objective.loss(terms, self.step)

    @torch.no_grad()
    def next_loss(self) -> float:
        """The loss of the batch that comes next with the weights as they stand, which stay; nats per image."""
        return self._forward()[1].item()

    def check_weights(self) -> bool:
        """Looks at the loss of the next batch, as the next step will, before these weights are kept.

        Returns:
            Whether that loss is as usual: at most `WARN_FACTOR` times the usual one above it.

        Raises:
            Diverged: it is beyond repair.
        """
        return self._jump(self.next_loss()) <= WARN_FACTOR

    def _is_recorded(self) -> bool:
        """Every step of the first thousand, then every tenth, and the last."""
        return self.step <= DENSE_RECORDS or self.step % SPARSE_EVERY == 0 or self.step == self.total_steps

    def _record(self, split: str, loss: float, reconstruction: float, kl: float | None) -> Record:
        record: Record = {"split": split, "step": self.step, "epoch": round(self.epoch, 6), "loss": loss}
        record["reconstruction_nats"] = reconstruction
        if kl is not None:
            record |= {"kl_nats": kl, "beta": self.objective.beta_at(max(self.step - 1, 0))}
        return record

    def _watch_loss(self, loss: float) -> None:
        """Warns of a jump of the loss, and stops where it is beyond repair."""
        if self._jump(loss) > WARN_FACTOR:
            self.note("The loss jumped to more than ten times its usual value; a smaller learning rate is safer.")
        self.window.append(loss)

    def _jump(self, loss: float) -> float:
        """How far a loss lies above the usual one, the median of the last `WINDOW`, in multiples of it.

        Raises:
            Diverged: by more than `STOP_FACTOR`, or it is not finite.
        """
        usual = statistics.median(self.window) if self.window else loss
        jump = (loss - usual) / self.scale_of(usual)
        if not math.isfinite(loss) or jump > STOP_FACTOR:
            raise Diverged(self.step + 1, loss)
        return jump

    def scale_of(self, loss: float) -> float:
        """What jumps of a loss are measured in: its size, or where it is close to 0 a twentieth of a nat per pixel."""
        return max(abs(loss), 0.05 * math.prod(self.images.shape[1:]))

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def evaluate_held_out(self) -> Record:
        """The record of the fixed held-out images at this step; changes no state of training."""
        seed = self.config.training.seed
        reconstruction, kl = elbo_terms(
            self.model, self.likelihood, self.held_out, seed=seed, inputs=self.held_out_inputs
        )
        now = self.objective.value(reconstruction, kl, max(self.step - 1, 0))
        record = self._record("held-out", now, reconstruction, kl)
        return {**record, "target": self.objective.target(reconstruction, kl)}

    def look(self) -> HeldOut:
        """Evaluates the held-out images, and takes note of the best."""
        record = self.evaluate_held_out()
        target = record["target"]
        best = math.isfinite(target) and (self.best is None or target < self.best[1])
        if best:
            self.best = (self.step, target)
        names = ("loss", "reconstruction_nats", "kl_nats")  # and the step, as frames are taken between evaluations
        self.latest = {name: record[name] for name in names if name in record} | {"evaluated_step": float(self.step)}
        self._name_collapse(record["reconstruction_nats"])
        return HeldOut(record, best)

    def _name_collapse(self, reconstruction: float) -> None:
        """A loss that sits at the collapse line after the first epochs is named as such."""
        floor, collapse = self.camera.lines.get("floor", -math.inf), self.camera.lines["collapse"]
        # a density's floor is thousands of nats below, or absent: a healthy run only passes by the line
        scale = min(collapse - floor, 0.5 * self.held_out[0].numel())
        sits = abs(collapse - reconstruction) < 0.02 * scale
        sentence = (
            f"The reconstruction sits at the collapse line ({collapse:.1f} nats per image): the code carries nothing "
            "and every picture is the mean image; lower beta, or the learning rate."
        )
        if sits and self.step >= max(HELD_OUT_EVERY, self.steps_per_epoch):
            self.note(sentence)
        elif not sits and sentence in self.notes:
            self.notes.remove(sentence)

    def frame(self, *, spread: bool) -> Frame:
        """How the model sees the film's subjects now; `spread` adds the log-variances."""
        return self.camera.frame(self.model, self.likelihood, self.step, self.epoch, self.latest, spread=spread)


def train(trainer: Trainer) -> Iterator[Event]:
    """Trains to the end, from wherever the trainer stands, and tells what happens.

    Raises:
        Diverged: the loss is beyond repair, and so are the weights in the trainer; the caller keeps earlier ones.
    """
    frames = film_steps(trainer.total_steps)
    if trainer.step == 0:
        yield trainer.look()
        yield Filmed(trainer.frame(spread=False))
    while trainer.step < trainer.total_steps:
        record = trainer.train_step()
        step = trainer.step
        if is_held_out_step(step, trainer.steps_per_epoch, trainer.total_steps):
            yield trainer.look()
        if step in frames:
            yield Filmed(trainer.frame(spread=False))
        yield Stepped(step, record)


def is_held_out_step(step: int, steps_per_epoch: int, total_steps: int) -> bool:
    """Some early steps, then the ends of epochs at least `HELD_OUT_EVERY` steps apart, then the last step."""
    if step in FIRST_LOOKS or step == total_steps:
        return True
    every = steps_per_epoch * max(1, math.ceil(HELD_OUT_EVERY / steps_per_epoch))
    return step % every == 0


def check_device(asked: str) -> None:
    """Refuses a device that this machine does not have.

    Raises:
        ConfigError: there is no CUDA device.
    """
    if asked == "cuda" and not torch.cuda.is_available():
        raise ConfigError("There is no CUDA device here that torch can use; choose cpu or auto as the device.")


def device_of(asked: str) -> str:
    """The device that a configuration asks for; `auto` takes cuda where there is one. Raises as `check_device`."""
    check_device(asked)
    return ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked
