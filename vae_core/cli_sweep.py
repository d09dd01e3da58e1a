"""The command that trains one set-up for several values of one field, each with the same seeds."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vae_core.cli_app import DataDir, Json, Runs, app, print_result, table_of
from vae_core.cli_options import Report, config_options, progress_bar, take_config
from vae_core.cli_signals import Interrupts
from vae_core.config import RunConfig, make_config
from vae_core.errors import ConfigError
from vae_core.storage import files, paths
from vae_core.storage.runs import Run
from vae_core.training.scheduler import Trust, check_address

if TYPE_CHECKING:
    from vae_core.training.cluster import Cluster
    from vae_core.training.manager import Manager
    from vae_core.training.sweep import Progress, Sweep

POLL_SECONDS = 0.1
MAX_WORKERS = 256
SHOWN = {
    "seed": "seed", "reconstruction_nats": "distortion", "kl_nats": "rate", "negative_elbo_nats": "-ELBO",
    "active_units": "active", "mse_per_pixel": "MSE", "state": "state",
}  # fmt: skip
"""Columns of the table for people, all in nats per image but the last three."""
FIGURES = (
    "images", "reconstruction_nats", "kl_nats", "negative_elbo_nats", "floor_nats", "active_units", "kl_per_dimension",
    "mse_per_pixel",
)  # fmt: skip
"""The keys of `evaluate`; null for a run that did not get done."""


@app.command()
@config_options
def sweep(
    ctx: typer.Context,
    betas: Annotated[str | None, typer.Option("--betas", metavar="LIST", help="Values of beta, such as 1,2,4.")] = None,
    seeds: Annotated[str | None, typer.Option("--seeds", metavar="LIST", help="One run of each value a seed.")] = None,
    field: Annotated[
        str | None, typer.Option("--field", metavar="NAME", help="Another field in beta's place, such as latent.")
    ] = None,
    values: Annotated[
        str | None, typer.Option("--values", metavar="LIST", help="Its values; sizes of hidden are parted by ';'.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Runs at once. Default: one a core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Train on this Dask cluster, not here.")
    ] = None,
    trust_network: Annotated[
        bool, typer.Option("--trust-network", help="The network is my own: a plain tcp:// scheduler elsewhere is fine.")
    ] = False,
    tls_ca: Annotated[
        Path | None, typer.Option("--tls-ca", metavar="FILE", help="For tls://: the authority's certificate, PEM.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="For tls://: this machine's certificate, PEM.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="For tls://: this machine's private key, PEM.")
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Train nothing; print one 'train' command a run, for job arrays.")
    ] = False,
    runs: Runs = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> int:
    """Train one set-up for several betas and seeds; what was trained before is found again. Ctrl-C stops all, saved."""
    from vae_core.training.sweep import split_values, sweep_configs

    name, listed = _asked(betas, field, values)
    if workers is not None and not 1 <= workers <= MAX_WORKERS:
        raise ConfigError(f"--workers must be 1 to {MAX_WORKERS}, not {workers}.")
    if seeds is not None and (ctx.obj or {}).get("seed") is not None:
        raise ConfigError("Give --seeds or --seed, not both.")
    trust = Trust(trust_network, tls_ca, tls_cert, tls_key)
    _check_place(scheduler, trust, workers)
    root = paths.runs_folder(runs)
    base = take_config(ctx, parent=None, root=root)
    chosen = [base.training.seed] if seeds is None else split_values(seeds)
    configs = sweep_configs(base, name, split_values(listed, name), chosen)
    if print_only:
        lines = [train_command(config, runs, data_dir) for config in configs]
        if as_json:
            print_result({"commands": lines}, as_json, str)
        else:
            print("\n".join(lines))  # as they are: a terminal's width must not break a line of a script
        return 0
    place = (
        (lambda: _local(root, data_dir, workers, base.training.device))
        if scheduler is None
        else (lambda: _cluster(root, data_dir, scheduler, trust))
    )
    return _train_all(name, configs, root, data_dir, place, as_json)


def _check_place(scheduler: str | None, trust: Trust, workers: int | None) -> None:
    """What goes with a scheduler and what does not, before anything else is looked at."""
    if scheduler is not None:
        if workers is not None:
            raise ConfigError("--workers is for this machine; a cluster has the workers that it has, so leave it out.")
        check_address(scheduler, trust)
    elif trust != Trust():
        raise ConfigError(
            "--trust-network, --tls-ca, --tls-cert and --tls-key go with --scheduler, such as tls://host:8786."
        )


def _local(root: Path, data_dir: Path | None, workers: int | None, device: str) -> Manager:
    from vae_core.training.loop import check_device
    from vae_core.training.manager import Manager

    check_device(device)
    return Manager(root, data_dir=data_dir, slots=workers, adopt=False)


def _cluster(root: Path, data_dir: Path | None, scheduler: str, trust: Trust) -> Cluster:
    from vae_core.training.cluster import Cluster

    return Cluster(root, scheduler, trust=trust, data_dir=data_dir)


def _asked(betas: str | None, field: str | None, values: str | None) -> tuple[str, str]:
    """Which field, and its values as they were typed."""
    if (betas is None) == (field is None):
        raise ConfigError(
            "Give --betas, such as 1,2,4, or --field and --values, such as --field latent --values 2,4,8."
        )
    if (field is None) != (values is None):
        raise ConfigError("--field and --values go together, such as --field latent --values 2,4,8.")
    return ("beta", betas) if betas is not None else (str(field), str(values))


def train_command(
    config: RunConfig,
    runs: Path | None = None,
    data_dir: Path | None = None,
    always: tuple[str, ...] = ("beta", "seed"),
) -> str:
    """The `train` command that makes just this run, quoted for a shell; defaults are left out unless named in `always`."""
    usual = make_config(architecture=config.model.architecture).flat()
    words = ["python", "-m", "vae_core", "train"]
    for name, value in config.flat().items():
        if name in always or value != usual[name] or (name == "architecture" and value != "mlp"):
            text = ",".join(map(str, value)) or "none" if isinstance(value, tuple) else _number(value)
            words += [f"--{name.replace('_', '-')}", text]
    for option, given in (("--from", config.parent), ("--runs", runs), ("--data-dir", data_dir)):
        words += [option, str(given)] if given is not None else []
    return shlex.join(words)


def _number(value: object) -> str:
    """Numbers to the last digit, as the configuration holds them: 1 for 1.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _train_all(
    field: str,
    configs: list[RunConfig],
    root: Path,
    data_dir: Path | None,
    place: Callable[[], Manager | Cluster],
    as_json: bool,
) -> int:
    from vae_core.data import datasets
    from vae_core.training.sweep import Sweep

    with progress_bar("loading") as report:
        for name in dict.fromkeys(config.data.dataset for config in configs):
            datasets.load_dataset(name, data_dir, report)
    manager = place()
    try:
        with progress_bar("training") as report:
            swept = Sweep.start(manager, configs, _roots(root))
            _wake(swept)
            interrupts = Interrupts()
            progress = _wait(swept, report, interrupts)
            rows = [
                _row(field, member.run, member.state, data_dir, report, index / progress.total)
                for index, member in enumerate(progress.members)
            ]
    finally:
        manager.close()
    print_result({"field": field, "runs": rows}, as_json, lambda: table_of([short(row, field) for row in rows]))
    for member in progress.members:
        if member.state != "done":
            print(
                member.message or f"The run {member.run.id} was {member.state}; run the sweep again to go on.",
                file=sys.stderr,
            )
    interrupts.end()
    return 0 if progress.done == progress.total else 1


def _roots(root: Path) -> list[Path]:
    return [root] if root.resolve() == paths.SHIPPED_RUNS.resolve() else [root, paths.SHIPPED_RUNS]


def _wake(swept: Sweep) -> None:
    """Has the paused ones go on that no process holds: nobody else would wake them."""
    for member in swept.progress().members:
        if member.state == "paused" and not files.is_locked(member.run.lock_path):
            swept.executor.resume(member.run)


def _wait(swept: Sweep, report: Report, interrupts: Interrupts) -> Progress:
    """Until nothing more will happen; an interrupt has all stop after their step, all saved, and a second one ends this."""
    stopped = False
    while True:
        progress = swept.progress()
        if interrupts.received is not None and not stopped:
            stopped = True
            swept.stop()
        elif progress.over and not swept.executor.active():  # the last processes have left as well
            return progress
        report(str(progress), progress.share)
        time.sleep(POLL_SECONDS)


def _row(field: str, run: Run, state: str, data_dir: Path | None, report: Report, share: float) -> dict[str, Any]:
    """What is told of one run; without its figures where it has none."""
    from vae_core.evaluation.figures import figures_of

    config = run.config
    row = {"beta": config.objective.beta, "seed": config.training.seed, "run": str(run.folder), "state": state}
    if field != "beta":
        row[field] = config.flat()[field]
    if state != "done":
        return {**row, **dict.fromkeys(FIGURES)}
    report(f"evaluating {run.id}", share)
    return {**row, **figures_of(run, data_dir=data_dir)}


def short(row: dict[str, Any], field: str) -> dict[str, Any]:
    """A line of the table for people."""
    from vae_core.evaluation.findings import shown_value

    told = {field: shown_value(row[field])}
    for name, title in SHOWN.items():
        value = row[name]
        told[title] = f"{value:.4f}" if isinstance(value, float) else shown_value(value)
    return told
