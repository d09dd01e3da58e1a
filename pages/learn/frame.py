"""Around a lesson: the list of lessons with what is done, previous and next, doors to other pages, the teacher's mode."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from pages.common.components.links import Entry, link_list
from pages.common.glossary import GLOSSARY, TERM_PARAMETER
from pages.learn.lessons import IDS, LESSONS, Lesson, Link

DONE_PARAMETER = "done"
TEACHER_PARAMETER = "teacher"
TEACHER_HELP = "Larger type, one lesson full screen; N goes on, P goes back."
GOING = "learn_going"
"""In the session: the door that was chosen."""
_TEACHER = """
<style>
  :root { font-size: 125%; }
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stExpandSidebarButton"] { display: none; }
  .stMainBlockContainer { padding-top: 1rem; }
</style>
"""
"""All that is measured in the root's letters grows with them: words, controls, pictures, and the charts' own letters."""
_STYLE = """
<style>
  .stMainBlockContainer [data-testid="stMarkdownContainer"] > p { max-width: 62rem; }
  .tiles { display: flex; flex-wrap: wrap; gap: 0.75rem 1rem; }
  .picture { margin: 0 0 0.9rem; }
  .tiles .picture, .picture:last-child { margin: 0; }
  .picture figcaption { margin-top: 0.35rem; font-size: 0.875rem; opacity: 0.6; }
  .stMainBlockContainer p .katex { font-size: 1.08em; }
  .stMainBlockContainer .st-key-words p:nth-last-child(2) {
    display: flex; flex-wrap: wrap; align-items: center; justify-content: center; gap: 0.3rem 4rem; max-width: none;
  }
  .st-key-words p:nth-last-child(2) .katex { max-width: 100%; padding: 0.15rem 0; overflow: auto hidden; font-size: 1.21em; }
</style>
"""


def frame_style(teaching: bool) -> None:
    """The lessons' look; larger and without what is around them where a teacher shows them."""
    st.html(_STYLE + (_TEACHER if teaching else ""))


def contents(current: str) -> None:
    """A link for each lesson, ticked where it is done, for the glossary, and for a teacher."""
    done = _done()
    st.caption(f"{len(done)} of {len(LESSONS)} done")
    titles = {lesson.id: f"{number}. {lesson.title}" for number, lesson in enumerate(LESSONS, start=1)}
    entries = [
        Entry(one, label, _address(one), done=None if one == GLOSSARY else one in done, here=one == current)
        for one, label in {**titles, GLOSSARY: "Glossary"}.items()
    ]
    entries.append(Entry(TEACHER_PARAMETER, "Teacher's mode", _address(current, True), help=TEACHER_HELP))
    link_list(key="contents", label="Lessons", entries=entries, on_chosen=_go)


def words(lesson: Lesson) -> str:
    """The lesson's text, its formulas and its question as one piece of Markdown, which a browser draws sooner than three."""
    formulas = " ".join(rf"$\displaystyle {part.strip()}$" for part in lesson.formula.split(r"\qquad"))
    return f"{lesson.text}\n\n{formulas}\n\n:material/touch_app: **Try it.** {lesson.question}"


def steps(lesson: Lesson, teaching: bool) -> None:
    """Previous and next, by a click or by the keys P and N; out of the teacher's mode. Going on says that a lesson is done."""
    at = IDS.index(lesson.id)
    before, after = IDS[max(0, at - 1)], IDS[min(at + 1, len(IDS) - 1)]

    def choose(step: str) -> None:
        if step == "leave":
            del st.query_params[TEACHER_PARAMETER]
        elif step == "next":
            _mark(lesson.id, True)
            _go(after)
        else:
            _go(before)

    entries = [
        Entry("previous", "Previous", _address(before, teaching), key="p", off=at == 0, mark="←"),
        Entry("next", "Next", _address(after, teaching, {lesson.id}), key="n", off=after == lesson.id, mark="→"),
    ]
    if teaching:
        entries.append(Entry("leave", "Leave", _address(lesson.id), mark="✕"))
    link_list(key="steps", label="Back and on", entries=entries, on_chosen=choose, look="steps")


def doors(lesson: Lesson, links: Sequence[Link], teaching: bool) -> None:
    """Links to other pages in the state that the lesson is in, and a tick for having worked through it."""
    done = lesson.id in _done()

    def choose(chosen: str) -> None:
        if chosen == DONE_PARAMETER:
            _mark(lesson.id, not done)
        else:
            st.session_state[GOING] = links[int(chosen)]

    entries = [
        Entry(str(at), link.label, f"{Path(link.page).parent}?{urlencode(link.query)}", mark="↗")
        for at, link in enumerate(links)
    ]
    address = _address(lesson.id, teaching, set() if done else {lesson.id}, {lesson.id} if done else set())
    entries.append(Entry(DONE_PARAMETER, "Done" if done else "Mark as done", address, done=done))
    link_list(key="doors", label="The same in other pages", entries=entries, on_chosen=choose, look="doors")


def go_through_door() -> None:
    """Goes to the page whose door was chosen, before anything else is drawn."""
    link: Link | None = st.session_state.pop(GOING, None)
    if link is not None:
        st.switch_page(link.page, query_params=link.query)


def _done() -> list[str]:
    found = st.query_params.get(DONE_PARAMETER, "").split(",")
    return [one for one in IDS if one in found]


def _address(
    lesson_id: str, teaching: bool = False, also_done: Set[str] = frozenset(), not_done: Set[str] = frozenset()
) -> str:
    """Of a lesson, with what is done, for a new tab."""
    done = ",".join(one for one in IDS if one in {*_done(), *also_done} - not_done)
    query = {"lesson": lesson_id} | ({DONE_PARAMETER: done} if done else {})
    return f"?{urlencode(query | ({TEACHER_PARAMETER: 'true'} if teaching else {}))}"


def _mark(lesson_id: str, done: bool) -> None:
    found = [one for one in IDS if (one in _done() and one != lesson_id) or (one == lesson_id and done)]
    if found:
        st.query_params[DONE_PARAMETER] = ",".join(found)
    else:
        st.query_params.pop(DONE_PARAMETER, None)


def _go(lesson_id: str) -> None:
    if lesson_id == TEACHER_PARAMETER:
        st.query_params[TEACHER_PARAMETER] = "true"
        return
    st.query_params["lesson"] = lesson_id
    st.query_params.pop(TERM_PARAMETER, None)  # the whole glossary was asked for, or another page
