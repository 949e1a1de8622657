"""API tokens: what one may do, for how long, and what is no token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col

from engine import registry
from engine.access import sessions, tokens
from engine.access.tokens import who_of
from engine.actions import people
from engine.actions import tokens as actions
from engine.errors import AccessDenied, NotFound, UsageError
from engine.queries import datasets
from engine.queries import tokens as queries
from engine.queries.people import link_role
from engine.store.engine import fetch
from engine.store.tables import User
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import SCOPES, Role, Scope, Who
from tests.store.fixtures import Installation
from tests.store.people import join, person, project, upload


def by_token(secret: str) -> Who:
    who = who_of(secret)
    assert who is not None
    return who


def test_a_token_is_random_and_stored_as_a_hash_only(installation: Installation) -> None:
    ann = person("ann")
    secrets = {actions.create(ann, "training", "write") for _ in range(20)}
    assert len(secrets) == 20
    assert all(secret.startswith("pl_") and len(secret) >= 46 for secret in secrets)
    stored = (
        str(fetch("SELECT * FROM api_token")) + str(fetch("SELECT * FROM audit")) + str(fetch("SELECT * FROM event"))
    )
    assert not any(secret in stored for secret in secrets)
    assert {sessions.hashed(secret) for secret in secrets} == {
        row[0] for row in fetch("SELECT token_hash FROM api_token")
    }


CASES: list[tuple[Role, Scope, Role]] = [
    ("viewer", "read", "viewer"),
    ("viewer", "write", "viewer"),
    ("viewer", "admin", "viewer"),
    ("analyst", "read", "viewer"),
    ("analyst", "write", "analyst"),
    ("operator", "write", "operator"),
    ("admin", "read", "viewer"),
    ("admin", "write", "operator"),
    ("admin", "admin", "admin"),
    ("member", "admin", "member"),
]


@pytest.mark.parametrize(("owner", "scope", "acts_as"), CASES)
def test_a_token_never_exceeds_its_owner_nor_its_scope(
    installation: Installation, owner: Role, scope: Scope, acts_as: Role
) -> None:
    ann = person("ann", owner)
    who = by_token(actions.create(ann, "one", scope))
    assert (who.user_id, who.name, who.role, who.session) == (ann.user_id, "ann", acts_as, "")


def test_a_token_follows_the_roles_of_its_owner(installation: Installation) -> None:
    admin, bob = person("ann"), person("bob", "operator")
    secret = actions.create(bob, "one", "write")
    people.set_role(admin, bob.user_id, "viewer")
    assert by_token(secret).role == "viewer"
    people.set_role(admin, bob.user_id, "admin")
    assert by_token(secret).role == "operator"


def test_a_token_of_one_project_sees_no_other(installation: Installation) -> None:
    project("secret")
    ann = person("ann")
    dataset = upload(ann).dataset_id
    hidden = upload(ann, project="secret").dataset_id
    who = by_token(actions.create(ann, "one", "admin", "main"))
    assert (who.role, dict(who.roles)) == ("member", {"main": "admin"})
    assert datasets.get_dataset(who, dataset).id == dataset
    with pytest.raises(NotFound):
        datasets.get_dataset(who, hidden)
    with pytest.raises(AccessDenied):
        people.invite(who, "admin")


def test_memberships_are_capped_as_well(installation: Installation) -> None:
    carl = join(person("carl", "member"), "main", "admin")
    assert dict(by_token(actions.create(carl, "one", "read")).roles) == {"main": "viewer"}
    assert dict(by_token(actions.create(carl, "two", "write", "main")).roles) == {"main": "operator"}
    project("secret")
    with pytest.raises(NotFound):
        actions.create(carl, "three", "read", "secret")


def test_a_token_for_reading_changes_nothing(installation: Installation) -> None:
    who = by_token(actions.create(person("ann"), "one", "read"))
    before = fetch("SELECT count(*) FROM audit")
    for name, arguments in (
        ("preference.set", {"key": "theme", "value": "dark"}),
        ("view.save", {"project": "main", "name": "x", "page": "home", "query": ""}),
        ("view.delete", {"view_id": 1}),
    ):
        with pytest.raises(AccessDenied):
            registry.run(who, name, arguments)
        with pytest.raises(AccessDenied):
            registry.ACTIONS[name].function(who, **arguments)
    assert fetch("SELECT count(*) FROM audit") == before


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_makes_no_token_and_ends_no_session(installation: Installation, scope: Scope) -> None:
    ann = person("ann")
    who = by_token(actions.create(ann, "one", scope))
    for act in (
        lambda: actions.create(who, "two", "read"),
        lambda: actions.revoke(who, 1),
        lambda: people.revoke_session(who, int(ann.session)),
    ):
        with pytest.raises(AccessDenied):
            act()


def test_revoking_is_at_once_and_told(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "analyst")
    secret = actions.create(bob, "one", "write")
    [listed] = queries.list_tokens(bob)
    assert (listed.name, listed.prefix, listed.scope, listed.project) == ("one", secret[:9], "write", None)
    with pytest.raises(NotFound):
        actions.revoke(person("eve", "operator"), listed.id)
    assert [one.person for one in queries.every_token(ann)] == ["bob"]
    actions.revoke(ann, listed.id)
    actions.revoke(bob, listed.id)
    assert who_of(secret) is None
    assert queries.list_tokens(bob) == []
    assert fetch("SELECT topic, kind FROM event") == [(f"user/{bob.user_id}", "session")]


def test_only_administrators_list_everybodys(installation: Installation) -> None:
    with pytest.raises(AccessDenied):
        queries.every_token(person("bob", "operator"))


def test_tokens_of_disabled_people_are_worth_nothing(installation: Installation) -> None:
    bob = person("bob")
    secret = actions.create(bob, "one", "read")
    with transaction() as tx:
        tx.session.connection().execute(update(User).where(col(User.name) == "bob").values(disabled_at=now()))
    assert who_of(secret) is None


def test_tokens_end_by_themselves(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = actions.create(person("ann"), "one", "read", days=2)
    for passed, works in ((timedelta(days=2, minutes=-1), True), (timedelta(days=2, minutes=1), False)):
        with monkeypatch.context() as patch:
            patch.setattr(tokens, "now", lambda passed=passed: now() + passed)
            assert (who_of(secret) is not None) is works


@pytest.mark.parametrize("days", [0, -1, 367, 10**9])
def test_no_token_lives_for_ever(installation: Installation, days: int) -> None:
    with pytest.raises(UsageError):
        actions.create(person("ann"), "one", "read", days=days)


def test_use_is_noted_at_most_once_a_minute(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = person("ann")
    secret = actions.create(ann, "one", "read")
    assert queries.list_tokens(ann)[0].used_at is None
    first = by_token(secret)
    assert first.token is not None
    assert first.token.due
    tokens.note_use(first)
    noted = queries.list_tokens(ann)[0].used_at
    again = by_token(secret)
    assert again.token is not None
    assert not again.token.due
    tokens.note_use(first)
    assert queries.list_tokens(ann)[0].used_at == noted
    monkeypatch.setattr(tokens, "now", lambda: now() + timedelta(seconds=61))
    later = by_token(secret)
    assert later.token is not None
    assert later.token.due
    tokens.note_use(later)
    assert queries.list_tokens(ann)[0].used_at != noted


MUTATIONS = settings(max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@MUTATIONS
@given(data=st.data())
def test_ten_thousand_forged_tokens_open_nothing(installation: Installation, data: st.DataObject) -> None:
    """Each example is tried as a token, as a cookie, as a link and as an address of a session: 4 × 2,500."""
    if not fetch('SELECT 1 FROM "user"'):
        SECRETS[:] = [actions.create(person("ann"), "one", "admin"), people.create_first_link() or ""]
        SECRETS.append(people.open_session(1, "", ""))
    forged = data.draw(mutated(data.draw(st.sampled_from([secret for secret in SECRETS if secret]))))
    if forged in SECRETS:
        return
    assert who_of(forged) is None
    assert who_of("pl_" + forged.removeprefix("pl_")) is None or "pl_" + forged.removeprefix("pl_") in SECRETS
    assert sessions.who_is(forged) is None
    assert link_role(forged) is None


SECRETS: list[str] = []


@st.composite
def mutated(draw: st.DrawFn, secret: str) -> str:
    """A secret with a letter changed, cut, doubled, swapped, hashed, with other text around it, or of other case."""
    at = draw(st.integers(0, len(secret) - 1))
    letter = draw(st.characters())
    return draw(
        st.sampled_from(
            [
                secret[:at] + letter + secret[at + 1 :],
                secret[:at],
                secret[at:],
                secret[:at] + letter + secret[at:],
                secret[:at] + secret[at] + secret[at:],
                secret + letter,
                letter + secret,
                secret.swapcase(),
                secret.upper(),
                sessions.hashed(secret),
                "pl_" + sessions.hashed(secret),
                secret[::-1],
                secret.replace("pl_", "PL_"),
                f"{secret}\x00",
                f" {secret} ",
                f"{secret}' OR 1=1 --",
                "%" * at + "_",
                draw(st.text(max_size=60)),
            ]
        )
    )
