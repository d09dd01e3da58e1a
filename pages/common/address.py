"""What the address says of a setting, where a widget's own binding would lose it: the value is checked by us, so that a
wrong one is a sentence, which stands until the person changes the setting. `say_missing` is for those that are bound.

A setting has a scope, such as the corruption that a level belongs to: another scope starts from its own default, not from
the number that stands in the address for the one before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from pages.common.errors import literal, show_error
from vae_core.errors import LatentLabError

ECHO_SECONDS = 5.0


def take(
    parameter: str, scope: str, key: str, usual: Any, read: Callable[[str], tuple[Any, list[LatentLabError]]]
) -> None:
    """Before the widget is drawn: sets it to the address's value where that is news, and shows what is wrong with it.

    Args:
        parameter: of the address.
        scope: what the setting belongs to.
        key: of the widget.
        usual: what the widget starts with.
        read: from the address's text to a value that the widget can take, and what had to be refused in it.
    """
    text = st.query_params.get(parameter) if is_news(parameter, scope, key) else None
    if key not in st.session_state:
        st.session_state[key] = usual
    if text is not None:
        know(parameter, scope, text)
        value, refused = read(text)
        st.session_state[key] = value
        st.session_state[f"refused-{parameter}"] = (key, value, refused)
    of, fallback, errors = st.session_state.get(f"refused-{parameter}", ("", None, []))
    if of == key and st.session_state[key] == fallback:
        for error in errors:
            show_error(error)


def write(parameter: str, scope: str, text: str | None) -> None:
    """Puts a setting into the address, as this page's own word; None is no word: the address does without."""
    if text is None:
        st.query_params.pop(parameter, None)
    elif st.query_params.get(parameter) != text:
        st.query_params[parameter] = text
    before = st.session_state.get(_written_key(parameter))
    if before is not None and before[1] != text:
        now = time.monotonic()
        echoes = {one: at for one, at in _echoes(parameter).items() if now - at < ECHO_SECONDS}
        st.session_state[_echo_key(parameter)] = {**echoes, before[1]: now}
    know(parameter, scope, text)


def know(parameter: str, scope: str, text: str | None) -> None:
    """Takes a word as known before the page writes it: one that the address brought, or to which the person leapt. The word
    before it is then not taken for a late one, so that the browser leads back to it at once."""
    st.session_state[_written_key(parameter)] = (scope, text)


def forget(parameter: str) -> None:
    """Takes a setting out of the address, where it has no meaning."""
    st.query_params.pop(parameter, None)
    st.session_state.pop(_written_key(parameter), None)


def say_missing(parameter: str, what: str, options: Iterable[object], instead: object) -> None:
    """Before a setting is drawn: where the address names what is none of its options, says so, and what is shown instead.

    The address forgets a wrong value as soon as a widget is drawn that is bound to it; the sentence stands until the setting
    is changed.

    Args:
        parameter: of the address, and the widget's key.
        what: a word for one option.
        options: that the widget offers.
        instead: what it starts with; of several a list.
    """
    asked = st.query_params.get_all(parameter)
    known = {str(option) for option in options} if asked else set()
    wrong = next((one for one in asked if one not in known), None)
    sentence = None if wrong is None else f"There is no {what} {wrong[:60]!r} here; shown instead: "
    _say_until_changed(parameter, sentence, instead)


def say_no_number(parameter: str, what: str, read: Callable[[str], float], instead: float | None) -> None:
    """The same of a number, where the address has a text that `read`, int or float, does not take."""
    text, sentence = st.query_params.get(parameter, ""), None
    try:
        read(text or "0")
    except ValueError:
        kind = "whole number" if read is int else "number"
        sentence = f"{what} {text[:60]!r} in the address is no {kind}; shown instead: "
    _say_until_changed(parameter, sentence, instead)


def _say_until_changed(parameter: str, sentence: str | None, instead: object) -> None:
    kept = f"missing-{parameter}"
    shown = st.session_state.get(parameter, instead)
    if sentence is not None:
        st.session_state[kept] = (sentence, shown)
    elif parameter not in st.session_state or st.session_state.get(kept, ("", None))[1] != shown:
        st.session_state.pop(kept, None)
    if kept in st.session_state:
        named = shown if isinstance(shown, list) else [] if shown is None else [shown]
        words = ", ".join(map(str, named)) or "none"
        st.info(literal(f"{st.session_state[kept][0]}{words}."), icon=":material/link_off:")


def is_news(parameter: str, scope: str, key: str) -> bool:
    """Whether the address says what the widget does not know yet: of a link that was opened, after the browser went back
    or forward, and where the widget was not on the page for a while.

    A run of the script that the browser asked for before it heard of the newest address brings the one before: what this
    page wrote moments ago is no news.
    """
    text = st.query_params.get(parameter)
    written = st.session_state.get(_written_key(parameter))
    other = written is None or text != written[1]
    if key not in st.session_state:
        return other or written == (scope, text)
    return other and time.monotonic() - _echoes(parameter).get(text, -ECHO_SECONDS) >= ECHO_SECONDS


def _echoes(parameter: str) -> dict[str | None, float]:
    """When each of the page's own words was replaced by a newer one."""
    found: dict[str | None, float] = st.session_state.get(_echo_key(parameter), {})
    return found


def _echo_key(parameter: str) -> str:
    return f"echoes-{parameter}"


def _written_key(parameter: str) -> str:
    return f"written-{parameter}"
