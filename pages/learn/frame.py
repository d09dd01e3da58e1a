"""What surrounds a lesson: the list of lessons and which are done, previous and next, links to pages, the teacher's mode."""

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
TEACHER_HELP = "Shows one lesson full screen in larger type; N goes to the next lesson, P to the previous one."
GOING = "learn_going"
"""Key in the session state: the link that was clicked."""
_TEACHER = """
<style>
  :root { font-size: 125%; }
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stExpandSidebarButton"] { display: none; }
  .stMainBlockContainer { padding-top: 1rem; }
</style>
"""
"""Everything sized in rem grows with the root font: text, controls, pictures, and the text in charts."""
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
    """Adds the style of the lessons; in teacher's mode they are larger and fill the screen."""
    st.html(_STYLE + (_TEACHER if teaching else ""))


def contents(current: str) -> None:
    """Draws links to all lessons, with a tick for those done, to the glossary, and to the teacher's mode."""
    done = _done()
    st.caption(f"{len(done)} of {len(LESSONS)} done")
    titles = {lesson.id: f"{number}. {lesson.title}" for number, lesson in enumerate(LESSONS, start=1)}
    entries = [
        Entry(
            lesson_id,
            label,
            _address(lesson_id),
            done=None if lesson_id == GLOSSARY else lesson_id in done,
            here=lesson_id == current,
        )
        for lesson_id, label in {**titles, GLOSSARY: "Glossary"}.items()
    ]
    entries.append(Entry(TEACHER_PARAMETER, "Teacher's mode", _address(current, True), help=TEACHER_HELP))
    link_list(key="contents", label="Lessons", entries=entries, on_chosen=_go)


def words(lesson: Lesson) -> str:
    """Returns text, formulas and question as one piece of Markdown, which a browser renders faster than three."""
    formulas = " ".join(rf"$\displaystyle {part.strip()}$" for part in lesson.formula.split(r"\qquad"))
    return f"{lesson.text}\n\n{formulas}\n\n:material/touch_app: **Try it.** {lesson.question}"


def steps(lesson: Lesson, teaching: bool) -> None:
    """Draws the links to the previous and next lesson (keys P and N), and to leave the teacher's mode.

    Going to the next lesson marks the current one as done.
    """
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
    link_list(key="steps", label="Previous and next", entries=entries, on_chosen=choose, look="steps")


def doors(lesson: Lesson, links: Sequence[Link], teaching: bool) -> None:
    """Draws the links to other pages, opened in the state of the lesson, and the tick for having done the lesson."""
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
    link_list(key="doors", label="Continue on other pages", entries=entries, on_chosen=choose, look="doors")


def go_through_door() -> None:
    """Switches to the page whose link was clicked, before anything else is drawn."""
    link: Link | None = st.session_state.pop(GOING, None)
    if link is not None:
        st.switch_page(link.page, query_params=link.query)


def _done() -> list[str]:
    done = st.query_params.get(DONE_PARAMETER, "").split(",")
    return [lesson_id for lesson_id in IDS if lesson_id in done]


def _address(
    lesson_id: str, teaching: bool = False, also_done: Set[str] = frozenset(), not_done: Set[str] = frozenset()
) -> str:
    """Returns the URL of a lesson, including the lessons done, so that it can be opened in a new tab."""
    done = ",".join(each for each in IDS if each in {*_done(), *also_done} - not_done)
    query = {"lesson": lesson_id} | ({DONE_PARAMETER: done} if done else {})
    return f"?{urlencode(query | ({TEACHER_PARAMETER: 'true'} if teaching else {}))}"


def _mark(lesson_id: str, done: bool) -> None:
    all_done = [each for each in IDS if (each in _done() and each != lesson_id) or (each == lesson_id and done)]
    if all_done:
        st.query_params[DONE_PARAMETER] = ",".join(all_done)
    else:
        st.query_params.pop(DONE_PARAMETER, None)


def _go(lesson_id: str) -> None:
    if lesson_id == TEACHER_PARAMETER:
        st.query_params[TEACHER_PARAMETER] = "true"
        return
    st.query_params["lesson"] = lesson_id
    st.query_params.pop(TERM_PARAMETER, None)  # the link leads to the whole glossary, or to another lesson
