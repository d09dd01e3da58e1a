from __future__ import annotations

from pathlib import Path

import pytest

from vae_core.errors import ConfigError
from vae_core.storage import places


def test_root_is_the_project() -> None:
    assert (places.PROJECT_ROOT / "vae_core" / "storage" / "places.py").is_file()


def test_given_folder_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, named = tmp_path / "given", tmp_path / "named"
    given.mkdir()
    named.mkdir()
    monkeypatch.setenv(places.DATA_VARIABLE, str(named))
    assert places.data_folder(given) == given
    assert places.data_folder() == named
    monkeypatch.delenv(places.DATA_VARIABLE)
    assert places.data_folder() == places.PROJECT_ROOT / "data"


@pytest.mark.parametrize("name", ["nowhere", "a file", "x" * 300, "nul\0"])
def test_data_folder_that_is_not_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"^The data folder .* is not there; make it or name another one\.$"):
        places.data_folder(tmp_path / name)
    if "\0" not in name:
        monkeypatch.setenv(places.DATA_VARIABLE, str(tmp_path / name))
        with pytest.raises(ConfigError, match=places.DATA_VARIABLE):
            places.data_folder()


def test_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.CACHE_VARIABLE, str(tmp_path / "cache"))
    assert places.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv(places.CACHE_VARIABLE)
    assert places.cache_folder().is_absolute() and "latent-lab" in str(places.cache_folder())


def test_runs_folder_is_made(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"
    assert places.runs_folder(wanted) == wanted and wanted.is_dir()
    assert places.runs_folder(wanted) == wanted
