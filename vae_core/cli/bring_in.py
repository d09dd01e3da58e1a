"""`--dataset PATH` of `train` and `sweep`: imports the pictures, or finds the same import again, and suits the settings."""

from __future__ import annotations

import os
from pathlib import Path

from vae_core.cli.config_options import ConfigOptions
from vae_core.cli.output import print_note, progress_bar
from vae_core.cli.signals import Interrupts
from vae_core.data import catalogue
from vae_core.data.own import picture_import, stored
from vae_core.data.own.import_settings import ImportSettings
from vae_core.data.own.suited import suited
from vae_core.errors import JobFailed
from vae_core.storage import paths


def bring_in(settings: ConfigOptions, data_dir: Path | None, *, choose: bool = True, but: str = "") -> None:
    """Replaces the path of pictures in the options by the name of their dataset, importing them first with the defaults.

    For an imported dataset, settings that were not given are chosen to suit it, and notes on standard error say which.

    Args:
        settings: the options.
        data_dir: the folder of the datasets; None for the usual one.
        choose: whether to choose settings.
        but: the name of a setting that is never chosen.

    Raises:
        LatentLabError: like `picture_import.add`.
    """
    name = settings.given.get("dataset", "")
    data_folder = paths.data_folder(data_dir)
    source = None if name in catalogue.SOURCES else stored.find_source(name, data_folder)
    is_path = source is None or name not in (source.name, *source.manifest.former_names)
    if name and is_path and os.path.exists(name) and _is_pictures(name, data_dir):  # noqa: PTH110  (may be too long)
        source = _imported(Path(name), data_folder)
    if source is None:
        return
    settings.given["dataset"] = source.name
    if choose:
        found = suited(source.manifest.summary)
        given = {*settings.given, but}
        if given & {"architecture", "hidden"}:
            given |= {"architecture", "hidden"}
        chosen = {field: value for field, value in found.values.items() if field not in given}
        for reason in found.reasons:
            if not reason.startswith("--") or reason.split()[0].removeprefix("--").replace("-", "_") in chosen:
                print_note(reason)
        settings.given |= {
            field: ",".join(value) if isinstance(value, tuple) else str(value) for field, value in chosen.items()
        }


def _is_pictures(name: str, data_dir: Path | None) -> bool:
    """Whether a path is not a dataset by itself, as a file of dSprites' form is."""
    return name not in catalogue.SOURCES and all(family(name) is None for family in catalogue.FAMILIES)


def _imported(path: Path, data_folder: Path) -> stored.OwnSource:
    interrupts = Interrupts()
    with progress_bar("importing") as report:
        outcome = picture_import.add_or_find(
            path, ImportSettings(), data_folder, report=report, stopped=lambda: interrupts.received is not None
        )
    interrupts.release()
    if outcome is None:
        interrupts.end()
        raise JobFailed("The import was stopped; the same command goes on.")
    summary, name = outcome.source.manifest.summary, outcome.source.name
    if outcome.is_new:
        print_note(
            f"Imported {summary.train + summary.test:,} pictures as the dataset {name!r}, {summary.test:,} of them held out; "
            f"'datasets add' has choices for size, colours and fit."
        )
        for note in outcome.notes:
            print_note(note)
        if outcome.rejected:
            first = outcome.rejected[0]
            print_note(f"Not used, {len(outcome.rejected):,} in all, such as {first.file!r}: {first.reason}")
    else:
        print_note(f"These pictures were imported before, as the dataset {name!r}.")
    return outcome.source
