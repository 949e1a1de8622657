"""What somebody holds: open sessions and API tokens, each with the button that ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from engine.types import SessionView, TokenView
from pages.parts import agents, listing
from pages.parts.listing import Row

_SESSIONS = ("Browser", "From", "Since", "Ends by itself", "")
_TOKENS = ("Token", "May", "Project", "Made", "Last used", "Expires", "")
MAY = {"read": "Read", "write": "Read and write", "admin": "Everything you may"}
"""What a token of each scope may do, as its owner reads it."""


def sessions(found: Sequence[SessionView], end: Callable[[int], None]) -> None:
    """Open sessions; the one that asks is marked and ends by signing out."""
    rows = [
        Row(
            one.id,
            f"the session from {one.address}",
            [
                listing.name(agents.named(one.agent), *(["this one"] if one.current else [])),
                one.address,
                listing.ago(one.created_at, ""),
                listing.ago(one.expires_at, ""),
            ],
            [] if one.current else [("end", "End")],
        )
        for one in found
    ]
    listing.show("sessions", "Sessions", _SESSIONS, rows, empty="Signed in nowhere.", before=lambda _act, i: end(i))


def tokens(found: Sequence[TokenView], revoke: Callable[[int], None], names: Mapping[str, str]) -> None:
    """Tokens that still work. Revoking one cannot be undone, so the button asks first."""
    rows = [
        Row(
            one.id,
            one.name,
            [
                listing.name(one.name, beside=f"{one.prefix}…"),
                MAY[one.scope],
                "All" if one.project is None else names.get(one.project, one.project),
                listing.ago(one.created_at, ""),
                listing.ago(one.used_at, "never"),
                listing.ago(one.expires_at, ""),
            ],
            [("revoke", "Revoke", "Revoke for good?")],
        )
        for one in found
    ]
    listing.show("tokens", "API tokens", _TOKENS, rows, empty="No tokens.", before=lambda _act, i: revoke(i))
