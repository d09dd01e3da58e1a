"""The Learn page: every lesson opens and answers, the frame goes on and back, and the numbers are those of `vae_core`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.common.glossary import TERMS, slug
from pages.learn.glossary import SEEN_IN
from pages.learn.lessons import IDS, LESSONS, find
from vae_core.storage import paths
from vae_core.storage.measurements import EVALUATION
from vae_core.storage.runs import open_run

NAVIGATION = paths.PROJECT_ROOT / "pages" / "navigation.py"


@pytest.fixture(scope="module")
def opened() -> Iterator[Callable[..., AppTest]]:
    """Opens the page; what it loaded is kept from test to test, since nothing here may change it."""

    def open_page(**query: str) -> AppTest:
        test = AppTest.from_file(str(NAVIGATION), default_timeout=60).run()
        for name, value in query.items():
            test.query_params[name] = value
        return test.switch_page("learn/page.py").run()

    yield open_page


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs of this test alone; unlike the other pages' tests this one leaves the caches, which hold shipped models."""
    from pages.common.session import manager

    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("runs")))
    manager.clear()
    yield
    manager().close()
    manager.clear()


def words(page: AppTest) -> str:
    """All that is said, those below pictures too."""
    below = [
        words
        for html in page.get("html")
        for words in re.findall(r"<figcaption[^>]*>(.*?)</figcaption>", html.proto.body)
    ]
    return " ".join([element.value for element in [*page.markdown, *page.caption]] + below).replace("\\", "")


def components(page: AppTest) -> list[dict[str, Any]]:
    """The data of the components that take JSON."""
    elements = page.get("bidi_component")
    return [json.loads(element.proto.json) for element in elements if element.proto.WhichOneof("data") == "json"]


def links(page: AppTest, look: str) -> dict[str, dict[str, Any]]:
    """The links of that look, by their ids."""
    entries = next(element["entries"] for element in components(page) if element.get("look") == look)
    return {entry["id"]: entry for entry in entries}


def readings(page: AppTest) -> dict[str, str]:
    """What a chart's handle reads where it stands."""
    chart = next(element for element in components(page) if "panels" in element)
    return {name: texts[chart["start"]] for name, texts in chart["handle"]["readings"].items()}


def button(page: AppTest, key: str) -> Any:
    return next(element for element in page.button if element.key == key)


def of_address(page: AppTest, name: str) -> str:
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


@pytest.mark.parametrize("lesson", LESSONS, ids=IDS)
def test_a_lesson_opens_with_its_formula_question_answer_and_doors(opened: Callable[..., AppTest], lesson: Any) -> None:
    page = opened(lesson=lesson.id)
    assert not page.exception and not page.error and not page.info
    assert [title.value for title in page.title] == [f"{IDS.index(lesson.id) + 1}. {lesson.title}"]
    assert lesson.formula.split(r"\qquad")[0].strip() in "".join(element.value for element in page.markdown)
    said = words(page)
    assert lesson.question in said and "Every number is computed" in said
    answer = next(element.value for element in page.expander[-1].markdown)
    assert not re.search(r"\{\w+\}", answer)
    assert answer.split(" ")[:3] == lesson.answer.split(" ")[:3] or "{" in " ".join(lesson.answer.split(" ")[:3])


def test_an_unknown_lesson_is_said_and_the_first_is_shown(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="<b>nothing</b>")
    assert not page.exception
    assert "no lesson of that name" in page.info[0].value
    assert page.title[0].value == "1. The bottleneck"


def test_every_step_has_an_address_that_keeps_what_is_done(opened: Callable[..., AppTest]) -> None:
    page = opened(done="kl")
    previous, following = links(page, "steps").values()
    assert previous["off"] and not following["off"]
    assert following["address"] == "?lesson=loss&done=bottleneck%2Ckl" and following["key"] == "n"
    mark = links(page, "doors")["done"]
    assert mark["label"] == "Mark as done" and mark["address"] == "?lesson=bottleneck&done=bottleneck%2Ckl"
    page = opened(lesson="loss", done="bottleneck,kl,loss")
    assert f"3 of {len(IDS)} done" in words(page)
    assert links(page, "steps")["previous"]["address"] == "?lesson=bottleneck&done=bottleneck%2Closs%2Ckl"
    assert links(page, "doors")["done"] | {"label": "Done", "done": True} == links(page, "doors")["done"]
    assert links(page, "doors")["done"]["address"] == "?lesson=loss&done=bottleneck%2Ckl"


def test_the_last_lesson_has_no_next(opened: Callable[..., AppTest]) -> None:
    assert links(opened(lesson=IDS[-1]), "steps")["next"]["off"]


def test_a_teacher_goes_on_as_one_and_has_a_way_out(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="kl", teacher="true")
    assert not page.exception and "done" not in words(page)
    steps = links(page, "steps")
    assert steps["next"]["address"] == "?lesson=beta&done=kl&teacher=true" and steps["leave"]["address"] == "?lesson=kl"


def test_the_glossary_holds_every_term(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="glossary")
    assert not page.exception and all(f"**{term}.**" in words(page) for term in TERMS)
    assert list(TERMS) == sorted(TERMS, key=str.lower)


def test_one_term_of_the_glossary_is_opened_by_a_link(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="glossary", term="elbo")
    assert not page.exception and not page.info and page.subheader[0].value == "ELBO"
    assert TERMS["ELBO"] in [element.value for element in page.markdown]
    assert any("lesson “Beta”" in link.proto.label for link in page.get("page_link"))
    page = opened(lesson="glossary", term="<b>")
    assert "no term of that name" in page.info[0].value and not page.subheader
    assert len({slug(term) for term in TERMS}) == len(TERMS) and SEEN_IN.keys() <= TERMS.keys()
    assert set(SEEN_IN.values()) <= set(IDS)


@pytest.mark.parametrize(
    ("name", "term"), [("train", "elbo"), ("generate", "prior"), ("compare", "rate"), ("denoise", "psnr")]
)
def test_a_page_links_its_words_to_the_glossary(name: str, term: str) -> None:
    page = AppTest.from_file(str(NAVIGATION), default_timeout=60).run().switch_page(f"{name}/page.py").run()
    assert not page.exception
    links = [link.proto.query_string for link in page.get("page_link")]
    assert f"lesson=glossary&term={term}" in links


def test_more_latents_keep_more_of_an_image(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="bottleneck")

    def errors() -> list[float]:
        return [float(number) for number in re.findall(r"(?:autoencoder|PCA), error (0\.\d+)", words(page))]

    two = errors()
    next(element for element in page.select_slider if element.key == "latents").set_value(32).run()
    assert not page.exception and all(after < before for before, after in zip(two, errors(), strict=True))


def test_a_mean_over_pixels_multiplies_beta_and_a_copy_costs_the_floor(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="loss")
    assert "β against the sum over pixels: 1**" in words(page) and "the code is active" in words(page)
    page = opened(lesson="loss", reduction="mean over pixels")
    assert "β against the sum over pixels: 784** (1 × 784)" in words(page) and "the code has collapsed" in words(page)
    page = opened(lesson="loss", mix="1")
    here = readings(page)
    floor = re.search(r"image's floor, ([\d.]+) nats", words(page)).group(1)
    assert float(here["cross-entropy"].removesuffix(" nats per image")) == pytest.approx(float(floor), abs=0.06)
    assert here["half the squared error"] == "0 nats per image"


def test_epsilon_again_moves_z_and_a_larger_variance_moves_it_more(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="reparameterisation")

    def z() -> list[float]:
        return [float(number) for number in re.search(r"z = μ \+ σ ε \| (\S+) \| (\S+)", words(page)).groups()]

    def mean() -> list[float]:
        return [float(number) for number in re.search(r"\| μ \| (\S+) \| (\S+)", words(page)).groups()]

    first = z()
    button(page, "again").click().run()
    second = z()
    assert first != second
    next(element for element in page.slider if element.key == "raise").set_value(2.0).run()
    away = [abs(value - middle) for value, middle in zip(second, mean(), strict=True)]
    wider = [abs(value - middle) for value, middle in zip(z(), mean(), strict=True)]
    assert wider == pytest.approx([2.718 * value for value in away], abs=0.004)


def test_beyond_the_last_threshold_nothing_lives(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="collapse", beta_linear="7.0")
    assert not page.exception and not page.info and list(readings(page).values()) == ["0"]
    assert of_address(page, "beta_linear") == "7"


def test_a_handle_stands_where_the_address_says_or_nearest_and_a_word_is_refused(
    opened: Callable[..., AppTest],
) -> None:
    page = opened(lesson="known", threshold="0.0301")
    assert not page.info and of_address(page, "threshold") == "0.0300"
    page = opened(lesson="known", threshold="<b>high")
    assert not page.exception and "There is no threshold t '<b>high' here" in page.info[0].value.replace("\\", "")
    assert of_address(page, "threshold") == "0.0200"


def test_no_more_dimensions_live_than_the_model_has(opened: Callable[..., AppTest]) -> None:
    (alive,) = readings(opened(lesson="collapse", beta_linear="0.5")).values()
    assert alive == "20"  # more of the eigenvalues are above 0.5


def test_a_rate_that_no_jpeg_goes_down_to_has_no_payback(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="compression", step="6.0")
    assert "a lower quality than JPEG offers" in words(page) and "nothing to compare it with" in words(page)
    assert "images. And it only knows" not in words(page)


def test_a_coarser_step_costs_fewer_bits(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="compression")

    def rate() -> float:
        return float(re.search(r"Through the code: ([\d.]+) bits", words(page)).group(1))

    before = rate()
    next(element for element in page.select_slider if element.key == "step").set_value(3.0).run()
    assert not page.exception and rate() < before
    assert "no quality as low as this" in words(page)


def test_a_threshold_trades_finds_for_false_alarms(opened: Callable[..., AppTest]) -> None:
    def shares() -> list[float]:
        return [float(share.removesuffix("%")) for share in list(readings(page).values())[:2]]

    page = opened(lesson="known")
    before = shares()
    page = opened(lesson="known", threshold="0.04")
    assert all(after < share for share, after in zip(before, shares(), strict=True))
    next(element for element in page.selectbox if element.key == "unknown").set_value("empty").run()
    assert not page.exception and shares()[1] == 0.0


def test_neighbours_follow_the_image(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="neighbours")
    before = words(page)
    next(element for element in page.number_input if element.key == "image").set_value(100).run()
    assert not page.exception and words(page) != before


def test_every_lesson_has_a_module_and_every_number_a_source() -> None:
    known = json.loads((paths.PROJECT_ROOT / "pages" / "learn" / "figures.json").read_text())
    assert len(set(IDS)) == len(IDS) and find(None) is LESSONS[0]
    assert all((paths.PROJECT_ROOT / "pages" / "learn" / f"{lesson_id}.py").exists() for lesson_id in IDS)
    assert {"bottleneck", "loss", "holes", "kl", "collapse", "compression", "novelty", "neighbours"} <= known.keys()


def test_beta_shows_the_figures_that_are_kept_and_opens_the_same_runs_elsewhere(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="beta", at="16")
    runs = [open_run(paths.SHIPPED_RUNS, f"sweep-beta-{beta}-seed-{seed}") for beta in (1, 16) for seed in range(3)]
    rates = [EVALUATION.read(run).kl_nats for run in runs]
    said = f"the rate falls from {sum(rates[:3]) / 3:.1f} to {sum(rates[3:]) / 3:.1f} nats"
    assert any(said in element.value for element in page.expander[-1].markdown)
    doors = links(page, "doors").values()
    compare = next(door["address"] for door in doors if door["label"] == "Open the sweep in Compare")
    assert compare.startswith("compare?base=sweep-beta-16-seed-0") and "image=0" in compare
    assert any(door["label"] == "Train with β = 16" for door in doors)


def test_an_unknown_beta_in_the_address_is_the_first(opened: Callable[..., AppTest]) -> None:
    page = opened(lesson="beta", at="<b>")
    assert not page.exception and not page.error and of_address(page, "at") == "1"


def test_the_lessons_models_are_in_generate_only_by_the_address() -> None:
    from pages.common.opened_model import choices, open_model

    st.cache_data.clear()
    assert not any(name.startswith(("learn-", "sweep-")) for name in choices())
    assert open_model("learn-ae-8").run.id == "learn-ae-8"
