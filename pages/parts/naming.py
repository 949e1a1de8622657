"""Naming the columns of a file: what each may be, what is wrong with what was chosen, and what was saved before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import NamedTuple

import streamlit as st

from engine.actions import datasets, mappings, runs
from engine.types import MappingView, SourceColumn, SourceView, Who
from pages.parts import listing, prose, reads, shell, state, states
from pages.parts.listing import Row

SURE, LIKELY = 1.0, 0.7
UNUSED = "Not used"


class Chosen(NamedTuple):
    """What was said of a file: the mapping that follows from it, and by column what is wrong with it."""

    mapping: dict[str, str]
    faults: dict[str, str]


def show(who: Who, source: SourceView) -> None:
    """One line for each column, and what is to be done with what is said."""
    with st.container(key="card-columns"):
        st.header(states.literal(source.dataset.name))
        if source.dataset.error:
            message = str(source.dataset.error.get("message") or "The reader stopped.")
            st.error(states.literal(message), icon=":material/error:")
        if not who.at_least("analyst", source.dataset.project):
            states.explain("This is how the columns are read; those who may change this project can say otherwise.")
            states.facts([(one.name, title(one.role)) for one in source.columns])
        elif not source.columns:
            _unknown(who, source)
        else:
            _form(who, source)


def _unknown(who: Who, source: SourceView) -> None:
    """A file that was read before columns were kept, or of which nothing could be read."""
    states.explain("The columns of this file are not known yet. Have it read once more, then they are listed here.")
    if st.button("Read again", type="primary") and states.worked(partial(runs.request, who, source.dataset.id, "read")):
        shell.open_dataset(who, source.dataset.id)


def _form(who: Who, source: SourceView) -> None:
    states.explain(
        "Say what the columns hold. What was recognised or looks likely is chosen already; a column that means nothing "
        "here stays unused."
    )
    if not source.whole:
        states.explain(
            f"These are the first {len(source.columns)} columns. The others are named where the file is given: "
            "python -m jobs analyse FILE --submit --map role=column."
        )
    for column in gone(source):
        st.warning(f"{states.literal(column)} was named before, but this file has no such column.")
    number = source.dataset.id
    with st.form("columns", border=False):
        places = [_line(number, place, column) for place, column in enumerate(source.columns)]
        st.divider()
        scale = st.text_input(
            "Scale of single scores",
            source.mapping.get("scale", ""),
            key=f"scale-{number}",
            placeholder="found by itself",
            help="The number that divides them into 0 to 1, such as 10 or 100.",
            width=240,
        )
        keep = st.checkbox("Use it for every next file of these columns", value=True, key=f"keep-{number}")
        name = st.text_input(
            "Saved as", PurePath(source.dataset.name).stem, key=f"name-{number}", max_chars=mappings.LONGEST_NAME
        )
        beside = st.empty()
        sent = st.form_submit_button("Read again", type="primary")
    with st.expander("What each of them means"):
        states.facts([(title(role), meaning) for role, meaning in reads.roles().items()])
    if not sent:
        return
    said = {column.name: state.picked(_key(number, place)) for place, column in enumerate(source.columns)}
    chosen = chosen_mapping(source, said, scale.strip())
    for place, column in zip(places, source.columns, strict=True):
        if fault := chosen.faults.get(column.name):
            place.error(states.literal(fault), icon=":material/error:")
    if keep and not name.strip():
        beside.error("Give it a name to be saved under, or do not keep it.", icon=":material/error:")
    elif not chosen.faults and states.worked(partial(_read_again, who, source, chosen.mapping, name if keep else "")):
        shell.open_dataset(who, number)


def _line(number: int, place: int, column: SourceColumn) -> st.delta_generator.DeltaGenerator:
    """A column with its examples and what it may be; where to say what is wrong with that."""
    options = ["", *reads.roles()]
    left, right = st.columns([2, 3], vertical_alignment="bottom", gap="medium")
    with left:
        st.selectbox(
            f"{label(column.name)}: {how_sure(column)}",
            options,
            options.index(column.role or ""),
            key=_key(number, place),
            format_func=title,
        )
    with right:
        prose.show(prose.paragraph(" · ".join(column.examples) or "empty in the first rows"))
    return st.empty()


def label(name: str) -> str:
    """A column's name in a label: what screen readers say of it is not Markdown, so no more is escaped than has to be.

    A sign within a word marks nothing up.
    """
    return re.sub(r"(?<=[^\W_])\\([_-])(?=[^\W_])", r"\1", states.literal(name))


def _key(number: int, place: int) -> str:
    return f"column-{number}-{place}"


def _read_again(who: Who, source: SourceView, mapping: Mapping[str, str], name: str) -> None:
    if name and mapping:
        mappings.save(who, source.dataset.id, name, mapping)
    datasets.set_mapping(who, source.dataset.id, mapping)


def title(role: str | None) -> str:
    """A role as people read it."""
    if not role:
        return UNUSED
    return role.replace("_", " ").capitalize()


def how_sure(column: SourceColumn) -> str:
    """How sure the role is that is chosen to begin with."""
    if column.role is None:
        return "nothing recognised"
    if column.confidence >= SURE:
        return "read as"
    return "likely" if column.confidence >= LIKELY else "a guess"


def gone(source: SourceView) -> list[str]:
    """Columns that were named before and that the file does not have."""
    known = {column.name for column in source.columns}
    if not source.whole:
        return []
    named = [part for role, text in source.mapping.items() if role != "scale" for part in _parts(role, text)]
    return [name for name in named if name.split(".")[0] not in known]


def _parts(role: str, text: str) -> list[str]:
    return text.split(",") if role in reads.shared_roles() else [text]


def chosen_mapping(source: SourceView, said: Mapping[str, str], scale: str) -> Chosen:
    """The mapping that says what was chosen, by column.

    Of a file that is read already only what was changed is said, with what was said before: the rest is recognised as
    it was, in formats too that no mapping could describe.
    """
    faults = _faults(source, said)
    before = {name: role for role, text in source.mapping.items() for name in _parts(role, text)}
    mapping = {**_elsewhere(source, said), **({"scale": scale} if scale else {})}
    for column in source.columns:
        role = said[column.name]
        changed = role != (column.role or "") or column.confidence < SURE or column.name in before
        if role and (changed or _shares(source, said, role)):
            mapping[role] = f"{mapping[role]},{column.name}" if role in mapping else column.name
    return Chosen({} if faults else mapping, faults)


def _elsewhere(source: SourceView, said: Mapping[str, str]) -> dict[str, str]:
    """What was said before of columns that have no line: parts of nested ones, and those beyond the ones shown."""
    shown = {column.name for column in source.columns}
    lost = gone(source)
    return {
        role: text
        for role, text in source.mapping.items()
        if role != "scale" and role not in said.values() and not {*_parts(role, text)} & {*shown, *lost}
    }


def _shares(source: SourceView, said: Mapping[str, str], role: str) -> bool:
    """Whether a role of several columns is said anew, so that all of them have to be named."""
    if role not in reads.shared_roles():
        return False
    return any((said[one.name] == role) != (one.role == role) for one in source.columns)


def _faults(source: SourceView, said: Mapping[str, str]) -> dict[str, str]:
    faults: dict[str, str] = {}
    several = reads.shared_roles()
    by_role: dict[str, list[str]] = {}
    for name, role in said.items():
        by_role.setdefault(role, []).append(name)
    for column in source.columns:
        role = said[column.name]
        same = by_role[role]
        if role and role not in several and len(same) > 1:
            others = ", ".join(name for name in same if name != column.name)
            faults[column.name] = f"{title(role)} is chosen for {others} too; one column can be it."
        elif role in several and "," in column.name:
            faults[column.name] = "A column with a comma in its name cannot be one of several."
        elif not role and _stays(source, said, column):
            faults[column.name] = (
                f"By its name it is read as {title(column.role).lower()}; choose what it is instead, such as slice."
            )
    return faults


def _stays(source: SourceView, said: Mapping[str, str], column: SourceColumn) -> bool:
    """Whether a column would be read as before although it is to be unused: nothing takes its place."""
    role = column.role
    if role is None or column.confidence < SURE or role in said.values():
        return False
    return column.name not in _parts(role, source.mapping.get(role, ""))


# ------------------------------------------------------------------ what was saved


def show_saved(who: Who, project: str) -> None:
    """What was said of the columns of earlier files, which the next ones of the same columns are read by."""
    saved = reads.mappings_of(who, project)
    may = who.at_least("analyst", project)
    with st.container(key="card-saved"):
        st.header("Saved for the next files")
        chosen = listing.show(
            "mappings",
            "Saved columns",
            ["Name", "Columns", "Says", "Saved", ""],
            [_saved_row(one, may) for one in saved],
            empty="Nothing has been saved. What is named above is, unless you say otherwise, used for every next file "
            "of the same columns.",
        )
    known = {one.id: one for one in saved}
    if chosen and (one := known.get(chosen[1])):
        if chosen[0] == "rename":
            rename(who, one)
        elif states.attempt(partial(mappings.delete, who, one.id)):
            st.rerun()


def _saved_row(one: MappingView, may: bool) -> Row:
    acts = [("rename", "Rename…"), ("delete", "Forget", "Forget it?")] if may else []
    cells: Sequence[listing.Cell] = [
        listing.name(one.name, *(() if one.current else ("a newer one is used",)), beside=f"by {one.person}"),
        listing.quiet(", ".join(one.columns)),
        ", ".join(f"{title(role)} = {column}" for role, column in one.mapping.items()),
        listing.ago(one.created_at, ""),
    ]
    return Row(one.id, one.name, cells, acts, quiet=not one.current)


@st.dialog("Rename saved columns")
def rename(who: Who, one: MappingView) -> None:
    """Another name for what was saved."""
    with st.form("rename-mapping", border=False):
        name = st.text_input("Name", one.name, max_chars=mappings.LONGEST_NAME)
        if st.form_submit_button("Rename", type="primary") and states.worked(
            partial(mappings.rename, who, one.id, name)
        ):
            st.rerun()
