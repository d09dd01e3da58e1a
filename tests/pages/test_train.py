"""The Train page: dials and their error sentences, the buttons of each state, runs that are missing or damaged."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.common.errors import literal
from pages.common.session import RECORDED, manager
from vae_core.config import make_config
from vae_core.presets import PRESETS
from vae_core.storage.runs import Control, Run, Status, create_run, list_runs
from vae_core.training.driver import Driver

OpenPage = Callable[..., AppTest]
TINY = {"limit": 64, "epochs": 1, "hidden": "8"}


def _wait(run: Run, *states: str, seconds: float = 60.0) -> str:
    leave = time.monotonic() + seconds
    while time.monotonic() < leave:
        if run.state() in states:
            return run.state()
        time.sleep(0.05)
    raise AssertionError(f"{run.state()!r} after {seconds} s: {run.status()}")


def _button(page: AppTest, key: str):  # type: ignore[no-untyped-def]
    return next(button for button in page.button if button.key == key)


def _keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button if button.key}


def test_opens_with_the_defaults_and_a_recording(train_page: OpenPage) -> None:
    page = train_page()
    assert not page.exception and not page.error
    values = {widget.key: widget.value for widget in [*page.number_input, *page.selectbox] if widget.key}
    assert values["dataset"] == "mnist-sample"
    assert (values["latent"], values["beta"], values["epochs"], values["seed"]) == (2, 1.0, 20, 0)
    assert (values["lr"], values["batch_size"], values["likelihood"]) == (1e-3, 128, "bernoulli")
    assert {"train", "step"} <= _keys(page)
    assert any("1,580 steps of 128 images" in caption.value for caption in page.caption)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("latent", 0, "Latents must be 1 to 512, not 0."),
        ("beta", -1.0, "Beta β must be 0 to 1000, not -1.0."),
        ("lr", 5.0, "Learning rate must be above 0, at most 1, not 5.0."),
        ("epochs", 0, "Epochs must be 1 to 100000, not 0."),
    ],
)
def test_an_invalid_value_says_why_and_blocks_the_button(
    train_page: OpenPage, key: str, value: float, sentence: str
) -> None:
    page = train_page()
    next(widget for widget in page.number_input if widget.key == key).set_value(value).run()
    assert [error.value for error in page.error] == [literal(sentence)]
    assert _button(page, "train").disabled


def test_a_runs_notes_stand_beside_its_loss(train_page: OpenPage, runs: Path) -> None:
    run, sentence = create_run(runs, make_config(**TINY)), "Its code carries *nothing*."
    run.write_status(Status(state="done", step=1, total_steps=1, notes=(sentence,)))
    page = train_page(run=run.id)
    assert not page.exception
    assert any(literal(sentence) in words.value for words in page.markdown)


def test_invalid_hidden_sizes_are_one_sentence(train_page: OpenPage) -> None:
    page = train_page()
    next(widget for widget in page.text_input if widget.key == "hidden").set_value("256,x").run()
    assert len(page.error) == 1 and "Hidden sizes" in page.error[0].value


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_sets_the_dials_to_its_configuration(train_page: OpenPage, name: str) -> None:
    page = train_page()
    next(widget for widget in page.selectbox if widget.key == "preset").set_value(name).run()
    assert not page.exception and not page.error
    expected = PRESETS[name].config("mnist-sample").flat()
    shown = {widget.key: widget.value for widget in [*page.number_input, *page.selectbox] if widget.key in expected}
    assert {key: expected[key] for key in shown} == shown
    assert {"dataset", "model", "latent", "epochs", "lr", "encoder"} <= shown.keys()


def test_the_originals_learning_rate_earns_a_warning_and_an_offer(train_page: OpenPage) -> None:
    page = train_page()
    next(widget for widget in page.selectbox if widget.key == "preset").set_value("Original VAE").run()
    assert any("0.02" in warning.value for warning in page.warning)
    _button(page, "smaller_lr").click().run()
    assert next(widget for widget in page.number_input if widget.key == "lr").value == 1e-3
    assert not page.warning


def test_train_starts_a_run_and_puts_it_into_the_url(train_page: OpenPage, runs: Path) -> None:
    page = train_page()
    for key, value in {"limit": 64, "epochs": 1}.items():
        next(widget for widget in page.number_input if widget.key == key).set_value(value)
    page.run()
    _button(page, "train").click().run()
    assert not page.exception
    (run,) = list_runs(runs)[0]
    assert run.id in page.query_params["run"]
    assert run.control() == Control(rate=20.0, rate_until=200)
    assert _wait(run, "done") == "done"
    page.run()
    assert {"train", "step"} <= _keys(page) and "pause" not in _keys(page)
    assert not page.exception and not page.error


def test_step_starts_a_run_and_stops_after_one_step(train_page: OpenPage, runs: Path) -> None:
    page = train_page()
    _button(page, "step").click().run()
    (run,) = list_runs(runs)[0]
    _wait(run, "paused")
    assert run.status().step == 1
    page.run()
    assert {"go_on", "step", "stop"} <= _keys(page)
    _button(page, "step").click().run()
    leave = time.monotonic() + 20
    while run.status().step < 2 and time.monotonic() < leave:
        time.sleep(0.05)
    assert (run.status().step, _wait(run, "paused")) == (2, "paused")
    _button(page, "stop").click().run()
    assert _wait(run, "stopped") == "stopped"
    page.run()
    assert "resume" in _keys(page)


def test_sprites_of_a_size_that_is_not_listed_are_kept(train_page: OpenPage, runs: Path) -> None:
    """A run's own dataset is added to the dial's list, and its settings can be used."""
    create_run(runs, make_config(**TINY, dataset="sprites-28-600"), run_id="drawn").write_status(
        Status(state="stopped")
    )
    page = train_page(run="drawn")
    assert not page.exception and not page.error
    next(button for button in page.button if button.label == "Use this run's settings").click().run()
    assert not page.exception and not page.error
    dial = next(widget for widget in page.selectbox if widget.key == "dataset")
    assert dial.value == "sprites-28-600" and {"sprites", "sprites-64"} <= set(dial.options)
    assert any("600 training and 100 test images, Drawn by this program" in caption.value for caption in page.caption)


def test_a_run_that_is_gone_is_one_sentence(train_page: OpenPage) -> None:
    page = train_page(run="261124-000000-vae-mnist-0000")
    assert not page.exception
    assert len(page.error) == 1 and "There is no run" in page.error[0].value.replace("\\", "")
    assert {"train", "step"} <= _keys(page)


@pytest.mark.parametrize("name", ["../../etc/passwd", "..%2f..", "a\\b", "nul\0", "<img src=x onerror=alert(1)>"])
def test_a_hostile_address_is_one_sentence(train_page: OpenPage, name: str) -> None:
    page = train_page(run=name)
    assert not page.exception
    assert len(page.error) == 1 and "not a run id" in page.error[0].value


@pytest.mark.parametrize("file", ["status.json", "config.json", "metrics.jsonl", "film/subjects.npz"])
def test_a_damaged_run_is_one_sentence_and_the_others_stay(train_page: OpenPage, runs: Path, file: str) -> None:
    broken = create_run(runs, make_config(**TINY), run_id="broken")
    create_run(runs, make_config(**TINY), run_id="whole").write_status(Status(state="stopped"))
    broken.write_status(Status(state="stopped"))
    (broken.folder / "film").mkdir()
    (broken.folder / file).write_bytes(b'{"schema": 1, "step": \xff\n\n')
    page = train_page(run="broken")
    assert not page.exception
    assert len(page.error) == 1
    assert {"train", "step"} <= _keys(page)
    assert not train_page(run="whole").error


def test_hostile_names_are_shown_literally(train_page: OpenPage, runs: Path) -> None:
    name = "![](http://host/x.png) **bold** <b>"
    create_run(runs, make_config(**TINY), name=name, run_id="named").write_status(Status(state="stopped"))
    page = train_page(run="named")
    shown = [element.value for element in page.markdown if "host" in element.value]
    assert shown and all("\\!\\[\\]\\(http" in value and "\\*\\*bold" in value for value in shown)


def test_the_recording_is_not_listed_as_a_run(train_page: OpenPage) -> None:
    page = train_page()
    assert RECORDED not in [run.id for run in manager().active()]
    assert not any("Runs (" in expander.label for expander in page.expander)


def _corruption(page: AppTest):  # type: ignore[no-untyped-def]
    return next(widget for widget in page.multiselect if widget.key == "corruption")


def _level(page: AppTest):  # type: ignore[no-untyped-def]
    return next((widget for widget in page.text_input if widget.key == "level"), None)


def test_a_corruption_brings_its_level_and_the_note_on_clipping(train_page: OpenPage) -> None:
    page = train_page()
    assert _corruption(page).value == [] and _level(page) is None
    _corruption(page).set_value(["gaussian"]).run()
    assert not page.exception and not page.error
    assert _level(page).value == "0.3" and "0 to 1" in _level(page).help
    assert any("half of the noise is lost" in caption.value for caption in page.caption)
    _corruption(page).set_value(["low-resolution"]).run()
    assert _level(page).value == "3"
    _level(page).set_value("40").run()
    assert len(page.error) == 1 and "must be 1 to 16, not 40" in page.error[0].value
    assert _button(page, "train").disabled


def test_greyscale_needs_images_in_colour(train_page: OpenPage) -> None:
    page = train_page()
    _corruption(page).set_value(["greyscale"]).run()
    assert len(page.error) == 1 and "needs colour images" in page.error[0].value
    next(widget for widget in page.selectbox if widget.key == "dataset").set_value("coloured-mnist-sample").run()
    assert not page.exception and not page.error and _level(page) is None


def test_after_a_divergence_the_remedy_is_one_press(train_page: OpenPage, runs: Path) -> None:
    run = create_run(runs, make_config(architecture="mlp", limit=2000, epochs=3, lr=1.0), run_id="ruined")
    Driver(run).drive()
    page = train_page(run="ruined")
    assert not page.exception and len(page.error) == 1 and "try a smaller learning rate" in page.error[0].value
    status = run.status()
    assert status.state == "diverged" and any(f"step {status.step} of 48" in caption.value for caption in page.caption)
    assert "most likely diverge again" in _button(page, "resume").help
    assert _button(page, "remedy-main").label == "Train again with learning rate 0.001"
    _button(page, "remedy-main").click().run()
    assert not page.exception
    (new,) = [listed for listed in list_runs(runs)[0] if listed.id != "ruined"]
    assert new.config == run.config.changed(lr=1e-3) and new.id in page.query_params["run"]


def test_the_settings_of_training_are_dials_of_the_address(train_page: OpenPage, runs: Path) -> None:
    page = train_page(
        optimizer="adamw", weight_decay="0.01", lr_schedule="cosine", lr_warmup_epochs="1", clip="100", average="0.9",
        patience="3", augment=["shift"], likelihood="discretised-logistic", limit="64", epochs="2", hidden="8",
    )  # fmt: skip
    assert not page.exception and not page.error
    assert any("a probability of each of the 256 grey levels" in caption.value for caption in page.caption)
    assert any("A patience of 3 epochs never ends a training of 2" in words.value for words in page.warning)
    _button(page, "train").click().run()
    (run,) = list_runs(runs)[0]
    training = run.config.training
    assert (training.optimizer, training.weight_decay, training.lr_schedule) == ("adamw", 0.01, "cosine")
    assert (training.lr_warmup_epochs, training.clip, training.average, training.patience) == (1.0, 100.0, 0.9, 3.0)
    assert run.config.data.augment == ("shift",) and run.config.objective.likelihood == "discretised-logistic"
