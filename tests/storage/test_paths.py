from __future__ import annotations

from pathlib import Path

import pytest

from vae_core.errors import ConfigError
from vae_core.storage import paths


def test_root_is_the_project() -> None:
    assert (paths.PROJECT_ROOT / "vae_core" / "storage" / "paths.py").is_file()


def test_given_folder_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, named = tmp_path / "given", tmp_path / "named"
    given.mkdir()
    named.mkdir()
    monkeypatch.setenv(paths.DATA_VARIABLE, str(named))
    assert paths.data_folder(given) == given
    assert paths.data_folder() == named
    monkeypatch.delenv(paths.DATA_VARIABLE)
    assert paths.data_folder() == paths.PROJECT_ROOT / "data"


@pytest.mark.parametrize("name", ["nowhere", "a file", "x" * 300, "nul\0"])
def test_data_folder_that_is_not_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"^The data folder .* does not exist; create it or choose another one\.$"):
        paths.data_folder(tmp_path / name)
    if "\0" not in name:
        monkeypatch.setenv(paths.DATA_VARIABLE, str(tmp_path / name))
        with pytest.raises(ConfigError, match=paths.DATA_VARIABLE):
            paths.data_folder()


def test_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    assert paths.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv(paths.CACHE_VARIABLE)
    assert paths.cache_folder().is_absolute() and "latent-lab" in str(paths.cache_folder())


def test_runs_folder_is_made(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"
    assert paths.runs_folder(wanted) == wanted and wanted.is_dir()
    assert paths.runs_folder(wanted) == wanted
