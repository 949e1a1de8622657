"""The audit: who did what to what, when and from where. It is only ever appended to, so there is nothing to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import streamlit as st

from engine.queries import audit
from engine.types import AuditView, Who
from pages.parts import listing, location, members, reads, state
from pages.parts.listing import Cell, Row
from pages.parts.newest import newest
from pages.parts.states import explain, leaf

PAGE = 50
EVERYBODY, EVERYTHING, EVERYWHERE = "Everybody", "Everything", "Everywhere"
_COLUMNS = ("When", "Who", "What", "On what", "Project", "From")
DONE: Mapping[str, str] = {
    "add_favourite": "Kept a dataset at hand",
    "add_channel": "Added a channel for notifications",
    "add_user": "Made an account",
    "arrange": "Arranged a page",
    "arrive": "Came through the identity provider",
    "cancel": "Cancelled a run",
    "create_project": "Made a project",
    "create_token": "Made an API token",
    "create_share": "Shared an answer",
    "delete_cohort": "Deleted a cohort",
    "delete_view": "Deleted a view",
    "delete_mapping": "Forgot saved columns",
    "disable": "Disabled an account",
    "enable": "Enabled an account",
    "invite": "Invited somebody",
    "lock_account": "Locked an account for a while",
    "lock_address": "Locked an address for a while",
    "play": "Started the simulator",
    "read_notification": "Read a notification",
    "read_notifications": "Read all notifications",
    "receive_rows": "Added rows",
    "receive_upload": "Uploaded a file",
    "redeem_link": "Made an account by link",
    "record_decision": "Recorded a decision",
    "remove": "Removed a dataset",
    "remove_favourite": "Let go of a dataset at hand",
    "remove_channel": "Removed a channel for notifications",
    "remove_report": "Removed a report",
    "request_report": "Asked for a report",
    "retry_report": "Had a report made again",
    "remove_membership": "Took somebody out of a project",
    "rename": "Renamed",
    "rename_cohort": "Renamed a cohort",
    "rename_mapping": "Renamed saved columns",
    "keep_forecast": "Kept a forecast",
    "rename_view": "Renamed a view",
    "rename_project": "Renamed a project",
    "request": "Asked for a run",
    "reset_arrangement": "Arranged a page as usual",
    "reset_password": "Made a password link",
    "restore": "Brought a dataset back",
    "retry": "Tried a run again",
    "revoke_share": "Revoked a shared link",
    "revoke_token": "Revoked an API token",
    "save_cohort": "Named a cohort",
    "save_mapping": "Saved columns for the next files",
    "save_view": "Saved a view",
    "set_channel_kinds": "Chose what goes to a channel",
    "set_mapping": "Named columns",
    "set_membership": "Gave a role in a project",
    "set_password": "Set a password",
    "set_preference": "Changed a setting",
    "set_role": "Changed a role",
    "sign_in": "Signed in",
    "sign_in_failed": "Failed to sign in",
    "sign_out": "Ended a session",
    "stop": "Stopped the simulator",
    "test_channel": "Sent a test to a channel",
    "withdraw_decision": "Withdrew a decision",
}
"""What was done, as people say it. An action that is not here is shown by its own name."""
_NUMBERED = (
    "channel",
    "cohort",
    "dataset",
    "decision",
    "mapping",
    "notification",
    "run",
    "session",
    "share",
    "token",
    "user",
    "view",
)
_NAMED = ("preference", "project", "role")
"""What a line can be about: things that have a number, and things that are called by their name."""
_TOLD = ("name", "verdict", "role", "scope", "days", "kind", "mode", "size", "token")


def show(who: Who) -> None:
    """The lines that were asked for, newest first, a page at a time."""
    with st.container(key="card-audit"):
        explain("Everything anybody changed. Lines are only ever added; nobody can change or delete one.")
        person, action, project = _filters(who)
        before = location.earlier()
        found = audit.lines(
            who, project, person=person, action=action, before=before[-1] if before else None, limit=PAGE + 1
        )
        asked = {"project": project, "person": person or "", "action": action}
        query = urlencode({name: value for name, value in asked.items() if value})
        listing.show(
            "audit",
            "Audit",
            _COLUMNS,
            [_row(line) for line in found[:PAGE]],
            empty="Nothing of this kind was done.",
            filtered="Filter this page",
            links=[("All of these, CSV", f"/export/trail.csv?{query}")],
        )
        leaf(before, found[PAGE - 1].id if len(found) > PAGE else None)


def _filters(who: Who) -> tuple[int, str, str]:
    """Person (0 for all), action and project (empty for all); each in the address."""
    projects = [one.slug for one in members.overseen(who)]
    places = [EVERYWHERE, *projects] if who.at_least("operator") else projects
    with st.container(horizontal=True, key="controls-audit"):
        where = _choice("Project", places, location.WHERE)
        project = "" if where == EVERYWHERE else where
        people = {name: number for number, name in _actors(who, project, reads.cursor()).items()}
        actions = {words: action for action, words in DONE.items()}
        by = _choice("Person", [EVERYBODY, *people], location.BY)
        did = _choice("What", [EVERYTHING, *sorted(actions)], location.DID)
    return people.get(by, 0), actions.get(did, ""), project


@newest
def _actors(who: Who, project: str, _as_of: int) -> dict[int, str]:
    return audit.actors(who, project)


def _choice(label: str, options: list[str], key: str) -> str:
    """A control that shows what the address says, else the first option, which needs no words."""
    widget = f"audit-{key}"
    state.choose_in(widget, location.way(key, options))
    chosen: str = st.selectbox(label, options, key=widget, on_change=state.take, args=(widget, _narrower(key, options)))
    return chosen


def _narrower(key: str, options: list[str]) -> Callable[[str], None]:
    """What takes up a choice: from the newest page on."""

    def narrow(chosen: str) -> None:
        location.set_earlier([])
        location.set_way(key, chosen, options)

    return narrow


def said(action: str) -> str:
    """An action as people say it."""
    return DONE.get(action) or action.replace("_", " ").capitalize()


def _row(line: AuditView) -> Row:
    told = ", ".join(f"{name} {line.detail[name]}" for name in _TOLD if name in line.detail)
    cells = [
        listing.exactly(line.at),
        line.person or listing.quiet(_nobody(line)),
        listing.name(said(line.action), beside=told),
        _thing(line),
        listing.code(line.project) if line.project else listing.quiet("–"),
        listing.quiet(line.address or str(line.detail.get("address", "")) or "–"),
    ]
    return Row(line.id, "", cells)


def _thing(line: AuditView) -> Cell:
    kind, _, what = line.subject.partition("/")
    if not line.about:
        return listing.quiet(f"{kind} {what}" if kind in _NUMBERED else what if kind in _NAMED else line.subject)
    return line.about if kind == "user" else listing.name(line.about, beside=f"{kind} {what}")


def _nobody(line: AuditView) -> str:
    return "the owner of the machine" if line.address == "command line" else "the system"
