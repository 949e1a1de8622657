"""Sharing an answer with people without an account: the dialog that makes a link or an embed, and those that work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from engine.actions import shares
from engine.queries import shares as share_queries
from engine.types import ShareKind, ShareMode, ShareView, Who
from engine.words import amount
from pages.parts import listing, places, secrets
from pages.parts.listing import Cell, Row
from pages.parts.looking import Looking
from pages.parts.states import attempt, explain, worked

_DAYS = {"A day": 1, "A week": 7, "A month": 30, "Three months": 90}
_KINDS: Mapping[str, ShareKind] = {"Link": "link", "Embed in a page": "embed"}
_MODES: Mapping[str, ShareMode] = {"Follows the data": "live", "As it is now": "frozen"}
_CAPTIONS = ("Moves as rows arrive.", "Stays, whatever happens to the data.")
_COLUMNS = ("Shared", "What", "Opened", "Until", "")


@st.dialog("Share this answer", width="medium", on_dismiss="rerun")
def offer(who: Who, looking: Looking, title: str) -> None:
    """Make a link or an embed of the answer in front; its address is shown once."""
    place = st.empty()
    with place.container():
        explain(
            "People with an account here need none of this: Copy link takes them to this very view, if they may see "
            "the project. Anybody else can be shown this one answer, without the rows behind it."
        )
        kind = _KINDS[
            st.segmented_control("As", list(_KINDS), default="Link", required=True, label_visibility="collapsed")
        ]
        with st.form("share", border=False):
            called = st.text_input("Title", title, max_chars=shares.LONGEST_TITLE)
            mode = _MODES[st.radio("Shows the answer", list(_MODES), captions=_CAPTIONS)]
            days = _DAYS[st.selectbox("For", list(_DAYS), list(_DAYS).index("A week"))]
            sites = _sites() if kind == "embed" else ""
            sent = st.form_submit_button("Make the link" if kind == "link" else "Make the embed", type="primary")
        made: list[str] = []
        ids = [one.id for one in (looking.dataset, *looking.beside)]
        asked = (who, looking.dataset.project, called, looking.analysis, ids, looking.params)
        worked_out = sent and worked(
            lambda: made.append(shares.create(*asked, kind=kind, mode=mode, days=days, origins=sites))
        )
    if worked_out:
        place.empty()
        secrets.shared(made[0], kind, called)


def _sites() -> str:
    return st.text_area(
        "Sites that may show it",
        placeholder="https://wiki.example.com",
        help="One a line: scheme and host, as the address of the page begins.",
        height=80,
    )


# ------------------------------------------------------------------ what is shared


def own(who: Who) -> None:
    """What this person shares, in all projects."""
    names = places.called(who)
    with st.container(key="card-shares"):
        st.header("Shared links")
        explain("Share… beside an answer makes one. Revoking it ends it at once, also where it is open.")
        rows = [_row(one, names.get(one.project, one.project)) for one in share_queries.list_shares(who)]
        _show(who, "shares", "Shared links", rows)


def of_project(who: Who, slug: str, name: str) -> None:
    """What everybody shares of a project; for its administrators."""
    found: Sequence[ShareView] = share_queries.shares_of(who, slug)
    with st.container(key="card-project-shares"):
        st.header(f"Shared links of {name}")
        explain("What people without an account see of this project.")
        rows = [_row(one, f"by {one.person}") for one in found]
        _show(who, "project-shares", f"Shared links of {name}", rows)


def _show(who: Who, key: str, label: str, rows: list[Row]) -> None:
    listing.show(
        key,
        label,
        _COLUMNS,
        rows,
        empty="Nothing is shared.",
        before=lambda _act, number: attempt(partial(shares.revoke, who, number)),
    )


def _row(one: ShareView, beside: str) -> Row:
    kind = "Embed" if one.kind == "embed" else "Link"
    mode = "follows the data" if one.mode == "live" else "as it was"
    opened: Cell = listing.name(amount(one.opened, "time")) if one.opened else listing.quiet("never")
    cells = [
        listing.name(one.title, beside=f"{beside}, {one.prefix}…"),
        listing.name(f"{kind}, {mode}", beside=", ".join(one.origins)),
        opened,
        listing.ago(one.expires_at, ""),
    ]
    return Row(one.id, one.title, cells, [("revoke", "Revoke", "Revoke for good?")])
