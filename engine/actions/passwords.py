"""Changes of passwords: by their owner, or by a one-time link. Hashes are made and checked elsewhere."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col

from engine.access import audit, sessions
from engine.access.roles import require, require_person
from engine.access.visible import storable_id
from engine.actions.people import LINK_LIFE
from engine.errors import NotFound
from engine.store.tables import SigninLink, User
from engine.store.times import now
from engine.store.transaction import Transaction, transaction
from engine.types import Who


def reset(who: Who, user_id: int) -> str:
    """A one-time token with which somebody chooses a new password; their older ones are void. Administrators only."""
    require_person(who)
    require(who, None, "admin")
    with transaction() as tx:
        user = _there(tx, user_id)
        _void_links(tx, user_id)
        token = sessions.new_secret()
        link = SigninLink(
            token_hash=sessions.hashed(token),
            role=user.role,
            user_id=user.id,
            created_by=who.user_id or None,
            expires_at=now() + LINK_LIFE,
        )
        tx.session.add(link)
        audit.record(tx.session, who, "reset_password", f"user/{user_id}")
        return token


def redeem(token: str, password_hash: str) -> Who:
    """*System.* Set the password that a link of `reset` stands for; every session of the account ends.

    Raises NotFound for a link that is unknown, used or too old, or whose account was disabled meanwhile.
    """
    moment = now()
    use = (
        update(SigninLink)
        .where(
            col(SigninLink.token_hash) == sessions.hashed(token),
            col(SigninLink.user_id).is_not(None),
            col(SigninLink.used_at).is_(None),
            col(SigninLink.expires_at) > moment,
        )
        .values(used_at=moment)
        .returning(col(SigninLink.user_id))
    )
    with transaction() as tx:
        user_id = tx.session.connection().execute(use).scalar_one_or_none()
        if user_id is None:
            raise NotFound("This link was used already or is too old. Ask for a new one.", code="link_invalid")
        owner = _there(tx, user_id)
        return _set(tx, owner, password_hash, Who(user_id, owner.name, "member"))


def change(who: Who, password_hash: str) -> None:
    """*System.* Set the password of somebody who has just proved the old one; their other sessions end at once."""
    require_person(who)
    with transaction() as tx:
        _set(tx, _there(tx, who.user_id), password_hash, who)


def put(user_id: int, password_hash: str) -> None:
    """*System.* Set somebody's password for the owner of the machine; every session of theirs ends."""
    with transaction() as tx:
        _set(tx, _there(tx, user_id), password_hash, None)


def _set(tx: Transaction, user: User, password_hash: str, by: Who | None) -> Who:
    user_id = user.id or 0
    user.password_hash = password_hash
    _void_links(tx, user_id)
    sessions.forgive(tx.session, user.name)
    audit.record(tx.session, by, "set_password", f"user/{user_id}")
    kept = int(by.session) if by is not None and by.session else None
    for ended in sessions.revoke(tx.session, user_id, but=kept):
        tx.publish(None, f"user/{user_id}", "session", {"change": "revoked", "session": str(ended)})
    return Who(user_id, user.name, "member")


def _there(tx: Transaction, user_id: int) -> User:
    user = tx.session.get(User, storable_id(user_id), with_for_update=True)
    if user is None or user.disabled_at is not None:
        raise NotFound("There is no such person, or their account is disabled.", code="no_user")
    return user


def _void_links(tx: Transaction, user_id: int) -> None:
    unused = update(SigninLink).where(col(SigninLink.user_id) == user_id, col(SigninLink.used_at).is_(None))
    tx.session.connection().execute(unused.values(used_at=now()))
