"""The commands that hold a model against a yardstick, as a person or a program calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.untrained import saved, untrained
from vae_core.cli import main
from vae_core.storage import paths
from vae_core.storage.runs import Run


@pytest.fixture
def vae(runs_root: Path) -> Run:
    return saved(runs_root, "vae", untrained())


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object) -> dict[str, Any]:
        assert main([*map(str, arguments), "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == "" and out.count("\n") == 1
        found: dict[str, Any] = json.loads(out)
        return found

    return run


def test_compress_gives_every_codec(call: Any, vae: Run) -> None:
    found = call("compress", vae.folder, "--images", 20)
    assert (found["run"], found["images"], found["latents"]) == (str(vae.folder), 20, 3)
    codecs = {point["codec"] for point in found["points"]}
    assert codecs == {"model", "PCA", "JPEG", "JPEG mosaic", "PNG", "PNG mosaic"}
    assert len(found["payback"]) == sum(point["codec"] == "model" for point in found["points"])
    assert found["decoder_bytes"] > 0 and found["pca_bytes"] > 0


def test_compress_without_json_is_a_table(vae: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compress", str(vae.folder), "--images", "20"]) == 0
    out = capsys.readouterr().out
    assert "bits per pixel" in out and "JPEG mosaic" in out and "lossless" in out


def test_collapse_gives_falling_thresholds_and_counts(call: Any) -> None:
    found = call("collapse", "--likelihood", "gaussian", "--sigma", 0.5, "--beta", 4)
    thresholds = found["thresholds"]
    assert len(thresholds) == 784 and thresholds == sorted(thresholds, reverse=True)
    assert found["kept"] == sum(value > 4 for value in thresholds) > 5
    assert call("collapse")["kept"] is None


def test_the_commands_agree_with_the_lessons(call: Any) -> None:
    """The figures that the lessons show are those of the command line."""
    shown = json.loads((paths.PROJECT_ROOT / "pages" / "learn" / "figures.json").read_text())
    for name in ("gaussian", "bernoulli"):
        first = call("collapse", "--likelihood", name)["thresholds"][: len(shown["collapse"][name])]
        assert first == pytest.approx(shown["collapse"][name], rel=1e-4)
    found = call("compress", "learn-ae-8", "--runs", paths.SHIPPED_RUNS, "--dataset", "mnist-sample")
    expected = shown["compression"]["learn-ae-8"]
    assert found["decoder_bytes"] == expected["decoder_bytes"]
    assert (found["pca_images"], expected["pca_images"]) == (
        10_000,
        60_000,
    )  # those of the sample, and of the model's own set
    for one, other in zip(found["points"], expected["points"], strict=True):
        if one["codec"] == "PCA":
            continue
        assert one["bits_per_pixel"] == pytest.approx(other["bits_per_pixel"], rel=1e-3)
        assert one["psnr"] == pytest.approx(other["psnr"], abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compress", "nobody"), "no run"),
        (("compress", "vae", "--images", "0"), "--images must be at least 1, not 0"),
        (("compress", "vae", "--dataset", "nothing"), "no dataset called 'nothing'"),
        (("collapse", "--dataset", "nothing"), "no dataset called 'nothing'"),
        (("collapse", "--likelihood", "cauchy"), "--likelihood, --sigma and --beta"),
        (("collapse", "--sigma", "0"), "--likelihood, --sigma and --beta"),
        (("collapse", "--beta", "-1"), "--likelihood, --sigma and --beta"),
    ],
)
def test_a_bad_request_is_one_sentence(
    vae: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    runs = ("--runs", str(vae.folder.parent)) if arguments[0] == "compress" else ()
    assert main([*arguments, *runs, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and err.count("\n") == 1
