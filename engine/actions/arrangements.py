"""How a person arranges the cards of a page in a project."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from engine.access import audit
from engine.access.roles import require_writing
from engine.access.scope import project_of
from engine.errors import UsageError
from engine.store.tables import Arrangement
from engine.store.transaction import transaction
from engine.types import Who

PARTS: Final = ("order", "wide", "half", "hidden")
"""What an arrangement says of cards, by their names: which come first, which are wide, which half, which are hidden."""

_PAGE: Final = re.compile(r"[a-z][a-z_-]{0,63}")
_CARD: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MOST_CARDS: Final = 60


def arrange(who: Who, project: str, page: str, layout: Mapping[str, Sequence[str]]) -> None:
    """Keep how the cards of a page are arranged; `layout` holds names of cards under the names of `PARTS`."""
    require_writing(who)
    kept = _checked(page, layout)
    with transaction() as tx:
        home = project_of(tx.session, who, project)
        tx.session.merge(Arrangement(user_id=who.user_id, project_id=home.id or 0, page=page, layout=kept))
        audit.record(tx.session, who, "arrange", f"page/{page}", project)
        tx.publish(None, f"user/{who.user_id}", "arrangement", {"project": project, "page": page})


def reset(who: Who, project: str, page: str) -> None:
    """Let a page be arranged as it is for everybody."""
    require_writing(who)
    with transaction() as tx:
        home = project_of(tx.session, who, project)
        kept = tx.session.get(Arrangement, (who.user_id, home.id, page[:64]))
        if kept is not None:
            tx.session.delete(kept)
            audit.record(tx.session, who, "reset_arrangement", f"page/{page[:64]}", project)
            tx.publish(None, f"user/{who.user_id}", "arrangement", {"project": project, "page": page[:64]})


def _checked(page: str, layout: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    named = {part: list(dict.fromkeys(layout.get(part, ()))) for part in PARTS}
    cards = [card for names in named.values() for card in names]
    fits = all(isinstance(card, str) and _CARD.fullmatch(card) for card in cards)
    if not _PAGE.fullmatch(page) or set(layout) - set(PARTS) or not fits or len(set(cards)) > _MOST_CARDS:
        raise UsageError("An arrangement names at most 60 cards of one page.", code="arrangement")
    return named
