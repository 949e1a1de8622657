"""Which project this tab shows, where files go that are dropped here, and what may be changed."""

from __future__ import annotations

from collections import Counter

from engine.types import ProjectView, Who
from pages.parts import reads, state
from pages.parts.widgets import distinct


def belongs(who: Who) -> bool:
    """Whether there is any project for this person."""
    return bool(reads.projects_of(who))


def project(who: Who) -> ProjectView:
    """The project this tab shows. Raises NotFound where there is none for this person."""
    return reads.project_of(who, state.project())


def called(who: Who) -> dict[str, str]:
    """What each project of this person is called, no two alike: by its short name too where several share a name."""
    known = reads.projects_of(who)
    often = Counter(one.name for one in known)
    return distinct({one.slug: one.name if often[one.name] == 1 else f"{one.name} · {one.slug}" for one in known})


def target(who: Who) -> str:
    """Where files go that are dropped here: this project, but never the simulated one where there is another."""
    shown = project(who)
    real = [one.slug for one in reads.projects_of(who) if not one.simulated and who.at_least("analyst", one.slug)]
    return shown.slug if not shown.simulated or not real else real[0]


def may_change(who: Who) -> bool:
    """Whether this person may change the data of the project shown."""
    return who.at_least("analyst", project(who).slug)


def may_add(who: Who) -> bool:
    """Whether this person may add the files that they drop here."""
    return who.at_least("analyst", target(who))
