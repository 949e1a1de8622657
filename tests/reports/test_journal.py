"""The journal as Markdown: a reader of Markdown finds no mark-up in what people wrote."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from engine.reports.journal import text, to_markdown
from engine.types import DatasetVersion, DecisionView, Grounds
from tests.hostile import PAYLOADS

READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
PARTS = [
    "# ", "===", "---", "* ", "- ", "+ ", "1. ", "2) ", "> ", "```", "~~~", "    ", "\t", "| a |", "&amp;", "&lt;b>",
    "<b>", "[a](b)", "![a](b)", "**a**", "_a_", "~~a~~", "`a`", "\\", "$x$", "https://evil.example", "www.evil.example",
    "<https://a>", "[a]: b", "\n", "\n\n", "a", " ", "!", "<!-- ", "]]>", "a@b.example",
]  # fmt: skip
PIECES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=8).map("".join)
WRITTEN = st.one_of(PIECES, st.text(max_size=60), st.sampled_from(PAYLOADS)).map(lambda text: text.replace("\0", ""))
PLAIN = {"heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "blockquote_open"}
PLAIN |= {"blockquote_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "fence"}
INLINE = {"text", "softbreak", "text_special", "strong_open", "strong_close"}


def decision(written: str, **more: object) -> DecisionView:
    estimates = {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 3}, written: {"value": None}}
    grounds = Grounds(
        "calibration", (DatasetVersion(1, written, 3, "a" * 64),), {}, written, written, estimates,
        {"command": f"python {written}"}, "calibration?dataset=1",
    )  # fmt: skip
    at = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    return DecisionView(7, "main", at, written, written, written, grounds, at, written, written)


@settings(max_examples=400, deadline=None)
@given(written=WRITTEN)
def test_what_people_wrote_marks_nothing_up(written: str) -> None:
    tokens = READER.parse("".join(to_markdown(written, [decision(written)])))
    assert {token.type for token in tokens} <= PLAIN
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    assert headings == ["h1", "h2"]
    assert sum(token.type == "fence" for token in tokens) == 1
    inline = [child for token in tokens for child in token.children or []]
    assert {child.type for child in inline} <= INLINE
    assert sum(child.type == "strong_open" for child in inline) == 1


@settings(max_examples=300, deadline=None)
@given(written=WRITTEN)
def test_it_reads_as_it_was_written(written: str) -> None:
    (_, inline, _) = READER.parse(f"# {text(written)}") if text(written) else (None, None, None)
    if inline is None:
        return
    read = "".join(child.content for child in inline.children or []).replace("\u200b", "")
    assert read == " ".join(written.replace("\u200b", "").split()), repr(text(written))


def test_it_holds_everything_a_decision_is() -> None:
    said = "".join(to_markdown("main", [decision("ship it")]))
    assert said.startswith("# Decisions of main\n")
    for part in ("## ship it", "2026-11-29 12:00 UTC, ship it. Decision 7.", "**Withdrawn**", "> ship it", "version 3",
                 "a" * 64, "Accuracy: 50.0 %", "\\[0.4000, 0.6000\\]", "```\npython ship it\n```"):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize("written", ["https://a.example/x", "see www.a.example", "ann@a.example"])
def test_an_address_is_no_link_where_nobody_made_one(written: str) -> None:
    eager = MarkdownIt("commonmark")
    assert "<a" not in eager.render(text(written))
    assert not re.search(r"https://|www\.|n@a", text(written))
