"""People, projects and their members, the audit; and what is one's own on the settings page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.access.sessions import who_is
from engine.access.tokens import who_of
from engine.actions import memberships, people, projects, tokens
from engine.queries import audit, palette
from engine.queries import people as queries
from engine.settings import ROOT
from engine.types import Role, Who
from pages.parts import agents, commands, state, trail
from tests.pages.conftest import Page, html, part, parts
from tests.store.people import join, person

AS = Callable[..., Who]
HOSTILE = "<b>eve</b> [x](javascript:1) :red[y]"
TURNED = "a\u202eb"


@pytest.fixture
def become(who: Who, monkeypatch: pytest.MonkeyPatch) -> AS:
    """Look at the pages as somebody else."""

    def become(role: Role = "member", **roles: Role) -> Who:
        somebody = person("somebody", role)
        for slug, own in roles.items():
            somebody = join(somebody, slug, own)
        monkeypatch.setattr(queries, "who_is", lambda _cookie: somebody)
        return somebody

    return become


def listed(app: AppTest, key: str) -> dict[str, dict[str, Any]]:
    """The rows of a list by their name."""
    data = next(one for one in parts(app, "listing") if one["key"] == key)
    return {row["name"]: row for row in data["rows"]}


def does(app: AppTest, key: str, name: str) -> list[str]:
    return [act[0] for act in listed(app, key)[name]["acts"]]


def open_dialog(page: Page, dialog: str, user_id: int) -> AppTest:
    """The people page with a dialog about somebody; every run of AppTest has to ask for it anew."""
    app = page("people")
    app.session_state["asked"] = (dialog, user_id)
    return app.run()


def press(app: AppTest, label: str, *asked: Any) -> AppTest:
    if asked:
        app.session_state["asked"] = asked
    next(button for button in app.button if button.label == label).click()
    return app.run()


def section(page: Page, name: str) -> AppTest:
    app = page("people")
    return app.button_group(key="section").set_value(name).run()


# ------------------------------------------------------------------ who sees what


def test_sections_are_for_those_who_may(page: Page, become: AS) -> None:
    assert sections(page("people")) == ["People", "Projects", "Audit"]
    become("operator")
    app = page("people")
    assert sections(app) == ["Projects", "Audit"]
    assert does(app, "projects", "Main") == ["open", "members"]
    assert not any(row["acts"] for row in listed(app, "members").values())


@pytest.mark.parametrize(("role", "may"), [("admin", ["role"]), ("operator", [])])
def test_a_project_is_looked_after_by_its_own(page: Page, become: AS, who: Who, role: Role, may: list[str]) -> None:
    projects.create(who, "secret", "Secret")
    me = become("member", main=role)
    app = page("people")
    assert not app.exception
    assert list(listed(app, "projects")) == ["Main"]
    assert does(app, "members", "ann") == may
    assert ("Add somebody…" in {button.label for button in app.button}) is bool(may)
    assert "Make a project…" not in {button.label for button in app.button}
    assert me.name in listed(app, "members")


@pytest.mark.parametrize("role", ["viewer", "analyst", "member"])
def test_others_are_told_that_it_is_not_for_them(page: Page, become: AS, role: Role) -> None:
    become(role, main="analyst")
    app = AppTest.from_file(str(ROOT / "pages" / "people.py")).run()
    assert "for operators and administrators" in app.error[0].value
    assert not parts(app, "listing")
    assert "people" not in {entry["target"] for entry in (part(page(), "palette") or {"entries": []})["entries"]}


def sections(app: AppTest) -> list[str]:
    return list(app.button_group(key="section").options)


# ------------------------------------------------------------------ accounts


def test_the_list_says_who_may_what_where(page: Page, who: Who) -> None:
    bob = join(person("bob", "viewer"), "main", "analyst")
    gone = person("gone", "viewer")
    people.disable(who, gone.user_id)
    found = listed(page("people"), "people")
    assert list(found) == ["ann", "bob", "gone"]
    assert found["bob"]["cells"][1:3] == ["Viewer", ["tags", ["Main: analyst"], "–"]]
    assert found["bob"]["cells"][4] == "1 browser"
    assert (found["ann"]["cells"][0][2], found["gone"]["cells"][0][2]) == (["you"], ["disabled"])
    assert found["gone"]["quiet"] is True
    assert {"disable", "password"} <= {act[0] for act in found["bob"]["acts"]}
    assert "disable" not in {act[0] for act in found["ann"]["acts"]}
    assert "enable" in {act[0] for act in found["gone"]["acts"]}
    assert bob.user_id == found["bob"]["id"]


def test_an_invitation_is_shown_once_with_its_end(page: Page, who: Who) -> None:
    app = press(page("people"), "Invite somebody…")
    next(one for one in app.radio).set_value("analyst")
    next(button for button in app.button if button.label == "Invite somebody…").click()
    app = press(app, "Make link")
    link = (part(app, "secret") or {})["text"]
    assert queries.link_role(link.partition("token=")[2]) == "analyst"
    assert "within 10 minutes (until " in html(app)
    assert part(app.run(), "secret") is None


def test_a_role_is_changed_and_changed_back(page: Page, who: Who) -> None:
    bob = person("bob", "viewer")
    app = open_dialog(page, "role", bob.user_id)
    app.radio[0].set_value("operator")
    app = press(app, "Change role", "role", bob.user_id)
    assert listed(app, "people")["bob"]["cells"][1] == "Operator"
    assert "bob is operator everywhere now" in app.markdown[0].value
    app = press(app, "Undo")
    assert listed(app, "people")["bob"]["cells"][1] == "Viewer"
    assert "Undo" not in {button.label for button in app.button}


def test_the_last_administrator_is_told_why_not(page: Page, who: Who) -> None:
    app = open_dialog(page, "role", who.user_id)
    assert "your own account" in app.warning[0].value
    app.radio[0].set_value("viewer")
    app = press(app, "Change role", "role", who.user_id)
    assert "last administrator cannot step down" in app.error[0].value
    assert listed(page("people"), "people")["ann"]["cells"][1] == "Admin"


def test_an_account_is_disabled_after_a_warning_and_let_in_again(page: Page, who: Who) -> None:
    bob = person("bob", "viewer")
    tokens.create(bob, "nightly", "read")
    app = open_dialog(page, "disable", bob.user_id)
    assert "1 open session and 1 API token stop working" in html(app)
    app = press(app, "Disable account", "disable", bob.user_id)
    assert listed(app, "people")["bob"]["quiet"] is True
    assert listed(press(app, "Undo"), "people")["bob"]["quiet"] is False


def test_a_new_name_and_a_new_password(page: Page, who: Who) -> None:
    bob = person("bob", "viewer")
    app = open_dialog(page, "rename", bob.user_id)
    app.text_input[0].set_value("ann")
    assert "This name is taken" in press(app, "Rename", "rename", bob.user_id).error[0].value
    app.session_state["asked"] = ("password", bob.user_id)
    app = press(app.run(), "Make link", "password", bob.user_id)
    assert queries.link_person((part(app, "secret") or {})["text"].partition("token=")[2]) == "bob"


def test_sessions_and_tokens_of_somebody_end(page: Page, who: Who) -> None:
    bob = person("bob", "viewer")
    cookie = people.open_session(bob.user_id, "10.0.0.9", "Firefox/131")
    tokens.create(bob, "nightly", "write")
    app = open_dialog(page, "access", bob.user_id)
    assert len(listed(app, "sessions")) == 2
    assert listed(app, "tokens")["nightly"]["acts"] == [["revoke", "Revoke", "Revoke for good?"]]
    press(app, "End all sessions", "access", bob.user_id)
    assert who_is(cookie) is None
    assert queries.sessions_of(who, bob.user_id) == []


# ------------------------------------------------------------------ projects


def test_a_project_is_made_and_somebody_added(page: Page, who: Who) -> None:
    bob = person("bob", "member")
    app = press(section(page, "Projects"), "Make a project…")
    fields = {field.label: field for field in app.text_input}
    fields["Name"].set_value("Reward model 2")
    fields["Short name"].set_value("reward-v2")
    next(button for button in app.button if button.label == "Make a project…").click()
    app = press(app, "Make project")
    assert listed(app, "projects")["Reward model 2"]["cells"][1] == ["code", "reward-v2"]
    app = press(app, "Add somebody…")
    next(box for box in app.selectbox if box.label == "Person").set_value(bob.user_id)
    next(button for button in app.button if button.label == "Add somebody…").click()
    app = press(app, "Add to project")
    assert listed(app, "members")["bob"]["cells"][1:] == ["Viewer", "Member", "Viewer"]
    assert "bob" not in listed(press(app, "Undo"), "members")


# ------------------------------------------------------------------ audit


def test_the_audit_is_narrowed_leafed_through_and_taken_away(page: Page, who: Who) -> None:
    bob = person("bob", "viewer")
    for number in range(60):
        people.set_preference(bob, "note", str(number))
    app = section(page, "Audit")
    assert len(rows(app)) == 50
    app = press(app, "Older")
    assert len(rows(app)) == len(audit.lines(who, limit=500)) - 50
    app = press(app, "Newer")
    app.selectbox(key="audit-by").set_value("ann").run()
    assert {row["cells"][1] for row in rows(app)} == {"ann"}
    assert app.query_params["by"] == "ann"
    (link,) = next(one for one in parts(app, "listing"))["links"]
    assert link == ["All of these, CSV", f"/export/trail.csv?person={who.user_id}"]


def rows(app: AppTest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(one for one in parts(app, "listing") if one["key"] == "audit")["rows"]
    return found


# ------------------------------------------------------------------ one's own


def test_own_sessions_are_marked_and_end(page: Page, who: Who) -> None:
    people.open_session(who.user_id, "10.0.0.9", "Mozilla/5.0 (X11; Linux) Firefox/131")
    app = page("settings")
    other, this = listed(app, "sessions").values()
    assert (this["cells"][0][2], this["acts"]) == (["this one"], [])
    assert (other["cells"][0][1], other["acts"]) == ("Firefox 131 on Linux", [["end", "End"]])
    app = press(app, "End all others")
    assert [row["cells"][0][2] for row in listed(app, "sessions").values()] == [["this one"]]
    assert (part(app, "signout") or {})["password"] is True


def test_a_token_is_shown_once_and_kept_as_a_hash(page: Page, who: Who) -> None:
    app = press(page("settings"), "Make a token…")
    app.text_input[0].set_value("nightly")
    next(button for button in app.button if button.label == "Make a token…").click()
    app.radio[0].set_value("write")
    app = press(app, "Make token")
    secret = parts(app, "secret")[0]["text"]
    made = who_of(secret)
    assert made is not None
    assert made.token is not None
    assert (made.user_id, made.token.scope) == (who.user_id, "write")
    again = page("settings")
    assert not parts(again, "secret")
    cells = listed(again, "tokens")["nightly"]["cells"]
    assert cells[1:3] == ["Read and write", "All"]
    assert secret not in str(cells)


# ------------------------------------------------------------------ what people type


def test_what_people_type_stays_text(page: Page, who: Who) -> None:
    """Markup is no markup, and a mark that turns the direction of letters does not get into a name."""
    eve = people.invite(who, "member")
    made = people.redeem_link(eve, HOSTILE, "opaque")
    people.redeem_link(people.invite(who, "member"), TURNED, "opaque")
    projects.rename(who, "main", HOSTILE)
    memberships.put(who, "main", made.user_id, "viewer")
    tokens.create(who, HOSTILE, "read")
    people.open_session(who.user_id, "10.0.0.9", HOSTILE + TURNED)
    app = page("people")
    for shown in ("Projects", "Audit", "People"):
        clean(app.button_group(key="section").set_value(shown).run())
    for dialog in ("role", "rename", "access", "projects", "password", "disable"):
        app.session_state["asked"] = (dialog, made.user_id)
        clean(app.run())
        assert "&lt;b&gt;eve&lt;/b&gt;" in html(app) or dialog == "rename"
    app = press(app, "Disable account", "disable", made.user_id)
    assert r"\<b\>eve\</b\> \[x\]" in app.markdown[0].value
    clean(app.switch_page("pages/settings.py").run())


def clean(app: AppTest) -> None:
    assert not app.exception
    assert "<b>" not in html(app)
    assert "\u202e" not in str(parts(app, "listing"))


def test_an_agent_cannot_turn_the_letters_after_it() -> None:
    assert agents.named("robot \u202exe.gnp") == "robot xe.gnp"
    assert agents.named("\u202e") == "unknown browser"


def test_somebody_whose_role_was_taken_cannot_go_on(page: Page, who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open page outlives a role: what it still offers is refused and said, not done."""
    bob = person("bob", "viewer")
    app = open_dialog(page, "disable", bob.user_id)
    monkeypatch.setattr(queries, "who_is", lambda _cookie: replace(who, role="viewer"))
    app = press(app, "Disable account", "disable", bob.user_id)
    assert "for operators and administrators" in app.error[0].value
    assert queries.link_role("") is None
    assert next(one for one in queries.list_people(who) if one.name == "bob").disabled_at is None


def test_a_changed_password_is_confirmed_once(page: Page) -> None:
    app = page("settings")
    app.query_params["changed"] = "password"
    app = app.run()
    assert "Your password is changed" in app.toast[0].value
    assert "changed" not in app.query_params
    assert not app.run().toast


def test_every_kind_of_line_has_its_words() -> None:
    """What the audit can be narrowed to is what is ever written to it."""
    written: set[str] = set()
    for file in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")]:
        for call in re.findall(r"audit\.record\(([^\n]*(?:\n[^\n]*)?)", file.read_text()):
            written |= set(re.findall(r'"([a-z_]{3,})"', call.partition("/")[0]))
    assert {"play", "stop", "set_role", "add_user"} <= written
    assert written <= set(trail.DONE)
    assert len(set(trail.DONE.values())) == len(trail.DONE)


def test_the_palette_asks_before_it_disables(home: object, who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = person("bob", "viewer")
    entry = next(one for one in palette.entries(who, "main") if one.id == f"action:disable:{bob.user_id}")
    done: list[tuple[Any, ...]] = []
    monkeypatch.setattr(commands, "open_page", lambda *page: done.append(page))
    monkeypatch.setattr(state, "ask", lambda *question: done.append(question))
    commands.perform(who, entry, {})
    assert done == [("disable", bob.user_id), ("people",)]
    assert [one.disabled_at for one in queries.list_people(who)] == [None, None]
