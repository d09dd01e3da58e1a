"""The chip in the sidebar counts the runs that ended while others continue."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest


def _app() -> None:
    import json

    import streamlit as st

    from pages.common.running_chip import _ended

    st.text(json.dumps([_ended(set(active)) for active in ("abc", "bcd", "d", "", "e")]))


def test_runs_that_are_no_longer_active_are_counted_until_none_is() -> None:
    page = AppTest.from_function(_app, default_timeout=60).run()
    assert not page.exception and json.loads(page.text[0].value) == [0, 1, 3, 0, 0]
