"""Settings in the URL, for which Streamlit's own binding of a widget is not enough.

A bound widget drops an invalid value without a word. Here it is reported in a sentence, which stays until the user changes
the setting: by `report_missing`, `check_number` and `check_index` for bound widgets, and by `read_into_widget` for widgets
that are not bound. `read_number` is the only parser of numbers in a URL.

A setting has a scope, such as the corruption that a level belongs to. A new scope starts from its own default, not from the
value in the URL, which belongs to the previous scope.
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


def read_into_widget(
    parameter: str, scope: str, key: str, usual: Any, read: Callable[[str], tuple[Any, list[LatentLabError]]]
) -> None:
    """Sets a widget to the URL's value if that is new, and reports what is wrong with it. Call it before the widget is drawn.

    Args:
        parameter: the query parameter.
        scope: what the setting belongs to.
        key: the widget's key.
        usual: the widget's initial value.
        read: converts the URL's text to a value for the widget, and errors for what it had to refuse.
    """
    text = st.query_params.get(parameter) if is_new(parameter, scope, key) else None
    if key not in st.session_state:
        st.session_state[key] = usual
    if text is not None:
        mark_known(parameter, scope, text)
        value, refused = read(text)
        st.session_state[key] = value
        st.session_state[f"refused-{parameter}"] = (key, value, refused)
    of, fallback, errors = st.session_state.get(f"refused-{parameter}", ("", None, []))
    if of == key and st.session_state[key] == fallback:
        for error in errors:
            show_error(error)


def write(parameter: str, scope: str, text: str | None) -> None:
    """Writes a setting to the URL, and remembers it as the page's own value; None removes the parameter."""
    if text is None:
        st.query_params.pop(parameter, None)
    elif st.query_params.get(parameter) != text:
        st.query_params[parameter] = text
    before = st.session_state.get(_written_key(parameter))
    if before is not None and before[1] != text:
        now = time.monotonic()
        echoes = {value: at for value, at in _echoes(parameter).items() if now - at < ECHO_SECONDS}
        st.session_state[_echo_key(parameter)] = {**echoes, before[1]: now}
    mark_known(parameter, scope, text)


def mark_known(parameter: str, scope: str, text: str | None) -> None:
    """Marks a value as known before the page writes it: one that came from the URL, or to which the user jumped.

    The previous value is then not mistaken for a late one, so the browser's back button returns to it at once.
    """
    st.session_state[_written_key(parameter)] = (scope, text)


def remove(parameter: str) -> None:
    """Removes a setting from the URL where it does not apply."""
    st.query_params.pop(parameter, None)
    st.session_state.pop(_written_key(parameter), None)


def report_missing(parameter: str, what: str, options: Iterable[object], instead: object) -> None:
    """Reports a value in the URL that is not among a setting's options. Call it before the setting is drawn.

    A bound widget removes an invalid value from the URL as soon as it is drawn; the sentence stays until the setting is
    changed.

    Args:
        parameter: the query parameter, which is also the widget's key.
        what: a noun for one option.
        options: the widget's options.
        instead: the widget's initial value, or a list of them.
    """
    requested = st.query_params.get_all(parameter)
    known = {str(option) for option in options} if requested else set()
    wrong = next((value for value in requested if value not in known), None)
    sentence = None if wrong is None else f"There is no {what} {wrong[:60]!r} here; shown instead: "
    _say_until_changed(parameter, sentence, instead)


def read_number(text: str, *, whole: bool = True, low: float = -math.inf, high: float = math.inf) -> float | int | None:
    """Parses a number in the URL. Returns None if it is not a number that the page can use.

    Args:
        text: ASCII digits only, because digits of other scripts would be shown back differently.
        whole: whether it must be a whole number; "2.0" and "1e3" are.
        low, high: the allowed range. A whole number must also be one that a browser's numbers can hold exactly.
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
    """Removes an invalid number from the URL, and reports it until the number is changed. Call it before the number is drawn.

    The bound widget itself would raise an error for an infinite whole number, and drop others without a word.

    Args:
        parameter: the query parameter, which is also the widget's key.
        what: the widget's label.
        instead: the widget's initial value; None means off.
        whole, low, high: as for `read_number`.
    """
    text = st.query_params.get(parameter, "")
    sentence = None
    if text and read_number(text, whole=whole) is None:
        sentence = f"{what} {text[:60]!r} in the address is not a {'whole ' * whole}number; shown instead: "
    elif text and read_number(text, whole=whole, low=low, high=high) is None:
        sentence = f"{what} {text[:60]!r} in the address is not {_range(low, high)}; shown instead: "
    _refuse(parameter, sentence, instead)


def check_index(parameter: str, what: str, last: int, instead: int) -> None:
    """The same for an index from 0 to `last`.

    Args:
        parameter: the query parameter, which is also the widget's key.
        what: a noun for the indexed thing.
        last: the largest index.
        instead: the widget's initial value.
    """
    text = st.query_params.get(parameter, "")
    is_wrong = bool(text) and read_number(text, low=0, high=last) is None
    sentence = f"There is no {what} {text[:60]!r} here; shown instead: " if is_wrong else None
    _refuse(parameter, sentence, instead)


def _range(low: float, high: float) -> str:
    return f"between {low:,.15g} and {high:,.15g}" if math.isfinite(high) else f"{low:,.15g} or more"


def _refuse(parameter: str, sentence: str | None, instead: object) -> None:
    """Removes an invalid value. This takes another script run, since a widget is bound to the URL with which a run began."""
    if sentence is not None:
        st.session_state[f"missing-{parameter}"] = (sentence, None, True)
        del st.query_params[parameter]
        st.rerun()
    _say_until_changed(parameter, None, instead)


def _say_until_changed(parameter: str, sentence: str | None, instead: object) -> None:
    """Shows a sentence for as long as the setting keeps its value. After a rerun, that value is only known now."""
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


def is_new(parameter: str, scope: str, key: str) -> bool:
    """Whether the URL has a value that the widget does not know yet: from an opened link, from the browser's back or forward
    button, or because the widget was not on the page for a while.

    A script run that the browser requested before it heard of the newest URL still brings the previous one, so a value that
    the page itself wrote moments ago is not new.
    """
    text = st.query_params.get(parameter)
    written = st.session_state.get(_written_key(parameter))
    other = written is None or text != written[1]
    if key not in st.session_state:
        return other or written == (scope, text)
    return other and time.monotonic() - _echoes(parameter).get(text, -ECHO_SECONDS) >= ECHO_SECONDS


def _echoes(parameter: str) -> dict[str | None, float]:
    """When each of the page's own values was replaced by a newer one, in seconds of the monotonic clock."""
    echoes: dict[str | None, float] = st.session_state.get(_echo_key(parameter), {})
    return echoes


def _echo_key(parameter: str) -> str:
    return f"echoes-{parameter}"


def _written_key(parameter: str) -> str:
    return f"written-{parameter}"
