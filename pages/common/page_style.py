"""The style that all pages share beyond the theme: tight margins, so that a page fits on one screen."""

from __future__ import annotations

import streamlit as st

_STYLE = """
<style>
  .stMainBlockContainer { padding: 3.75rem 2rem 2rem; }
  .stMainBlockContainer h1 { font-size: 1.6rem; padding: 0 0 0.4rem; }
  [data-testid="stSidebarHeader"] { height: 2.25rem; min-height: 0; margin: 0; }
  [data-testid="stSidebarUserContent"] { padding-top: 0; }
  [data-testid="stSidebar"] [data-testid="stVerticalBlock"] { gap: 0.6rem; }
  .stMainBlockContainer > [data-testid="stVerticalBlock"] { gap: 0.6rem; }
  .st-key-chips { min-height: 3.75rem; }
  .st-key-chips [data-testid="stPageLink-NavLink"]:not(:hover) { background: transparent; }
  .st-key-chips [data-testid="stPageLink-NavLink"] { font-weight: inherit; }
  @media (max-width: 1100px) {
    [data-testid="stSidebar"][data-collapsed="false"] { width: 16rem !important; min-width: 16rem !important; }
    .stApp [data-testid="stSidebarContent"] { padding-left: 0; padding-right: 0; }
    .stApp [data-testid="stSidebarUserContent"] { padding-left: 1rem; padding-right: 0.75rem; }
    [class*="st-key-top-"] [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
    [class*="st-key-top-"] [data-testid="stColumn"] { min-width: 100%; }
    [class*="st-key-top-"] [data-testid="stColumn"] [data-testid="stColumn"] { min-width: 0; }
  }
  .stApp [class*="st-key-objective-"] { flex-wrap: nowrap; }
  .stApp [class*="st-key-objective-"] > [data-testid="stElementContainer"]:nth-child(2) { flex-shrink: 1; }
</style>
"""


def apply_style() -> None:
    """Adds the style to the page. Call it once per script run."""
    st.html(_STYLE)
