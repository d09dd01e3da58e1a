"""What the address says of a setting, where a widget's own binding would lose it: the value is checked by us, so that a
wrong one is a sentence, which stands until the person changes the setting. `say_missing`, `check_number` and `check_index`
are for those that are bound. `read_number` is the one reader for numbers of an address.

A setting has a scope, such as the corruption that a level belongs to: another scope starts from its own default, not from
the number that stands in the address for the one before.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from pages.common.errors import literal, show_error
from vae_core.errors import LatentLabError

ECHO_SECONDS = 5.0
LONGEST = 40
"""Characters of a number in the address."""
LARGEST_WHOLE = 2**53 - 1
"""The largest whole number that a browser's numbers hold exactly."""
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


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


def read_number(text: str, *, whole: bool = True, low: float = -math.inf, high: float = math.inf) -> float | int | None:
    """The number that a text of the address names, or None if it names none that a page can use.

    Args:
        text: in ASCII: an address is typed or sent, and digits of other scripts would be shown back as others.
        whole: whether it must be a whole number; "2.0" and "1e3" are.
        low, high: the smallest and the largest that will do. A whole number is also held to what a browser can count.
    """
    if len(text) > LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    if not math.isfinite(value) or not low <= value <= high:
        return None
    if not whole:
        return value
    return int(value) if value == int(value) and abs(value) <= LARGEST_WHOLE else None


def check_number(
    parameter: str,
    what: str,
    instead: float | None,
    *,
    whole: bool = True,
    low: float = -math.inf,
    high: float = math.inf,
) -> None:
    """Before a bound number is drawn: takes what it cannot show out of the address, and says so until the number is changed.

    The widget itself would raise an error at an infinite whole number, and drop others without a word.

    Args:
        parameter: of the address, and the widget's key.
        what: the widget's label.
        instead: what it starts with; None is off.
        whole, low, high: as `read_number` takes them.
    """
    text = st.query_params.get(parameter, "")
    sentence = None
    if text and read_number(text, whole=whole) is None:
        sentence = f"{what} {text[:60]!r} in the address is no {'whole ' * whole}number; shown instead: "
    elif text and read_number(text, whole=whole, low=low, high=high) is None:
        sentence = f"{what} {text[:60]!r} in the address is not {_range(low, high)}; shown instead: "
    _refuse(parameter, sentence, instead)


def check_index(parameter: str, what: str, last: int, instead: int) -> None:
    """The same of the number of a thing, from 0 to `last`.

    Args:
        parameter: of the address, and the widget's key.
        what: a word for the thing.
        last: the largest number.
        instead: what the widget starts with.
    """
    text = st.query_params.get(parameter, "")
    is_wrong = bool(text) and read_number(text, low=0, high=last) is None
    sentence = f"There is no {what} {text[:60]!r} here; shown instead: " if is_wrong else None
    _refuse(parameter, sentence, instead)


def _range(low: float, high: float) -> str:
    return f"between {low:,.15g} and {high:,.15g}" if math.isfinite(high) else f"{low:,.15g} or more"


def _refuse(parameter: str, sentence: str | None, instead: object) -> None:
    """Drops a wrong text, which only another run of the script does without, as a widget is bound to what a run began with."""
    if sentence is not None:
        st.session_state[f"missing-{parameter}"] = (sentence, None, True)
        del st.query_params[parameter]
        st.rerun()
    _say_until_changed(parameter, None, instead)


def _say_until_changed(parameter: str, sentence: str | None, instead: object) -> None:
    """Keeps a sentence with the value that it stood beside at first; of a new one that is not known before its widget is."""
    kept = f"missing-{parameter}"
    shown = st.session_state.get(parameter, instead)
    words, beside, is_new = st.session_state.get(kept, ("", None, False))
    if sentence is not None:
        st.session_state[kept] = (sentence, shown, False)
    elif is_new:
        st.session_state[kept] = (words, shown, False)
    elif parameter not in st.session_state or beside != shown:
        st.session_state.pop(kept, None)
    if kept in st.session_state:
        named = shown if isinstance(shown, list) else [] if shown is None else [shown]
        st.info(
            literal(f"{st.session_state[kept][0]}{', '.join(map(str, named)) or 'none'}."), icon=":material/link_off:"
        )


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
