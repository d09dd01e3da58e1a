"""Around a lesson: the list of lessons with what is done, previous and next, doors to other pages, the teacher's mode."""

from __future__ import annotations

from collections.abc import Sequence
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
        Entry(
            one, label, f"?{urlencode(_query(one))}", done=None if one == GLOSSARY else one in done, here=one == current
        )
        for one, label in {**titles, GLOSSARY: "Glossary"}.items()
    ]
    address = f"?{urlencode({**_query(current), TEACHER_PARAMETER: 'true'})}"
    entries.append(Entry(TEACHER_PARAMETER, "Teacher's mode", address, help=TEACHER_HELP))
    link_list(key="contents", label="Lessons", entries=entries, on_chosen=_go)


def words(lesson: Lesson) -> str:
    """The lesson's text, its formulas and its question as one piece of Markdown, which a browser draws sooner than three."""
    formulas = " ".join(rf"$\displaystyle {part.strip()}$" for part in lesson.formula.split(r"\qquad"))
    return f"{lesson.text}\n\n{formulas}\n\n:material/touch_app: **Try it.** {lesson.question}"


def steps(lesson: Lesson, teaching: bool) -> None:
    """Previous and next, by button or by the keys P and N."""
    at = IDS.index(lesson.id)
    with st.container(horizontal=True, width="content"):
        st.button(
            "Previous", icon=":material/arrow_back:", key="previous", shortcut="p", disabled=at == 0,
            on_click=_go, args=(IDS[max(0, at - 1)],),
        )  # fmt: skip
        st.button(
            "Next", icon=":material/arrow_forward:", key="next", shortcut="n", disabled=at == len(IDS) - 1,
            on_click=_go_on, args=(lesson.id, IDS[min(at + 1, len(IDS) - 1)]),
        )  # fmt: skip
        if teaching:
            st.button("Leave", icon=":material/close:", key="leave", type="tertiary", on_click=_leave)


def progress(lesson: Lesson) -> None:
    """A tick for a lesson that one has worked through; it is in the address, so that it stays."""
    done = lesson.id in _done()
    label, icon = ("Done", ":material/check_circle:") if done else ("Mark as done", ":material/circle:")
    st.button(label, icon=icon, key="mark", type="tertiary", on_click=_mark, args=(lesson.id, not done))


def doors(links: Sequence[Link]) -> None:
    """Links to other pages in the state that the lesson is in."""

    def choose(at: str) -> None:
        st.session_state[GOING] = links[int(at)]

    entries = [
        Entry(str(at), link.label, f"{Path(link.page).parent}?{urlencode(link.query)}") for at, link in enumerate(links)
    ]
    link_list(key="doors", label="The same in other pages", entries=entries, on_chosen=choose, across=True)


def go_through_door() -> None:
    """Goes to the page whose door was chosen, before anything else is drawn."""
    link: Link | None = st.session_state.pop(GOING, None)
    if link is not None:
        st.switch_page(link.page, query_params=link.query)


def _done() -> list[str]:
    found = st.query_params.get(DONE_PARAMETER, "").split(",")
    return [one for one in IDS if one in found]


def _query(lesson_id: str) -> dict[str, str]:
    done = ",".join(_done())
    return {"lesson": lesson_id} | ({DONE_PARAMETER: done} if done else {})


def _mark(lesson_id: str, done: bool) -> None:
    found = [one for one in IDS if (one in _done() and one != lesson_id) or (one == lesson_id and done)]
    if found:
        st.query_params[DONE_PARAMETER] = ",".join(found)
    elif DONE_PARAMETER in st.query_params:
        del st.query_params[DONE_PARAMETER]


def _go(lesson_id: str) -> None:
    if lesson_id == TEACHER_PARAMETER:
        st.query_params[TEACHER_PARAMETER] = "true"
        return
    st.query_params["lesson"] = lesson_id
    st.query_params.pop(TERM_PARAMETER, None)  # the whole glossary was asked for, or another page


def _go_on(done: str, lesson_id: str) -> None:
    """Going on says that this lesson is done."""
    _mark(done, True)
    _go(lesson_id)


def _leave() -> None:
    del st.query_params[TEACHER_PARAMETER]
