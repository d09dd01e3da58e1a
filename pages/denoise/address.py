"""What the address says of a setting, where a widget's own binding would lose it: the value is checked by us, so that a
wrong one is a sentence.

A setting has a scope, such as the corruption that a level belongs to: another scope starts from its own default, not from
the number that stands in the address for the one before.
"""

from __future__ import annotations

import streamlit as st


def news(parameter: str, scope: str, key: str) -> str | None:
    """The text in the address that the widget with this key does not know yet; None where there is none.

    It is news in a link that was opened, after the browser went back or forward, and where the widget was not on the page
    for a while.
    """
    text = st.query_params.get(parameter)
    written = st.session_state.get(_written_key(parameter))
    if text is None or written == [scope, text]:
        return text if text is not None and key not in st.session_state else None
    return text if written is None or text != written[1] else None


def write(parameter: str, scope: str, text: str) -> None:
    """Puts a setting into the address, as this page's own word."""
    if st.query_params.get(parameter) != text:
        st.query_params[parameter] = text
    st.session_state[_written_key(parameter)] = [scope, text]


def forget(parameter: str) -> None:
    """Takes a setting out of the address, as after a value that makes no sense."""
    if parameter in st.query_params:
        del st.query_params[parameter]
    st.session_state.pop(_written_key(parameter), None)


def _written_key(parameter: str) -> str:
    return f"written-{parameter}"
