"""Everything one was told, newest first: why, and what can be done about it."""

from collections.abc import Mapping

import streamlit as st

from engine.notices import KINDS
from engine.queries import notifications as queries
from engine.types import NotificationView, Who
from pages.parts import guard, listing, location, notifications, reads, state, states
from pages.parts.listing import Row
from pages.parts.states import explain

PAGE = 50
KIND = "kind"
EVERYTHING = "Everything"
COLUMNS = ("When", "What", "Project", "")
who = guard.enter()


def page(who: Who) -> None:
    """A page of them, narrowed to a kind where one is chosen."""
    st.title("Notifications")
    _, unread = reads.notifications_of(who, notifications.SHOWN)
    with st.container(key="card-notifications"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            kind = choose()
            st.button("Mark all read", disabled=not unread, on_click=notifications.act, args=(who, {"do": "read_all"}))
        before = location.earlier()
        found = queries.list_notifications(who, PAGE + 1, before[-1] if before else None, kind)
        listing.show(
            "notifications",
            "Notifications",
            COLUMNS,
            [row(one) for one in found[:PAGE]],
            empty="Nothing to tell. Failed runs, alarms, refused files and finished reports appear here.",
            before=lambda act, number: notifications.act(who, {"do": act, "id": number}),
        )
        states.leaf(before, found[PAGE - 1].id if len(found) > PAGE else None)
        explain("What was told ninety days ago is forgotten. Where else you are told is chosen in Settings.")


def choose() -> str:
    """The kind that is shown, empty for all."""
    options: Mapping[str, str] = {"": EVERYTHING, **{name: one.title for name, one in KINDS.items()}}
    current = location.way(KIND, list(options))
    key = f"kind-{current}"

    def chosen(kind: str) -> None:
        location.set_way(KIND, kind, list(options))
        location.set_earlier([])

    st.selectbox(
        "Kind",
        list(options),
        list(options).index(current),
        key=key,
        format_func=options.__getitem__,
        on_change=lambda: state.take(key, chosen),
        width=220,
    )
    return current


def row(one: NotificationView) -> Row:
    """A notification as a row; what was read is quiet."""
    tags = () if one.read else ("not read",)
    acts = [("act", one.action["title"])] if one.action else []
    acts += [("open", "Open")] if one.target else []
    acts += [] if one.read else [("read", "Mark as read")]
    cells = [
        listing.ago(one.at, ""),
        listing.name(one.title, *tags, beside=one.body),
        one.project or listing.quiet("–"),
    ]
    return Row(one.id, one.title, cells, acts, quiet=one.read)


page(who)
