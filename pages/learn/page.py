"""Learn: interactive lessons that use the shipped models."""

from __future__ import annotations

import importlib
import sys
from contextlib import nullcontext
from types import ModuleType

import streamlit as st

from pages.common.errors import show_errors
from pages.common.glossary import GLOSSARY
from pages.learn.frame import TEACHER_PARAMETER, contents, doors, frame_style, go_through_door, steps, words
from pages.learn.glossary import glossary
from pages.learn.lessons import LESSONS, Lesson, Shown, find

LESSON_PARAMETER = "lesson"


def page() -> None:
    go_through_door()
    teaching = st.query_params.get(TEACHER_PARAMETER) == "true"
    frame_style(teaching)
    wanted = st.query_params.get(LESSON_PARAMETER)
    if not teaching:
        with st.sidebar:
            contents(wanted or LESSONS[0].id)
    if wanted == GLOSSARY:
        glossary()
        return
    lesson = find(wanted)
    if wanted is not None and wanted != lesson.id:
        st.info("There is no lesson of that name; the first lesson is shown.")
    st.query_params[LESSON_PARAMETER] = lesson.id
    _lesson(lesson, teaching)


def _lesson(lesson: Lesson, teaching: bool) -> None:
    number = LESSONS.index(lesson) + 1
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(f"{number}. {lesson.title}", anchor=False, width="content")
        steps(lesson, teaching)
    with st.container(key="words"):
        st.markdown(words(lesson))
    shown = Shown()
    with show_errors(), st.container(key=f"top-{lesson.id}"):
        shown = _module(lesson).draw()
    with st.expander("What you should see", icon=":material/visibility:", key=f"answer-{lesson.id}"):
        if shown.numbers or "{" not in lesson.answer:
            st.markdown(lesson.answer.format(**shown.numbers))
        st.caption(f"After {lesson.source} {lesson.numbers}")
    doors(lesson, shown.links, teaching)


def _module(lesson: Lesson) -> ModuleType:
    """Imports the module that draws a lesson; the first one has to wait for torch."""
    name = f"pages.learn.{lesson.id}"
    waits = (
        nullcontext() if name in sys.modules else st.spinner("Loading the library; the first time takes some seconds")
    )
    with waits:
        return importlib.import_module(name)


page()
