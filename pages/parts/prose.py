"""Text of a card as one element: each element of a page is a message to make, to send and to draw."""

from __future__ import annotations

from html import escape

import streamlit as st


def show(*parts: str) -> None:
    """Show parts made by the functions below; they have escaped what people typed."""
    st.html("".join(parts))


def title(text: str) -> str:
    """The heading of a card."""
    return f'<h2 class="pl-title">{escape(text)}</h2>'


def paragraph(text: str) -> str:
    """A calm paragraph."""
    return f'<p class="pl-explain">{escape(text)}</p>'


def strong(text: str) -> str:
    """A line that stands out."""
    return f'<p class="pl-strong">{escape(text)}</p>'


def facts(pairs: list[tuple[str, str]]) -> str:
    """Names and values in two columns."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="pl-evidence">{rows}</dl>'
