"""The dialogs of the journal: recording a decision on the answer in front, and withdrawing one."""

from __future__ import annotations

import streamlit as st

from engine.actions import decisions
from engine.types import Concluded, DecisionView, Who
from pages.parts import reads, state
from pages.parts.looking import Looking
from pages.parts.states import explain, literal, worked

LONGEST_VERDICT = 60


@st.dialog("Record decision", width="medium")
def record(who: Who, looking: Looking, concluded: Concluded) -> None:
    """What was decided and why; the answer it rests on is kept with it as it is concluded then."""
    explain(
        "The journal keeps your words together with the answer, its numbers and what they were made of: versions, "
        "hashes, parameters. It cannot be changed afterwards, only withdrawn."
    )
    st.markdown(f"**It rests on:** {literal(concluded.result.sentence)}")
    with st.form("decide", border=False):
        title = st.text_input("What was decided", suggested(looking, concluded), max_chars=decisions.LONGEST_TITLE)
        because = st.text_area(
            "Because",
            max_chars=decisions.LONGEST_BECAUSE,
            height=140,
            placeholder="Why this follows from the answer, what else was weighed, and what would change it",
        )
        if st.form_submit_button("Record", type="primary") and worked(
            lambda: _recorded(who, looking, concluded, title, because)
        ):
            st.rerun()


def suggested(looking: Looking, concluded: Concluded) -> str:
    """A title to begin with: what was looked at, and the verdict as the sentence says it."""
    said, parted, _ = concluded.result.sentence.partition(":")
    short = parted and len(said) <= LONGEST_VERDICT
    verdict = said if short else concluded.result.verdict.replace("_", " ").capitalize()
    return f"{looking.dataset.name}: {verdict}"[: decisions.LONGEST_TITLE]


def _recorded(who: Who, looking: Looking, concluded: Concluded, title: str, because: str) -> None:
    ids = [one.id for one in (looking.dataset, *looking.beside)]
    number = decisions.record(who, looking.dataset.project, title, because, looking.analysis, ids, looking.params)
    grounds = reads.decision_of(who, number).grounds
    said = "Recorded. The journal has it: press g, then j."
    if grounds.sentence != concluded.result.sentence:
        said = f"Recorded, with newer rows than those you were shown: {grounds.sentence}"
    state.remember_recorded(said)


def tell() -> None:
    """Say once what became of a decision that was just recorded."""
    if said := state.just_recorded():
        st.toast(literal(said), icon=":material/check:")


@st.dialog("Withdraw decision")
def withdraw(who: Who, decision: DecisionView) -> None:
    """Why it does not hold any more; it stays in the journal."""
    st.markdown(f"**{literal(decision.title)}**")
    explain("It stays in the journal with your reason beside it. This cannot be taken back.")
    with st.form("withdraw", border=False):
        why = st.text_area("Why it does not hold any more", max_chars=decisions.LONGEST_BECAUSE, height=110)
        if st.form_submit_button("Withdraw", type="primary") and worked(
            lambda: decisions.withdraw(who, decision.id, why)
        ):
            st.rerun()
