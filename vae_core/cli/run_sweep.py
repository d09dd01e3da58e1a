"""The command that trains several values of one setting, each with the same seeds."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vae_core.cli.bring_in import bring_in
from vae_core.cli.config_options import ConfigOptions, train_command
from vae_core.cli.options import DataDir, Json, OptionGroup, Runs, expand_options, in_range
from vae_core.cli.output import Report, print_result, progress_bar, table_of
from vae_core.cli.signals import Interrupts
from vae_core.config import RunConfig
from vae_core.errors import ConfigError
from vae_core.evaluation.findings import shown_value
from vae_core.evaluation.run_figures import figures_of
from vae_core.figures import FIGURES
from vae_core.storage import files, paths
from vae_core.storage.measurements import Figures, evaluate_command
from vae_core.storage.runs import Run
from vae_core.storage.states import State
from vae_core.training.manager import Manager
from vae_core.training.scheduler import Trust, check_address
from vae_core.training.sweep import Progress, Sweep, split_values, sweep_configs

if TYPE_CHECKING:
    from vae_core.training.cluster import Cluster

POLL_SECONDS = 0.1
MAX_WORKERS = 256
SHOWN = ("reconstruction_nats", "kl_nats", "negative_elbo_nats", "active_units", "mse_per_pixel")
"""The figures in the table."""

app = typer.Typer(rich_markup_mode=None)


@dataclass(frozen=True)
class Grid(OptionGroup):
    """The setting that differs between the runs of a sweep, its values, and the seeds."""

    betas: Annotated[str | None, typer.Option("--betas", metavar="LIST", help="Values of beta, such as 1,2,4.")] = None
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="LIST", help="Train each value once with each of these seeds.")
    ] = None
    field: Annotated[
        str | None, typer.Option("--field", metavar="NAME", help="Vary this setting instead of beta, such as latent.")
    ] = None
    values: Annotated[
        str | None,
        typer.Option("--values", metavar="LIST", help="The values of --field. Those of hidden are separated by ';'."),
    ] = None

    def setting(self) -> tuple[str, str]:
        """The name of the setting, and its values as typed."""
        if (self.betas is None) == (self.field is None):
            raise ConfigError(
                "Give --betas, such as 1,2,4, or --field and --values, such as --field latent --values 2,4,8."
            )
        if (self.field is None) != (self.values is None):
            raise ConfigError("--field and --values go together, such as --field latent --values 2,4,8.")
        return ("beta", self.betas) if self.betas is not None else (str(self.field), str(self.values))


@dataclass(frozen=True)
class Machines(OptionGroup):
    """Where the runs train: on this machine, or on a Dask cluster."""

    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", callback=in_range(1, MAX_WORKERS), help="How many runs train at once. Default: one per core."
        ),
    ] = None
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Train on this Dask cluster instead of here.")
    ] = None
    trust_network: Annotated[
        bool,
        typer.Option(
            "--trust-network", help="Accept a plain tcp:// scheduler on another machine of a network you trust."
        ),
    ] = False
    tls_ca: Annotated[
        Path | None, typer.Option("--tls-ca", metavar="FILE", help="For tls://: the certificate authority, as PEM.")
    ] = None
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="For tls://: this machine's certificate, as PEM.")
    ] = None
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="For tls://: this machine's private key, as PEM.")
    ] = None

    @property
    def trust(self) -> Trust:
        return Trust(self.trust_network, self.tls_ca, self.tls_cert, self.tls_key)

    def check(self) -> None:
        """Refuses contradictory options, before anything else is read."""
        if self.scheduler is not None:
            if self.workers is not None:
                raise ConfigError(
                    "--workers applies to this machine only; a cluster brings its own workers, so leave it out."
                )
            check_address(self.scheduler, self.trust)
        elif self.trust != Trust():
            raise ConfigError(
                "--trust-network, --tls-ca, --tls-cert and --tls-key go with --scheduler, such as tls://host:8786."
            )

    def executor(self, root: Path, data_dir: Path | None, device: str) -> Manager | Cluster:
        """The cluster, or the manager of this machine, that trains the runs under `root`."""
        from vae_core.training.cluster import Cluster
        from vae_core.training.device import check_device

        if self.scheduler is not None:
            return Cluster(root, self.scheduler, trust=self.trust, data_dir=data_dir)
        check_device(device)
        return Manager(root, data_dir=data_dir, slots=self.workers, adopt=False)


@app.command()
@expand_options
def sweep(
    settings: ConfigOptions,
    grid: Grid,
    machines: Machines,
    print_only: Annotated[
        bool, typer.Option("--print", help="Train nothing. Print one 'train' command per run, for job arrays.")
    ] = False,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Train several betas, or values of another setting, with several seeds each.

    Runs that were trained before are reused. Ctrl-C stops all runs, with everything saved.
    """
    name, values = grid.setting()
    if grid.seeds is not None and "seed" in settings.given:
        raise ConfigError("Give --seeds or --seed, not both.")
    machines.check()
    root = paths.runs_folder(runs)
    bring_in(settings, data_dir, but=name)
    base = settings.config(root, data_dir=data_dir)
    seeds = [base.training.seed] if grid.seeds is None else split_values(grid.seeds)
    configs = sweep_configs(base, name, split_values(values, name), seeds)
    if print_only:
        lines = [train_command(config, runs, data_dir) for config in configs]
        if as_json:
            print_result({"commands": lines}, as_json, str)
        else:
            print("\n".join(lines))  # not through the console, which would wrap the lines of a script
        return 0
    return _train_all(name, configs, machines, root, data_dir, as_json)


def _train_all(
    field: str,
    configs: list[RunConfig],
    machines: Machines,
    root: Path,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Trains all runs, prints their figures, and returns the exit status."""
    from vae_core.data import datasets

    with progress_bar("loading") as report:
        for name in dict.fromkeys(config.data.dataset for config in configs):
            datasets.load_dataset(name, data_dir, report)
    manager = machines.executor(root, data_dir, configs[0].training.device)
    try:
        with progress_bar("training") as report:
            swept = Sweep.start(manager, configs, _roots(root))
            _resume_abandoned(swept)
            interrupts = Interrupts()
            progress = _wait(swept, report, interrupts)
            rows = [
                _row(field, member.run, member.state, data_dir, report, index / progress.total)
                for index, member in enumerate(progress.members)
            ]
    finally:
        manager.close()
    print_result({"field": field, "runs": rows}, as_json, lambda: table_of([table_row(row, field) for row in rows]))
    for member in progress.members:
        if member.state is not State.DONE:
            print(
                member.message or f"The run {member.run.id} was {member.state}; run the sweep again to continue.",
                file=sys.stderr,
            )
    interrupts.end()
    return 0 if progress.done == progress.total else 1


def _roots(root: Path) -> list[Path]:
    return [root] if root.resolve() == paths.SHIPPED_RUNS.resolve() else [root, paths.SHIPPED_RUNS]


def _resume_abandoned(swept: Sweep) -> None:
    """Resumes paused runs that no process holds, since nothing else would."""
    for member in swept.progress().members:
        if member.state is State.PAUSED and not files.is_locked(member.run.lock_path):
            swept.executor.resume(member.run)


def _wait(swept: Sweep, report: Report, interrupts: Interrupts) -> Progress:
    """Waits until all runs have ended.

    An interrupt stops every run after its current step, with everything saved; a second one ends the wait.
    """
    stopped = False
    while True:
        progress = swept.progress()
        if interrupts.received is not None and not stopped:
            stopped = True
            swept.stop()
        elif progress.over and not swept.executor.active():  # their processes have ended as well
            return progress
        report(str(progress), progress.share)
        time.sleep(POLL_SECONDS)


def _row(field: str, run: Run, state: State, data_dir: Path | None, report: Report, share: float) -> dict[str, Any]:
    """One run as JSON; its figures are null if it is not done."""
    config = run.config
    row = {"beta": config.objective.beta, "seed": config.training.seed, "run": str(run.folder), "state": state}
    if field != "beta":
        row[field] = config.flat()[field]
    if state is not State.DONE:
        return {**row, **dict.fromkeys(Figures.model_fields)}
    report(f"evaluating {run.id}", share)
    figures = figures_of(run, data_dir=data_dir)
    return {**row, **figures.model_dump(mode="json", exclude_unset=True), "command": evaluate_command(run, figures)}


def table_row(row: dict[str, Any], field: str) -> dict[str, Any]:
    """One run as a row of the table."""
    figures = {FIGURES[name].column: FIGURES[name].text(row[name]) for name in SHOWN}
    return {field: shown_value(row[field]), "seed": str(row["seed"]), **figures, "state": row["state"]}
