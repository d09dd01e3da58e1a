"""What the tests of Compare look for on the page."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def errors(page: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in page.error]


def said(page: AppTest) -> str:
    """All sentences of the page, as they are read."""
    shown = [*page.markdown, *page.caption, *page.info]
    return "\n".join(element.value for element in shown).replace("\\", "")


def button(page: AppTest, key: str) -> Any:
    return next(button for button in page.button if button.key == key)
