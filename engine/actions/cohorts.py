"""Changes to cohorts by name: rows that a project looks at again and again, for everybody in it."""

from __future__ import annotations

from sqlmodel import Session as Rows
from sqlmodel import col, func, select

from engine import cohort
from engine.access import audit
from engine.access.names import clean, storable
from engine.access.roles import require
from engine.access.scope import project_of
from engine.access.visible import storable_id
from engine.errors import Conflict, NotFound, UsageError
from engine.store.tables import Cohort, Project
from engine.store.times import now
from engine.store.transaction import Transaction, transaction
from engine.types import Who

LONGEST_NAME, LONGEST_COHORT = 100, 4000
MOST_COHORTS = 200
REPLACES = ("no", "yes")


def save(who: Who, project: str, name: str, where: str, replace: str = "no") -> int:
    """Call rows by a name; `where` says which, as `engine.cohort` writes it.

    Raises UsageError for a text that names no rows, NotFound, AccessDenied, and Conflict `name_taken` where other rows
    are called so, unless `replace` is "yes".
    """
    require(who, project, "analyst")
    wanted, rows = clean(name, LONGEST_NAME, "A name"), _checked(where)
    with transaction() as tx:
        home = project_of(tx.session, who, project, "analyst")
        _lock(tx.session, home)
        kept = _named(tx.session, home.id, wanted)
        if kept is not None and kept.rows_where != rows and replace != "yes":
            raise Conflict(
                f"Other rows are called {wanted} already: {cohort.spoken(kept.rows_where)}.", code="name_taken"
            )
        if kept is None and _count(tx.session, home.id) >= MOST_COHORTS:
            raise UsageError(f"A project has at most {MOST_COHORTS} cohorts. Delete one first.", code="cohorts")
        kept = kept or Cohort(project_id=home.id or 0, user_id=who.user_id, name=wanted, rows_where=rows)
        kept.rows_where, kept.user_id, kept.created_at = rows, who.user_id, now()
        tx.session.add(kept)
        tx.session.flush()
        _tell(tx, who, project, kept, "save")
        return kept.id or 0


def rename(who: Who, cohort_id: int, name: str) -> str:
    """Give a cohort another name. Returns it. Raises NotFound, AccessDenied, Conflict where another one has it."""
    wanted = clean(name, LONGEST_NAME, "A name")
    with transaction() as tx:
        kept, project = _cohort_of(tx.session, who, cohort_id)
        _lock(tx.session, project)
        other = _named(tx.session, kept.project_id, wanted)
        if other is not None and other.id != kept.id:
            raise Conflict(f"Another cohort is called {wanted}.", code="name_taken")
        kept.name = wanted
        _tell(tx, who, project.slug, kept, "rename")
        return wanted


def delete(who: Who, cohort_id: int) -> None:
    """Forget the name of a cohort. Links to its rows still work: they say which rows. Raises NotFound, AccessDenied."""
    with transaction() as tx:
        kept, project = _cohort_of(tx.session, who, cohort_id)
        _tell(tx, who, project.slug, kept, "delete")
        tx.session.delete(kept)


def _checked(where: str) -> str:
    rows = storable(where)
    if len(rows) > LONGEST_COHORT:
        raise UsageError(f"A cohort is written in at most {LONGEST_COHORT:,} characters.", code="cohort")
    if cohort.parse(rows) is None:
        raise UsageError("Say which rows: where=column=value.", code="cohort")
    return rows


def _lock(rows: Rows, project: Project) -> None:
    """Whoever names a cohort in a project waits for the one before: names are each given once."""
    rows.exec(select(Project.id).where(col(Project.id) == project.id).with_for_update()).first()


def _named(rows: Rows, project_id: int | None, name: str) -> Cohort | None:
    return rows.exec(select(Cohort).where(col(Cohort.project_id) == project_id, col(Cohort.name) == name)).first()


def _count(rows: Rows, project_id: int | None) -> int:
    return rows.exec(select(func.count()).select_from(Cohort).where(col(Cohort.project_id) == project_id)).one()


def _cohort_of(rows: Rows, who: Who, cohort_id: int) -> tuple[Cohort, Project]:
    asked = select(Cohort, Project).join(Project).where(col(Cohort.id) == storable_id(cohort_id))
    found = rows.exec(asked.with_for_update(of=Cohort)).first()
    if found is None or not who.sees(found[1].slug):
        raise NotFound("There is no such cohort.", code="no_cohort")
    require(who, found[1].slug, "analyst")
    return found[0], found[1]


def _tell(tx: Transaction, who: Who, project: str, kept: Cohort, change: str) -> None:
    audit.record(tx.session, who, f"{change}_cohort", f"cohort/{kept.id}", project, name=kept.name)
    tx.publish(project, f"project/{project}", "cohort", {"cohort": kept.id, "change": change})
