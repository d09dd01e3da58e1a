"""Text written by users is shown literally."""

from __future__ import annotations

import pytest

from pages.common.errors import literal


@pytest.mark.parametrize("text", ["plain", "a: b", "12:30", "http://host/x", "a::b"])
def test_a_joiner_stands_only_where_an_icon_would(text: str) -> None:
    assert literal(text).replace("\\", "") == text


@pytest.mark.parametrize("text", [":material/bolt:", ":smile:", ":+1:", "x :streamlit: y", "::material/bolt::"])
def test_no_icon_is_left_behind_the_escapes(text: str) -> None:
    shown = literal(text).replace("\\", "")
    assert text not in shown
    assert shown.replace("\N{WORD JOINER}", "") == text
