"""An error on a page: one sentence, and the details in the log."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from vae_core.errors import LatentLabError

log = logging.getLogger("latent_lab")


def show_error(error: BaseException) -> None:
    """The sentence of one of our errors; of any other its number in the log."""
    if isinstance(error, LatentLabError):
        sentence = str(error)
    else:
        number = secrets.token_hex(4)
        log.error("error %s", number, exc_info=error)
        sentence = f"Something went wrong that should not have; the server's log has it under {number}."
    st.error(literal(sentence), icon=":material/error:")


@contextmanager
def sentences() -> Iterator[None]:
    """Shows our own errors in the place where they happen, and lets the rest of the page go on."""
    try:
        yield
    except LatentLabError as error:
        show_error(error)


_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()#+-.!|<>~$:"})


_SHORTCODE = re.compile(r":(?=[\w+/-]+:)")
_JOINER = "\N{WORD JOINER}"


def literal(text: str) -> str:
    """Text as Markdown that shows it literally: names come from people, and Markdown can call home.

    Streamlit looks for icons and emoji (`:material/bolt:`) behind all escapes, so that an invisible joiner keeps them apart.
    """
    return _SHORTCODE.sub(f":{_JOINER}", text).translate(_MARKDOWN).replace("\n", " ")
