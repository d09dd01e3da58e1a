"""Helpers that read the Compare page in its tests."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def errors(page: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in page.error]


def said(page: AppTest) -> str:
    """All sentences on the page, without Markdown escapes."""
    elements = [*page.markdown, *page.caption, *page.info]
    return "\n".join(element.value for element in elements).replace("\\", "")


def button(page: AppTest, key: str) -> Any:
    return next(button for button in page.button if button.key == key)
