"""Changes to people: accounts by one-time links, sessions, roles, preferences. Passwords are in `passwords`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import update
from sqlmodel import col, select

from engine.access import audit, sessions
from engine.access.names import account_name, storable
from engine.access.roles import require, require_person, require_writing
from engine.access.visible import storable_id
from engine.errors import AccessDenied, Conflict, NotFound, UsageError
from engine.store.tables import Preference, SigninLink, User
from engine.store.tables import Session as SessionRow
from engine.store.times import now
from engine.store.transaction import Transaction, reading, transaction
from engine.types import ROLES, Role, Who

LINK_LIFE = timedelta(minutes=10)
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Credentials(NamedTuple):
    """What a sign-in is checked against. Unknown and disabled people have no id and no hash; the lock is for all."""

    user_id: int | None
    password_hash: str | None
    locked_until: datetime | None


# ------------------------------------------------------------------ links


def create_first_link() -> str | None:
    """*System.* A one-time token that makes the first administrator; None where there already is one.

    Valid for ten minutes; older ones of this kind are void at once.
    """
    with transaction() as tx:
        if tx.session.exec(select(User.id).where(col(User.role) == "admin")).first() is not None:
            return None
        unused = update(SigninLink).where(col(SigninLink.created_by).is_(None), col(SigninLink.used_at).is_(None))
        tx.session.connection().execute(unused.values(used_at=now()))
        return _add_link(tx, "admin", None)


def invite(who: Who, role: Role) -> str:
    """A one-time token that makes an account with this role. Administrators only."""
    require_person(who)
    require(who, None, "admin")
    with transaction() as tx:
        audit.record(tx.session, who, "invite", f"role/{_checked_role(role)}")
        return _add_link(tx, role, who.user_id or None)


def redeem_link(token: str, name: str, password_hash: str) -> Who:
    """*System.* Make the account a link stands for. A link works once; a name already taken does not use it up.

    Raises NotFound for a link that is unknown, used or too old, Conflict for a name already taken.
    """
    moment = now()
    use = (
        update(SigninLink)
        .where(
            col(SigninLink.token_hash) == sessions.hashed(token),
            col(SigninLink.user_id).is_(None),
            col(SigninLink.used_at).is_(None),
            col(SigninLink.expires_at) > moment,
        )
        .values(used_at=moment)
        .returning(col(SigninLink.role))
    )
    with transaction() as tx:
        role = tx.session.connection().execute(use).scalar_one_or_none()
        if role is None:
            raise NotFound("This link was used already or is too old. Ask for a new one.", code="link_invalid")
        who = add(tx, name, _checked_role(role), password_hash)
        audit.record(tx.session, who, "redeem_link", f"user/{who.user_id}", role=role)
        return who


def add(tx: Transaction, name: str, role: Role, password_hash: str = "", subject: str | None = None) -> Who:
    """*System.* Make an account; without a hash nobody can sign in to it by password.

    Raises UsageError for a name that is none, Conflict for one already taken.
    """
    wanted = account_name(name)
    _refuse_taken(tx, wanted)
    user = User(name=wanted, password_hash=password_hash, role=_checked_role(role), subject=subject)
    tx.session.add(user)
    tx.session.flush()
    tx.publish(None, f"user/{user.id}", "session", {"change": "added", "session": None})
    return Who(_id(user), user.name, role)


def _add_link(tx: Transaction, role: str, created_by: int | None) -> str:
    token = sessions.new_secret()
    link = SigninLink(token_hash=sessions.hashed(token), role=role, created_by=created_by, expires_at=now() + LINK_LIFE)
    tx.session.add(link)
    return token


def _refuse_taken(tx: Transaction, name: str) -> None:
    if tx.session.exec(select(User.id).where(col(User.name) == name)).first() is not None:
        raise Conflict("This name is taken. Choose another one.", code="name_taken")


# ------------------------------------------------------------------ signing in and out


def credentials(name: str, address: str = "") -> Credentials:
    """*System.* What to check a password of this name against, and until when none may be checked at all."""
    wanted = _typed(name)
    with reading() as rows:
        user = rows.exec(select(User).where(col(User.name) == wanted, col(User.disabled_at).is_(None))).first()
        locked = sessions.locked_until(rows, wanted, address)
    return Credentials(user.id, user.password_hash, locked) if user else Credentials(None, None, locked)


def record_failure(name: str, address: str) -> None:
    """*System.* Count a failed sign-in against the name and the address.

    Best called before the slow check of the password, so that many tries at once cannot slip through; `open_session`
    forgives the name.
    """
    with transaction() as tx:
        sessions.record_failure(tx.session, _typed(name), address)


def _typed(name: str) -> str:
    """A typed name in the form accounts have; empty where no account can have it."""
    try:
        return account_name(name)
    except UsageError:
        return ""


def open_session(user_id: int, address: str, agent: str, checked: str | None = None) -> str:
    """*System.* Start a session of somebody whose password or link was good. Returns the cookie value.

    `checked` is the hash that the password was checked against. Raises NotFound where the account was disabled, or its
    password changed, meanwhile.
    """
    with transaction() as tx:
        user = tx.session.get(User, storable_id(user_id), with_for_update=True)
        if user is None or user.disabled_at is not None or checked not in (None, user.password_hash):
            raise NotFound("There is no such person.", code="no_user")
        sessions.forgive(tx.session, user.name)
        who = Who(user_id, user.name, _checked_role(user.role))
        audit.record(tx.session, who, "sign_in", f"user/{user_id}", address=storable(address)[:64])
        return sessions.open_session(tx.session, user_id, address, agent)


def close_session(who: Who) -> None:
    """Sign out: end the session that asks. Doing it twice changes nothing."""
    if who.session:
        revoke_session(who, int(who.session))


def revoke_session(who: Who, session_id: int) -> None:
    """End a session of one's own, or anybody's as administrator; its open pages lose access at once."""
    require_person(who)
    with transaction() as tx:
        owner = tx.session.exec(select(SessionRow.user_id).where(col(SessionRow.id) == storable_id(session_id))).first()
        if owner is None or (owner != who.user_id and not who.at_least("admin")):
            raise NotFound("There is no such session.", code="no_session")
        _end_sessions(tx, who, owner, session_id)


def end_sessions(who: Who, user_id: int) -> None:
    """End every session of one's own but the one that asks, or all of anybody's as administrator; at once."""
    require_person(who)
    with transaction() as tx:
        if user_id != who.user_id:
            require(who, None, "admin")
            _locked(tx, user_id)
        asking = int(who.session) if who.session and user_id == who.user_id else None
        _end_sessions(tx, who, user_id, but=asking)


def _end_sessions(
    tx: Transaction, who: Who, user_id: int, session_id: int | None = None, but: int | None = None
) -> None:
    for ended in sessions.revoke(tx.session, user_id, session_id, but=but):
        audit.record(tx.session, who, "sign_out", f"session/{ended}")
        tx.publish(None, f"user/{user_id}", "session", {"change": "revoked", "session": str(ended)})


# ------------------------------------------------------------------ accounts


def set_role(who: Who, user_id: int, role: Role) -> None:
    """Give somebody another role everywhere; it holds in their open pages at once. The last administrator stays one."""
    require(who, None, "admin")
    with transaction() as tx:
        user = _locked(tx, user_id)
        if _checked_role(role) != "admin":
            _keep_an_administrator(tx, user)
        user.role = role
        audit.record(tx.session, who, "set_role", f"user/{user_id}", role=role)
        tx.publish(None, f"user/{user_id}", "session", {"change": "role", "session": None, "role": role})


def disable(who: Who, user_id: int) -> None:
    """Keep somebody out: their sessions end at once, their tokens and their password open nothing until `enable`."""
    require(who, None, "admin")
    with transaction() as tx:
        user = _locked(tx, user_id)
        if user.disabled_at is None:
            _keep_an_administrator(tx, user)
            user.disabled_at = now()
            audit.record(tx.session, who, "disable", f"user/{user_id}")
            _end_sessions(tx, who, user_id)
            tx.publish(None, f"user/{user_id}", "session", {"change": "disabled", "session": None})


def enable(who: Who, user_id: int) -> None:
    """Let somebody in again who was kept out, with the roles, the password and the tokens they had."""
    require(who, None, "admin")
    with transaction() as tx:
        user = _locked(tx, user_id)
        if user.disabled_at is not None:
            user.disabled_at = None
            audit.record(tx.session, who, "enable", f"user/{user_id}")
            tx.publish(None, f"user/{user_id}", "session", {"change": "enabled", "session": None})


def rename(who: Who, user_id: int, name: str) -> str:
    """Give somebody another name to sign in with. Returns the name as it is kept. Raises Conflict for one taken."""
    require(who, None, "admin")
    wanted = account_name(name)
    with transaction() as tx:
        user = _locked(tx, user_id)
        if wanted != user.name:
            _refuse_taken(tx, wanted)
            audit.record(tx.session, who, "rename", f"user/{user_id}")
            user.name = wanted
            tx.publish(None, f"user/{user_id}", "session", {"change": "name", "session": None})
        return wanted


def _locked(tx: Transaction, user_id: int) -> User:
    user = tx.session.get(User, storable_id(user_id), with_for_update=True)
    if user is None:
        raise NotFound("There is no such person.", code="no_user")
    return user


def _keep_an_administrator(tx: Transaction, user: User) -> None:
    working = select(User.id).where(col(User.role) == "admin", col(User.disabled_at).is_(None)).with_for_update()
    if set(tx.session.exec(working)) == {user.id}:
        raise Conflict("The last administrator cannot step down. Make somebody else one first.", code="last_admin")


# ------------------------------------------------------------------ preferences


def set_preference(who: Who, key: str, value: str) -> None:
    """Remember a setting of the person who asks, such as theme or density."""
    require_writing(who)
    if not _KEY.fullmatch(key) or len(value) > 1000:
        raise UsageError("A preference is a short name in snake_case with at most 1,000 characters.", code="preference")
    with transaction() as tx:
        if tx.session.get(User, who.user_id) is None:
            raise AccessDenied("Sign in again.")
        audit.record(tx.session, who, "set_preference", f"preference/{key}")
        tx.session.merge(Preference(user_id=who.user_id, key=key, value=storable(value)))
        tx.publish(None, f"user/{who.user_id}", "preference", {"key": key, "value": storable(value)})


def _checked_role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise UsageError(f"A role is one of {', '.join(ROLES)}.", code="role")


def _id(user: User) -> int:
    if user.id is None:
        raise ValueError("the person was not saved yet")
    return user.id
