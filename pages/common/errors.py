"""Errors on a page: one sentence each, with the details in the log."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from vae_core.errors import LatentLabError

log = logging.getLogger("latent_lab")
UNEXPECTED = "Something went wrong unexpectedly"
"""How the sentence of any error begins that is not one of ours."""


def show_error(error: BaseException) -> None:
    """Shows an error: one of ours as its sentence, any other as its number in the log."""
    if isinstance(error, LatentLabError):
        sentence = str(error)
    else:
        number = secrets.token_hex(4)
        log.error("error %s", number, exc_info=error)
        sentence = f"{UNEXPECTED}; see {number} in the server's log."
    st.error(literal(sentence), icon=":material/error:")


@contextmanager
def show_errors() -> Iterator[None]:
    """Shows our own errors where they occur, and lets the rest of the page continue."""
    try:
        yield
    except LatentLabError as error:
        show_error(error)


_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()#+-.!|<>~$:"})


_SHORTCODE = re.compile(r":(?=[\w+/-]+:)")
_JOINER = "\N{WORD JOINER}"


def literal(text: str) -> str:
    """Escapes text so that Markdown shows it literally. Users choose names, and Markdown can load remote images.

    Streamlit replaces icon and emoji codes (`:material/bolt:`) even in escaped text, so an invisible joiner breaks them up.
    """
    return _SHORTCODE.sub(f":{_JOINER}", text).translate(_MARKDOWN).replace("\n", " ")
